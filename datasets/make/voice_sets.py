"""v2v_smoke_v1."""

from corpus import Corpus, case, speech_source
from scripts import talks

_FEWEST_WORDS = 5


def make(corpus: Corpus) -> None:
    """Write the set: the questions of the talks, each as its voice said it alone. It has no sound of its own."""
    cases = []
    for talk in talks().values():
        for number, turn in enumerate(talk.turns):
            spoken = turn.utterance
            if not spoken.text.endswith("?") or len(spoken.text.split()) < _FEWEST_WORDS:
                continue
            tags = {"domain": talk.id, "accent": spoken.voice.accent, "sex": spoken.voice.sex}
            source = speech_source(spoken)
            cases.append(case(f"{talk.id}-{number}", source, {"text": spoken.text}, tags, [spoken.voice.id]))
    corpus.manifest(
        "v2v_smoke_v1",
        "questions that people ask in the lab's synthetic talks, to be answered with a voice: whether an answer comes, "
        "no measurement of how good it is",
        ["voice_to_voice"],
        cases,
    )
