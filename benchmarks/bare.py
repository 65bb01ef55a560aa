"""The models' work of the meeting pipeline and nothing else: what `overhead.py` compares Model Lab with.

    python benchmarks/bare.py RECORDING REQUESTS

One process, no registry, no artifacts, no Dagster: decode, load each model, call it. REQUESTS is a pickle, written by
`overhead.py`, of the load requests and parameters that the pipeline itself would use. A pipeline with chapters and a
summary also has its sentences embedded, for each of the two.
"""

import importlib
import pickle
import sys
from pathlib import Path

from faster_whisper import decode_audio

from modellab.media.audio import Waveform
from modellab.surfaces.results import Transcript
from modellab.text.embedding import load_embedder
from modellab.text.segmentation import in_context
from modellab.text.sentences import split_sentences

SAMPLE_RATE_HZ = 16_000


def main(recording: Path, requests: Path) -> None:
    """Decode, find speech, transcribe, diarize, embed."""
    audio = Waveform(decode_audio(str(recording), sampling_rate=SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
    wanted, embedded = pickle.loads(requests.read_bytes())
    loaded = {
        step: importlib.import_module(f"models.{request.ref.id}.adapter").load(request)
        for step, (request, _) in wanted.items()
    }
    parameters = {step: values for step, (_, values) in wanted.items()}
    speech = loaded["vad"].detect(audio, parameters["vad"], _ignore).segments
    transcript = loaded["asr"].transcribe(audio, speech, parameters["asr"], _ignore)
    diarization = loaded["diarization"].diarize(audio, parameters["diarization"], _ignore)
    if embedded:
        embed(transcript)
    print(len(transcript.words), "words,", len(diarization.turns), "turns")


def embed(transcript: Transcript) -> None:
    """The sentences as chapters take them, with their neighbours, and as the summary does."""
    sentences = split_sentences(transcript)
    embedder = load_embedder()
    embedder.embed(in_context(sentences))
    embedder.embed([sentence.text for sentence in sentences])


def _ignore(fraction: float) -> None:
    pass


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
