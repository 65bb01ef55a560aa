"""The model that stands in the lab for one in a worker: it offers what the contracts of its surfaces ask for."""

import inspect
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, get_type_hints

from modellab.surfaces.contracts import CONTRACTS, members

if TYPE_CHECKING:
    from modellab.registry.workers.worker import Worker


def plain_values(model: object, surfaces: Sequence[str]) -> dict[str, Any]:
    """A loaded model's properties that its contracts ask for. They don't change, so they are asked once."""
    return {
        name: getattr(model, name)
        for surface in surfaces
        for name, member in members(CONTRACTS[surface]).items()
        if isinstance(member, property)
    }


def made_by(surfaces: Sequence[str], method: str) -> type | None:
    """The contract of what a method gives, where that is an object with methods of its own; None for plain data."""
    for surface in surfaces:
        function = members(CONTRACTS[surface]).get(method)
        if function is not None and not isinstance(function, property):
            returned = get_type_hints(function).get("return")
            return returned if inspect.isclass(returned) and getattr(returned, "_is_protocol", False) else None
    return None


class Remote:
    """Something in a worker: the model, or what one of its calls made there.

    Args:
        worker: where it is.
        target: its number there.
        surfaces: those of the model.
    """

    def __init__(self, worker: "Worker", target: int, surfaces: Sequence[str]) -> None:
        self._worker, self._target, self._surfaces = worker, target, surfaces
        if target:
            weakref.finalize(self, worker.forget, target)

    def _call(self, method: str, *arguments: Any) -> Any:
        made, value = self._worker.call(self._target, method, arguments)
        contract = made_by(self._surfaces, method)
        return remote_class([contract], {})(self._worker, value, ()) if made and contract else value


def remote_class(contracts: Sequence[type], values: dict[str, Any]) -> type[Remote]:
    """A class with the methods of contracts, each a call to the worker, and with values as its attributes."""
    body: dict[str, Any] = dict(values)
    for contract in contracts:
        body |= {name: _method(name) for name, member in members(contract).items() if not isinstance(member, property)}
    return type("RemoteModel", (Remote,), body)


def _method(name: str) -> Callable[..., Any]:
    def call(self: Remote, *arguments: Any) -> Any:
        return self._call(name, *arguments)

    return call
