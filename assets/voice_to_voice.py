"""The asset `voice_to_voice`: what a model answers to a recording."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._page import duration, level, table
from assets._pictures import timeline
from assets._step import step_asset
from modellab.media.canonical import CanonicalAudio
from modellab.media.decode import no_numbers
from modellab.steps.voice_to_voice import STEP
from modellab.surfaces.replies import SpokenReply
from resources.engine import StepResult

_QUIETEST_DBFS = -50.0
"""A reply that never gets louder says nothing that anybody hears."""


def page(result: StepResult) -> Mapping[str, Any]:
    """The waveforms of what was heard and of the reply, its words, and what is known of its sound."""
    audio = CanonicalAudio.open(result.artifact)
    reply = result.artifact.read(SpokenReply)
    levels = audio.info.levels
    rows: list[list[object]] = [
        ["heard", duration(reply.heard_s)],
        ["length", duration(reply.duration_s)],
        ["ended by itself", "yes" if reply.ended else "no: cut off at the longest reply"],
        ["told beforehand", reply.instructions or "what its makers tell it"],
        ["seed", reply.seed],
        ["file", audio.info.audio_file],
        ["sample rate", f"{reply.sample_rate_hz} Hz"],
        ["peak", level(levels.peak_dbfs, "dBFS")],
        ["loudness", level(levels.loudness_lufs, "LUFS")],
    ]
    heard = result.read("audio")
    question = {"heard": dg.MetadataValue.md(timeline(CanonicalAudio.open(heard).envelope(), []))} if heard else {}
    return {
        **question,
        "reply": dg.MetadataValue.md(timeline(audio.envelope(), [])),
        "words": reply.text or "-",
        "sound": dg.MetadataValue.md(table(["", ""], rows)),
        "sound_file": dg.MetadataValue.path(str(result.artifact.file(audio.info.audio_file))),
        "duration_s": round(reply.duration_s, 3),
    }


def _is_heard(result: StepResult) -> Verdict:
    peak = CanonicalAudio.open(result.artifact).info.levels.peak_dbfs
    heard = peak is not None and peak >= _QUIETEST_DBFS
    return Verdict(heard, f"its loudest sample is at {level(peak, 'dBFS')}", {"quietest_dbfs": _QUIETEST_DBFS})


def _has_words(result: StepResult) -> Verdict:
    text = result.artifact.read(SpokenReply).text
    return Verdict(bool(text.strip()), f"“{text[:60]}”" if text.strip() else "it wrote no word down")


def _came_to_an_end(result: StepResult) -> Verdict:
    reply = result.artifact.read(SpokenReply)
    return Verdict(reply.ended, "it ended by itself" if reply.ended else f"cut off after {reply.duration_s:.1f} s")


def _is_all_numbers(result: StepResult) -> Verdict:
    odd = CanonicalAudio.open(result.artifact).info.source.non_finite_samples
    return Verdict(not odd, no_numbers(odd) if odd else "every sample is a number", {"non_finite_samples": odd})


VOICE_TO_VOICE = step_asset(
    STEP,
    group="speech",
    kinds={"python", "file"},
    page=page,
    checks=[
        Check("is_heard", "The reply is not silent.", _is_heard),
        Check("has_words", "The model wrote down what it says.", _has_words),
        Check("came_to_an_end", "The reply ended by itself, within the longest that was allowed.", _came_to_an_end),
        Check("is_all_numbers", "Every sample is a number.", _is_all_numbers, dg.AssetCheckSeverity.ERROR),
    ],
)
