"""Several recognisers on the same recordings and nothing else: what `sweep_models.py` compares a sweep with.

    python benchmarks/bare_models.py REQUESTS TIMES RECORDING [RECORDING ...]

One process: load the detector and the recognisers once each, then decode each recording, find its speech, and let each
recogniser hear it as the pipeline does, speech that got no word again included. REQUESTS is a pickle of one list of
requests and parameters, as `overhead.py` writes them, for each recogniser; they share the detector. The seconds
of loads, and of calls, go to the file TIMES as JSON.
"""

import json
import pickle
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bare import SAMPLE_RATE_HZ, _ignore, _loaded  # type: ignore[import-not-found]  # beside this file
from faster_whisper import decode_audio

from modellab.media.audio import Waveform
from modellab.speech.coverage import cover


def main(requests: Path, times: Path, recordings: Sequence[Path]) -> None:
    """Load, decode, call."""
    wanted = pickle.loads(requests.read_bytes())
    started = time.perf_counter()
    detector, finding = wanted[0]["vad"]
    vad = _loaded(detector)
    recognisers = [(_loaded(one["asr"][0]), one["asr"][1]) for one in wanted]
    load_s = time.perf_counter() - started
    call_s = 0.0
    for recording in recordings:
        audio = Waveform(decode_audio(str(recording), sampling_rate=SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
        started = time.perf_counter()
        speech = vad.detect(audio, finding, _ignore).segments
        for asr, parameters in recognisers:
            cover(asr, audio, speech, asr.transcribe(audio, speech, parameters, _ignore), parameters)
        call_s += time.perf_counter() - started
    times.write_text(json.dumps({"load_s": load_s, "call_s": call_s}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
