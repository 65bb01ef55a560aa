"""Files of NeMo's: what they may hold."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from modellab.errors import WeightsCorrupt
from modellab.settings import PROJECT_ROOT
from models._nemo.file import DESCRIPTION, WEIGHTS, check_description, unpack

FILE = "model.nemo"
GOOD: dict[str, Any] = {
    "target": "nemo.collections.asr.models.multitalker_asr_models.EncDecMultiTalkerRNNTBPEModel",
    "tokenizer": {"type": "bpe", "model_path": "nemo:0_tokenizer.model"},
    "encoder": {"_target_": "nemo.collections.asr.modules.ConformerEncoder", "att_context_size": [[70, 13], [70, 1]]},
    "optim": {"_target_": "torch.optim.AdamW"},
}


def archive(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def good() -> list[tuple[tarfile.TarInfo, bytes]]:
    description = yaml.safe_dump(GOOD).encode()
    return [(tarfile.TarInfo(f"./{DESCRIPTION}"), description), (tarfile.TarInfo(f"./{WEIGHTS}"), b"tensors")]


def test_a_file_as_nemo_writes_it_is_unpacked(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    unpack(archive(tmp_path / FILE, *good()), folder, speaks=True)
    assert sorted(place.name for place in folder.iterdir()) == [DESCRIPTION, WEIGHTS]
    assert (folder / WEIGHTS).read_bytes() == b"tensors"


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("../out", tarfile.REGTYPE, "lies outside of it; found ../out"),
        ("/tmp/out", tarfile.REGTYPE, "lies outside of it; found /tmp/out"),
        ("link", tarfile.SYMTYPE, "neither a file nor a folder; found link"),
        ("link", tarfile.LNKTYPE, "neither a file nor a folder; found link"),
        ("pipe", tarfile.FIFOTYPE, "neither a file nor a folder; found pipe"),
    ],
)
def test_nothing_is_written_outside_of_the_folder(tmp_path: Path, name: str, kind: bytes, said: str) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "../out"
    path = archive(tmp_path / FILE, *good(), (info, b""))
    with pytest.raises(WeightsCorrupt, match=said):
        unpack(path, tmp_path / "there", speaks=True)
    assert [place.name for place in tmp_path.iterdir()] == [FILE]


def test_what_is_no_tar_or_lacks_a_part_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.nemo").write_text("hello")
    with pytest.raises(WeightsCorrupt, match=r"text\.nemo is not a file of NeMo's"):
        unpack(tmp_path / "text.nemo", tmp_path / "there", speaks=True)
    with pytest.raises(WeightsCorrupt, match=r"it has no model_weights\.ckpt"):
        unpack(archive(tmp_path / FILE, good()[0]), tmp_path / "there", speaks=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"encoder": {"_target_": "subprocess.Popen"}}, "found _target_: subprocess.Popen"),
        ({"train_ds": [{"deep": {"_target_": "os.system"}}]}, "found _target_: os.system"),
        ({"target": "builtins.eval"}, "found target: builtins.eval"),
        ({"preprocessor": {"cls": "os.system", "params": {}}}, "found cls: os.system"),
        ({"loss": {"_target_": "torch.hub.load"}}, "found _target_: torch.hub.load"),
        ({"loss": {"_target_": "nemoless.Loss"}}, "found _target_: nemoless.Loss"),
        ({"encoder": "${oc.create:{_target_: os.system}}"}, "has encoder put together when it is read"),
        ({"loss": {"_target_": "torch.nn.${x}"}}, "has _target_ put together when it is read"),
        ({"tokenizer": {"type": "wpe"}}, "does not bring its tokenizer; found type: wpe; allowed: bpe"),
        ({"tokenizer": "bpe"}, "does not bring its tokenizer"),
    ],
)
def test_a_description_has_nothing_made_but_networks(change: dict[str, Any], said: str) -> None:
    check_description("it", yaml.safe_dump(GOOD).encode(), speaks=True)
    with pytest.raises(WeightsCorrupt) as caught:
        check_description("it", yaml.safe_dump(GOOD | change).encode(), speaks=True)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", [b"!!python/object/apply:os.system [ls]", b"- a list", b"\xff\xfe\x00", b"a: [", b""])
def test_what_describes_nothing_is_refused(text: bytes) -> None:
    with pytest.raises(WeightsCorrupt, match=r"model_config\.yaml of it"):
        check_description("it", text, speaks=True)


def test_a_model_that_writes_nothing_needs_no_tokenizer() -> None:
    silent = yaml.safe_dump({name: told for name, told in GOOD.items() if name != "tokenizer"}).encode()
    check_description("it", silent, speaks=False)
    with pytest.raises(WeightsCorrupt, match="does not bring its tokenizer; found type: None"):
        check_description("it", silent, speaks=True)
    with pytest.raises(WeightsCorrupt, match="does not bring its tokenizer; found type: wpe"):
        check_description("it", yaml.safe_dump(GOOD | {"tokenizer": {"type": "wpe"}}).encode(), speaks=False)


def test_its_models_share_one_environments_files() -> None:
    """What was built for one of them serves the others, as long as they ask for the same."""
    asked = [PROJECT_ROOT / "models" / name / "requirements.txt" for name in ("parakeet_multitalker", "sortformer")]
    assert asked[0].read_text() == asked[1].read_text()
