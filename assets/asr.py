"""The asset `asr`: what was said."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._metrics import metrics_asset, right_more_than_wrong
from assets._page import duration
from assets._pictures import Lane, timeline
from assets._step import step_asset
from modellab.bundle.meeting import display_name
from modellab.media.canonical import CanonicalAudio
from modellab.steps import scorers
from modellab.steps.asr import STEP
from modellab.steps.definition import Kind
from modellab.steps.doubts import language_doubt, uncovered_doubt
from modellab.surfaces.results import Transcript, Utterance
from modellab.text.languages import language_name
from modellab.units import clock
from resources.engine import StepResult

_SHOWN_UTTERANCES = 12


def transcript_of(result: StepResult) -> Transcript:
    """The transcript that the step wrote."""
    return result.artifact.read(Transcript)


def head(transcript: Transcript) -> dg.TableMetadataValue:
    """The first utterances as a table, with times and, where known, speakers."""
    speakers = any(utterance.speaker for utterance in transcript.utterances)
    names = ["time", *(["speaker"] if speakers else []), "text"]
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord(dict(zip(names, _row(utterance, speakers), strict=True)))
            for utterance in transcript.utterances[:_SHOWN_UTTERANCES]
        ],
        schema=dg.TableSchema([dg.TableColumn(name) for name in names]),
    )


def _row(utterance: Utterance, speakers: bool) -> list[str]:
    # With a space that does not break, or the UI spreads a name over two lines.
    said_by = [display_name(utterance.speaker).replace(" ", "\u00a0") if utterance.speaker else "-"] if speakers else []
    return [clock(utterance.start_s, 1), *said_by, utterance.text]


def page(result: StepResult) -> Mapping[str, Any]:
    """The transcript's beginning, and where its words lie under the waveform."""
    transcript = transcript_of(result)
    words = transcript.words
    probabilities = [word.probability for word in words if word.probability is not None]
    shown: dict[str, Any] = {
        "transcript": head(transcript),
        "words": len(words),
        "dagster/row_count": len(words),
    }
    if ingest := result.latest(Kind.RECORDING):
        lanes = [Lane("words", [(word.start_s, word.end_s) for word in words])]
        shown = {"waveform": dg.MetadataValue.md(timeline(CanonicalAudio.open(ingest).envelope(), lanes)), **shown}
    if transcript.language:
        certainty = transcript.language_probability
        shown["language"] = transcript.language + (f" ({certainty:.0%} sure)" if certainty is not None else "")
    if probabilities:
        shown["word_probability"] = round(sum(probabilities) / len(probabilities), 4)
    if words:
        shown["words_per_minute"] = round(60 * len(words) / sum(u.end_s - u.start_s for u in transcript.utterances), 1)
    return shown


def _all_speech_has_words(result: StepResult) -> Verdict:
    transcript = transcript_of(result)
    places = [f"{clock(stretch.start_s, 1)} {duration(stretch.duration_s)}" for stretch in transcript.uncovered[:10]]
    return Verdict(
        not transcript.uncovered,
        uncovered_doubt(transcript) or "words were written down wherever there is speech",
        {"uncovered_s": round(sum(stretch.duration_s for stretch in transcript.uncovered), 3), "at": places},
    )


def _language_is_sure(result: StepResult) -> Verdict:
    transcript = transcript_of(result)
    candidates = [f"{language_name(each.language)} {each.probability:.0%}" for each in transcript.language_candidates]
    doubt = language_doubt(transcript)
    return Verdict(not doubt, doubt or ", ".join(candidates) or "nothing had to be detected", {"detected": candidates})


ASR = step_asset(
    STEP,
    group="speech",
    kinds={"python", "json"},
    page=page,
    checks=[
        Check("all_speech_has_words", "No speech is left without a word.", _all_speech_has_words),
        Check("language_is_sure", "There is no other language that it might well be.", _language_is_sure),
    ],
)

ASR_METRICS = metrics_asset(scorers.ASR_METRICS, checks=[right_more_than_wrong("wer")])
