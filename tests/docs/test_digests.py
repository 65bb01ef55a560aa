"""Code that decides results: none changes it without a new version, or without somebody saying that nothing changes."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from modellab.settings import PROJECT_ROOT

STEP = '''"""A step."""
import numpy as np
from modellab import units
from modellab.helpers import Sound, halved
from modellab.steps.definition import StepDefinition

NAMES = []

def kept(function):
    NAMES.append(function)
    return function

@kept
def registered():
    return 1

def run(context, sound: Sound):
    """What it does."""
    from modellab.late import late  # for a reason
    if not context:
        raise ValueError(f"no context: {context}")
    return np.mean(halved(sound)) + late() + units.HALF + sum(each() for each in NAMES)

def tables(artifact):
    return {}

STEP = StepDefinition(name="toy", description="A toy.", code_version="1", run=run, tables=tables)
'''
HELPERS = """
from pathlib import Path
from modellab.settings import HOME

PROMPT = Path(__file__).parent / "prompts"

class Sound:
    def halves(self):
        return 2

def halved(sound):
    return open(PROMPT / "one.txt").read(), HOME

def unused():
    return 3
"""
FILES = {
    "modellab/steps/toy.py": STEP,
    "modellab/steps/definition.py": "class StepDefinition:\n    x = 1\n",
    "modellab/helpers.py": HELPERS,
    "modellab/prompts/one.txt": "Sum up.",
    "modellab/late.py": "def late():\n    return 1\n",
    "modellab/units.py": "HALF = 0.5\nWHOLE = 1\n",
    "modellab/settings.py": "HOME = 1\n",
}
NAME = "steps/toy"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, PROJECT_ROOT / "tools" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    load("rooms")
    load("reach")
    return load("digests")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "tools").mkdir()
    return tmp_path


def digests(tool: ModuleType, root: Path, version: str = "1"):  # type: ignore[no-untyped-def]
    return tool.Digests(root, {NAME: tool.Start(("modellab.steps.toy", "STEP"), version, "code_version of the toy")})


def edit(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new))


def commit(root: Path) -> None:
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "All"]):
        subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *command], cwd=root, check=True)


def test_what_was_recorded_of_every_step_and_model_holds(tool: ModuleType) -> None:
    problems = tool.Digests(PROJECT_ROOT, tool.starts()).problems()
    assert not problems, "\n" + "\n".join(problems)


def test_steps_reach_their_own_code_and_not_what_runs_and_records_them(tool: ModuleType) -> None:
    code = tool.code(PROJECT_ROOT)
    pack, speech = (code.reached(f"modellab.steps.{name}", "STEP") for name in ("bundle", "vad"))
    rooms = {module.split(".")[1] for module, _ in pack}
    assert rooms & {"cli", "pipeline", "runs", "upkeep", "warehouse"} == set()
    assert ("modellab.media.quiet", "audible") in speech
    assert {module for module, _ in speech if module.startswith("modellab.text")} == set()
    assert ("models.silero_vad.segmentation", "speech_spans") in code.reached("models.silero_vad.adapter", "load")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("modellab/steps/toy.py", "+ late()", "- late()"),
        ("modellab/steps/toy.py", "import numpy as np", "import jax.numpy as np"),
        ("modellab/steps/toy.py", "    return 1\n", "    return 2\n"),  # of what only its decorator keeps
        ("modellab/helpers.py", "return 2", "return 4"),  # of a class that only an annotation names
        ("modellab/helpers.py", '"one.txt"', '"two.txt"'),
        ("modellab/prompts/one.txt", "Sum", "Add"),
        ("modellab/late.py", "return 1", "return 2"),
        ("modellab/units.py", "0.5", "0.4"),
    ],
)
def test_code_that_a_step_reaches_is_in_its_digest(
    tool: ModuleType, checkout: Path, file: str, old: str, new: str
) -> None:
    before = digests(tool, checkout).now
    edit(checkout, file, old, new)
    assert digests(tool, checkout).now != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("modellab/steps/toy.py", "What it does.", "What it really does."),
        ("modellab/steps/toy.py", "  # for a reason", ""),
        ("modellab/steps/toy.py", "no context", "nothing"),
        ("modellab/steps/toy.py", '"A toy."', '"Another toy."'),
        ("modellab/steps/toy.py", "return {}", "return {1: 2}"),  # rows follow from the result
        ("modellab/helpers.py", "return 3", "return 4"),
        ("modellab/units.py", "WHOLE = 1", "WHOLE = 2"),
        ("modellab/settings.py", "1", "2"),
        ("modellab/steps/definition.py", "1", "2"),
    ],
)
def test_words_and_code_of_others_are_not(tool: ModuleType, checkout: Path, file: str, old: str, new: str) -> None:
    before = digests(tool, checkout).now
    edit(checkout, file, old, new)
    assert digests(tool, checkout).now == before


def test_code_may_move_to_another_module(tool: ModuleType, checkout: Path) -> None:
    before = digests(tool, checkout).now
    edit(
        checkout, "modellab/steps/toy.py", "from modellab.helpers import Sound, halved", "from modellab.moved import *"
    )
    edit(checkout, "modellab/steps/toy.py", "import *", "import Sound, halved")
    (checkout / "modellab/helpers.py").rename(checkout / "modellab/moved.py")
    assert digests(tool, checkout).now == before


def test_a_change_is_refused_with_what_changed_until_it_is_confirmed(
    tool: ModuleType, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.main([], digests(tool, checkout)) == 0
    recorded = (checkout / tool.KEPT).read_text()
    commit(checkout)
    edit(checkout, "modellab/helpers.py", "return 2", "return 4")
    edit(checkout, "modellab/late.py", "return 1", "return 2")
    [problem] = digests(tool, checkout).problems()
    assert problem.splitlines() == [
        "steps/toy: code that it reaches has changed, and its version is still 1.",
        "  Changed: modellab.helpers: Sound; modellab.late: late",
        "  → Where what is cached may come out otherwise now: raise the code_version of the toy, then run "
        "python tools/digests.py",
        "  → Where every result stays what it was: python tools/digests.py --confirm steps/toy",
    ]
    assert tool.main([], digests(tool, checkout)) == 1
    assert problem in capsys.readouterr().out
    assert (checkout / tool.KEPT).read_text() == recorded
    with pytest.raises(SystemExit):
        tool.main(["--confirm", "steps/tyo"], digests(tool, checkout))
    assert tool.main(["--confirm", NAME], digests(tool, checkout)) == 0
    assert digests(tool, checkout).problems() == []
    edit(checkout, "modellab/late.py", "return 2", "return 3")
    [problem] = digests(tool, checkout).problems()
    assert "Changed: not known, for git has no commit that recorded it" in problem


def test_a_new_version_is_recorded_without_a_question(tool: ModuleType, checkout: Path) -> None:
    tool.main([], digests(tool, checkout))
    edit(checkout, "modellab/late.py", "return 1", "return 2")
    [problem] = digests(tool, checkout, "2").problems()
    assert problem == "steps/toy is new, is gone or has a new version.\n  → Record it: python tools/digests.py"
    assert tool.main([], digests(tool, checkout, "2")) == 0
    assert digests(tool, checkout, "2").problems() == []


def test_what_a_merge_left_is_resolved_by_recording(tool: ModuleType, checkout: Path) -> None:
    tool.main([], digests(tool, checkout))
    file = checkout / tool.KEPT
    head, line = file.read_text().splitlines()
    file.write_text(f"{head}\n<<<<<<< HEAD\nsteps/toy 1 {'0' * 16}\n=======\n{line}\n>>>>>>> abc123 (Words)\n")
    assert tool.main(["--confirm", "all"], digests(tool, checkout)) == 0
    assert file.read_text() == f"{head}\n{line}\n"
