"""Secrets of channels: `alerts.yaml` names the variable, the environment or the project's `.env` has the value."""

from modellab.alerts.delivery import NotDelivered
from modellab.variables import find_secret


def secret(variable: str) -> str:
    """The value of a variable, from now on taken out of all that is said.

    Raises:
        NotDelivered: it is not set.
    """
    value = find_secret(variable)
    if value is None:
        raise NotDelivered(f"{variable} is not set", hint="Set it where the daemon starts (make ui), or in .env.")
    return value
