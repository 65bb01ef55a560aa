"""`modellab alerts`: what people type, and what they read."""

import json

import pytest
import yaml

from modellab.alerts.alert import Finding, make_alert
from modellab.alerts.outbox import Outbox
from modellab.settings import Lab, Settings

from ..alerts.servers import Answer, receiving


@pytest.fixture
def ops(home, monkeypatch):
    """A lab with a webhook, a log and a broken channel; gives the webhook's server."""
    monkeypatch.setenv("OPS_SECRET", "a secret that both sides know")
    with receiving() as receiver:
        channels = {
            "ops": {"kind": "webhook", "url": receiver.url, "secret_variable": "OPS_SECRET"},
            "file": {"kind": "log", "file": str(home / "alerts.log"), "of": ["drops"]},
            "odd": {"kind": "log"},
        }
        (home / "alerts.yaml").write_text(yaml.safe_dump({"channels": channels}))
        yield receiver


def _tell(home, name, channels):
    lab = Lab(Settings(_env_file=None, home=home))
    finding = Finding.of(f"drop:{name}", ["drops"], "warning", f"{name} in /calls: refused", ["it is no sound"])
    alert = make_alert([finding], lab, "2026-11-30T12:00:00.000+00:00")
    with Outbox(lab) as outbox:
        outbox.add([finding], {})
        outbox.tell(alert, [finding], channels, 1_800_000_000.0)
    return alert


def test_without_a_file_it_says_where_one_would_be(call, home):
    code, _, err = call("alerts", "status")
    assert code == 1 and f"no {home / 'alerts.yaml'}" in err and "docs/alerts.md" in err


def test_status_says_what_each_channel_lacks(call, home, ops, monkeypatch):
    monkeypatch.delenv("OPS_SECRET")
    code, out, _ = call("alerts", "status", "--json")
    assert code == 1
    document = json.loads(out)
    assert (document["file"], document["since"], document["looked_at"]) == (str(home / "alerts.yaml"), None, None)
    by_name = {one["channel"]: one for one in document["channels"]}
    assert by_name["ops"]["problem"] == "OPS_SECRET not set" and by_name["file"]["problem"] is None
    assert "file: Field required" in by_name["odd"]["problem"]
    _, out, _ = call("alerts", "status")
    assert "Nobody has looked yet: the daemon does (make ui)." in out and "OPS_SECRET not set" in out


def test_a_test_message_says_which_channel_took_it(call, home, ops):
    code, out, _ = call("alerts", "test")
    assert code == 1  # odd
    assert "✓ ops took it" in out and "✓ file took it" in out and "✗ odd:" in out
    assert ops.posts[0].document["title"] == "this is a test"
    code, out, _ = call("alerts", "test", "ops", "--json")
    assert code == 0
    assert json.loads(out)["channels"] == [{"channel": "ops", "sent": True, "error": None}]
    ops.answers = [Answer(500, b"no")]
    code, out, _ = call("alerts", "test", "ops")
    assert code == 1 and "✗ ops: the server answered 500; found no." in out
    code, _, err = call("alerts", "test", "opps")
    assert code == 2 and "Did you mean ops?" in err


def test_what_waits_is_sent_at_once_and_listed(call, home, ops):
    alert = _tell(home, "a.wav", ["ops", "file"])
    ops.answers = [Answer(503)]
    code, out, err = call("alerts", "send")
    assert code == 1 and "1 message sent, 1 to be sent" in out and "! ops: the server answered 503" in err
    code, out, _ = call("alerts", "send", "--json")
    assert code == 0 and json.loads(out) == {"sent": 1, "waiting": [], "busy": []}
    _, out, _ = call("alerts", "list", "--json")
    [shown] = json.loads(out)["alerts"]
    assert (shown["id"], shown["title"], shown["left_out"]) == (alert.id, "a.wav in /calls: refused", 0)
    assert {one["channel"]: (one["status"], one["tries"]) for one in shown["deliveries"]} == {
        "ops": ("sent", 1),
        "file": ("sent", 0),
    }
    _, out, _ = call("alerts", "list")
    assert "a.wav in /calls: refused" in out and "it is no sound" in out and "ops: sent" in out
    _, out, _ = call("alerts", "list", "--of", "failures")
    assert "There was nothing to tell." in out
    code, _, err = call("alerts", "list", "--of", "drop")
    assert code == 2 and "drops" in err
