"""Sounds made by arithmetic and a seed: noise, tones, music, and what rooms and telephones do to speech.

The generator is numpy's PCG64, whose numbers are the same everywhere. Sines, powers and Fourier transforms may differ
in the last bit of a float64 between processors; what is kept has 11 bits, so that this is rounded off.
"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt
from sound import RATE_HZ, Sound, at_level, level_of, samples_in

_NOTE_A4 = 69
_A4_HZ = 440.0


def white(seconds: float, seed: int) -> Sound:
    """Gaussian noise of a standard deviation of 1."""
    return np.random.default_rng(seed).standard_normal(samples_in(seconds))


def pink(seconds: float, seed: int) -> Sound:
    """Noise whose power falls by 3 dB an octave above 20 Hz."""
    return _shaped(white(seconds, seed), lambda hertz: 1 / np.sqrt(np.maximum(hertz, 20.0)))


def brown(seconds: float, seed: int) -> Sound:
    """Noise whose power falls by 6 dB an octave above 20 Hz: a rumble."""
    return _shaped(white(seconds, seed), lambda hertz: 1 / np.maximum(hertz, 20.0))


def street(seconds: float, seed: int) -> Sound:
    """Rumble and hiss that swell and fade as cars pass, one about every 3 s, and now and then a horn."""
    rng = np.random.default_rng(seed)
    time = np.arange(samples_in(seconds)) / RATE_HZ
    found = 0.4 * at_level(brown(seconds, seed + 1), 0.0)
    hiss = at_level(band(white(seconds, seed + 2), 200.0, 3000.0), 0.0)
    for middle in np.arange(0.5, seconds, 3.0) + rng.uniform(-0.8, 0.8, len(np.arange(0.5, seconds, 3.0))):
        found += rng.uniform(0.4, 1.0) * hiss * np.exp(-(((time - middle) / rng.uniform(0.6, 1.2)) ** 2))
    start = rng.uniform(0.2, 0.7) * seconds
    horn = (time >= start) & (time < start + 0.4)
    found += 0.15 * horn * (np.sin(2 * np.pi * 415.0 * time) + np.sin(2 * np.pi * 523.0 * time))
    return found


def tones(seconds: float, hertz: Sequence[float]) -> Sound:
    """Sines at once, each of amplitude 1."""
    time = np.arange(samples_in(seconds)) / RATE_HZ
    return np.sum([np.sin(2 * np.pi * each * time) for each in hertz], axis=0)


def sweep(seconds: float, low_hz: float, high_hz: float) -> Sound:
    """A sine whose frequency rises from one to the other, an octave in always the same time."""
    time = np.arange(samples_in(seconds)) / RATE_HZ
    rate = np.log(high_hz / low_hz) / seconds
    return np.sin(2 * np.pi * low_hz / rate * (np.exp(rate * time) - 1))


def switched(sound: Sound, on_s: float, off_s: float) -> Sound:
    """The sound on and off in turn."""
    place = np.arange(len(sound)) % samples_in(on_s + off_s)
    return sound * (place < samples_in(on_s))


def clicks(seconds: float, seed: int) -> Sound:
    """Keys of a keyboard: short decaying bursts of noise at odd moments, about five a second."""
    rng = np.random.default_rng(seed)
    found = np.zeros(samples_in(seconds))
    length = samples_in(0.02)
    decay = np.exp(-np.arange(length) / samples_in(0.004))
    for start in np.cumsum(rng.uniform(0.08, 0.32, int(seconds * 5)) * RATE_HZ).astype(int):
        if start + length < len(found):
            found[start : start + length] += rng.uniform(0.3, 1.0) * decay * rng.standard_normal(length)
    return found


def music(seconds: float, seed: int, drums: bool = False) -> Sound:
    """Plucked chords of a progression in C with a melody above them, at 100 beats a minute; with drums where asked."""
    rng = np.random.default_rng(seed)
    beat_s = 0.6
    found = np.zeros(samples_in(seconds) + samples_in(3.0))
    for beat in range(int(seconds / beat_s)):
        root = (48, 45, 53, 43)[beat // 4 % 4]
        third = 3 if root == 45 else 4
        pitches = [root, root + third, root + 7] if beat % 2 == 0 else []
        melody = int(rng.choice([60, 62, 64, 67, 69, 72]))
        for pitch in [*pitches, melody]:
            _add(found, beat * beat_s, plucked(pitch))
        if drums:
            _add(found, beat * beat_s, _drum(seed + beat, high=beat % 2 == 1))
    return found[: samples_in(seconds)]


def plucked(pitch: int) -> Sound:
    """A string that sounds at a MIDI pitch, 1.5 s of it."""
    return _plucked(_A4_HZ * 2 ** ((pitch - _NOTE_A4) / 12))


@cache
def _plucked(hertz: float) -> Sound:
    """A string: six harmonics, the higher the sooner gone."""
    time = np.arange(samples_in(1.5)) / RATE_HZ
    parts = [np.exp(-time * (1.5 + n)) / n * np.sin(2 * np.pi * n * hertz * time) for n in range(1, 7)]
    return np.sum(parts, axis=0) * np.minimum(time / 0.005, 1.0)


def _drum(seed: int, high: bool) -> Sound:
    time = np.arange(samples_in(0.25)) / RATE_HZ
    if high:
        return 0.8 * np.random.default_rng(seed).standard_normal(len(time)) * np.exp(-time * 30)
    return 2.0 * np.sin(2 * np.pi * 60.0 * time) * np.exp(-time * 18)


def _add(into: Sound, start_s: float, sound: Sound) -> None:
    start = samples_in(start_s)
    into[start : start + len(sound)] += sound[: len(into) - start]


def babble(speech: Sequence[Sound], seconds: float) -> Sound:
    """All of the speech at once, each over and over and beginning elsewhere."""
    length = samples_in(seconds)
    found = np.zeros(length)
    for number, each in enumerate(speech):
        begun = np.roll(at_level(each), number * samples_in(0.37))
        found += np.resize(begun, length)
    return found


def band(sound: Sound, low_hz: float, high_hz: float) -> Sound:
    """What lies between two frequencies."""
    return sosfilt(butter(4, (low_hz, high_hz), "bandpass", fs=RATE_HZ, output="sos"), sound)


def telephone(sound: Sound) -> Sound:
    """300 to 3400 Hz in 8 bits of mu-law, as G.711 companding has it (the formula, not its segments)."""
    heard = np.clip(band(sound, 300.0, 3400.0), -1.0, 1.0)
    squeezed = np.sign(heard) * np.log1p(255 * np.abs(heard)) / np.log(256)
    coded = np.round(squeezed * 127) / 127
    return np.sign(coded) * (256 ** np.abs(coded) - 1) / 255


def room(sound: Sound, seed: int, reverberation_s: float = 0.7) -> Sound:
    """The sound in a room: itself, and noise that dies away by 60 dB in the time given. As long as before."""
    time = np.arange(samples_in(reverberation_s)) / RATE_HZ
    tail = np.random.default_rng(seed).standard_normal(len(time)) * 10 ** (-3 * time / reverberation_s)
    tail[: samples_in(0.004)] = 0.0
    response = 0.9 * tail / np.sqrt(np.sum(tail**2))
    response[0] = 1.0
    return fftconvolve(sound, response)[: len(sound)]


def with_noise(sound: Sound, noise: Sound, snr_db: float) -> Sound:
    """Sound and noise together, the noise so far below the sound (both as root mean squares over all of it)."""
    return sound + at_level(noise[: len(sound)], level_of(sound) - snr_db)


def fade(sound: Sound, seconds: float = 0.01) -> Sound:
    """The sound without clicks at its ends."""
    edge = np.minimum(np.arange(len(sound)) / samples_in(seconds), 1.0)
    return sound * edge * edge[::-1]


def _shaped(sound: Sound, gain: Callable[[np.ndarray], np.ndarray]) -> Sound:
    """Noise with its spectrum weighted by a gain of the frequency in hertz."""
    spectrum = np.fft.rfft(sound)
    return np.fft.irfft(spectrum * gain(np.fft.rfftfreq(len(sound), 1 / RATE_HZ)), len(sound))
