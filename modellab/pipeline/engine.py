"""Running steps: from a system and an input to artifacts and records. Needs no Dagster; the assets call this."""

import hashlib
import logging
import platform
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

from modellab import __version__, memory, processor
from modellab.artifacts.expiry import Expiry
from modellab.artifacts.fingerprint import ModelIdentity, StepIdentity
from modellab.artifacts.quarantine import Quarantine
from modellab.artifacts.store import Artifact, ArtifactStore, describe_files
from modellab.errors import ArtifactMissing, LabError, StepFailed
from modellab.files import canonical_json
from modellab.inputs.registered import RegisteredInput, require_kind
from modellab.pipeline.events import StepEnded, StepJudged, StepProgressed, StepStarted, emit
from modellab.pipeline.identity import Absence, Identities, absent_steps, filled_by
from modellab.pipeline.record import CheckRecord, HelperRecord, RunIdentity, StepRecord, StepRecorder
from modellab.pipeline.system import System, SystemStep
from modellab.registry.config import ModelRef
from modellab.registry.loaded import Eviction, LoadedModel
from modellab.registry.machine import this_machine
from modellab.registry.models import Models
from modellab.services.calls import ServiceCall, metered
from modellab.settings import Lab
from modellab.steps.definition import StepContext, Timings
from modellab.steps.outside import has_work
from modellab.trouble import storage_error, trouble_at
from modellab.wall_clock import now, stamp

_log = logging.getLogger(__name__)
_PROGRESS_INTERVAL_S = 0.1
_GIVE_BACK_INTERVAL_S = 20.0
"""A tenth of a second's work, in which a diarization on two cores frees some 300 MiB."""
_ALIKE_S = 60.0
"""By so much longer may a recording be whose freed memory a step finds; a minute of sound is some 4 MB."""


