"""What a folder of short clips costs: `modellab run FOLDER` against the same model calls in one bare process.

    python benchmarks/sweep.py RECORDING [RECORDING ...] --clips 60 --seconds 10 --rounds 3

The clips are cut from the recordings, in turn. Both sides start cold, one after the other, in an order that changes
from round to round, and the ratio is taken pair by pair, so a machine whose speed drifts does not decide. Each run of
Model Lab has a fresh home. What it does beside the calls: the clips are copied, decoded and written as canonical audio,
every step of each is identified, recorded and checked, and the database is built.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from overhead import (  # type: ignore[import-not-found]  # beside this file, which is run as a script
    BARE,
    MODELLAB,
    Measured,
    timed,
    write_requests,
)

SAMPLE_RATE_HZ = 16_000


def cut(recordings: list[Path], folder: Path, clips: int, seconds: float) -> list[Path]:
    """Clips of that length, the first of each recording, then the second of each, as 16-bit FLAC at 16 kHz, mono."""
    from faster_whisper import decode_audio

    length = round(seconds * SAMPLE_RATE_HZ)
    sounds = [decode_audio(str(recording), sampling_rate=SAMPLE_RATE_HZ) for recording in recordings]
    cuts = [
        sound[start : start + length]
        for start in range(0, max(map(len, sounds)), length)
        for sound in sounds
        if start + length <= len(sound)
    ]
    if len(cuts) < clips:
        raise SystemExit(f"{len(cuts)} clips of {seconds} s are in these recordings, {clips} are wanted")
    folder.mkdir()
    paths = [folder / f"{number:03}.flac" for number in range(clips)]
    for path, sound in zip(paths, cuts, strict=False):
        soundfile.write(path, np.clip(sound, -1.0, 1.0), SAMPLE_RATE_HZ, subtype="PCM_16")
    return paths


def measure(clips: list[Path], system_key: str, rounds: int, folder: Path) -> dict[str, object]:
    """Both sides in turn, `rounds` times after one that is not counted."""
    warm, requests = folder / "warm", folder / "requests.pickle"
    write_requests(system_key, warm, requests)
    pairs: list[dict[str, Measured]] = []
    for number in range(rounds + 1):
        home = folder / f"home-{number}"
        shutil.copytree(warm / "weights", home / "weights", copy_function=os.link)
        sides: dict[str, tuple[list[str], dict[str, str]]] = {
            "bare": ([sys.executable, str(BARE), str(requests), *map(str, clips)], {}),
            "modellab": (
                [str(MODELLAB), "run", str(clips[0].parent), "--pipeline", system_key],
                {"MODELLAB_HOME": str(home)},
            ),
        }
        order = sorted(sides, reverse=bool(number % 2))
        pairs.append({side: timed(*sides[side]) for side in order})
        shutil.rmtree(home)
    pairs = pairs[1:]
    ratios = [pair["modellab"].wall_s / pair["bare"].wall_s for pair in pairs]
    return {
        "clips": len(clips),
        "system": system_key,
        "bare_s": [round(pair["bare"].wall_s, 2) for pair in pairs],
        "modellab_s": [round(pair["modellab"].wall_s, 2) for pair in pairs],
        "ratios": [round(ratio, 3) for ratio in ratios],
        "ratio": round(statistics.median(ratios), 3),
        "bare_cpu_s": [round(pair["bare"].cpu_s, 2) for pair in pairs],
        "modellab_cpu_s": [round(pair["modellab"].cpu_s, 2) for pair in pairs],
        "cpu_ratio": round(statistics.median(pair["modellab"].cpu_s / pair["bare"].cpu_s for pair in pairs), 3),
        "bare_peak_mib": round(max(pair["bare"].peak_mib for pair in pairs)),
        "modellab_peak_mib": round(max(pair["modellab"].peak_mib for pair in pairs)),
    }


def main() -> None:
    """Cut, measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--system", default="faster_whisper:tiny.en")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        clips = cut(arguments.recordings, Path(folder) / "clips", arguments.clips, arguments.seconds)
        print(json.dumps(measure(clips, arguments.system, arguments.rounds, Path(folder)), indent=1))


if __name__ == "__main__":
    main()
