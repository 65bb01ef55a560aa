"""When something that somebody takes on is due: the words that say so, and the day they mean.

`modellab.text.time_grammar` reads expressions of time to their full length; here it is judged whether an expression says
when the thing is to be done. It does not where it belongs to a noun ("the May report", "Monday's slides", "the meeting on
Monday"), to what is past ("what we discussed on Monday"), to a condition ("if I get it by Monday"), to somebody's absence,
or where it is denied. What can be read in two ways names no day: no date is better than a wrong one.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from modellab.text.english import alternatives, word_list
from modellab.text.time_grammar import Reading, TimeGrammar, before_period, day_of
from modellab.text.time_tokens import Token, tokenize

_DEADLINE = (
    *("by", "before", "until", "till", "til", "due", "due by", "due on", "due in", "no later than", "not later than"),
    *("by no later than", "latest by", "at the latest by", "latest on", "at the latest on", "on or before"),
    *("prior to", "ahead of", "in time for", "up until", "due before", "by the latest", "due at"),
)
_STRICTLY_BEFORE = ("before", "prior to", "ahead of", "due before")
"""What is due before a longer time is due before its beginning."""
_WHEN = ("on", "at", "in", "over", "during", "for", "within")
_NOT_WHEN = (
    *("since", "as of", "as from", "from", "after", "starting", "starting on", "starting from", "beginning"),
    *("beginning on", "effective", "about", "of", "to", "into", "like", "than", "with", "without", "around", "circa"),
    *("roughly", "approximately", "per", "towards", "toward", "unlike", "regarding", "concerning", "against", "past"),
    *("besides", "except", "except for", "apart from", "following", "on or after", "not before", "not until", "rather than"),
    *("through", "throughout", "via", "instead of", "ever since", "back on", "back in", "by about", "by around", "on about"),
    *("on around", "more than", "less than", "only on", "not by", "not on", "at around", "in about", "in around"),
)
_LEADS = tuple(sorted((*_DEADLINE, *_WHEN, *_NOT_WHEN), key=lambda lead: -len(lead.split())))
_PARTICLES = ("in", "on", "over", "at")
"""Before "tomorrow" or a bare weekday these belong to the verb: "hand it in tomorrow"."""
_STRETCH_LEADS = frozenset({"by", "before", "until", "till", "over", "during", "within", "in", "at", "no later than"})

_DETERMINERS = frozenset(
    "the a an my our your his her its their that these those each every any some no most last past previous another other "
    "whole all 's one both few many several whose".split()
)
_ARTICLES = frozenset("the a an my our your their its 's every each".split())
_ALSO_OBJECTS = frozenset("her this these those all both one some".split())
_SUBJECTS = frozenset("i we you he she they it who everyone everybody someone somebody nobody this that there".split())
_SUBORDINATORS = ("if", "unless", "in case", "provided", "assuming", "so that", "supposing", "whether", "in order to")
_BEFORE_SUBJECT = ("when", "whenever", "once", "while", "because", "since", "although", "though", "after", "before")
_BEFORE_SUBJECT += ("until", "till", "as soon as", "as", "so", "as long as", "by the time", "the moment", "where")
_RELATIVE = frozenset("what which who whom whose where how why whatever whichever that".split())
_NO_RELATIVE_AFTER = frozenset(
    "think guess hope know believe say mean suppose sure see today tomorrow tonight and but or so then that if when what "
    "can could will would should may might must do does did shall maybe perhaps otherwise because since while until before "
    "after as once unless how why where who which please ok okay well yes yeah no".split()
)
_TAKERS = frozenset("need needs want wants have has use used like liked get got are're asked gave sent requested".split())
_MODALS = frozenset("can could will would should may might must shall do did let to please".split())
_CAUSES = frozenset("get getting have having want need like see keep make be been being is are get's gets".split())
_CAUSES |= {"i'm", "we're", "you're", "they're", "he's", "she's", "it's", "'s"}
_PAST_BE = frozenset("was were had".split())
_BE = frozenset("am is are be been being i'm we're you're they're he's she's it's 's i'll".split())
_ABSENT = frozenset(
    "out away off back busy travelling traveling sick closed unavailable free abroad gone here there in around".split()
)
_AWAY = ("on holiday", "on vacation", "on leave", "in the office", "out of office", "on the road", "in meetings")
_MOVED = frozenset(
    "move moving shift shifting push pushing postpone postponing delay delaying reschedule rescheduling defer wait waiting "
    "hold holding keep keeping stay staying change changing extend".split()
)
_TOPICAL = frozenset(
    "work working focus go start concentrate carry move sign agree based decide comment build rely depend insist report "
    "follow keep vote act check elaborate help improve spend".split()
)
_READY_FOR = frozenset(
    "it that this them these those everything ready done finished set aim aiming due go here there prepared booked planned "
    "scheduled fixed complete completed up available".split()
)
_EVENT_OK = frozenset("join attend have hold run lead host do give having holding".split())
_ABOUT_EVENT = frozenset("for from of about after to with regarding".split())
_CORRECTIONS = frozenset(
    "i mean meant no sorry actually rather wait or make that well scratch correction hmm uh um let's say let 's better it that "
    "hang on nope oops pardon ah oh".split()
)
_CORRECTING = frozenset("mean meant no sorry actually rather wait scratch correction make oops pardon nope well".split())
_PUNCTUATION = frozenset(",;:.!?—–()\"")
_STOPS = frozenset(";:.!?—–,")

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


@dataclass(frozen=True, slots=True)
class _Phrase:
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
        return self.lead in _DEADLINE or self.reading.kind == "deadline"


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
    tokens = tokenize(sentence)
    reader = _Sentence(tokens, said_on)
    phrase = reader.choose(about)
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
    if language not in _dateparser_languages():
        return None
    return _parsed(words, said_on, str(language))


def _parsed(words: str, said_on: date, language: str) -> date | None:
    """The day that dateparser takes the words, all of them, for; None where they name no single day to come."""
    import dateparser

    settings = {
        "RELATIVE_BASE": datetime.combine(said_on, time()),
        "PREFER_DATES_FROM": "future",
        "REQUIRE_PARTS": ["day"],
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    try:
        found = dateparser.parse(words, languages=[language], settings=settings)
    except Exception:  # dateparser raises whatever its arithmetic does, on days that no calendar has
        return None
    return found.date() if found and found.date() >= said_on else None


def _dateparser_languages() -> frozenset[str]:
    from dateparser.data.languages_info import language_order

    return frozenset(language_order)


class _Sentence:
    """One sentence: its expressions of time, and which of them says when."""

    def __init__(self, tokens: Sequence[Token], said_on: date) -> None:
        self._tokens, self._said_on = tokens, said_on
        self._grammar = TimeGrammar(tokens)
        self._word = self._grammar.word

    def choose(self, about: int | None) -> _Phrase | None:
        """The expression that says when; None where none does."""
        phrases = list(self._grouped(list(self._phrases())))
        standing = [self._extended(one) for one in phrases if self._stands(one, phrases)]
        if not standing:
            return None
        if about is None:
            return standing[-1]
        at = next((number for number, token in enumerate(self._tokens) if token.end > about), len(self._tokens))
        first, stop = self._clause(at)
        own = [one for one in standing if first <= one.cut[0] < stop]
        if own:
            return own[-1]
        then = any(self._word(i) == "then" and self._word(i + 1) in ("", *_PUNCTUATION) for i in range(at, stop))
        others = [one for one in standing if one.is_deadline or (then and one.first < at) or self._takes_up(one.first)]
        before = [one for one in others if one.first < at]
        return (before or others or [None])[-1]

    def _takes_up(self, index: int) -> bool:
        """Whether the clause of a token is about what was said before: "I can do it on Monday", "and it will go out"."""
        words = [self._word(i) for i in range(self._begin_of_clause(index), index)]
        base = [word.partition("'")[0] for word in words]
        by_itself = base[:1] in (["it"], ["that"], ["they"]) and bool({"will", "must", "has", "needs", "should"} & set(words))
        done = base[:1] in (["i"], ["we"]) and bool({"it", "that", "them", "this"} & set(words))
        return by_itself or done or (base[:1] in (["it"], ["that"]) and words[0].endswith("'ll"))

    # --- expressions

    def _phrases(self) -> Iterator[_Phrase]:
        index = 0
        while index < len(self._tokens):
            phrase = self._phrase(index)
            if phrase:
                yield phrase
            index = phrase.stop if phrase else index + 1

    def _phrase(self, index: int) -> _Phrase | None:
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
            if bare is not None and bare.stop == reading.stop and (bare.kind == "span" or lead in _NOT_WHEN):
                break  # the grammar knows the preposition: "in two days", "towards the end of next week"
            near = reading.kind == "near" or (reading.is_weekday and lead != "on")
            if lead in _PARTICLES and near:
                return self._made(core, core, "", reading)
            return self._made(index, core, lead, reading)
        return self._made(index, index, "", bare) if bare else None

    def _made(self, first: int, core: int, lead: str, reading: Reading) -> _Phrase:
        if lead in _STRICTLY_BEFORE and reading.kind in ("period", "stretch"):
            reading = replace(reading, day=before_period(reading, self._word(reading.stop - 1)))
        return _Phrase(first, core, reading.stop, lead, reading, day_of(reading, self._said_on), (first, reading.stop))

    def _grouped(self, phrases: Sequence[_Phrase]) -> Iterator[_Phrase]:
        """Alternatives and ranges as one, and corrected expressions with what corrects them."""
        current: _Phrase | None = None
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

    def _joined(self, one: _Phrase, other: _Phrase, between: list[str], listed: bool) -> _Phrase | None:
        """Two expressions of one choice or range; its day is the last."""
        ranged = other.lead in ("to", "until", "till", "through") or between in (["-"], ["–"], ["thru"])
        by_word = [word for word in between if word != ","]
        weekdays = one.reading.is_weekday and other.reading.is_weekday
        chosen = by_word in (["or"], ["and"], ["or", "maybe"], ["or", "even"], ["or", "else"], ["and", "then"])
        chosen = chosen or (between == [","] and weekdays and listed and other.lead == "")
        if not (ranged and not by_word or ranged and between in (["-"], ["–"], ["thru"]) or chosen):
            return None
        if other.reading.kind in ("ordinal", "stretch", "figures") and not other.lead:
            other = replace(other, lead=one.lead)
        follows = self._word(other.stop)
        if chosen and by_word[:1] == ["and"] and (follows.partition("'")[0] in _SUBJECTS or other.lead in _DEADLINE):
            return None
        if one.lead in _NOT_WHEN or (other.lead in _NOT_WHEN and not ranged):
            return None
        last = TimeGrammar.later(one.reading, other.reading, in_turn=ranged)
        first = one.first - (self._word(one.first - 1) == "either")
        reading = replace(other.reading, day=last, is_weekday=False)
        return _Phrase(
            first, one.core, other.stop, one.lead, reading, day_of(reading, self._said_on), (first, other.cut[1])
        )

    @staticmethod
    def _corrects(between: list[str]) -> bool:
        words = [word for word in between if word not in _PUNCTUATION]
        return bool(words) and set(words) <= _CORRECTIONS and bool(set(words) & _CORRECTING)

    def _denied(self, one: _Phrase, between: list[str]) -> bool:
        """Whether an expression is denied in favour of the next: "not Friday but Monday"."""
        by_word = [word for word in between if word != ","]
        denied = self._word(one.first - 1) == "not" or one.lead.startswith("not ")
        return denied and by_word in ([], ["but"], ["but", "rather"], ["rather"], ["but", "only"])

    # --- which of them stand

    def _stands(self, phrase: _Phrase, phrases: Iterable[_Phrase]) -> bool:
        return (
            phrase.day is not None
            and phrase.lead not in _NOT_WHEN
            and self._fits_lead(phrase)
            and self._free_on_the_left(phrase)
            and self._free_on_the_right(phrase)
            and not self._meets_another(phrase, phrases)
            and self._in_a_clause_to_come(phrase, phrases)
        )

    def _fits_lead(self, phrase: _Phrase) -> bool:
        """Whether the kind of expression can say when after its preposition."""
        lead, reading, before = phrase.lead, phrase.reading, self._word(phrase.cut[0] - 1)
        deadline = lead in _DEADLINE
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

    def _free_on_the_left(self, phrase: _Phrase) -> bool:
        """Whether nothing before it makes it a part of something else."""
        first = phrase.cut[0]
        before = self._word(first - 1)
        if before == "not":
            return False
        glued = first > 0 and self._tokens[first - 1].end == self._tokens[first].start
        if glued and before not in _PUNCTUATION and before not in ("(", "[", "'"):
            return False
        if phrase.lead:
            return phrase.core == phrase.first or not (self._word(phrase.core - 1) in _DETERMINERS and phrase.reading.kind != "stretch")
        if phrase.reading.kind == "near":
            return before not in _ARTICLES
        if before in _ALSO_OBJECTS and (phrase.stop == len(self._tokens) or self._word(phrase.stop) in _PUNCTUATION):
            return True  # "I'll ring her Monday."
        return before not in _DETERMINERS and before not in word_list("ordinals") and not before.isdecimal()

    def _free_on_the_right(self, phrase: _Phrase) -> bool:
        """Whether what follows is not what the expression describes: "the Monday deck", "Friday's build"."""
        follows = self._word(phrase.stop)
        if not follows or follows in _PUNCTUATION or follows == "'" and not self._word(phrase.stop + 1):
            return True
        if self._takes_event(phrase):
            return True
        token = self._tokens[phrase.stop]
        if not token.is_word or (token.start == self._tokens[phrase.stop - 1].end):
            return False
        if phrase.reading.kind == "near":
            return follows not in word_list("events")
        begins = self._begins_clause(phrase.first)
        return (
            follows in word_list("after_times")
            or follows.partition("'")[0] in _SUBJECTS
            or follows.endswith("ly")
            or (token.capital and (bool(phrase.lead) or begins))
            or (begins and follows in word_list("imperatives"))
        )

    def _takes_event(self, phrase: _Phrase) -> bool:
        """Whether an event follows that the deadline is for: "by Friday's standup"."""
        if phrase.lead not in _DEADLINE or phrase.reading.kind not in ("near", "day"):
            return False
        at = phrase.stop + (self._word(phrase.stop) == "'s")
        return self._word(at) in word_list("events") or (
            at > phrase.stop and self._word(at + 1) in word_list("events") and self._tokens[at].is_word
        )

    def _extended(self, phrase: _Phrase) -> _Phrase:
        """The expression with the event that it ends with."""
        if not self._takes_event(phrase):
            return phrase
        at = phrase.stop + (self._word(phrase.stop) == "'s")
        stop = at + 1 if self._word(at) in word_list("events") else at + 2
        return replace(phrase, stop=stop, cut=(phrase.cut[0], max(stop, phrase.cut[1])))

    def _meets_another(self, phrase: _Phrase, phrases: Iterable[_Phrase]) -> bool:
        """Whether it touches another expression that names another day or none: they belong together, somehow."""
        for other in phrases:
            if other.reading.kind in ("stretch", "ordinal") and not other.lead:
                continue  # April may be somebody
            left, right = (other, phrase) if other.first < phrase.first else (phrase, other)
            touching = left.stop == right.first and left is not right
            together = right.lead in ("", "of", *_WHEN) and right.lead != "on"
            if touching and together and left.day != right.day:
                return True
        return False

    # --- the clause

    def _in_a_clause_to_come(self, phrase: _Phrase, phrases: Iterable[_Phrase]) -> bool:
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
        return word.partition("'")[0] in _SUBJECTS and word != "that" and self._word(index + 1) not in _CORRECTING

    def _begins_clause(self, index: int) -> bool:
        return self._begin_of_clause(index) == index or self._word(index - 1) in ("and", "then", "so", "but", "or")

    def _clause(self, at: int) -> tuple[int, int]:
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

    def _begins_another(self, index: int) -> bool:
        joined = index + (self._word(index) in ("and", "but", "so", "then", "or", "because", "since", "as", "well", "okay"))
        return self._starts_clause(joined) or any(
            self._word(i) in ("is", "are", "was", "were", "will", "'s") for i in range(joined + 1, joined + 4)
        )

    def _is_conditional(self, begin: int, stop: int) -> bool:
        """Whether the tokens between lie in a clause about a condition, a reason or a purpose."""
        for index in range(stop - 1, begin - 1, -1):
            word = self._word(index)
            if index > begin and (word in ("please", "then", "let", "i'll", "we'll", "you'll") or word == "will"):
                if not (word == "then" or word == "will") or self._word(index + 1):
                    return False
            if self._grammar.after(index, *_SUBORDINATORS) is not None:
                return True
            found = self._grammar.after(index, *_BEFORE_SUBJECT)
            if found is not None and self._is_subject(found):
                if word == "so" and self._word(found + 1) not in ("can", "could", "have", "know", "may", "get"):
                    continue
                return True
        return False

    def _is_subject(self, index: int) -> bool:
        word = self._word(index)
        if word.partition("'")[0] in _SUBJECTS:
            return True
        named = index < len(self._tokens) and self._tokens[index].capital and self._tokens[index].is_word
        return (word in _DETERMINERS or named) and self._grammar.read(index) is None and any(
            self._word(index + step) in ("is", "are", "was", "were", "has", "have", "comes", "gets", "arrives", "leaves", "'s")
            for step in (1, 2, 3)
        )

    @staticmethod
    def _is_absence(left: Sequence[str]) -> bool:
        text = " ".join(left)
        for number, word in enumerate(left[:-1]):
            if word in _BE and left[number + 1] in _ABSENT and left[number + 1] not in ("in", "here", "there", "around"):
                return True
            if word in _BE and left[number + 1] in ("in", "here", "there", "around") and number + 2 >= len(left):
                return True
        return any(f" {away}" in f" {text}" for away in _AWAY)

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
    def _is_moved(left: Sequence[str], phrase: _Phrase) -> bool:
        """Whether the words move something to or from that time, or wait for it."""
        ranged = phrase.reading.kind == "day" and phrase.lead == "" and phrase.reading.counted_from is None
        until = phrase.lead in ("until", "till", "til", "up until", "for")
        return bool(_MOVED & set(left)) and (until or ranged)

    def _describes_event(self, begin: int, phrase: _Phrase, phrases: Iterable[_Phrase]) -> bool:
        """Whether it says when an event takes place that the thing to be done is about."""
        at = phrase.cut[0] - 1
        if any(other.stop == at - 1 and self._word(at - 1) == "'s" for other in phrases):
            return False  # "Monday's call on Tuesday"
        if phrase.lead in _DEADLINE or self._word(at).removesuffix("s") not in word_list("events"):
            return False
        for index in range(at - 1, max(begin - 1, at - 5), -1):
            word = self._word(index)
            if word in _ABOUT_EVENT:
                return True
            if word in ("at", "in", "during", "on", "before", "by", "until", "a", "an", *_EVENT_OK):
                return False
        return any(self._word(i) in ("the", "our", "that", "your", "this", "my", "their") for i in range(max(begin, at - 4), at))

    def _is_relative(self, begin: int, phrase: _Phrase) -> bool:
        """Whether it lies in words about something: "the demo we're giving on Monday", "what we need on Monday"."""
        for index in range(begin, phrase.cut[0]):
            word, before = self._word(index), self._word(index - 1) if index > begin else ""
            finite = self._is_subject(index + 1) or self._word(index + 1) in ("is", "are", "'s", "will", "has", "have", "needs")
            if word in _RELATIVE and finite and phrase.lead not in _DEADLINE and index > begin:
                return True
            base = word.partition("'")[0]
            if base in ("we", "they", "he", "she", "i") and before and self._tokens[index - 1].is_word:
                if before not in _NO_RELATIVE_AFTER and not before.endswith("n't") and not self._grammar.read(index - 1):
                    return not self._ends_time(index)
            if word == "you" and before and self._word(index + 1) in _TAKERS and self._follows_noun(begin, index):
                return True
        return False

    def _ends_time(self, index: int) -> bool:
        """Whether an expression of time ends right before a token: "next week we ..."."""
        for start in range(max(0, index - 8), index):
            reading = self._grammar.read(start)
            if reading is not None and reading.stop == index:
                return True
        return False

    def _follows_noun(self, begin: int, index: int) -> bool:
        """Whether a noun with its article stands right before a token."""
        return any(self._word(i) in _DETERMINERS for i in range(max(begin, index - 4), index - 1))

    def _is_future(self, phrase: _Phrase) -> bool:
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
            if (word in _MODALS and word != "to") or word.endswith("'ll") or (word == "got" and self._word(index + 1) == "to"):
                return False
            if word in word_list("same_verbs"):
                if self._word(index - 1) in _SUBJECTS and self._word(index - 2) not in _MODALS and index - 1 > begin:
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
        """Whether a past form is one: not "get it done", "the updated report" or "must be signed"; None: an adjective."""
        at = index - 1
        while at >= begin and self._word(at) in ("just", "already", "also", "only", "recently", "originally", "never", "all"):
            at -= 1
        before = self._word(at) if at >= begin else ""
        if before in _DETERMINERS - {"that", "all"}:
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
        if before.partition("'")[0] in _SUBJECTS or not before:
            return not only_participle or not caused
        return not caused
