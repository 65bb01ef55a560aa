"""Summaries and action items by a language model, every line checked against what was said."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from modellab.errors import NoUsableAnswer
from modellab.surfaces.results import Transcript
from modellab.text.due import resolve_due
from modellab.text.llm.answers import (
    ActionsAnswer,
    CitedAction,
    CitedLine,
    NotSaid,
    SummaryAnswer,
    check_citations,
)
from modellab.text.llm.backends import BackendSettings, LanguageModel
from modellab.text.llm.prompts import Prompt, render_prompt
from modellab.text.results import ActionItem, ActionItems, Line, Rejection, SpeakerSummary, Summary
from modellab.text.sentences import Sentence, split_sentences, tokens
from modellab.units import plural

A = TypeVar("A", bound=BaseModel)
Progress = Callable[[float], None]
_UNKNOWN = "UNKNOWN"
"""How a sentence without a speaker is labelled in a prompt."""


class _Job:
    """One transcript, one language model, and what was rejected so far."""

    def __init__(self, transcript: Transcript, model: LanguageModel, settings: BackendSettings) -> None:
        self.transcript, self.model, self.settings = transcript, model, settings
        self.sentences = split_sentences(transcript)
        self.rejected: list[Rejection] = []
        self.accepted = 0

    def chunks(self) -> Iterator[range]:
        """Ranges of sentences of at most `chunk_words` words (a longer sentence is a chunk of its own)."""
        start = size = 0
        for index, sentence in enumerate(self.sentences):
            if size and size + sentence.words > self.settings.chunk_words:
                yield range(start, index)
                start, size = index, 0
            size += sentence.words
        if size:
            yield range(start, len(self.sentences))

    def numbered(self, chunk: range) -> str:
        """A chunk as the prompt shows it: `[12] SPEAKER_00: words`, each in one line whatever was written into it."""
        shown = ((i, self.sentences[i].speaker or _UNKNOWN, self.sentences[i].text) for i in chunk)
        return "\n".join(f"[{i}] {_in_one_line(speaker)}: {_in_one_line(text)}" for i, speaker, text in shown)

    def ask(self, prompt: Prompt, kind: type[A]) -> A:
        """A valid answer; an invalid one is sent back with what is wrong with it.

        Raises:
            NoUsableAnswer: no valid answer in 1 + `retries` attempts, or no answer at all.
        """
        schema = {"name": kind.__name__, "schema": kind.model_json_schema()}
        user, problem = prompt.user, ""
        for _ in range(1 + self.settings.retries):
            text = self.model.complete(prompt.system, user, schema)
            try:
                return kind.model_validate_json(_unfenced(text))
            except ValidationError as error:
                problem = "; ".join(
                    f"{'.'.join(map(str, e['loc'])) or 'answer'}: {e['msg']}" for e in error.errors()[:3]
                )
                wanted = json.dumps(schema["schema"])
                user = f"{prompt.user}\n\nYour last answer was not valid ({problem}). Answer with JSON of: {wanted}"
        raise NoUsableAnswer(
            f"the language model {self.model.name} gave no valid answer in {1 + self.settings.retries} attempts",
            found=problem,
            allowed=f"JSON of {kind.__name__}",
            hint="Use a model that follows JSON schemas, or raise answer_tokens; "
            "without a backend set the step needs no language model.",
        )

    def line(self, cited: CitedLine, speaker: str | None = None) -> Line | None:
        """A line with its evidence; None, and a rejection, when it does not hold."""
        try:
            evidence = check_citations(cited.evidence, self.sentences, self.transcript)
            if speaker is not None and any(one.speaker != speaker for one in evidence):
                raise NotSaid(f"it cites words that {speaker} did not say")
            if not cited.text.strip():
                raise NotSaid("it is empty")
        except NotSaid as problem:
            self.rejected.append(Rejection(cited.text, str(problem)))
            return None
        self.accepted += 1
        return Line(cited.text.strip(), evidence)

    def finish(self) -> None:
        """Refuse a result of which nothing is left.

        Raises:
            NoUsableAnswer: everything the model wrote was rejected.
        """
        if self.rejected and not self.accepted:
            raise NoUsableAnswer(
                f"everything the language model {self.model.name} wrote was rejected",
                found=f"{plural(len(self.rejected), 'line')}, the first: {self.rejected[0].reason}",
                hint="Use a larger model, or no backend at all.",
            )


def summarize_with(
    model: LanguageModel,
    transcript: Transcript,
    settings: BackendSettings,
    *,
    lines: int,
    lines_per_speaker: int,
    progress: Progress,
) -> Summary:
    """A summary by a language model. A long transcript is asked about in chunks, each giving its share of the lines.

    Raises:
        NoUsableAnswer: the model can't be reached, gives no valid answer, or nothing it wrote holds.
    """
    job = _Job(transcript, model, settings)
    chunks = list(job.chunks())
    said: list[Line] = []
    by_speaker: dict[str | None, list[Line]] = {}
    for done, chunk in enumerate(chunks):
        present = list(dict.fromkeys(s.speaker for i in chunk if (s := job.sentences[i]).speaker))
        prompt = render_prompt(
            "summarize",
            settings.prompt,
            transcript=job.numbered(chunk),
            speakers=", ".join(present) or "nobody (no speakers are known)",
            lines=max(1, round(lines / len(chunks))),
            lines_per_speaker=max(1, round(lines_per_speaker / len(chunks))),
        )
        answer = job.ask(prompt, SummaryAnswer)
        said += [line for cited in answer.lines if (line := job.line(cited))]
        for one in answer.speakers:
            if one.speaker not in present:
                job.rejected.append(Rejection(one.speaker, "there is no speaker of that label"))
                continue
            kept = [line for cited in one.lines if (line := job.line(cited, one.speaker))]
            by_speaker.setdefault(one.speaker, []).extend(kept)
        progress((done + 1) / len(chunks))
    job.finish()
    return Summary(said, _paragraphs(job.sentences, by_speaker), model.name, job.rejected)


def _paragraphs(sentences: Sequence[Sentence], by_speaker: dict[str | None, list[Line]]) -> list[SpeakerSummary]:
    paragraphs = []
    for speaker in dict.fromkeys(s.speaker for s in sentences if s.speaker):
        own = [sentence for sentence in sentences if sentence.speaker == speaker]
        talk_s = round(sum(sentence.duration_s for sentence in own), 3)
        words = sum(sentence.words for sentence in own)
        paragraphs.append(SpeakerSummary(speaker, by_speaker.get(speaker, []), words, talk_s))
    return sorted(paragraphs, key=lambda paragraph: -paragraph.talk_s)


def find_action_items_with(
    model: LanguageModel, transcript: Transcript, recorded_on: date, settings: BackendSettings, *, progress: Progress
) -> ActionItems:
    """Action items by a language model. An assignee or a due time that was not said rejects the item; the day is
    computed here from the words, not taken from the model.

    Raises:
        NoUsableAnswer: as for `summarize_with`.
    """
    job = _Job(transcript, model, settings)
    chunks = list(job.chunks())
    items: list[ActionItem] = []
    for done, chunk in enumerate(chunks):
        prompt = render_prompt(
            "action_items",
            settings.prompt,
            transcript=job.numbered(chunk),
            recorded_on=f"{recorded_on:%A, %d %B %Y}",
        )
        for cited in job.ask(prompt, ActionsAnswer).items:
            if item := _action(job, cited, recorded_on):
                items.append(item)
        progress((done + 1) / len(chunks))
    job.finish()
    items.sort(key=lambda item: item.evidence[0].first_word)
    return ActionItems(items, model.name, recorded_on, rejected=job.rejected)


def _action(job: _Job, cited: CitedAction, recorded_on: date) -> ActionItem | None:
    line = job.line(CitedLine(text=cited.task, evidence=cited.evidence))
    if line is None:
        return None
    speakers = {sentence.speaker for sentence in job.sentences}
    try:
        if cited.assignee is not None and cited.assignee not in speakers:
            _said_somewhere(cited.assignee, job.sentences, "assignee")
        if cited.due is not None:
            _said_somewhere(cited.due, [job.sentences[one.sentence] for one in cited.evidence], "due time")
    except NotSaid as problem:
        job.accepted -= 1
        job.rejected.append(Rejection(cited.task, str(problem)))
        return None
    day = resolve_due(cited.due, recorded_on, job.transcript.language) if cited.due else None
    speaker = cited.assignee if cited.assignee in speakers else None
    return ActionItem(line.text, cited.assignee, speaker, cited.due, day, line.evidence)


def _said_somewhere(words: str, sentences: Sequence[Sentence], what: str) -> None:
    wanted = tokens(words)
    for sentence in sentences:
        said = tokens(sentence.text)
        if wanted and any(said[i : i + len(wanted)] == wanted for i in range(len(said))):
            return
    raise NotSaid(f"its {what} {words!r} was not said")


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _unfenced(text: str) -> str:
    """An answer without the Markdown fence that some models put around JSON."""
    text = text.strip()
    if text.startswith("```"):
        text = text.split("\n", 1)[-1].rsplit("```", 1)[0]
    return text
