"""Where alerts go: `alerts.yaml` in the lab's home. One broken channel stands in no other's way."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from modellab.alerts.channels.log import LogChannel
from modellab.alerts.channels.mail import MailChannel
from modellab.alerts.channels.slack import SlackChannel
from modellab.alerts.channels.webhook import WebhookChannel
from modellab.alerts.delivery import Channel
from modellab.errors import AlertsError
from modellab.forms import problems, read_form
from modellab.names import unknown_name
from modellab.settings import Lab

_AnyChannel = Annotated[LogChannel | WebhookChannel | SlackChannel | MailChannel, Field(discriminator="kind")]
_CHANNEL: TypeAdapter[Channel] = TypeAdapter(_AnyChannel)
_PAGE = "docs/alerts.md"
_NAME = re.compile(r"^[a-z0-9][a-z0-9_-]{0,63}$")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    gather_s: float = Field(300.0, ge=0.0, le=86400.0)
    channels: dict[str, Any] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """What the file says."""

    gather_s: float
    """After an alert so much time passes before the next about the same: meanwhile what comes is gathered."""
    usable: Mapping[str, Channel] = field(default_factory=dict)
    broken: Mapping[str, AlertsError] = field(default_factory=dict)
    """Name of a channel that can't be used as the file has it -> every problem."""

    @property
    def names(self) -> list[str]:
        """Of all channels, those that work first."""
        return [*self.usable, *self.broken]

    def get(self, name: str) -> Channel:
        """The channel of a name.

        Raises:
            UnknownName: there is none; names the nearest.
            AlertsError: it is broken.
        """
        if name in self.broken:
            raise self.broken[name]
        if name not in self.usable:
            raise unknown_name("channel", name, self.names)
        return self.usable[name]


def alert_settings(lab: Lab) -> AlertSettings | None:
    """What the lab's `alerts.yaml` says; None where there is none: then nothing is sent.

    Raises:
        AlertsError: it can't be read, or is not valid as a whole. Names every problem.
    """
    path = lab.alerts_file
    if not path.exists():
        return None
    file = read_form(path, _File, AlertsError, "does not say where alerts go", _PAGE)
    usable, broken = {}, {}
    for name, said in file.channels.items():
        try:
            usable[name] = _channel(name, said)
        except AlertsError as error:
            broken[name] = error
    return AlertSettings(file.gather_s, usable, broken)


def _channel(name: str, said: Any) -> Channel:
    if not _NAME.match(name):
        raise AlertsError(
            f"{name!r} can't be the name of a channel",
            allowed="up to 64 small letters, digits, - and _, the first a letter or digit",
        )
    try:
        return _CHANNEL.validate_python(said)
    except ValidationError as error:
        raise AlertsError(
            f"the channel {name} is not valid", found=problems(error), hint=f"{_PAGE} shows the form."
        ) from error
