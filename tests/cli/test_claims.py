"""Claims about models: listed, recorded, and held against what the lab really measured."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modellab.registry.claims import load_claims
from modellab.registry.registry import ModelRegistry

Call = Callable[..., tuple[int, str, str]]
SOURCE = "https://example.org/paper"


@pytest.fixture
def figure(call: Call) -> dict[str, Any]:
    """The interval of what silero_vad really did on the small set, measured once for the file."""
    code, _, said = call("bench", "--dataset", "vad_smoke_v1", "--models", "silero_vad")
    assert code == 0, said
    assert _record(call, "silero_vad:v6", value=0, protocol="none at all")[0] == 0
    found = json.loads(call("claims", "verify", "silero_vad", "--json")[1])["claims"]
    [one] = next(each for each in found if each["protocol"] == "none at all")["measured"]
    return dict(one["measured"])


def _record(call: Call, model: str, **given: Any) -> tuple[int, str, str]:
    claim = {
        **{"metric": "detection_error", "dataset": "vad_smoke_v1", "protocol": "collar 0 s", "unit": "ratio"},
        **{"source": SOURCE, **given},
    }
    return call("claims", "record", model, *(part for name, value in claim.items() for part in (f"--{name}", value)))


def _verdicts(call: Call, model: str) -> tuple[int, dict[tuple[str, float], tuple[str, str]]]:
    code, printed, _ = call("claims", "verify", model, "--json")
    claims = json.loads(printed)["claims"]
    return code, {(one["metric"], one["value"]): (one["verdict"], one["reason"]) for one in claims}


def test_a_claim_is_supported_contradicted_or_not_comparable_by_what_was_measured(
    call: Call, home: Path, figure: dict[str, Any]
) -> None:
    protocol, inside, outside = figure["protocol"], figure["value"], figure["high"] + 0.1
    assert figure["low"] <= inside <= figure["high"]
    for given in (
        {"protocol": protocol, "value": inside},
        {"protocol": protocol, "value": 100 * inside + 0.0001, "unit": "%"},
        {"protocol": protocol, "value": inside + 1e-9, "dataset": "another_set"},
        {"protocol": "whatever they did", "value": inside + 2e-9},
        {"protocol": protocol, "value": inside + 3e-9, "unit": "s"},
        {"protocol": protocol, "value": inside, "metric": "der"},
    ):
        assert _record(call, "silero_vad:v6", **given)[0] == 0
    code, found = _verdicts(call, "silero_vad")
    about = "silero_vad:v6 on vad_smoke_v1: "
    supported = ("supported", f"{about}it is inside the interval")
    assert found[("detection_error", inside)] == supported == found[("detection_error", 100 * inside + 0.0001)]
    assert found[("detection_error", inside + 1e-9)] == ("not comparable", f"{about}another dataset (another_set)")
    assert found[("detection_error", inside + 2e-9)] == (
        "not comparable",
        f"{about}another protocol (whatever they did)",
    )
    assert found[("detection_error", inside + 3e-9)] == ("not comparable", f"{about}another unit (s)")
    assert found[("der", inside)] == ("not comparable", "no result of it was measured here by der")
    assert code == 0
    assert _record(call, "silero_vad", protocol=protocol, value=outside)[0] == 0
    code, found = _verdicts(call, "silero_vad:v6")
    assert (code, found[("detection_error", outside)]) == (
        1,
        ("contradicted", f"{about}it was measured better than claimed"),
    )
    code, shown, _ = call("claims", "verify", "silero_vad")
    assert code == 1 and "✗ silero_vad: detection_error" in shown and "✓ silero_vad:v6: detection_error" in shown
    # What was recorded is the lab's: a rebuild has it again.
    before = json.loads(call("claims", "list", "silero_vad", "--json")[1])
    assert sum(one["stated_in"] == SOURCE and bool(one["recorded_by"]) for one in before["claims"]) == 8
    shutil.rmtree(home / "lake")
    (home / "modellab.duckdb").unlink()
    assert json.loads(call("claims", "list", "silero_vad", "--json")[1]) == before
    rows = call("sql", "SELECT count(*) FROM current_claims WHERE recorded_by IS NOT NULL", "--json")[1]
    assert "8" in rows


def test_what_makers_state_is_listed_with_its_source(call: Call) -> None:
    listed = json.loads(call("claims", "list", "faster_whisper:base", "--json")[1])["claims"]
    stated = load_claims(ModelRegistry().folder("faster_whisper"))
    wanted = sorted((c.metric, c.value, c.source) for c in stated if c.variant in (None, "base"))
    assert sorted((one["metric"], one["value"], one["stated_in"]) for one in listed) == wanted
    assert {one["recorded_by"] for one in listed} == {None}


@pytest.mark.parametrize(
    ("model", "given", "words"),
    [
        ("silero_vda", {"value": 1}, "silero_vad"),
        ("silero_vad:v0", {"value": 1}, "variant"),
        ("silero_vad", {"value": "nan"}, "finite"),
        ("silero_vad", {"value": 1, "source": "a friend"}, "source"),
        ("silero_vad", {"value": 1, "metric": ""}, "metric"),
    ],
)
def test_what_is_no_claim_is_refused(call: Call, model: str, given: dict[str, Any], words: str) -> None:
    code, _, said = _record(call, model, **given)
    assert code == 2 and words in said
