"""Seconds of several works, measured in turn, so that what disturbs the machine disturbs them alike."""

import gc
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter, process_time
from typing import Any


class Rounds:
    """Seconds of works by name, on the clock and of this process alone, one value for each round."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.cpu_seconds: dict[str, list[float]] = {}

    def play(self, works: Mapping[str, Callable[[], object]]) -> dict[str, Any]:
        """Do every work once, and return what each returned; which one begins changes from round to round."""
        names = list(works)
        turn = len(self.seconds.get(names[0], ())) % len(names)
        return {name: self._time(name, works[name]) for name in names[turn:] + names[:turn]}

    def _time(self, name: str, work: Callable[[], object]) -> object:
        gc.collect()  # what others left is not collected within this work
        began, cpu_began = perf_counter(), process_time()
        result = work()
        self.seconds.setdefault(name, []).append(perf_counter() - began)
        self.cpu_seconds.setdefault(name, []).append(process_time() - cpu_began)
        return result

    def median_s(self, name: str) -> float:
        """Return the median seconds of a work."""
        return median(self.seconds[name])

    def median_cpu_s(self, name: str) -> float:
        """Return the median seconds for which this process had a processor: waiting for others is left out."""
        return median(self.cpu_seconds[name])

    def ratios(self, name: str, of: str) -> list[float]:
        """Return the seconds of one work in those of another, round by round."""
        return [one / other for one, other in zip(self.seconds[name], self.seconds[of], strict=True)]
