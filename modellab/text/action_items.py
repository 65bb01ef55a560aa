"""Who does what by when, from the words alone (English): commitments, requests, what the group says must be done.

The rules look at one sentence at a time for somebody taking on or being given something; then at what the others
answer, for who takes it on, when, or that it is refused or done already. docs/text-steps.md lists them and what they
miss.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from modellab.surfaces.results import Transcript
from modellab.text.addressing import answering_speakers, called_names, next_speaker, turns
from modellab.text.due import Due, find_due, without_due
from modellab.text.english import alternatives
from modellab.text.results import ActionItem, ActionItems
from modellab.text.sentences import Sentence, split_sentences, tokens

RULES_LANGUAGE = "en"
BACKEND = "rules"

_NO_TASK = rf"(?!(?:{alternatives('no_task_verbs')})\b(?! \w+ing\b))"
_ADVERB = r"(?:(?:also|just|then|definitely|quickly|maybe|please|really|probably|still)\s+)?+"
_TASK = rf"\s+{_ADVERB}{_NO_TASK}(?P<task>\w.*)"
_COMMIT = re.compile(
    r"\b(?:i'll|i will|i'm going to|i am going to|i'm gonna|i've got to|i have got to|i have to|i need to|i must|"
    rf"i want to|i can|we'll|we are going to|we're going to){_TASK}"
)
_CONTINUOUS = re.compile(r"\b(?:i'm|i am|we're)\s+(?P<task>(?!going|gonna|looking|seeing|trying|being)\w+ing\b.*)")
_REQUEST = re.compile(
    r"(?<!how )(?<!what )(?<!when )(?<!where )(?<!why )(?<!who )\b(?:(?:can|could|would|will) you|would you mind|"
    r"would you be able to|are you able to|i'd like you to|i want you to|i need you to|i'd ask you to)"
    rf"{_TASK}"
)
_PLEASE = re.compile(rf"(?:^|[,.;]\s*|\b(?:and|so|then|but)\s+)please(?!\s+(?:stay|don't)\b){_TASK}")
_SOON_DAYS = 31
_YOU_DO = re.compile(r"(?:,|\band)\s+(?:and\s+)?you\s+(?P<task>(?:\w+)\s+(?:it|them|that|this|the|a|an)\b.*)")
_NEED = re.compile(
    r"\b(?:we\s+(?:also\s+)?(?:need to|have to|must|should|ought to)|"
    rf"(?:someone|somebody|one of us)\s+(?:also\s+)?(?:needs to|has to|must)){_TASK}"
)
_TOGETHER = re.compile(rf"\blet's\s+{_ADVERB}(?!(?:{alternatives('moves_on')}|take a|put it)\b)(?P<task>\w.*)")
_IMPERATIVE = re.compile(rf"^(?:(?:okay|ok|so|then|and|now|well)[, ]+)*(?P<task>(?:{alternatives('imperatives')})\b.*)")
_LEAVE_TO_ME = re.compile(r"\b(?:leave (?:it|that|this) (?:to|with) me|i'm on it|consider it done)\b")
_HYPOTHETICAL = re.compile(
    r"^(?:(?:and|but|so|well)\s+)?(?:if|suppose|imagine)\b|\bif\b.*\b(?:could|would|had|were|might|'d)\b|"
    r"\b(?:could|would|had|'d)\b.*\bif\b|\b(?:should|could|would|might) have\b|\b(?:might|maybe we)\b"
)
_NOT_MEANT = re.compile(
    r"\b(?:said|told|says|promised|thought|asked (?:me|him|her|us|them)|don't think|not sure|don't want|no need)\b"
    r"[^,;]*$"
)
"""Before the words of a commitment or a need: somebody else's, or not wanted."""
_NEGATED = re.compile(r"^(?:not|never|no longer)\b")
_YES = re.compile(
    r"^(?:yes|yeah|yep|sure|okay|ok|of course|absolutely|will do|no problem|all right|alright|right|fine|perfect|deal|"
    r"great|certainly|happy to|with pleasure|consider it done)\b"
)
_NO = re.compile(r"^(?:no|nope|i can't|i cannot|sorry|i'd rather not|i don't think)\b(?! problem)|\balready\b")
_TAKES_UP = re.compile(r"\b(?:it|that|this|them|him|her|those|one)\b|\byou'll have\b")
_ENDS = re.compile(
    r"\s*(?:,?\s+(?:so that|because|since|otherwise|unless|although|and (?:it|that|you|i|we|let)\b).*|"
    r",\s*(?:so|but|which|then|please|and (?:it|that|you|i|we))\b.*|"
    r",?\s*(?:right|okay|please|then|anyway|either|too)?[.?!,]*)$"
)


@dataclass(frozen=True, slots=True)
class _Found:
    """An action item in the making."""

    index: int
    task: str
    to_speaker: str | None
    """Label of who is to do it, once known."""
    name: str | None
    """The name that was called."""
    open: bool
    """Whether somebody else may still take it on."""
    due: Due | None
    own: Due | None
    """When its own sentence says; `due` may come from an answer."""
    said_in: int
    """The sentence that holds the task's words."""
    also: list[int] = field(default_factory=list)
    """Sentences that take it on or say more."""


