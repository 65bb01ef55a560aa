"""A transcript's chapters: where the topic changes, and a title from the chapter's own words."""

from modellab.surfaces.contracts import EmbedModel
from modellab.surfaces.results import Transcript
from modellab.text.results import Chapter, Chapters
from modellab.text.segmentation import segment
from modellab.text.sentences import split_sentences
from modellab.text.titles import title

BACKEND = "extractive"


def find_chapters(transcript: Transcript, embedder: EmbedModel, *, most: int) -> Chapters:
    """Chapters that cover every word, at most `most`; none when nothing was said."""
    sentences = split_sentences(transcript)
    if not sentences:
        return Chapters([], BACKEND)
    starts = segment(sentences, embedder, most=most)
    chapters = []
    for start, end in zip(starts, [*starts[1:], len(sentences)], strict=True):
        inside = sentences[start:end]
        text, source = title(inside, sentences, transcript.language)
        chapters.append(
            Chapter(
                title=text,
                start_s=inside[0].start_s,
                end_s=max(sentence.end_s for sentence in inside),
                first_word=inside[0].first_word,
                end_word=inside[-1].end_word,
                evidence=source.evidence(),
            )
        )
    return Chapters(chapters, BACKEND)
