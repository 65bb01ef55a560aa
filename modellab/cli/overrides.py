"""`--set slot=value` and `--language`: what changes a pipeline into another system."""

from collections.abc import Iterable, Mapping

from modellab.errors import UsageError
from modellab.pipeline.system_key import text_of


def parse_overrides(settings: Iterable[str], language: str | None = None) -> Mapping[str, str]:
    """Slots (`asr`) and parameters (`asr.language`) with their new values.

    Names and values are checked when the system is resolved, against the pipeline and the models there are.

    Raises:
        UsageError: a setting that is not `slot=value`, is no text, or two for the same slot.
    """
    overrides: dict[str, str] = {}
    for setting in [*settings, *([f"asr.language={language}"] if language else [])]:
        slot, separator, value = (part.strip() for part in setting.partition("="))
        if not (slot and separator and value):
            raise UsageError(
                f"--set {setting!r} is not understood",
                allowed="step=model or step.parameter=value",
                hint="For example --set asr=faster_whisper:tiny.en or --set asr.language=de.",
            )
        if slot in overrides:
            raise UsageError(f"{slot} is set twice", found=f"{overrides[slot]} and {value}", allowed="one value")
        overrides[slot] = text_of(slot, value)
    return overrides
