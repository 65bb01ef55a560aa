"""Whatever happens to the lake between builds, the database holds each source's rows exactly once."""

import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modellab.settings import Lab, Settings
from modellab.warehouse import builder
from modellab.warehouse.builder import build, rebuild
from modellab.warehouse.lake import Lake
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

_ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.integers(0, 5)),
        st.tuples(st.sampled_from(["build", "lose the database"]), st.just(0)),
        st.tuples(st.sampled_from(["lose a file", "write a file again"]), st.integers(0, 5)),
    ),
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=_ACTIONS)
def test_each_source_is_there_once(actions: list[tuple[str, int]], life: ModuleType) -> None:
    with tempfile.TemporaryDirectory() as home:
        lab = Lab(Settings(home=Path(home), _env_file=None))
        recorder, lake = Recorder(lab), Lake(lab.lake)
        merge_at, builder._MERGE_AT = builder._MERGE_AT, 2
        expected: dict[str, float] = {}
        try:
            for action, number in actions:
                name = f"s{number}"
                if action == "record":
                    # A record is write-once: recording the same id again changes nothing.
                    expected.setdefault(name, float(number))
                    recorder.step(replace(life.STEP, id=name, inference_s=float(number)), None)
                elif action == "build":
                    build(lab)
                elif action == "lose the database":
                    lab.database.unlink(missing_ok=True)
                elif action == "lose a file" and (files := lake.files()):
                    lake.remove([files[number % len(files)]])
                elif action == "write a file again" and name in expected:
                    lake.write("steps", name, [asdict(replace(life.STEP, id=name, inference_s=float(number)))])
            build(lab)
            rows = query(lab, "SELECT id, inference_s FROM steps ORDER BY id").rows
            assert rows == sorted(expected.items())
            rebuild(lab)
            assert query(lab, "SELECT id, inference_s FROM steps ORDER BY id").rows == rows
        finally:
            builder._MERGE_AT = merge_at