class Engine:
    """Runs steps of systems on inputs, for one lab, in one process.

    Args:
        lab: where everything lies.
        models: loads models and keeps them for the next input.
        store: where artifacts go.
        recorder: what happens to steps is written down there.
        pool: entered with the kind of device before a step first asks for a model that runs on one of this machine, and
            left when the step is over; it may wait. A result that is found asks for none.
    """

    def __init__(
        self,
        lab: Lab,
        models: Models,
        store: ArtifactStore,
        recorder: StepRecorder,
        pool: Callable[[str], AbstractContextManager[None]] = lambda device: nullcontext(),
    ) -> None:
        self.lab, self.models, self.store, self.recorder = lab, models, store, recorder
        self.pool = pool
        self._without: defaultdict[tuple[str, str], dict[str, Absence]] = defaultdict(dict)
        """System and input -> step -> why it has no result: how it ended last in this process."""
        self._quarantine = Quarantine(lab.records)
        self._expiry = Expiry(lab.settings.service_results_days, now())
        self._last_failure = _LastFailure()
        self._before: tuple[SystemStep, float] | None = None
        """The step attempted last, and how long its recording was."""

    def identity(self, system: System, source: RegisteredInput, step_name: str) -> StepIdentity:
        """What the result of a step depends on, computed down to the input's bytes; loads no model.

        Raises:
            LabError: a model of it, or of a step it can't do without, can't be identified: weights missing, say.
        """
        return self.identities(system, source).of(step_name)

    def identities(self, system: System, source: RegisteredInput) -> Identities:
        """Those of all steps, as things stand now: each is worked out once, when it is first asked for."""
        without = self._without[system.key, source.key]
        return Identities(
            self.models,
            self.store,
            system,
            source,
            lab=self.lab,
            without=without,
            quarantine=self._quarantine,
            expiry=self._expiry,
        )

    def released_for(self, step: SystemStep, source: RegisteredInput) -> bool:
        """Whether what was freed is given back before a step, or it would count in its peak.

        Not between attempts of one step at recordings that are no shorter: those take the same again, and to give it
        back and forth would cost a tenth of the time of a batch of short ones.
        """
        before, self._before = self._before, (step, source.duration_s)
        return before is None or before[0] is not step or before[1] > source.duration_s + _ALIKE_S

    def run_key(self, system: System, source: RegisteredInput) -> str:
        """16 hex digits that the same input, system and code always give."""
        codes = {
            step.name: [step.definition.code_version, step.parameters.model_dump(mode="json"), str(step.model)]
            for step in system.steps
        }
        text = canonical_json({"input": source.sha256, "system": system.key, "steps": codes})
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def wants(self, system: System, source: RegisteredInput, step_name: str) -> bool:
        """Whether a step has something to do for an input."""
        return has_work(self._step(system, step_name), source, self.lab)

    def artifact(self, system: System, source: RegisteredInput, step_name: str) -> Artifact | None:
        """The step's artifact; None when it has not been made, or can't be because its identity can't be known."""
        try:
            key = self.identities(system, source).fingerprint(step_name)
        except LabError:
            return None
        return self.store.find(step_name, key)

    def run_step(
        self,
        system: System,
        source: RegisteredInput,
        step_name: str,
        run: RunIdentity,
        *,
        force: bool = False,
        beside: bool = False,
    ) -> StepRecord:
        """Run one step, or find its result; the record says which, or why it failed. Never raises for a step's failure.

        Args:
            force: run it although its artifact is there; the artifact stays as it is, the record says whether it
                came out the same.
            beside: another thread runs a step meanwhile, whose memory is measured: that of this one is not.
        """
        step = self._step(system, step_name)
        attempt = _Attempt(self, system, step, source, run, beside=beside)
        try:
            emit(StepStarted(source.key, system.key, step_name, str(step.model) if step.model else None), run)
            attempt.make(force)
        except LabError as error:
            attempt.error = error
        except Exception as error:
            attempt.error = storage_error(error, self.store.root)
            if attempt.error is None:
                _log.exception("step %s of %s on %s failed", step_name, system.key, source.name)
                attempt.error = StepFailed(f"{type(error).__name__}: {error}")
            attempt.error.__cause__ = error
        except BaseException:  # Ctrl-C, or Dagster's word for a run that someone cancels
            attempt.canceled = True
            self._ended(attempt.record(), None)
            raise
        record = attempt.record()
        if attempt.error:
            self._last_failure.of = record.id, attempt.error
        return self._ended(record, attempt.artifact)

    def load_ahead(self, system: System, source: RegisteredInput, step_name: str) -> None:
        """Load the model of a step that will have to run, where it fits beside those in memory.

        Nothing is loaded for a step whose result is there, and none for a device whose steps take turns. What keeps the
        model from being loaded, the step is going to say.
        """
        step = self._step(system, step_name)
        if step.model is None or self.artifact(system, source, step_name) is not None:
            return
        try:
            model = self.identity(system, source, step_name).model
            if model is not None and model.device == "cpu":
                self.models.load_ahead(step.model)
        except LabError as error:
            _log.debug("%s was not loaded ahead: %s", step.model, error)

    def error_of(self, record: StepRecord) -> LabError:
        """Why an attempt failed: all parts of the error of this thread's last one, of others the record's words."""
        if self._last_failure.of and self._last_failure.of[0] == record.id:
            return self._last_failure.of[1]
        return StepFailed(str(record.error))

    def leave_out(
        self,
        system: System,
        source: RegisteredInput,
        step_name: str,
        run: RunIdentity,
        reason: str,
        *,
        beside: bool = False,
    ) -> StepRecord:
        """Record that a step is not run.

        Args:
            reason: what keeps it from running, such as `asr failed`.
            beside: as in `run_step`.
        """
        record = _Attempt(self, system, self._step(system, step_name), source, run, beside=beside).record()
        return self._ended(
            replace(record, status="not_run", machine=None, cpu_s=None, peak_memory_mib=None, error=reason), None
        )

    def judged(self, record: StepRecord, checks: Sequence[CheckRecord]) -> None:
        """Keep and tell what checks said about the result of an attempt at a step."""
        if checks:
            self.recorder.checks(record, checks)
            emit(StepJudged(record, tuple(checks)), _run_of(record))

    def _ended(self, record: StepRecord, artifact: Artifact | None) -> StepRecord:
        without = self._without[record.system, record.input]
        if record.status == "completed":
            without.pop(record.step, None)
        else:
            said = str(record.error)
            left_out = f"it was not run because {said}."
            failed = record.status != "not_run"
            why = str(record.error_type) if record.error_type else "it was stopped."
            without[record.step] = Absence(why, said) if failed else Absence(left_out, left_out)
        self.recorder.step(record, artifact)
        emit(StepEnded(record), _run_of(record))
        return record

    @staticmethod
    def _step(system: System, name: str) -> SystemStep:
        step = system.step(name)
        if step is None:
            raise ArtifactMissing(f"system {system.key} has no step {name!r}")
        return step


