"""`modellab models verify`: real models asked, and a record of what came of it."""

import json
from collections.abc import Callable
from pathlib import Path

from modellab.cli.verify import _tried
from modellab.conformance.examination import Answer, Examination
from modellab.registry.loaded import ExecutionFacts, LoadedModel

_Call = Callable[..., tuple[int, str, str]]


def test_a_model_is_asked_measured_and_recorded_and_one_that_can_not_load_is_named(call: _Call, home: Path) -> None:
    code, out, _ = call("models", "verify", "--json", "silero_vad", "silero_vad:v6", "demucs")
    silero, demucs = json.loads(out)["verifications"]
    assert code == 1
    assert (silero["model"], silero["passed"], silero["error"]) == ("silero_vad:v6", True, None)
    assert [answer["question"] for answer in silero["answers"]] == [
        "gives what it should: speech",
        "gives what it should: noise",
        "gives what it should: silence",
        "gives what it should: a tenth of a second",
        "gives the same again",
        "leaves what it is given as it was",
        "tells progress that never falls",
        "stops when it is stopped, and works on",
        "works in another thread than loaded it",
    ]
    assert all(answer["passed"] and answer["surface"] == "vad" for answer in silero["answers"])
    assert silero["audio_s"] == 6.0 and silero["real_time_factor"] > 0.0
    assert (demucs["model"], demucs["passed"], demucs["answers"]) == ("demucs:htdemucs", False, None)
    assert demucs["error"].startswith("no weights for model demucs:htdemucs")
    sql = """
        SELECT model, passed, json_array_length(answers) AS answers, audio_s, cpu
        FROM latest_verifications JOIN hosts USING (machine)
    """
    _, out, _ = call("sql", "--json", sql)
    [row] = json.loads(out)["rows"]
    assert row.pop("cpu")
    assert row == {"model": "silero_vad:v6", "passed": True, "answers": 9, "audio_s": 6.0}


def test_it_says_in_a_line_what_came_of_it(call: _Call, home: Path) -> None:
    code, out, _ = call("models", "verify", "silero_vad")
    assert code == 0
    assert out.startswith("✓ silero_vad:v6: 9 of 9 answers right; loaded in ")
    code, _, err = call("models", "verify", "silero")
    assert code == 2 and "Did you mean silero_vad?" in err


def test_random_weights_leave_no_tick_and_no_figures(call: _Call, home: Path) -> None:
    loaded = LoadedModel(None, 1.0, ExecutionFacts("cpu", "float32", 1), 16_000)
    right, wrong = Answer("asr", "gives the same again", True), Answer("asr", "gives the same again", False, "another")
    said = "as promised, with random weights, which say nothing of the model"
    assert _tried(Examination("toy:v", (right,), loaded, 6.0, 1.0, 9.0)).plain == f"○ toy:v: 1 of 1 answer {said}"
    assert _tried(Examination("toy:v", (wrong,), loaded, 6.0, 1.0, 9.0)).plain == f"✗ toy:v: 0 of 1 answer {said}"
    code, out, _ = call("models", "verify", "silero_vad", "--random-weights", "--json")
    [found] = json.loads(out)["verifications"]
    assert code == 1 and (found["model"], found["random_weights"], found["passed"]) == ("silero_vad:v6", True, False)
    assert found["error"].startswith("model silero_vad:v6 has no random weights to be tried with")
