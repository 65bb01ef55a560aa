"""Models on servers: real connections on loopback, which are really lost."""

import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.artifacts.fingerprint import fingerprint
from modellab.artifacts.store import ArtifactStore
from modellab.errors import (
    ServerLost,
    ServerRefused,
    ServerUnreachable,
    UnknownName,
    UsageError,
    WorkerDied,
)
from modellab.inputs.registered import RegisteredInput
from modellab.media.audio import Waveform
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity
from modellab.pipeline.system import System, SystemStep
from modellab.registry.config import ModelRef
from modellab.registry.hosts import handshake
from modellab.registry.hosts.codec import CodecError, encode
from modellab.registry.hosts.handshake import Greeting, Open
from modellab.registry.hosts.remote import RemoteModel
from modellab.registry.hosts.server import Server
from modellab.registry.hosts.wire import Call, Channel, Raised, Returned
from modellab.registry.machine import this_machine
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Address, Lab, Settings
from modellab.steps.definition import StepContext, StepDefinition, StepParameters
from modellab.steps.outside import INPUT
from modellab.steps.vad import VadParameters
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

TOY = ModelRef(id="toy", variant="one")
TOKEN = "a token that both sides know"
SOURCE = RegisteredInput(
    "0" * 16, "0" * 64, "a.wav", Path("a.wav"), 2.0, 16000, 1, "wav/pcm_s16le", 64000, "2026-01-01"
)
WriteModel = Callable[..., Path]
ADAPTER = """
import os, threading, time
from modellab.media.frames import FrameStream
from modellab.surfaces.results import Segment, SpeechSegments

inside = 0


class Model:
    languages = ("en", "xx")

    def __init__(self):
        self.calls = 0

    def detect(self, audio, parameters, progress):
        global inside
        self.calls += 1
        inside += 1
        together = inside
        do = parameters.get("do")
        if do == "exit":
            os._exit(3)
        if do == "slow":
            time.sleep(0.1)
            together = max(together, inside)
        if do == "long":
            try:
                while True:
                    time.sleep(0.01)
                    progress(0.5)
            finally:
                inside -= 1
        inside -= 1
        progress(1.0)
        return SpeechSegments([Segment(float(os.getpid()), float(together))], float(audio.samples.sum()))

    def knows(self, word):
        return word != "unknown"

    def align(self, audio, words):
        return None

    def stream(self):
        return FrameStream(lambda frames: frames * 2, 4, 0)


def load(request):
    return Model()
"""


@pytest.fixture
def toy(folder: Path, write_model: WriteModel) -> ModelRegistry:
    write_model("toy", ADAPTER, surfaces=["vad", "align", "enhance"])
    write_model("other")
    return ModelRegistry(folder)


@contextmanager
def served(lab: Lab, registry: ModelRegistry, token: str | None = None) -> Iterator[Address]:
    """A server in a thread of this process."""
    with Models(lab, registry) as models:
        server = Server(models, "127.0.0.1", 0, token)
        server.load([TOY])
        threading.Thread(target=_until_closed, args=(server,), daemon=True).start()
        yield server.address
        server.close()


def _until_closed(server: Server) -> None:
    try:
        server.serve()
    except OSError:
        return


def audio(samples: int = 8000) -> Waveform:
    return Waveform(np.full(samples, 0.5, np.float32), 8000)


def ask(
    model: Any, do: str | None = None, progress: Callable[[float], None] = lambda fraction: None
) -> tuple[int, int]:
    """The process that did it, and how many calls were at work there."""
    found = model.detect(audio(), {"do": do}, progress)
    return int(found.segments[0].start_s), int(found.segments[0].end_s)


