"""Models in processes of their own: real processes, which really die."""

import os
import platform
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import memory
from modellab.artifacts.store import ArtifactStore
from modellab.errors import ModelConfigError, ModelUnavailable, UsageError, WorkerDied
from modellab.inputs.registered import RegisteredInput
from modellab.media.audio import Waveform
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity
from modellab.pipeline.system import System, SystemStep
from modellab.registry.config import ModelRef
from modellab.registry.hosts.codec import CodecError
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.steps.definition import StepContext, StepDefinition, StepParameters
from modellab.steps.outside import INPUT
from modellab.surfaces.results import Segment, SpeechSegments
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

SOURCE = RegisteredInput(
    "0" * 16, "0" * 64, "a.wav", Path("a.wav"), 2.0, 16000, 1, "wav/pcm_s16le", 64000, "2026-01-01"
)
RUN = RunIdentity("r" * 16, "d" * 8)
WriteModel = Callable[..., Path]

ADAPTER = """
import ctypes, os, signal, socket, struct, sys, time
from modellab.errors import UsageError
from modellab.media.frames import FrameStream
from modellab.surfaces.results import Segment, SpeechSegments


class Odd(Exception):
    pass


class Model:
    languages = ("en", "xx")

    def __init__(self):
        self.calls = 0

    def detect(self, audio, parameters, progress):
        self.calls += 1
        do = parameters.get("do")
        if do == "crash":
            print("about to read where nothing is", file=sys.stderr, flush=True)
            ctypes.string_at(0)
        if do == "exit":
            os._exit(3)
        if do == "refuse":
            raise UsageError("no such thing", found="this", allowed="that", hint="Do otherwise.")
        if do == "odd":
            raise Odd("an exception that nobody else knows")
        if do == "boast":
            boast = struct.pack("<IBQ", 1, 0, 1 << 40)
            socket.socket(fileno=os.dup(int(sys.argv[1]))).sendall(boast)
        if do == "chatter":
            for _ in range(3000):
                print("x" * 1000)
        if do == "grow":
            self.kept = bytearray(300 << 20)
            self.kept[::4096] = b"x" * len(self.kept[::4096])
        if do == "hang":
            progress(0.25)
            time.sleep(900)
        progress(0.5)
        progress(1.0)
        return SpeechSegments([Segment(float(os.getpid()), float(self.calls))], float(audio.samples.sum()))

    def knows(self, word):
        return word != "unknown"

    def align(self, audio, words):
        return [Segment(float(i), i + 1.0) for i, _ in enumerate(words)] if words else None

    def stream(self):
        return FrameStream(lambda frames: frames * 2, 4, 0)


def load(request):
    return Model()
"""


@pytest.fixture
def model(folder: Path, write_model: WriteModel, lab: Lab) -> Iterator[Callable[[], Any]]:
    """Gives the model that runs in a worker, as a step gets it."""
    write_model("toy", ADAPTER, host="worker", surfaces=["vad", "align", "enhance"])
    write_model("other")
    with Models(lab, ModelRegistry(folder)) as models:
        yield lambda: models.acquire(ModelRef(id="toy", variant="one")).model


def audio(samples: int = 8000) -> Waveform:
    return Waveform(np.full(samples, 0.5, np.float32), 8000)


def ignore(_: float) -> None:
    """Progress nobody looks at."""


def ask(model: Any, do: str | None = None, progress: Callable[[float], None] = ignore) -> tuple[int, int]:
    """The process that did it, and how many calls it has had."""
    found = model.detect(audio(), {"do": do}, progress)
    return int(found.segments[0].start_s), int(found.segments[0].end_s)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(process: int) -> None:
    deadline = time.monotonic() + 120
    while is_running(process):
        assert time.monotonic() < deadline, f"process {process} is still there"
        time.sleep(0.05)


def test_it_works_in_another_process_which_is_kept(model: Callable[[], Any]) -> None:
    seen: list[float] = []
    process, calls = ask(model(), progress=seen.append)
    assert process != os.getpid()
    assert calls == 1
    assert seen[-1] == 1.0
    assert ask(model()) == (process, 2)
    found = model().detect(Waveform(np.arange(1_000_000, dtype=np.float32), 8000), {}, ignore)
    assert found == SpeechSegments([Segment(float(process), 3.0)], float(np.arange(1_000_000, dtype=np.float32).sum()))


