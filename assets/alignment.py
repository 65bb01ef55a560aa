"""The asset `alignment`: who said what."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._metrics import metrics_asset, none_counted, right_more_than_wrong
from assets._page import share, table
from assets._pictures import timeline
from assets._step import step_asset
from assets.asr import head, transcript_of
from assets.diarization import lanes
from modellab.bundle.meeting import display_name
from modellab.media.canonical import CanonicalAudio
from modellab.steps import scorers
from modellab.steps.alignment import STEP
from modellab.steps.definition import Kind
from modellab.surfaces.results import Diarization, Transcript
from modellab.units import plural
from resources.engine import StepResult

_LEAST_ATTRIBUTED = 0.95
"""Below this share of words with a speaker, words and turns do not fit each other."""


def page(result: StepResult) -> Mapping[str, Any]:
    """Who said what, and how many words each speaker has."""
    transcript = transcript_of(result)
    words = Counter(word.speaker or "nobody" for word in transcript.words)
    rows = [[display_name(speaker), count, share(count, words.total())] for speaker, count in words.most_common()]
    shown: dict[str, Any] = {
        "transcript": head(transcript),
        "words": dg.MetadataValue.md(table(["speaker", "words", "share"], rows)),
        "attributed_share": round(1 - words["nobody"] / words.total(), 4) if words else 1.0,
        "dagster/row_count": words.total(),
    }
    if "aligned_words" in result.artifact.summary:
        shown["words_with_better_times"] = share(result.artifact.summary["aligned_words"], words.total())
        shown["median_shift_s"] = result.artifact.summary["median_shift_s"]
    ingest, turns = result.latest(Kind.RECORDING), result.read("diarization")
    if ingest and turns:
        diarization = turns.read(Diarization)
        picture = timeline(CanonicalAudio.open(ingest).envelope(), lanes(diarization))
        shown = {"waveform": dg.MetadataValue.md(picture), **shown}
    return shown


def _words_have_speakers(result: StepResult) -> Verdict:
    words = transcript_of(result).words
    attributed = sum(word.speaker is not None for word in words)
    return Verdict(
        attributed >= _LEAST_ATTRIBUTED * len(words),
        f"{attributed} of {len(words)} words have a speaker",
        {"attributed": attributed, "words": len(words), "least_share": _LEAST_ATTRIBUTED},
    )


def _no_word_lost(result: StepResult) -> Verdict:
    read = result.read("transcript")
    before = Counter(word.text for word in read.read(Transcript).words) if read else Counter()
    after = Counter(word.text for word in transcript_of(result).words)
    return Verdict(before == after, f"{plural(before.total(), 'word')} in, {after.total():,} out")


ALIGNMENT = step_asset(
    STEP,
    group="meeting",
    kinds={"python", "json"},
    page=page,
    checks=[
        Check("words_have_speakers", "Nearly every word has a speaker.", _words_have_speakers),
        Check("no_word_lost", "The words are those of the transcript.", _no_word_lost, dg.AssetCheckSeverity.ERROR),
    ],
)

MEETING_METRICS = metrics_asset(
    scorers.MEETING_METRICS,
    checks=[
        right_more_than_wrong("cpwer"),
        none_counted("every_speaker_paired", "cpwer", ("speakers_missed", "speakers_invented")),
    ],
)
