"""What a language model may answer, and the check that its quotes were said."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from modellab.surfaces.results import Transcript
from modellab.text.results import Evidence
from modellab.text.sentences import Sentence, join_words, tokens

_SHORTEST_QUOTE = 3
"""Words in a quote at least, unless the sentence itself has fewer: a single word proves nothing."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Citation(_Answer):
    """A sentence's number, and words copied from it."""

    sentence: int
    quote: str


class CitedLine(_Answer):
    """One line and what it rests on."""

    text: str
    evidence: list[Citation]


class CitedSpeaker(_Answer):
    """What one speaker said."""

    speaker: str
    lines: list[CitedLine]


class SummaryAnswer(_Answer):
    """Answer to the prompt `summarize`."""

    lines: list[CitedLine]
    speakers: list[CitedSpeaker]


class CitedAction(_Answer):
    """One action item."""

    task: str
    assignee: str | None
    due: str | None
    evidence: list[Citation]


class ActionsAnswer(_Answer):
    """Answer to the prompt `action_items`."""

    items: list[CitedAction]


class NotSaid(Exception):
    """A citation that does not hold; says why."""


def check_citations(
    citations: Sequence[Citation], sentences: Sequence[Sentence], transcript: Transcript
) -> list[Evidence]:
    """The words each citation quotes, as evidence.

    Case, punctuation and white space need not match; the words and their order must.

    Raises:
        NotSaid: no citation at all, a sentence that does not exist, or words that it does not have.
    """
    if not citations:
        raise NotSaid("it cites nothing")
    return [_check(citation, sentences, transcript) for citation in citations]


def _check(citation: Citation, sentences: Sequence[Sentence], transcript: Transcript) -> Evidence:
    if not 0 <= citation.sentence < len(sentences):
        raise NotSaid(f"there is no sentence {citation.sentence}")
    sentence = sentences[citation.sentence]
    said = [
        (token, index)
        for index in range(sentence.first_word, sentence.end_word)
        for token in tokens(transcript.words[index].text)
    ]
    wanted = tokens(citation.quote)
    if len(wanted) < min(_SHORTEST_QUOTE, len(said)) or not wanted:
        raise NotSaid(f"the quote {citation.quote!r} is too short to prove anything")
    for start in range(len(said) - len(wanted) + 1):
        if [token for token, _ in said[start : start + len(wanted)]] == wanted:
            return _evidence(sentence, transcript, said[start][1], said[start + len(wanted) - 1][1] + 1)
    raise NotSaid(f"the words {citation.quote!r} were not said in sentence {citation.sentence} ({sentence.text!r})")


def _evidence(sentence: Sentence, transcript: Transcript, first: int, end: int) -> Evidence:
    words = transcript.words[first:end]
    return Evidence(
        words[0].start_s, max(word.end_s for word in words), sentence.speaker, first, end, join_words(words)
    )
