import pytest

from modellab.cli.overrides import parse_overrides
from modellab.errors import UsageError


def test_slots_parameters_and_language() -> None:
    assert parse_overrides(["asr=faster_whisper:base", " vad.threshold = 0.6 "], "de") == {
        "asr": "faster_whisper:base",
        "vad.threshold": "0.6",
        "asr.language": "de",
    }


def test_a_value_may_hold_an_equals_sign() -> None:
    assert parse_overrides(["asr.initial_prompt=a=b"]) == {"asr.initial_prompt": "a=b"}


@pytest.mark.parametrize("setting", ["asr", "asr=", "=base", ""])
def test_what_is_not_a_setting_is_refused(setting: str) -> None:
    with pytest.raises(UsageError, match=r"is not understood; allowed: step=model or step\.parameter=value"):
        parse_overrides([setting])


def test_one_slot_can_have_one_value() -> None:
    for one in ("de", "en"):
        with pytest.raises(UsageError, match=rf"asr\.language is set twice; found {one} and de"):
            parse_overrides([f"asr.language={one}"], "de")
