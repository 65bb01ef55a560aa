"""The summarize step: the meeting in a few lines, and a paragraph per speaker."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field

from modellab.artifacts.store import Artifact
from modellab.documents import save
from modellab.steps.chapters import read_transcript
from modellab.steps.definition import Helper, Kind, Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.helpers import EMBEDDER_MODEL, Embedder, embedder_helper, writer, writer_helper
from modellab.steps.packages import SENTENCES
from modellab.surfaces.results import Transcript
from modellab.text.llm.backends import BackendSettings
from modellab.text.llm.tasks import summarize_with
from modellab.text.results import Chapters, Line, Summary, evidence_row
from modellab.text.summary import summarize


class SummarizeParameters(BackendSettings, StepParameters):
    """How long the summary is, and what writes it."""

    lines: int = Field(6, ge=1, description="lines for the whole meeting")
    lines_per_speaker: int = Field(3, ge=1, description="sentences in each speaker's paragraph")
    embedder: str = Field(EMBEDDER_MODEL, description="model of the sentence embeddings")


def run(context: StepContext) -> Mapping[str, Any]:
    """Summarise the transcript, chapter by chapter where there are chapters."""
    parameters = context.parameters
    assert isinstance(parameters, SummarizeParameters)
    transcript = read_transcript(context.reads["transcript"])
    summary = (
        _extracted(context, parameters, transcript)
        if parameters.backend == "builtin"
        else _written(context, parameters, transcript)
    )
    save(summary, context.output)
    return {
        "lines": len(summary.lines),
        "speakers": len(summary.speakers),
        "backend": summary.backend,
        "rejected": len(summary.rejected),
    }


def _extracted(context: StepContext, parameters: SummarizeParameters, transcript: Transcript) -> Summary:
    chapters = context.reads["chapters"].read(Chapters) if "chapters" in context.reads else None
    return summarize(
        transcript,
        Embedder(context),
        chapters,
        lines=parameters.lines,
        lines_per_speaker=parameters.lines_per_speaker,
    )


def _written(context: StepContext, parameters: SummarizeParameters, transcript: Transcript) -> Summary:
    return summarize_with(
        writer(context, parameters),
        transcript,
        parameters,
        lines=parameters.lines,
        lines_per_speaker=parameters.lines_per_speaker,
        progress=context.progress,
    )


def helpers(parameters: SummarizeParameters) -> Mapping[str, Helper]:
    """What picks the lines needs the embedder; what writes them needs itself."""
    return embedder_helper(parameters.embedder) if parameters.backend == "builtin" else writer_helper(parameters)


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """A row of `summary_lines` for each line: of the recording, then of what each speaker said."""
    summary = artifact.read(Summary)
    parts: list[tuple[str, str | None, Sequence[Line]]] = [("recording", None, summary.lines)]
    parts += [("speaker", one.speaker, one.lines) for one in summary.speakers]
    return {
        "summary_lines": [
            {"about": about, "speaker": speaker, "position": position, "text": line.text, **evidence_row(line.evidence)}
            for about, speaker, lines in parts
            for position, line in enumerate(lines)
        ]
    }


STEP = StepDefinition(
    name="summarize",
    description="Sums up the meeting in a few lines and each speaker in a paragraph, every line with its words.",
    code_version="4",
    reads=(Read("transcript", Kind.TRANSCRIPT, fall_back=True), Read("chapters", Kind.CHAPTERS, required=False)),
    gives=(Kind.SUMMARY,),
    parameters=SummarizeParameters,
    run=run,
    helpers=helpers,
    packages=(*SENTENCES, "jinja2", "numpy"),
    tables=tables,
)
