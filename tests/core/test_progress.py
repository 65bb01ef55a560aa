import pytest

from modellab import memory
from modellab.pipeline import engine
from modellab.pipeline.events import Event, StepProgressed, observed_by
from modellab.pipeline.record import RunIdentity


def test_progress_never_falls_and_long_steps_give_memory_back_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now, given_back, told = [0.0], [], []

    def keep(event: Event) -> None:
        assert isinstance(event, StepProgressed)
        told.append(event.fraction)

    monkeypatch.setattr(engine.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(memory, "release_memory", lambda: given_back.append(now[0]))
    progress = engine._Throttled(RunIdentity("r" * 16, "d"), "input", "system", "diarization")
    with observed_by(keep):
        for now[0], fraction in [(0.0, 0.1), (0.05, 0.2), (5.0, 0.15), (25.0, 0.5), (30.0, 0.6), (47.0, 2.0)]:
            progress(fraction)
    assert told == [0.1, 0.2, 0.5, 0.6, 1.0]
    assert given_back == [25.0, 47.0]
