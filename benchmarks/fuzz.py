"""Damaged media through registration and ingest: each file is answered, and none takes the process or the machine.

    python benchmarks/fuzz.py --files 2000 [--seed 0] [--json]

A second of sound is written in every container and codec that libav can write here, and damaged in seeded ways:
cut off, bits turned over, header fields set to extremes, parts doubled, moved, zeroed or taken from another file. Each
file is then registered and ingested in a child process, as the lab does it. What is counted: taken (it became an input
and canonical audio), refused (in one sentence by the lab's own error), and what must not be: tracebacks (any other
error, or any word on the terminal), children that died, took longer than 30 s, or held more than 2 GiB beyond what they
held before. The same seed always makes the same files; `--keep FOLDER` keeps those that were not answered.
"""

import argparse
import contextlib
import json
import os
import platform
import random
import resource
import select
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from rich.console import Console
from rich.table import Table

TIME_LIMIT_S = 30.0
MEMORY_LIMIT_MIB = 2048.0
BAD = ("traceback", "died", "hang", "memory")
SEED_SECONDS = 1.0
_MOST_ADDRESSED_BYTES = 8 << 30
_HEADER_BYTES = 300
_CODEC_OPTIONS = {"strict": "experimental"}
"""For libav's own Vorbis encoder."""
_BIT_RATES = {"wmav1": 48_000, "wmav2": 64_000}
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


@dataclass(frozen=True)
class Kind:
    """A container with a codec in it."""

    name: str
    container: str
    """libav's name of the muxer."""
    codec: str
    rate_hz: int = 16_000
    layout: str = "mono"
    video: str | None = None
    streams: int = 1


KINDS = (
    Kind("wav", "wav", "pcm_s16le"),
    Kind("wav-float", "wav", "pcm_f32le", 48_000, "stereo"),
    Kind("wav-adpcm", "wav", "adpcm_ima_wav"),
    Kind("w64", "w64", "pcm_s24le"),
    Kind("aiff", "aiff", "pcm_s16be", 44_100, "stereo"),
    Kind("au", "au", "pcm_mulaw", 8_000),
    Kind("caf", "caf", "pcm_s16be"),
    Kind("caf-alac", "caf", "alac"),
    Kind("flac", "flac", "flac", 44_100, "stereo"),
    Kind("ogg-vorbis", "ogg", "vorbis", 44_100, "stereo"),
    Kind("ogg-flac", "ogg", "flac"),
    Kind("opus", "opus", "libopus", 48_000),
    Kind("mp3", "mp3", "libmp3lame", 22_050),
    Kind("mp2", "mp2", "mp2", 32_000, "stereo"),
    Kind("aac", "adts", "aac"),
    Kind("latm", "latm", "aac"),
    Kind("m4a", "ipod", "aac"),
    Kind("m4a-alac", "ipod", "alac", 44_100),
    Kind("mp4", "mp4", "aac", 48_000, "stereo", "mpeg4", 2),
    Kind("mov", "mov", "pcm_s16be", 16_000, "mono", "mjpeg"),
    Kind("3gp", "3gp", "libopencore_amrnb", 8_000),
    Kind("amr", "amr", "libopencore_amrnb", 8_000),
    Kind("mkv", "matroska", "vorbis", 44_100, "stereo", "mpeg4", 2),
    Kind("mka-pcm", "matroska", "pcm_s16le"),
    Kind("webm", "webm", "libopus", 48_000),
    Kind("avi", "avi", "mp2", 32_000, "mono", "mpeg4"),
    Kind("avi-pcm", "avi", "pcm_s16le"),
    Kind("flv", "flv", "libmp3lame", 22_050, "mono", "flv"),
    Kind("asf", "asf", "wmav2", 44_100, "stereo"),
    Kind("asf-wma1", "asf", "wmav1", 22_050),
    Kind("ac3", "ac3", "ac3", 48_000, "stereo"),
    Kind("eac3", "eac3", "eac3", 48_000, "stereo"),
    Kind("mpegts", "mpegts", "mp2", 48_000, "mono", "mpeg2video"),
    Kind("mpegts-aac", "mpegts", "aac", 48_000, "mono"),
    Kind("mpeg", "mpeg", "mp2", 48_000, "mono", "mpeg2video"),
    Kind("vob", "vob", "ac3", 48_000, "stereo", "mpeg2video"),
    Kind("voc", "voc", "pcm_u8"),
    Kind("tta", "tta", "tta", 44_100, "stereo"),
    Kind("wv", "wv", "wavpack", 44_100, "stereo"),
    Kind("nut", "nut", "pcm_s16le"),
    Kind("rm", "rm", "ac3", 44_100, "stereo"),
    Kind("sox", "sox", "pcm_s32le"),
    Kind("ircam", "ircam", "pcm_s16le"),
    Kind("wtv", "wtv", "mp2", 48_000, "mono", "mpeg2video"),
    Kind("swf", "swf", "libmp3lame", 22_050),
)


