"""The dialogue step: a written dialogue as a transcript, so that text steps can be run and judged by themselves.

Nobody spoke, so times are made up: every word lasts 0.35 s, and turns are 0.3 s apart (`modellab.text.dialogues`).
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from modellab.documents import save
from modellab.errors import InputRefused
from modellab.steps.asr import tables
from modellab.steps.definition import Kind, StepContext, StepDefinition, StepParameters
from modellab.steps.outside import TEXT
from modellab.text.dialogues import transcript_of
from modellab.text.written import written_dialogue


class DialogueParameters(StepParameters):
    """What is known of the text."""

    language: str = Field("en", pattern=r"^[a-z]{2,3}$", description="code of the text's language, such as en or de")


def run(context: StepContext) -> Mapping[str, Any]:
    """Read who says what.

    Raises:
        InputDamaged: the lab's copy of the text is not what was registered.
        InputRefused: the input is a recording, or no line of it begins with who speaks.
    """
    parameters = context.parameters
    assert isinstance(parameters, DialogueParameters)
    dialogue = written_dialogue(context.text())
    if not dialogue.turns:
        raise InputRefused(
            f"{context.input.name} is no written dialogue",
            found="no line that begins with who speaks",
            allowed="lines such as `Ana: Let's get started.`",
        )
    labels = dialogue.labels
    transcript = transcript_of([(labels[name], words) for name, words in dialogue.turns], parameters.language)
    save(transcript, context.output)
    spoken = Counter(word.speaker for word in transcript.words)
    return {
        "words": len(transcript.words),
        "utterances": len(transcript.utterances),
        "words_by_speaker": {label: spoken[label] for label in labels.values()},
        "recorded_on": dialogue.day.isoformat() if dialogue.day else None,
        "duration_s": transcript.duration_s,
    }


STEP = StepDefinition(
    name="dialogue",
    description="Reads a written dialogue as a transcript: who says what, at made-up times.",
    code_version="1",
    reads=(),
    gives=(Kind.TRANSCRIPT,),
    takes="text",
    parameters=DialogueParameters,
    run=run,
    outside=(TEXT,),
    tables=tables,
)
