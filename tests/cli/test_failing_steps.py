"""A step that fails for real: what can do without it runs, and the pack says what is absent and why."""

import base64
import json
import re
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import duckdb
import huggingface_hub.constants
import pytest
import soundfile

from modellab.settings import Lab

Call = Callable[..., tuple[int, str, str]]
STEPS = [
    "ingest",
    "vad",
    "asr",
    "diarization",
    "alignment",
    "hallucinations",
    "chapters",
    "summarize",
    "action_items",
    "bundle",
]
_NO_ANSWER = "the language model gave no answer that could be used."
ASR = ["--set", "asr=faster_whisper:tiny.en"]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, sample_wav: Path) -> Path:
    """20 s of the sample, with both speakers."""
    path = tmp_path_factory.mktemp("recordings") / "call.wav"
    samples, rate = soundfile.read(sample_wav)
    soundfile.write(path, samples[6 * rate : 26 * rate], rate)
    return path


@pytest.fixture(scope="module")
def port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Echo(BaseHTTPRequestHandler):
    """Refuses a key and repeats it, as some servers do: as it came, escaped, and where a quote of it is cut off."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Authorization"]
        near_the_cut = "x" * 150
        body = json.dumps({"error": f"Incorrect API key provided: {key} {near_the_cut} {key}"}).encode()
        self.send_response(401, key)
        self.send_header("WWW-Authenticate", key)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


class _FirstSentence(BaseHTTPRequestHandler):
    """Sums up whatever it is asked by its first sentence, word for word."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = re.search(r"^\[0\] [^:]+: (.*)$", request["messages"][1]["content"], re.MULTILINE)
        assert said is not None
        line = {"text": "They greet each other.", "evidence": [{"sentence": 0, "quote": said[1]}]}
        answer = json.dumps({"lines": [line], "speakers": []})
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": answer}}
        body = json.dumps({"object": "chat.completion", "choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def _language_model(port: int, kind: type[BaseHTTPRequestHandler] = _FirstSentence) -> Iterator[None]:
    server = HTTPServer(("127.0.0.1", port), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _endpoint(port: int) -> list[str]:
    values = {"backend": "openai", "endpoint": f"http://127.0.0.1:{port}/v1", "model": "small", "retries": 0}
    return [part for name, value in values.items() for part in ("--set", f"summarize.{name}={value}")]


def _statuses(entry: dict[str, Any]) -> dict[str, str]:
    return {step["step"]: "cached" if step["cached"] else step["status"] for step in entry["steps"]}


def _pack(entry: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """What the pack says is absent, and its transcript."""
    with zipfile.ZipFile(entry["bundle"]) as archive:
        names = {Path(name).name: name for name in archive.namelist()}
        manifest, transcript = (json.loads(archive.read(names[name])) for name in ("manifest.json", "transcript.json"))
    return {one["what"]: one["why"] for one in manifest["absent"]}, transcript


def test_a_dead_language_model_costs_the_summary_only(call: Call, recording: Path, port: int) -> None:
    code, out, err = call("run", recording, *ASR, *_endpoint(port), "--json")
    (entry,) = json.loads(out)["inputs"]
    assert (code, entry["status"]) == (1, "failed")
    assert _statuses(entry) == dict.fromkeys(STEPS, "completed") | {"summarize": "failed"}
    failed = entry["steps"][STEPS.index("summarize")]["error"]
    assert failed.startswith(f"the language model small at http://127.0.0.1:{port}/v1 did not answer")
    assert entry["error"] == f"summarize failed: {failed}"
    what, found = failed.rstrip(".").split("; found ")
    found, _, way = found.partition(". ")
    assert err.splitlines()[-3:] == [f"✗ {recording}: summarize failed: {what}.", f"  → {way}.", f"  Found: {found}"]
    absent, transcript = _pack(entry)
    assert absent == {"summary": f"The step summarize has no result: {_NO_ANSWER}"}
    assert {said["speaker"] for said in transcript["paragraphs"]} == {"SPEAKER_00", "SPEAKER_01"}


def test_the_terminal_says_what_the_pack_lacks_and_so_does_the_run_later(
    call: Call, recording: Path, port: int
) -> None:
    code, out, _ = call("run", recording, *ASR, *_endpoint(port))
    assert code == 1
    lines = [line.strip() for line in out.splitlines()]
    [place] = [line for line in lines if line.startswith("Meeting Pack")]
    assert Path(place.split()[-1]).is_file()
    assert f"without summary: The step summarize has no result: {_NO_ANSWER}" in lines
    code, out, _ = call("runs", "show", "latest")
    assert code == 0
    lines = [line.strip() for line in out.splitlines()]
    assert [line for line in lines if line.startswith("without summary: The step summarize has no result")]
    assert [line for line in lines if line.startswith("✗ summarize: the language model small at")]


def _holding(folder: Path, secret: str) -> list[str]:
    """Files below a folder that hold a secret, as it is or within a zip, a table of Parquet or a database."""
    shapes = {secret.encode(), secret.encode("utf-16-le"), base64.b64encode(secret.encode()), secret[:12].encode()}
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        texts = [path.read_bytes()]
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                texts += [archive.read(name) for name in archive.namelist()]
        if path.suffix == ".parquet":
            texts.append(repr(duckdb.sql(f"FROM read_parquet('{path}')").fetchall()).encode())
        if any(shape in text for shape in shapes for text in texts):
            found.append(str(path.relative_to(folder)))
    return found


def test_a_key_that_the_server_repeats_is_kept_nowhere(
    call: Call, recording: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = 'k3y-0f-th3-l4b/that"must+not=leak'
    monkeypatch.setenv("MODELLAB_LLM_API_KEY", key)
    with _language_model(port, _Echo):
        code, out, err = call("--debug", "run", recording, *ASR, *_endpoint(port), "--json")
    entry = json.loads(out)["inputs"][0]
    failed = entry["steps"][STEPS.index("summarize")]["error"]
    assert code == 1
    assert "status 401" in failed and "Incorrect API key provided: Bearer [MODELLAB_LLM_API_KEY]" in failed
    shown = out + err + call("runs", "show", "latest")[1] + call("sql", "--json", "FROM steps")[1]
    assert key[:12] not in shown
    home = Lab.from_environment().home
    assert any(path.name == "modellab.duckdb" for path in home.iterdir()) and list(home.rglob("*.zip"))
    assert list((home / "dagster").rglob("*.db")) and list(home.rglob("*.parquet"))
    assert _holding(home, key) == []
    with duckdb.connect(Lab.from_environment().database, read_only=True) as database:
        tables = [
            name
            for (name,) in database.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
            ).fetchall()
        ]
        assert key[:12] not in repr([database.execute(f"FROM {table}").fetchall() for table in tables])
    (home / "probe").write_text(key)
    assert _holding(home, key) == ["probe"], "the search itself finds a key that is there"
    (home / "probe").unlink()


def test_a_key_in_a_parameter_or_an_address_is_refused_before_anything_is_kept(
    call: Call, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_LLM_API_KEY", "k3y-0f-th3-l4b")
    before = _holding(Lab.from_environment().home, "s3cr3t-w0rd")
    assert before == []
    for endpoint, words in {
        "http://me:s3cr3t-w0rd@127.0.0.1/v1": "takes no user or password",
        "http://127.0.0.1/v1?api_key=s3cr3t-w0rd": "takes no query or fragment",
        "http://127.0.0.1/k3y-0f-th3-l4b/v1": "has a secret among the parameters of summarize",
    }.items():
        chosen = {"backend": "openai", "model": "small", "endpoint": endpoint}
        arguments = [part for name, value in chosen.items() for part in ("--set", f"summarize.{name}={value}")]
        code, out, err = call("run", recording, *arguments, "--json")
        assert code == 2
        assert words in json.loads(out)["error"]["message"]
        assert "s3cr3t" not in out + err and "k3y-0f" not in out + err
    assert _holding(Lab.from_environment().home, "s3cr3t-w0rd") == []


def test_once_the_language_model_answers_the_pack_is_complete(call: Call, recording: Path, port: int) -> None:
    with _language_model(port):
        code, out, _ = call("run", recording, *ASR, *_endpoint(port), "--json")
    (entry,) = json.loads(out)["inputs"]
    assert (code, entry["status"], entry["error"]) == (0, "completed", None)
    assert _statuses(entry) == dict.fromkeys(STEPS, "cached") | {"summarize": "completed", "bundle": "completed"}
    assert _pack(entry)[0] == {}
    code, out, _ = call("run", recording, *ASR, *_endpoint(port))
    assert code == 0
    assert "They greet each other." in out
    assert "without" not in out


def test_without_a_diarization_model_the_pack_has_the_words_without_speakers(call: Call, recording: Path) -> None:
    gated = ["--set", "diarization=pyannote_diarization:community-1"]
    code, out, _ = call("run", recording, *ASR, *gated, "--json")
    (entry,) = json.loads(out)["inputs"]
    assert (code, entry["status"]) == (1, "failed")
    cached = dict.fromkeys(["ingest", "vad", "asr"], "cached")
    failed = {"diarization": "failed", "alignment": "not_run"}
    assert _statuses(entry) == dict.fromkeys(STEPS, "completed") | cached | failed
    errors = {step["step"]: step["error"] for step in entry["steps"]}
    assert "HF_TOKEN" in errors["diarization"]
    assert errors["alignment"] == "diarization failed"
    assert entry["error"] == f"diarization failed: {errors['diarization']}"
    absent, transcript = _pack(entry)
    assert absent == {"speakers": "The step diarization has no result: the weights of its model were not found."}
    assert {said["speaker"] for said in transcript["paragraphs"]} == {None}
    code, out, err = call("run", recording, *ASR, *gated)
    assert code == 1
    assert "call.wav: alignment not run: diarization failed" in err.splitlines()
    [row] = [line for line in out.splitlines() if " alignment " in line]
    assert row.split() == ["–", "alignment", "not", "run"]
    _, out, _ = call("runs", "show", "latest")
    assert "– alignment: not run because diarization failed" in out.splitlines()


def test_without_words_there_is_no_pack_and_every_step_says_so(call: Call, recording: Path) -> None:
    code, out, _ = call("run", recording, "--set", "asr=faster_whisper:tiny", "--json")
    (entry,) = json.loads(out)["inputs"]
    assert (code, entry["status"], entry["bundle"]) == (1, "failed", None)
    assert _statuses(entry) == {
        **dict.fromkeys(["ingest", "vad", "diarization"], "cached"),
        "asr": "failed",
        **dict.fromkeys(["alignment", "hallucinations", "chapters", "summarize", "action_items", "bundle"], "not_run"),
    }
    assert {step["error"] for step in entry["steps"] if step["status"] == "not_run"} == {"asr failed"}
    assert entry["error"].startswith("asr failed: no weights for model faster_whisper:tiny")


def test_missing_weights_are_told_once_in_full_what_to_do_first(call: Call, recording: Path) -> None:
    code, _, err = call("run", recording, "-p", "fast_asr_only", "--set", "asr=faster_whisper:small")
    assert code == 1
    lines = err.splitlines()
    what, cache = "no weights for model faster_whisper:small.", Path(huggingface_hub.constants.HF_HUB_CACHE)
    (progress,) = [line for line in lines if line.startswith("call.wav: asr")]
    assert re.fullmatch(rf"call\.wav: asr \(faster_whisper:small\) failed in [\d.]+ m?s: {re.escape(what)}", progress)
    # Which models are ready depends on what is installed; these two are in the default install.
    now = "  → Ready to run now: faster_whisper:tiny.en, faster_whisper:base"
    (ready,) = [line for line in lines if line.startswith(now)]
    told = [
        "  → Unset MODELLAB_OFFLINE. The hub then gives it: Systran/faster-whisper-small (464 MiB).",
        "  → Or put config.json, model.bin, tokenizer.json, vocabulary.* into <folder>/faster_whisper/small/ "
        "and set MODELLAB_WEIGHTS=<folder>.",
        ready,
        "  Looked at:",
        "    - local folder: MODELLAB_WEIGHTS is not set",
        f"    - Hugging Face cache: {cache} does not hold Systran/faster-whisper-small",
        "    - Hugging Face hub: MODELLAB_OFFLINE forbids asking it",
    ]
    after = ["call.wav: hallucinations not run: asr failed"]
    assert lines[lines.index(progress) + 1 :] == [*after, f"✗ {recording}: asr failed: {what}", *told]
    shown = call("runs", "show", "latest")[1].splitlines()
    told_at = shown.index(f"✗ asr: {what}") + 1
    assert shown[told_at : told_at + len(told)] == told
    assert "\n".join(told) not in "\n".join(shown[told_at + len(told) :])
    (entry,) = json.loads(call("runs", "show", "latest", "--json")[1])["steps"][-2:-1]
    assert entry["error"].startswith("no weights for model faster_whisper:small; found local folder: MODELLAB_WEIGHTS ")
    assert "\n" not in entry["error"]