def test_every_method_and_property_of_its_surfaces_is_there(model: Callable[[], Any]) -> None:
    remote = model()
    assert remote.languages == ("en", "xx")
    assert [remote.knows("known"), remote.knows("unknown")] == [True, False]
    assert remote.align(audio(), ["a", "b"]) == [Segment(0.0, 1.0), Segment(1.0, 2.0)]
    assert remote.align(audio(), []) is None


def test_streams_stay_there_and_do_not_mix(model: Callable[[], Any]) -> None:
    one, other = model().stream(), model().stream()
    first = one.push(np.arange(6, dtype=np.float32))
    assert other.push(np.full(3, 7, np.float32)).size == 0
    rest = one.finish()
    assert np.concatenate([first, rest]).tolist() == [0, 2, 4, 6, 8, 10]
    assert other.finish().tolist() == [14, 14, 14]
    first *= 0  # what comes back is the caller's own
    del one, other
    assert model().stream().finish().size == 0


def test_a_crash_is_an_error_that_says_all_and_the_next_gets_a_new_process(model: Callable[[], Any]) -> None:
    first, _ = ask(model())
    with pytest.raises(WorkerDied) as caught:
        ask(model(), "crash")
    text = str(caught.value)
    assert text.startswith("the process of model toy:one died of SIGSEGV in detect; found its last words: ")
    assert "about to read where nothing is" in text
    assert text.endswith("Nothing else is lost, and the next input gets a new process. Ready to run now: other:one.")
    second, calls = ask(model())
    assert (second != first, calls) == (True, 1)
    assert not is_running(first)


def test_a_process_that_ends_by_itself_is_an_error(model: Callable[[], Any]) -> None:
    with pytest.raises(WorkerDied, match=r"toy:one ended by itself with exit code 3 in detect"):
        ask(model(), "exit")
    assert ask(model())[1] == 1


def test_what_a_method_raises_is_raised_here_and_the_process_lives_on(model: Callable[[], Any]) -> None:
    process, _ = ask(model())
    with pytest.raises(UsageError) as refused:
        ask(model(), "refuse")
    assert str(refused.value) == "no such thing; found this; allowed: that. Do otherwise."
    with pytest.raises(RuntimeError, match="Odd: an exception that nobody else knows") as odd:
        ask(model(), "odd")
    assert "in detect" in odd.value.__notes__[0]
    assert ask(model()) == (process, 4)


def test_whatever_interrupts_a_call_ends_the_process(model: Callable[[], Any]) -> None:
    process, _ = ask(model())

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(model(), "hang", interrupt)
    assert not is_running(process)
    assert ask(model())[1] == 1


def test_a_message_that_says_it_is_too_large_is_not_read_and_the_next_gets_a_new_process(
    model: Callable[[], Any],
) -> None:
    process, _ = ask(model())
    with pytest.raises(CodecError) as caught:
        ask(model(), "boast")
    assert str(caught.value) == (
        "the process of model toy:one sent what can't be read in detect: a message of 1,099,511,627,776 bytes of text; "
        "allowed: 0 to 67,108,864."
    )
    assert not is_running(process)
    assert ask(model())[1] == 1


def test_much_printing_stops_nothing(model: Callable[[], Any], capfd: pytest.CaptureFixture[str]) -> None:
    assert ask(model(), "chatter")[1] == 1
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(platform.system() != "Linux", reason="peaks of other processes are read from /proc")
def test_its_memory_counts(model: Callable[[], Any]) -> None:
    ask(model())
    memory.reset_peak()
    before_mib = memory.peak_mib()
    ask(model(), "grow")
    assert memory.peak_mib() - before_mib > 290


