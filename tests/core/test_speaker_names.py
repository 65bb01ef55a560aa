"""Names of speakers: where they are kept, what may be one, and which results depend on them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from modellab.artifacts.store import ArtifactStore
from modellab.errors import LabError, UsageError
from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity, StepRecord
from modellab.pipeline.system import System, SystemStep
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.steps.definition import Kind, Read, StepContext, StepDefinition, StepParameters
from modellab.steps.outside import INPUT, names_in, names_of_speakers
from modellab.steps.speaker_names import SpeakerNames, checked_name
from modellab.warehouse.recorder import Recorder

SOURCE = RegisteredInput(
    "0" * 16, "0" * 64, "a.wav", Path("a.wav"), 2.0, 16000, 1, "wav/pcm_s16le", 64000, "2026-01-01"
)
RUN = RunIdentity("r" * 16, "d" * 8)


def _write(context: StepContext) -> Mapping[str, object]:
    (context.output / "names.json").write_text(json.dumps(names_in(context)))
    return {}


TURNS = StepDefinition(
    "turns", "Tells speakers apart.", "1", (), StepParameters, _write, gives=(Kind.TURNS,), outside=(INPUT,)
)
WORDS = replace(TURNS, name="words", description="Hears words.", gives=(Kind.TRANSCRIPT,))
READS = (Read("turns", Kind.TURNS, required=False), Read("words", Kind.TRANSCRIPT))
COUNT = replace(TURNS, name="count", reads=READS, gives=(), outside=())
SHOW = replace(COUNT, name="show", outside=(names_of_speakers("turns", "words"),))


def _run(lab: Lab, *steps: StepDefinition) -> dict[str, StepRecord]:
    """The steps' records, in a system that has these."""
    names = [step.name for step in steps]
    filled = tuple(
        SystemStep(step, None, StepParameters(), {read.role: read.role for read in step.reads if read.role in names})
        for step in steps
    )
    engine = Engine(lab, Models(lab, ModelRegistry()), ArtifactStore(lab.artifacts), Recorder(lab))
    return {step.name: engine.run_step(System("toy", "toy", filled), SOURCE, step.name, RUN) for step in steps}


def _shown(lab: Lab, record: StepRecord) -> dict[str, str]:
    assert record.fingerprint is not None
    return dict(json.loads(ArtifactStore(lab.artifacts).get("show", record.fingerprint).file("names.json").read_text()))


def test_only_a_step_that_shows_names_depends_on_them(lab: Lab) -> None:
    chain = (TURNS, WORDS, COUNT, SHOW)
    plain = _run(lab, *chain)
    assert _shown(lab, plain["show"]) == {}
    names = SpeakerNames(lab)
    names.write(str(plain["turns"].fingerprint), {"A": "Ann", "B": "Bob"})
    named = _run(lab, *chain)
    assert [record.cached for record in named.values()] == [True, True, True, False]
    assert _shown(lab, named["show"]) == {"A": "Ann", "B": "Bob"}
    artifact = ArtifactStore(lab.artifacts).get("show", str(named["show"].fingerprint))
    assert artifact.manifest["identity"]["reads"] == {
        "turns": plain["turns"].fingerprint,
        "words": plain["words"].fingerprint,
        "names": '{"A":"Ann","B":"Bob"}',
    }
    again = _run(lab, *chain)
    assert [record.cached for record in again.values()] == [True] * 4
    names.write(str(plain["turns"].fingerprint), {})
    cleared = _run(lab, *chain)
    assert cleared["show"].cached
    assert cleared["show"].fingerprint == plain["show"].fingerprint


def test_names_belong_to_the_first_result_that_tells_speakers_apart(lab: Lab) -> None:
    records = _run(lab, TURNS, WORDS, SHOW)
    SpeakerNames(lab).write(str(records["words"].fingerprint), {"A": "Ann"})
    assert _run(lab, TURNS, WORDS, SHOW)["show"].fingerprint == records["show"].fingerprint
    assert _shown(lab, _run(lab, WORDS, SHOW)["show"]) == {"A": "Ann"}


def test_names_are_a_file_each_and_no_names_leave_none(lab: Lab) -> None:
    names = SpeakerNames(lab)
    assert names.of("f" * 64) == {}
    names.write("f" * 64, {"SPEAKER_01": "Zoë", "SPEAKER_00": "李"})
    assert json.loads((lab.names / f"{'f' * 64}.json").read_text()) == {"SPEAKER_00": "李", "SPEAKER_01": "Zoë"}
    assert names.of("f" * 64) == {"SPEAKER_00": "李", "SPEAKER_01": "Zoë"}
    names.write("f" * 64, {})
    assert list(lab.names.iterdir()) == []
    names.write("f" * 64, {})


@pytest.mark.parametrize("content", ["{", "[]", '{"SPEAKER_00": 1}'])
def test_a_damaged_file_says_what_to_do(lab: Lab, content: str) -> None:
    lab.names.mkdir(parents=True)
    (lab.names / f"{'f' * 64}.json").write_text(content)
    with pytest.raises(LabError, match=r"can't be read; found .*\. Correct the file, or delete it"):
        SpeakerNames(lab).of("f" * 64)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Ann", "Ann"), ("  Bob   Smith ", "Bob Smith"), ("عليرضا\u200cی", "عليرضا\u200cی"), ("x" * 80, "x" * 80)],
)
def test_names_that_can_be(name: str, shown: str) -> None:
    assert checked_name("SPEAKER_00", name) == shown


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "is empty. Leave the speaker out, or use --clear to take names away."),
        ("  ", "is empty. Leave the speaker out, or use --clear to take names away."),
        ("\u200d", "is empty. Leave the speaker out, or use --clear to take names away."),
        ("x" * 81, "is too long; found 81 characters; allowed: 80."),
        ("A\x1b[31mnn", r"has characters that can't be shown; found 'A\x1b[31mnn'."),
        ("Ann\nBob", r"has characters that can't be shown; found 'Ann\nBob'."),
        ("Ann\u202e", r"has characters that can't be shown; found 'Ann\u202e'."),
    ],
)
def test_names_that_can_not_be(name: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        checked_name("SPEAKER_00", name)
    assert str(error.value) == f"the name for SPEAKER_00 {message}"
