"""Alerts by e-mail."""

import email.utils
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Literal

from pydantic import Field, field_validator, model_validator

from modellab.alerts.alert import Alert
from modellab.alerts.delivery import ANSWER_S, NetworkChannel, NotDelivered, Security, Variable
from modellab.alerts.secrets import secret

_PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class MailChannel(NetworkChannel):
    """A message of plain text to one or more people."""

    kind: Literal["email"]
    host: str = Field(min_length=1, description="the server that takes mail")
    port: int | None = Field(None, ge=1, le=65535, description="left out: 587, 465 or 25, as security says")
    security: Security = Field("starttls", description="how the connection is encrypted")
    user: str | None = Field(None, description="account there, if it wants one")
    password_variable: Variable | None = Field(None, description="variable with that account's password")
    sender: str = Field(description="address that it comes from")
    to: tuple[str, ...] = Field(min_length=1, description="addresses that it goes to")
    variables = ("password_variable",)

    @field_validator("sender", "to")
    @classmethod
    def _addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for one in (value,) if isinstance(value, str) else value:
            name, at, domain = one.rpartition("@")
            if not (name and at and domain) or any(mark.isspace() or mark in "<>," for mark in one):
                raise ValueError(f"{one!r} is no address; allowed: such as ops@example.org")
        return value

    @model_validator(mode="after")
    def _account(self) -> "MailChannel":
        if (self.user is None) != (self.password_variable is None):
            raise ValueError("user and password_variable belong together")
        if self.user is not None and self.security == "none" and self.host not in _HERE:
            raise ValueError("a password over an unencrypted connection; allowed: security starttls or tls")
        return self

    def deliver(self, alert: Alert) -> str | None:
        with self._connected() as server:
            refused = server.send_message(self._message(alert), self.sender, self.to)
        return f"refused for {', '.join(sorted(refused))}" if refused else None

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        port = self.port or _PORTS[self.security]
        try:
            password = secret(self.password_variable) if self.password_variable else None
            if self.security == "tls":
                server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, port, timeout=ANSWER_S, context=self.tls())
            else:
                server = smtplib.SMTP(self.host, port, timeout=ANSWER_S)
            try:
                if self.security == "starttls":
                    server.starttls(context=self.tls())
                if self.user is not None and password is not None:
                    server.login(self.user, password)
                yield server
                with suppress(OSError, smtplib.SMTPException):  # it has the message: how it says goodbye is nothing
                    server.quit()
            finally:
                server.close()
        except smtplib.SMTPRecipientsRefused as error:
            said = [f"{who}: {code} {_words(why)}" for who, (code, why) in error.recipients.items()]
            raise NotDelivered(f"the mail server {self.host} takes mail for none of them", found=said) from error
        except smtplib.SMTPResponseException as error:
            said_ = f"{error.smtp_code} {_words(error.smtp_error)}"
            raise NotDelivered(f"the mail server {self.host} refused", found=said_) from error
        except (OSError, smtplib.SMTPException) as error:
            raise NotDelivered(f"the mail server {self.host}:{port} could not be used", found=str(error)) from error

    def _message(self, alert: Alert) -> EmailMessage:
        message = EmailMessage(SMTP)
        message["Subject"] = f"[Model Lab] {alert.title}"
        message["From"] = self.sender
        message["To"] = ", ".join(self.to)
        message["Date"] = email.utils.format_datetime(datetime.fromisoformat(alert.made_at))
        message["Message-ID"] = f"<{alert.id}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers it
        message.set_content(alert.text())
        return message


def _words(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