def make_media(kind: Kind, path: Path) -> None:
    """Write a second of two tones and noise, with a picture where the kind has one.

    Raises:
        Exception: libav can't write that kind here.
    """
    times = np.arange(round(SEED_SECONDS * kind.rate_hz)) / kind.rate_hz
    channels = 2 if kind.layout == "stereo" else 1
    noise = np.random.default_rng(0).normal(0, 0.05, (channels, len(times)))
    samples = (0.4 * np.sin(2 * np.pi * 220 * times) * (times % 0.5 < 0.3) + noise).astype(np.float32)
    with av.open(str(path), "w", format=kind.container) as output:
        output.metadata["title"] = "fuzz"
        picture: Any = None
        if kind.video is not None:
            picture = output.add_stream(kind.video, rate=25)
            picture.width, picture.height = 32, 32
            picture.pix_fmt = "yuvj420p" if kind.video == "mjpeg" else "yuv420p"
        added: list[Any] = [
            output.add_stream(kind.codec, rate=kind.rate_hz, layout=kind.layout, options=_CODEC_OPTIONS)
            for _ in range(kind.streams)
        ]
        for stream in added:
            if kind.codec in _BIT_RATES:
                stream.bit_rate = _BIT_RATES[kind.codec]
        if picture is not None:
            for _ in range(25):
                frame = av.VideoFrame(32, 32, picture.pix_fmt)
                output.mux(picture.encode(frame))
            output.mux(picture.encode(None))
        for stream in added:
            resampler = av.AudioResampler(
                stream.format, kind.layout, kind.rate_hz, frame_size=stream.codec_context.frame_size or 1_024
            )
            whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=kind.layout)
            whole.sample_rate, whole.pts = kind.rate_hz, 0
            for each in (*resampler.resample(whole), *resampler.resample(None), None):
                output.mux(stream.encode(each))


def _place(random_: random.Random, content: bytearray, size: int = 1) -> int:
    """Somewhere in a file; every second time in its header."""
    end = max(1, len(content) - size)
    return random_.randrange(min(end, _HEADER_BYTES) if random_.random() < 0.5 else end)


def _cut_off(random_: random.Random, content: bytearray, other: bytes) -> None:
    del content[random_.randrange(1, len(content)) :]


def _turn_bits(random_: random.Random, content: bytearray, other: bytes) -> None:
    for _ in range(random_.choice((1, 2, 8, 64))):
        content[_place(random_, content)] ^= 1 << random_.randrange(8)


def _set_bytes(random_: random.Random, content: bytearray, other: bytes) -> None:
    for _ in range(random_.choice((1, 4, 32))):
        content[_place(random_, content)] = random_.randrange(256)


