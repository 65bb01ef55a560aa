"""Alerts under the real daemon: a failed run and a bad file are a message each at a webhook, and no more after a
kill."""

import base64
import hashlib
import hmac
import time

import pytest
import yaml

from modellab.alerts.outbox import Outbox
from modellab.drops.inboxes import InboxOptions, add_inbox
from modellab.settings import Lab, Settings

from ..alerts.servers import receiving
from .served import ServedUi, sensor_ticks

LONGEST_S = 400.0
"""For what takes a minute on an idle machine."""
SECRET = "a secret that both sides know"


def _wait(what, condition):
    end = time.monotonic() + LONGEST_S
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.3)
    return found


def _looked(lab):
    if not lab.alerts.exists():
        return None
    with Outbox(lab) as outbox:
        return outbox.note("looked")


def _look_again(lab):
    """A look that begins after now: what is there now has been found by its end."""
    for _ in range(2):  # one may be under way
        before = _looked(lab)
        _wait("a look", lambda before=before: _looked(lab) != before)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the webhook got before everything was killed, and in all; the ticks of the sensor that were after that."""
    home, folder = tmp_path_factory.mktemp("alerts_home"), tmp_path_factory.mktemp("alerts_ui")
    box = folder / "box"
    box.mkdir()
    lab = Lab(Settings(_env_file=None, home=home, offline=True))
    with pytest.MonkeyPatch.context() as patch, receiving() as receiver:
        patch.setenv("OPS_SECRET", SECRET)
        channel = {"kind": "webhook", "url": receiver.url, "secret_variable": "OPS_SECRET"}
        lab.alerts_file.write_text(yaml.safe_dump({"gather_s": 0, "channels": {"ops": channel}}))
        add_inbox(lab, "box", InboxOptions(folder=box, pipeline="silero_vad:v6", steady_s=0.0))
        ui = ServedUi.start(home, folder)
        try:
            _wait("the first look", lambda: _looked(lab))
            _fail_a_run(ui)
            (box / "broken.wav").write_bytes(b"RIFF and no more")
            _wait("two messages", lambda: len(receiver.posts) >= 2)
            before = list(receiver.posts)
        finally:
            ui.kill()
        ui = ServedUi.start(home, folder)
        try:
            _look_again(lab)
        finally:
            ui.stop()
        yield before, list(receiver.posts), sensor_ticks(lab, "alerts")


def _fail_a_run(ui: ServedUi) -> None:
    """A run whose recording is damaged after it was registered."""
    source = ui.input("talk")
    source.path.chmod(0o644)
    source.path.write_bytes(source.path.read_bytes()[:1000])
    tags = {"dagster/partition": f"{source.key}|silero_vad:v6"}
    tags |= {"dagster/partition/input": source.key, "dagster/partition/model": "silero_vad:v6"}
    [run] = ui.runs(ui.launch("any_steps", ["ingest", "vad"], tags))
    assert run["status"] == "FAILURE"


def test_a_failed_run_and_a_bad_file_are_told_once_each(told):
    before, *_ = told
    titles = sorted(post.document["title"] for post in before)
    assert len(titles) == 2
    assert titles[0].startswith("broken.wav in /") and titles[0].endswith("box: refused")
    assert titles[1] == "silero_vad:v6 failed on talk.wav"


def test_each_is_signed_and_says_why(told):
    for post in told[0]:
        headers = {name.lower(): value for name, value in post.headers.items()}
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + post.body
        digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
        [finding] = post.document["findings"]
        assert finding["details"]
    details = {post.document["topics"][0]: post.document["findings"][0]["details"][0] for post in told[0]}
    assert "talk.wav" in details["failures"] and set(details) == {"failures", "drops"}


def test_after_a_kill_nothing_is_told_again(told):
    before, in_all, _ = told
    assert [post.headers["webhook-id"] for post in in_all] == [post.headers["webhook-id"] for post in before]


def test_no_look_failed(told):
    ticks = told[2]
    assert ticks and not any(tick.error for tick in ticks)
    assert "0 new alerts, 0 sent, 0 to be sent" in {tick.skip_reason for tick in ticks}
