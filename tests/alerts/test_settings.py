"""`alerts.yaml`: every problem is named, no secret is quoted, and a broken channel stands in no other's way."""

import pytest

from modellab.alerts.settings import alert_settings
from modellab.errors import AlertsError, UnknownName

GOOD = """
channels:
  file: {kind: log, file: /var/log/modellab.log}
  ops: {kind: webhook, url: "https://ops.example/hook", secret_variable: OPS_SECRET, of: [failures]}
  chat: {kind: slack, url_variable: CHAT_URL}
  mail:
    kind: email
    host: mail.example
    user: lab
    password_variable: MAIL_PASSWORD
    sender: lab@example.org
    to: [ops@example.org]
"""


def _read(lab, text):
    lab.home.mkdir(parents=True, exist_ok=True)
    lab.alerts_file.write_text(text)
    return alert_settings(lab)


def test_nobody_has_to_be_told(lab):
    assert alert_settings(lab) is None


def test_each_kind_of_channel(lab):
    found = _read(lab, GOOD)
    assert found.names == ["file", "ops", "chat", "mail"] and found.gather_s == 300.0
    assert [one.of for one in found.usable.values()] == [
        ("failures", "regressions", "drops"),
        ("failures",),
        *[("failures", "regressions", "drops")] * 2,
    ]
    assert found.get("ops").wanted_variables() == ["OPS_SECRET"]
    assert found.get("mail").security == "starttls"
    with pytest.raises(UnknownName, match="ops"):
        found.get("opps")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "does not say where alerts go"),
        ("channels: {}", "channels: "),
        ("chanels: {}", "chanels: Extra inputs are not permitted"),
        ("gather_s: -1\nchannels: {a: {}}", "gather_s: "),
        ("channels: {a: {}, a: {}}", "twice"),
        ("channels: [", "alerts.yaml can't be read"),
    ],
)
def test_a_file_that_is_not_valid(lab, text, said):
    with pytest.raises(AlertsError) as caught:
        _read(lab, text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("{}", "Unable to extract tag using discriminator 'kind'"),
        ("{kind: pigeon}", "'pigeon'"),
        ("{kind: log, file: alerts.log}", "alerts.log is a relative path"),
        ("{kind: log, file: /a, of: []}", "nothing would go out by it; allowed: failures, regressions, drops"),
        ("{kind: log, file: /a, of: [gates]}", "'failures', 'regressions' or 'drops'"),
        ("{kind: webhook, secret_variable: S}", "either url or url_variable"),
        ("{kind: webhook, secret_variable: S, url: 'https://a.b', url_variable: U}", "either url or url_variable"),
        ("{kind: webhook, secret_variable: S, url: 'ftp://a.example'}", "it is no address"),
        ("{kind: webhook, secret_variable: S, url: 'https://lab:T0K3N@a.example'}", "it holds a user or password"),
        ("{kind: webhook, secret_variable: T0K3N-itself, url: 'https://a.example'}", "not the name of an environment"),
        ("{kind: slack, url_variable: 'https://hooks.example/T0K3N'}", "not the name of an environment variable"),
        ("{kind: email, host: h, sender: a@b.c, to: [d]}", "'d' is no address"),
        ("{kind: email, host: h, sender: a@b.c, to: [d@e.f], user: u}", "user and password_variable belong together"),
        (
            "{kind: email, host: h, sender: a@b.c, to: [d@e.f], user: u, password_variable: P, security: none}",
            "a password over an unencrypted connection",
        ),
    ],
)  # fmt: skip
def test_a_broken_channel_is_named_and_the_others_work(lab, channel, said):
    found = _read(lab, f"channels:\n  file: {{kind: log, file: /a.log}}\n  odd: {channel}\n")
    assert list(found.usable) == ["file"] and found.names == ["file", "odd"]
    with pytest.raises(AlertsError, match="the channel odd is not valid") as caught:
        found.get("odd")
    assert said in str(caught.value) and "T0K3N" not in str(caught.value)


def test_every_problem_is_named(lab):
    found = _read(lab, "channels:\n  odd: {kind: email, sender: x, to: [], port: 0}\n  'A b': {kind: log, file: /a}")
    assert all(name in str(found.broken["odd"]) for name in ("host", "sender", "to", "port"))
    assert "can't be the name of a channel" in str(found.broken["A b"])
