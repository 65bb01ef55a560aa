"""The scorer of speech that a voice made: what a recogniser heard of it, its health, and how fast it was made."""

from collections.abc import Mapping

from modellab.artifacts.store import Artifact
from modellab.media.canonical import CanonicalAudio
from modellab.metrics.score import Score
from modellab.metrics.suites import tts
from modellab.metrics.synthesis import AsMade
from modellab.steps.scoring import Judged
from modellab.surfaces.results import Transcript

_MACHINE_DIGITS = 8


def synthesis(judged: Judged) -> Mapping[str, list[Score]]:
    """What a voice made of a prompt; without a recogniser after it no round trip."""
    sound = judged.reads["sound"]
    audio = CanonicalAudio.open(sound)
    return {
        "sound": tts.scores(
            judged.reference,
            audio.waveform(audio.info.sample_rate_hz),
            made=_as_made(audio),
            heard=_heard(judged),
            speed=_speed(sound),
        )
    }


def _as_made(audio: CanonicalAudio) -> AsMade:
    """Keeping it turned it down where it went beyond full scale, and set to 0 what was no number."""
    facts = audio.info.source
    samples = round(facts.duration_s * facts.sample_rate_hz)
    return AsMade(round(facts.full_scale_fraction * samples), facts.non_finite_samples)


def _heard(judged: Judged) -> tts.Heard | None:
    transcript = judged.read("heard", Transcript)
    if transcript is None:
        return None
    model = judged.reads["heard"].manifest["identity"]["model"]
    return tts.Heard(transcript.text, f"{model['id']}:{model['variant']}")


def _speed(sound: Artifact) -> tts.Speed | None:
    """What it took to make it. The first time after loading is slower and would be of another protocol: it has none."""
    made = sound.manifest["made"]
    facts = made["execution"]
    if facts is None or made.get("first_inference") is not False:
        return None
    batch = f", batches of {facts['batch_size']}" if facts["batch_size"] else ""
    threads = f"{facts['threads']} thread{'' if facts['threads'] == 1 else 's'}"
    machine = str(made["machine"])[:_MACHINE_DIGITS]
    return tts.Speed(
        made["inference_s"],
        f"{facts['device']}, {facts['compute_type']}, {threads}{batch}, machine {machine}, warm, loading apart",
    )
