"""Fetching weights before they are needed: what of a file has come is kept, and what came is what was meant."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import LabError, StorageError, UsageError, WeightsCorrupt, WeightsMissing
from modellab.registry.config import ModelRef
from modellab.registry.fetching import Fetching, Here, ToFetch, chosen
from modellab.registry.hub_files import HubFile
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from tests.hub import COMMIT, Hub, serving_hub

from .conftest import WriteModel

REF = ModelRef(id="toy", variant="one")
LARGE = random.Random(7).randbytes(3_000_000)
SHA256 = hashlib.sha256(LARGE).hexdigest()
TOY = {"hub": {"repository": "makers/toy", "files": ["model.bin", "config.json"]}}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    return tmp_path / "hf"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving_hub(monkeypatch) as serving:
        serving.repositories["makers/toy"]["model.bin"] = LARGE
        serving.large.add("model.bin")
        yield serving


@pytest.fixture
def fetching(lab: Lab, folder: Path, write_model: WriteModel) -> Fetching:
    write_model("toy", variants={"one": TOY})
    return new(lab, folder)


def new(lab: Lab, folder: Path, **settings: Any) -> Fetching:
    """As a process that begins now has it."""
    given = Settings(_env_file=None, home=lab.home, offline=False, **settings)
    return Fetching(Lab(given), ModelRegistry(folder))


def fetched(fetching: Fetching, ref: ModelRef = REF) -> tuple[Here, list[int]]:
    meant = fetching.look(ref)
    assert isinstance(meant, ToFetch)
    told: list[int] = []
    return fetching.fetch(meant, told.append), told


def part_of(cache: Path) -> Path:
    return HubFile("makers/toy", COMMIT, "model.bin", len(LARGE), SHA256).part


def test_progress_ends_with_all_that_was_missing_and_then_nothing_is_fetched(
    fetching: Fetching, hub: Hub, lab: Lab, folder: Path
) -> None:
    meant = fetching.look(REF)
    assert isinstance(meant, ToFetch)
    assert (meant.bytes, meant.repositories) == (len(LARGE) + 2, "makers/toy")
    assert hub.sent == 0
    here, told = fetched(fetching)
    assert told == sorted(told) and told[-1] == len(LARGE) + 2 and len(told) > 3
    assert here == Here(REF, "fetched", "Hugging Face hub (makers/toy)", 2, len(LARGE) + 2)
    asked = len(hub.asked)
    again = new(lab, folder).look(REF)
    assert again == Here(REF, "present", "Hugging Face cache (makers/toy)", 2, len(LARGE) + 2)
    assert (len(hub.asked), hub.sent, hub.ranges) == (asked, len(LARGE), [None])


def test_a_lost_connection_is_gone_on_with_at_once(fetching: Fetching, hub: Hub) -> None:
    hub.cuts = [1_000_000, 500_000]
    _, told = fetched(fetching)
    assert hub.ranges == [None, "bytes=1000000-", "bytes=1500000-"]
    assert hub.sent == len(LARGE)
    assert told == sorted(told)


def test_a_hub_that_gives_no_more_leaves_what_came_and_the_next_fetch_asks_for_the_rest(
    fetching: Fetching, hub: Hub, lab: Lab, folder: Path, cache: Path
) -> None:
    hub.cuts = [1_000_000, 0]
    with pytest.raises(
        WeightsMissing, match=r"was lost \(RemoteProtocolError\) with 976.6 KiB of 2.9 MiB of model.bin"
    ):
        fetched(fetching)
    assert part_of(cache).read_bytes() == LARGE[:1_000_000]
    later = new(lab, folder)
    meant = later.look(REF)
    assert isinstance(meant, ToFetch) and meant.bytes == 2_000_002
    _, told = fetched(later)
    assert (told[0], told[-1]) == (0, 2_000_002)
    assert hub.ranges == [None, "bytes=1000000-", "bytes=1000000-"]
    assert hub.sent == len(LARGE)
    assert not part_of(cache).exists()


def test_whoever_is_stopped_goes_on_later(fetching: Fetching, hub: Hub, lab: Lab, folder: Path, cache: Path) -> None:
    meant = fetching.look(REF)
    assert isinstance(meant, ToFetch)

    def stop(come: int) -> None:
        if come > 1_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetching.fetch(meant, stop)
    held = part_of(cache).stat().st_size
    assert 1_000_000 < held < len(LARGE)
    fetched(new(lab, folder))
    assert hub.ranges == [None, f"bytes={held}-"]


@pytest.mark.parametrize("left", [b"x" * 1_000_000, b"x" * (len(LARGE) + 1)], ids=["shorter", "longer"])
def test_a_damaged_part_is_fetched_anew(fetching: Fetching, hub: Hub, cache: Path, left: bytes) -> None:
    part = part_of(cache)
    part.parent.mkdir(parents=True)
    part.write_bytes(left)
    here, _ = fetched(fetching)
    assert hub.ranges == [f"bytes={len(left)}-", None]
    assert here.bytes == len(LARGE) + 2


def test_a_part_that_is_whole_is_only_checked(fetching: Fetching, hub: Hub, cache: Path) -> None:
    part_of(cache).parent.mkdir(parents=True)
    part_of(cache).write_bytes(LARGE)
    fetched(fetching)
    assert (hub.ranges, hub.sent) == ([f"bytes={len(LARGE)}-"], 0)


def test_bytes_that_are_not_what_the_hub_states_are_refused_and_not_kept(
    fetching: Fetching, hub: Hub, cache: Path
) -> None:
    hub.stated["model.bin"] = {"sha256": "0" * 64}
    with pytest.raises(
        WeightsCorrupt, match=r"^model\.bin of makers/toy is not the file that the hub states"
    ) as caught:
        fetched(fetching)
    assert (caught.value.found, caught.value.allowed) == (f"SHA-256 {SHA256}", "0" * 64)
    assert [path for path in cache.rglob("*") if "0" * 64 in path.name] == [
        cache / ".locks" / "models--makers--toy" / ("0" * 64 + ".lock")
    ]


def test_the_digests_of_the_config_are_checked_after_the_download_and_of_what_is_here(
    hub: Hub, lab: Lab, folder: Path, write_model: WriteModel
) -> None:
    write_model("toy", variants={"one": {"hub": TOY["hub"] | {"sha256": {"model.bin": "1" * 64}}}})
    with pytest.raises(WeightsCorrupt, match=r"model\.bin of model toy:one from Hugging Face hub") as caught:
        fetched(new(lab, folder))
    assert SHA256 in str(caught.value.found) and caught.value.allowed == "1" * 64
    with pytest.raises(WeightsCorrupt, match=r"model\.bin of model toy:one from Hugging Face cache"):
        new(lab, folder).look(REF)


def test_a_disk_without_room_is_said_before_anything_comes(fetching: Fetching, hub: Hub) -> None:
    hub.stated["model.bin"] = {"size": 10**16}
    meant = fetching.look(REF)
    assert isinstance(meant, ToFetch)
    for begin in (lambda: fetching.require_room([meant]), lambda: fetching.fetch(meant, lambda come: None)):
        with pytest.raises(StorageError, match=r"needs 10,000,000\.0 GB .* let HF_HOME name a folder on a larger disk"):
            begin()
    assert (hub.sent, hub.ranges) == (0, [])


def test_the_token_is_shown_to_the_hub_and_to_no_host_that_it_sends_to(
    hub: Hub, lab: Lab, folder: Path, write_model: WriteModel
) -> None:
    write_model("toy", variants={"one": TOY})
    hub.elsewhere = True
    fetched(new(lab, folder, hf_token="hf_secret"))
    assert hub.tokens == [("127.0.0.1", "Bearer hf_secret"), ("localhost", None)]


def test_a_token_and_leave_to_ask_come_before_the_hub(
    hub: Hub, lab: Lab, folder: Path, write_model: WriteModel
) -> None:
    write_model("toy", variants={"one": TOY | {"gated": True}}, access="Accept its terms and set HF_TOKEN.")
    with pytest.raises(WeightsMissing, match="makers/toy is gated and HF_TOKEN is not set") as caught:
        new(lab, folder).look(REF)
    assert caught.value.ways[0].startswith("Accept its terms and set HF_TOKEN.")
    with pytest.raises(WeightsMissing, match="HF_HUB_OFFLINE forbids asking it") as caught:
        new(lab, folder, hf_token="hf_x", HF_HUB_OFFLINE="1").look(REF)
    assert caught.value.ways[0].startswith("Unset HF_HUB_OFFLINE")
    assert hub.asked == []


def test_weights_that_are_rebuilt_from_others_are_fetched_as_those(
    fetching: Fetching, hub: Hub, lab: Lab, write_model: WriteModel
) -> None:
    rebuilt = {"origin": "toy:one", "version": 1, "files": ["toy.pt"]}
    write_model("made", variants={"one": {"rebuilt": rebuilt}})
    here, _ = fetched(fetching, ModelRef(id="made", variant="one"))
    assert here.said == "rebuilt from toy:one (Hugging Face hub (makers/toy))"
    assert hub.sent == len(LARGE)


@pytest.mark.parametrize(
    ("variant", "words"),
    [
        ({}, "has no weights"),
        (
            {"given": {"files": ["a"], "wanted": "the folder of a checkpoint"}},
            "in a folder that is named where it is used",
        ),
    ],
)
def test_what_has_nothing_to_fetch_says_why(
    lab: Lab, folder: Path, write_model: WriteModel, variant: dict[str, Any], words: str
) -> None:
    write_model("other", package="no-such-package", extra="toys", variants={"one": variant})
    here = new(lab, folder).look(ModelRef(id="other", variant="one"))
    assert isinstance(here, Here) and here.status == "nothing" and words in here.said
    assert here.lacks.endswith("Install it with: pip install -e '.[toys]'")


@pytest.mark.parametrize(
    ("variant", "first"),
    [
        (
            {"wheel": {"package": "no-such-wheel", "extra": "toys", "files": {"a": ["no_such_wheel/a"]}}},
            "Install the Python package no-such-wheel: pip install -e '.[toys]'.",
        ),
        (
            {"checkout": {"origin": "https://example.org/x", "weights": "fetch them so", "files": ["a"]}},
            "git clone --recursive https://example.org/x, and fetch them so.",
        ),
        (
            {"local": {"files": ["a"], "origin": "https://example.org/x"}},
            "Put a (from https://example.org/x) into <folder>/other/one/ and set MODELLAB_WEIGHTS=<folder>.",
        ),
    ],
)
def test_what_is_in_no_repository_says_how_it_is_had(
    lab: Lab, folder: Path, write_model: WriteModel, variant: dict[str, Any], first: str
) -> None:
    write_model("other", variants={"one": variant})
    with pytest.raises(WeightsMissing, match="the weights of other:one are in no hub repository") as caught:
        new(lab, folder).look(ModelRef(id="other", variant="one"))
    assert caught.value.ways[0] == first


def test_what_is_meant(folder: Path, write_model: WriteModel) -> None:
    write_model("toy", variants={"one": TOY, "two": TOY}, aliases={"plaything": "two"})
    write_model("tagger", surfaces=["classify"])
    registry = ModelRegistry(folder)

    def names(*given: str, **how: Any) -> list[str]:
        return [str(ref) for ref in chosen(registry, given, **how)]

    assert names("toy", "plaything", "toy:two", "toy") == ["toy:one", "toy:two"]
    assert names("toy", every_variant=True) == ["toy:one", "toy:two"]
    assert names(surface="vad") == ["toy:one"]
    for given, how in (
        ([], {}),
        (["toy"], {"surface": "vad"}),
        ([], {"surface": "vad", "every_variant": True}),
        (["toy:one"], {"every_variant": True}),
        (["plaything"], {"every_variant": True}),
    ):
        with pytest.raises(UsageError):
            names(*given, **how)
    with pytest.raises(LabError, match="there is no surface 'vda'"):
        names(surface="vda")
