"""Secrets never leave the process in words: one function that takes them out of all that is quoted or kept.

Known secrets are the values of every secret setting, the hub's stored token, and what was made known as one
(`remember_secret`). Besides them, words of servers and
libraries may bring secrets that nobody told the lab of: what looks like one goes as well, and so do the user names,
passwords and queries of addresses.
"""

import base64
import html
import json
import logging
import os
import re
import sys
import traceback
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote

_SHORTEST = 6
"""Characters of a known secret: shorter values (`none`, `x`) stand where a server wants any key, and are words."""
_SHOWN = "***"
_ADDRESS = re.compile(r"""\b[a-z][a-z0-9+.-]*://[^\s"'<>]+""", re.IGNORECASE)
_LOOKS_SECRET = re.compile(
    r"""
      (?P<scheme>\b(?:bearer|basic)\s+)(?!realm\b)[\w.~+/=-]{6,}                # an Authorization header
    | (?P<name>\b(?:api[_-]?key|access[_-]?token|auth[_-]?token|x-api-key|authorization|password)
        ["']?\s*[:=]\s*["']?)(?!bearer\b|basic\b)[^\s"',;&}]{6,}               # key: value
    | \bhf_[A-Za-z0-9]{16,}\b | \bsk-(?=[\w-]*\d)[\w-]{20,}                   # tokens of the hub, of OpenAI's kin
    """,
    re.IGNORECASE | re.VERBOSE,
)


_made_known: dict[str, str] = {}
"""Variable -> value, of secrets that are no settings."""


def remember_secret(variable: str, value: str) -> None:
    """Make a secret known to this process that a variable of the user's own choice holds."""
    _made_known[variable] = value


def redact(text: str) -> str:
    """Words of others, fit to be quoted: without known secrets and without what looks like one."""
    return _LOOKS_SECRET.sub(_kept, _ADDRESS.sub(_plain_address, redact_known(text)))


def redact_known(text: str) -> str:
    """A text without the lab's own secrets, each replaced by the name of its variable. All else stays as it is."""
    for shape, name in _shapes():
        if shape in text:
            text = text.replace(shape, f"[{name}]")
    return text


def redact_all(value: Any) -> Any:
    """Plain data (mappings, lists, texts) without the lab's own secrets."""
    return _redacted(value) if _shapes() else value


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redact_known(value)
    if isinstance(value, dict):
        return {_redacted(key): _redacted(inside) for key, inside in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(inside) for inside in value]
    return value


def guard_logs() -> None:
    """Take secrets out of every log record of the process, tracebacks included, before any handler sees it."""
    make = logging.getLogRecordFactory()
    if getattr(make, "is_guard", False):
        return

    def guarded(*arguments: Any, **keywords: Any) -> logging.LogRecord:
        record = make(*arguments, **keywords)
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # the logging call is wrong; its handler says so
            return record
        if (shown := redact(message)) != message:
            record.msg, record.args = shown, ()
        if record.exc_info and record.exc_info[0] is not None:
            words = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            if (shown := redact(words)) != words:
                record.exc_text = shown  # a handler formats the exception only where this is empty
        return record

    guarded.is_guard = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(guarded)


def _plain_address(found: re.Match[str]) -> str:
    """An address without its user and password, and without what its query says."""
    start, separator, rest = found[0].partition("://")
    end = re.search(r"[/?#]", rest)
    host, path = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    if "@" in host:
        host = f"{_SHOWN}@{host.rpartition('@')[2]}"
    path, asked, query = path.partition("?")
    return f"{start}{separator}{host}{path}{asked}{_SHOWN if query else ''}"


def _kept(found: re.Match[str]) -> str:
    return f"{found['scheme'] or found['name'] or ''}{_SHOWN}"


def _shapes() -> tuple[tuple[str, str], ...]:
    """Every way a known secret may be written, the longest first, and the name of its variable."""
    from modellab.settings import secret_variables

    # Only the hub's client could quote the token that it stored, so it is not imported to ask for it.
    stored = _stored_hub_token() if "huggingface_hub" in sys.modules else None
    environment = tuple(map(os.environ.get, secret_variables()))
    return _shapes_of(environment, tuple(_made_known.items()), stored)


@lru_cache(maxsize=8)
def _shapes_of(
    environment: tuple[str | None, ...], made_known: tuple[tuple[str, str], ...], hub_token: str | None
) -> tuple[tuple[str, str], ...]:
    """For the environment as it is: settings are read again only when it has changed."""
    from modellab.settings import secrets

    named = [*secrets().items(), *made_known, ("HF_TOKEN", hub_token or "")]
    shapes = {shape: name for name, value in named if len(value) >= _SHORTEST for shape in _written(value)}
    return tuple(sorted(shapes.items(), key=lambda item: -len(item[0])))


def _written(secret: str) -> set[str]:
    return {
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        html.escape(secret),
        base64.b64encode(secret.encode(errors="surrogateescape")).decode(),
    }


@cache
def _stored_hub_token() -> str | None:
    """The token that `hf auth login` left."""
    from modellab.hub import stored_token

    return stored_token()
