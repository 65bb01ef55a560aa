"""Each channel against a real server on this machine: what arrives, and what is said when it does not."""

import base64
import hashlib
import hmac
import json
import re
import socket
import time
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from modellab.alerts.channels.log import LogChannel
from modellab.alerts.channels.mail import MailChannel
from modellab.alerts.channels.slack import SlackChannel
from modellab.alerts.channels.webhook import WebhookChannel
from modellab.alerts.delivery import NotDelivered
from modellab.alerts.settings import alert_settings
from modellab.settings import PROJECT_ROOT

from .servers import Answer, MailServer, receiving

SECRET = "a secret that both sides know"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("OPS_SECRET", SECRET)
    monkeypatch.setenv("MAIL_PASSWORD", MailServer.PASSWORD)


def _webhook(receiver, **changes):
    return WebhookChannel(**{"kind": "webhook", "url": receiver.url, "secret_variable": "OPS_SECRET", **changes})


# --- webhook


def test_a_webhook_gets_the_alert_signed_as_the_standard_has_it(receiver, alert):
    before = int(time.time())
    _webhook(receiver).deliver(alert)
    [post] = receiver.posts
    assert post.path == "/alerts"
    assert post.document == {**json.loads(json.dumps(alert.document())), "hint": "modellab runs list --status failed"}
    assert post.document["findings"][0]["details"][0] == "a.wav: asr failed: out of memory"
    headers = {name.lower(): value for name, value in post.headers.items()}
    assert headers["webhook-id"] == alert.id and headers["content-type"] == "application/json"
    assert before <= int(headers["webhook-timestamp"]) <= time.time()
    signed = b".".join([alert.id.encode(), headers["webhook-timestamp"].encode(), post.body])
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    # And by the library that receivers use.
    assert Webhook(SECRET.encode()).verify(post.body, post.headers)["id"] == alert.id


def test_what_the_documentation_verifies_with(receiver, alert):
    page = (PROJECT_ROOT / "docs" / "alerts.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names = {}
    exec(code, names)
    _webhook(receiver).deliver(alert)
    [post] = receiver.posts
    headers = {name.lower(): value for name, value in post.headers.items()}
    assert names["is_from_the_lab"](headers, post.body, SECRET.encode())
    assert not names["is_from_the_lab"](headers, post.body + b" ", SECRET.encode())
    assert not names["is_from_the_lab"](headers, post.body, b"another secret than that one")
    old = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}
    assert not names["is_from_the_lab"](old, post.body, SECRET.encode())


def test_the_documentations_file_is_valid(lab):
    page = (PROJECT_ROOT / "docs" / "alerts.md").read_text()
    lab.home.mkdir(parents=True, exist_ok=True)
    shown = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    for text in shown:
        lab.alerts_file.write_text(text)
        settings = alert_settings(lab)
        assert settings is not None and settings.usable and not settings.broken
    assert len(shown) == 2


