"""The chapters step: where the topic changes, and what each part is about."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from modellab.artifacts.store import Artifact
from modellab.documents import save
from modellab.errors import StepFailed
from modellab.steps.definition import Kind, Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.helpers import EMBEDDER_MODEL, Embedder, embedder_helper
from modellab.steps.packages import SENTENCES
from modellab.surfaces.results import Transcript
from modellab.text.chapters import find_chapters
from modellab.text.results import Chapters


class ChaptersParameters(StepParameters):
    """How finely the recording is divided."""

    most: int = Field(20, ge=1, description="chapters at most, however long the recording")
    embedder: str = Field(EMBEDDER_MODEL, description="model of the sentence embeddings")


def read_transcript(artifact: Artifact) -> Transcript:
    """The transcript a text step reads.

    Raises:
        StepFailed: it has text without words, so that nothing could be proved.
    """
    transcript = artifact.read(Transcript)
    if transcript.text.strip() and not transcript.words:
        raise StepFailed(
            "the transcript has text but no words with times, so no line could carry its evidence",
            found=f"{len(transcript.utterances)} utterances without words",
            allowed="a transcript with word times",
            hint="Use an asr model that gives word times.",
        )
    return transcript


def run(context: StepContext) -> Mapping[str, Any]:
    """Divide the transcript into titled chapters; none when nothing was said."""
    parameters = context.parameters
    assert isinstance(parameters, ChaptersParameters)
    transcript = read_transcript(context.reads["transcript"])
    chapters = find_chapters(transcript, Embedder(context), most=parameters.most)
    save(chapters, context.output)
    return {
        "chapters": len(chapters.chapters),
        "titles": [chapter.title for chapter in chapters.chapters],
        "backend": chapters.backend,
    }


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """A row of `chapters` for each."""
    chapters = artifact.read(Chapters).chapters
    columns = ("title", "start_s", "end_s", "first_word", "end_word")
    rows = [{column: getattr(chapter, column) for column in columns} for chapter in chapters]
    return {"chapters": [{"position": position, **row} for position, row in enumerate(rows)]}


STEP = StepDefinition(
    name="chapters",
    description="Divides what was said into chapters, each with a title in its own words.",
    code_version="3",
    reads=(Read("transcript", Kind.TRANSCRIPT, fall_back=True),),
    gives=(Kind.CHAPTERS,),
    parameters=ChaptersParameters,
    run=run,
    helpers=lambda parameters: embedder_helper(parameters.embedder),
    packages=(*SENTENCES, "jiwer", "numpy", "whisper-normalizer", "yake"),
    tables=tables,
)
