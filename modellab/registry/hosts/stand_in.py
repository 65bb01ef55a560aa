"""The model that stands in the lab for one elsewhere: it offers what the contracts of its surfaces ask for."""

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from modellab.surfaces.contracts import CONTRACTS, methods, object_given, properties

if TYPE_CHECKING:
    from modellab.registry.hosts.conversation import Conversation


def plain_values(model: object, surfaces: Sequence[str]) -> dict[str, Any]:
    """A loaded model's properties that its contracts ask for. They don't change, so they are asked once."""
    return {name: getattr(model, name) for surface in surfaces for name in properties(CONTRACTS[surface])}


class StandIn:
    """Something elsewhere: the model, or what one of its calls made there.

    Args:
        conversation: with where it is.
        target: its number there.
    """

    def __init__(self, conversation: "Conversation", target: int) -> None:
        self._conversation, self._target = conversation, target
        if target:
            weakref.finalize(self, conversation.forget, target)

    def _call(self, method: str, *arguments: Any) -> Any:
        made, value = self._conversation.call(self._target, method, arguments)
        contract = object_given(method) if made else None
        return stand_in_class([contract], {})(self._conversation, value) if contract else value


def stand_in_class(contracts: Sequence[type], values: dict[str, Any]) -> type[StandIn]:
    """A class with the methods of contracts, each a call to where it is, and with values as its attributes."""
    body: dict[str, Any] = dict(values)
    for contract in contracts:
        body |= {name: _method(name) for name in methods(contract)}
    return type("ModelElsewhere", (StandIn,), body)


def _method(name: str) -> Callable[..., Any]:
    def call(self: StandIn, *arguments: Any) -> Any:
        return self._call(name, *arguments)

    return call
