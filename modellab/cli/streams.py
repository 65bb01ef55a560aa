"""Standard output and error that can't fail the work: any encoding, a reader that went away, a full disk."""

import codecs
import errno
import io
import os
import sys
from pathlib import Path
from typing import Any, TextIO

_STAND_INS = {"✓": "+", "✗": "x", "›": ">", "·": ".", "–": "-", "—": "-", "…": "~", "→": ">", "×": "x", "•": "*"}
"""What the lab itself prints, for encodings that lack it; one column each, so that tables keep their shape."""
_SPINNER = range(0x2800, 0x2900)
"""Braille patterns: Rich's spinner is made of them."""
_HANDLER = "modellab.stand-in"


class Output(io.FileIO):
    """A file descriptor to write to that never raises: the first trouble is kept, what follows it is dropped."""

    trouble: OSError | None = None

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)

    def write(self, data: Any, /) -> int:
        """Write all of it, or say so: what can't be written counts as written."""
        if self.trouble is None:
            try:
                return super().write(data)
            except OSError as error:
                self.trouble = error
        return memoryview(data).nbytes


def protect_standard_streams() -> None:
    """Make `sys.stdout` and `sys.stderr` such outputs. For a process of one's own."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        old: TextIO | None = getattr(sys, name)
        if old is None:  # closed by whoever started the process (`>&-`): no other file may come to have its number
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # open for the process's life
            continue
        old.flush()
        new = io.TextIOWrapper(
            io.BufferedWriter(Output(descriptor)),
            encoding=old.encoding,
            errors=old.errors,
            line_buffering=name == "stderr" or old.isatty(),
        )
        setattr(sys, name, new)


def tolerate_encodings() -> None:
    """From now on printing what an output's encoding lacks prints something that stands for it."""
    codecs.register_error(_HANDLER, _stand_in)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors != _HANDLER:
            stream.reconfigure(errors=_HANDLER)


def output_trouble() -> OSError | None:
    """Why standard output did not take all that was printed; None when it did, or its reader had seen enough."""
    sys.stdout.flush()
    sys.stderr.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    trouble = raw.trouble if isinstance(raw, Output) else None
    return None if trouble is None or trouble.errno == errno.EPIPE else trouble


def takes_no_more() -> bool:
    """Whether standard output has failed already, so that nothing more need be printed."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return isinstance(raw, Output) and raw.trouble is not None


def _stand_in(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    shown = ""
    for character in error.object[error.start : error.end]:
        shown += _STAND_INS.get(character) or ("*" if ord(character) in _SPINNER else "?")
    return shown, error.end