def _extreme_field(random_: random.Random, content: bytearray, other: bytes) -> None:
    for _ in range(random_.choice((1, 1, 2, 4))):
        size = random_.choice((1, 2, 4, 8))
        place = _place(random_, content, size)
        value = random_.choice(_EXTREMES) & ((1 << 8 * size) - 1)
        if size == 8 and random_.random() < 0.5:
            value = random_.choice((0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF, 1 << 40))
        content[place : place + size] = value.to_bytes(size, random_.choice(("little", "big")))


def _wrong_size(random_: random.Random, content: bytearray, other: bytes) -> None:
    """Change the four bytes before or behind a four-letter name: the size of a chunk, an atom, a box."""
    names = [
        place
        for place in range(4, len(content) - 8)
        if content[place] in b"RLdfmstCDMibcaouvhw" and bytes(content[place : place + 4]).isalnum()
    ]
    if not names:
        return _extreme_field(random_, content, other)
    place = random_.choice(names)
    size = random_.choice((*_EXTREMES, random_.randrange(1 << 32), random_.randrange(1 << 16)))
    at = place + random_.choice((-4, 4))
    content[at : at + 4] = struct.pack(random_.choice("<>") + "I", size)
    return None


def _zero(random_: random.Random, content: bytearray, other: bytes) -> None:
    start = _place(random_, content)
    end = min(len(content), start + random_.choice((4, 64, 1_024, 1 << 20)))
    content[start:end] = bytes(end - start)


def _double(random_: random.Random, content: bytearray, other: bytes) -> None:
    start = _place(random_, content)
    piece = bytes(content[start : start + random_.choice((8, 128, 4_096))])
    for _ in range(random_.choice((1, 1, 3, 40))):
        content[start:start] = piece


def _remove(random_: random.Random, content: bytearray, other: bytes) -> None:
    start = _place(random_, content)
    del content[start : start + random_.choice((1, 2, 7, 188, 2_000))]
    content.extend(b"\0" * (not content))


def _move(random_: random.Random, content: bytearray, other: bytes) -> None:
    start, size = _place(random_, content), random_.choice((16, 256, 4_096))
    piece = bytes(content[start : start + size])
    del content[start : start + size]
    place = random_.randrange(len(content) + 1)
    content[place:place] = piece


def _splice(random_: random.Random, content: bytearray, other: bytes) -> None:
    start = random_.randrange(len(other))
    piece = other[start : start + random_.choice((64, 1_024, 1 << 20))]
    place = _place(random_, content)
    content[place : place + random_.choice((0, len(piece)))] = piece


DAMAGES: tuple[Callable[[random.Random, bytearray, bytes], None], ...] = (
    _cut_off,
    _turn_bits,
    _set_bytes,
    _extreme_field,
    _extreme_field,
    _wrong_size,
    _zero,
    _double,
    _remove,
    _move,
    _splice,
)


def whole_files(folder: Path) -> dict[str, bytes]:
    """The undamaged media by the name of their kind; kinds that libav can't write here are left out."""
    whole: dict[str, bytes] = {}
    for kind in KINDS:
        path = folder / f"whole.{kind.name}"
        with contextlib.suppress(av.FFmpegError):
            make_media(kind, path)
            whole[kind.name] = path.read_bytes()
        path.unlink(missing_ok=True)
    return whole


def damaged_files(files: int, seed: int, folder: Path) -> Iterator[tuple[str, Path]]:
    """Damaged files with the name of their kind, as many of each kind; each is made when it is asked for."""
    whole = whole_files(folder)
    names = sorted(whole)
    for number in range(files):
        name = names[number % len(names)]
        random_ = random.Random(f"{seed}/{number}")
        content = bytearray(whole[name])
        for _ in range(random_.choice((1, 1, 2, 3))):
            random_.choice(DAMAGES)(random_, content, whole[random_.choice(names)])
        path = folder / f"{number}.{name.partition('-')[0]}"
        path.write_bytes(content)
        yield name, path


