"""Subtitle cues of a readable length, after the usual broadcast rules: two lines of 42 columns, up to 7 seconds."""

import unicodedata
from collections.abc import Iterator, Sequence

from modellab.bundle.paragraphs import Paragraph, join
from modellab.formats.subtitles import Cue
from modellab.speech.word_times import ends_sentence
from modellab.surfaces.results import Word

LINE_COLUMNS = 42
MAX_COLUMNS = 2 * LINE_COLUMNS
MAX_S = 7.0
MIN_S = 1.0
"""A shorter cue stays this long, unless the next one begins."""
GAP_S = 1.0
"""A silence this long ends a cue."""
_CLAUSE_END = (",", ";", ":", "、", "，", "；", "،", "؛", "—", "–")


def columns(text: str) -> int:
    """Width on the screen; a Chinese, Japanese or Korean character takes two columns (Unicode TR 11)."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cues(
    paragraphs: Sequence[Paragraph], duration_s: float, prefixes: dict[str | None, str] | None = None
) -> list[Cue]:
    """Cut paragraphs into cues, at the ends of sentences and clauses where there is one near the limit.

    Only a word that is wider or longer than the limit by itself makes a cue that is; so does a prefix above a line.

    Args:
        duration_s: length of the recording; no cue lasts longer.
        prefixes: speaker -> text that will stand before the cue; its width counts.
    """
    pieces: list[tuple[list[Word], str]] = []
    for paragraph in paragraphs:
        prefix = (prefixes or {}).get(paragraph.speaker, "")
        width = max(LINE_COLUMNS, MAX_COLUMNS - columns(prefix))
        pieces += [(piece, prefix) for piece in _split(paragraph.words, width)]
    starts = [piece[0].start_s for piece, _ in pieces]
    done: list[Cue] = []
    for index, (words, prefix) in enumerate(pieces):
        end_s = max(word.end_s for word in words)
        if end_s - words[0].start_s < MIN_S:
            following = min(starts[index + 1] if index + 1 < len(starts) else duration_s, duration_s)
            end_s = max(end_s, min(words[0].start_s + MIN_S, following))
        done.append(Cue(words[0].start_s, end_s, words[0].speaker, _lines(words, prefix)))
    return done


def _split(words: Sequence[Word], width: int) -> Iterator[list[Word]]:
    current: list[Word] = []
    for word in words:
        if current and word.start_s - current[-1].end_s >= GAP_S:
            yield current
            current = []
        while current and (columns(join([*current, word])) > width or word.end_s - current[0].start_s > MAX_S):
            cut = _best_cut(current)
            yield current[:cut]
            current = current[cut:]
        current.append(word)
    if current:
        yield current


def _best_cut(words: Sequence[Word]) -> int:
    """How many words of a full cue it keeps: up to the last end of a sentence, or else clause, in its second half."""
    half = columns(join(words)) / 2
    for ends in (ends_sentence, lambda text: text.endswith(_CLAUSE_END)):
        for count in range(len(words), 0, -1):
            if columns(join(words[:count])) < half:
                break
            if ends(words[count - 1].text):
                return count
    return len(words)


def _lines(words: Sequence[Word], prefix: str) -> tuple[str, ...]:
    """One line if it fits, else the two most even ones."""
    text = prefix + join(words)
    if columns(text) <= LINE_COLUMNS or len(words) == 1:
        return (text,)
    options = [(prefix + join(words[:count]), join(words[count:])) for count in range(1, len(words))]
    return min(options, key=lambda option: max(map(columns, option)))
