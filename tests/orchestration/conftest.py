"""A small chain of steps that behaves like the real one and takes no time, through the real factory and resources.

Inputs are real sound files in a real lab; a step fails for those whose name asks for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pytest
import soundfile
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.execution.api import execute_run
from dagster._core.loader import LoadingContextForTest
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from assets._checks import Check, Verdict
from assets._step import step_asset
from assets.partitions import PARTITIONS, partition_key
from modellab.errors import StepFailed
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.names import unknown_name
from modellab.pipeline.system import System, SystemStep, step_sources
from modellab.registry.config import ModelRef
from modellab.settings import Lab
from modellab.steps.definition import Kind, Read, StepContext, StepDefinition, StepParameters
from modellab.steps.outside import INPUT
from modellab_dagster.definitions import EXECUTOR, lab_resources
from modellab_dagster.home import open_instance
from modellab_dagster.partitions import register_partitions
from resources.engine import EngineResource, StepResult

from .served import ServedUi

RATE_HZ = 8000


def _step(name: str, *reads: Read, gives: tuple[Kind, ...] = ()) -> StepDefinition:
    def run(context: StepContext) -> Mapping[str, Any]:
        if context.input.name.startswith(f"bad-{name}"):
            raise StepFailed(f"{name} can't work on {context.input.name}")
        if context.input.name.startswith("slow"):
            context.progress(0.5)
        text = "".join(artifact.file("text").read_text() for artifact in context.reads.values())
        (context.output / "text").write_text(f"{text}{name};")
        return {"absent": dict(context.absent)}

    return StepDefinition(
        name=name,
        description=f"The step {name}.",
        code_version="7",
        reads=reads,
        parameters=StepParameters,
        run=run,
        gives=gives,
        outside=() if reads else (INPUT,),
    )


# Which kinds they are means nothing here.
_A, _B, _C, _D = Kind.AUDIO, Kind.SPEECH, Kind.TURNS, Kind.TRANSCRIPT
FIRST = _step("first", gives=(_A,))
SECOND = _step("second", Read("from_first", _A), gives=(_A, _B, _C))
THIRD = _step("third", Read("from_second_or_first", _A), gives=(_B, _D))
LAST = _step("last", Read("from_third_or_second", _B), gives=(_C,))
EASY = _step("easy", Read("best", _C, fall_back=True), Read("extra", _D, required=False))
"""Can do without the two before it."""
STEPS = (FIRST, SECOND, THIRD, LAST, EASY)
SYSTEMS = {
    "whole": ("first", "second", "third", "last"),
    "whole_again": ("first", "second", "third", "last"),
    "hole": ("first", "third", "last"),
    "short": ("first", "second"),
    "easy": ("first", "second", "third", "last", "easy"),
    "heard": ("first", "second", "third", "last", "easy"),
}
"""System -> its steps: `hole` lacks one in the middle, `short` what comes after the first two."""
HEARD = ModelRef(id="rnnoise", variant="v0.2")
"""The model that `second` of the system `heard` has, though it never asks for it: so two hands do the work."""


def toy_system(key: str) -> System:
    names = SYSTEMS[key]
    steps = [step for step in STEPS if step.name in names]
    return System(
        key,
        key,
        tuple(
            SystemStep(
                step,
                HEARD if (key, step.name) == ("heard", "second") else None,
                StepParameters(),
                step_sources(key, step, steps[:position]),
            )
            for position, step in enumerate(steps)
        ),
    )


class ToyEngine(EngineResource):
    """The real engine over the toy systems."""

    def resolve(self, key: str) -> System:
        if key not in SYSTEMS:
            raise unknown_name("system", key, SYSTEMS)
        return toy_system(key)


def _page(result: StepResult) -> Mapping[str, Any]:
    text = result.artifact.file("text").read_text()
    if result.source.name.startswith(f"odd-{result.record.step}"):
        raise ValueError("this can't be shown")
    return {"text": text, "dagster/row_count": text.count(";")}


def _ends_in_name(result: StepResult) -> Verdict:
    text = result.artifact.file("text").read_text()
    if result.source.name.startswith(f"torn-{result.record.step}"):
        raise ValueError("this can't be judged")
    return Verdict("weird" not in result.source.name, f"ends in {text[-8:]}", {"text": text})


def toy_assets() -> list[dg.AssetsDefinition]:
    check = Check("ends_in_name", "The text ends in the step's name.", _ends_in_name)
    return [step_asset(step, group="toy", kinds={"python"}, page=_page, checks=[check], steps=STEPS) for step in STEPS]


@dataclass
class Toy:
    """The chain on an instance in a lab's Dagster home."""

    lab: Lab
    instance: dg.DagsterInstance
    definitions: dg.Definitions
    folder: Path

    def input(self, name: str) -> RegisteredInput:
        """A registered recording of that name, with content of its own."""
        path = self.folder / f"{name}.wav"
        seed = sum(name.encode())
        soundfile.write(path, np.random.default_rng(seed).normal(0, 0.1, RATE_HZ // 4).astype(np.float32), RATE_HZ)
        source = InputStore(self.lab).register(path)
        register_partitions(self.instance, inputs=[source.key], systems=SYSTEMS)
        return source

    def run(
        self,
        inputs: Sequence[RegisteredInput],
        systems: Sequence[str],
        tags: Mapping[str, str] | None = None,
        steps: Sequence[str] | None = None,
    ) -> dg.JobExecutionResult:
        """Run the chain, or some steps, over the rectangle of inputs and systems, in the order they were registered."""
        keys = [partition_key(source.key, system) for source in inputs for system in systems]
        if len(keys) == 1:
            partition = PARTITIONS.get_tags_for_partition_key(keys[0])
        else:
            partition = {
                "dagster/asset_partition_range_start": keys[0],
                "dagster/asset_partition_range_end": keys[-1],
            }
        return self.run_with_tags({**partition, **(tags or {})}, steps)

    def run_selection(self, inputs: Sequence[str], systems: Sequence[str]) -> dg.JobExecutionResult:
        """Run the chain for any inputs under any systems, by the run's configuration."""
        tags = PARTITIONS.get_tags_for_partition_key(partition_key(inputs[0], systems[0]))
        selection = {"inputs": [*inputs], "systems": [*systems]}
        return self.run_with_tags(tags, config={"resources": {"selection": {"config": selection}}})

    def run_with_tags(
        self, tags: Mapping[str, str], steps: Sequence[str] | None = None, config: Mapping[str, Any] | None = None
    ) -> dg.JobExecutionResult:
        """Run the chain, or some steps, for what these tags say."""
        job = self.definitions.resolve_job_def("chain")
        selection = frozenset(map(dg.AssetKey, steps)) if steps else None
        if selection:
            job = job.get_subset(asset_selection=selection)
        run = self.instance.create_run_for_job(
            job, tags=tags, asset_selection=selection, run_config={**config} if config else None
        )
        return execute_run(InMemoryJob(job), run, self.instance)

    def materialized(self, step: str) -> set[str]:
        return set(self.instance.get_materialized_partitions(dg.AssetKey(step)))

    def failed(self, step: str) -> set[str]:
        """Partitions that the UI shows as failed."""
        with partition_loading_context(dynamic_partitions_store=self.instance):
            status = get_and_update_asset_status_cache_value(self.instance, dg.AssetKey(step), PARTITIONS)
            assert status is not None
            subset = status.deserialize_failed_partition_subsets(PARTITIONS)
            return set(subset.get_partition_keys())

    def record(self, step: str, key: str) -> dg.EventLogRecord:
        """The newest materialisation of a partition."""
        wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(step), asset_partitions=[key])
        return self.instance.fetch_materializations(wanted, limit=1).records[0]

    def materialization(self, step: str, key: str) -> dg.AssetMaterialization:
        event = self.record(step, key).asset_materialization
        assert event is not None
        return event

    def stale_reasons(self, step: str, key: str) -> list[str]:
        """Why the UI would call a partition out of date."""
        graph = self.definitions.resolve_asset_graph()
        resolver = CachingStaleStatusResolver(self.instance, graph, LoadingContextForTest(self.instance))
        return [cause.reason for cause in resolver.get_stale_causes(dg.AssetKey(step), key)]


@pytest.fixture
def toy(lab: Lab, tmp_path: Path) -> Iterator[Toy]:
    definitions = dg.Definitions(
        assets=toy_assets(),
        jobs=[dg.define_asset_job("chain", selection=[step.name for step in STEPS])],
        resources=lab_resources(ToyEngine),
        executor=EXECUTOR,
    )
    with open_instance(lab, runs_here=True) as instance:
        yield Toy(lab, instance, definitions, tmp_path)


@pytest.fixture(scope="session")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedUi]:
    """One real UI for every test that needs one."""
    served = ServedUi.start(tmp_path_factory.mktemp("ui_home"), tmp_path_factory.mktemp("ui"))
    yield served
    served.stop()
