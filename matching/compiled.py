"""Functions compiled to machine code: without the interpreter's lock, so that two threads use two cores."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from numba import njit

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def compiled(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Compile a function at its first call, and keep the machine code beside the module where that can be written.

    Integers wrap around and nothing is checked inside: callers pass arrays that :class:`matching.network.Network` has
    checked.
    """
    return _kept(function, has_arrays=True)


def tight(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Compile a function that makes no arrays of its own: its loops then count no references, and run twice as fast."""
    return _kept(function, has_arrays=False)


def _kept(function: Callable[Arguments, Answer], *, has_arrays: bool) -> Callable[Arguments, Answer]:
    options: dict[str, Any] = {"nogil": True} if has_arrays else {"nogil": True, "_nrt": False}
    try:
        machine = njit(cache=True, **options)(function)
    except RuntimeError:  # no place to keep the code: it is compiled anew in each process
        machine = njit(**options)(function)
    return cast("Callable[Arguments, Answer]", machine)


def inlined(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Compile a function into each compiled caller: a call would count references of every array it is given."""
    return cast("Callable[Arguments, Answer]", njit(inline="always")(function))
