"""No board counts what a quarantined run made or what rests on it; the tables keep it all."""

from typing import Any

PAIRS = "case_pairs('calls', 'wer', 'bad', 'good')"
BOARDS = (
    *(
        "latest_artifacts",
        "latest_results",
        "latest_scores",
        "case_outcomes",
        "leaderboard",
        "scorecard",
        "transcripts",
    ),
    *("failed_checks", "history_of('calls', 'wer')"),
    *(
        "leaderboard_of(['bad', 'good', 'found'])",
        "slices_of('calls', 'wer')",
        "case_pairs('calls', 'wer', 'bad', 'good')",
    ),
    *("search('hello')", "coverage WHERE inputs > 0 OR cases > 0", "step_speed"),
)
MOMENT = "2026-03-01T10:00:00+00:00"


def quarantine(hand_made: Any, run: str, steps: list[str], *fingerprints: str) -> None:
    hand_made.add(
        "lifecycle_events",
        **{"event": "quarantined", "subject_kind": "run", "subject": f"{run}/d", "reason": "doubt", "sequence": 900},
        **{
            "evidence": {"steps": steps, "fingerprints": list(fingerprints)},
            "occurred_at": MOMENT,
            "decided_by": "ann",
        },
    )


def fill(hand_made: Any) -> dict[str, str]:
    """A case put to two systems, each a model: `bad` and `good`; `found` found what bad had made, and aligned it."""
    hand_made.add(
        "cases", dataset="calls", version="1", case_id="one", input="one", tags={"noise": "street"}, recorded_at=MOMENT
    )
    for name in ("bad", "good"):
        hand_made.model(name, "asr")
    made = {}
    for system in ("bad", "good"):
        made[system] = hand_made.scored(
            system, "one", 3 if system == "bad" else 1, 10, model=f"{system}:v", inference_s=2.0
        )
        hand_made.segment(made[system], 0, 0.0, 1.0, text=f"hello from {system}")
        hand_made.add(
            "checks",
            **{
                "step_id": f"s{1 if system == 'bad' else 2}",
                "run": f"{system} one",
                "dagster_run_id": "d",
                "input": "one",
            },
            **{"system": system, "step": "asr", "fingerprint": made[system], "check_name": "loops", "passed": False},
            **{"severity": "warning", "description": "", "metadata": {}, "judged_at": MOMENT},
        )
    hand_made.attempt("found", "one", fingerprint=made["bad"], cached=True, model="bad:v", surface="asr")
    made["aligned"] = hand_made.result("found", "one", "alignment", model=None, reads={"transcript": made["bad"]})
    hand_made.segment(made["aligned"], 0, 0.0, 1.0, text="hello aligned")
    return made


def named(hand_made: Any, board: str) -> set[str]:
    """Which of the systems a board names, or their models."""
    told = str(hand_made.rows(f"FROM {board}"))
    return {name for name in ("bad", "good", "found") if f"'{name}'" in told or f"'{name}:v'" in told}


def test_every_board_leaves_out_what_a_quarantined_run_made_and_what_others_made_of_it(hand_made: Any) -> None:
    made = fill(hand_made)
    before = {board: named(hand_made, board) for board in BOARDS}
    assert {board for board, names in before.items() if "bad" not in names} == {PAIRS}
    assert hand_made.rows(f"SELECT count(*) FROM {PAIRS}") == [(1,)]
    quarantine(hand_made, "bad one", ["asr"], made["bad"])
    assert {board: named(hand_made, board) for board in BOARDS} == {
        board: names & {"good"} for board, names in before.items()
    }
    assert hand_made.rows(f"SELECT count(*) FROM {PAIRS}") == [(0,)]
    assert hand_made.rows("SELECT count(*) FROM steps") == [(4,)]
    assert hand_made.rows("SELECT count(*) FROM scores") == [(2,)]
    started = {"run": "bad one", "dagster_run_id": "d", "input": "one", "system": "bad", "occurred_at": MOMENT}
    hand_made.event("started", **started)
    told = "SELECT quarantined_by, quarantined_because FROM run_history WHERE system = 'bad'"
    assert hand_made.rows(told) == [("ann", "doubt")]


def test_results_that_are_kept_in_use_count_for_whoever_found_them(hand_made: Any) -> None:
    fill(hand_made)
    quarantine(hand_made, "bad one", ["asr"])
    assert named(hand_made, "step_speed") == {"good"}
    assert hand_made.rows("SELECT DISTINCT system FROM leaderboard ORDER BY ALL") == [("found",), ("good",)]


def test_a_run_that_only_found_a_result_takes_away_nothing_but_itself(hand_made: Any) -> None:
    made = fill(hand_made)
    quarantine(hand_made, "found one", ["asr", "alignment"], made["aligned"])
    assert {board: named(hand_made, board) for board in ("latest_artifacts", "leaderboard")} == {
        "latest_artifacts": {"bad", "good"},
        "leaderboard": {"bad", "good"},
    }
