"""Alerts to a chat: Slack's incoming webhooks, and what takes the same (Mattermost, Rocket.Chat, Discord's /slack)."""

import json
from typing import Literal

from pydantic import Field

from modellab.alerts.alert import Alert
from modellab.alerts.channels.http import post
from modellab.alerts.channels.webhook import address
from modellab.alerts.delivery import NetworkChannel, Variable

_LONGEST = 3000
"""Characters; Slack cuts texts of more than 40,000, and nobody reads so many."""
_MARKS = {"error": ":red_circle:", "warning": ":large_yellow_circle:"}
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""As Slack wants it of text; so nothing in it can call `<!channel>`."""


class SlackChannel(NetworkChannel):
    """POST of `{"text": ...}`."""

    kind: Literal["slack"]
    url_variable: Variable = Field(description="variable with the webhook's address: whoever has it can post")
    variables = ("url_variable",)

    def deliver(self, alert: Alert) -> None:
        body = json.dumps({"text": message(alert)}).encode()
        post(address(self.url_variable), body, {}, self.tls())


def message(alert: Alert) -> str:
    """The text of a message, its title in bold."""
    title, _, rest = alert.text().partition("\n")
    said = f"{_MARKS[alert.severity]} *{title.replace('*', '∗')}*\n{rest}".translate(_ESCAPED)
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"
