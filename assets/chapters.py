"""The asset `chapters`: what the parts of a recording are about."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._cited import every_line_was_said, rows, transcript_read
from assets._page import duration
from assets._pictures import Lane, timeline
from assets._step import step_asset
from modellab.media.canonical import CanonicalAudio
from modellab.steps.chapters import STEP
from modellab.steps.definition import Kind
from modellab.surfaces.results import Word
from modellab.text.results import Chapter, Chapters
from modellab.text.sentences import join_words, tokens
from modellab.units import clock, plural
from resources.engine import StepResult


def chapters_of(result: StepResult) -> Sequence[Chapter]:
    """The chapters that the step found."""
    return result.artifact.read(Chapters).chapters


def lanes(chapters: Sequence[Chapter]) -> list[Lane]:
    """Two lanes that the chapters take in turn: each change of lane and colour is a change of topic."""
    spans = [(chapter.start_s, chapter.end_s) for chapter in chapters]
    return [Lane("chapters", spans[::2]), Lane("", spans[1::2])] if spans else []


def page(result: StepResult) -> Mapping[str, Any]:
    """The chapters with their titles, and where they lie under the waveform."""
    chapters = chapters_of(result)
    shown: dict[str, Any] = {
        "chapters": rows(
            ["begins", "length", "words", "title", "words of the title are from"],
            [
                [
                    clock(chapter.start_s, 1),
                    duration(chapter.end_s - chapter.start_s),
                    str(chapter.end_word - chapter.first_word),
                    chapter.title,
                    f"{clock(chapter.evidence.start_s, 1)} {chapter.evidence.text}",
                ]
                for chapter in chapters
            ],
        ),
        "dagster/row_count": len(chapters),
    }
    if ingest := result.latest(Kind.RECORDING):
        picture = timeline(CanonicalAudio.open(ingest).envelope(), lanes(chapters))
        shown = {"waveform": dg.MetadataValue.md(picture), **shown}
    return shown


def gaps(chapters: Sequence[Chapter], words: int) -> list[str]:
    """Where chapters leave out words or share them; numbers count the transcript's words."""
    ends = [0, *(chapter.end_word for chapter in chapters)]
    starts = [*(chapter.first_word for chapter in chapters), words]
    return [f"words {end} to {start}" for end, start in zip(ends, starts, strict=True) if end != start]


def unsaid_titles(chapters: Sequence[Chapter], words: Sequence[Word]) -> list[str]:
    """Titles with a word that is not said in their chapter."""
    return [
        chapter.title
        for chapter in chapters
        if not set(tokens(chapter.title)) <= set(tokens(join_words(words[chapter.first_word : chapter.end_word])))
    ]


def _cover_every_word(result: StepResult) -> Verdict:
    chapters, words = chapters_of(result), len(transcript_read(result).words)
    wrong = gaps(chapters, words)
    return Verdict(
        not wrong,
        f"{plural(len(chapters), 'chapter')} over {plural(words, 'word')}, "
        f"{plural(len(wrong), 'gap or overlap', 'gaps or overlaps')}",
        {"at": wrong[:10]},
    )


def _titles_were_said(result: StepResult) -> Verdict:
    chapters = chapters_of(result)
    wrong = unsaid_titles(chapters, transcript_read(result).words)
    return Verdict(
        not wrong,
        f"{len(chapters) - len(wrong)} of {len(chapters)} titles are made of words said in their chapter",
        {"wrong": wrong},
    )


CHAPTERS = step_asset(
    STEP,
    group="meeting",
    kinds={"python", "json"},
    page=page,
    checks=[
        Check(
            "cover_every_word",
            "Chapters follow each other without gap or overlap, from the first word to the last.",
            _cover_every_word,
            dg.AssetCheckSeverity.ERROR,
        ),
        Check(
            "titles_were_said",
            "A title has words of its own chapter only.",
            _titles_were_said,
            dg.AssetCheckSeverity.ERROR,
        ),
        every_line_was_said(lambda result: [(chapter.title, [chapter.evidence]) for chapter in chapters_of(result)]),
    ],
)
