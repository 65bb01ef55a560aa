"""The jobs `experiment` and `sweep`: many systems measured from the UI, as `modellab experiments start` and `modellab
sweep` do."""

import dagster as dg
from pydantic import Field

from assets._page import table
from modellab.units import plural
from resources.program import Ended, run_program


class ExperimentConfig(dg.Config):
    """Which one."""

    name: str = Field(description="as modellab experiments list has it")


class SweepConfig(dg.Config):
    """What is measured on what."""

    datasets: list[str] = Field(description="What to measure on, the small ones first: modellab datasets list.")
    models: list[str] = Field(description="Models or pipelines; the asset systems lists them.")
    pipeline: str = Field(default="", description="Measure this pipeline with each of the models in its slot.")
    grid: list[str] = Field(default=[], description="Each with every value of a model or parameter: asr.beam_size=1,5.")
    budget: str = Field(default="", description="Take at most so long: 30m, 1h30m. Left empty: as long as it takes.")
    metric: str = Field(default="", description="By which systems are left out; left empty, by the main one.")


@dg.op(description="Measures what the experiment is of and has no result yet, in runs of their own.")
def start_experiment(context: dg.OpExecutionContext, config: ExperimentConfig) -> None:
    """The program does it, as a child: what it launches are runs like any other, tagged with the experiment's name."""
    if not config.name:
        raise dg.Failure("name says which experiment is to start: modellab experiments list.", allow_retries=False)
    _say(context, "experiments start", run_program(["experiments", "start", config.name], context.log.info))


@dg.op(description="Measures systems on datasets, in runs of their own; what has a result is not run again.")
def start_sweep(context: dg.OpExecutionContext, config: SweepConfig) -> None:
    """The program does it, as for an experiment."""
    for field, named in (("datasets", config.datasets), ("models", config.models)):
        if not named:
            raise dg.Failure(f"{field} is empty: name at least one.", allow_retries=False)
    arguments = ["sweep"]
    for option, values in (("--dataset", config.datasets), ("--models", config.models), ("--grid", config.grid)):
        for value in values:
            arguments += [option, value]
    for option, value in (("--pipeline", config.pipeline), ("--budget", config.budget), ("--metric", config.metric)):
        if value:
            arguments += [option, value]
    _say(context, "sweep", run_program(arguments, context.log.info))


def _say(context: dg.OpExecutionContext, command: str, ended: Ended) -> None:
    """What became of each system, in the log and as the output's metadata.

    Raises:
        dagster.Failure: it was refused, or something failed or could not be had.
    """
    document = ended.document if isinstance(ended.document, dict) else {}
    if "error" in document:
        raise dg.Failure(str(document["error"].get("message")), allow_retries=False)
    if "datasets" not in document:
        raise dg.Failure(
            f"modellab {command} ended with exit code {ended.code}: {ended.said or 'it said nothing'}",
            allow_retries=False,
        )
    rows = []
    for dataset in document["datasets"]:
        for fate in dataset["fates"]:
            context.log.info(
                f"{fate['system']}: {fate['fate']}, {fate['inputs']} of {fate['of']} of {dataset['dataset']}"
            )
            rows.append([dataset["dataset"], fate["system"], fate["fate"], f"{fate['inputs']} of {fate['of']}"])
    failed = sum(dataset["failed_runs"] for dataset in document["datasets"])
    context.add_output_metadata(
        {
            **({"experiment": document["experiment"]} if document["experiment"] else {}),
            "sweep": document["sweep"],
            "complete": document["complete"],
            "failed": failed,
            "systems": dg.MetadataValue.md(table(["dataset", "system", "what became of it", "measured"], rows)),
        }
    )
    if ended.code:
        raise dg.Failure(
            f"{plural(failed, 'run')} failed, or cases can't be had; the others are done.", allow_retries=False
        )


experiment_job = dg.GraphDefinition(name="experiment", node_defs=[start_experiment]).to_job(
    description="Starts an experiment, or goes on with it: modellab experiments list.",
    config={"ops": {"start_experiment": {"config": {"name": ""}}}},
    executor_def=dg.in_process_executor,
)
sweep_job = dg.GraphDefinition(name="sweep", node_defs=[start_sweep]).to_job(
    description="Measures systems on datasets, within a budget if given: modellab sweep.",
    config={
        "ops": {
            "start_sweep": {
                "config": {"datasets": [], "models": [], "pipeline": "", "grid": [], "budget": "", "metric": ""}
            }
        }
    },
    executor_def=dg.in_process_executor,
)
