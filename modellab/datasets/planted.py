"""Transcripts in which words are planted: `{"planted": [{"first_word", "end_word"}], "transcript": ...}` as JSON."""

from pathlib import Path

from pydantic import BaseModel, NonNegativeInt, PositiveInt, ValidationError

from modellab.datasets.reference import PlantedTranscript
from modellab.errors import LabError, TextRefused
from modellab.outside import read_json
from modellab.surfaces.results import Transcript


class _Span(BaseModel):
    first_word: NonNegativeInt
    end_word: PositiveInt
    """The word behind the last."""


class _File(BaseModel):
    planted: list[_Span]
    transcript: Transcript


def read_planted(path: Path) -> PlantedTranscript:
    """A transcript with the numbers of its words that nobody said.

    Raises:
        LabError: it can't be read, is no such document, or names words that it does not have.
    """
    try:
        found = _File.model_validate(read_json(path))
    except (ValidationError, TextRefused) as error:
        raise LabError(f"{path} is no transcript with planted words", found=str(error).splitlines()[:5]) from error
    except OSError as error:
        raise LabError(f"{path} can't be read", found=error.strerror) from error
    count = len(found.transcript.words)
    for span in found.planted:
        if not span.first_word < span.end_word <= count:
            raise LabError(
                f"{path} plants words that its transcript does not have",
                found=f"words {span.first_word} to {span.end_word}",
                allowed=f"0 to {count}, the first before the one behind the last",
            )
    numbers = {number for span in found.planted for number in range(span.first_word, span.end_word)}
    return PlantedTranscript(found.transcript, sorted(numbers))
