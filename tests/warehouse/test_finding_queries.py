"""The rows that findings rest on, as their statements give them: of one measure, of some systems, of one slice."""

from modellab.evaluation.outcomes import Measure
from modellab.evaluation.sql_text import key_in, outcomes_of

WER = Measure("asr", "wer", "ratio", "lower", "n", "1")
KNOWN = ["it's", "base"]


def test_rows_of_the_systems_the_measure_and_the_slice_alone(hand_made):
    for case, noise in (("a", "street cafe"), ("b", "none")):
        hand_made.add(
            "cases",
            **{"dataset": "calls", "version": "1", "case_id": case, "input": case, "tags": {"noise kind": noise}},
            recorded_at="2026-03-01T10:00:00+00:00",
        )
    for system, errors in (("it's", 1), ("base", 2), ("other", 3)):
        for case in "ab":
            made = hand_made.scored(system, case, errors, 10)
            hand_made.score(made, case, 9, 10, metric="cer")
    statement = outcomes_of("calls", "1", WER, ["it's", "base"], known=KNOWN)
    assert [row[:5] for row in hand_made.rows(statement)] == [
        ("a", "base", "cpu", 2, 10),
        ("a", "it's", "cpu", 1, 10),
        ("b", "base", "cpu", 2, 10),
        ("b", "it's", "cpu", 1, 10),
    ]
    sliced = outcomes_of("calls", "1", WER, ["it's", "base"], known=KNOWN, slice_of=("noise kind", "street cafe"))
    assert [row[:2] for row in hand_made.rows(sliced)] == [("a", "base"), ("a", "it's")]


def test_a_system_on_one_of_its_devices(hand_made):
    for device in ("cpu", "cuda"):
        hand_made.scored("base", "a", 1, 10, device=device)
    statement = outcomes_of("calls", "1", WER, ["base on cuda"], known=KNOWN)
    assert [row[:3] for row in hand_made.rows(statement)] == [("a", "base", "cuda")]
    assert key_in("base on cuda", KNOWN) == "base"
    assert key_in("base", KNOWN) == "base"
