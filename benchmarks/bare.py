"""The models' work of a pipeline and nothing else: what `overhead.py` and `sweep.py` compare Model Lab with.

    python benchmarks/bare.py REQUESTS RECORDING [RECORDING ...]

One process, no registry, no artifacts, no Dagster: load each model once, then decode each recording and call them,
as often as the pipeline does: speech that got no word is heard again here too.
REQUESTS is a pickle, written by `overhead.py`, of the load requests and parameters that the pipeline itself would use.
A pipeline with chapters and a summary also has its sentences embedded, for each of the two.
"""

import importlib
import pickle
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from faster_whisper import decode_audio

from modellab.media.audio import Waveform
from modellab.registry.loaded import LoadRequest
from modellab.speech.coverage import cover
from modellab.surfaces.contracts import EmbedModel
from modellab.surfaces.results import Transcript

SAMPLE_RATE_HZ = 16_000


def main(requests: Path, recordings: Sequence[Path]) -> None:
    """Decode, find speech, transcribe, and as the pipeline has it, diarize and embed."""
    wanted, embedder = pickle.loads(requests.read_bytes())
    models = {step: _loaded(request) for step, (request, _) in wanted.items()}
    sentences = _loaded(embedder) if embedder else None
    parameters = {step: values for step, (_, values) in wanted.items()}
    for recording in recordings:
        transcript = work(recording, models, parameters)
        if sentences:
            embed(transcript, sentences)


def _loaded(request: LoadRequest) -> Any:
    return importlib.import_module(f"models.{request.ref.id}.adapter").load(request)


def work(recording: Path, models: Mapping[str, Any], parameters: Mapping[str, Any]) -> Transcript:
    """The calls for one recording."""
    audio = Waveform(decode_audio(str(recording), sampling_rate=SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
    speech = models["vad"].detect(audio, parameters["vad"], _ignore).segments
    heard: Transcript = models["asr"].transcribe(audio, speech, parameters["asr"], _ignore)
    transcript = cover(models["asr"], audio, speech, heard, parameters["asr"])
    print(len(transcript.words), "words")
    if "diarization" in models:
        print(len(models["diarization"].diarize(audio, parameters["diarization"], _ignore).turns), "turns")
    return transcript


def embed(transcript: Transcript, embedder: EmbedModel) -> None:
    """The sentences as chapters take them, with their neighbours, and as the summary does."""
    from modellab.text.segmentation import in_context
    from modellab.text.sentences import split_sentences

    sentences = split_sentences(transcript)
    embedder.embed(in_context(sentences))
    embedder.embed([sentence.text for sentence in sentences])


def _ignore(fraction: float) -> None:
    pass


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
