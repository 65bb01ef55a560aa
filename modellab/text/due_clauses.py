"""Whether the clause that a time stands in lets it say when something is to be done."""

import re
from collections.abc import Iterable, Sequence

from modellab.text.due_phrases import DEADLINE_LEADS, PUNCTUATION, Phrase
from modellab.text.english import phrase_list, word_list
from modellab.text.time_grammar import TimeGrammar
from modellab.text.time_tokens import Token

DETERMINERS = frozenset(word_list("determiners"))
SUBJECTS = frozenset(word_list("subjects"))
_RELATIVE = frozenset(word_list("relative"))
_NO_RELATIVE_AFTER = frozenset(word_list("no_relative_after"))
_TAKERS = frozenset(word_list("takers"))
_MODALS = frozenset(word_list("modals"))
_CAUSES = frozenset(word_list("causes"))
_BE = frozenset(word_list("be"))
_ABSENT = frozenset(word_list("absent"))
_MOVED = frozenset(word_list("moved"))
_EVENT_OK = frozenset(word_list("event_ok"))
_ABOUT_EVENT = frozenset(word_list("about_event"))
_CORRECTING = frozenset(word_list("correcting"))
_STOPS = PUNCTUATION - frozenset('()"')


class Clauses:
    """The clauses of one sentence."""

    def __init__(self, tokens: Sequence[Token], grammar: TimeGrammar) -> None:
        self._tokens, self._grammar = tokens, grammar
        self._word = grammar.word

    def allows(self, phrase: Phrase, phrases: Iterable[Phrase]) -> bool:
        first = phrase.cut[0]
        begin = self._begin_of_clause(first)
        dated_already = phrase.is_deadline and any(other.stop == first for other in phrases)
        left = [self._word(i) for i in range(begin, first)]
        return not (
            self._is_conditional(begin, first)
            or self._is_absence(left)
            or self._is_denied(left)
            or self._is_moved(left, phrase)
            or self._describes_event(begin, phrase, phrases)
            or self._is_relative(begin, phrase)
            or (not dated_already and not self._is_future(phrase) and self._is_past(begin, first))
        )

    def around(self, at: int) -> tuple[int, int]:
        """The tokens from a clause's beginning to the next clause of its own, with the fragments before it."""
        begin = self._begin_of_clause(min(at, max(len(self._tokens) - 1, 0)))
        while begin > 1:
            piece = self._begin_of_clause(begin - 1)
            if any(self._starts_clause(i) for i in range(piece, begin)) or self._is_conditional(piece, begin - 1):
                break
            begin = piece
        stop = at
        while stop < len(self._tokens):
            if self._word(stop) in _STOPS and self._begins_another(stop + 1):
                break
            if self._word(stop) in ("and", "but", "so", "then", "because") and self._starts_clause(stop + 1):
                break
            stop += 1
        return begin, stop

    def takes_up(self, index: int) -> bool:
        """Whether the clause of a token is about what was said before: "I can do it on Monday", "it will go out"."""
        words = [self._word(i) for i in range(self._begin_of_clause(index), index)]
        base = [word.partition("'")[0] for word in words]
        by_itself = base[:1] in (["it"], ["that"], ["they"]) and bool(
            {"will", "must", "has", "needs", "should"} & set(words)
        )
        done = base[:1] in (["i"], ["we"]) and bool({"it", "that", "them", "this"} & set(words))
        return by_itself or done or (base[:1] in (["it"], ["that"]) and words[0].endswith("'ll"))

    def begins(self, index: int) -> bool:
        return self._begin_of_clause(index) == index or self._word(index - 1) in ("and", "then", "so", "but", "or")

    def _begin_of_clause(self, index: int) -> int:
        """The first token of the clause that a token is in."""
        begin = index
        while begin > 0 and self._word(begin - 1) not in _STOPS:
            joins = self._word(begin - 1) in ("and", "but", "so", "then", "or", "because")
            starts = self._starts_clause(begin)
            if joins and (starts or self._word(begin - 1) == "but"):
                return begin
            begin -= 1
        return begin

    def _starts_clause(self, index: int) -> bool:
        """Whether a clause of its own seems to begin at a token: a subject, or words that ask for something."""
        word = self._word(index)
        if word in ("please", "let", "then", "can", "could", "would", "will", "maybe"):
            return True
        return word.partition("'")[0] in SUBJECTS and word != "that" and self._word(index + 1) not in _CORRECTING

    def _begins_another(self, index: int) -> bool:
        joined = index + (
            self._word(index) in ("and", "but", "so", "then", "or", "because", "since", "as", "well", "okay")
        )
        return self._starts_clause(joined) or any(
            self._word(i) in ("is", "are", "was", "were", "will", "'s") for i in range(joined + 1, joined + 4)
        )

    def _is_conditional(self, begin: int, stop: int) -> bool:
        """Whether the tokens between lie in a clause about a condition, a reason or a purpose."""
        for index in range(stop - 1, begin - 1, -1):
            word = self._word(index)
            if index > begin and word in ("please", "then", "let", "i'll", "we'll", "you'll", "will"):
                return False
            if self._grammar.after(index, *phrase_list("subordinators")) is not None:
                return True
            found = self._grammar.after(index, *phrase_list("before_subject"))
            if found is not None and self._is_subject(found):
                if word == "so" and self._word(found + 1) not in ("can", "could", "have", "know", "may", "get"):
                    continue
                return True
        return False

    def _is_subject(self, index: int) -> bool:
        word = self._word(index)
        if word.partition("'")[0] in SUBJECTS:
            return True
        named = index < len(self._tokens) and self._tokens[index].capital and self._tokens[index].is_word
        return (
            (word in DETERMINERS or named)
            and self._grammar.read(index) is None
            and any(
                self._word(index + step)
                in ("is", "are", "was", "were", "has", "have", "comes", "gets", "arrives", "leaves", "'s")
                for step in (1, 2, 3)
            )
        )

    @staticmethod
    def _is_absence(left: Sequence[str]) -> bool:
        text = " ".join(left)
        for number, word in enumerate(left[:-1]):
            if (
                word in _BE
                and left[number + 1] in _ABSENT
                and left[number + 1] not in ("in", "here", "there", "around")
            ):
                return True
            if word in _BE and left[number + 1] in ("in", "here", "there", "around") and number + 2 >= len(left):
                return True
        return any(f" {away}" in f" {text}" for away in phrase_list("away"))

    @staticmethod
    def _is_denied(left: Sequence[str]) -> bool:
        if left and left[-1] == "but":
            return False
        for number, word in enumerate(left):
            negative = word.endswith("n't") or word in ("not", "never", "cannot", "without", "nobody", "nothing")
            following = left[number + 1] if number + 1 < len(left) else ""
            if negative and following not in ("forget", "we", "you", "i", "only", "to") and "but" not in left[number:]:
                return True
        return False

    @staticmethod
    def _is_moved(left: Sequence[str], phrase: Phrase) -> bool:
        """Whether the words move something to or from that time, or wait for it."""
        ranged = phrase.reading.kind == "day" and phrase.lead == "" and phrase.reading.counted_from is None
        until = phrase.lead in ("until", "till", "til", "up until", "for")
        return bool(_MOVED & set(left)) and (until or ranged)

    def _describes_event(self, begin: int, phrase: Phrase, phrases: Iterable[Phrase]) -> bool:
        """Whether it says when an event takes place that the thing to be done is about."""
        at = phrase.cut[0] - 1
        if any(other.stop == at - 1 and self._word(at - 1) == "'s" for other in phrases):
            return False  # "Monday's call on Tuesday"
        if phrase.lead in DEADLINE_LEADS or self._word(at).removesuffix("s") not in word_list("events"):
            return False
        for index in range(at - 1, max(begin - 1, at - 5), -1):
            word = self._word(index)
            if word in _ABOUT_EVENT:
                return True
            if word in ("at", "in", "during", "on", "before", "by", "until", "a", "an", *_EVENT_OK):
                return False
        return any(
            self._word(i) in ("the", "our", "that", "your", "this", "my", "their")
            for i in range(max(begin, at - 4), at)
        )

    def _is_relative(self, begin: int, phrase: Phrase) -> bool:
        """Whether it lies in words about something: "the demo we're giving on Monday", "what we need on Monday"."""
        for index in range(begin, phrase.cut[0]):
            word, before = self._word(index), self._word(index - 1) if index > begin else ""
            finite = self._is_subject(index + 1) or self._word(index + 1) in (
                "is",
                "are",
                "'s",
                "will",
                "has",
                "have",
                "needs",
            )
            if word in _RELATIVE and finite and phrase.lead not in DEADLINE_LEADS and index > begin:
                return True
            if self._follows_what_it_describes(index, before) and not self._ends_time(index):
                return True
            if word == "you" and before and self._word(index + 1) in _TAKERS and self._follows_noun(begin, index):
                return True
        return False

    def _follows_what_it_describes(self, index: int, before: str) -> bool:
        """Whether a subject stands right after a noun: "the report we discussed"."""
        base = self._word(index).partition("'")[0]
        if base not in ("we", "they", "he", "she", "i") or not before or not self._tokens[index - 1].is_word:
            return False
        return before not in _NO_RELATIVE_AFTER and not before.endswith("n't") and self._grammar.read(index - 1) is None

    def _ends_time(self, index: int) -> bool:
        """Whether an expression of time ends right before a token: "next week we ..."."""
        for start in range(max(0, index - 8), index):
            reading = self._grammar.read(start)
            if reading is not None and reading.stop == index:
                return True
        return False

    def _follows_noun(self, begin: int, index: int) -> bool:
        """Whether a noun with its article stands right before a token."""
        return any(self._word(i) in DETERMINERS for i in range(max(begin, index - 4), index - 1))

    def _is_future(self, phrase: Phrase) -> bool:
        """Whether the expression can't be about the past."""
        words = {self._word(i) for i in range(phrase.core, phrase.stop)}
        return (
            bool(words & {"tomorrow", "next", "coming"})
            or phrase.reading.kind in ("span", "deadline")
            or any(re.match(r"\d{4}", word) for word in words)
        )

    def _is_past(self, begin: int, stop: int) -> bool:
        """Whether the last verb before is in the past: "what we discussed", "the bug reported"."""
        for index in range(stop - 1, begin - 1, -1):
            word = self._word(index)
            if (
                (word in _MODALS and word != "to")
                or word.endswith("'ll")
                or (word == "got" and self._word(index + 1) == "to")
            ):
                return False
            if word in word_list("same_verbs"):
                if self._word(index - 1) in SUBJECTS and self._word(index - 2) not in _MODALS and index - 1 > begin:
                    return True
                continue
            participle = word in word_list("participles")
            regular = word.endswith("ed") and len(word) > 3 and word not in word_list("not_past")
            if not participle and not regular and word not in word_list("past_verbs"):
                continue
            verdict = self._past_verb(begin, index, only_participle=participle)
            if verdict is not None:
                return verdict
        return False

    def _past_verb(self, begin: int, index: int, *, only_participle: bool) -> bool | None:
        """Whether a past form is one: not "get it done", "the new, updated report"; None: an adjective."""
        at = index - 1
        while at >= begin and self._word(at) in (
            "just",
            "already",
            "also",
            "only",
            "recently",
            "originally",
            "never",
            "all",
        ):
            at -= 1
        before = self._word(at) if at >= begin else ""
        if before in DETERMINERS - {"that", "all"}:
            return None
        if before in ("be", "been", "being", "get", "gets", "is", "are") or before.partition("'")[2] in ("m", "re"):
            return before in ("been",)
        if before in ("was", "were", "had"):
            return True
        if before in ("has", "have"):
            return self._word(at - 1) not in ("will", "to") and not self._word(at - 1).endswith("'ll")
        caused = any(self._word(i) in _CAUSES for i in range(begin, index) if i != at or self._word(i) != "have")
        if before in ("it", "that", "this", "them", "these", "those") and caused:
            return False
        if before.partition("'")[0] in SUBJECTS or not before:
            return not only_participle or not caused
        return not caused
