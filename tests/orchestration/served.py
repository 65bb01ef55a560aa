"""The UI as `make ui` starts it, on a lab of its own: webserver, daemon and code location, asked over GraphQL."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from dagster._core.scheduler.instigation import InstigatorTick

from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.settings import Lab, Settings
from modellab_dagster.home import open_instance
from modellab_dagster.ui import environment

RATE_HZ = 16_000
REPOSITORY = {"repositoryLocationName": "modellab", "repositoryName": "__repository__"}
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
_START_S, _RUN_S = 300.0, 600.0
"""Far more than it takes on a machine left alone: runs go three at a time, each in a process of its own."""

_BACKFILL = """
mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
  }
}"""
_RUN = """
mutation($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  }
}"""
_RUNS = """
query($tags: [ExecutionTag!]) {
  runsOrError(filter: {tags: $tags}) {
    ... on Runs { results { runId status jobName tags { key value } } }
  }
}"""
_LOG = """
query($run: ID!) {
  logsForRun(runId: $run) {
    ... on EventConnection {
      events {
        __typename ... on MessageEvent { message level }
        ... on ExecutionStepFailureEvent { error { message } }
      }
    }
  }
}"""


@dataclass
class ServedUi:
    """A running UI. `stop` ends it, and everything it started."""

    lab: Lab
    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, home: Path, folder: Path) -> "ServedUi":
        lab = Lab(Settings(_env_file=None, home=home, offline=True))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "modellab_dagster.ui", "--port", str(port)],
            env={**environment(lab), "MODELLAB_OFFLINE": "true"},
            stdout=(folder / "ui.log").open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        served = cls(lab, folder, port, process)
        served._wait_until_loaded()
        return served

    def _wait_until_loaded(self) -> None:
        end = time.monotonic() + _START_S
        while True:
            try:
                nodes = self.ask("{ assetNodes { id } }")["assetNodes"]
                if nodes:
                    return
            except OSError:
                pass
            assert self.process.poll() is None, (self.folder / "ui.log").read_text()
            assert time.monotonic() < end, "the UI did not start"
            time.sleep(0.3)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.address}/graphql",
            json.dumps({"query": query, "variables": variables or {}}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert not answer.get("errors"), answer["errors"]
        return dict(answer["data"])

    def input(self, name: str) -> RegisteredInput:
        """A second of noise of its own, registered."""
        path = self.folder / f"{name}.wav"
        samples = np.random.default_rng(sum(name.encode())).normal(0, 0.1, RATE_HZ).astype(np.float32)
        soundfile.write(path, samples, RATE_HZ)
        return InputStore(self.lab).register(path)

    def backfill(self, partitions: Sequence[str], assets: Sequence[str], job: str | None = None) -> str:
        """Launch what the UI's dialog launches for several partitions, from a job's page or from the assets'."""
        params: dict[str, Any] = {
            "tags": [],
            "partitionNames": list(partitions),
            "fromFailure": False,
            "assetSelection": [{"path": [asset]} for asset in assets],
        }
        if job:
            params["selector"] = {"partitionSetName": f"{job}_partition_set", "repositorySelector": REPOSITORY}
        answer = self.ask(_BACKFILL, {"params": params})["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return str(answer["backfillId"])

    def launch(
        self, job: str, assets: Sequence[str], tags: Mapping[str, str], config: Mapping[str, Any] | None = None
    ) -> str:
        """Launch what the UI's dialog launches as one run; without assets, what the Launchpad of a job of ops does."""
        selected = {"assetSelection": [{"path": [name]} for name in assets]} if assets else {}
        params = {
            "mode": "default",
            "runConfigData": json.dumps(config or {}),
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
            "selector": {**REPOSITORY, "pipelineName": job, **selected},
        }
        answer = self.ask(_RUN, {"params": params})["launchPipelineExecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def runs_of(self, backfill: str, ended: int) -> list[dict[str, Any]]:
        """The runs of a backfill, when so many of them have ended and none is left over."""
        tag = [{"key": "dagster/backfill", "value": backfill}]
        return self._when_ended(lambda: self.ask(_RUNS, {"tags": tag})["runsOrError"]["results"], ended)

    def runs_tagged(self, key: str, value: str) -> list[dict[str, Any]]:
        """The runs with a tag, as they stand."""
        answer = self.ask(_RUNS, {"tags": [{"key": key, "value": value}]})["runsOrError"]
        return list(answer["results"])

    def reexecute(self, run: str) -> str:
        """What the UI's Re-execute from failure does."""
        asked = """mutation($id: String!) {
          launchRunReexecution(reexecutionParams: {parentRunId: $id, strategy: FROM_FAILURE}) {
            __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
        answer = self.ask(asked, {"id": run})["launchRunReexecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def terminate(self, run: str) -> None:
        """What the UI's Terminate does."""
        answer = self.ask("mutation($id: String!) { terminateRun(runId: $id) { __typename } }", {"id": run})
        assert answer["terminateRun"]["__typename"] == "TerminateRunSuccess", self.log(run)

    def status(self, run: str) -> str:
        asked = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
        return str(self.ask(asked, {"id": run})["runOrError"]["status"])

    def kill(self) -> None:
        """End everything at once, as a power cut would: the UI, its daemon and code server, and the runs."""
        home = f"MODELLAB_HOME={self.lab.home}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                ours = home in (process / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if ours and int(process.name) != os.getpid():
                os.kill(int(process.name), signal.SIGKILL)
        self.process.wait()

    def runs(self, *ids: str) -> list[dict[str, Any]]:
        """Runs by their ids, when all have ended."""
        query = _RUNS.replace("$tags: [ExecutionTag!]", "$ids: [String]").replace("tags: $tags", "runIds: $ids")
        return self._when_ended(lambda: self.ask(query, {"ids": list(ids)})["runsOrError"]["results"], len(ids))

    def _when_ended(self, fetch: Any, count: int) -> list[dict[str, Any]]:
        end = time.monotonic() + _RUN_S
        while True:
            found: list[dict[str, Any]] = fetch()
            if len(found) >= count and all(run["status"] in ENDED for run in found):
                return found
            assert time.monotonic() < end, found
            time.sleep(0.3)

    def log(self, run: str) -> list[dict[str, Any]]:
        """The events of a run."""
        return list(self.ask(_LOG, {"run": run})["logsForRun"]["events"])

    def errors(self, run: str) -> list[str]:
        """The words of a run's failed steps, as its page shows them."""
        return [
            event["error"]["message"] for event in self.log(run) if event["__typename"] == "ExecutionStepFailureEvent"
        ]


def sensor_ticks(lab: Lab, name: str) -> Sequence[InstigatorTick]:
    """The ticks of a sensor, from Dagster's own storage: over GraphQL they come only where the sensor was switched."""
    with open_instance(lab) as instance:
        [state] = [one for one in instance.all_instigator_state() if one.instigator_name == name]
        return instance.get_ticks(state.instigator_origin_id, state.selector_id)
