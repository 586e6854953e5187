"""When to stop: seconds, the caller's wish, and word of progress, shared by all threads of one search."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, wait
from time import perf_counter
from typing import Any, TypeVar

Answer = TypeVar("Answer")
Progress = Callable[[str, float], None]

POLL_S = 0.1
"""How often the caller is asked whether to go on."""


class Here(Executor):
    """Runs each job at once, in the thread that hands it in: for small work inside a thread of its own."""

    def submit(self, fn: Callable[..., Answer], /, *args: Any, **kwargs: Any) -> "Future[Answer]":
        """Run a job; an error of it is raised when its result is asked for."""
        future: Future[Answer] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # whatever it is, it belongs to the future
            future.set_exception(error)
        return future


class Watch:
    """Asks the caller from the thread that called; what works beside it reads :attr:`is_stopped`."""

    def __init__(
        self,
        *,
        time_limit_s: float | None = None,
        is_cancelled: Callable[[], bool] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.began = perf_counter()
        self.stopped_by: str | None = None
        self._time_limit_s = float("inf") if time_limit_s is None else time_limit_s
        self._is_cancelled = is_cancelled
        self._progress = progress
        self._halts: list[Callable[[], Any]] = []

    @property
    def seconds(self) -> float:
        """Seconds since the watch was made."""
        return perf_counter() - self.began

    @property
    def is_stopped(self) -> bool:
        """Whether work is to end; cheap, from any thread."""
        return self.stopped_by is not None

    def look(self) -> bool:
        """Ask the clock and the caller; whether work is to end. Only from the thread that called."""
        if self.stopped_by is None:
            if self._is_cancelled is not None and self._is_cancelled():
                self.stopped_by = "cancelled"
            elif self.seconds >= self._time_limit_s:
                self.stopped_by = "time"
        return self.is_stopped

    def tell(self, stage: str, share: float) -> None:
        """Tell the caller how far a stage is, from 0 to 1."""
        if self._progress is not None:
            self._progress(stage, min(1.0, share))

    def halts(self, halt: Callable[[], Any]) -> None:
        """Name what ends a solver that runs in another thread; it may be called more than once."""
        self._halts.append(halt)

    def gather(
        self,
        executor: Executor,
        work: Callable[..., Answer],
        jobs: Iterable[Any],
        *,
        stage: str,
        done: float,
        share: float,
    ) -> list[Answer]:
        """Run jobs beside each other and wait, asking the caller in the meantime; answers in the order of the jobs.

        Progress goes from ``done`` by ``share`` as jobs end. An error of a job is raised here.
        """
        futures = [executor.submit(work, job) for job in jobs]
        waiting: set[Future[Answer]] = set(futures)
        try:
            while waiting:
                ended, waiting = wait(waiting, timeout=POLL_S)
                if self.look():
                    for halt in tuple(self._halts):
                        halt()
                if ended:
                    self.tell(stage, done + share * (1 - len(waiting) / len(futures)))
        finally:
            for future in futures:
                future.cancel()
            self._halts.clear()
        return [future.result() for future in futures]
