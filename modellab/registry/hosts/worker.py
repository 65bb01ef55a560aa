"""The lab's end of a worker: starts it, has it load a model, calls it, and says how it died."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modellab import memory
from modellab.errors import WorkerDied
from modellab.registry.hosts.stand_in import StandIn, stand_in_class
from modellab.registry.hosts.wire import Call, Channel, Load, Made, Progressed, Raised, Reports, Returned
from modellab.registry.loaded import LoadRequest
from modellab.registry.native import signal_name
from modellab.surfaces.contracts import CONTRACTS

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_LAST_LINES = 4
"""Lines of a dead worker's standard error that its error quotes."""
_GRACE_S = 5.0
"""A worker whose connection is closed ends at once; one that does not within this is killed."""


class Worker:
    """One model in a process of its own, from its load to `close` or its death.

    Args:
        request: what to load.
        registry: the folder of models.
        instead: says what runs in place of this model, for the error when it dies.
    """

    def __init__(self, request: LoadRequest, registry: Path, instead: Callable[[], str]) -> None:
        self._ref, self._surfaces, self._instead = str(request.ref), request.config.surfaces, instead
        self._forgotten: list[int] = []
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours, shares_memory=True)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(_BOOTSTRAP), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONSAFEPATH": "1"},
                start_new_session=True,  # what the terminal sends is for the parent
            )
        self._said: deque[str] = deque(maxlen=_LAST_LINES)
        self._reader = threading.Thread(target=self._read_words, daemon=True)
        self._reader.start()
        memory.count_in(self._process.pid)
        self.alive = True
        """Whether it can be called."""
        self.model = self._load(request, registry)
        """Offers what the model's surfaces ask for."""

    def call(self, target: int, method: str, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
        """Call a method in the worker; progress goes to the callback among the arguments as it comes.

        Whatever interrupts the call, Ctrl-C say, ends the worker: what it is doing can't be stopped otherwise.

        Returns:
            Whether the result is an object that stays there, and its number; else the result itself.

        Raises:
            WorkerDied: the process ended, of a signal or by itself.
            Exception: what the method raised there.
        """
        forget, self._forgotten = tuple(self._forgotten), []
        report = next((argument for argument in arguments if callable(argument)), None)
        sent = tuple(Reports() if argument is report and report else argument for argument in arguments)
        return self._exchange(Call(target, method, sent, forget), report, f"in {method}")

    def forget(self, target: int) -> None:
        """Nobody holds an object any more; the worker is told with the next call."""
        self._forgotten.append(target)

    def close(self) -> None:
        """End the process, at once if it does nothing."""
        self._end(_GRACE_S)

    def _load(self, request: LoadRequest, registry: Path) -> StandIn:
        order = Load(
            config=request.config.model_dump(mode="json"),
            variant=request.ref.variant,
            weights=None if request.weights is None else str(request.weights),
            facts=request.facts,
            registry=str(registry),
        )
        _, values = self._exchange(order, None, "while it was loaded")
        contracts = [CONTRACTS[surface] for surface in self._surfaces]
        return stand_in_class(contracts, values)(self, 0)

    def _exchange(self, message: Load | Call, report: Callable[[float], None] | None, doing: str) -> tuple[bool, Any]:
        if not self.alive:
            raise WorkerDied(f"the process of model {self._ref} has ended", hint="The next input gets a new one.")
        try:
            self._channel.send(message)
            while isinstance(answer := self._channel.receive(), Progressed):
                if report is not None:
                    report(answer.fraction)
        except (EOFError, OSError) as error:
            raise self._died(doing) from error
        except BaseException:
            self._end(0.0)
            raise
        if isinstance(answer, Raised):
            if isinstance(message, Load):
                self.close()
            raise answer.exception()
        assert isinstance(answer, Made | Returned)
        return (True, answer.target) if isinstance(answer, Made) else (False, answer.value)

    def _died(self, doing: str) -> WorkerDied:
        self._end(_GRACE_S)
        name = signal_name(self._process.returncode)
        how = f"died of {name}" if name else f"ended by itself with exit code {self._process.returncode}"
        said = " | ".join(self._said)
        return WorkerDied(
            f"the process of model {self._ref} {how} {doing}",
            found=f"its last words: {said}" if said else None,
            hint=f"Nothing else is lost, and the next input gets a new process. {self._instead()}",
        )

    def _end(self, grace_s: float) -> None:
        self.alive = False
        self._channel.close()
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        memory.count_out(self._process.pid)
        self._reader.join(_GRACE_S)  # what it started may hold its standard error open

    def _read_words(self) -> None:
        """Keeps the last lines; a pipe that nobody reads would stop the worker when it is full."""
        assert self._process.stdout is not None
        with self._process.stdout as words:
            for line in words:
                if text := line.decode(errors="replace").strip():
                    self._said.append(text)
