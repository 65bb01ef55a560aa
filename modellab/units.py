"""Figures as people read them."""

_KIB = 1024


def clock(seconds: float, decimals: int = 0, *, hours: bool = False) -> str:
    """A moment in a recording: `0:07`, `12:05`, `1:02:03`; to a tenth of a second `0:07.3`.

    Whole seconds are cut off, so that whoever plays from there misses nothing; decimals are rounded.

    Args:
        hours: shows them even where there are none: `0:11:00`.
    """
    parts = 10**decimals
    whole, rest = divmod(round(seconds * parts) if decimals else int(seconds), parts)
    minutes, second = whole // 60 % 60, whole % 60
    start = f"{whole // 3600}:{minutes:02d}" if hours or whole >= 3600 else f"{minutes}"
    return f"{start}:{second:02d}" + (f".{rest:0{decimals}d}" if decimals else "")


def length(seconds: float) -> str:
    """How long something is or took: `0.42 s`, `12.3 s`, `4 min 05 s`, `1 h 02 min`."""
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def figure(seconds: float) -> str:
    """Seconds for a column whose heading gives the unit: two decimals, one from ten seconds on."""
    return f"{seconds:.2f}" if seconds < 9.995 else f"{seconds:.1f}"


def speed(audio_s: float, inference_s: float) -> str | None:
    """Seconds of audio per second of inference, `12.3×`; None where nothing was inferred."""
    if inference_s <= 0.0:
        return None
    times = audio_s / inference_s
    return f"{times:.1f}×" if times < 99.95 else f"{times:,.0f}×"


def size(count: float) -> str:
    """Bytes with a binary unit: `512 B`, `1.5 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < _KIB:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= _KIB
    return f"{count:.1f} TiB"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 file`, `2 files`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
