"""A bar on a terminal that shows which share of some work is done; elsewhere nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bar(what: str) -> Iterator[Callable[[float], None]]:
    """Called with the share that is done, 0 to 1; what is shown goes when the block ends.

    Args:
        what: is being done.
    """
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from modellab.cli.console import stderr

    console = stderr()
    # Rich would read markup in names, and `toy:one:` as a picture.
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(what, total=1.0)
        yield lambda share: shown.update(task, completed=share)
