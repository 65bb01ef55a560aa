"""What came of each file given to `modellab run`, and its JSON document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from modellab.artifacts.store import Artifact, ArtifactStore
from modellab.errors import LabError
from modellab.inputs.registered import RegisteredInput
from modellab.legible import one_line
from modellab.media.canonical import CanonicalAudio
from modellab.media.folders import LeftOut
from modellab.outside import read_json
from modellab.pipeline.record import CheckRecord, StepRecord
from modellab.runs.doubts import Checks, Doubt, all_doubts, warnings_of
from modellab.runs.results import Results, results_of
from modellab.settings import Lab
from modellab.steps.definition import NO_STEP, Kind

Status = Literal["completed", "failed", "refused"]


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """One file: refused, or run, with the record of each step that was reached."""

    path: Path
    system: str
    status: Status
    error: str | None = None
    source: RegisteredInput | None = None
    run: str | None = None
    dagster_run_id: str | None = None
    records: tuple[StepRecord, ...] = ()
    seconds: float = 0.0
    """From the moment the file was taken up to the end of its run; of several in one run, what reading it and its own
    steps took."""
    same_as: Path | None = None
    """A file given before this one that has the same bytes; nothing was run for this one."""
    checks: Checks = field(default_factory=dict)
    error_page: str | None = None
    """`error` in several lines, where it takes them."""
    by_name: bool = False
    """Whether `path` is no file but what an input of the lab is called."""

    @property
    def audio_s(self) -> float:
        """Length of the sound that was worked on: the recording, or what a voice made of a text; 0 for none."""
        return max((record.audio_s for record in self.records), default=self.source.duration_s if self.source else 0.0)

    def record(self, step: str) -> StepRecord | None:
        """The record of a step that was reached."""
        return next((record for record in self.records if record.step == step), None)

    def artifact(self, lab: Lab, step: str) -> Artifact | None:
        """The result of a step that completed."""
        record = self.record(step)
        if record is None or record.fingerprint is None or record.artifact is None:
            return None
        return ArtifactStore(lab.artifacts).get(step, record.fingerprint)

    def results(self, lab: Lab) -> Results:
        """What its steps gave."""
        return results_of(self.records, lambda step: self.artifact(lab, step))

    def pack(self, lab: Lab) -> Path | None:
        """The Meeting Pack: its zip."""
        artifact = self.results(lab)(Kind.PACK)
        return pack_file(artifact) if artifact else None

    def doubts(self, lab: Lab) -> list[Doubt]:
        """What is doubtful about the file and about what was made of it."""
        return all_doubts(lab, self.records, self.checks, self.source.warnings if self.source else ())

    def sound(self, lab: Lab) -> Path | None:
        """What a voice made of a text: a sound file."""
        artifact = self.results(lab)(Kind.SPOKEN)
        return sound_file(artifact) if artifact else None

    @property
    def complaint(self) -> str | None:
        """Why the file was refused or failed, beginning with its path; it may take several lines."""
        said = self.error_page or self.error
        if said is None:
            return None
        name, path = one_line(self.path.name), one_line(str(self.path))
        return f"{path}{said.removeprefix(name)}" if said.startswith(name) else f"{path}: {said}"

    @property
    def name(self) -> str:
        """The file's name, as it can be shown."""
        return one_line(self.source.name if self.by_name and self.source else self.path.name)

    @property
    def all_cached(self) -> bool:
        """Whether there was nothing left to do."""
        return bool(self.records) and all(record.cached for record in self.records)

    def again(self, path: Path, *, by_name: bool = False) -> "FileOutcome":
        """What is said of another file with the same bytes: the same run, and no work of its own."""
        idle = (
            replace(record, cached=record.status == "completed", load_s=0.0, inference_s=0.0, other_s=0.0)
            for record in self.records
        )
        return replace(self, path=path, records=tuple(idle), seconds=0.0, same_as=self.path, by_name=by_name)


def pack_file(artifact: Artifact) -> Path:
    """The zip of a Meeting Pack."""
    return artifact.file(str(artifact.summary["zip_name"]))


def sound_file(artifact: Artifact) -> Path:
    """The sound of a result that a voice made."""
    return artifact.file(CanonicalAudio.open(artifact).info.audio_file)


def missing_parts(artifact: Artifact) -> dict[str, str]:
    """What a Meeting Pack was to hold and does not -> why."""
    absences = read_json(artifact.file("pack/manifest.json"))["absent"]
    return {str(one["what"]): str(one["why"]) for one in absences if one["why"] != NO_STEP}


def document(outcomes: Sequence[FileOutcome], left_out: LeftOut, lab: Lab) -> Mapping[str, Any]:
    """The document of `run --json`: one entry for each file given, in the order given, and what folders hold beside."""
    return {"inputs": [_entry(outcome, lab) for outcome in outcomes], "left_out": left_out.document()}


def _entry(outcome: FileOutcome, lab: Lab) -> Mapping[str, Any]:
    return {
        "path": outcome.path,
        "input": outcome.source.key if outcome.source else None,
        "system": outcome.system,
        "run": outcome.run,
        "dagster_run_id": outcome.dagster_run_id,
        "status": outcome.status,
        "error": outcome.error,
        "warnings": list(outcome.source.warnings) if outcome.source else [],
        "steps": [step_document(record, outcome.checks.get(record.step, ()), lab) for record in outcome.records],
        "bundle": _readable(lambda: outcome.pack(lab)),
        "sound": _readable(lambda: outcome.sound(lab)),
    }


def _readable(find: Callable[[], Path | None]) -> Path | None:
    """A file of a result; None as well when the result can't be read again, which costs nobody the document."""
    try:
        return find()
    except LabError:
        return None


def step_document(record: StepRecord, checks: Sequence[CheckRecord], lab: Lab) -> Mapping[str, Any]:
    """One step in a JSON document, with what its checks said; paths are absolute."""
    return {
        "step": record.step,
        "status": record.status,
        "cached": record.cached,
        "reproduced": record.reproduced,
        "first_inference": record.first_inference,
        "seconds": {"load": record.load_s, "inference": record.inference_s, "other": record.other_s},
        "artifact": lab.home / record.artifact if record.artifact else None,
        "error": record.error,
        "warnings": warnings_of(lab, record),
        "checks": checks,
    }
