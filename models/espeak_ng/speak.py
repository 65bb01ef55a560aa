"""A program of its own: says one text with the library, and ends.

    python -I speak.py LIBRARY DATA LANGUAGE WORDS_PER_MINUTE < text > samples

The library keeps counters between two texts that nothing sets back, not even closing it: only a new process says the
same text in the same way. Names and numbers are those of espeak-ng/src/include/espeak-ng/speak_lib.h.
"""

import ctypes
import sys

RATE_HZ = 22_050
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_RATE = 1
_POS_CHARACTER = 1
_CHARS_UTF8 = 1
_OK = 0

Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


def speak(library: str, data: str, voice: str, words_per_minute: int, text: bytes) -> bytes:
    """Samples at 22.05 kHz, 16 bits, little-endian.

    Raises:
        RuntimeError: the library refuses something; says what.
    """
    espeak = ctypes.CDLL(library)
    rate_hz = espeak.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data.encode(), _DONT_EXIT)
    if rate_hz != RATE_HZ:
        raise RuntimeError(f"it can't be opened with the data in {data}, or has another rate than {RATE_HZ}: {rate_hz}")
    made = bytearray()

    def take(samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            made.extend(ctypes.string_at(samples, 2 * count))
        return 0

    callback = Callback(take)  # kept: the library has its address only
    espeak.espeak_SetSynthCallback(callback)
    if espeak.espeak_SetVoiceByName(voice.encode()) != _OK:
        raise RuntimeError(f"it has no voice {voice}")
    espeak.espeak_SetParameter(_RATE, words_per_minute, 0)
    given = ctypes.create_string_buffer(text)
    size = ctypes.c_size_t(len(given))
    if espeak.espeak_Synth(given, size, 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None) != _OK:
        raise RuntimeError("it could not say the text")
    espeak.espeak_Synchronize()
    return bytes(made)


if __name__ == "__main__":
    _, library, data, voice, words_per_minute = sys.argv
    try:
        samples = speak(library, data, voice, int(words_per_minute), sys.stdin.buffer.read())
    except (OSError, RuntimeError) as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(samples)
