"""A service as a model of a lab: what it cost, what answered, and when its results are no longer taken as the same."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from modellab.artifacts.store import ArtifactStore
from modellab.errors import PricesError
from modellab.evaluation.constraints import findings
from modellab.evaluation.contenders import field_of
from modellab.evaluation.use_cases import Constraints, UseCase
from modellab.inputs.store import InputStore
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity, StepRecord
from modellab.pipeline.system import resolve_system
from modellab.registry.config import ModelRef
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.runs.verifying import verifiable
from modellab.services.prices import read_prices
from modellab.settings import PROJECT_ROOT, Lab, Settings
from modellab.surfaces.results import Transcript
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder
from modellab_dagster.offer import candidates
from tests.services.played import Played

SPEECH = PROJECT_ROOT / "datasets" / "media" / "speech" / "joe-dates.flac"
KEY = "s3cret-k3y-of-deepgram"
PRICE = "deepgram:nova-3: {per_minute: 0.5, currency: USD, as_of: 2026-11-30, source: our contract}\n"


def answered(text: str, version: str = "2026-01-09", seconds: float = 12.0) -> dict[str, Any]:
    words = [
        {"word": word, "start": 0.3 + place, "end": 0.8 + place, "confidence": 0.9}
        for place, word in enumerate(text.split())
    ]
    return {
        "metadata": {
            "request_id": "r-1",
            "duration": seconds,
            "model_info": {"m": {"name": "nova-3", "version": version, "arch": "nova-3"}},
        },
        "results": {"channels": [{"detected_language": "en", "alternatives": [{"transcript": text, "words": words}]}]},
    }


@pytest.fixture
def lab(service: Played, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("MODELLAB_DEEPGRAM_URL", service.url)
    monkeypatch.setenv("DEEPGRAM_API_KEY", KEY)
    return Lab(Settings(_env_file=None))


class Ran:
    """Runs deepgram's own system on a recording, in an engine of its own each time, as a run has one."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.source = lab, InputStore(lab).register(SPEECH)

    def __call__(self, *steps: str, force: bool = False, lab: Lab | None = None) -> list[StepRecord]:
        lab, registry = lab or self.lab, ModelRegistry()
        with Models(lab, registry) as models:
            recorder = Recorder(lab)
            recorder.models(registry)
            engine = Engine(lab, models, ArtifactStore(lab.artifacts), recorder)
            system = resolve_system("deepgram", registry, lab)
            recorder.system(system)
            recorder.input(self.source)
            return [
                engine.run_step(system, self.source, step, RunIdentity("0" * 16, "d"), force=force) for step in steps
            ]


@pytest.fixture
def ran(lab: Lab) -> Ran:
    return Ran(lab)


