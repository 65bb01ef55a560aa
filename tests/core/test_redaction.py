"""Secrets are taken out of what is quoted, kept and logged; other words stay as they are."""

import logging
import sys

import pytest

from modellab.errors import LabError, NoUsableAnswer, StepFailed, WeightsMissing, in_short
from modellab.redaction import guard_logs, redact, redact_all, redact_known
from modellab.settings import Settings, secret_variables, secrets
from modellab.text.llm.backends import BackendSettings
from modellab.warehouse.records import Record

_KEY = 'k3y "of/the+lab'
_TOKEN = "a-token-of-the-hub"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_LLM_API_KEY", f"{_KEY}\n")
    monkeypatch.setenv("HF_TOKEN", _TOKEN)


def test_every_secret_setting_is_known() -> None:
    assert secret_variables() == {
        "HF_TOKEN": "hf_token",
        "MODELLAB_LLM_API_KEY": "llm_api_key",
        "MODELLAB_SERVE_TOKEN": "serve_token",
    }
    secret = [name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)]
    assert sorted(secret) == sorted(secret_variables().values())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"bad key {_KEY}!", "bad key [MODELLAB_LLM_API_KEY]!"),
        ('{"key": "k3y \\"of/the+lab"}', '{"key": "[MODELLAB_LLM_API_KEY]"}'),
        ("?key=k3y%20%22of%2Fthe%2Blab&x", "?key=[MODELLAB_LLM_API_KEY]&x"),
        ("<b>k3y &quot;of/the+lab</b>", "<b>[MODELLAB_LLM_API_KEY]</b>"),
        ("azN5ICJvZi90aGUrbGFi", "[MODELLAB_LLM_API_KEY]"),
        (f"{_TOKEN}{_TOKEN}", "[HF_TOKEN][HF_TOKEN]"),
    ],
)
def test_known_secrets_in_every_way_they_are_written(text: str, shown: str) -> None:
    assert redact_known(text) == redact(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("can't reach https://me:pa@ss@host:80/v1?sig=abc#x (1)", "can't reach https://***@host:80/v1?*** (1)"),
        ("postgres://me@host/db", "postgres://***@host/db"),
        ("for url 'https://cdn/x.bin?X-Amz-Signature=abc'", "for url 'https://cdn/x.bin?***'"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ("{'x-api-key': 'abcdefgh', 'a': 1}", "{'x-api-key': '***', 'a': 1}"),
        ("api_key=abcdefgh, next", "api_key=***, next"),
        ("hf_abcdefghijklmnopqrstuvwxyz", "***"),
        ("sk-proj-abc123def456ghi789", "***"),
    ],
)
def test_what_looks_like_a_secret(text: str, shown: str) -> None:
    assert redact(text) == shown
    assert redact_known(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "see https://huggingface.co/pyannote/speaker-diarization-3.1 (a@b.de), http://localhost:11434/v1",
        'WWW-Authenticate: Bearer realm="lab"',
        "sk-learn-and-other-long-names.wav",
        "an api key is missing; Password: ''",
        "/data/a@b/x?y=1.wav",
    ],
)
def test_other_words_stay(text: str) -> None:
    assert redact(text) == text


def test_they_are_known_where_other_settings_can_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a model's own environment, which lacks what some settings are checked with."""
    monkeypatch.setitem(sys.modules, "cronsim", None)
    monkeypatch.setenv("MODELLAB_DEVICE", "abacus")
    assert secrets() == {"HF_TOKEN": _TOKEN, "MODELLAB_LLM_API_KEY": _KEY}


def test_values_too_short_to_be_secrets_are_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_LLM_API_KEY", "none")
    assert redact("none of it") == "none of it"


def test_errors_and_records_hold_none() -> None:
    error = LabError(f"a {_TOKEN}", found="http://u:p@h/", allowed=_KEY, hint=f"not {_TOKEN}")
    assert str(error) == "a [HF_TOKEN]; found http://***@h/; allowed: [MODELLAB_LLM_API_KEY]. not [HF_TOKEN]"
    assert error.args == ("a [HF_TOKEN]",)
    content = {"a": [_KEY, {"b": _TOKEN, _TOKEN: 1}], "n": 1.5, "none": None}
    kept = {"a": ["[MODELLAB_LLM_API_KEY]", {"b": "[HF_TOKEN]", "[HF_TOKEN]": 1}], "n": 1.5, "none": None}
    assert redact_all(content) == kept
    assert Record("steps", "x", "2026-11-25", content).content == kept


def test_logs_hold_none_not_even_in_tracebacks(caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogRecordFactory()
    try:
        guard_logs()
        guard_logs()
        log = logging.getLogger("test")
        log.warning("asked %s with %s", "https://u:p@host/x", _KEY)
        try:
            raise RuntimeError(f"refused {_TOKEN}")
        except RuntimeError:
            log.exception("it failed")
        log.warning("%d of %d", 1, 2)
    finally:
        logging.setLogRecordFactory(before)
    assert "asked https://***@host/x with [MODELLAB_LLM_API_KEY]" in caplog.text
    assert "RuntimeError: refused [HF_TOKEN]" in caplog.text
    assert "1 of 2" in caplog.text
    assert _TOKEN not in caplog.text and _KEY not in caplog.text


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://me:word@host/v1",
        "https://me@host/v1",
        "https://@host/v1",
        "https://a@b@host",
        "http://host\\@other/v1",
        "http://host/v1?api_key=x",
        "http://host/v1?",
        "http://host/v1#x",
        "http://",
        "http:///v1",
        "http://host:99999/v1",
        "http://ho st/v1",
        "http://host/v1\n",
        "http://[::1",
    ],
)
def test_endpoints_are_places_and_carry_no_credentials(endpoint: str) -> None:
    with pytest.raises(ValueError, match="an endpoint"):
        BackendSettings(backend="openai", endpoint=endpoint, model="m")


def test_sound_endpoints_are_taken_as_they_are() -> None:
    for endpoint in ("http://localhost:11434/v1", "https://[::1]:80/v1/", "http://10.0.0.1"):
        assert BackendSettings(backend="openai", endpoint=endpoint, model="m").endpoint == endpoint


def test_what_others_are_told_of_a_failure_is_said_by_its_kind() -> None:
    assert in_short("NoUsableAnswer") == NoUsableAnswer.in_short != StepFailed.in_short == "it failed"
    assert in_short("WeightsMissing") == WeightsMissing.in_short
    assert in_short("SomethingElse") == in_short("LabError") == "it failed"
