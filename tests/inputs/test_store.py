import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.errors import InputDamaged, InputRefused, UnknownName
from modellab.inputs.registered import RegisteredInput, check_copy
from modellab.inputs.store import InputStore, clean_name
from modellab.media.audio import Samples
from modellab.settings import Lab

Tone = Callable[..., Samples]


@pytest.fixture
def store(lab: Lab) -> InputStore:
    return InputStore(lab)


def make(path: Path, seconds: float = 0.5, seed: int = 0) -> Path:
    samples = 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * 8_000))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, 8_000, subtype="PCM_16")
    return path


def left_over(lab: Lab) -> list[str]:
    return sorted(path.name for path in lab.inputs.rglob("*") if path.name != ".lock")


def test_a_registered_file_is_described_and_copied(store: InputStore, lab: Lab, tmp_path: Path) -> None:
    path = make(tmp_path / "Meeting 1.WAV")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    found = store.register(path)
    assert found == RegisteredInput(
        key=f"meeting-1-{digest[:16]}",
        sha256=digest,
        name="Meeting 1.WAV",
        path=lab.inputs / digest[:16] / "media.wav",
        duration_s=0.5,
        sample_rate_hz=8_000,
        channels=1,
        format="wav/pcm_s16le",
        bytes=path.stat().st_size,
        registered_at=found.registered_at,
        names=("Meeting 1.WAV",),
    )
    assert found.path.read_bytes() == path.read_bytes()
    assert store.get(found.key) == store.get(digest) == store.get(digest[:16]) == store.get(digest[:5]) == found
    assert store.all() == [found]


def test_a_change_of_the_users_file_does_not_reach_the_lab(store: InputStore, tmp_path: Path) -> None:
    path = make(tmp_path / "a.wav")
    found = store.register(path)
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\x7f" * 100)
    assert hashlib.sha256(found.path.read_bytes()).hexdigest() == found.sha256
    assert store.register(path).key != found.key


def test_the_same_bytes_under_two_names_are_one_input(store: InputStore, tmp_path: Path) -> None:
    path = make(tmp_path / "a.wav")
    first = store.register(path)
    shutil.copy(path, tmp_path / "b.wav")
    again = store.register(tmp_path / "b.wav")
    assert again.key == first.key and again.name == "a.wav"
    assert again.names == ("a.wav", "b.wav")
    assert store.register(path) == again == store.get(first.key)
    assert len(store.all()) == 1


def test_the_first_name_makes_the_key_and_later_ones_leave_it(store: InputStore, tmp_path: Path) -> None:
    path = make(tmp_path / "Köln, week 7 [final].wav")
    first = store.register(path)
    assert first.key == f"koln-week-7-final-{first.sha256[:16]}"
    shutil.copy(path, tmp_path / "other.wav")
    assert store.register(tmp_path / "other.wav").key == first.key


@pytest.mark.parametrize(
    "called", ["key", "beginning", "slug", "digits", "sha256", "few digits", "name", "second name", "no ending"]
)
def test_an_input_is_found_by_whatever_it_is_called(store: InputStore, tmp_path: Path, called: str) -> None:
    path = make(tmp_path / "Weekly Sync.wav")
    store.register(path)
    store.register(make(tmp_path / "else.wav", seed=1))
    shutil.copy(path, tmp_path / "copy.wav")
    found = store.register(tmp_path / "copy.wav")
    ways = {
        "key": found.key,
        "beginning": found.key[:20],
        "slug": "weekly-sync",
        "digits": found.digits,
        "sha256": found.sha256,
        "few digits": found.sha256[:6],
        "name": "Weekly Sync.wav",
        "second name": "copy.wav",
        "no ending": "Weekly Sync",
    }
    assert store.find(ways[called]) == found


def test_a_whole_name_counts_before_a_beginning(store: InputStore, tmp_path: Path) -> None:
    short = store.register(make(tmp_path / "talk.wav").rename(tmp_path / "talk"))
    store.register(make(tmp_path / "talk two.wav", seed=1))
    assert store.find("talk") == short
    with pytest.raises(
        UnknownName, match=r"'tal' can mean 2 inputs; found talk-.* \(talk\), talk-two-.* \(talk two.wav\)"
    ):
        store.find("tal")
    with pytest.raises(UnknownName, match=r"there is no input 'talk two.mp3'.*Did you mean talk two.wav"):
        store.find("talk two.mp3")
    with pytest.raises(UnknownName, match="there is no input ''"):
        store.find("")


