"""Secrets of channels: `alerts.yaml` names the variable, the environment or the project's `.env` has the value."""

import os

from modellab.alerts.delivery import NotDelivered
from modellab.redaction import remember_secret
from modellab.settings import PROJECT_ROOT


def find_secret(variable: str) -> str | None:
    """The value of a variable, from now on taken out of all that is said; None where it is not set."""
    from dotenv import dotenv_values

    value = (os.environ.get(variable) or dotenv_values(PROJECT_ROOT / ".env").get(variable) or "").strip()
    if not value:
        return None
    remember_secret(variable, value)
    return value


def secret(variable: str) -> str:
    """The value of a variable, as in `find_secret`.

    Raises:
        NotDelivered: it is not set.
    """
    value = find_secret(variable)
    if value is None:
        raise NotDelivered(f"{variable} is not set", hint="Set it where the daemon starts (make ui), or in .env.")
    return value
