"""The rows that findings rest on, as their statements give them: of one measure, of some systems, of one slice."""

from modellab.evaluation.claims import Claim
from modellab.evaluation.outcomes import Measure
from modellab.evaluation.sql_text import claim_beside, flags_of, key_in, outcomes_of

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


def test_flags_that_readers_are_told_of_recordings_of_the_dataset(hand_made):
    hand_made.case("a")
    flag = {"start_s": 1.0, "end_s": 2.0, "first_word": 0, "end_word": 2, "why": "nobody speaks", "figures": {}}
    for source, system in (("a", "base"), ("a", "it's"), ("elsewhere", "it's")):
        made = hand_made.result(system, source, "hallucinations", model=None)
        for place, strength in enumerate(("strong", "weak")):
            about = {"fingerprint": made, "position": place, "strength": strength}
            hand_made.add("flags", **about, **flag, kind="loop", text=f"{source} {strength}")
    assert hand_made.rows(flags_of("calls", "1", "it's")) == [("a", "loop", 1.0, 2.0, "a strong", "nobody speaks")]


def test_a_claim_stands_beside_each_case_of_the_figure(hand_made):
    hand_made.model("w", "asr")
    said = {"model_id": "w", "dataset": "LibriSpeech", "protocol": "Whisper's", "unit": "%", "stated_in": "a paper"}
    for variant, metric in ((None, "wer"), ("v", "wer"), (None, "cer")):
        row = {**said, "variant": variant, "metric": metric, "value": 5.0, "recorded_at": "2026-03-01T10:00:00+00:00"}
        hand_made.add("claims", **row)
    for case in "ab":
        hand_made.scored("base", case, 1, 10)
        hand_made.scored("it's", case, 2, 10)
    claim = Claim("w", None, "wer", "LibriSpeech", "Whisper's", 5.0, "%", "a paper")
    assert [row[:8] for row in hand_made.rows(claim_beside("calls", "1", WER, "it's", claim))] == [
        (5.0, "%", "Whisper's", "a paper", "a", "it's", "cpu", 2),
        (5.0, "%", "Whisper's", "a paper", "b", "it's", "cpu", 2),
    ]
