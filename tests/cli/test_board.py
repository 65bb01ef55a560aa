from collections.abc import Callable

from modellab.cli.board import Board, BoardStep
from modellab.pipeline.events import StepEnded, StepProgressed, StepStarted
from modellab.pipeline.record import StepRecord


def _board(now: list[float]) -> Board:
    return Board([BoardStep("vad", None), BoardStep("asr", "faster_whisper:base")], clock=lambda: now[0])


def test_a_step_goes_from_waiting_over_running_to_done(record: Callable[..., StepRecord]) -> None:
    now = [100.0]
    board = _board(now)
    asr = board.steps[1]
    assert (asr.state, board.elapsed_s(asr)) == ("waiting", None)
    board.observe(StepStarted("i", "meeting", "asr", "faster_whisper:base"))
    now[0] = 103.0
    assert (asr.state, board.elapsed_s(asr)) == ("running", 3.0)
    board.observe(StepProgressed("i", "meeting", "asr", 0.5))
    assert asr.fraction == 0.5
    board.observe(StepEnded(record()))
    now[0] = 110.0
    assert (asr.state, board.elapsed_s(asr)) == ("done", 5.75)
    assert board.steps[0].state == "waiting"


def test_cached_and_failed_steps_say_so(record: Callable[..., StepRecord]) -> None:
    board = _board([0.0])
    board.observe(StepEnded(record("vad", cached=True)))
    board.observe(StepEnded(record(status="failed", error="No weights.")))
    assert [(step.state, step.error) for step in board.steps] == [("cached", None), ("failed", "No weights.")]
    board.observe(StepEnded(record(status="not_run", error="vad failed")))
    assert (board.steps[1].state, board.steps[1].error) == ("not run", "vad failed")


def test_a_step_of_another_system_is_ignored() -> None:
    assert _board([0.0]).observe(StepStarted("i", "other", "diarization", None)) is None
