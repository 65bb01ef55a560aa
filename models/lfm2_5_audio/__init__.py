"""LFM2.5-Audio: hears, answers and speaks."""
