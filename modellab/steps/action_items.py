"""The action_items step: who does what by when."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from modellab.artifacts.store import Artifact
from modellab.documents import save
from modellab.local_days import checked_zone
from modellab.steps.chapters import read_transcript
from modellab.steps.definition import Kind, Outside, Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.helpers import writer, writer_helper
from modellab.steps.outside import INPUT, local_days, time_zone_in
from modellab.steps.packages import SENTENCES
from modellab.text.action_items import find_action_items
from modellab.text.llm.backends import BackendSettings
from modellab.text.llm.tasks import find_action_items_with
from modellab.text.recorded import recording_date
from modellab.text.results import ActionItems, evidence_row
from modellab.text.written import written_dialogue


class ActionItemsParameters(BackendSettings, StepParameters):
    """What finds the action items, and the day that their due dates are reckoned from."""

    recorded_on: date | None = Field(
        None,
        description="day of the recording, YYYY-MM-DD; left out: the file's own tag, of a text the day in its heading, "
        "else when the lab got it",
    )
    timezone: Annotated[str, AfterValidator(checked_zone)] | None = Field(
        None,
        description="time zone of the recording, such as Europe/Berlin, where its file does not say; left out: the "
        "lab's",
    )


def run(context: StepContext) -> Mapping[str, Any]:
    """List the action items with assignee, due date and the sentences that prove them."""
    parameters = context.parameters
    assert isinstance(parameters, ActionItemsParameters)
    transcript = read_transcript(context.reads["transcript"])
    zone = parameters.timezone or time_zone_in(context)
    day, source = _day(context, parameters.recorded_on, zone)
    if parameters.backend == "builtin":
        found = find_action_items(transcript, day)
    else:
        model = writer(context, parameters)
        found = find_action_items_with(model, transcript, day, parameters, progress=context.progress)
    found = replace(found, recorded_on_source=source)
    save(found, context.output)
    return {
        "items": len(found.items),
        "assigned": sum(item.assignee is not None for item in found.items),
        "dated": sum(item.due_date is not None for item in found.items),
        "recorded_on": day.isoformat(),
        "recorded_on_source": source,
        "backend": found.backend,
        "rejected": len(found.rejected),
        "note": found.note,
    }


def _day(context: StepContext, given: date | None, zone: str | None) -> tuple[date, str]:
    """The day from which due dates are reckoned, and where it comes from; a text names its own in its heading."""
    is_text = context.input.kind == "text"
    if is_text and given is None and (written := written_dialogue(context.text()).day):
        return written, "file"
    return recording_date(given, None if is_text else context.recording(), context.input.registered_at, zone)


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """A row of `action_items` for each."""
    found = artifact.read(ActionItems)
    return {
        "action_items": [
            {
                "position": position,
                "task": item.task,
                "assignee": item.assignee,
                "assignee_speaker": item.assignee_speaker,
                "due_text": item.due_text,
                "due_date": item.due_date.isoformat() if item.due_date else None,
                "recorded_on": found.recorded_on.isoformat() if found.recorded_on else None,
                **evidence_row(item.evidence),
            }
            for position, item in enumerate(found.items)
        ]
    }


def _days_are_the_lab_s(outside: Outside) -> bool:
    parameters = outside.parameters
    assert isinstance(parameters, ActionItemsParameters)
    return parameters.recorded_on is None and parameters.timezone is None


STEP = StepDefinition(
    name="action_items",
    description="Lists who does what by when, each item with the sentences that prove it.",
    code_version="3",
    reads=(Read("transcript", Kind.TRANSCRIPT, fall_back=True),),
    gives=(Kind.ACTION_ITEMS,),
    parameters=ActionItemsParameters,
    run=run,
    helpers=writer_helper,
    packages=(*SENTENCES, "av", "dateparser", "jinja2"),
    outside=(INPUT, local_days(_days_are_the_lab_s)),
    tables=tables,
)
