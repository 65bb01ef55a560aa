"""Checking templates' files: every problem at once, at its line."""

from pathlib import Path

import pytest

from modellab.errors import UsageError
from modellab.pipeline.template import TEMPLATES
from modellab.pipeline.validation import Problem, check_template
from modellab.registry.registry import ModelRegistry


@pytest.fixture(scope="module")
def registry() -> ModelRegistry:
    return ModelRegistry()


@pytest.fixture
def check(tmp_path: Path, registry: ModelRegistry) -> "Check":
    return Check(tmp_path / "mine.yaml", registry)


class Check:
    """Checks text as the file `mine.yaml`."""

    def __init__(self, path: Path, registry: ModelRegistry) -> None:
        self.path, self.registry = path, registry

    def __call__(self, text: str, **options: str) -> list[Problem]:
        self.path.write_text(text)
        return check_template(self.path, self.registry, **options)

    def steps(self, text: str) -> list[Problem]:
        """Lines are counted from the first of `text`."""
        found = self(f"name: mine\ndescription: d\nsteps:\n{text}")
        return [Problem(problem.line - 3, problem.column, problem.where, problem.error) for problem in found]


def _places(problems: list[Problem]) -> list[tuple[int, str]]:
    return [(problem.line, problem.where) for problem in problems]


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_templates_are_valid(path: Path, registry: ModelRegistry) -> None:
    assert check_template(path, registry) == []


def test_every_problem_is_reported_at_its_line(check: Check) -> None:
    problems = check("""\
name: meeting
description: x
colour: red
steps:
  - step: ingest
    parameters:
      chanels: keep
      sample_rate_hz: 7
      operators:
        - name: high_pass
          parameters:
            order: 2
            cutoff_hz: 1
        - hipass
        - speed
  - step: asrr
    model: faster_whisper:base
  - step: asr
    model: faster_wisper
    parameters: {beam_size: 0, language: no}
  - step: vad
  - step: ingest
    modle: x
  - step: diarization
    model: silero_vad
  - step: enhance
    model: deepfilternet:dfn
  - model: x
""")
    said = [f"{problem.line}: {problem}" for problem in problems]
    expected = [
        "1: name: the name is not the file's; found meeting; allowed: mine.",
        "1: name: the pipeline name 'meeting' is taken; found a pipeline that comes with Model Lab",
        "3: colour: there is no key 'colour'; allowed: description, name, steps.",
        "7: steps[0].parameters.chanels: there is no parameter of ingest 'chanels'; allowed: audio_stream",
        "8: steps[0].parameters.sample_rate_hz: Input should be greater than or equal to 4000; found 7.",
        "13: steps[0].parameters.operators[0].cutoff_hz: Input should be greater than or equal to 10; found 1.",
        "14: steps[0].parameters.operators[1]: there is no operator 'hipass'; allowed: channel_select",
        "15: steps[0].parameters.operators[2].factor: 'factor' is missing.",
        "16: steps[1].step: there is no step 'asrr'; allowed: a",
        "18: steps[2].step: step 'asr' is there twice; found line 16.",
        "18: steps[2].step: step 'asr' of pipeline 'mine' needs speech from a step before it; found ingest, asr; "
        "allowed: channels or vad. The step vad comes after it: move it before.",
        "19: steps[2].model: there is no model 'faster_wisper'",
        "20: steps[2].parameters.beam_size: Input should be greater than or equal to 1; found 0.",
        "20: steps[2].parameters.language: Input should be a valid string; found False. YAML takes a bare no",
        "21: steps[3]: step 'vad' of pipeline 'mine' needs a model; allowed: silero_vad",
        "22: steps[4].step: step 'ingest' is there twice; found line 5.",
        "23: steps[4].modle: there is no key 'modle'; allowed: model, parameters, step. Did you mean model?",
        "25: steps[5].model: model silero_vad:v6 can't run the step 'diarization'; found vad; allowed: ",
        "27: steps[6].model: there is no variant of model 'deepfilternet' named 'dfn'",
        "28: steps[7].step: 'step' is missing.",
    ]
    assert [line[: len(start)] for line, start in zip(said, expected, strict=True)] == expected
    hints = {problem.line: problem.error.hint for problem in problems}
    assert (hints[7], hints[14], hints[16]) == (
        "Did you mean channels?",
        "Did you mean high_pass?",
        "Did you mean asr?",
    )


