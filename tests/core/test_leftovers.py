"""What killed processes leave goes at the next start; what living ones work on stays."""

import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from modellab.artifacts.store import ArtifactStore, describe_files
from modellab.files import atomic_path
from modellab.leftovers import leftovers, remove_leftovers
from modellab.settings import Lab
from modellab.upkeep.housekeeping import damaged_results, tonight, upkeep
from modellab.warehouse.builder import build

_WORKER = """
import sys, time
from modellab.files import atomic_path, staging_folder
from modellab.settings import Lab
lab = Lab.from_environment()
day = lab.records / "runs" / time.strftime("%Y%m%d", time.gmtime(0 if len(sys.argv) > 1 else None))
with (
    staging_folder(lab.inputs) as one, staging_folder(lab.datasets) as two, atomic_path(day / "a.json") as three
):
    for path in (one / "half", two / "half", three):
        path.write_text("half")
    print("working", flush=True)
    time.sleep(600)
"""


def _worker(*arguments: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", _WORKER, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    return process


def _end(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    process.send_signal(number)
    process.communicate()


def test_the_leftovers_of_the_dead_go_and_the_work_of_the_living_stays(lab: Lab) -> None:
    living, killed = _worker(), _worker()
    assert len(list(leftovers(lab))) == 6
    assert remove_leftovers(lab) == 0
    _end(killed, signal.SIGKILL)
    build(lab)
    kept = list(leftovers(lab))
    assert len(kept) == 3
    assert {path.name.split("-")[0] for path in kept if path.is_dir()} == {str(living.pid)}
    _end(living, signal.SIGKILL)
    assert remove_leftovers(lab) == 3
    assert list(leftovers(lab)) == []


def test_half_written_references_go_at_night(lab: Lab) -> None:
    with atomic_path(lab.references / "documents" / "aa" / "a.json") as half:
        half.write_text("half")
        copy = half.with_name(".b.json.0123.tmp")
        copy.write_text("of a process that died")
        assert remove_leftovers(lab, everywhere=True) == 1
        assert (half.exists(), copy.exists()) == (True, False)


def test_the_nightly_job_looks_everywhere(lab: Lab) -> None:
    _end(_worker("long ago"), signal.SIGKILL)
    assert remove_leftovers(lab) == 2
    assert upkeep(lab).removed_folders == 1


def test_every_result_has_its_turn_in_a_week_and_what_rotted_is_moved_aside(lab: Lab) -> None:
    store = ArtifactStore(lab.artifacts)
    for start in ("00", "01", "06", "07", "ff"):
        with store.staging() as folder:
            (folder / "out.txt").write_text("hello")
            facts: dict[str, dict[str, str]] = {"identity": {}, "summary": {}, "made": {}}
            store.commit("asr", start + "0" * 62, folder, files=describe_files(folder), **facts)
    week = [datetime.fromordinal(7 * 105_000 + day) for day in range(7)]
    nights = [[place.parent.name for place in tonight(store.places(), night)] for night in week]
    assert nights == [["00", "07"], ["01"], [], ["ff"], [], [], ["06"]]
    (store.get("asr", "01" + "0" * 62).path / "out.txt").write_text("jello")
    found = dict(damaged_results(lab))
    assert list(found) == ["asr/01" + "0" * 62]
    assert [place.parent.name for place in store.places()] == ["00", "06", "07", "ff"]


def test_a_clock_that_was_set_back_changes_nothing(lab: Lab) -> None:
    _end(_worker(), signal.SIGKILL)
    for path in leftovers(lab):
        os.utime(path, (4e9, 4e9))
    assert remove_leftovers(lab) == 3


def test_a_link_is_not_followed(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (lab.artifacts / ".staging").mkdir(parents=True)
    (lab.artifacts / ".staging" / "1-x").symlink_to(tmp_path / "precious")
    remove_leftovers(lab)
    assert (tmp_path / "precious").is_dir()