def _run_of(record: StepRecord) -> RunIdentity:
    return RunIdentity(record.run, record.dagster_run_id)


class _LastFailure(threading.local):
    """Id of the record of the attempt of a thread that failed last, and its error. Of earlier ones it is let go of: its
    traceback holds what the step had in memory."""

    of: tuple[str, LabError] | None = None


class _Attempt:
    """One attempt at one step: its clock, and what came of it."""

    def __init__(
        self,
        engine: Engine,
        system: System,
        step: SystemStep,
        source: RegisteredInput,
        run: RunIdentity,
        *,
        beside: bool,
    ) -> None:
        self.engine, self.system, self.step, self.source, self.run = engine, system, step, source, run
        self._beside = beside
        self.started_at = now()
        self._started = time.perf_counter()
        self._cpu_s = processor.seconds()
        self.timings = Timings()
        self._identity: StepIdentity | None = None
        self.fingerprint: str | None = None
        self.artifact: Artifact | None = None
        self.cached = False
        self.reproduced: bool | None = None
        self._calls: list[ServiceCall] = []
        self._evictions: list[Eviction] = []
        self._absent: dict[str, str] = {}
        """Key of `StepIdentity.reads` -> the words of why nothing fills it."""
        self.error: LabError | None = None
        self.canceled = False
        self._progress = _Throttled(run, source.key, system.key, step.name)
        self._context: StepContext | None = None
        if not beside:
            memory.reset_peak(release=engine.released_for(step, source))

    def make(self, force: bool) -> None:
        """Find the artifact or run the step for it.

        Raises:
            LabError: or anything the step's code raises.
        """
        if self.step.definition.takes is not None:
            require_kind(self.source, self.step.definition.takes)
        identities = self.engine.identities(self.system, self.source)
        identity = self._identity = identities.of(self.step.name)
        self._absent = {key: identities.said(step) for key, step in absent_steps(identity).items()}
        self.fingerprint = identities.fingerprint(self.step.name)
        found = self.engine.store.find(self.step.name, self.fingerprint)
        if found and not force:
            self.artifact, self.cached = found, True
            return
        try:
            self._run(identity, found)
        except Exception:
            # A result that it read may have rotted without changing its size; that costs one look at it to tell.
            if not self._reads_are_damaged():
                raise
            self._run(identity, found)

    def _run(self, identity: StepIdentity, found: Artifact | None) -> None:
        assert self.fingerprint is not None
        with ExitStack() as leases, self.engine.store.staging() as folder:
            context = self._context = self._make_context(identity, folder, leases)
            # Trouble here, while what fills the disk is still on it.
            with trouble_at(self.engine.store.root), metered(self._calls):
                summary = self.step.definition.run(context)
                files = describe_files(folder)
            if found:
                self.artifact, self.reproduced = found, files == found.manifest["files"]
            else:
                self.artifact = self.engine.store.commit(
                    self.step.name,
                    self.fingerprint,
                    folder,
                    files=files,
                    identity=asdict(identity),
                    summary=summary,
                    made=self._provenance(),
                )

    def _make_context(self, identity: StepIdentity, folder: Path, leases: ExitStack) -> StepContext:
        reads: dict[str, Artifact] = {}
        absent: dict[str, str] = {}
        for read in self.step.definition.reads:
            filled = filled_by(identity, read.role, self.system.candidates(self.step, read))
            if filled.why_not_best is not None:
                absent[read.role] = filled.why_not_best
            if filled.step is not None:
                reads[read.role] = self._result(filled.step, filled.fingerprint)
        ref = self.step.model
        return StepContext(
            input=self.source,
            parameters=self.step.parameters,
            reads=reads,
            absent=absent,
            output=folder,
            progress=self._progress,
            timings=self.timings,
            outside={
                one.role: value
                for one in self.step.definition.outside
                if (value := identity.reads.get(one.role)) is not None
            },
            references=self.engine.lab.references,
            voices=self.engine.lab.voices,
            stored=self.engine.store.find,
            system=self.system.key,
            audio_s=self.source.duration_s or max((_heard_s(artifact) for artifact in reads.values()), default=0.0),
            longest_s=self.engine.lab.settings.longest_recording_h * 3600.0,
            acquire=self._leased(ref, self.step.definition.model_surface, identity.model, leases) if ref else None,
            helpers={
                role: self._leased(helper, self.step.helper_surfaces[role], identity.helpers.get(role), leases)
                for role, helper in self.step.helpers.items()
            },
        )

    def _leased(
        self, ref: ModelRef, surface: str | None, runs_on: ModelIdentity | None, leases: ExitStack
    ) -> Callable[[], LoadedModel]:
        def acquire() -> LoadedModel:
            if runs_on is not None and runs_on.device and ref.id not in dict(self.engine.lab.settings.remote_models):
                leases.enter_context(self.engine.pool(runs_on.device))
            return leases.enter_context(self.engine.models.lease(ref, surface, self._evictions.append))

        return acquire

    def _result(self, step: str, key: str) -> Artifact:
        """The result of another step, made anew in this run if it is there no more: damaged, or pruned meanwhile.

        Raises:
            ArtifactMissing: it has not been made.
            StepFailed: it is there no more, and can't be made anew.
        """
        found = self.engine.store.find(step, key)
        if found is None and (why := self._why_gone(step, key)) is not None:
            record = self.engine.run_step(self.system, self.source, step, self.run, beside=self._beside)
            if record.error is not None:
                raise StepFailed(f"the result of {step} was {why} and can't be made anew: {record.error}")
        return self.engine.store.get(step, key)

    def _why_gone(self, step: str, key: str) -> str | None:
        damage = self.engine.store.why_set_aside(step, key)
        if damage is not None:
            return f"damaged ({damage})"
        kept = self.engine.store.pruned.read(step, key)
        return kept.said if kept else None

    def _reads_are_damaged(self) -> bool:
        """Whether a result that was read was pruned meanwhile, or is not what was made: then it is moved aside."""
        reads = self._context.reads.values() if self._context else ()
        store = self.engine.store
        damaged = [one for one in reads if store.check(one.path) is not None or not one.path.exists()]
        return bool(damaged)

    def _provenance(self) -> dict[str, Any]:
        facts = self._context.facts if self._context else None
        return {
            "modellab": __version__,
            "python": platform.python_version(),
            "input": self.source.key,
            "machine": self._machine,
            "run": self.run.run,
            "dagster_run_id": self.run.dagster_run_id,
            "absent": self._absent,
            "replaces_damaged": self.engine.store.why_set_aside(self.step.name, str(self.fingerprint)),
            "load_s": round(self.timings.load_s, 6),
            "inference_s": round(self.timings.inference_s, 6),
            "first_inference": self.timings.first_inference,
            "audio_s": self._audio_s,
            "execution": asdict(facts) if facts else None,
            "helpers": [asdict(helper) for helper in self._helpers()],
            "calls": [asdict(call) for call in self._calls],
        }

    def _helpers(self) -> tuple[HelperRecord, ...]:
        """The step's helper models, with what is known of them by now."""
        ran = self._context.helper_facts if self._context else {}
        known = self._identity.helpers if self._identity else {}
        helpers = []
        for role, ref in self.step.helpers.items():
            identity, facts = known.get(role), ran.get(role)
            helpers.append(
                HelperRecord(
                    role=role,
                    model=str(ref),
                    weights_sha256=identity.weights_sha256 if identity else None,
                    device=identity.device if identity else None,
                    compute_type=identity.compute_type if identity else None,
                    threads=facts.threads if facts else None,
                    machine=(facts.machine or this_machine().id) if facts else None,
                )
            )
        return tuple(helpers)

    @property
    def _machine(self) -> str:
        """Where what decides the numbers ran: the model's server, if it has one."""
        facts = self._context.facts if self._context else None
        return (facts.machine if facts else None) or this_machine().id

    @property
    def _audio_s(self) -> float:
        """Length of the sound that was worked on: the recording, or what a voice made of a text."""
        if self.cached and self.artifact is not None:
            return self.source.duration_s or _heard_s(self.artifact)
        return self._context.audio_s if self._context else self.source.duration_s

    def record(self) -> StepRecord:
        """What came of the attempt; call once, when it is over."""
        wall_s = time.perf_counter() - self._started
        status: Literal["completed", "failed", "canceled"]
        status = "canceled" if self.canceled else "failed" if self.error else "completed"
        facts = self._context.facts if self._context else None
        # A model that was not loaded, for the result was there or loading failed, has a device all the same.
        runs_on = facts or (self._identity.model if self._identity else None)
        return StepRecord(
            id=uuid.uuid4().hex,
            run=self.run.run,
            dagster_run_id=self.run.dagster_run_id,
            input=self.source.key,
            system=self.system.key,
            step=self.step.name,
            model=str(self.step.model) if self.step.model else None,
            status=status,
            cached=self.cached,
            fingerprint=self.fingerprint,
            artifact=str(self.artifact.path.relative_to(self.engine.lab.home)) if self.artifact else None,
            started_at=self.started_at.isoformat(timespec="milliseconds"),
            ended_at=stamp(),
            load_s=self.timings.load_s,
            inference_s=self.timings.inference_s,
            other_s=max(0.0, wall_s + self.timings.ahead_s - self.timings.load_s - self.timings.inference_s),
            cpu_s=max(0.0, processor.seconds() - self._cpu_s),
            audio_s=self._audio_s,
            fraction=None if status == "completed" else self._progress.fraction,
            device=runs_on.device if runs_on else None,
            compute_type=runs_on.compute_type if runs_on else None,
            threads=facts.threads if facts else None,
            helpers=self._helpers(),
            calls=tuple(self._calls),
            evictions=tuple(self._evictions),
            machine=self._machine,
            batch_size=facts.batch_size if facts else None,
            peak_memory_mib=None if self.cached or self._beside else memory.peak_mib(),
            reproduced=self.reproduced,
            first_inference=self.timings.first_inference,
            error_type=type(self.error).__name__ if self.error else None,
            error=str(self.error) if self.error else self._stopped() if self.canceled else None,
            error_page=self.error.page() if self.error else None,
            place=self.system.all_steps.index(self.step),
        )

    def _stopped(self) -> str:
        done = self._progress.fraction
        return f"stopped {f'when {done:.0%} of it was done' if done is not None else 'while it worked'}"


def _heard_s(artifact: Artifact) -> float:
    """Length of the sound that a result was made of, or is."""
    return float(artifact.manifest["made"]["audio_s"])


class _Throttled:
    """Progress of one step as events, at most ten a second, never falling. Long steps give memory back on the way."""

    def __init__(self, run: RunIdentity, source: str, system: str, step: str) -> None:
        self._run, self._where = run, (source, system, step)
        self.fraction: float | None = None
        """How much is done; None until the step says so."""
        self._next = 0.0
        self._give_back_at = time.monotonic() + _GIVE_BACK_INTERVAL_S

    def __call__(self, fraction: float) -> None:
        now = time.monotonic()
        self.fraction = max(self.fraction or 0.0, min(fraction, 1.0))
        if now >= self._next:
            self._next = now + _PROGRESS_INTERVAL_S
            emit(StepProgressed(*self._where, self.fraction), self._run)
        if now >= self._give_back_at:
            memory.release_memory()
            self._give_back_at = time.monotonic() + _GIVE_BACK_INTERVAL_S
