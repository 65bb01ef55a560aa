"""Expressions of time with the prepositions before them; alternatives, ranges and corrections as one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from modellab.text.english import phrase_list, word_list
from modellab.text.time_grammar import Reading, TimeGrammar, before_period, day_of
from modellab.text.time_tokens import Token

DEADLINE_LEADS = frozenset(phrase_list("deadline_leads"))
OTHER_LEADS = frozenset(phrase_list("other_leads"))
WHEN_LEADS = ("on", "at", "in", "over", "during", "for", "within")
PUNCTUATION = frozenset(',;:.!?—–()"')
_LEADS = tuple(sorted((*DEADLINE_LEADS, *WHEN_LEADS, *OTHER_LEADS), key=lambda lead: (-len(lead.split()), lead)))
_STRICTLY_BEFORE = ("before", "prior to", "ahead of", "due before")
"""What is due before a longer time is due before its beginning."""
_PARTICLES = ("in", "on", "over", "at")
"""Before "tomorrow" or a bare weekday these belong to the verb: "hand it in tomorrow"."""
_SUBJECTS = frozenset(word_list("subjects"))
_CORRECTIONS = frozenset(word_list("corrections"))
_CORRECTING = frozenset(word_list("correcting"))


@dataclass(frozen=True, slots=True)
class Phrase:
    """An expression of time with the preposition before it."""

    first: int
    """Number of its first token."""
    core: int
    """Number of the first token after the preposition."""
    stop: int
    lead: str
    reading: Reading
    day: date | None
    cut: tuple[int, int]
    """First token and the one after the last of what goes with it."""

    @property
    def is_deadline(self) -> bool:
        return self.lead in DEADLINE_LEADS or self.reading.kind == "deadline"


class PhraseReader:
    """Reads the phrases of one sentence.

    Args:
        said_on: the day that "tomorrow" is the day after of.
    """

    def __init__(self, tokens: Sequence[Token], grammar: TimeGrammar, said_on: date) -> None:
        self._tokens, self._grammar, self._said_on = tokens, grammar, said_on
        self._word = grammar.word

    def read(self) -> list[Phrase]:
        """Every phrase, in order."""
        return list(self._grouped(list(self._phrases())))

    def _phrases(self) -> Iterator[Phrase]:
        index = 0
        while index < len(self._tokens):
            phrase = self._phrase(index)
            if phrase:
                yield phrase
            index = phrase.stop if phrase else index + 1

    def _phrase(self, index: int) -> Phrase | None:
        bare = self._grammar.read(index)
        if self._grammar.after(index, *_LEADS) is None:
            return self._made(index, index, "", bare) if bare else None
        for lead in _LEADS:
            core = self._grammar.after(index, lead)
            if core is None:
                continue
            core = self._grammar.after(core, "the very", "about the", "sometime", "some time") or core
            reading = self._grammar.read(core)
            if reading is None or (bare is not None and bare.stop > reading.stop):
                continue
            if bare is not None and bare.stop == reading.stop and (bare.kind == "span" or lead in OTHER_LEADS):
                break  # the grammar knows the preposition: "in two days", "towards the end of next week"
            near = reading.kind == "near" or (reading.is_weekday and lead != "on")
            if lead in _PARTICLES and near:
                return self._made(core, core, "", reading)
            return self._made(index, core, lead, reading)
        return self._made(index, index, "", bare) if bare else None

    def _made(self, first: int, core: int, lead: str, reading: Reading) -> Phrase:
        if lead in _STRICTLY_BEFORE and reading.kind in ("period", "stretch"):
            reading = replace(reading, day=before_period(reading, self._word(reading.stop - 1)))
        return Phrase(first, core, reading.stop, lead, reading, day_of(reading, self._said_on), (first, reading.stop))

    def _grouped(self, phrases: Sequence[Phrase]) -> Iterator[Phrase]:
        """Alternatives and ranges as one, and corrected expressions with what corrects them."""
        current: Phrase | None = None
        for number, phrase in enumerate(phrases):
            if current is None:
                current = phrase
                continue
            between = [self._word(i) for i in range(current.stop, phrase.first)]
            listed = number + 1 < len(phrases) and self._word(phrase.stop) in ("or", "and", ",")
            if joined := self._joined(current, phrase, between, listed):
                current = joined
            elif self._corrects(between) or self._denied(current, between):
                denied = self._word(current.first - 1) == "not"
                lead = phrase.lead or current.lead
                current = replace(phrase, lead=lead, cut=(current.cut[0] - denied, phrase.cut[1]))
            elif between in (["not"], [",", "not"], ["and", "not"], [",", "and", "not"]) or phrase.lead in (
                "rather than",
                "instead of",
                "not by",
                "not on",
            ):
                current = replace(current, cut=(current.cut[0], phrase.cut[1]))
            else:
                yield current
                current = phrase
        if current is not None:
            yield current

    def _joined(self, one: Phrase, other: Phrase, between: list[str], listed: bool) -> Phrase | None:
        """Two expressions of one choice or range; its day is the last."""
        ranged = other.lead in ("to", "until", "till", "through") or between in (["-"], ["–"], ["thru"])
        by_word = [word for word in between if word != ","]
        weekdays = one.reading.is_weekday and other.reading.is_weekday
        chosen = by_word in (["or"], ["and"], ["or", "maybe"], ["or", "even"], ["or", "else"], ["and", "then"])
        chosen = chosen or (between == [","] and weekdays and listed and other.lead == "")
        if not ((ranged and not by_word) or (ranged and between in (["-"], ["–"], ["thru"])) or chosen):
            return None
        if other.reading.kind in ("ordinal", "stretch", "figures") and not other.lead:
            other = replace(other, lead=one.lead)
        follows = self._word(other.stop)
        if (
            chosen
            and by_word[:1] == ["and"]
            and (follows.partition("'")[0] in _SUBJECTS or other.lead in DEADLINE_LEADS)
        ):
            return None
        if one.lead in OTHER_LEADS or (other.lead in OTHER_LEADS and not ranged):
            return None
        last = TimeGrammar.later(one.reading, other.reading, in_turn=ranged)
        first = one.first - (self._word(one.first - 1) == "either")
        reading = replace(other.reading, day=last, is_weekday=False)
        return Phrase(
            first, one.core, other.stop, one.lead, reading, day_of(reading, self._said_on), (first, other.cut[1])
        )

    @staticmethod
    def _corrects(between: list[str]) -> bool:
        words = [word for word in between if word not in PUNCTUATION]
        return bool(words) and set(words) <= _CORRECTIONS and bool(set(words) & _CORRECTING)

    def _denied(self, one: Phrase, between: list[str]) -> bool:
        """Whether an expression is denied in favour of the next: "not Friday but Monday"."""
        by_word = [word for word in between if word != ","]
        denied = self._word(one.first - 1) == "not" or one.lead.startswith("not ")
        return denied and by_word in ([], ["but"], ["but", "rather"], ["rather"], ["but", "only"])
