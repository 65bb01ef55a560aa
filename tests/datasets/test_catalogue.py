"""Which datasets there are: shipped ones and one's own, broken ones beside."""

from pathlib import Path

import pytest

from modellab.datasets.catalogue import SHIPPED, Catalogue
from modellab.datasets.loading import read_manifest, write_manifest
from modellab.errors import DatasetError, UnknownName
from modellab.settings import Lab

from .conftest import WriteDataset


def test_datasets_of_both_folders(lab: Lab, shipped: Path, write: WriteDataset) -> None:
    one = write("one")
    two = write_manifest(read_manifest(write("two", lab.datasets)), lab.datasets / "two")
    (lab.datasets / "two.yaml").unlink()
    (shipped / "dialogues" / "dev").mkdir(parents=True)
    (shipped / "dialogues" / "dev" / "band.yaml").write_text("title: not a manifest")
    catalogue = Catalogue(lab, shipped)
    assert [(each.id, each.file, each.folder, each.is_shipped) for each in catalogue.all()] == [
        ("one", one, shipped, True),
        ("two", two, lab.datasets / "two", False),
    ]
    assert catalogue.broken() == []


def test_a_broken_one_stops_no_other_and_is_named(lab: Lab, shipped: Path, write: WriteDataset) -> None:
    write("good")
    bad = write("bad", tasks=["nothing"])
    catalogue = Catalogue(lab, shipped)
    assert catalogue.ids() == ["bad", "good"]
    assert [each.id for each in catalogue.all()] == ["good"]
    (broken,) = catalogue.broken()
    assert (broken.dataset, broken.file) == ("bad", bad)
    assert "tasks.0" in str(broken.error)
    with pytest.raises(DatasetError, match=r"tasks\.0"):
        catalogue.get("bad")


def test_an_unknown_id_is_answered_with_the_nearest(lab: Lab, shipped: Path, write: WriteDataset) -> None:
    write("asr_smoke_v1")
    with pytest.raises(UnknownName, match=r"there is no dataset 'asr_smok_v1'.*Did you mean asr_smoke_v1\?"):
        Catalogue(lab, shipped).get("asr_smok_v1")


def test_ones_own_never_shadows_a_shipped_one(lab: Lab, shipped: Path, write: WriteDataset) -> None:
    first = write("same", description="shipped")
    own = write("same", lab.datasets, description="own")
    catalogue = Catalogue(lab, shipped)
    assert catalogue.get("same").manifest.description == "shipped"
    (broken,) = catalogue.broken()
    assert broken.file == own
    assert f"the dataset id 'same' of {own} is taken; found {first}" in str(broken.error)


def test_of_two_in_one_folder_neither_counts(lab: Lab, shipped: Path, write: WriteDataset) -> None:
    path = write("same")
    write_manifest(read_manifest(path), shipped / "same")
    with pytest.raises(DatasetError, match="is taken"):
        Catalogue(lab, shipped).get("same")


def test_every_manifest_in_the_checkout_is_valid(lab: Lab) -> None:
    assert Catalogue(lab).broken() == []
    assert SHIPPED.is_dir()
