"""A service on loopback."""

from collections.abc import Iterator

import pytest

from tests.services.played import Played, playing


@pytest.fixture
def service() -> Iterator[Played]:
    with playing() as played:
        yield played
