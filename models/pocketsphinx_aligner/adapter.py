"""Forced alignment by PocketSphinx: the words are known, the most probable path through them says when each was said.

What the dictionary lacks (numbers, compounds, acronyms) becomes a word of its own for the decoder, with every reading
as an alternative pronunciation, so that each word of the transcript is one word of the path.
"""

from collections.abc import Sequence

from modellab.media.audio import Waveform
from modellab.registry.loaded import LoadRequest
from modellab.surfaces.results import Segment
from models._pocketsphinx.decoding import decode
from models._pronunciation import plain, pronunciations

_DICTIONARY = "cmudict-en-us.dict"
_BEAM = 1e-200
"""Paths this much less probable than the best are given up. The words are known, so there are few paths: at the width
for recognition (1e-48) a third of the stretches of a business call got none to their end, at this one none failed."""


class PocketSphinxAligner:
    """A loaded acoustic model with its dictionary; offers the surface `align`."""

    def __init__(self, request: LoadRequest) -> None:
        from pocketsphinx import Decoder

        assert request.weights is not None
        self.languages: Sequence[str] = request.config.languages_of(request.ref.variant)
        self._decoder = Decoder(
            hmm=str(request.weights),
            dict=str(request.weights / _DICTIONARY),
            lm=None,
            samprate=request.config.sample_rate_hz,
            loglevel="FATAL",
            # The word lattice is built for recognition: the best path through it loses alignments that there are.
            bestpath=False,
            beam=_BEAM,
            pbeam=_BEAM,
            wbeam=_BEAM,
        )
        self._entries: dict[str, str | None] = {}
        """Word of a transcript -> the decoder's word for it; None where nobody knows how it is pronounced."""

    def knows(self, word: str) -> bool:
        return self._entry(word) is not None

    def align(self, audio: Waveform, words: Sequence[str]) -> Sequence[Segment] | None:
        if not len(audio.samples):
            return None
        wanted = [self._entry(word) for word in words]
        self._decoder.set_align_text(" ".join(filter(None, wanted)))
        found: list[Segment] = []
        for word, span in decode(self._decoder, audio.samples):
            if len(found) < len(wanted) and word == wanted[len(found)]:
                found.append(span)
        return found if len(found) == len(wanted) else None

    def _entry(self, word: str) -> str | None:
        if word not in self._entries:
            self._entries[word] = self._new_entry(plain(word))
        return self._entries[word]

    def _new_entry(self, word: str) -> str | None:
        if word and self._decoder.lookup_word(word.lower()):
            return word.lower()
        readings = pronunciations(word, self._decoder.lookup_word)
        if not readings:
            return None
        name = f"_{len(self._entries)}"  # no word of the dictionary begins so
        for number, phones in enumerate(readings, 1):
            self._decoder.add_word(name if number == 1 else f"{name}({number})", phones, number == len(readings))
        return name


def load(request: LoadRequest) -> PocketSphinxAligner:
    """Load the acoustic model and the dictionary."""
    return PocketSphinxAligner(request)