def test_a_body_that_was_changed_or_another_secret_does_not_verify(receiver, alert):
    _webhook(receiver).deliver(alert)
    [post] = receiver.posts
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET.encode()).verify(post.body.replace(b"2 of 3", b"0 of 3"), post.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(b"another secret than that one").verify(post.body, post.headers)


def test_the_standards_own_example_of_a_signature():
    # standardwebhooks' published test vector: it holds our reading of the standard, whoever does the arithmetic.
    webhook = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    signature = webhook.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_in_base64_is_its_bytes(receiver, alert, monkeypatch):
    key = bytes(range(32))
    monkeypatch.setenv("OPS_SECRET", f"whsec_{base64.b64encode(key).decode()}")
    _webhook(receiver).deliver(alert)
    Webhook(key).verify(receiver.posts[0].body, receiver.posts[0].headers)


@pytest.mark.parametrize(
    ("secret", "said"),
    [("too short a secret", "18 bytes"), ("whsec_not*base64", "no base64"), ("", "OPS_SECRET is not set")],
)
def test_a_secret_that_is_none_is_refused_and_not_quoted(receiver, alert, monkeypatch, secret, said):
    monkeypatch.setenv("OPS_SECRET", secret)
    with pytest.raises(NotDelivered, match="OPS_SECRET") as caught:
        _webhook(receiver).deliver(alert)
    assert said in str(caught.value) and not receiver.posts
    assert not secret or secret not in str(caught.value)


def test_what_a_server_answers_is_said(receiver, alert):
    receiver.answers = [Answer(503, b"busy " * 1000), Answer(429, b"", {"Retry-After": "120"})]
    with pytest.raises(NotDelivered, match="the server answered 503; found busy busy") as caught:
        _webhook(receiver).deliver(alert)
    assert caught.value.wait_s is None and len(str(caught.value)) < 300
    with pytest.raises(NotDelivered, match="answered 429") as caught:
        _webhook(receiver).deliver(alert)
    assert caught.value.wait_s == 120.0


def test_a_redirect_is_not_followed(receiver, alert):
    receiver.answers = [Answer(302, b"", {"Location": "/elsewhere"})]
    with pytest.raises(NotDelivered, match="answered 302"):
        _webhook(receiver).deliver(alert)
    assert len(receiver.posts) == 1


def test_nobody_listens(alert, receiver):
    with socket.socket() as taken:  # bound, and never listened on
        taken.bind(("127.0.0.1", 0))
        channel = _webhook(receiver, url=f"http://127.0.0.1:{taken.getsockname()[1]}/")
        with pytest.raises(NotDelivered, match="could not be reached"):
            channel.deliver(alert)


def test_certificates_are_held_against_the_authorities(alert, server_context, ca_file):
    with receiving(server_context) as receiver:
        with pytest.raises(NotDelivered, match=r"(?i)certificate"):
            _webhook(receiver).deliver(alert)
        assert not receiver.posts
        _webhook(receiver, ca_file=ca_file).deliver(alert)
        assert len(receiver.posts) == 1
        with pytest.raises(NotDelivered, match="can't be read"):
            _webhook(receiver, ca_file=ca_file.with_name("none.pem")).deliver(alert)


def test_an_address_that_is_a_secret_comes_from_a_variable_and_is_never_quoted(receiver, alert, monkeypatch):
    address = f"{receiver.url}/T0K3N-of-this-hook"
    monkeypatch.setenv("OPS_URL", address)
    receiver.answers = [Answer(404, address.encode())]
    channel = _webhook(receiver, url=None, url_variable="OPS_URL")
    with pytest.raises(NotDelivered) as caught:
        channel.deliver(alert)
    assert receiver.posts[0].path == "/alerts/T0K3N-of-this-hook"
    assert "T0K3N" not in str(caught.value) and "[OPS_URL]" in str(caught.value)


# --- chat


def test_a_chat_gets_a_text_with_its_marks_escaped(receiver, alert, monkeypatch):
    monkeypatch.setenv("CHAT_URL", receiver.url)
    SlackChannel(kind="slack", url_variable="CHAT_URL").deliver(alert)
    [post] = receiver.posts
    assert list(post.document) == ["text"]
    title, *lines = post.document["text"].splitlines()
    assert title == ":red_circle: *meeting failed on 2 of 3 recordings*"
    assert lines[:2] == ["  a.wav: asr failed: out of memory", "  b &amp; &lt;c&gt;.wav: vad failed: *damaged*"]
    assert lines[-1].endswith("See: modellab runs list --status failed")


# --- e-mail


def _mail(server, ca_file, **changes):
    asked = {"user": "lab", "password_variable": "MAIL_PASSWORD"} if changes.get("security") != "none" else {}
    said = {
        "kind": "email", "host": "127.0.0.1", "port": server.port, "sender": "lab@example.org",
        "to": ["ops@example.org", "me@example.org"], "ca_file": ca_file, **asked, **changes,
    }  # fmt: skip
    return MailChannel(**said)


@pytest.fixture
def mail_server(request, server_context):
    security = request.param
    server = MailServer(None if security == "none" else server_context, tls=security == "tls", auth=security != "none")
    yield server
    server.close()


# aiosmtpd does not know that its connection is encrypted from the first byte on.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize(
    ("mail_server", "security"), [("starttls", "starttls"), ("tls", "tls"), ("none", "none")], indirect=["mail_server"]
)
def test_a_mail_arrives_whole(mail_server, security, alert, ca_file):
    assert _mail(mail_server, ca_file, security=security).deliver(alert) is None
    [message] = mail_server.messages
    assert mail_server.recipients == ["ops@example.org", "me@example.org"]
    assert message["Subject"] == "[Model Lab] meeting failed on 2 of 3 recordings"
    assert (message["From"], message["To"]) == ("lab@example.org", "ops@example.org, me@example.org")
    assert message["Message-ID"] == f"<{alert.id}@example.org>"
    assert message["Date"] == "Mon, 30 Nov 2026 12:00:00 +0000"
    assert message.get_content().replace("\r\n", "\n").strip() == alert.text()


@pytest.mark.parametrize("mail_server", ["starttls"], indirect=True)
def test_a_wrong_password_is_said_and_not_quoted(mail_server, alert, ca_file, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "open barley!")
    with pytest.raises(NotDelivered, match="refused; found 535") as caught:
        _mail(mail_server, ca_file).deliver(alert)
    assert "barley" not in str(caught.value) and not mail_server.messages


@pytest.mark.parametrize("mail_server", ["starttls"], indirect=True)
def test_a_mail_server_whose_certificate_nobody_knows_gets_no_password(mail_server, alert):
    with pytest.raises(NotDelivered, match=r"(?i)certificate"):
        _mail(mail_server, None).deliver(alert)
    assert not mail_server.messages


@pytest.mark.parametrize("mail_server", ["none"], indirect=True)
def test_starttls_that_is_not_offered_is_not_done_without(mail_server, alert, ca_file):
    with pytest.raises(NotDelivered, match="STARTTLS"):
        _mail(mail_server, ca_file, security="starttls").deliver(alert)
    assert not mail_server.messages


@pytest.mark.parametrize("mail_server", ["none"], indirect=True)
def test_a_recipient_that_there_is_not_costs_the_others_nothing(mail_server, alert, ca_file):
    some = _mail(mail_server, ca_file, security="none", to=["nobody@example.org", "ops@example.org"])
    assert some.deliver(alert) == "refused for nobody@example.org"
    assert mail_server.recipients == ["ops@example.org"]
    with pytest.raises(
        NotDelivered, match=r"takes mail for none of them; found nobody@example\.org: 550 no such mailbox"
    ):
        _mail(mail_server, ca_file, security="none", to=["nobody@example.org"]).deliver(alert)


# --- log


def test_a_log_gets_a_line_for_each_alert(tmp_path, alert):
    channel = LogChannel(kind="log", file=tmp_path / "alerts.log")
    channel.deliver(alert)
    channel.deliver(alert)
    lines = (tmp_path / "alerts.log").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [alert.id] * 2
    with pytest.raises(NotDelivered, match="no/where can't be written; found No such file"):
        LogChannel(kind="log", file=tmp_path / "no" / "where").deliver(alert)