def test_every_method_and_property_is_there_and_audio_goes_over(
    lab: Lab, toy: ModelRegistry, lab_with: Callable[..., Lab]
) -> None:
    with served(lab, toy) as at, Models(lab_with(lab.home, toy=at), toy) as models:
        loaded = models.acquire(TOY)
        model = loaded.model
        assert (loaded.sample_rate_hz, loaded.facts.machine) == (8000, this_machine().id)
        assert model.languages == ("en", "xx")
        assert [model.knows("known"), model.knows("unknown")] == [True, False]
        long = Waveform(np.arange(1_000_000, dtype=np.float32), 8000)
        assert model.detect(long, {}, lambda fraction: None).duration_s == float(long.samples.sum())
        one, other = model.stream(), model.stream()
        first = one.push(np.arange(6, dtype=np.float32))
        assert other.push(np.full(3, 7, np.float32)).size == 0
        assert np.concatenate([first, one.finish()]).tolist() == [0, 2, 4, 6, 8, 10]
        assert models.loaded == [TOY]


def test_first_inferences_are_those_after_a_load_there(
    lab: Lab, toy: ModelRegistry, lab_with: Callable[..., Lab]
) -> None:
    with served(lab, toy) as at:
        seen = []
        for _ in range(2):
            with Models(lab_with(lab.home, toy=at), toy) as models:
                loaded = models.acquire(TOY)
                seen += [loaded.begin_inference(), loaded.begin_inference()]
                ask(loaded.model)
        assert seen == [True, False, False, False]


def test_its_fingerprint_is_that_of_the_same_model_here_and_says_the_servers_weights(
    lab: Lab, folder: Path, write_model: WriteModel, lab_with: Callable[..., Lab], tmp_path: Path
) -> None:
    local = {"files": ["a.bin"], "origin": "a test"}
    write_model("toy", variants={"one": {"local": local, "parameters": {"threshold": 0.7}}})
    registry = ModelRegistry(folder)

    def lab_of(weights: str) -> Lab:
        place = tmp_path / weights / "toy" / "one"
        place.mkdir(parents=True)
        (place / "a.bin").write_text(weights)
        return Lab(Settings.model_validate({"home": lab.home, "weights": tmp_path / weights}))

    here = Models(lab_of("here"), registry).identity(TOY)
    with served(lab_of("there"), registry) as at:
        there = Models(lab_with(lab.home, toy=at), registry).identity(TOY)  # which has no weights itself
    assert there.weights_sha256 != here.weights_sha256
    assert replace(there, weights_sha256=here.weights_sha256) == here
    assert Models(Lab(Settings.model_validate({"weights": tmp_path / "there"})), registry).identity(TOY) == there


