"""What an adapter needs to reach a service: where it is, which model, the key, patience, and the price."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr, ValidationError

from modellab.errors import ServiceFailed, ServiceRefused, TextRefused
from modellab.outside import Limits, parse_json
from modellab.services.calls import Price, ServiceCall, note
from modellab.services.http import Answer, Patience, Send, Unanswered, ask, quoted

M = TypeVar("M", bound=BaseModel)

_LARGEST_ANSWER_BYTES = 64 << 20
"""Twelve hours of words with their times are some 15 MiB."""
_LIMITS = Limits(bytes=_LARGEST_ANSWER_BYTES, nodes=5_000_000)
_KEY_REFUSED = (401, 403)
_NOT_PAID, _UNKNOWN, _TOO_LARGE, _BUSY = 402, 404, 413, 429


class TooLarge(ServiceRefused):
    """A service takes less sound at once than it was sent."""


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """A service, as one variant of a model asks it."""

    model_ref: str
    """`id:variant`, for messages."""
    url: str
    """Without a slash at its end."""
    model: str
    """Its own name of the model."""
    key_variable: str
    key: SecretStr | None
    """None only where the service wants none."""
    patience: Patience
    price: Price | None = None

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def header(self, scheme: str) -> dict[str, str]:
        """The header that a key is sent in; none without a key.

        Args:
            scheme: what stands before it: `Bearer`, `Token`, or nothing.
        """
        if self.key is None:
            return {}
        return {"Authorization": f"{scheme} {self.key.get_secret_value()}".strip()}

    def ask(self, send: Send, *, pause: Callable[[float], None]) -> Answer:
        """A whole answer.

        Raises:
            ServiceRefused: it does not accept the key, the request, or its size; nothing would change if it were asked
                again.
            ServiceFailed: it can't be reached, is at its limits, or fails again and again.
        """
        try:
            return ask(send, self.patience, _whole, largest_bytes=_LARGEST_ANSWER_BYTES, pause=pause)
        except Unanswered as error:
            raise self._failure(error) from error

    def read(self, answer: Answer, form: type[M]) -> M:
        """An answer's JSON object, in the form that its protocol gives it.

        Raises:
            ServiceFailed: it is none, or of another form.
        """
        try:
            return form.model_validate(parse_json(answer.content, "the answer", _LIMITS))
        except (TextRefused, ValidationError) as error:
            raise ServiceFailed(
                f"{self._name} answered something else than a transcript",
                found=quoted(answer.content),
                hint="Its protocol may have changed, or something else answers at that address.",
            ) from error

    def note(self, answer: Answer, *, audio_s: float, answered: str | None, request: str | None) -> None:
        """Keep what was asked, and what it cost, with the step that runs."""
        price = self.price
        note(
            ServiceCall(
                service=self.url,
                asked=self.model,
                answered=answered,
                request=request,
                audio_s=audio_s,
                attempts=answer.attempts,
                cost=price.of(audio_s) if price else None,
                currency=price.currency if price else None,
                price_per_minute=price.per_minute if price else None,
                price_as_of=price.as_of.isoformat() if price else None,
                price_source=price.source if price else None,
            )
        )

    @property
    def _name(self) -> str:
        return f"the service of model {self.model_ref} ({self.host})"

    def _failure(self, error: Unanswered) -> ServiceFailed:
        found, hint = str(error), _hint(self, error)
        if error.status in _KEY_REFUSED:
            return ServiceRefused(f"{self._name} does not accept the key", found=found, hint=hint)
        if error.status == _TOO_LARGE:
            return TooLarge(f"{self._name} takes less sound at once", found=found, hint=hint)
        if not _may_pass(error):
            return ServiceRefused(f"{self._name} refuses the request", found=found, hint=hint)
        return ServiceFailed(f"{self._name} did not answer", found=found, hint=hint)


def _hint(access: ServiceAccess, error: Unanswered) -> str:
    said = "Set" if access.key is None else "Correct"
    key = f"{said} {access.key_variable} in the environment or in .env: a key that may transcribe."
    by_status: dict[int | None, str] = {
        **dict.fromkeys(_KEY_REFUSED, key),
        _NOT_PAID: "Its account has no money left: see the service's own console.",
        _UNKNOWN: f"Check that {access.url} is its address, and that it has the model {access.model}.",
        _TOO_LARGE: "A proxy in between may allow more: nothing shorter is worth sending.",
        None: f"Check the network, and that {access.url} is its address.",
    }
    if error.silent:
        return "Raise MODELLAB_SERVICE_TIMEOUT_S. It is not asked again by itself, for it would charge twice."
    if error.wait_s:
        return f"It wants to be asked again after {error.wait_s:.0f} s: run the same command then."
    again = "Run the same command later: what was done is kept."
    return by_status.get(error.status, again if _may_pass(error) else "Correct what its answer names.")


def _may_pass(error: Unanswered) -> bool:
    return error.status in (None, _BUSY) or not 400 <= error.status < 500


def _whole(answer: Answer) -> Answer:
    return answer


def stays_here(url: str) -> bool:
    """Whether an address is this machine's own, so that nothing leaves it."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
