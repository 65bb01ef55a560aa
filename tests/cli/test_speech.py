"""`modellab run` on texts: what is taken, what is shown, and where the speech is."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

Call = Callable[..., tuple[int, str, str]]
HEARD_FAST = ("--pipeline", "tts", "--set", "asr=faster_whisper:tiny.en")


@pytest.fixture
def texts(tmp_path: Path, sample_wav: Path) -> Path:
    """A folder with two texts, one of which has nothing to say, and a recording."""
    (tmp_path / "hello.txt").write_text("Good evening, and thank you for calling.")
    (tmp_path / "nothing.txt").write_text("---\n")
    shutil.copy(sample_wav, tmp_path / "talk.wav")
    return tmp_path


def test_a_folders_texts_become_speech(call: Call, texts: Path) -> None:
    code, out, err = call("run", texts, *HEARD_FAST, "--json")
    document = json.loads(out)
    spoken, nothing = document["inputs"]
    assert (code, spoken["status"], nothing["status"]) == (1, "completed", "refused")
    assert "nothing.txt has nothing to say" in nothing["error"]
    assert document["left_out"]["files"] == {".wav": 1}
    assert "! left out: 1 file of another kind (1 .wav)" in err
    assert [step["step"] for step in spoken["steps"]] == ["tts", "vad", "asr", "hallucinations"]
    assert soundfile.info(spoken["sound"]).samplerate == 24_000
    checks = {check["check"]: check["passed"] for check in spoken["steps"][0]["checks"]}
    assert checks == dict.fromkeys(
        ("is_heard", "is_plausibly_long", "is_not_cut_off", "is_not_clipped", "is_all_numbers"), True
    )


def test_what_is_shown_says_how_long_the_speech_is_and_where(call: Call, texts: Path) -> None:
    code, out, err = call("run", texts / "hello.txt", *HEARD_FAST)
    assert code == 0, err
    assert "hello.txt: text of 40 bytes, input hello-" in err
    assert "0.00 s" not in out.splitlines()[1]
    [sound] = [line.split()[1] for line in out.splitlines() if line.startswith("  Sound")]
    assert Path(sound).suffix == ".flac"
    assert "thank you for calling" in out.lower()
    code, shown, err = call("runs", "show", "latest")
    assert code == 0, err
    assert f"Sound         {sound}\n" in shown.replace("\n  ", "\n")


def test_a_text_is_no_meeting_and_a_recording_no_text(call: Call, texts: Path) -> None:
    code, _, err = call("run", texts / "talk.wav", *HEARD_FAST)
    assert code == 1 and "talk.wav" in err
    code, _, err = call("run", texts / "hello.txt", "--pipeline", "fast_asr_only")
    assert code == 1 and "hello.txt" in err
