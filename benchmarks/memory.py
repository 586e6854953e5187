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
KILOBYTES_A_MEGABYTE = 1024.0
BYTES_OF_MAXRSS = 1.0 if sys.platform == "darwin" else 1024.0
"""Unit of ``ru_maxrss``: bytes on macOS, kilobytes on Linux."""


def measured_mb(work: Callable[[], Result]) -> tuple[Result, float]:
    """Do a work and return what it returns, and by how many megabytes the peak of memory rose above its start.

    What earlier work has left free is given back to the system first, so that it does not hide what this one takes.
    Where the system keeps no peak that begins anew (all but Linux), the growth of the peak of the whole process is
    returned, which says 0 for a work that takes less than an earlier one.
    """
    gc.collect()
    if not STATUS.exists():
        before = most_mb(resource.RUSAGE_SELF)
        return work(), most_mb(resource.RUSAGE_SELF) - before
    ctypes.CDLL(None).malloc_trim(0)
    BEGIN_ANEW.write_text(PEAK)
    before = _status_mb("VmRSS")
    result = work()
    return result, _status_mb("VmHWM") - before


def _status_mb(name: str) -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / KILOBYTES_A_MEGABYTE


def most_mb(whose: int) -> float:
    """Return the peak of resident memory of this process or of its largest finished child (``RUSAGE_...``)."""
    return maxrss_mb(resource.getrusage(whose))


def maxrss_mb(usage: resource.struct_rusage) -> float:
    """Return the peak of a usage in megabytes."""
    return usage.ru_maxrss * BYTES_OF_MAXRSS / (KILOBYTES_A_MEGABYTE * 1024)
