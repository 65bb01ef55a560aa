"""What all channels have in common."""

import re
import ssl
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from modellab.alerts.alert import TOPICS, Alert, Topic
from modellab.errors import LabError

_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")
CONNECT_S, ANSWER_S = 5.0, 10.0
"""So long a server may take to let us in, and to answer each time."""


class NotDelivered(LabError):
    """An alert did not go out by a channel; another attempt may do better.

    Args:
        wait_s: how long the server asked to be left alone.
    """

    def __init__(
        self,
        what: str,
        *,
        found: str | Sequence[str] | None = None,
        hint: str | Sequence[str] | None = None,
        wait_s: float | None = None,
    ) -> None:
        super().__init__(what, found=found, hint=hint)
        self.wait_s = wait_s


def _variable(name: str) -> str:
    if not _NAME.match(name):
        # Not quoted: it may be the secret itself.
        raise ValueError("it is not the name of an environment variable; allowed: such as OPS_WEBHOOK_SECRET")
    return name


def _some(topics: tuple[Topic, ...]) -> tuple[Topic, ...]:
    if not topics:
        raise ValueError(f"nothing would go out by it; allowed: {', '.join(TOPICS)}, or leave it out for all")
    return topics


Variable = Annotated[str, AfterValidator(_variable)]
"""Name of the environment variable that holds a secret: the secret itself never stands in the file."""


class Channel(BaseModel, ABC):
    """One way by which alerts go out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: Annotated[tuple[Topic, ...], AfterValidator(_some)] = Field(TOPICS, description="what goes out by it")
    kind: str

    variables: ClassVar[tuple[str, ...]] = ()
    """Fields that name variables of secrets."""

    def wants(self, alert: Alert) -> bool:
        """Whether the alert goes out by it."""
        return bool(set(self.of) & set(alert.topics))

    def wanted_variables(self) -> list[str]:
        """The environment variables that it needs."""
        return [name for field in self.variables if (name := getattr(self, field))]

    @abstractmethod
    def deliver(self, alert: Alert) -> str | None:
        """Send an alert. Returns what is to be noted of a delivery that was not complete.

        Raises:
            NotDelivered: it did not go out, or nobody knows whether it did.
        """


class NetworkChannel(Channel):
    """One that reaches a server."""

    ca_file: Path | None = Field(None, description="certificates of authorities to be trusted instead of the system's")

    def tls(self) -> ssl.SSLContext:
        """How encrypted connections are made.

        Raises:
            NotDelivered: the file of certificates can't be read.
        """
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise NotDelivered(f"the certificates in {self.ca_file} can't be read", found=str(error)) from error


Security = Literal["starttls", "tls", "none"]
