"""Packages that decide what steps give beside a model's, by what they are used for (`StepDefinition.packages`)."""

SAMPLES = ("numpy", "soundfile", "soxr")
"""Reading canonical audio, bringing it to a model's rate, and writing it."""
MEDIA = (*SAMPLES, "av", "pyloudnorm", "scipy")
"""Decoding and treating what comes from outside."""
SENTENCES = ("pysbd", "stopwordsiso")
"""Where sentences end, and which words say little."""
