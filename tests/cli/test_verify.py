"""`modellab models verify`: real models asked, and a record of what came of it."""

import json
from collections.abc import Callable
from pathlib import Path

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