def test_a_server_that_comes_back_with_other_weights_is_asked_again_and_nothing_is_kept_under_the_wrong_name(
    lab: Lab,
    folder: Path,
    write_model: WriteModel,
    serve: Callable[..., Any],
    lab_with: Callable[..., Lab],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_model("toy", ADAPTER, variants={"one": {"local": {"files": ["a.bin"], "origin": "a test"}}})
    registry = ModelRegistry(folder)
    place = tmp_path / "toy" / "one"
    place.mkdir(parents=True)
    monkeypatch.setenv("MODELLAB_WEIGHTS", str(tmp_path))
    (place / "a.bin").write_text("before")
    with serve("toy", folder=folder) as (at, _):
        models = Models(lab_with(lab.home, toy=at), registry)
        before = models.identity(TOY)
    (place / "a.bin").write_text("after")
    with serve("toy", folder=folder, port=at.port), models:
        with pytest.raises(ServerRefused, match=f"the server at {at} has another model toy:one than a moment ago"):
            models.acquire(TOY)
        after = models.identity(TOY)
        assert after.weights_sha256 != before.weights_sha256
        assert ask(models.acquire(TOY).model)[1] == 1


def _detect(context: StepContext) -> dict[str, Any]:
    with context.model() as model:
        found = model.detect(audio(), {"do": "exit" if context.input.name == "bad.wav" else None}, context.progress)
    (context.output / "sum.txt").write_text(str(found.duration_s))
    return {}


DETECT = StepDefinition("detect", "Detects.", "1", (), StepParameters, _detect, surface="vad", outside=(INPUT,))
SYSTEM = System("toy", "toy", (SystemStep(DETECT, TOY, StepParameters(), {}),))
RUN = RunIdentity("r" * 16, "d" * 8)


def test_a_server_that_dies_midway_is_one_failed_step_and_the_next_recording_connects_again(
    lab: Lab, toy: ModelRegistry, serve: Callable[..., Any], lab_with: Callable[..., Lab]
) -> None:
    sources = [
        replace(SOURCE, name=name, key=str(i) * 16, sha256=str(i) * 64)
        for i, name in enumerate(["one.wav", "bad.wav", "three.wav", "one.wav"])
    ]
    with serve("toy", folder=toy.places[0].folder) as (at, process), Models(lab_with(lab.home, toy=at), toy) as models:
        engine = Engine(lab, models, ArtifactStore(lab.artifacts), Recorder(lab))
        records = [engine.run_step(SYSTEM, source, "detect", RUN) for source in sources[:2]]
        assert process.wait(5) == 3
        with serve("toy", folder=toy.places[0].folder, port=at.port):
            records += [engine.run_step(SYSTEM, source, "detect", RUN) for source in sources[2:]]
    assert [record.status for record in records] == ["completed", "failed", "completed", "completed"]
    assert (records[1].error_type, str(records[1].error).split(";")[0]) == (
        "ServerLost", f"the connection to the server at {at} was lost in detect of model toy:one",
    )  # fmt: skip
    assert (records[1].machine, records[0].load_s > 0, records[2].load_s > 0, records[3].load_s) == (
        this_machine().id, True, True, 0.0,
    )  # fmt: skip
    with Models(lab, toy) as models:  # the same model here has the same result
        here = Engine(lab, models, ArtifactStore(lab.artifacts), Recorder(lab))
        assert here.run_step(SYSTEM, sources[0], "detect", RUN).cached
        assert fingerprint(here.identity(SYSTEM, sources[0], "detect")) == records[0].fingerprint
    build(lab)
    assert query(lab, "SELECT status, error_type FROM steps WHERE status = 'failed'").rows == [("failed", "ServerLost")]


def test_records_and_results_name_the_servers_machine(
    lab: Lab, toy: ModelRegistry, lab_with: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(this_machine(), cpu="Another CPU")
    monkeypatch.setattr("modellab.registry.hosts.server.this_machine", lambda: other)
    with served(lab, toy) as at, Models(lab_with(lab.home, toy=at), toy) as models:
        engine = Engine(lab, models, ArtifactStore(lab.artifacts), Recorder(lab))
        made = engine.run_step(SYSTEM, SOURCE, "detect", RUN)
        found = engine.run_step(SYSTEM, SOURCE, "detect", RUN)
    assert (made.machine, found.cached, found.machine) == (other.id, True, this_machine().id)
    build(lab)
    rows = query(lab, "SELECT s.machine, cpu FROM steps s JOIN hosts USING (machine) WHERE NOT cached").rows
    assert rows == [(other.id, "Another CPU")]
    assert query(lab, "SELECT machine FROM artifacts").rows == [(other.id,)]


def test_a_server_that_is_told_to_end_ends_in_the_middle_of_a_call(
    serve: Callable[..., Any], lab: Lab, lab_with: Callable[..., Lab]
) -> None:
    vad = ModelRef(id="silero_vad", variant="v6")
    hour = Waveform(np.zeros(3600 * 16000, np.float32), 16000)
    with serve("silero_vad") as (at, process), Models(lab_with(lab.home, silero_vad=at), ModelRegistry()) as models:
        model = models.acquire(vad).model
        asked_at: list[float] = []

        def end(_: float) -> None:
            if not asked_at:
                asked_at.append(time.monotonic())
                process.send_signal(signal.SIGTERM)

        with pytest.raises(ServerLost, match="was lost in detect of model silero_vad:v6"):
            model.detect(hour, VadParameters().model_dump(), end)
        assert process.wait(5) == 143
        assert time.monotonic() - asked_at[0] < 3.0


def test_a_lost_connection_that_nobody_used_costs_nothing(
    lab: Lab, toy: ModelRegistry, serve: Callable[..., Any], lab_with: Callable[..., Lab]
) -> None:
    with serve("toy", folder=toy.places[0].folder) as (at, process), Models(lab_with(lab.home, toy=at), toy) as models:
        first, _ = ask(models.acquire(TOY).model)
        model = models.acquire(TOY).model
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert models.loaded == []
        with pytest.raises(ServerLost, match="was lost before this call of model toy:one"):
            ask(model)
        with serve("toy", folder=toy.places[0].folder, port=at.port):
            assert ask(models.acquire(TOY).model)[0] != first


def test_a_worker_of_the_server_that_dies_is_an_error_and_the_next_gets_a_new_one(
    lab: Lab, folder: Path, write_model: WriteModel, lab_with: Callable[..., Lab]
) -> None:
    write_model("toy", ADAPTER, host="worker", surfaces=["vad"])
    registry = ModelRegistry(folder)
    with served(lab, registry) as at, Models(lab_with(lab.home, toy=at), registry) as models:
        first, _ = ask(models.acquire(TOY).model)
        with pytest.raises(WorkerDied) as caught:
            ask(models.acquire(TOY).model, "exit")
        assert str(caught.value).startswith(
            f"on server at {at}, the process of model toy:one ended by itself with exit code 3 in detect"
        )
        second, _ = ask(models.acquire(TOY).model)
        assert len({first, second, os.getpid()}) == 3


def test_labs_take_turns_and_one_that_is_gone_stops_nobody(
    lab: Lab, toy: ModelRegistry, lab_with: Callable[..., Lab]
) -> None:
    with served(lab, toy) as at:
        labs = [Models(lab_with(lab.home, toy=at), toy) for _ in range(4)]
        together: list[int] = []
        threads = [
            threading.Thread(target=lambda models=models: together.append(ask(models.acquire(TOY).model, "slow")[1]))
            for models in labs
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert together == [1, 1, 1, 1]

        def leave(_: float) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            ask(labs[0].acquire(TOY).model, "long", leave)
        assert ask(labs[1].acquire(TOY).model)[1] == 1  # its call ended with it
        assert ask(labs[0].acquire(TOY).model)[1] == 1
        for models in labs:
            models.close()


def test_nothing_there_is_said_at_once_with_what_to_do(
    lab: Lab, toy: ModelRegistry, lab_with: Callable[..., Lab]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    models = Models(lab_with(lab.home, toy=Address("127.0.0.1", port)), toy)
    started = time.monotonic()
    found = models.availability(TOY)
    with pytest.raises(ServerUnreachable) as caught:
        models.identity(TOY)
    assert time.monotonic() - started < 1.0
    assert (found.ok, found.missing, found.server) == (False, "server not reached", f"127.0.0.1:{port}")
    assert found.reason == str(caught.value) == (
        f"the server at 127.0.0.1:{port} can't be reached; found Connection refused. "
        f"Start it there: modellab models serve MODEL --port {port} "
        "Or take the model out of MODELLAB_REMOTE_MODELS, and it runs here."
    )  # fmt: skip


def test_a_server_that_could_not_be_reached_is_not_asked_again_at_once(
    lab: Lab, toy: ModelRegistry, lab_with: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modellab.registry.hosts.remote._CONNECT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:  # it takes no one, and its queue is full
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        models = Models(lab_with(lab.home, toy=Address(*full.getsockname())), toy)
        started = time.monotonic()
        for _ in range(5):
            assert models.availability(TOY).missing == "server not reached"
        assert time.monotonic() - started < 1.0
        for one in waiting:
            one.close()


@pytest.mark.parametrize(("known", "words"), [(None, "another one or none"), ("not what it is there", "another one")])
def test_a_token_that_is_wrong_or_missing_is_refused(
    known: str | None, words: str, lab: Lab, toy: ModelRegistry, lab_with: Callable[..., Lab]
) -> None:
    with served(lab, toy, TOKEN) as at:
        models = Models(lab_with(lab.home, known, toy=at), toy)
        with pytest.raises(ServerRefused, match=words) as caught:
            models.identity(TOY)
        assert "Set MODELLAB_SERVE_TOKEN here to what it is there." in str(caught.value)
        assert "Traceback" not in "".join(caught.value.__notes__)
        assert models.availability(TOY).missing == "not served there"
        with Models(lab_with(lab.home, TOKEN, toy=at), toy) as allowed:
            assert ask(allowed.acquire(TOY).model)[0] == os.getpid()


def test_the_token_does_not_go_over_the_connection(lab: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        said: list[bytes] = []

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                Channel(connection, shares_memory=False).send(Greeting(handshake.protocol(), "a challenge"))
                said.append(connection.recv(4096))

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ServerUnreachable, match="it closed the connection"):
            RemoteModel(Address(*listening.getsockname()), TOY, TOKEN)
        thread.join()
    assert TOKEN.encode() not in said[0]
    assert handshake.proof(TOKEN, "a challenge").encode() in said[0]


def test_another_version_is_refused_on_both_sides(
    lab: Lab, toy: ModelRegistry, lab_with: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = handshake.protocol()
    with served(lab, toy) as at:
        monkeypatch.setattr("modellab.registry.hosts.remote.protocol", lambda: "9-other")
        with pytest.raises(ServerRefused) as caught:
            Models(lab_with(lab.home, toy=at), toy).identity(TOY)
        assert str(caught.value) == (
            f"the server at {at} runs another version of Model Lab; found protocol {ours}; allowed: 9-other. "
            "Install the same version on both machines."
        )
        with socket.create_connection(at) as connection:
            channel = Channel(connection, shares_memory=False)
            assert channel.receive().protocol == ours
            channel.send(handshake.Hello("9-other", str(TOY), ""))
            answer = channel.receive()
        assert (answer.kind, answer.trace) == ("ServerRefused", "")


def test_what_is_not_served_or_not_there_is_named(lab: Lab, toy: ModelRegistry, lab_with: Callable[..., Lab]) -> None:
    with served(lab, toy) as at:
        there = lab_with(lab.home, other=at)
        found = Models(there, toy).availability(ModelRef(id="other", variant="one"))
        assert (found.ok, found.missing) == (False, "not served there")
        assert found.reason == (
            "the server of model other:one does not serve it; allowed: toy:one. "
            "Start it with that one too: modellab models serve MODEL... --port N"
        )
    with pytest.raises(UnknownName, match="no model 'tyo'"):
        Models(lab_with(lab.home, tyo=at), toy)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "something else is there: a message of 759714643 parts with 0 descriptors"),
        (b"", "it closed the connection"),
        (b"\0" * 5, "something else is there: a message of 0 parts"),
    ],
)
def test_what_is_no_server_of_models_is_told_apart(answer: bytes, words: str, lab: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def speak() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(answer)

        thread = threading.Thread(target=speak)
        thread.start()
        with pytest.raises(ServerUnreachable, match=words):
            RemoteModel(Address(*listening.getsockname()), TOY, None)
        thread.join()


def frames(message: object) -> bytes:
    text, _ = encode(message)
    return struct.pack("<IBQ", 1, 0, len(text)) + text


@pytest.mark.parametrize(
    ("sent", "reply"),
    [
        ([b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"], None),
        ([struct.pack("<IBQ", 1, 0, 5000)], None),
        ([frames(Call(0, "detect", ()))], "ServerRefused"),
        ([frames(handshake.Hello(handshake.protocol(), str(TOY), "")), frames(Returned(1))], "ServerRefused"),
        ([frames(handshake.Hello(handshake.protocol(), str(TOY), "")), frames(Open(("tts",)))], "ServerRefused"),
        (
            [
                frames(handshake.Hello(handshake.protocol(), str(TOY), "")),
                frames(Open(("vad",))),
                frames(Call(0, "__init__", ())),
            ],
            "CodecError",
        ),
    ],
)
def test_a_lab_that_sends_nonsense_gets_an_error_at_most_and_others_go_on(
    sent: list[bytes], reply: str | None, lab: Lab, toy: ModelRegistry, lab_with: Callable[..., Lab]
) -> None:
    with served(lab, toy) as at:
        with socket.create_connection(at) as connection:
            connection.settimeout(5)
            channel = Channel(connection, shares_memory=False)
            assert isinstance(channel.receive(), Greeting)
            answer: Any = None
            for data in sent:
                connection.sendall(data)
                try:
                    answer = channel.receive()
                except (EOFError, OSError):
                    answer = None
        assert (answer.kind if isinstance(answer, Raised) else answer) == reply
        with Models(lab_with(lab.home, toy=at), toy) as models:
            assert ask(models.acquire(TOY).model)[0] == os.getpid()


def test_answers_of_another_kind_end_the_conversation(lab: Lab, toy: ModelRegistry) -> None:
    """A server that means ill: it takes part in the beginning, and answers a call with something else."""
    with Models(lab, toy) as models:
        server = Server(models, "127.0.0.1", 0, None)
        server.load([TOY])
        told = server._served[str(TOY)].served
        server.close()
    for last, words in (
        (handshake.Opened({"_call": 1}, False), "sent what is no answer about the model's properties; found a dict"),
        (Returned(None), "sent what is no answer about the model; found a Returned"),
        (Raised("UsageError", "x", "", {"who": "x"}), "answers with an error of its own; found UsageError: x"),
        (Raised("UsageError", "x", "", {"what": 3}), "answers with an error of its own; found UsageError: x"),
        (replace(told, facts=replace(told.facts, threads="many")), "facts.threads: Input should be a valid integer"),  # type: ignore[arg-type]
    ):
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def play(listening: socket.socket = listening, last: Any = last) -> None:
                connection, _ = listening.accept()
                with connection:
                    channel = Channel(connection, shares_memory=False)
                    channel.send(Greeting(handshake.protocol(), "x"))
                    channel.receive()
                    if isinstance(last, handshake.Opened | Returned):
                        channel.send(told)
                        channel.receive()
                    channel.send(last)

            thread = threading.Thread(target=play)
            thread.start()
            with pytest.raises((CodecError, ServerRefused), match=words):
                RemoteModel(Address(*listening.getsockname()), TOY, None).open(toy.get("toy"))
            thread.join()


@pytest.mark.parametrize(
    ("host", "token", "words"),
    [
        ("0.0.0.0", None, "other machines could use the models at 0.0.0.0, and there is no token"),
        ("127.0.0.1", "short", "the token of the server is too short; allowed: 16 characters or more"),
        ("no.such.host.invalid", TOKEN, "no.such.host.invalid is no address of this machine"),
    ],
)
def test_where_a_server_may_listen(host: str, token: str | None, words: str, lab: Lab, toy: ModelRegistry) -> None:
    with Models(lab, toy) as models, pytest.raises(UsageError, match=words):
        Server(models, host, 0, token)


def test_a_port_that_is_taken_is_named(lab: Lab, toy: ModelRegistry) -> None:
    with served(lab, toy) as at, Models(lab, toy) as models, pytest.raises(UsageError, match="Address already in use"):
        Server(models, "127.0.0.1", at.port, None)
