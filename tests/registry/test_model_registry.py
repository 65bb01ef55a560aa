"""Finding models: by folder, by name, by property."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from modellab.errors import ModelConfigError, UnknownName
from modellab.pipeline.template import shipped_templates
from modellab.registry.claims import load_claims
from modellab.registry.config import ModelConfig
from modellab.registry.registry import ModelRegistry
from modellab.registry.weights import WeightStore
from modellab.settings import Lab

WriteModel = Callable[..., Path]
SHIPPED = ModelRegistry()


def test_every_folder_with_a_config_is_a_model(folder: Path, write_model: WriteModel) -> None:
    write_model("zebra")
    write_model("ant")
    (folder / "notes").mkdir()
    assert ModelRegistry(folder).ids() == ["ant", "zebra"]


def test_a_broken_folder_stands_in_nobodys_way(folder: Path, write_model: WriteModel) -> None:
    write_model("good")
    write_model("bad", runtime="steam")
    registry = ModelRegistry(folder)
    assert registry.get("good").id == "good"
    with pytest.raises(ModelConfigError, match=r"bad/config.yaml is not valid: runtime: .*'pytorch'"):
        registry.get("bad")
    (folder / "good" / "claims.yaml").write_text("a: [")
    assert registry.ids() == ["bad", "good"]
    assert registry.select() == ["good"]
    assert [(one.model, one.file) for one in registry.broken()] == [
        ("bad", folder / "bad" / "config.yaml"),
        ("good", folder / "good" / "claims.yaml"),
    ]


def test_no_shipped_folder_is_broken() -> None:
    assert SHIPPED.broken() == []


def test_two_folders_can_not_claim_one_id(folder: Path, write_model: WriteModel) -> None:
    write_model("original")
    copy = write_model("copy")
    (copy / "config.yaml").write_text((folder / "original" / "config.yaml").read_text())
    with pytest.raises(ModelConfigError, match="found original; allowed: copy"):
        ModelRegistry(folder).get("copy")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"surfaces": ["telepathy"]}, "unknown surfaces"),
        ({"default_variant": "two"}, "default_variant 'two' is not among the variants"),
        ({"compute_types": {"cpu": "int8", "cuda": "float16"}}, "compute_types must name exactly the devices"),
        ({"batch_size": {"cuda": 8}}, "batch_size names devices that are not listed"),
        ({"variants": {"one": {"gated": True}}}, "needs `access`"),
        ({"variants": {"one": {"sha256": {"model.bin": "abc"}}}}, "variants.one.sha256.model.bin"),
        ({"colour": "red"}, "colour: Extra inputs"),
    ],
)
def test_a_config_says_what_is_wrong_with_it(
    folder: Path, write_model: WriteModel, changes: dict[str, object], words: str
) -> None:
    write_model("toy", **changes)
    with pytest.raises(ModelConfigError) as caught:
        ModelRegistry(folder).get("toy")
    assert words in str(caught.value)


def test_a_name_without_a_variant_means_the_default_one(folder: Path, write_model: WriteModel) -> None:
    write_model("toy", default_variant="b.en", variants={"a": {}, "b.en": {}})
    registry = ModelRegistry(folder)
    assert str(registry.resolve("toy")[1]) == "toy:b.en"
    assert str(registry.resolve("toy:a")[1]) == "toy:a"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"no model 'faster_wisper'.*Did you mean faster_whisper"):
        SHIPPED.resolve("faster_wisper:base")
    with pytest.raises(UnknownName, match=r"variant of model 'faster_whisper' named 'tiny.eng'.*mean tiny.en"):
        SHIPPED.resolve("faster_whisper:tiny.eng")
    with pytest.raises(UnknownName):
        SHIPPED.resolve("faster_whisper:")


def test_select_takes_every_property_together(folder: Path, write_model: WriteModel) -> None:
    write_model("a", ci=False)
    write_model("b", status="production")
    write_model("c", devices=["cpu", "cuda"], compute_types={"cpu": "int8", "cuda": "float16"}, runtime="pytorch")
    write_model("d", surfaces=["asr", "vad"])
    registry = ModelRegistry(folder)
    assert registry.select() == ["a", "b", "c", "d"]
    assert registry.select(ci=False) == ["a"]
    assert registry.select(ci=True) == ["b", "c", "d"]
    assert registry.select(status="production") == ["b"]
    assert registry.select(device="cuda") == ["c"]
    assert registry.select(surface="asr") == ["d"]
    assert registry.select(surface="vad", runtime="onnx", status="candidate", ci=True) == ["d"]


def test_an_adapter_is_imported_only_when_asked_for(folder: Path, write_model: WriteModel) -> None:
    write_model("toy", adapter="import sys\nsys.modules['toy_was_imported'] = sys\ndef load(request): return 7\n")
    registry = ModelRegistry(folder)
    registry.resolve("toy")
    registry.select()
    assert "toy_was_imported" not in sys.modules
    assert registry.adapter("toy").load(None) == 7
    assert sys.modules.pop("toy_was_imported") is sys
    assert registry.adapter("toy") is registry.adapter("toy")


def test_an_adapter_without_load_is_refused(folder: Path, write_model: WriteModel) -> None:
    write_model("toy", adapter="lode = 1\n")
    with pytest.raises(ModelConfigError, match=r"adapter.py has no function `load"):
        ModelRegistry(folder).adapter("toy")


def test_registry_and_identity_import_nothing_heavy() -> None:
    code = (
        "import sys; from modellab.registry.models import Models; from modellab.registry.registry import ModelRegistry;"
        "from modellab.settings import Lab; m = Models(Lab.from_environment(), ModelRegistry());"
        "[m.identity(m.registry.resolve(name)[1]) for name in ('silero_vad', 'faster_whisper:tiny.en')];"
        "print(sorted({'torch', 'ctranslate2', 'onnxruntime', 'faster_whisper', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("model_id", SHIPPED.ids())
def test_every_shipped_model_is_complete(model_id: str) -> None:
    folder = SHIPPED.folder(model_id)
    config = SHIPPED.get(model_id)
    claims = load_claims(folder)
    assert {claim.variant for claim in claims} <= {None, *config.variants}
    readme = (folder / "README.md").read_text()
    if any(variant.has_weights for variant in config.variants.values()):
        assert config.licence.split()[0] in readme, "whoever uses the weights must find their licence"
    assert model_id not in shipped_templates(), "a model named like a pipeline could not be told from it in a key"
    assert callable(SHIPPED.adapter(model_id).load)


@pytest.mark.parametrize("model_id", SHIPPED.select(ci=True))
def test_models_for_ci_have_weights_here_that_match_their_digests(model_id: str, lab: Lab) -> None:
    config, ref = SHIPPED.resolve(model_id)
    if config.variants[ref.variant].has_weights:
        store = WeightStore(lab)
        found = store.find(config, ref)
        folder = store.folder(ref, found)
        assert all((folder / name).is_file() for name in found.names)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("claims:\n- {metric: wer, dataset: d, protocol: p, value: x, unit: '%', source: 'https://a.b'}", "0.value"),
        ("claims:\n- {metric: wer, dataset: d, protocol: p, value: 1, unit: '%', source: me}", "0.source"),
        ("claims:\n- {metric: wer}", "claims.0.dataset: Field required"),
        ("- 1", "is not valid"),
        ("a: [", "can't be read"),
    ],
)
def test_claims_that_are_not_valid_are_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "claims.yaml").write_text(text)
    with pytest.raises(ModelConfigError) as caught:
        load_claims(tmp_path)
    assert words in str(caught.value)


def test_missing_claims_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelConfigError, match="can't be read"):
        load_claims(tmp_path)


def test_configs_round_trip_through_yaml(folder: Path) -> None:
    for model_id in SHIPPED.ids():
        dumped = yaml.safe_dump(SHIPPED.get(model_id).model_dump(mode="json"))
        place = folder / model_id
        place.mkdir()
        (place / "config.yaml").write_text(dumped)
        if (wanted := SHIPPED.folder(model_id) / "requirements.txt").exists():
            shutil.copy(wanted, place)
        assert ModelConfig.from_folder(place) == SHIPPED.get(model_id)
