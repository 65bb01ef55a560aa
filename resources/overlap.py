"""Two hands for the steps of a run over many recordings: models work in one thread, and beside them another does what
needs none.

Of a short recording's time a quarter went into what is not the model's: Dagster's events, records, pages, checks and
the steps without a model; and a model's own threads leave processors idle. So all that is done while a model works on
another recording. Each recording goes through its steps one after the other, as ever; what differs is that a later step
of one may come before an earlier step of another.

- The thread that asks (Dagster's, the main one, which signals interrupt) runs the steps with models, in the order of
  the plan: step by step, so that each model is loaded once. Where the next is not ready it does one out of turn that
  needs no other models than are at hand; where there is none, what it can ahead: loads the next model, say.
- One thread beside it runs the steps without a model that the models wait for, shows what came of the step that Dagster
  is at, in order, and runs the other steps without a model. It steps back where both want a processor.
"""

import heapq
import sys
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from modellab.aside import stepping_back

R = TypeVar("R")

_HANDS_OVER_S = 0.0005
"""After which time a thread that wants Python's interpreter gets it from the other; ten times that, otherwise, which a
model's thread would lose each time it comes back from native code."""


@dataclass(frozen=True, slots=True)
class Task:
    """One step for one input under one system."""

    step: str
    input: str
    system: str


class Overlap(Generic[R]):
    """The tasks of one run, of which some are done ahead of Dagster.

    Args:
        tasks: all of the run, in the order in which one hand would do them: those of the first step, then of the next.
        beside: whether the thread beside runs a task.
        ahead: called where the thread with the models would wait, after each task at least once; does something that
            will have to be done, and says whether there may be more.
        at_hand: whether all is at hand that a task with models needs, so that it may be done out of turn; asked often,
            and while nothing else of this goes on.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        beside: Callable[[Task], bool],
        ahead: Callable[[], bool] = lambda: False,
        at_hand: Callable[[Task], bool] = lambda _: False,
    ) -> None:
        self._tasks = tasks
        self._beside = [beside(task) for task in tasks]
        self._here = deque(number for number, aside in enumerate(self._beside) if not aside)
        """Tasks for the thread with the models, in order; some were done out of turn."""
        self._ready_here: list[int] = []
        """Those of them whose turn has come with their recording; a heap."""
        self._out_of_turn: set[int] = set()
        self._left: defaultdict[tuple[str, str], deque[int]] = defaultdict(deque)
        """Input and system -> numbers of their tasks that are not over, the next first."""
        for number, task in enumerate(tasks):
            self._left[task.input, task.system].append(number)
        self._awaited = {number for left in self._left.values() for number in self._before_a_model(left)}
        """Tasks for the thread beside that a task of the other waits for."""
        self._ready: list[tuple[bool, int]] = []
        """Tasks for the thread beside whose turn has come, whether they can wait and their numbers; a heap."""
        for left in self._left.values():
            self._make_ready(left)
        self._results: dict[int, R] = {}
        """Of tasks that are over and were not shown yet."""
        self._to_show: deque[int] = deque()
        self._ahead, self._at_hand = ahead, at_hand
        self._run: Callable[[Task, bool], R]
        self._show: Callable[[Task, R], None]
        self._shows = self._stopped = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="modellab-beside-models", daemon=True)

    def through(self, step: str, run: Callable[[Task, bool], R], show: Callable[[Task, R], None]) -> None:
        """Run the tasks of a step that are still to be run, and show what came of each, in order, in the thread beside.

        Meanwhile this thread runs what is ready of later steps too.

        Args:
            run: runs a task, whichever step it is of, and says what came of it; told whether it does so beside others'
                work. Never called twice at once for the same input and system.
            show: called for one task after the other.

        Raises:
            BaseException: what interrupted this thread, or what `run` or `show` raised: then nothing more is begun.
        """
        try:
            with self._changed:
                self._run, self._show = run, show
                if not self._thread.is_alive() and not self._stopped:
                    self._thread.start()
                self._to_show.extend(number for number, task in enumerate(self._tasks) if task.step == step)
                self._changed.notify_all()
            while (number := self._next_here()) is not None:
                self._over(number, self._run(self._tasks[number], False))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Begin nothing more, and wait for what the thread beside is at: a short recording's step, or a page."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _next_here(self) -> int | None:
        """The next task for this thread, once it is ready; None when all of the step's are shown."""
        more = True
        while True:
            with self._changed:
                if self._error is not None:
                    raise self._error
                if self._stopped:
                    raise RuntimeError("the run was stopped")
                if not self._to_show and not self._shows:
                    return None
                if (number := self._ready_number()) is not None:
                    return number
                if not more:
                    self._changed.wait()
                    more = True
                    continue
            more = self._ahead()

    def _before_a_model(self, numbers: Iterable[int]) -> Iterator[int]:
        """Those of one recording's tasks that come before a task of the thread with the models."""
        numbers = list(numbers)
        last_here = max((place for place, number in enumerate(numbers) if not self._beside[number]), default=0)
        return (number for number in numbers[:last_here] if self._beside[number])

    def _make_ready(self, left: Sequence[int]) -> None:
        if left and self._beside[left[0]]:
            heapq.heappush(self._ready, (left[0] not in self._awaited, left[0]))
        elif left:
            heapq.heappush(self._ready_here, left[0])

    def _ready_number(self) -> int | None:
        """The task that the thread with the models does now, which is then begun."""
        while self._here and self._here[0] in self._out_of_turn:
            self._out_of_turn.remove(self._here.popleft())
        if not self._ready_here:
            return None
        first = self._ready_here[0]
        if first == self._here[0]:
            self._here.popleft()
        elif self._at_hand(self._tasks[first]):
            self._out_of_turn.add(first)
        else:
            return None
        return heapq.heappop(self._ready_here)

    def _over(self, number: int, result: R) -> None:
        task = self._tasks[number]
        with self._changed:
            self._results[number] = result
            left = self._left[task.input, task.system]
            left.popleft()
            self._make_ready(left)
            self._changed.notify_all()

    def _work(self) -> None:
        """What the thread beside does until it is stopped."""
        with stepping_back(), _handing_over_soon():
            try:
                while (job := self._next_beside()) is not None:
                    job()
            except BaseException as error:
                with self._changed:
                    self._error = error
                    self._changed.notify_all()

    def _next_beside(self) -> Callable[[], None] | None:
        """What to do next: what models wait for, then what is to be shown, then the rest. None once it is stopped."""
        with self._changed:
            while not self._stopped:
                models_wait = bool(self._ready) and not self._ready[0][0]
                if not models_wait and self._to_show and self._to_show[0] in self._results:
                    number = self._to_show.popleft()
                    self._shows = True
                    return lambda: self._shown(number)
                if self._ready:
                    _, ready = heapq.heappop(self._ready)
                    return lambda: self._over(ready, self._run(self._tasks[ready], True))
                self._changed.wait()
        return None

    def _shown(self, number: int) -> None:
        self._show(self._tasks[number], self._results.pop(number))
        with self._changed:
            self._shows = False
            self._changed.notify_all()


@contextmanager
def _handing_over_soon() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_HANDS_OVER_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
