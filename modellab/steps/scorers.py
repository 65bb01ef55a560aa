"""Every scorer there is, in the order in which they run, after all steps of a pipeline. A new one is a constant here,
named as the scorer in capitals, a line in `SCORERS`, and an asset.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from modellab.datasets.reference import Reference, ReferenceNote
from modellab.documents import Kept
from modellab.metrics.classes import Classified
from modellab.metrics.score import Score
from modellab.metrics.suites import (
    asr,
    classify,
    diarization,
    end_of_turn,
    hallucination,
    meeting,
    music,
    text,
    translate,
    vad,
)
from modellab.steps.definition import Kind, Read, StepDefinition
from modellab.steps.hallucinations import STEP as HALLUCINATIONS
from modellab.steps.packages import MEDIA
from modellab.steps.scored_flags import planted_words
from modellab.steps.scored_sound import PESQ, enhancement, separation
from modellab.steps.scored_speech import synthesis
from modellab.steps.scored_vectors import OTHERS, among_others
from modellab.steps.scoring import Judged, Suite, scorer
from modellab.surfaces.results import Diarization, SpeechSegments, Transcript
from modellab.surfaces.sounds import Classification, Notes
from modellab.surfaces.translations import Translation
from modellab.surfaces.turn_ends import TurnEnds
from modellab.text.results import ActionItems, Chapters, Summary

K = TypeVar("K", bound=Kept)


def _of_one(role: str, kind: type[K], scores: Callable[[Reference, K], list[Score]]) -> Suite:
    """A suite that holds one result against a reference."""

    def judge(judged: Judged) -> Mapping[str, list[Score]]:
        result = judged.read(role, kind)
        return {} if result is None else {role: scores(judged.reference, result)}

    return judge


def _of_words(reference: Reference, transcript: Transcript) -> list[Score]:
    return [*asr.scores(reference, transcript), *hallucination.scores(reference, transcript)]


ASR_METRICS = scorer(
    "asr_metrics",
    "Holds the words as the model heard them against the reference transcript, and against where there is speech.",
    _of_one("transcript", Transcript, _of_words),
    code_version="3",
    reads=(Read("transcript", Kind.RECOGNITION),),
    parts={"text", "utterances", "words", "speech", "turns"},
    packages=("jiwer", "pyannote.core", "rapidfuzz", "text2num", "whisper_normalizer"),
)

DIARIZATION_METRICS = scorer(
    "diarization_metrics",
    "Holds who speaks when against the reference turns.",
    _of_one("turns", Diarization, diarization.scores),
    code_version="1",
    reads=(Read("turns", Kind.TURNS),),
    parts={"turns"},
    packages=("pyannote.metrics",),
)

FLAG_METRICS = scorer(
    "flag_metrics",
    "Puts the detectors of words that nobody said to transcripts of which it is known which words those are.",
    planted_words,
    code_version="1",
    reads=(
        Read("flags", Kind.FLAGS),
        Read("audio", Kind.AUDIO),
        Read("speech", Kind.SPEECH, required=False),
        Read("turns", Kind.TURNS, required=False),
    ),
    judges=("flags",),
    parts={"planted"},
    packages=HALLUCINATIONS.packages,
)

TTS_METRICS = scorer(
    "tts_metrics",
    "Holds speech that a voice made, and what a recogniser heard of it, against the text.",
    synthesis,
    code_version="1",
    reads=(Read("sound", Kind.SPOKEN), Read("heard", Kind.RECOGNITION, required=False)),
    judges=("sound",),
    parts={"prompt"},
    packages=(*MEDIA, "jiwer", "librosa", "onnxruntime", "rapidfuzz", "speechmos", "text2num", "whisper_normalizer"),
)

VAD_METRICS = scorer(
    "vad_metrics",
    "Holds where speech was found against where there is speech.",
    _of_one("speech", SpeechSegments, vad.scores),
    code_version="1",
    reads=(Read("speech", Kind.SPEECH),),
    parts={"speech", "turns"},
    packages=("pyannote.metrics",),
)

ENHANCE_METRICS = scorer(
    "enhance_metrics",
    "Holds the recording and what enhancement made of it against the clean speech.",
    enhancement,
    code_version="1",
    reads=(Read("after", Kind.ENHANCED), Read("before", Kind.RECORDING)),
    judges=("after",),
    parts={"clean"},
    packages=(*MEDIA, "librosa", "onnxruntime", "pystoi", "speechmos"),
    outside=(PESQ,),
)

SEPARATE_METRICS = scorer(
    "separate_metrics",
    "Holds the stems found against those that the recording was mixed from.",
    separation,
    code_version="1",
    reads=(Read("stems", Kind.STEMS), Read("mixture", Kind.RECORDING)),
    judges=("stems",),
    parts={"stems"},
    packages=(*MEDIA, "mir_eval"),
)


def _texts(judged: Judged) -> Mapping[str, list[Score]]:
    """Chapters, summary and action items, each by itself."""
    transcript = judged.read("transcript", Transcript)
    assert transcript is not None, "a required read"
    found = {
        "chapters": text.scores(judged.reference, transcript, chapters=judged.read("chapters", Chapters)),
        "summary": text.scores(judged.reference, transcript, summary=judged.read("summary", Summary)),
        "action_items": text.scores(
            judged.reference, transcript, action_items=judged.read("action_items", ActionItems)
        ),
    }
    return {role: scores for role, scores in found.items() if scores}


TEXT_METRICS = scorer(
    "text_metrics",
    "Holds chapters, summary and action items against a person's.",
    _texts,
    code_version="1",
    reads=(
        Read("transcript", Kind.TRANSCRIPT, fall_back=True),
        Read("chapters", Kind.CHAPTERS, required=False),
        Read("summary", Kind.SUMMARY, required=False),
        Read("action_items", Kind.ACTION_ITEMS, required=False),
    ),
    judges=("chapters", "summary", "action_items"),
    parts={"chapters", "summary", "actions"},
    packages=("mir_eval", "nltk", "pyannote.metrics", "rouge-score", "scipy"),
)

MEETING_METRICS = scorer(
    "meeting_metrics",
    "Holds who said what against the reference's utterances.",
    _of_one("transcript", Transcript, meeting.scores),
    code_version="3",
    # Where nobody told speakers apart there is nothing to judge: so it reads turns too.
    reads=(Read("transcript", Kind.TRANSCRIPT), Read("turns", Kind.TURNS)),
    judges=("transcript",),
    parts={"utterances", "words"},
    packages=("jiwer", "numpy", "rapidfuzz", "scipy", "whisper_normalizer"),
)


def _of_classes(reference: Reference, found: Classification) -> list[Score]:
    return classify.scores(reference, Classified(found.scores))


CLASSIFY_METRICS = scorer(
    "classify_metrics",
    "Holds the recording's classes against its labels.",
    _of_one("labels", Classification, _of_classes),
    code_version="1",
    reads=(Read("labels", Kind.LABELS),),
    parts={"labels"},
    packages=("scikit-learn",),
)

EMBED_METRICS = scorer(
    "embed_metrics",
    "Asks whether the dataset's recording that is most like this one is of the same voice.",
    among_others,
    code_version="1",
    reads=(Read("vectors", Kind.VECTORS),),
    parts={"voices", "labels"},
    packages=("numpy",),
    outside=(OTHERS,),
)


def _of_notes(reference: Reference, found: Notes) -> list[Score]:
    heard = [ReferenceNote(one.start_s, one.end_s, one.pitch, one.velocity) for one in found.notes]
    return music.scores(reference, heard)


MUSIC_METRICS = scorer(
    "music_metrics",
    "Holds the notes heard against those that were played.",
    _of_one("notes", Notes, _of_notes),
    code_version="1",
    reads=(Read("notes", Kind.NOTES),),
    parts={"notes"},
    packages=("mir_eval", "numpy"),
)

END_OF_TURN_METRICS = scorer(
    "end_of_turn_metrics",
    "Holds what was said of pauses against who spoke next.",
    _of_one("turn_ends", TurnEnds, end_of_turn.scores),
    code_version="1",
    reads=(Read("turn_ends", Kind.TURN_ENDS),),
    parts={"turns"},
)

TRANSLATE_METRICS = scorer(
    "translate_metrics",
    "Holds what was said in another language against a person's translation.",
    _of_one("translation", Translation, translate.scores),
    code_version="1",
    reads=(Read("translation", Kind.TRANSLATION),),
    parts={"translations"},
    packages=("sacrebleu",),
)

SCORERS: tuple[StepDefinition, ...] = (
    TTS_METRICS,
    SEPARATE_METRICS,
    ENHANCE_METRICS,
    VAD_METRICS,
    ASR_METRICS,
    DIARIZATION_METRICS,
    MEETING_METRICS,
    FLAG_METRICS,
    TEXT_METRICS,
    CLASSIFY_METRICS,
    EMBED_METRICS,
    MUSIC_METRICS,
    END_OF_TURN_METRICS,
    TRANSLATE_METRICS,
)
