"""Memory of this process: how far a work raises the peak of resident memory, solver and numpy included."""

import ctypes
import gc
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")

BEGIN_ANEW, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
PEAK = "5"
"""What Linux takes to forget the peak so far."""
BYTES_A_MEGABYTE = 1_000_000
BYTES_A_KILOBYTE = 1024
"""The kernel's own kilobyte."""
BYTES_OF_MAXRSS = 1 if sys.platform == "darwin" else BYTES_A_KILOBYTE
"""Unit of ``ru_maxrss``: bytes on macOS, kilobytes on Linux."""


def measured_mb(work: Callable[[], Result]) -> tuple[Result, float]:
    """Do a work and return what it returns, and by how many megabytes the peak of memory rose above its start.

    What earlier work has left free is given back to the system first, so that it does not hide what this one takes.
    Where the system keeps no peak that begins anew (all but Linux), the growth of the peak of the whole process is
    returned, which says 0 for a work that takes less than an earlier one.
    """
    gc.collect()
    if not STATUS.exists():
        before = peak_mb(resource.getrusage(resource.RUSAGE_SELF))
        return work(), peak_mb(resource.getrusage(resource.RUSAGE_SELF)) - before
    ctypes.CDLL(None).malloc_trim(0)
    BEGIN_ANEW.write_text(PEAK)
    before = _status_mb("VmRSS")
    result = work()
    return result, _status_mb("VmHWM") - before


def _status_mb(name: str) -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * BYTES_A_KILOBYTE / BYTES_A_MEGABYTE


def peak_mb(usage: resource.struct_rusage) -> float:
    """Return the peak of resident memory that a usage tells."""
    return usage.ru_maxrss * BYTES_OF_MAXRSS / BYTES_A_MEGABYTE
