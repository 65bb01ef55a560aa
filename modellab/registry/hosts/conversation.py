"""The lab's end of a model elsewhere: it calls the model there, and says what became of a host that is lost.

What a host answers is data from outside: its text and size have limits (`codec.py`, `wire.py`), and an answer that is
none, or of another kind than what was asked for, ends the conversation with an error.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

from modellab.errors import LabError
from modellab.registry.hosts.codec import CodecError, encode
from modellab.registry.hosts.stand_in import StandIn, stand_in_class
from modellab.registry.hosts.wire import Call, Channel, Made, Progressed, Raised, Reports, Returned
from modellab.surfaces.contracts import CONTRACTS, object_given, properties


class Conversation(ABC):
    """With the host of one loaded model. Threads take turns: a host does one thing after the other.

    Args:
        channel: to the host.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._forgotten: list[int] = []
        self._turn = threading.Lock()
        self._open = True

    @property
    def alive(self) -> bool:
        """Whether the model can be called."""
        return self._open

    @property
    @abstractmethod
    def who(self) -> str:
        """The host, as errors name it."""

    @abstractmethod
    def close(self) -> None:
        """Let the model go."""

    @abstractmethod
    def _gone(self, doing: str, error: Exception) -> LabError:
        """What to raise when the other end is gone; lets go of what is left of it.

        Args:
            doing: what it did then, such as `in detect`.
        """

    @abstractmethod
    def _stop(self) -> None:
        """End the conversation at once, whatever the host is doing."""

    def _ended(self) -> LabError:
        """What to raise for a call when the conversation is over."""
        return self._gone("before this call", EOFError())

    def call(self, target: int, method: str, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
        """Call a method there; progress goes to the callback among the arguments as it comes.

        Whatever interrupts the call, Ctrl-C say, ends the conversation: what the host is doing can't be stopped
        otherwise.

        Returns:
            Whether the result is an object that stays there, and its number; else the result itself.

        Raises:
            LabError: the host is gone, or its answer is none.
            Exception: what the method raised there.
        """
        report = next((argument for argument in arguments if callable(argument)), None)
        sent = tuple(Reports() if argument is report and report else argument for argument in arguments)
        with self._turn:
            forget, self._forgotten = tuple(self._forgotten), []
            answer = self._exchange(Call(target, method, sent, forget), report, f"in {method}")
        made = isinstance(answer, Made)
        if not isinstance(answer, Made | Returned) or made != (target == 0 and object_given(method) is not None):
            raise self._not_an_answer(answer, f"to {method}")
        return (True, answer.target) if isinstance(answer, Made) else (False, answer.value)

    def forget(self, target: int) -> None:
        """Nobody holds an object any more; the host is told with the next call."""
        self._forgotten.append(target)

    def _stand_in(self, surfaces: Iterable[str], values: Any) -> StandIn:
        """The model, once it is loaded there.

        Args:
            values: those of its contracts' properties, as the host gave them.
        """
        contracts = [CONTRACTS[surface] for surface in surfaces]
        if not isinstance(values, dict) or set(values) != {name for one in contracts for name in properties(one)}:
            raise self._not_an_answer(values, "about the model's properties")
        return stand_in_class(contracts, values)(self, 0)

    def _exchange(self, message: object, report: Callable[[float], None] | None, doing: str) -> Any:
        """Send a message and give its answer, if that is no error."""
        if not self.alive:
            raise self._ended()
        encoded = encode(message)
        try:
            self._channel.send_encoded(*encoded)
            while isinstance(answer := self._channel.receive(), Progressed):
                if report is not None:
                    report(answer.fraction)
        except CodecError as error:
            self._stop()
            raise error.become(CodecError, f"{self.who} sent what can't be read {doing}: ") from error
        except (EOFError, OSError) as error:
            raise self._gone(doing, error) from error
        except BaseException:
            self._stop()
            raise
        if isinstance(answer, Raised):
            raise answer.exception()
        return answer

    def _not_an_answer(self, found: object, to: str) -> CodecError:
        self._stop()
        return CodecError(
            f"{self.who} sent what is no answer {to}",
            found=f"a {type(found).__name__}",
            hint="It runs another version, or is no host of models.",
        )