def test_what_is_given_is_a_file_or_what_an_input_is_called(
    store: InputStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    talk = store.register(make(tmp_path / "a" / "Talk.wav"))
    text = tmp_path / "talk notes.txt"
    text.write_text("Spoken.")
    notes = store.register(text)
    for called in ("Talk.wav", "talk", talk.digits[:8]):
        assert store.take(Path(called), "media") == talk
    make(tmp_path / "Talk.wav", seed=1)
    assert store.take(Path("Talk.wav"), "media").sha256 not in (talk.sha256, notes.sha256)
    with pytest.raises(
        InputRefused, match=r"talk notes.txt is a text; found input talk-notes-.*; allowed: a recording"
    ):
        store.take(Path("talk-notes"), "media")
    with pytest.raises(InputRefused, match=r"'talk-' can mean 3 inputs; found talk-"):
        store.take(Path("talk-"), "media")
    with pytest.raises(InputRefused, match=r"tlk does not exist; .* no input that is called so; .*Did you mean talk"):
        store.take(Path("tlk"), "media")
    with pytest.raises(InputRefused, match=r"^talk does not exist; found nothing at elsewhere/talk\.$"):
        store.take(Path("elsewhere/talk"), "media")


def test_a_recording_is_taken_for_one_whatever_its_ending(store: InputStore, tmp_path: Path) -> None:
    path = make(tmp_path / "a.wav").rename(tmp_path / "a.txt")
    assert store.register(path, "media").format == "wav/pcm_s16le"
    with pytest.raises(InputRefused, match=r"a\.txt can't be read: not UTF-8"):
        store.register(path)


def test_another_slug_before_the_digits_is_another_key(store: InputStore, tmp_path: Path) -> None:
    found = store.register(make(tmp_path / "a.wav"))
    with pytest.raises(UnknownName, match=f"there is no input 'b-{found.digits}'.*Did you mean {found.key}"):
        store.get(f"b-{found.digits}")


def test_an_input_of_a_lab_from_before_keeps_its_key(store: InputStore, lab: Lab, tmp_path: Path) -> None:
    path = make(tmp_path / "a.wav")
    found = store.register(path)
    description = lab.inputs / found.digits / "input.json"
    stored = json.loads(description.read_text())
    del stored["kind"]
    description.write_text(json.dumps({**stored, "key": found.digits}))
    [old] = store.all()
    assert (old.key, old.kind) == (found.digits, "media")
    assert store.register(path) == store.get(found.digits) == store.find("a.wav") == old


@pytest.mark.parametrize(
    "changed",
    [{"key": "a-0000000000000000"}, {"key": "A b"}, {"path": "../media.wav"}, {"path": "/etc/passwd"}, {"path": ""}],
)
def test_a_description_that_points_elsewhere_is_damaged(
    store: InputStore, lab: Lab, tmp_path: Path, changed: dict[str, str]
) -> None:
    found = store.register(make(tmp_path / "a.wav"))
    description = lab.inputs / found.digits / "input.json"
    description.write_text(json.dumps(json.loads(description.read_text()) | changed))
    with pytest.raises(InputRefused, match=f"the description of input {found.digits} is damaged"):
        store.get(found.digits)


def test_a_copy_that_is_a_link_is_not_followed(store: InputStore, lab: Lab, tmp_path: Path) -> None:
    found = store.register(make(tmp_path / "a.wav"))
    found.path.unlink()
    found.path.symlink_to("/etc/passwd")
    with pytest.raises(InputRefused, match=r"a copy outside its folder: media\.wav"):
        store.get(found.key)


def test_inputs_are_listed_in_the_order_of_registration(store: InputStore, tmp_path: Path) -> None:
    keys = [store.register(make(tmp_path / f"{seed}.wav", seed=seed)).key for seed in range(3)]
    assert [each.key for each in store.all()] == keys
    assert store.count() == 3


def test_descriptions_of_inputs_that_are_left_out_are_not_read(
    store: InputStore, lab: Lab, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = (store.register(make(tmp_path / f"{seed}.wav", seed=seed)) for seed in range(2))
    (lab.inputs / first.digits / "input.json").write_text("[")
    assert [each.key for each in store.all(besides={first.digits})] == [second.key]
    assert not caplog.text


def test_another_file_with_the_same_digits_is_refused(store: InputStore, lab: Lab, tmp_path: Path) -> None:
    path = make(tmp_path / "a.wav")
    found = store.register(path)
    description = lab.inputs / found.digits / "input.json"
    stored = json.loads(description.read_text())
    description.write_text(json.dumps({**stored, "sha256": found.digits + "0" * 48}))
    with pytest.raises(InputRefused, match=rf"a\.wav can't be registered: its digits {found.digits} belong to other"):
        store.register(path)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("gone.wav", None, "does not exist"),
        ("empty.wav", b"", "is empty"),
        ("text.mp3", b"not music\n" * 50, "is not audio or video"),
        ("header.wav", b"RIFF\x24\x00\x00\x00WAVEfmt ", "is not audio or video"),
    ],
)
def test_what_is_refused_leaves_nothing(
    store: InputStore, lab: Lab, tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputRefused, match=f"^{name} {reason}"):
        store.register(tmp_path / name)
    assert store.all() == [] and left_over(lab) == []


def test_a_folder_is_refused(store: InputStore, tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="is a folder"):
        store.register(tmp_path)