def find_action_items(transcript: Transcript, recorded_on: date) -> ActionItems:
    """The action items of a transcript, in order of time.

    Rules exist for English only; for other languages there are none and the note says so.

    Args:
        recorded_on: the day that "tomorrow" is the day after of.
    """
    if transcript.language not in (RULES_LANGUAGE, None):
        note = (
            f"Action items are found by rules for English; this recording is in {transcript.language!r}. "
            "A language model can be set up for other languages."
        )
        return ActionItems([], BACKEND, recorded_on, note=note)
    sentences = split_sentences(transcript)
    items = (_item(sentences, one) for one in _Conversation(sentences, recorded_on).read())
    return ActionItems([item for item in items if not _is_bare(item)], BACKEND, recorded_on)


def _is_bare(item: ActionItem) -> bool:
    """Whether it is one verb in passing that nobody agreed to: "I need to think" says nothing to do by any time."""
    return len(item.task.split()) == 1 and item.due_text is None and len(item.evidence) == 1


class _Conversation:
    """Goes through the sentences turn by turn, keeping what was found so far."""

    def __init__(self, sentences: Sequence[Sentence], recorded_on: date) -> None:
        self._sentences, self._day = sentences, recorded_on
        self._lower = [" ".join(s.text.lower().replace("’", "'").split()) for s in sentences]
        self._answers = answering_speakers(sentences)
        self._speakers = list(dict.fromkeys(s.speaker for s in sentences if s.speaker))
        self._found: list[_Found] = []

    def read(self) -> list[_Found]:
        """Everything found, in order."""
        spans = list(turns(self._sentences))
        for number, span in enumerate(spans):
            taken = self._answered(span) if number else set()
            called: list[str] = []
            for index in span:
                called = called_names(self._sentences[index].text) or called
                if index not in taken:
                    self._look(index, called)
        return self._found

    def _look(self, index: int, called: Sequence[str]) -> None:
        """Find what one sentence assigns."""
        text, speaker = self._lower[index], self._sentences[index].speaker
        if match := self._said(_REQUEST, text) or self._said(_PLEASE, text):
            self._add(self._requested(index, match, called))
        elif match := self._said(_COMMIT, text):
            whose = speaker if match[0].startswith("i") else None
            self._add(self._made(index, match, whose, whose is None))
            if second := self._said(_YOU_DO, text[match.start() :]):
                self._add(self._requested(index, second, called))
        elif (match := self._said(_CONTINUOUS, text)) and self._soon(self._due(index, match)):
            self._add(self._made(index, match, speaker, False))
        elif match := self._said(_NEED, text) or self._said(_TOGETHER, text):
            self._add(self._made(index, match, None, True))
        elif (match := self._said(_IMPERATIVE, _after_name(text, called))) and (called or self._agreed(index)):
            self._add(self._requested(index, match, called))

    def _made(self, index: int, match: re.Match[str], whose: str | None, is_open: bool) -> _Found:
        due = self._due(index, match)
        return _Found(index, match["task"], whose, None, is_open, due, due, index)

    def _soon(self, due: Due | None) -> bool:
        """Whether a time makes "I'm doing it" a plan: "this year we're focusing on it" is none."""
        return due is not None and due.day is not None and (due.day - self._day).days <= _SOON_DAYS

    def _due(self, index: int, match: re.Match[str] | None = None) -> Due | None:
        """When a sentence says that something is due: what `match` found in it, if given."""
        text = self._sentences[index].text
        return find_due(text, self._day, _begin_of(match["task"], text) if match else None)

    @staticmethod
    def _said(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
        """A match that is meant: not negated, hypothetical, past, or somebody's reported words."""
        match = pattern.search(text)
        if match is None or _NEGATED.search(match["task"]) or _NOT_MEANT.search(text[: match.start()]):
            return None
        hypothetical = _HYPOTHETICAL.search(text)
        return None if hypothetical and pattern is not _REQUEST and pattern is not _PLEASE else match

    def _requested(self, index: int, match: re.Match[str], called: Sequence[str]) -> _Found:
        name = called[0] if called else None
        to_speaker = self._answers.get(name) if name else self._addressee(index)
        due = self._due(index, match)
        return _Found(index, match["task"], to_speaker, name, True, due, due, index)

    def _addressee(self, index: int) -> str | None:
        """Who "you" is: the only other speaker, else whoever answers."""
        others = [speaker for speaker in self._speakers if speaker != self._sentences[index].speaker]
        return others[0] if len(others) == 1 else next_speaker(self._sentences, index)

    def _agreed(self, index: int) -> bool:
        """Whether the next speaker begins with a yes."""
        mine = self._sentences[index].speaker
        later = range(index + 1, len(self._sentences))
        answer = next((i for i in later if self._sentences[i].speaker != mine), None)
        return answer is not None and bool(_YES.search(self._lower[answer]))

    def _add(self, new: _Found) -> None:
        """Keep a finding; a need that the same turn gives to somebody becomes that request."""
        last = self._found[-1] if self._found else None
        same_turn = last is not None and self._sentences[last.index].speaker == self._sentences[new.index].speaker
        vague = last is not None and last.open and last.to_speaker is None and last.name is None
        if last and vague and same_turn and new.index - last.index == 1 and new.open and new.name:
            self._found[-1] = replace(new, index=last.index, also=[new.index], due=new.due or last.due)
        else:
            self._found.append(new)

    def _answered(self, span: range) -> set[int]:
        """Take a turn as the answer to what is open; returns the sentences used up by that."""
        last = self._found[-1] if self._found else None
        if last is None or not last.open or not 0 < span.start - max([last.index, *last.also]) <= 4:
            return set()
        speaker, first = self._sentences[span.start].speaker, self._lower[span.start]
        if speaker == self._sentences[last.index].speaker:
            return set()
        at_once = span.start - 1 in range(last.index, self._last_of_turn(last.index) + 1)
        for index in span:
            if (used := self._take_on(last, index, first if at_once else "")) is not None:
                return used
        meant = last.to_speaker is None or last.to_speaker == speaker
        if _NO.search(first) and meant and last.name is None:
            self._found.pop()
        elif _YES.search(first) and meant:
            whose = speaker if last.to_speaker or last.name else None
            self._found[-1] = replace(
                last, to_speaker=whose, also=[*last.also, span.start], open=last.to_speaker is None
            )
        return set()

    def _take_on(self, last: _Found, index: int, first: str) -> set[int] | None:
        """Whether a sentence of an answer takes the open item on; then the sentences that are used up."""
        text = self._lower[index]
        done = bool(_NO.search(first)) and "already" in first
        said = self._said(_COMMIT, text)
        commits = said or re.search(r"\byou'll have (?:it|that)\b", text)
        due = self._due(index, said)
        continuous = self._soon(due) and self._said(_CONTINUOUS, text)
        if done and index == self._last_of_turn(index):
            self._found.pop()
            return {index}
        takes = bool(_LEAVE_TO_ME.search(text)) or (
            bool(commits or continuous)
            and bool(_YES.search(first) or _TAKES_UP.search(text) or self._shares(last, text))
        )
        if not takes or done:
            return None
        speaker = self._sentences[index].speaker
        due = due or last.due
        also = [*last.also, index]
        used = {index}
        if _LEAVE_TO_ME.search(text) and index < self._last_of_turn(index):
            more = self._said(_COMMIT, self._lower[index + 1])
            if more:
                also, used = [*also, index + 1], {index, index + 1}
                due = self._due(index + 1, more) or due
        self._found[-1] = replace(last, to_speaker=speaker, open=False, due=due, also=also)
        return used

    def _last_of_turn(self, index: int) -> int:
        speaker = self._sentences[index].speaker
        while index + 1 < len(self._sentences) and self._sentences[index + 1].speaker == speaker:
            index += 1
        return index

    @staticmethod
    def _shares(last: _Found, text: str) -> bool:
        """Whether an answer repeats a longer word of the task."""
        return bool({t for t in tokens(last.task) if len(t) > 4} & set(tokens(text)))


def _after_name(text: str, called: Sequence[str]) -> str:
    """A sentence without the name it calls."""
    for name in called:
        text = re.sub(rf"^(?:\w+[,.]? )?{re.escape(name.lower())}, ", "", text)
    return text


def _item(sentences: Sequence[Sentence], found: _Found) -> ActionItem:
    evidence = [sentences[index].evidence() for index in dict.fromkeys([found.index, *found.also])]
    return ActionItem(
        task=_task_text(sentences[found.said_in].text, found),
        assignee=found.name or found.to_speaker,
        assignee_speaker=found.to_speaker,
        due_text=found.due.text if found.due else None,
        due_date=found.due.day if found.due else None,
        evidence=evidence,
    )


def _task_text(said: str, found: _Found) -> str:
    """The task in the words that were said, without the time and what only explains it."""
    begin = _begin_of(found.task, said)
    task = found.task if begin is None else said[begin : begin + len(found.task)]
    if found.own is not None:
        task = without_due(task, _within(found.own, begin or 0, len(task)))
    task = _ENDS.sub("", task.removeprefix("be ")).strip(" ,.;?!")
    return task[:1].upper() + task[1:]


def _within(due: Due, begin: int, length: int) -> Due | None:
    """A sentence's due time as a part of the sentence has it; None where it lies outside."""
    first, last = due.cut[0] - begin, due.cut[1] - begin
    return replace(due, cut=(first, last)) if first >= 0 and last <= length else None


def _begin_of(task: str, said: str) -> int | None:
    """Where words found in a sentence's lower case stand in the sentence; None where that can't be told."""
    begin = said.lower().replace("’", "'").find(task)
    return begin if begin >= 0 else None
