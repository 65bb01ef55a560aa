"""An audit names every kind of damage, done here by hand, and puts right what can be derived."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from modellab.datasets.reference import Reference
from modellab.datasets.references import EnrolledCase, References
from modellab.leftovers import leftovers, remove_leftovers
from modellab.runs.past import find_run
from modellab.settings import Lab
from modellab.upkeep.audit import Audit, audit
from modellab.upkeep.pruning import Conditions, plan, prune
from modellab.warehouse.builder import build
from modellab.warehouse.lake import Lake
from modellab.warehouse.query import connect, query
from modellab.warehouse.schema import columns_by_table
from modellab_dagster.command import main

Damage = Callable[[Lab, Any, dict[str, Any]], None]


@pytest.fixture
def made(lab: Lab, runs: Any) -> dict[str, Any]:
    """A run with an ingest and a transcript, on a lab with a reference and a list of a dataset's cases."""
    made: dict[str, Any] = runs.run("a", words="hello there")
    known = EnrolledCase("one", runs.source.sha256, Reference("en", "hello there"))
    References(lab.references).enrol("calls", "1", [known])
    build(lab)
    return made


def kinds(found: Audit) -> list[str]:
    return sorted(one.kind for one in found.findings)


def content(lab: Lab) -> dict[str, list[Any]]:
    with connect(lab) as connection:
        return {table: sorted(connection.execute(f"FROM {table}").fetchall(), key=repr) for table in columns_by_table()}


def in_database(sql: str) -> Damage:
    def damage(lab: Lab, runs: Any, made: dict[str, Any]) -> None:
        with duckdb.connect(str(lab.database)) as connection:
            connection.execute(sql)

    return damage


def record_of(lab: Lab, kind: str) -> Path:
    return sorted(lab.records.glob(f"{kind}/*/*.json"))[0]


def flip(path: Path) -> None:
    """Another byte in the middle: the size stays."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def cut(path: Path) -> None:
    """The first half alone."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def rename_identity(lab: Lab, runs: Any, made: dict[str, Any]) -> None:
    path = made["asr"].path / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["identity"]["code_version"] = "2"
    path.write_text(json.dumps(manifest))


def lake_file(lab: Lab, table: str) -> Path:
    return sorted((lab.lake / table).glob("*.parquet"))[0]


def rewrite_lake(lab: Lab, runs: Any, made: dict[str, Any]) -> None:
    """A row of words fewer, in a file of the same name."""
    path = lake_file(lab, "words")
    duckdb.execute(f"COPY (FROM read_parquet('{path}') WHERE position = 0) TO '{path}.new' (FORMAT parquet)")
    Path(f"{path}.new").replace(path)


def orphan(lab: Lab, runs: Any, made: dict[str, Any]) -> None:
    """A result whose attempt was never recorded: its process was killed between the two."""
    record_of(lab, "steps").unlink()
    for path in lab.lake.glob("steps/*"):
        path.unlink()
    lab.database.unlink()


def dangling(lab: Lab, runs: Any, made: dict[str, Any]) -> None:
    event = {"event": "quarantined", "subject_kind": "run", "subject": "nobody/none", "reason": "r", "evidence": {}}
    runs.recorder.lifecycle_event(event)


def pruned_badly(lab: Lab, runs: Any, made: dict[str, Any]) -> None:
    runs.run("b", words="other words", status="failed")
    build(lab)
    prune(lab, plan(lab, Conditions(statuses=("failed",))))
    next(runs.store.pruned.places()).write_bytes(b"no gzip")


def without_rows_of(table: str, remove: Callable[[Lab], None]) -> Damage:
    """Records are gone, and with them all that had their rows: the lake's files, and the database."""

    def damage(lab: Lab, runs: Any, made: dict[str, Any]) -> None:
        remove(lab)
        shutil.rmtree(lab.lake / table)
        lab.database.unlink()

    return damage


def remove_starts(lab: Lab) -> None:
    for path in lab.records.glob("runs/*/*.json"):
        if json.loads(path.read_text())["content"]["event"] == "started":
            path.unlink()


def unnameable(lab: Lab, runs: Any, made: dict[str, Any]) -> None:
    """A record that is whole, and has no word for what its table must have."""
    path = record_of(lab, "steps")
    record = json.loads(path.read_text())
    del record["content"]["step"]
    path.write_text(json.dumps(record))