def test_a_file_that_can_not_be_copied_leaves_nothing(
    store: InputStore, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "a.wav")
    monkeypatch.setattr(Path, "rename", lambda self, target: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OSError, match="No space left"):
        store.register(path)
    assert left_over(lab) == [".staging"]


def test_a_damaged_file_is_taken_as_far_as_it_goes(store: InputStore, tmp_path: Path) -> None:
    path = make(tmp_path / "a.wav", seconds=4.0)
    os.truncate(path, 44 + 16_000)
    found = store.register(path)
    assert found.duration_s == 1.0
    assert found.warnings == ("the file is cut off: 48,000 bytes fewer than its header promises",)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("ffff", "there is no input 'ffff'"),
        ("../../etc", "there is no input"),
        ("*", "there is no input"),
        ("", "there is no input"),
        ("a.wav", "there is no input"),
    ],
)
def test_unknown_keys(store: InputStore, tmp_path: Path, key: str, reason: str) -> None:
    assert not store.register(make(tmp_path / "a.wav")).digits.startswith("ffff")
    with pytest.raises(UnknownName, match=reason):
        store.get(key)


def test_a_beginning_that_several_have_is_refused(store: InputStore, tmp_path: Path) -> None:
    # 17 inputs, 16 first digits
    digits = [store.register(make(tmp_path / f"{seed}.wav", 0.01, seed)).digits[0] for seed in range(17)]
    shared = next(digit for digit in digits if digits.count(digit) > 1)
    with pytest.raises(UnknownName, match=rf"'{shared}' can mean {digits.count(shared)} inputs.*Give a whole key"):
        store.get(shared)


def test_a_name_that_is_no_text_can_be_stored(store: InputStore, tmp_path: Path) -> None:
    path = make(tmp_path / "a.wav")
    odd = path.rename(tmp_path / os.fsdecode(b"caf\xe9\n\x1b[31m.wav"))
    assert store.register(odd).name == "caf�__[31m.wav"
    assert len(store.all()) == 1
    assert clean_name("x" * 300) == "x" * 255


def test_a_suffix_that_is_no_suffix_stays_outside(store: InputStore, tmp_path: Path) -> None:
    path = make(tmp_path / "a.wav").rename(tmp_path / "a.w v;x")
    assert store.register(path).path.name == "media"


def test_the_home_can_move(lab: Lab, tmp_path: Path) -> None:
    found = InputStore(lab).register(make(tmp_path / "a.wav"))
    lab.home.rename(lab.home.with_name("moved"))
    moved = InputStore(Lab(lab.settings.model_copy(update={"home": lab.home.with_name("moved")})))
    assert moved.get(found.key).path.is_file()


def test_a_damaged_description_says_what_to_do(store: InputStore, lab: Lab, tmp_path: Path) -> None:
    found = store.register(make(tmp_path / "a.wav"))
    (lab.inputs / found.digits / "input.json").write_text("{}")
    with pytest.raises(InputRefused, match=r"description of input .* is damaged.*register the file again"):
        store.get(found.key)


def _damage(path: Path) -> None:
    """One bit other, the size and the times as they were: what a disk does."""
    facts, content = path.stat(), bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


@pytest.mark.parametrize("damage", ["bit", "cut", "gone", "another"])
def test_a_damaged_copy_is_found_and_repaired_by_the_intact_file(
    store: InputStore, tmp_path: Path, damage: str
) -> None:
    intact = make(tmp_path / "a.wav")
    source = store.register(intact)
    check_copy(source)
    if damage == "bit":
        _damage(source.path)
    elif damage == "cut":
        os.truncate(source.path, 100)
    elif damage == "gone":
        source.path.unlink()
    else:
        shutil.copy(make(tmp_path / "b.wav", seconds=2.0), source.path)
    for seen_is_enough in (True, False):
        with pytest.raises(InputDamaged, match=r"copy of a\.wav is damaged.*Run the intact recording again"):
            check_copy(source, seen_is_enough=seen_is_enough)
    again = store.register(intact)
    assert (again.key, again.registered_at, again.path) == (source.key, source.registered_at, source.path)
    check_copy(source)
    assert source.path.read_bytes() == intact.read_bytes()


def test_an_input_with_a_damaged_description_is_left_out_of_lists_and_named(
    lab: Lab, sample_wav: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = InputStore(lab)
    sound = store.register(sample_wav)
    for digits, text in (("0" * 16, "[" * 100_000), ("1" * 16, "{}"), ("2" * 16, "\x00")):
        (lab.inputs / digits).mkdir()
        (lab.inputs / digits / "input.json").write_text(text)
    assert [each.key for each in store.all()] == [sound.key]
    assert sum(f"the description of input {digit * 16} is damaged" in caplog.text for digit in "012") == 3
    with pytest.raises(InputRefused, match="the description of input 0000000000000000 is damaged"):
        store.get("0" * 16)
