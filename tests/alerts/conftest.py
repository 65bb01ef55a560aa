"""Alerts, servers that take them, and an authority whose certificates nobody else knows."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from modellab.alerts.alert import Alert, Finding, make_alert
from modellab.settings import Lab

from .servers import Receiver, receiving


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def alert(lab: Lab) -> Alert:
    finding = Finding.of(
        "run:1", ["failures"], "error", "meeting failed on 2 of 3 recordings",
        ["a.wav: asr failed: out of memory", "b & <c>.wav: vad failed: *damaged*"], dagster_run_id="1",
    )  # fmt: skip
    return make_alert([finding], lab, "2026-11-30T12:00:00.000+00:00")