def test_closing_ends_it(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    write_model("toy", ADAPTER, host="worker")
    with Models(lab, ModelRegistry(folder)) as models:
        process, _ = ask(models.acquire(ModelRef(id="toy", variant="one")).model)
    assert not is_running(process)


@pytest.mark.parametrize("ending", ["os.kill(os.getpid(), signal.SIGKILL)", "os.abort()", "sys.exit(0)"])
@pytest.mark.parametrize("busy", [False, True])
def test_it_ends_with_its_parent(ending: str, busy: bool, folder: Path, write_model: WriteModel) -> None:
    write_model("toy", ADAPTER, host="worker")
    script = f"""
        import os, signal, sys
        from pathlib import Path
        import numpy as np
        from modellab.registry.config import ModelRef
        from modellab.registry.models import Models
        from modellab.registry.registry import ModelRegistry
        from modellab.settings import Lab
        from modellab.surfaces.contracts import Waveform
        models = Models(Lab.from_environment(), ModelRegistry(Path(sys.argv[1])))
        model = models.acquire(ModelRef(id="toy", variant="one")).model
        audio = Waveform(np.zeros(8, np.float32), 8000)
        print(int(model.detect(audio, {{}}, lambda share: None).segments[0].start_s), flush=True)
        def end(share):
            {ending}
        if {busy}:
            model.detect(audio, {{"do": "hang"}}, end)
        end(1.0)
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(folder)], capture_output=True, text=True, check=False
    )
    assert ended.stdout, ended.stderr
    wait_until_gone(int(ended.stdout))


def test_dying_while_it_is_loaded_and_failing_to(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    write_model("dies", "import os\ndef load(request): os.abort()", host="worker")
    write_model("lacks", "def load(request): import no_such_module", host="worker")
    write_model("empty", "def load(request): return object()", host="worker")
    with Models(lab, ModelRegistry(folder)) as models:
        with pytest.raises(WorkerDied, match=r"model dies:one died of SIGABRT while it was loaded"):
            models.acquire(ModelRef(id="dies", variant="one"))
        with pytest.raises(ModelUnavailable, match="no_such_module"):
            models.acquire(ModelRef(id="lacks", variant="one"))
        with pytest.raises(ModelUnavailable, match=r"its adapter gave a object"):
            models.acquire(ModelRef(id="empty", variant="one"))
        assert models.loaded == []


def test_what_gives_bit_by_bit_is_refused_by_the_config(folder: Path, write_model: WriteModel) -> None:
    write_model("toy", host="worker", surfaces=["separate"])
    with pytest.raises(ModelConfigError, match="a worker can't stand behind separate"):
        ModelRegistry(folder).get("toy")


def test_models_with_native_code_that_ends_its_process_or_packages_that_clash_have_a_worker() -> None:
    registry = ModelRegistry()
    hosts = {model_id: registry.get(model_id).host for model_id in registry.ids()}
    assert {model_id for model_id, host in hosts.items() if host == "worker"} == {
        "cosyvoice",
        "deepfilternet",
        "deepfilternet_official",
        "glm_tts",
        "lfm2_5_audio",
        "parakeet_multitalker",
        "pocketsphinx",
        "pocketsphinx_aligner",
        "senko",
        "sortformer",
        "whisper_cpp",
        "whisperx",
    }


def _detect(context: StepContext) -> dict[str, Any]:
    with context.model() as model:
        found = model.detect(audio(), {"do": "crash" if context.input.name == "bad.wav" else None}, context.progress)
    (context.output / "process.txt").write_text(str(found.segments[0].start_s))
    return {}


DETECT = StepDefinition("detect", "Detects.", "1", (), StepParameters, _detect, surface="vad", outside=(INPUT,))


def test_in_a_batch_a_crash_is_one_failed_step_with_a_record(folder: Path, write_model: WriteModel, lab: Lab) -> None:
    write_model("toy", ADAPTER, host="worker")
    system = System("toy", "toy", (SystemStep(DETECT, ModelRef(id="toy", variant="one"), StepParameters(), {}),))
    with Models(lab, ModelRegistry(folder)) as models:
        engine = Engine(lab, models, ArtifactStore(lab.artifacts), Recorder(lab))
        records = [
            engine.run_step(system, replace(SOURCE, name=name, key=str(i) * 16, sha256=str(i) * 64), "detect", RUN)
            for i, name in enumerate(["one.wav", "bad.wav", "three.wav", "four.wav"])
        ]
        assert [record.status for record in records] == ["completed", "failed", "completed", "completed"]
        assert (records[1].error_type, str(records[1].error).split(";")[0]) == (
            "WorkerDied",
            "the process of model toy:one died of SIGSEGV in detect",
        )
        store = ArtifactStore(lab.artifacts)
        processes = [
            store.get("detect", str(record.fingerprint)).file("process.txt").read_text()
            for record in records
            if record.status == "completed"
        ]
        assert processes[0] != processes[1]
        assert processes[1] == processes[2]
        assert (records[2].load_s > 0, records[3].load_s) == (True, 0.0)
    build(lab)
    rows = query(lab, "SELECT input, status, error_type FROM steps WHERE status = 'failed'").rows
    assert rows == [("1" * 16, "failed", "WorkerDied")]
