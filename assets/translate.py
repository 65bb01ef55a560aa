"""The asset `translate`: what was said, in another language."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._metrics import metrics_asset
from assets._page import table
from assets._pictures import Lane, timeline
from assets._step import step_asset
from modellab.media.canonical import CanonicalAudio
from modellab.steps import scorers
from modellab.steps.definition import Kind
from modellab.steps.translate import STEP
from modellab.surfaces.in_place import is_inside, overlapping
from modellab.surfaces.results import Transcript, Word
from modellab.surfaces.translations import TranslatedUtterance, Translation
from modellab.text.languages import language_name
from modellab.units import clock, plural
from resources.engine import StepResult

_SHOWN = 30


def translation_of(result: StepResult) -> Translation:
    """What the step wrote."""
    return result.artifact.read(Translation)


def said_in(utterance: TranslatedUtterance, words: Sequence[Word]) -> str:
    """The words of a transcript whose middle lies in a stretch, as it has them."""
    inside = (word for word in words if utterance.start_s <= (word.start_s + word.end_s) / 2 < utterance.end_s)
    return "".join((" " if word.space_before else "") + word.text for word in inside).strip()


def page(result: StepResult) -> Mapping[str, Any]:
    """The waveform with what was translated, and source and target side by side where there is a transcript."""
    found = translation_of(result)
    ingest, recognition = result.latest(Kind.RECORDING), result.latest(Kind.RECOGNITION)
    transcript = recognition.read(Transcript) if recognition else None
    target = language_name(found.language)
    lanes = [Lane(target, [(one.start_s, one.end_s) for one in found.utterances])]
    shown = found.utterances[:_SHOWN]
    if transcript is None:
        columns = ["at", target]
        rows = [[clock(one.start_s), one.text] for one in shown]
    else:
        source = found.source_language or transcript.language
        columns = ["at", language_name(source) if source else "said", target]
        rows = [[clock(one.start_s), said_in(one, transcript.words), one.text] for one in shown]
    return {
        "waveform": dg.MetadataValue.md(timeline(CanonicalAudio.open(ingest).envelope(), lanes) if ingest else ""),
        "translation": dg.MetadataValue.md(table(columns, rows) if rows else "Nothing was translated."),
        "language": found.language,
        "source_language": found.source_language or "-",
        "dagster/row_count": len(found.utterances),
    }


def _in_place(result: StepResult) -> Verdict:
    found = translation_of(result)
    wrong = [one for one in found.utterances if not is_inside(one, found.duration_s)]
    wrong += overlapping(found.utterances)
    said = f"{plural(len(found.utterances), 'utterance')}, {len(wrong)} out of place"
    return Verdict(not wrong, said, {"wrong": [str(one) for one in wrong[:5]]})


def _something_translated(result: StepResult) -> Verdict:
    found = translation_of(result)
    return Verdict(bool(found.utterances), f"{plural(len(found.utterances), 'utterance')} in {found.language}")


def _another_language(result: StepResult) -> Verdict:
    found, recognition = translation_of(result), result.latest(Kind.RECOGNITION)
    heard = recognition.read(Transcript).language if recognition else None
    source = found.source_language or heard
    if source is None:
        return Verdict(True, "nobody says which language was spoken")
    return Verdict(source != found.language, f"from {language_name(source)} into {language_name(found.language)}")


TRANSLATE = step_asset(
    STEP,
    group="speech",
    kinds={"python", "json"},
    page=page,
    checks=[
        Check(
            "utterances_in_place",
            "Utterances are in order, apart, and inside the recording.",
            _in_place,
            dg.AssetCheckSeverity.ERROR,
        ),
        Check("something_translated", "There is a translation of something.", _something_translated),
        Check("another_language", "What was spoken is in another language than the translation.", _another_language),
    ],
)

TRANSLATE_METRICS = metrics_asset(scorers.TRANSLATE_METRICS)
