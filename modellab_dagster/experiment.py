"""The job `experiment`: an experiment of the lab, started from the UI as `modellab experiments start` does."""

import dagster as dg
from pydantic import Field

from modellab.units import plural
from resources.program import run_program


class ExperimentConfig(dg.Config):
    """Which one."""

    name: str = Field(description="as modellab experiments list has it")


@dg.op(description="Measures what the experiment is of and has no result yet, in runs of their own.")
def start_experiment(context: dg.OpExecutionContext, config: ExperimentConfig) -> None:
    """The program does it, as a child: what it launches are runs like any other, tagged with the experiment's name."""
    ended = run_program(["experiments", "start", config.name], context.log.info)
    document = ended.document if isinstance(ended.document, dict) else {}
    if "error" in document:
        raise dg.Failure(str(document["error"].get("message")), allow_retries=False)
    if "datasets" not in document:
        raise dg.Failure(
            f"modellab experiments start ended with exit code {ended.code}: {ended.said or 'it said nothing'}",
            allow_retries=False,
        )
    for dataset in document["datasets"]:
        for fate in dataset["fates"]:
            context.log.info(
                f"{fate['system']}: {fate['fate']}, {fate['inputs']} of {fate['of']} of {dataset['dataset']}"
            )
    failed = sum(dataset["failed_runs"] for dataset in document["datasets"])
    context.add_output_metadata(
        {"experiment": config.name, "sweep": document["sweep"], "complete": document["complete"], "failed": failed}
    )
    if ended.code:
        raise dg.Failure(
            f"{plural(failed, 'run')} failed, or cases can't be had; the others are done.", allow_retries=False
        )


experiment_job = dg.GraphDefinition(name="experiment", node_defs=[start_experiment]).to_job(
    description="Starts an experiment, or goes on with it: modellab experiments list.",
    executor_def=dg.in_process_executor,
)