DAMAGE: list[tuple[str, Damage, bool]] = [
    ("damaged result", lambda lab, runs, made: flip(made["ingest"].path / "audio.raw"), True),
    ("damaged result", lambda lab, runs, made: (made["ingest"].path / "audio.raw").unlink(), True),
    ("wrong fingerprint", rename_identity, True),
    ("unlisted file", lambda lab, runs, made: (made["asr"].path / "notes.txt").write_text("mine"), False),
    ("result gone", lambda lab, runs, made: shutil.rmtree(made["asr"].path), False),
    ("damaged record", lambda lab, runs, made: record_of(lab, "steps").write_text("{"), False),
    ("record gone", lambda lab, runs, made: record_of(lab, "runs").unlink(), False),
    ("rows differ", in_database("DELETE FROM words WHERE position = 1"), True),
    ("rows differ", in_database("UPDATE steps SET inference_s = 0.1 WHERE step = 'asr'"), True),
    ("lake file gone", lambda lab, runs, made: lake_file(lab, "segments").unlink(), True),
    ("lake file damaged", lambda lab, runs, made: cut(lake_file(lab, "words")), True),
    ("lake lacks rows", rewrite_lake, True),
    ("orphan result", orphan, False),
    ("damaged input", lambda lab, runs, made: flip(runs.source.path), False),
    ("damaged reference", lambda lab, runs, made: flip(next(lab.references.glob("documents/*/*"))), False),
    ("reference gone", lambda lab, runs, made: next(lab.references.glob("documents/*/*")).unlink(), False),
    ("damaged reference", lambda lab, runs, made: (lab.references / "datasets/calls.json").write_text("["), False),
    ("decision about nothing", dangling, False),
    ("damaged pruned result", pruned_badly, False),
    ("run without a start", without_rows_of("runs", remove_starts), False),
    ("unknown input", without_rows_of("inputs", lambda lab: shutil.rmtree(lab.records / "inputs")), False),
    ("rows can't be made", unnameable, False),
]
ALSO = {
    "lake file gone": ["lake lacks rows"],
    "lake file damaged": ["lake lacks rows"],
}
"""What follows from some damage, and is named as well."""
SAID = {
    "run without a start": (
        "run aaaaaaaaaaaaaaaa",
        "steps of Dagster run a-attempt are recorded, and not that it began.",
    ),
    "unknown input": ("input talk-66e92bc0d58be372", "steps ran on it, and no record says what it is."),
    "rows can't be made": ("a-attempt-asr", "KeyError('step')."),
}
"""Where some damage is, and what is wrong there."""


@pytest.mark.parametrize(("kind", "damage", "fixable"), DAMAGE)
def test_damage_is_named_and_put_right_where_it_can_be(
    lab: Lab, runs: Any, made: dict[str, Any], kind: str, damage: Damage, fixable: bool
) -> None:
    before = content(lab)
    damage(lab, runs, made)
    expected = sorted([kind, *ALSO.get(kind, [])])
    if not fixable:
        mended = audit(lab, fix=True)
        assert kinds(mended) == expected
        assert not mended.sound and not any(one.fixable or one.fixed for one in mended.findings)
        assert {one.kind: (one.where, one.what) for one in mended.findings if one.kind in SAID} == {
            one: SAID[one] for one in expected if one in SAID
        }
        return
    found = audit(lab)
    assert kinds(found) == expected
    assert not found.sound and all(one.fixable for one in found.findings)
    mended = audit(lab, fix=True)
    # To look changed nothing: it was there the next time.
    assert (kinds(mended), mended.sound) == (expected, True)
    after = audit(lab)
    assert content(lab) == before
    if kind in ("damaged result", "wrong fingerprint"):
        # It can't be made here: it lies aside, its rows stay, and whoever needs it makes it again.
        assert kinds(after) == ["result gone"] and "it was damaged, and moved to" in after.findings[0].what
    else:
        assert kinds(after) == []


def test_a_database_that_is_made_from_a_mended_lake_has_all_rows(lab: Lab, runs: Any, made: dict[str, Any]) -> None:
    """Those of a record that is gone as well: only the database had them."""
    record_of(lab, "runs").unlink()
    before = content(lab)
    rewrite_lake(lab, runs, made)
    for path in lab.lake.glob("runs/*"):
        path.unlink()
    audit(lab, fix=True)
    lab.database.unlink()
    build(lab)
    assert content(lab) == before


