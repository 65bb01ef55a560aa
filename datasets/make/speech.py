"""Says every utterance of utterances.yaml and talks.yaml, each into a file under datasets/media/speech.

    python datasets/make/speech.py               what is not there yet
    python datasets/make/speech.py --again       all of them
    python datasets/make/speech.py --into FOLDER elsewhere

The only script that needs requirements.txt: everything else is arithmetic on these files.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from scripts import spoken
from sound import at_level, with_edges, without_edges, write
from voices import say

SPEECH = Path(__file__).parents[1] / "media" / "speech"


def main() -> None:
    """Run the program."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--into", type=Path, default=SPEECH)
    options.add_argument("--again", action="store_true")
    given = options.parse_args()
    for path in _said(given.into, given.again):
        print(path)


def _said(folder: Path, again: bool) -> Iterator[Path]:
    for utterance in spoken():
        path = folder / f"{utterance.id}.flac"
        if path.exists() and not again:
            continue
        voice = utterance.voice
        said = without_edges(say(voice.engine, voice.voice, utterance.text, voice.speed))
        write(path, with_edges(at_level(said)))
        yield path


if __name__ == "__main__":
    main()
