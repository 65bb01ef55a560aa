"""The lab's end of a worker: starts it, has it load a model, calls it, and says how it died."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from modellab import memory
from modellab.errors import WorkerDied
from modellab.registry.environments import Environment
from modellab.registry.hosts.conversation import Conversation
from modellab.registry.hosts.stand_in import StandIn
from modellab.registry.hosts.wire import Channel, Load, Returned
from modellab.registry.loaded import LoadRequest
from modellab.registry.native import signal_name
from modellab.registry.places import Place

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_LAST_LINES = 4
"""Lines of a dead worker's standard error that its error quotes."""
_GRACE_S = 5.0
"""A worker whose connection is closed ends at once; one that does not within this is killed."""


class Worker(Conversation):
    """One model in a process of its own, from its load to `close` or its death.

    Args:
        request: what to load.
        place: where the model's folder lies.
        instead: says what runs in place of this model, for the error when it dies.
        environment: the model's own, where it has one; it stays as it is for as long as the process lives.
    """

    def __init__(
        self,
        request: LoadRequest,
        place: Place,
        instead: Callable[[], str],
        environment: Environment | None = None,
    ) -> None:
        self._ref, self._surfaces, self._instead = str(request.ref), request.config.surfaces, instead
        ours, theirs = socket.socketpair()
        super().__init__(Channel(ours, shares_memory=True))
        python = [sys.executable] if environment is None else environment.interpreter
        with theirs, nullcontext() if environment is None else environment.held() as held:
            self._process = subprocess.Popen(
                [*python, str(_BOOTSTRAP), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()] if held is None else [theirs.fileno(), held],
                env={**os.environ, "PYTHONSAFEPATH": "1"},
                start_new_session=True,  # what the terminal sends is for the parent
            )
        self._said: deque[str] = deque(maxlen=_LAST_LINES)
        self._reader = threading.Thread(target=self._read_words, daemon=True)
        self._reader.start()
        memory.count_in(self._process.pid)
        self.model = self._load(request, place)
        """Offers what the model's surfaces ask for."""

    @property
    def who(self) -> str:
        return f"the process of model {self._ref}"

    def close(self) -> None:
        """End the process, at once if it does nothing."""
        self._end(_GRACE_S)

    def _load(self, request: LoadRequest, place: Place) -> StandIn:
        order = Load(
            config=request.config.model_dump(mode="json"),
            variant=request.ref.variant,
            weights=None if request.weights is None else str(request.weights),
            facts=request.facts,
            registry=str(place.folder),
            package=place.package,
        )
        try:
            answer = self._exchange(order, None, "while it was loaded")
        except Exception:
            self.close()
            raise
        return self._stand_in(self._surfaces, answer.value if isinstance(answer, Returned) else answer)

    def _ended(self) -> WorkerDied:
        return WorkerDied(f"{self.who} has ended", hint="The next input gets a new one.")

    def _stop(self) -> None:
        self._end(0.0)

    def _gone(self, doing: str, error: Exception) -> WorkerDied:
        self._end(_GRACE_S)
        name = signal_name(self._process.returncode)
        how = f"died of {name}" if name else f"ended by itself with exit code {self._process.returncode}"
        said = " | ".join(self._said)
        return WorkerDied(
            f"{self.who} {how} {doing}",
            found=f"its last words: {said}" if said else None,
            hint=f"Nothing else is lost, and the next input gets a new process. {self._instead()}",
        )

    def _end(self, grace_s: float) -> None:
        self._open = False
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
