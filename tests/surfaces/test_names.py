"""Which surfaces there are, told without the contracts, is what these say."""

from collections.abc import Iterator
from typing import get_origin, get_type_hints

from modellab.surfaces.contracts import CONTRACTS, methods
from modellab.surfaces.names import BIT_BY_BIT, SURFACES, can_be_remote


def test_what_gives_bit_by_bit_can_not_be_remote() -> None:
    bit_by_bit = {
        surface
        for surface, contract in CONTRACTS.items()
        if any(get_origin(get_type_hints(each).get("return")) is Iterator for each in methods(contract).values())
    }
    assert bit_by_bit == BIT_BY_BIT
    assert set(CONTRACTS) <= set(SURFACES)
    assert {name for name in (*SURFACES, "no_surface") if can_be_remote(name)} == set(SURFACES) - bit_by_bit
