"""What can be wrong with what is known of one recording: times, texts, speakers. Pure functions on a `Reference`."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from modellab.datasets.reference import Reference

TOLERANCE_S = 0.05
"""By which times may go beyond the recording or each other: files round them, to 10 ms as a rule."""
_CODES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el "
    "en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it "
    "iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt "
    "my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl "
    "sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo "
    "za zh zu"
)
_LANGUAGES = frozenset((*_CODES.split(), "jw"))
"""ISO 639-1, and what Whisper calls Javanese."""
_MARKUP = re.compile(r"<[^<>]*>|\[[^\[\]]*\]|\([^()]*\)|\{[^{}]*\}|\*[^*]*\*")
"""`<unk>`, `[noise]`, `(laughs)`, `{breath}`, `*coughs*`."""
_LAYOUT = frozenset("\t\n\r")
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Found:
    """Something that is wrong."""

    part: str
    """Of the case: `source`, `language`, or a key of its reference."""
    what: str


class Timed(Protocol):
    """Something that lasts."""

    @property
    def start_s(self) -> float: ...

    @property
    def end_s(self) -> float: ...


def problems_of(reference: Reference, duration_s: float | None) -> Iterator[Found]:
    """Everything that is wrong with a reference in itself.

    Args:
        duration_s: the recording's length; None where it is not known.
    """
    yield from _times(reference, duration_s)
    yield from _selves(reference)
    yield from _texts(reference)
    yield from _language(reference)


def _times(reference: Reference, duration_s: float | None) -> Iterator[Found]:
    spans: dict[str, Sequence[Timed]] = {
        "utterances": reference.utterances or (),
        "words": reference.words or (),
        "turns": reference.turns or (),
        "speech": reference.speech or (),
        "evaluated": reference.evaluated or (),
        "notes": reference.notes or (),
    }
    for part, several in spans.items():
        yield from _outside(part, several, duration_s)
        if empty := [one for one in several if one.end_s <= one.start_s]:
            last = "one lasts" if len(empty) == 1 else f"{len(empty)} last"
            yield Found(part, f"{last} no time: {_span(empty[0])}")
    starts = [chapter.start_s for chapter in reference.chapters or ()]
    if starts != sorted(set(starts)):
        yield Found("chapters", f"not in order of time: {', '.join(f'{start:g} s' for start in starts)}")
    if duration_s is not None and starts and max(starts) >= duration_s:
        yield Found("chapters", f"one begins at {max(starts):g} s, and the recording ends at {duration_s:g} s")
    for action in reference.actions or ():
        start_s, end_s = action.start_s, action.end_s
        last_s = max((time for time in (start_s, end_s) if time is not None), default=0.0)
        if duration_s is not None and last_s > duration_s + TOLERANCE_S:
            yield Found("actions", f"{_quoted(action.task)} is at {last_s:g} s, after the recording's end")
        if start_s is not None and end_s is not None and end_s < start_s:
            yield Found("actions", f"{_quoted(action.task)} ends before it begins")


def _outside(part: str, several: Sequence[Timed], duration_s: float | None) -> Iterator[Found]:
    if duration_s is None:
        return
    outside = [one for one in several if one.end_s > duration_s + TOLERANCE_S or one.start_s < 0.0]
    if outside:
        furthest_s = max(one.end_s for one in outside)
        lie = "one lies" if len(outside) == 1 else f"{len(outside)} lie"
        yield Found(part, f"{lie} outside the recording of {duration_s:g} s: up to {furthest_s:g} s")


def _selves(reference: Reference) -> Iterator[Found]:
    """People who speak while they speak."""
    spoken: dict[str, Iterable[tuple[str | None, Timed]]] = {
        "turns": [(one.speaker, one) for one in reference.turns or ()],
        "utterances": [(one.speaker, one) for one in reference.utterances or ()],
        "words": [(one.speaker, one) for one in reference.words or ()],
    }
    for part, several in spoken.items():
        latest: dict[str | None, Timed] = {}
        clashes: list[tuple[str | None, Timed, Timed]] = []
        for speaker, one in sorted(several, key=lambda each: (each[1].start_s, each[1].end_s)):
            before = latest.get(speaker)
            if before is not None and one.start_s < before.end_s - TOLERANCE_S:
                clashes.append((speaker, before, one))
            if before is None or one.end_s > before.end_s:
                latest[speaker] = one
        if clashes:
            speaker, before, one = clashes[0]
            times = f" ({len(clashes)} times)" if len(clashes) > 1 else ""
            who = "words overlap" if speaker is None else f"{speaker} speaks twice at once"
            yield Found(part, f"{who}: {_span(before)} and {_span(one)}{times}")


def _texts(reference: Reference) -> Iterator[Found]:
    translations = {f"translations.{name}": text for name, text in (reference.translations or {}).items()}
    given = {"text": reference.text, "prompt": reference.prompt, "summary": reference.summary, **translations}
    for part, text in given.items():
        if text and (why := no_text(text)):
            yield Found(part, why)
    if reference.prompt == "":
        yield Found("prompt", "nothing is to be said")
    unsaid = [name for name in reference.names or () if name.casefold() not in (reference.text or "").casefold()]
    if unsaid:
        yield Found("names", f"the text does not say {', '.join(map(_quoted, unsaid))}")
    said = [(one, no_text(one.text) if one.text else "it is empty") for one in reference.utterances or ()]
    if wrong := [(one, why) for one, why in said if why]:
        one, why = wrong[0]
        more = f" ({len(wrong)} such utterances)" if len(wrong) > 1 else ""
        yield Found("utterances", f"the text at {_span(one)} is none: {why}{more}")
    is_spoken = bool(reference.turns or reference.utterances or reference.words or reference.speech)
    if reference.text == "" and is_spoken:
        yield Found("text", "nothing is said, and there is speech all the same")
    for part, text in translations.items():
        if reference.text is not None and bool(reference.text) != bool(text):
            yield Found(
                part, "it is empty, and something is said" if reference.text else "nothing is said to translate"
            )
    if reference.text and reference.speech == []:
        yield Found("speech", "there is no speech, and something is said all the same")
    if reference.text and reference.turns == []:
        yield Found("turns", "nobody speaks, and something is said all the same")


def no_text(text: str) -> str | None:
    """Why a text is none; None where it is one."""
    for place, character in enumerate(text):
        if character == "\N{REPLACEMENT CHARACTER}":
            return f"a character at {place} could not be read when it was written: {_quoted(text)}"
        if unicodedata.category(character) in ("Cc", "Cn", "Co") and character not in _LAYOUT:
            return f"the control character U+{ord(character):04X} at {place}"
    if not any(character.isalnum() for character in _MARKUP.sub(" ", text)):
        return f"only markup: {_quoted(text)}"
    return None


def _language(reference: Reference) -> Iterator[Found]:
    language = reference.language
    if language is None:
        if reference.text or reference.prompt or reference.summary:
            yield Found("language", "there is text, and nobody says in which language")
        return
    for part, name in (("language", language), *((f"translations.{one}", one) for one in reference.translations or {})):
        code = name.partition("-")[0]
        if len(code) == 2 and code not in _LANGUAGES:
            yield Found(part, f"there is no language {code!r} in ISO 639-1")
        elif part != "language" and code == language.partition("-")[0]:
            yield Found(part, f"{name} is the language that is spoken")


def _span(one: Timed) -> str:
    return f"{one.start_s:g} to {one.end_s:g} s"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
