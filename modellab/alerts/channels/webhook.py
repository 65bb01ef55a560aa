"""Alerts to a server of one's own, signed as Standard Webhooks wants it (standardwebhooks.com), so that its libraries
can tell that they come from here."""

import base64
import json
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field, field_validator, model_validator

from modellab.alerts.alert import Alert
from modellab.alerts.channels.http import checked_url, post
from modellab.alerts.delivery import NetworkChannel, NotDelivered, Variable
from modellab.alerts.secrets import secret

_PREFIX = "whsec_"
_SHORTEST = 24
"""Bytes of a secret, as the standard has it."""


class WebhookChannel(NetworkChannel):
    """POST of the alert as JSON, with `webhook-id`, `webhook-timestamp` and `webhook-signature`."""

    kind: Literal["webhook"]
    url: str | None = Field(None, description="where it is posted")
    url_variable: Variable | None = Field(None, description="variable with that address, where it is a secret")
    secret_variable: Variable = Field(description="variable with the secret that both sides know")
    variables = ("url_variable", "secret_variable")

    @field_validator("url")
    @classmethod
    def _usable(cls, url: str | None) -> str | None:
        return checked_url(url) if url is not None else None

    @model_validator(mode="after")
    def _one_address(self) -> "WebhookChannel":
        if (self.url is None) == (self.url_variable is None):
            raise ValueError("it needs an address: either url or url_variable")
        return self

    def deliver(self, alert: Alert) -> None:
        body = json.dumps(alert.document(), ensure_ascii=False)
        now = datetime.now(UTC)
        headers = {
            "webhook-id": alert.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._sign(alert.id, now, body),
        }
        post(self.url or address(str(self.url_variable)), body.encode(), headers, self.tls())

    def _sign(self, identifier: str, now: datetime, body: str) -> str:
        from standardwebhooks import Webhook

        return Webhook(self._key()).sign(identifier, now, body)

    def _key(self) -> bytes:
        """The secret's bytes: what stands after `whsec_` in base64, else the text's own."""
        known = secret(self.secret_variable)
        try:
            key = (
                base64.b64decode(known[len(_PREFIX) :], validate=True) if known.startswith(_PREFIX) else known.encode()
            )
        except ValueError:
            key = b""
        if len(key) < _SHORTEST:
            raise NotDelivered(
                f"{self.secret_variable} can't be a webhook's secret",
                found=f"{len(key)} bytes" if key else "what is no base64",
                hint=f"It wants {_SHORTEST} bytes or more: as text, or {_PREFIX} and then in base64.",
            )
        return key


def address(variable: str) -> str:
    """The address that a variable holds.

    Raises:
        NotDelivered: it is not set, or holds none.
    """
    try:
        return checked_url(secret(variable))
    except ValueError as error:
        raise NotDelivered(f"{variable} holds no address that can be posted to") from error
