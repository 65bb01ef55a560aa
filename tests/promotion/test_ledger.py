"""What is in use follows from what was decided, in order; against a slower oracle."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from modellab.promotion.ledger import Decision, in_use

AT = datetime(2026, 11, 30, tzinfo=UTC)


def decided(event: str, system: str, after: str | None, name: str = "e") -> Decision:
    return Decision(name, event, "calls", system, None, after, "why", {}, "me", AT)  # type: ignore[arg-type]


def test_a_demotion_brings_back_what_was_before_and_one_entirely_nothing() -> None:
    tiny, base = decided("promoted", "tiny", "tiny", "1"), decided("promoted", "base", "base", "2")
    assert in_use([tiny, base])["calls"] == [tiny, base]
    assert in_use([tiny, base, decided("demoted", "base", "tiny")])["calls"] == [tiny]
    assert in_use([tiny, base, decided("demoted", "base", None)]) == {}
    again = decided("promoted", "base", "base", "3")
    assert in_use([tiny, base, again])["calls"] == [tiny, again]


@given(st.lists(st.sampled_from(["a", "b", "c", "back", "entirely"])))
def test_any_order_of_decisions_leaves_what_a_list_of_names_leaves(steps: list[str]) -> None:
    names: list[str] = []
    made: list[Decision] = []
    for step in steps:
        if step not in ("back", "entirely"):
            if names[-1:] != [step]:
                names.append(step)
            made.append(decided("promoted", step, step))
        elif names:
            gone = names[-1]
            names = names[:-1] if step == "back" else []
            made.append(decided("demoted", gone, names[-1] if names else None))
    assert [one.system for one in in_use(made).get("calls", [])] == names
