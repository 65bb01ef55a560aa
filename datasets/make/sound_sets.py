"""hallucination_v1, separate_smoke_v1 and vad_smoke_v1."""

import numpy as np
from corpus import Corpus, Given, case, speech_of
from scripts import talks, utterances
from signals import (
    babble,
    band,
    brown,
    clicks,
    fade,
    music,
    pink,
    street,
    sweep,
    switched,
    tones,
    white,
    with_noise,
)
from sound import Sound, at_level, level_of, samples_in, seconds_of, stretches

SECONDS = 6.0


def make(corpus: Corpus) -> None:
    """Write the three sets."""
    corpus.manifest(
        "hallucination_v1",
        "silence, noise, tones, music and voices turned round: nothing is said, and the right transcript is empty",
        ["hallucination", "asr", "vad"],
        [_wordless(corpus, name, kind, sound) for name, kind, sound in wordless()],
    )
    corpus.manifest(
        "separate_smoke_v1",
        "speech and music mixed by script, with the speech and the music alone",
        ["separate", "asr"],
        [_mixed(corpus, number) for number in range(3)],
    )
    corpus.manifest(
        "vad_smoke_v1",
        "sentences with pauses of known length between them: in silence, in noise, beside music",
        ["vad"],
        [_paused(corpus, number) for number in range(len(BACKGROUNDS))],
    )


def wordless() -> list[tuple[str, str, Sound]]:
    """Name, kind and sound of each case without words."""
    said = [speech_of(utterance)[::-1] for utterance in utterances()[::5]]
    return [
        ("silence", "silence", np.zeros(samples_in(30.0))),
        ("silence-short", "silence", np.zeros(samples_in(1.0))),
        ("hiss-faint", "noise", at_level(white(8.0, 1), -66.0)),
        ("hiss", "noise", at_level(white(SECONDS, 2), -42.0)),
        ("pink", "noise", at_level(pink(SECONDS, 3), -40.0)),
        ("rumble", "noise", at_level(brown(SECONDS, 4), -32.0)),
        ("street", "noise", at_level(street(10.0, 5), -38.0)),
        ("keyboard", "noise", at_level(clicks(SECONDS, 6), -38.0)),
        ("breath", "noise", at_level(fade(switched(band(white(SECONDS, 7), 400.0, 4000.0), 0.9, 1.1)), -46.0)),
        ("hum", "tones", at_level(tones(SECONDS, (50.0, 100.0, 150.0, 250.0)), -35.0)),
        ("dial-tone", "tones", at_level(tones(5.0, (350.0, 440.0)), -28.0)),
        ("busy-tone", "tones", at_level(switched(tones(SECONDS, (480.0, 620.0)), 0.5, 0.5), -28.0)),
        ("sweep", "tones", at_level(sweep(5.0, 100.0, 6000.0), -28.0)),
        ("strings", "music", at_level(fade(music(8.0, 8)), -28.0)),
        ("band", "music", at_level(fade(music(8.0, 9, drums=True)), -28.0)),
        ("babble", "babble", at_level(fade(babble(said, 8.0)), -34.0)),
    ]


def _wordless(corpus: Corpus, name: str, kind: str, sound: Sound) -> Given:
    # Voices turned round say nothing, but somebody who looks for voices finds them.
    reference: Given = {"text": ""} if kind == "babble" else {"text": "", "rttm": "", "speech": []}
    return case(name, corpus.save(f"hallucination/{name}", sound), reference, {"noise": kind})


def _mixed(corpus: Corpus, number: int) -> Given:
    utterance = utterances()[number * 10 + 4]
    speech = speech_of(utterance)
    snr_db = 8.0 - 4.0 * number
    background = at_level(music(seconds_of(speech), 20 + number, drums=number == 2), level_of(speech) - snr_db)
    name = f"{utterance.voice.id}-music"
    stems = {
        "speech": corpus.save(f"separate/{name}-speech", speech),
        "music": corpus.save(f"separate/{name}-music", background),
    }
    source = corpus.save(f"separate/{name}", speech + background)
    tags = {"noise": "music", "snr": f"{snr_db:.0f} dB"}
    return case(name, source, {"text": utterance.text, "stems": stems}, tags, [utterance.voice.id])


BACKGROUNDS = ("silence", "pink", "music")
_GAPS_S = (0.8, 1.5, 0.6, 2.0)


def _paused(corpus: Corpus, number: int) -> Given:
    """Three turns of the library's meeting with pauses, on a background."""
    turns = talks()["meeting-library"].turns[number * 3 + 1 : number * 3 + 4]
    parts = [np.zeros(samples_in(_GAPS_S[number]))]
    for place, turn in enumerate(turns):
        parts += [speech_of(turn.utterance), np.zeros(samples_in(_GAPS_S[(number + place + 1) % len(_GAPS_S)]))]
    clean = np.concatenate(parts)
    seconds, kind = seconds_of(clean), BACKGROUNDS[number]
    heard = {
        "silence": lambda: clean,
        "pink": lambda: with_noise(clean, pink(seconds, 30), 10.0),
        "music": lambda: with_noise(clean, music(seconds, 31), 12.0),
    }[kind]()
    reference = {"speech": [list(stretch) for stretch in stretches(clean)]}
    tags = {"noise": "clean" if kind == "silence" else kind}
    return case(
        f"pauses-{kind}",
        corpus.save(f"vad/pauses-{kind}", heard),
        reference,
        tags,
        sorted({turn.utterance.voice.id for turn in turns}),
    )
