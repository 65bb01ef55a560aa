"""music_smoke_v1: notes that were chosen, played by arithmetic, with the MIDI of what was played."""

import hashlib

import mido
import numpy as np
from corpus import Corpus, Given, case
from signals import fade, pink, plucked, with_noise
from sound import Sound, at_level, samples_in

_TICKS_PER_S = 1000
Played = list[tuple[float, float, int]]
"""Start and end in seconds, MIDI pitch."""

SCALE: Played = [
    (0.5 * place, 0.5 * place + 0.45, pitch) for place, pitch in enumerate((60, 62, 64, 65, 67, 69, 71, 72))
]
CHORDS: Played = [
    (1.2 * place, 1.2 * place + 1.1, pitch)
    for place, chord in enumerate(((60, 64, 67), (57, 60, 64), (53, 57, 60), (55, 59, 62)))
    for pitch in chord
]
TRIAD: Played = [(0.0, 0.95, 60), (1.0, 1.95, 64), (2.0, 2.95, 67)]


def make(corpus: Corpus) -> None:
    """Write the set."""
    tune = _tune(7)
    played = {"triad": TRIAD, "scale": SCALE, "chords": CHORDS, "tune": tune}
    sounds = {name: _sound(notes) for name, notes in played.items()}
    noisy = with_noise(sounds["tune"], pink(len(sounds["tune"]) / samples_in(1.0), 40), 15.0)
    cases = [_case(corpus, name, sounds[name], notes, "clean") for name, notes in played.items()]
    corpus.manifest(
        "music_smoke_v1",
        "plucked notes made by script, alone, in chords and in noise, with the MIDI of what is played",
        ["music_transcription"],
        [*cases, _case(corpus, "tune-noise", noisy, tune, "pink")],
    )


def _tune(seed: int) -> Played:
    """Sixteen notes of a scale in C, of half a second or a quarter."""
    random, now_s, found = np.random.default_rng(seed), 0.0, []
    for pitch in random.choice([60, 62, 64, 67, 69, 72, 74, 76], 16).tolist():
        length_s = (0.5, 0.3)[int(random.integers(2))]
        found.append((round(now_s, 3), round(now_s + length_s - 0.04, 3), pitch))
        now_s += length_s
    return found


def _sound(played: Played) -> Sound:
    found = np.zeros(samples_in(max(end_s for _, end_s, _ in played) + 0.5))
    for start_s, end_s, pitch in played:
        string = plucked(pitch)[: samples_in(end_s - start_s)]
        # Damped within 20 ms, as a finger does.
        string = string * np.minimum(np.arange(len(string))[::-1] / samples_in(0.02), 1.0)
        start = samples_in(start_s)
        found[start : start + len(string)] += string
    return at_level(fade(found, 0.002), -24.0)


def _case(corpus: Corpus, name: str, sound: Sound, played: Played, noise: str) -> Given:
    return case(name, corpus.save(f"music/{name}", sound), {"midi": _midi(corpus, name, played)}, {"noise": noise})


def _midi(corpus: Corpus, name: str, played: Played) -> Given:
    track, now = mido.MidiTrack(), 0
    events = [(round(start_s * _TICKS_PER_S), 1, pitch) for start_s, _, pitch in played]
    events += [(round(end_s * _TICKS_PER_S), 0, pitch) for _, end_s, pitch in played]
    for tick, begins, pitch in sorted(events):
        track.append(mido.Message("note_on" if begins else "note_off", note=pitch, velocity=80, time=tick - now))
        now = tick
    # At the 120 beats a minute that hold where a file says nothing, a tick is a millisecond.
    file = mido.MidiFile(type=0, ticks_per_beat=_TICKS_PER_S // 2)
    file.tracks.append(track)
    path = corpus.place(f"music/{name}.mid")
    file.save(path)
    return {"file": f"media/music/{name}.mid", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