def test_a_manifest_that_can_not_be_read_is_named_before_a_build_moves_it(lab: Lab, made: dict[str, Any]) -> None:
    before = content(lab)
    (made["ingest"].path / "manifest.json").write_text("{")
    assert kinds(audit(lab)) == ["damaged result"]
    [gone] = audit(lab).findings
    assert (gone.kind, "it was damaged, and moved to" in gone.what) == ("result gone", True)
    key = made["ingest"].manifest["made"]["input"]
    assert gone.remedy == f"modellab run {key} --pipeline fast_asr_only makes it again; its rows stay."
    assert content(lab) == before


def test_a_database_that_is_none_is_made_anew_and_that_is_said(lab: Lab, made: dict[str, Any]) -> None:
    before = content(lab)
    lab.database.write_bytes(b"no database")
    found = audit(lab)
    assert set(kinds(found)) == {"database repaired"} and found.sound
    assert content(lab) == before


def test_events_and_names_that_nothing_goes_with(lab: Lab, made: dict[str, Any]) -> None:
    lab.events.mkdir()
    (lab.events / "a-attempt.jsonl").write_bytes(b'{"event": "RunEnded"}\n{half\n{"cut')
    (lab.events / "nobody.jsonl").write_bytes(b"")
    lab.names.mkdir()
    (lab.names / f"{'f' * 64}.json").write_text("[]")
    found = {one.kind: one.what for one in audit(lab).findings}
    assert set(found) == {"damaged events", "events of no run", "damaged names"}
    assert found["damaged events"] == "1 of its lines are no events."


def test_one_run_is_looked_at_alone_with_what_it_rests_on(lab: Lab, runs: Any, made: dict[str, Any]) -> None:
    other = runs.run("b", words="other words")
    build(lab)
    flip(next(path for path in made["asr"].path.iterdir() if path.name != "manifest.json"))
    assert audit(lab, [find_run(lab, "b-attempt")]).findings == ()
    found = audit(lab, [find_run(lab, "a-attempt")])
    assert (kinds(found), found.runs, found.results) == (["damaged result"], 1, 2)
    # What both rest on is looked at with either.
    flip(other["ingest"].path / "audio.raw")
    assert kinds(audit(lab, [find_run(lab, "b-attempt")])) == ["damaged result"]


def test_quick_sees_sizes_and_names_and_no_bytes(lab: Lab, runs: Any, made: dict[str, Any]) -> None:
    flip(made["ingest"].path / "audio.raw")
    assert audit(lab, quick=True).sound
    rename_identity(lab, runs, made)
    lake_file(lab, "segments").unlink()
    shutil.rmtree(made["ingest"].path)
    assert kinds(audit(lab, quick=True)) == ["lake file gone", "result gone", "wrong fingerprint"]


def test_a_result_of_a_run_that_goes_on_is_no_orphan(lab: Lab, runs: Any, made: dict[str, Any]) -> None:
    runs.run("b", words="other words", status=None)
    next(lab.records.glob("steps/*/b-attempt-asr.json")).unlink()
    (lab.lake / "steps" / "b-attempt-asr.parquet").unlink()
    assert audit(lab).sound


def test_what_it_writes_meanwhile_is_not_taken_for_a_dead_process_leftover(
    lab: Lab, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Lake.write_all

    def written(self: Lake, tables: Any) -> Any:
        files = write(self, tables)
        remove_leftovers(lab, everywhere=True)
        return files

    monkeypatch.setattr(Lake, "write_all", written)
    assert audit(lab).sound
    assert list(leftovers(lab, everywhere=True)) == []


def test_the_command_says_it_and_fails(
    lab: Lab, runs: Any, made: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(["runs", "audit", *arguments])
        return code, capsys.readouterr().out

    code, out = told()
    assert (code, "2 results and " in out, "nothing is wrong" in out) == (0, True, True)
    in_database("DELETE FROM words")(lab, runs, made)
    code, out = told()
    assert (code, "rows differ (1)" in out, "1 thing wrong; --fix puts 1 of them right" in out) == (1, True, True)
    assert "2 rows are missing, and 0 are other ones. --fix makes its rows again." in out
    code, out = told("--fix", "--json")
    document = json.loads(out)
    assert (code, [one["fixed"] for one in document["findings"]]) == (0, [True])
    assert told("a-attempt")[0] == 0
    assert query(lab, "SELECT text FROM words ORDER BY position").rows == [("hello",), ("there",)]