def answer_here() -> None:
    """The child: answers each path on its standard input with a line of JSON."""
    from modellab import memory
    from modellab.errors import LabError
    from modellab.inputs.store import InputStore
    from modellab.settings import Lab
    from modellab.steps.definition import StepContext, Timings
    from modellab.steps.ingest import STEP, IngestParameters

    # The machine's protection: what asks for more gets none, and the file counts as one that took too much.
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_ADDRESSED_BYTES, _MOST_ADDRESSED_BYTES))
    lab = Lab.from_environment()
    variants: tuple[dict[str, Any], ...] = (
        {},
        {"channels": "keep", "sample_rate_hz": None},
        {"trim_silence": True, "normalize_loudness": True},
    )

    def ingest(path: Path, parameters: dict[str, Any]) -> None:
        with tempfile.TemporaryDirectory(dir=lab.home) as output:
            STEP.run(
                StepContext(
                    input=InputStore(lab).register(path, "media"),
                    system="ingest",
                    parameters=IngestParameters.model_validate(parameters),
                    reads={},
                    absent={},
                    output=Path(output),
                    progress=lambda share: None,
                    timings=Timings(),
                    longest_s=lab.settings.longest_recording_h * 3600.0,
                )
            )

    print(json.dumps("ready"), flush=True)
    for number, line in enumerate(sys.stdin):
        path = Path(json.loads(line))
        memory.reset_peak()
        base_mib, started = memory.peak_mib(), time.perf_counter()
        answer: dict[str, Any] = {"outcome": "taken", "words": ""}
        try:
            ingest(path, dict(variants[number % len(variants)]))
        except LabError as error:
            answer = {"outcome": "refused", "words": str(error)}
        except BaseException as error:
            answer = {"outcome": "traceback", "words": f"{type(error).__name__}: {error}"}
        answer |= {"seconds": time.perf_counter() - started, "mib": memory.peak_mib() - base_mib}
        if "more than fits into memory" in answer["words"]:
            answer["outcome"] = "memory"
        print(json.dumps(answer), flush=True)


class Child:
    """The process that answers; a new one where the last one died."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process: subprocess.Popen[str] | None = None
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as this object

    def answer(self, path: Path) -> dict[str, Any]:
        """What becomes of a file."""
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write(json.dumps(str(path)) + "\n")
        process.stdin.flush()
        line = self._line(process, TIME_LIMIT_S)
        if line is None:
            self.close()
            return {"outcome": "hang", "words": f"more than {TIME_LIMIT_S:g} s", "seconds": TIME_LIMIT_S, "mib": 0.0}
        if not line:
            code = process.wait()
            self._process = None
            return {"outcome": "died", "words": f"exit code {code}", "seconds": 0.0, "mib": 0.0}
        answer: dict[str, Any] = json.loads(line)
        if said := self._printed():
            answer |= {"outcome": "traceback", "words": f"on the terminal: {said.strip().splitlines()[-1]}"}
        elif answer["mib"] > MEMORY_LIMIT_MIB:
            answer |= {"outcome": "memory", "words": f"{answer['mib']:.0f} MiB"}
        return answer

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, __file__, "--child"],
            env={**os.environ, "MODELLAB_HOME": str(self._home), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )
        if not self._line(process, 10 * TIME_LIMIT_S):
            raise SystemExit(f"the child did not start:\n{self._printed()}")
        self._printed()
        return process

    @staticmethod
    def _line(process: subprocess.Popen[str], limit_s: float) -> str | None:
        """The child's next line; empty when it is gone, None when it takes too long."""
        assert process.stdout is not None
        if not select.select([process.stdout], [], [], limit_s)[0]:
            return None
        return process.stdout.readline()

    def _printed(self) -> str:
        """What the child said on its standard error since the last time."""
        self._said.seek(0)
        text = self._said.read()
        self._said.seek(0)
        self._said.truncate()
        return text


