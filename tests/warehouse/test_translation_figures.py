"""BLEU and chrF of a corpus in SQL: those of sacrebleu, in every view that adds up scores."""

import random

import pytest
import sacrebleu

from modellab.metrics.formulas import BLEU, CHRF
from modellab.metrics.translation import Pair, translation_scores

PAIR = Pair("en", "de")
WORDS = ["eins", "zwei", "drei", "vier", "fünf", "sechs"]


def texts(seed: int, cases: int = 5) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randint(1, 12))) for _ in range(cases)]


def add(hand_made, system: str, case: str, reference: str, translation: str) -> None:
    made = hand_made.result(system, case, step="translate", surface="translate")
    for one in translation_scores(reference, translation, PAIR):
        about = {"metric": one.metric.name, "unit": "points", "better": "higher", "protocol": one.metric.protocol}
        hand_made.score(
            made, case, one.numerator, one.denominator, **about, value=one.value, components=dict(one.components)
        )


@pytest.fixture
def theirs(hand_made) -> dict[tuple[str, str], float]:
    """System and metric -> sacrebleu's figure of its corpus; the rows are in the database."""
    references, found = texts(0), {}
    for number, system in enumerate(("a", "b")):
        translations = texts(number + 1)
        for place, pair in enumerate(zip(references, translations, strict=True)):
            add(hand_made, system, f"c{place}", *pair)
        found[system, "bleu"] = sacrebleu.corpus_bleu(translations, [references]).score
        found[system, "chrf"] = sacrebleu.corpus_chrf(translations, [references]).score
    hand_made.scored("a", "c0", 1, 4)
    return found


def test_the_leaderboard_has_the_corpus_s_figures_and_ranks_by_them(hand_made, theirs) -> None:
    rows = hand_made.rows("SELECT system, metric, value, own_value, rank FROM leaderboard WHERE metric <> 'wer'")
    assert {(system, metric): value for system, metric, value, _, _ in rows} == pytest.approx(theirs, rel=1e-12)
    assert {(system, metric): own for system, metric, _, own, _ in rows} == pytest.approx(theirs, rel=1e-12)
    best = {metric: max("ab", key=lambda system: theirs[system, metric]) for metric in ("bleu", "chrf")}
    assert {metric: system for system, metric, _, _, rank in rows if rank == 1} == best
    assert hand_made.rows("SELECT value FROM leaderboard WHERE metric = 'wer'") == [(0.25,)]


def test_history_and_slices_have_them_too_and_their_sums_agree(hand_made, theirs) -> None:
    for place in range(5):
        hand_made.add(
            "cases",
            **{"dataset": "calls", "version": "1", "case_id": f"c{place}", "input": f"c{place}"},
            **{"tags": {"half": "all"}, "recorded_at": "2026-03-01T10:00:00+00:00"},
        )
    for metric in ("bleu", "chrf"):
        for view in ("history_of", "slices_of"):
            rows = hand_made.rows(
                f"SELECT system, value, numerator / denominator, cases FROM {view}('calls', '{metric}')"
            )
            assert {system: value for system, value, _, _ in rows} == pytest.approx(
                {system: theirs[system, metric] for system in "ab"}, rel=1e-12
            ), view
            assert all(ratio == pytest.approx(value) and cases == 5 for _, value, ratio, cases in rows)


def test_who_was_asked_for_another_language_has_not_failed_at_this_one(hand_made, theirs) -> None:
    for place in range(5):
        hand_made.case(f"c{place}")
    for system, target in (("french", "fr"), ("german", "de")):
        asked = [{"step": "translate", "model": "m:v", "parameters": {"target": target}, "code_version": "1"}]
        about = {"system": system, "template": "translate", "steps": asked}
        hand_made.add("systems", **about, recorded_at="2026-03-01T10:00:00+00:00")
        hand_made.attempt(system, "c1", step="translate", model="m:v", status="failed", error="no such language")
    failed = hand_made.rows(
        "SELECT DISTINCT system, metric, case_id FROM case_outcomes WHERE error IS NOT NULL ORDER BY ALL"
    )
    assert failed == [("german", "bleu", "c1"), ("german", "chrf", "c1")]


@pytest.mark.parametrize("seed", range(4))
def test_the_macros_are_the_formulas_whatever_the_counts(hand_made, seed: int) -> None:
    """Also without a match of some length, or without any sequence of it."""
    chance = random.Random(seed)
    for _ in range(12):
        for formula, macro in ((BLEU, "bleu_of"), (CHRF, "chrf_of")):
            most = chance.choice([2, 30])
            counts = {part: float(chance.randint(0, most)) for part in formula.parts}
            counts |= {part: 1.0 for part in counts if part == "length" or part == formula.weight}
            orders = {part.rpartition("_")[2] for part in counts if part.startswith("matched")}
            for order in sorted(orders):  # no more matches than there are sequences, and longer ones are fewer
                less = str(max(1, int(order) - 1))
                counts[f"found_{order}"] = min(counts[f"found_{order}"], counts[f"found_{less}"])
                limit = min(counts[f"found_{order}"], counts[f"matched_{less}"])
                counts[f"matched_{order}"] = min(counts[f"matched_{order}"], limit)
            literal = ", ".join(f"'{part}': {amount}" for part, amount in counts.items())
            [(value,)] = hand_made.rows(f"SELECT {macro}([MAP {{{literal}}}])")
            assert value == pytest.approx(formula.of(counts), rel=1e-12), counts
