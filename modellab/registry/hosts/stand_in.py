"""The model that stands in the lab for one in a worker: it offers what the contracts of its surfaces ask for."""

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from modellab.surfaces.contracts import CONTRACTS, members, object_given

if TYPE_CHECKING:
    from modellab.registry.hosts.worker import Worker


def plain_values(model: object, surfaces: Sequence[str]) -> dict[str, Any]:
    """A loaded model's properties that its contracts ask for. They don't change, so they are asked once."""
    return {
        name: getattr(model, name)
        for surface in surfaces
        for name, member in members(CONTRACTS[surface]).items()
        if isinstance(member, property)
    }


class StandIn:
    """Something in a worker: the model, or what one of its calls made there.

    Args:
        worker: where it is.
        target: its number there.
    """

    def __init__(self, worker: "Worker", target: int) -> None:
        self._worker, self._target = worker, target
        if target:
            weakref.finalize(self, worker.forget, target)

    def _call(self, method: str, *arguments: Any) -> Any:
        made, value = self._worker.call(self._target, method, arguments)
        contract = object_given(method)
        return stand_in_class([contract], {})(self._worker, value) if made and contract else value


def stand_in_class(contracts: Sequence[type], values: dict[str, Any]) -> type[StandIn]:
    """A class with the methods of contracts, each a call to the worker, and with values as its attributes."""
    body: dict[str, Any] = dict(values)
    for contract in contracts:
        body |= {name: _method(name) for name, member in members(contract).items() if not isinstance(member, property)}
    return type("ModelElsewhere", (StandIn,), body)


def _method(name: str) -> Callable[..., Any]:
    def call(self: StandIn, *arguments: Any) -> Any:
        return self._call(name, *arguments)

    return call
