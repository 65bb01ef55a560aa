"""What results doubt about themselves, in sentences: one for everyone, then what can be done about it.

The first sentence is for whoever reads the result, in their words; packs show it alone.
"""

from collections.abc import Sequence
from typing import Protocol

from modellab.media.canonical import IngestInfo
from modellab.speech.hallucinations.flags import FlagKind, Hallucinations
from modellab.surfaces.results import Segment, SpeechSegments, Transcript
from modellab.text.languages import language_name
from modellab.units import clock, plural

SURE = 0.7
"""A language that is detected with less is doubted. English of distant voices gets 0.69 to 0.91 from Whisper base."""
ESTIMATED_TIMES = "The times of words are estimated"
"""How a doubt about them begins. It is about the very words that it was found in: alignment may have measured them."""
_NAMED = 3


class Loudness(Protocol):
    """What knows how loud it is, and how much louder models heard it."""

    @property
    def level_lufs(self) -> float | None: ...

    @property
    def raised_db(self) -> float: ...


def said(*doubts: str | None) -> list[str]:
    """Those doubts that there are."""
    return [doubt for doubt in doubts if doubt]


def quiet_doubt(heard: Loudness, what: str = "The recording") -> str | None:
    """That something is very quiet."""
    if not heard.raised_db:
        return None
    return (
        f"{what} is very quiet ({_level(heard.level_lufs)}; speech is usually near -23), so words may be missing or "
        "wrong. ingest.normalize_loudness=true makes it louder for every step; recording closer helps more."
    )


def uncovered_doubt(transcript: Transcript) -> str | None:
    """That there is speech of which nothing was written down."""
    stretches = transcript.uncovered
    if not stretches:
        return None
    total_s = sum(stretch.duration_s for stretch in stretches)
    return (
        f"No words could be written down for {_seconds(total_s)} of speech, {_places(stretches)}. "
        "It may be in another language (asr.language, asr.multilingual=true), spoken over, or unclear."
    )


def cut_short_doubt(transcript: Transcript) -> str | None:
    """That the model came to no end by itself."""
    if not transcript.cut_short:
        return None
    return (
        f"The model wrote on and on and was stopped, {_places(transcript.cut_short)}: words there may never have been "
        "said, or be missing. Listen there; another model may hear it better."
    )


def language_doubt(transcript: Transcript) -> str | None:
    """That it is not certain which language is spoken."""
    candidates = transcript.language_candidates
    if not candidates or not transcript.utterances or candidates[0].probability >= SURE:
        return None
    if len(candidates) > 1 and any(candidates[1].language == u.language for u in transcript.utterances):
        return None  # both are spoken, and each was taken for what it is
    first, *others = (f"{language_name(each.language)} ({each.probability:.0%})" for each in candidates)
    instead = f", and might be {others[0]}" if others else ""
    return (
        f"The language was taken for {first}{instead}: if that is wrong, so are the words. "
        "asr.language says which it is, asr.languages or MODELLAB_LANGUAGES which ones there can be."
    )


def mixed_languages_doubt(transcript: Transcript) -> str | None:
    """That some of it is in another language."""
    spoken = [(u.language, Segment(u.start_s, u.end_s)) for u in transcript.utterances if u.language]
    if not spoken or not transcript.language:
        return None
    found = []
    for language in dict.fromkeys(language for language, _ in spoken):
        stretches = [stretch for of, stretch in spoken if of == language]
        found.append(f"{language_name(language)} was heard {_places(stretches)}")
    main = language_name(transcript.language)
    return f"{'; '.join(found)}; the rest was taken for {main}. asr.multilingual=true asks of every half minute."


def estimated_times_doubt(transcript: Transcript) -> str | None:
    """That nobody measured when words were said."""
    words = transcript.words
    estimated = sum(word.estimated for word in words)
    if not estimated:
        return None
    which = "" if estimated == len(words) else f" for {estimated} of {plural(len(words), 'word')}"
    return (
        f"{ESTIMATED_TIMES}{which}: the model gives none, so they follow from where there is speech and may be off by "
        "seconds. Forced alignment finds them: alignment=pocketsphinx_aligner for American English."
    )


def hallucination_doubt(found: Hallucinations, kinds: Sequence[FlagKind]) -> str | None:
    """That words were probably never said, for reasons of some kinds; of words flagged twice the kind named first is
    told."""
    told, flags = set[int](), []
    for flag in sorted((flag for flag in found.told if flag.kind in kinds), key=lambda flag: kinds.index(flag.kind)):
        words = set(range(flag.first_word, flag.end_word))
        if not words <= told:
            flags.append(flag)
            told |= words
    if not flags:
        return None
    flags.sort(key=lambda flag: flag.start_s)
    named = [f"at {clock(flag.start_s)} {_within_a_sentence(flag.why)}" for flag in flags[:_NAMED]]
    more = f"; and {plural(len(flags) - _NAMED, 'other place')}" if len(flags) > _NAMED else ""
    return (
        f"{plural(len(told), 'word')} may never have been said: {'; '.join(named)}{more}. "
        "Listen there; another model or asr.beam_size may hear it better."
    )


def _within_a_sentence(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def no_words_doubt(
    transcript: Transcript, speech: SpeechSegments, info: IngestInfo, threshold: str | None
) -> str | None:
    """Why a transcript is empty: what was heard, how loud it is, how much of it is speech; and what to try.

    Args:
        threshold: the parameter from which sound counted as speech, such as `vad.threshold`; None where there is none.
    """
    if transcript.utterances:
        return None
    source = info.source
    track = f"sound track {source.audio_stream + 1} of {source.audio_streams}" if source.audio_streams > 1 else "sound"
    loudness = speech.level_lufs if speech.level_lufs is not None else info.levels.loudness_lufs
    loud = "silent" if info.levels.is_silent or loudness is None else f"at {_level(loudness)}"
    heard = (
        f"its {track} is {loud}, with {_seconds(speech.speech_s)} of speech"
        if speech.segments
        else (f"its {track} is {loud}, and no speech was found in it")
    )
    tries = []
    if source.audio_streams > 1:
        others = [str(number) for number in range(source.audio_streams) if number != source.audio_stream]
        tries.append(f"another track (ingest.audio_stream={' or '.join(others[:_NAMED])})")
    if speech.raised_db:
        tries.append("ingest.normalize_loudness=true")
    if threshold and not speech.segments and not info.levels.is_silent:
        tries.append(f"{threshold}=0.3 for faint speech")
    if speech.segments:
        tries.append("asr.language, or another model")
    return f"No words were recognised: {heard}. " + (
        f"Try {', or '.join(tries)}." if tries else "Check the recording: there is nothing to hear."
    )


def _level(lufs: float | None) -> str:
    return "silent" if lufs is None else f"{lufs:.0f} LUFS"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds)


def _places(stretches: Sequence[Segment]) -> str:
    """Where they are: `at 0:12 (5.0 s) and 1:20 (2.1 s)`; the longest ones of many, in order of time."""
    longest = sorted(stretches, key=lambda stretch: -stretch.duration_s)[:_NAMED]
    named = [f"{clock(s.start_s)} ({_seconds(s.duration_s)})" for s in sorted(longest, key=lambda s: s.start_s)]
    if len(stretches) > len(named):
        named.append(f"{len(stretches) - len(named)} other places")
    return f"at {' and '.join([', '.join(named[:-1]), named[-1]] if len(named) > 1 else named)}"