def measure(files: int, seed: int, keep: Path | None, told: Callable[[int], None]) -> list[dict[str, Any]]:
    """An answer for each file, with its kind and number."""
    answers: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder, home = Path(scratch) / "files", Path(scratch) / "home"
        folder.mkdir()
        home.mkdir()
        child = Child(home)
        try:
            for number, (kind, path) in enumerate(damaged_files(files, seed, folder)):
                answer = child.answer(path) | {"number": number, "kind": kind, "file": path.name}
                answers.append(answer)
                if answer["outcome"] in BAD and keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / path.name).write_bytes(path.read_bytes())
                path.unlink()
                told(number)
        finally:
            child.close()
    return answers


def summary(answers: Sequence[dict[str, Any]], seed: int, wall_s: float) -> dict[str, Any]:
    """The figures, for a machine to read."""
    kinds = sorted({answer["kind"] for answer in answers})
    return {
        "machine": {
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "pyav": av.__version__,
        },
        "seed": seed,
        "files": len(answers),
        "kinds": len(kinds),
        "containers": len({kind.container for kind in KINDS if kind.name in kinds}),
        "not_written_here": sorted({kind.name for kind in KINDS} - set(kinds)),
        "wall_s": round(wall_s, 1),
        "outcomes": {name: sum(a["outcome"] == name for a in answers) for name in ("taken", "refused", *BAD)},
        "slowest_s": round(max(answer["seconds"] for answer in answers), 2),
        "most_mib": round(max(answer["mib"] for answer in answers), 1),
        "by_kind": {
            kind: dict(Counter(answer["outcome"] for answer in answers if answer["kind"] == kind)) for kind in kinds
        },
        "bad": [answer for answer in answers if answer["outcome"] in BAD],
    }


def show(console: Console, answers: Sequence[dict[str, Any]], figures: dict[str, Any]) -> None:
    """The figures, for people to read."""
    columns = ("taken", "refused", *BAD)
    table = Table("kind", "files", *columns, "slowest s", "most MiB", box=None)
    for kind in figures["by_kind"]:
        own = [answer for answer in answers if answer["kind"] == kind]
        counts = Counter(answer["outcome"] for answer in own)
        slowest, most = max(answer["seconds"] for answer in own), max(answer["mib"] for answer in own)
        table.add_row(kind, str(len(own)), *(str(counts[name]) for name in columns), f"{slowest:.2f}", f"{most:.0f}")
    console.print(table)
    for answer in figures["bad"]:
        console.print(f"{answer['outcome']}: {answer['file']}: {answer['words']}", markup=False)
    if missing := figures["not_written_here"]:
        console.print(f"without {', '.join(missing)}: too few files, or libav can't write them here")
    machine, outcomes = figures["machine"], figures["outcomes"]
    console.print(
        f"{figures['files']} damaged files of {figures['kinds']} kinds in {figures['containers']} containers, seed "
        f"{figures['seed']}, {figures['wall_s']} s on {machine['cores']} cores of {machine['cpu']}: "
        + ", ".join(f"{count} {name}" for name, count in outcomes.items())
        + f"; slowest {figures['slowest_s']} s, most memory {figures['most_mib']} MiB"
    )


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def main() -> None:
    """Run what the arguments ask for; exit code 1 when a file was not answered as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2_000, help="how many damaged files")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other files")
    parser.add_argument("--keep", type=Path, help="a folder for the files that were not answered")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        answer_here()
        return
    console, started = Console(stderr=arguments.json), time.perf_counter()
    with console.status("0") as status:
        answers = measure(
            arguments.files,
            arguments.seed,
            arguments.keep,
            lambda number: status.update(f"{number + 1} of {arguments.files}"),
        )
    figures = summary(answers, arguments.seed, time.perf_counter() - started)
    if arguments.json:
        print(json.dumps(figures, indent=1))
    else:
        show(console, answers, figures)
    raise SystemExit(1 if figures["bad"] else 0)


if __name__ == "__main__":
    main()
