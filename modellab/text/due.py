"""When something that somebody takes on is due: the words that say so, and the day they mean.

`modellab.text.time_grammar` reads expressions of time to their full length; here it is judged whether an expression
says when the thing is to be done. It does not where it belongs to a noun ("the May report", "Monday's slides", "the
meeting on Monday"), to what is past ("what we discussed on Monday"), to a condition ("if I get it by Monday"), to
somebody's absence, or where it is denied. What can be read in two ways names no day: no date is better than a wrong
one. Of a correction the last counts, of alternatives and ranges the last day.
"""

import re
from dataclasses import dataclass, replace
from datetime import date

from modellab.text.due_clauses import DETERMINERS, SUBJECTS, Clauses
from modellab.text.due_phrases import DEADLINE_LEADS, OTHER_LEADS, PUNCTUATION, WHEN_LEADS, Phrase, PhraseReader
from modellab.text.english import word_list
from modellab.text.other_languages import day_in_language
from modellab.text.time_grammar import TimeGrammar
from modellab.text.time_tokens import tokenize

_STRETCH_LEADS = frozenset({"by", "before", "until", "till", "over", "during", "within", "in", "at", "no later than"})
_ARTICLES = frozenset(word_list("articles"))
_ALSO_OBJECTS = frozenset(word_list("also_objects"))
_TOPICAL = frozenset(word_list("topical"))
_READY_FOR = frozenset(word_list("ready_for"))
_EVENT = re.compile(
    r"\b(?:(?:before|until|till|by) (?:we|they|i|you|he|she)\b|(?:before|until|by|for|in time for) (?:the|our) next "
    r"(?!(?:\d+|few|couple|one|two|three|four|five|six|seven|eight|nine|ten|day|week|month|quarter|year|weekend|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?\b)\w+|"
    r"(?:before|until|by) (?:lunch|christmas|easter|thanksgiving|new year)\b)"
    r"(?:(?!\s(?:so|because|and|but|then|since)\b)[^,.;!?])*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Due:
    """When something is to be done: the words (characters `start` to `end` of the sentence), and the day."""

    text: str
    start: int
    end: int
    day: date | None
    """None when the words name an event, not a day."""
    cut: tuple[int, int]
    """Those characters and what they correct or deny: "tomorrow, I mean Friday", "not by Friday but by Monday"."""


def without_due(text: str, due: Due | None) -> str:
    """A sentence without the words that say when; all other words stay."""
    if due is None:
        return text
    before, after = text[: due.cut[0]].rstrip(), text[due.cut[1] :]
    if not after.strip() or after.lstrip()[0] in ",;.!?":
        before = before.rstrip(",")
    return before + after if not before or not after or after[0] in " ,;.!?" else f"{before} {after}"


def find_due(sentence: str, said_on: date, about: int | None = None) -> Due | None:
    """The time at which a sentence says something is due, the last of several; None when it says none.

    Args:
        about: a character of the words that say what is to be done: times in other clauses then count less.
    """
    reader = _Sentence(sentence, said_on)
    phrase, tokens = reader.choose(about), reader.tokens
    if phrase is not None:
        start, end = tokens[phrase.first].start, tokens[phrase.stop - 1].end
        cut = tokens[phrase.cut[0]].start, tokens[phrase.cut[1] - 1].end
        return Due(sentence[start:end], start, end, phrase.day, cut)
    if event := _EVENT.search(sentence):
        end = event.start() + len(event[0].rstrip())
        return Due(sentence[event.start() : end], event.start(), end, None, (event.start(), end))
    return None


def resolve_due(words: str, said_on: date, language: str | None) -> date | None:
    """The day that a due time names, in any language dateparser knows; English by the conventions of the grammar."""
    if language in ("en", None):
        due = find_due(words, said_on)
        return due.day if due else None
    return day_in_language(words, said_on, str(language))


class _Sentence:
    """One sentence: its expressions of time, and which of them says when."""

    def __init__(self, sentence: str, said_on: date) -> None:
        self.tokens = self._tokens = tokenize(sentence)
        grammar = TimeGrammar(self._tokens)
        self._word = grammar.word
        self._clauses = Clauses(self._tokens, grammar)
        self._phrases = PhraseReader(self._tokens, grammar, said_on).read()

    def choose(self, about: int | None) -> Phrase | None:
        """The expression that says when; None where none does."""
        standing = [self._extended(one) for one in self._phrases if self._stands(one)]
        if not standing:
            return None
        if about is None:
            return standing[-1]
        at = next((number for number, token in enumerate(self._tokens) if token.end > about), len(self._tokens))
        first, stop = self._clauses.around(at)
        own = [one for one in standing if first <= one.cut[0] < stop]
        if own:
            return own[-1]
        then = any(self._word(i) == "then" and self._word(i + 1) in ("", *PUNCTUATION) for i in range(at, stop))
        others = [
            one for one in standing if one.is_deadline or (then and one.first < at) or self._clauses.takes_up(one.first)
        ]
        before = [one for one in others if one.first < at]
        return next(reversed(before or others), None)

    def _stands(self, phrase: Phrase) -> bool:
        return (
            phrase.day is not None
            and phrase.lead not in OTHER_LEADS
            and self._fits_lead(phrase)
            and self._free_on_the_left(phrase)
            and self._free_on_the_right(phrase)
            and not self._meets_another(phrase)
            and self._clauses.allows(phrase, self._phrases)
        )

    def _fits_lead(self, phrase: Phrase) -> bool:
        """Whether the kind of expression can say when after its preposition."""
        lead, reading, before = phrase.lead, phrase.reading, self._word(phrase.cut[0] - 1)
        deadline = lead in DEADLINE_LEADS
        if lead == "for":
            return reading.kind in ("near", "day", "short", "ordinal", "figures") and before in _READY_FOR
        match reading.kind:
            case "ordinal" if reading.spelled and lead == "on":
                others = sum(token.text in word_list("ordinals") for token in self._tokens)
                return before not in _TOPICAL and others == 1
            case "ordinal" | "short" | "figures":
                return deadline or lead == "on"
            case "stretch":
                weekend = self._word(phrase.stop - 1) == "weekend"
                if lead == "in" and self._word(phrase.core) == "the" and self._word(phrase.stop - 1) != "quarter":
                    return False
                return lead in _STRETCH_LEADS or deadline or (weekend and lead == "on")
            case "day" | "near":
                return lead != "at"
            case _:
                return True

    def _free_on_the_left(self, phrase: Phrase) -> bool:
        """Whether nothing before it makes it a part of something else."""
        first = phrase.cut[0]
        before = self._word(first - 1)
        if before == "not":
            return False
        glued = first > 0 and self._tokens[first - 1].end == self._tokens[first].start
        if glued and before not in PUNCTUATION and before not in ("(", "[", "'"):
            return False
        if phrase.lead:
            return phrase.core == phrase.first or not (
                self._word(phrase.core - 1) in DETERMINERS and phrase.reading.kind != "stretch"
            )
        if phrase.reading.kind == "near":
            return before not in _ARTICLES
        if before in _ALSO_OBJECTS and (phrase.stop == len(self._tokens) or self._word(phrase.stop) in PUNCTUATION):
            return True  # "I'll ring her Monday."
        return before not in DETERMINERS and before not in word_list("ordinals") and not before.isdecimal()

    def _free_on_the_right(self, phrase: Phrase) -> bool:
        """Whether what follows is not what the expression describes: "the Monday deck", "Friday's build"."""
        follows = self._word(phrase.stop)
        if not follows or follows in PUNCTUATION or (follows == "'" and not self._word(phrase.stop + 1)):
            return True
        if self._takes_event(phrase):
            return True
        token = self._tokens[phrase.stop]
        if not token.is_word or (token.start == self._tokens[phrase.stop - 1].end):
            return False
        if phrase.reading.kind == "near":
            return follows not in word_list("events")
        begins = self._clauses.begins(phrase.first)
        return (
            follows in word_list("after_times")
            or follows.partition("'")[0] in SUBJECTS
            or follows.endswith("ly")
            or (token.capital and (bool(phrase.lead) or begins))
            or (begins and follows in word_list("imperatives"))
        )

    def _takes_event(self, phrase: Phrase) -> bool:
        """Whether an event follows that the deadline is for: "by Friday's standup"."""
        if phrase.lead not in DEADLINE_LEADS or phrase.reading.kind not in ("near", "day"):
            return False
        at = phrase.stop + (self._word(phrase.stop) == "'s")
        return self._word(at) in word_list("events") or (
            at > phrase.stop and self._word(at + 1) in word_list("events") and self._tokens[at].is_word
        )

    def _extended(self, phrase: Phrase) -> Phrase:
        """The expression with the event that it ends with."""
        if not self._takes_event(phrase):
            return phrase
        at = phrase.stop + (self._word(phrase.stop) == "'s")
        stop = at + 1 if self._word(at) in word_list("events") else at + 2
        return replace(phrase, stop=stop, cut=(phrase.cut[0], max(stop, phrase.cut[1])))

    def _meets_another(self, phrase: Phrase) -> bool:
        """Whether it touches another expression that names another day or none: they belong together, somehow."""
        for other in self._phrases:
            if other.reading.kind in ("stretch", "ordinal") and not other.lead:
                continue  # April may be somebody
            left, right = (other, phrase) if other.first < phrase.first else (phrase, other)
            touching = left.stop == right.first and left is not right
            together = right.lead in ("", "of", *WHEN_LEADS) and right.lead != "on"
            if touching and together and left.day != right.day:
                return True
        return False
