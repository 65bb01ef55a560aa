"""Media in: opening, decoding, time lines, resampling, preprocessing operators, and sound files out."""
