"""The child process in which a model's native code is tried: `python -m modellab.registry.probe_process PROBE.py`.

It ends as the code ends. Where that is by an instruction that the CPU does not have, the instruction's bytes are
written to standard error first, from which the parent knows what was asked for.
"""

import ctypes
import os
import platform
import resource
import runpy
import signal
import sys
from typing import Any

REPORT = "illegal instruction: "
"""Begins the line that holds the instruction's bytes, in hex."""
_LONGEST_INSTRUCTION = 15
_SA_SIGINFO = 4
_SI_ADDR = 16
"""Where `siginfo_t` holds the address, and `si_code` 8 bytes before it (Linux, 64 bits)."""
_handlers: list[Any] = []
"""What the C library was given must not be collected."""


class _Action(ctypes.Structure):
    """`struct sigaction` of the GNU C library on x86-64."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_ulong * 16),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


def report_illegal_instructions() -> None:
    """Write the bytes of an illegal instruction to standard error before the process dies of it; Linux on x86-64.

    Python's own handlers run after the instruction, which never ends; so this one is the C library's.
    """
    library = ctypes.CDLL(None)

    def report(number: int, information: int, _: int) -> None:
        library.signal(number, None)  # the default, which ends the process once this returns
        if ctypes.c_int.from_address(information + _SI_ADDR - 8).value > 0:  # not sent by another process
            address = ctypes.c_void_p.from_address(information + _SI_ADDR).value or 0
            os.write(2, f"{REPORT}{ctypes.string_at(address, _LONGEST_INSTRUCTION).hex()}\n".encode())
        os.kill(os.getpid(), number)

    handler = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(report)
    action = _Action(handler=ctypes.cast(handler, ctypes.c_void_p), flags=_SA_SIGINFO)
    library.sigaction(int(signal.SIGILL), ctypes.byref(action), None)
    _handlers.append(handler)


def main() -> None:
    """Try the code; leave no core file behind."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux" and platform.machine() == "x86_64" and sys.maxsize > 2**32:
        report_illegal_instructions()
    runpy.run_path(sys.argv[1], run_name="__main__")


if __name__ == "__main__":
    main()
