"""What a model is in a lab: decided there, kept with its reason, and its config left as it is."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from modellab.errors import UnknownName, UsageError
from modellab.promotion.model_status import decide, decisions, status_of
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab_dagster.command import main

REGISTRY = ModelRegistry()


def test_the_last_decision_about_a_model_counts_and_all_are_kept(lab: Lab) -> None:
    config = REGISTRY.get("piper")
    before = (Path(REGISTRY.folder("piper")) / "config.yaml").read_bytes()
    assert (config.status, status_of(config, decisions(lab))) == ("candidate", "candidate")
    made = decide(lab, REGISTRY, "piper", "production", "understood by all listeners")
    assert (made.status, made.before, made.reason) == ("production", "candidate", "understood by all listeners")
    made = decide(lab, REGISTRY, "piper", "experimental", "its licence is in doubt")
    assert (made.status, made.before) == ("experimental", "production")
    decide(lab, REGISTRY, "silero_vad", "candidate", "another one is quicker")
    assert status_of(config, decisions(lab)) == "experimental"
    assert (REGISTRY.folder("piper") / "config.yaml").read_bytes() == before
    build(lab)
    assert query(lab, "SELECT model, status, before FROM current_model_statuses ORDER BY model").rows == [
        ("piper", "experimental", "production"),
        ("silero_vad", "candidate", "production"),
    ]
    assert query(lab, "SELECT count(*), count(decided_by) FROM lifecycle_events").rows == [(3, 3)]


@pytest.mark.parametrize(
    ("model", "status", "reason", "error", "words"),
    [
        ("pipr", "production", "why", UnknownName, "Did you mean piper"),
        ("piper", "prod", "why", UnknownName, "production"),
        ("piper", "candidate", "why", UsageError, "piper is candidate already"),
        ("piper", "production", " ", UsageError, "needs a reason"),
        ("piper:joe", "production", "why", UsageError, "Name piper"),
    ],
)
def test_what_is_no_decision_is_refused(
    lab: Lab, model: str, status: str, reason: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        decide(lab, REGISTRY, model, status, reason)
    assert not (lab.records / "lifecycle_events").exists()


def test_lists_show_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> str:
        assert main(["models", *arguments]) == 0
        return capsys.readouterr().out

    assert run("status", "piper", "production", "--reason", "clear") == (
        "✓ piper is production in this lab; it was candidate\n"
    )
    listed = run("list", "--surface", "tts", "--status", "production")
    assert any(line.split()[:3] == ["piper", "tts", "production"] for line in listed.splitlines())
    assert "Status as decided in this lab: piper\n" in listed
    assert "piper" not in run("list", "--surface", "tts", "--status", "candidate").split()
    assert "production, decided here on " in (shown := run("show", "piper"))
    assert ": clear (its config: candidate)" in shown
    told: Callable[[str], list[dict[str, object]]] = lambda text: json.loads(text)["models"]  # noqa: E731
    [piper] = [one for one in told(run("list", "--surface", "tts", "--json")) if one["id"] == "piper"]
    assert piper["status"] == "candidate"
    here = piper["status_here"]
    assert isinstance(here, dict) and (here["status"], here["reason"]) == ("production", "clear")