def test_cost_and_what_answered_are_kept_with_the_step_and_its_result(ran: Ran, lab: Lab, service: Played) -> None:
    lab.home.mkdir(parents=True, exist_ok=True)
    lab.prices.write_text(PRICE)
    service.say(answered("the first of march"))
    *_, asr = ran("ingest", "vad", "asr")
    assert (asr.status, asr.device, asr.compute_type) == ("completed", "service", "unknown")
    [call] = asr.calls
    assert (call.cost, call.currency, call.audio_s) == (pytest.approx(0.1), "USD", 12.0)
    manifest = ArtifactStore(lab.artifacts).get("asr", str(asr.fingerprint)).manifest
    [made] = manifest["made"]["calls"]
    assert (made["answered"], made["asked"], made["request"]) == ("nova-3 2026-01-09", "nova-3", "r-1")
    assert manifest["identity"]["model"]["service"] == f"{service.url} nova-3"
    build(lab)
    assert query(
        lab, "SELECT model, answered, cost, price_as_of::VARCHAR, price_source, step FROM service_calls"
    ).rows == [("deepgram:nova-3", "nova-3 2026-01-09", pytest.approx(0.1), "2026-11-30", "our contract", "asr")]
    assert query(
        lab, "SELECT model, requests, minutes, cost, currency, requests_without_price, answered FROM service_costs"
    ).rows == [("deepgram:nova-3", 1, 0.2, pytest.approx(0.1), "USD", 0, ["nova-3 2026-01-09"])]
    kept = [path for path in lab.home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert kept == [], "the key is kept nowhere"


def test_without_a_price_no_cost_is_stated_and_a_failed_step_says_what_was_spent(
    ran: Ran, lab: Lab, service: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.say(answered("well"))
    *_, asr = ran("ingest", "vad", "asr")
    assert [(call.cost, call.currency) for call in asr.calls] == [(None, None)]

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("modellab.steps.asr.save", full)
    [failed] = ran("asr", force=True)
    assert failed.status == "failed" and [call.audio_s for call in failed.calls] == [12.0]
    build(lab)
    rows = query(lab, "SELECT status, cost FROM service_calls ORDER BY started_at").rows
    assert rows == [("completed", None), ("failed", None)]
    assert query(lab, "SELECT requests, cost, requests_without_price FROM service_costs").rows == [(2, None, 2)]


def test_what_is_left_out_is_named_and_not_asked_about_again(ran: Ran, lab: Lab, service: Played) -> None:
    service.say(answered("one"))
    *_, asr = ran("ingest", "vad", "asr")
    assert len(service.requests) == 1
    assert ArtifactStore(lab.artifacts).get("asr", str(asr.fingerprint)).read(Transcript).uncovered


def test_results_are_found_again_without_key_or_network_until_they_expire(
    ran: Ran, lab: Lab, service: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.say(answered("the first of march"))
    service.say(answered("the second of march", version="2026-11-01"))
    *_, first = ran("ingest", "vad", "asr")
    monkeypatch.delenv("DEEPGRAM_API_KEY")
    [again] = ran("asr")
    assert (again.cached, again.fingerprint, len(service.requests)) == (True, first.fingerprint, 1)
    monkeypatch.setenv("DEEPGRAM_API_KEY", KEY)
    store = ArtifactStore(lab.artifacts)
    place = store.get("asr", str(first.fingerprint)).path / "manifest.json"
    manifest = json.loads(place.read_text())
    manifest["made"]["at"] = (datetime.now(UTC) - timedelta(days=31)).isoformat()
    place.write_text(json.dumps(manifest))
    [second] = ran("asr")
    assert (second.cached, len(service.requests)) == (False, 2)
    assert second.fingerprint != first.fingerprint
    assert store.get("asr", str(first.fingerprint)).read(Transcript).text == "the first of march"
    assert store.get("asr", str(second.fingerprint)).read(Transcript).text == "the second of march"
    made = store.get("asr", str(second.fingerprint)).manifest
    assert made["identity"]["reads"]["instead_of"] == f"expired: {first.fingerprint}"
    [third] = ran("asr")
    assert (third.cached, third.fingerprint) == (True, second.fingerprint)
    other = {days: Lab(Settings(_env_file=None, service_results_days=days)) for days in (0, 32)}
    assert [ran("asr", lab=one)[0].fingerprint for one in other.values()] == [first.fingerprint] * 2
    build(lab)
    [(answers,)] = query(lab, "SELECT answered FROM service_costs").rows
    assert answers == ["nova-3 2026-01-09", "nova-3 2026-11-01"], "the service changed meanwhile"


def test_results_of_models_that_run_here_never_expire(lab: Lab, ran: Ran, service: Played) -> None:
    service.say(answered("well"))
    _, vad, _ = ran("ingest", "vad", "asr")
    place = ArtifactStore(lab.artifacts).get("vad", str(vad.fingerprint)).path / "manifest.json"
    manifest = json.loads(place.read_text())
    manifest["made"]["at"] = "2020-01-01T00:00:00+00:00"
    place.write_text(json.dumps(manifest))
    assert ran("vad")[0].cached


def test_another_address_or_another_model_there_is_another_result(
    lab: Lab, service: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = ModelRegistry()
    with Models(lab, registry) as models:
        here = models.identity(ModelRef(id="deepgram", variant="nova-3"))
        monkeypatch.delenv("MODELLAB_DEEPGRAM_URL")
        assert here.service == f"{service.url} nova-3" and here.runtime_version == "adapter 1"
        assert models.identity(ModelRef(id="deepgram", variant="nova-3")).service == "https://api.deepgram.com nova-3"
        compatible = ModelRef(id="openai_transcription", variant="compatible")
        monkeypatch.setenv("MODELLAB_OPENAI_TRANSCRIPTION_URL", "http://127.0.0.1:8000/v1/")
        monkeypatch.setenv("MODELLAB_OPENAI_TRANSCRIPTION_MODEL", "small")
        assert models.identity(compatible).service == "http://127.0.0.1:8000/v1 small"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("deepgram:nova-3: 0.5\n", "deepgram:nova-3"),
        ("m: {per_minute: -1, currency: USD, as_of: 2026-01-01, source: s}\n", "greater than or equal to 0"),
        ("m: {per_minute: 1, currency: dollars, as_of: 2026-01-01, source: s}\n", "currency"),
        ("m: {per_minute: 1, currency: USD, source: s}\n", "as_of: Field required"),
        ("m: {per_minute: 1, currency: USD, as_of: 2026-01-01}\n", "source: Field required"),
    ],
)
def test_a_price_says_when_and_where_it_was_read(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "prices.yaml").write_text(text)
    with pytest.raises(PricesError, match=words):
        read_prices(tmp_path / "prices.yaml")


USE_CASE: dict[str, Any] = {
    "id": "words",
    "title": "Words",
    "description": "Words.",
    "surfaces": ["asr"],
    "score": [{"metric": "wer", "dataset": "asr_smoke_v1", "weight": 1, "best": 0, "worst": 1}],
}


def test_a_service_is_taken_only_by_who_names_it(lab: Lab) -> None:
    registry = ModelRegistry()
    services = {config.id for config in registry.configs() if config.service}
    assert services == {"deepgram", "assemblyai", "openai_transcription", "voxtral_api"}
    with Models(lab, registry) as models:
        offered = {one.key.partition(":")[0] for one in candidates(lab, models)}
    assert "silero_vad" in offered and not offered & services
    verified = {ref.id for ref in verifiable(lab, registry, [])}
    assert "silero_vad" in verified and not verified & services
    assert [ref.id for ref in verifiable(lab, registry, ["deepgram"])] == ["deepgram"]
    with Models(lab, registry) as models:
        missing = models.availability(ModelRef(id="faster_whisper", variant="large-v3"))
        named = models.availability(ModelRef(id="voxtral_api", variant="mini-2602"))
    assert not any(name in f"{missing.page} {named.page}" for name in ("deepgram", "assemblyai"))
    build(lab)
    without = field_of(lab, UseCase.model_validate(USE_CASE), registry)
    assert not {one.system.partition(":")[0] for one in without.candidates} & services
    [told] = findings(Constraints(), resolve_system("deepgram", registry, lab), registry, None, speed=None, peaks=())
    assert (told.constraint, told.state) == ("services", "not met")
    assert told.told.startswith("deepgram:nova-3 is sent for words the speech of a recording")
    allowed = field_of(lab, UseCase.model_validate({**USE_CASE, "constraints": {"services": True}}), registry)
    assert {one.system.partition(":")[0] for one in allowed.candidates} & services == services