def test_a_mistyped_step_is_one_problem_and_what_reads_it_is_none(check: Check) -> None:
    steps = "- step: ingest\n- step: vda\n  model: silero_vad\n- step: asr\n  model: faster_whisper\n"
    assert _places(check.steps(steps)) == [(2, "steps[1].step")]


def test_each_thing_that_a_step_misses_is_a_problem(check: Check) -> None:
    (audio, speech) = check.steps("- step: asr\n  model: faster_whisper\n")
    assert (audio.line, audio.error.found, audio.error.hint) == (1, "no step before it", None)
    assert "needs audio" in audio.error.what
    assert "needs speech" in speech.error.what


def test_an_optional_read_may_be_absent(check: Check) -> None:
    steps = "- step: ingest\n- step: vad\n  model: silero_vad\n"
    assert check.steps(steps) == []


def test_a_model_where_none_is_wanted(check: Check) -> None:
    (problem,) = check.steps("- step: ingest\n  parameters: {}\n  model: silero_vad\n")
    assert (problem.line, problem.column, problem.where) == (3, 3, "steps[0].model")
    assert "takes no model" in problem.error.what


def test_a_key_given_twice_is_reported_where_it_comes_again(check: Check) -> None:
    (problem,) = check.steps("- step: ingest\n  parameters:\n    channels: keep\n    channels: mono\n")
    assert (problem.line, problem.where) == (4, "steps[0].parameters.channels")
    assert problem.error.what == "'channels' is given twice"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: mine\nsteps: [\n", 3, "not YAML: while parsing a flow node"),
        ("name: mine\n\tsteps: 1\n", 2, "not YAML: while scanning for the next token found character"),
        ("name: !!python/name:os.system x\n", 1, "not YAML: could not determine a constructor"),
        ("name: \x00\n", 1, "not YAML"),
        ("name: 2026-99-99\n", 1, "not YAML: month must be in 1..12"),
        ("", 1, "keys with values are expected here; found None"),
        ("- step: ingest\n", 1, r"keys with values are expected here; found \[{'step': 'ingest'}\]"),
    ],
)
def test_files_that_are_no_templates(check: Check, text: str, line: int, words: str) -> None:
    (problem,) = check(text)
    assert problem.line == line
    with pytest.raises(type(problem.error), match=words):
        raise problem.error


def test_a_step_written_as_a_bare_name_says_how_to_write_it(check: Check) -> None:
    (problem,) = check.steps("- ingest\n")
    assert (problem.line, problem.error.hint) == (1, "Write it as: step: ingest")


def test_an_alias_that_leads_back_to_itself_is_refused_with_its_line(check: Check) -> None:
    (problem,) = check.steps("- step: ingest\n  parameters: &loop\n    operators: [*loop]\n")
    assert (problem.line, problem.error.what) == (3, "a value contains itself")


@pytest.mark.parametrize("name", ["silero_vad", "housekeeping", "fast_asr_only"])
def test_names_that_mean_something_are_taken(name: str, tmp_path: Path, registry: ModelRegistry) -> None:
    path = tmp_path / f"{name}.yaml"
    path.write_text(f"name: {name}\ndescription: d\nsteps:\n- step: ingest\n")
    (problem,) = check_template(path, registry)
    assert problem.error.what == f"the pipeline name '{name}' is taken"


def test_under_another_name_the_files_own_does_not_count(check: Check) -> None:
    text = "name: meeting\ndescription: d\nsteps:\n- step: ingest\n"
    assert len(check(text)) == 2
    assert check(text, as_name="another") == []


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path, registry: ModelRegistry) -> None:
    with pytest.raises(UsageError, match=r"nothing\.yaml can't be read"):
        check_template(tmp_path / "nothing.yaml", registry)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"binary\.yaml can't be read"):
        check_template(tmp_path / "binary.yaml", registry)


def test_names_inside_an_operator_are_answered_with_the_nearest(check: Check) -> None:
    problems = check("""\
name: mine
description: d
steps:
  - step: ingest
    parameters:
      operators:
        - name: high_pass
          parameters: {cutof_hz: 120}
        - name: high_pass
          paramters: {cutoff_hz: 120}
""")
    assert [(problem.line, problem.error.what, problem.error.hint) for problem in problems] == [
        (8, "there is no parameter 'cutof_hz'", "Did you mean cutoff_hz?"),
        (10, "there is no parameter 'paramters'", "Did you mean parameters?"),
    ]
