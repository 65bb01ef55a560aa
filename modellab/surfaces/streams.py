"""What recognisers of live speech give, bit by bit: `AsrStream` in contracts.py says when."""

from dataclasses import dataclass, field

from modellab.surfaces.results import Word


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recogniser has to say of the stream since it last said anything.

    Stable words are given once, so no recogniser can take one back. Times are seconds from the start of the stream.
    """

    stable: list[Word] = field(default_factory=list)
    """Words that never change again, those that were not given before, in order."""
    unstable: list[Word] = field(default_factory=list)
    """What it believes comes after all stable words; replaces what it believed before."""
    ended: bool = False
    """Whether the speaker came to an end here, as the model itself hears it; what is unstable is taken as it is."""
