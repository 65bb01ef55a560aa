"""What services cost: a file of the lab's home, in which somebody writes down what they read, where and when."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import RootModel

from modellab.errors import PricesError
from modellab.forms import read_form
from modellab.services.calls import Price


class _Prices(RootModel[dict[str, Price]]):
    """`id:variant` -> its price."""


def read_prices(file: Path) -> Mapping[str, Price]:
    """Prices by `id:variant`; none where there is no such file.

    Raises:
        PricesError: it can't be read, or is not valid.
    """
    if not file.exists():
        return {}
    return read_form(file, _Prices, PricesError, "does not say prices", "docs/services.md").root
