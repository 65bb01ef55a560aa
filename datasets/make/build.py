"""Makes every shipped dataset from the speech that is there (speech.py makes that): media and manifests.

    python datasets/make/build.py               beside this folder, where they are shipped
    python datasets/make/build.py --into FOLDER elsewhere, to compare

Arithmetic with seeds: the samples are the same on every machine, and the files' bytes with the same libFLAC.
"""

import argparse
from pathlib import Path

import asr_sets
import dialogue_sets
import heard_sets
import music_sets
import planted_sets
import sound_sets
import talk_sets
import voice_sets
from corpus import SHIPPED, Corpus


def main() -> None:
    """Run the program."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--into", type=Path, default=SHIPPED)
    corpus = Corpus(options.parse_args().into)
    for sets in (asr_sets, talk_sets, sound_sets, planted_sets, dialogue_sets, heard_sets, music_sets, voice_sets):
        sets.make(corpus)


if __name__ == "__main__":
    main()
