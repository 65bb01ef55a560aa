"""Variables that no setting is read from: of a user's own choice, or of a service. The environment has them, or the
project's `.env`."""

import os

from modellab.redaction import remember_secret
from modellab.settings import PROJECT_ROOT


def find_variable(name: str) -> str | None:
    """The value of a variable; None where it is not set, or holds nothing."""
    from dotenv import dotenv_values

    return (os.environ.get(name) or dotenv_values(PROJECT_ROOT / ".env").get(name) or "").strip() or None


def find_secret(name: str) -> str | None:
    """The same of a secret, which from now on is taken out of all that is said."""
    value = find_variable(name)
    if value is not None:
        remember_secret(name, value)
    return value
