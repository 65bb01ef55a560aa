from pathlib import Path

import numpy as np
import pytest

from modellab.documents import dump, load
from modellab.surfaces.contracts import EmbedModel
from modellab.surfaces.results import Transcript, Utterance, Word
from modellab.text.chapters import find_chapters
from modellab.text.dialogues import load_dialogues, transcript_of
from modellab.text.results import Chapters, Evidence, Summary
from modellab.text.sentences import join_words, tokens
from modellab.text.summary import summarize

DIALOGUES = load_dialogues("dev")


def assert_said(evidence: Evidence, transcript: Transcript) -> None:
    words = transcript.words[evidence.first_word : evidence.end_word]
    assert evidence.text == join_words(words) != ""
    assert (evidence.start_s, evidence.end_s) == (words[0].start_s, words[-1].end_s)
    assert {word.speaker for word in words} == {evidence.speaker}


def test_embeddings_tell_meanings_apart_whatever_the_batch(embedder: EmbedModel) -> None:
    texts = ["The cat sleeps on the sofa.", "A kitten naps on the couch.", "Interest rates went up in March."]
    vectors = embedder.embed(texts)
    assert vectors.shape == (3, 384) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.5 > 0.2 > vectors[0] @ vectors[2]
    np.testing.assert_allclose(embedder.embed(texts[:1])[0], vectors[0], atol=1e-5)


@pytest.mark.parametrize("dialogue", DIALOGUES[:3], ids=lambda d: d.id)
def test_chapters_cover_every_word_and_take_titles_from_them(
    dialogue: object, embedder: EmbedModel, tmp_path: Path
) -> None:
    transcript = dialogue.transcript()  # type: ignore[attr-defined]
    found = find_chapters(transcript, embedder, most=20)
    edges = [(chapter.first_word, chapter.end_word) for chapter in found.chapters]
    assert [first for first, _ in edges] == [0, *[end for _, end in edges[:-1]]]
    assert edges[-1][1] == len(transcript.words)
    for chapter in found.chapters:
        said = tokens(join_words(transcript.words[chapter.first_word : chapter.end_word]))
        assert chapter.title and set(tokens(chapter.title)) <= set(said)
        assert_said(chapter.evidence, transcript)
    dump(found, tmp_path / "chapters.json")
    assert load(Chapters, tmp_path / "chapters.json") == found


@pytest.mark.parametrize("dialogue", DIALOGUES[:3], ids=lambda d: d.id)
def test_every_line_of_a_summary_was_said(dialogue: object, embedder: EmbedModel, tmp_path: Path) -> None:
    transcript = dialogue.transcript()  # type: ignore[attr-defined]
    chapters = find_chapters(transcript, embedder, most=20)
    summary = summarize(transcript, embedder, chapters, lines=4, lines_per_speaker=2)
    assert len(summary.lines) == 4
    assert [line.evidence[0].first_word for line in summary.lines] == sorted(
        line.evidence[0].first_word for line in summary.lines
    )
    for line in [*summary.lines, *(line for speaker in summary.speakers for line in speaker.lines)]:
        (evidence,) = line.evidence
        assert_said(evidence, transcript)
        assert tokens(line.text) == [t for t in tokens(evidence.text) if t not in {"um", "uh", "hm"}]
    for speaker in summary.speakers:
        assert 0 < len(speaker.lines) <= 2
        assert {line.evidence[0].speaker for line in speaker.lines} == {speaker.speaker}
        assert not {line.text for line in speaker.lines} & {line.text for line in summary.lines}
    assert sum(speaker.words for speaker in summary.speakers) == len(transcript.words)
    dump(summary, tmp_path / "summary.json")
    assert load(Summary, tmp_path / "summary.json") == summary


def test_fillers_and_backchannels_are_left_out(embedder: EmbedModel) -> None:
    transcript = transcript_of(
        [
            ("A", "Okay, so um the warehouse in Rotterdam uh lost four pallets of coffee."),
            ("B", "Mm-hm. Yeah, yeah. Right."),
        ]
    )
    summary = summarize(transcript, embedder, None, lines=3, lines_per_speaker=3)
    assert [line.text for line in summary.lines] == ["The warehouse in Rotterdam lost four pallets of coffee."]
    assert [(speaker.speaker, speaker.text) for speaker in summary.speakers] == [
        ("A", "The warehouse in Rotterdam lost four pallets of coffee."),
        ("B", ""),
    ]


def test_nothing_said_gives_nothing(embedder: EmbedModel) -> None:
    empty = Transcript([], 5.0)
    assert find_chapters(empty, embedder, most=20).chapters == []
    assert summarize(empty, embedder, None, lines=3, lines_per_speaker=3) == Summary([], [], "extractive")


def test_german_gets_chapters_and_a_summary(embedder: EmbedModel) -> None:
    transcript = transcript_of(
        [
            ("A", "Die Heizung im Keller ist kaputt. Der Techniker tauscht am Freitag die Pumpe der Heizung aus."),
            ("B", "Ja. Die Miete steigt wegen der Heizkosten um fünfzig Cent pro Quadratmeter."),
        ],
        "de",
    )
    (chapter, *_) = find_chapters(transcript, embedder, most=5).chapters
    assert "heizung" in chapter.title.lower()
    summary = summarize(transcript, embedder, None, lines=1, lines_per_speaker=1)
    assert len(summary.lines) == 1 and "Ja." not in summary.lines[0].text


def test_german_words_that_look_like_english_fillers_are_kept(embedder: EmbedModel) -> None:
    text = "Klicken Sie auf den Testnamen, um die Seite mit den Details anzuzeigen, auf der er zu finden ist."
    words = [Word(word, i * 0.4, i * 0.4 + 0.3, speaker="SPEAKER_00") for i, word in enumerate(text.split())]
    german = Transcript([Utterance(0.0, 8.0, text, words, "SPEAKER_00")], 8.0, "de")
    summary = summarize(german, embedder, None, lines=1, lines_per_speaker=1)
    assert [line.text for line in summary.lines] == [text]
    assert [line.text for line in summary.speakers[0].lines] == [text]
    english = "Um, the new billing page, um, loads invoices from last year, er, far too slowly."
    words = [Word(word, i * 0.4, i * 0.4 + 0.3) for i, word in enumerate(english.split())]
    said = Transcript([Utterance(0.0, 8.0, english, words)], 8.0, "en")
    (line,) = summarize(said, embedder, None, lines=1, lines_per_speaker=1).lines
    assert line.text == "The new billing page, loads invoices from last year, far too slowly."


def test_a_chinese_chapter_has_a_short_title(embedder: EmbedModel) -> None:
    """Without spaces, whole clauses look like words."""
    text = "单击测试名称,以查看测试详细信息。"
    text += "此详细信息列出了数据集中的所有谈话,指明了两种模型的识别结果以及提交的数据集的脚本。"
    words = [Word(sign, i * 0.2, i * 0.2 + 0.2, space_before=False) for i, sign in enumerate(text)]
    chinese = Transcript([Utterance(0.0, len(text) * 0.2, text, words)], len(text) * 0.2, "zh")
    (chapter,) = find_chapters(chinese, embedder, most=20).chapters
    assert chapter.title == "此详细信息列出了数据集中的所有谈话,指明了两种模型的识别结果…"
