"""Reading references: RTTM (who spoke when), UEM (what is scored) and STM (who said what, when).

Formats as in NIST's RT-09 evaluation plan and sctk's documentation; times in seconds.
"""

from dataclasses import dataclass
from pathlib import Path

from modellab.errors import LabError
from modellab.surfaces.results import Segment, Turn

_STM_FIELDS = 5
"""Fields before an STM line's text: file, channel, speaker, start, end."""


@dataclass(frozen=True, slots=True)
class SpokenText:
    """One line of an STM file."""

    recording: str
    speaker: str
    start_s: float
    end_s: float
    text: str


def read_rttm(path: Path) -> dict[str, list[Turn]]:
    """Speaker turns by recording, in order of time.

    Raises:
        LabError: the file is not RTTM.
    """
    from pyannote.database.util import load_rttm

    try:
        annotations = load_rttm(path)
    except (OSError, ValueError) as error:
        raise LabError(f"{path} can't be read as RTTM", found=str(error)) from error
    return {
        str(name): [
            Turn(span.start, span.end, str(label)) for span, _, label in annotation.itertracks(yield_label=True)
        ]
        for name, annotation in annotations.items()
    }


def read_uem(path: Path) -> dict[str, list[Segment]]:
    """Scored stretches by recording.

    Raises:
        LabError: the file is not UEM.
    """
    from pyannote.database.util import load_uem

    try:
        timelines = load_uem(path)
    except (OSError, ValueError) as error:
        raise LabError(f"{path} can't be read as UEM", found=str(error)) from error
    return {str(name): [Segment(span.start, span.end) for span in timeline] for name, timeline in timelines.items()}


def read_stm(path: Path) -> list[SpokenText]:
    """Every line with its text, in order of time. Comments (`;;`) and the optional `<label>` field are left out.

    pyannote's own reader leaves out the text.

    Raises:
        LabError: a line is not STM; says which.
    """
    lines: list[SpokenText] = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        fields = line.split(maxsplit=_STM_FIELDS)
        if not fields or line.startswith(";;"):
            continue
        try:
            name, _, speaker, start, end = fields[:_STM_FIELDS]
            text = fields[_STM_FIELDS] if len(fields) > _STM_FIELDS else ""
            if text.startswith("<") and ">" in text:
                text = text.partition(">")[2]
            lines.append(SpokenText(name, speaker, float(start), float(end), text.strip()))
        except ValueError as error:
            raise LabError(
                f"line {number} of {path} is not STM",
                found=line[:80],
                allowed="file channel speaker start end [<label>] text",
            ) from error
    return sorted(lines, key=lambda spoken: (spoken.start_s, spoken.end_s))
