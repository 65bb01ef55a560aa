"""What a reference that knows who said what says of a transcript with speakers."""

from modellab.datasets.reference import Reference
from modellab.metrics.attributed import NOBODY, heard, said
from modellab.metrics.attribution import attribution_rates, attribution_scores, turn_changes
from modellab.metrics.meeting import cp_errors, cp_rate, orc_errors, orc_rate, tcp_errors, tcp_rate
from modellab.metrics.normalisers import normaliser_for
from modellab.metrics.score import Score
from modellab.metrics.timelines import trouble_with
from modellab.surfaces.results import Transcript

METRICS: tuple[str, ...] = (
    *("cpwer", "tcpwer", "orc_wer", "wder"),
    *("meeting_recognition_error", "meeting_speaker_error", "meeting_boundary_error"),
)


def scores(reference: Reference, transcript: Transcript) -> list[Score]:
    """Every figure there is; none where nobody knows who said what.

    A transcript with words of which none has a speaker has no figure: it is no answer to who said what.
    """
    normaliser = normaliser_for(reference.language)
    known = said(reference, normaliser)
    if known is None:
        return []
    metrics = [cp_rate(normaliser), tcp_rate(normaliser), orc_rate(normaliser), *attribution_rates(normaliser)]
    trouble = trouble_with(transcript.utterances, "utterance") or trouble_with(transcript.words, "word")
    if trouble:
        return [Score(metric, {}, error=trouble) for metric in metrics]
    found = heard(transcript, reference.evaluated, normaliser)
    if found and all(one.speaker == NOBODY for one in found):
        return [Score(metric, {}, error="no word of the transcript has a speaker") for metric in metrics]
    changes_s = turn_changes(known if reference.turns is None else reference.turns)
    return [
        *(score(known, found, normaliser) for score in (cp_errors, tcp_errors, orc_errors)),
        *attribution_scores(known, found, changes_s, normaliser),
    ]
