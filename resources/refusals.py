"""What the lab refuses, as a Dagster step fails: in the error's own words, and not tried again."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from modellab.errors import LabError


@contextmanager
def refusals_fail() -> Iterator[None]:
    """Within it the lab's own errors end the step with what they say, without the way through the code.

    Raises:
        dagster.Failure: for any `LabError`.
    """
    try:
        yield
    except LabError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
