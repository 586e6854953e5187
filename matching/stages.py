"""The stages of a long answer: progress that never goes back, cancellation between them, and the seconds of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

Progress = Callable[[str, float], None]


class Cancelled(Exception):
    """The caller asked to stop; there is no plan."""


@dataclass(slots=True)
class Stages:
    """Tells progress, asks for cancellation between stages, and keeps the seconds of each."""

    names: Sequence[str]
    progress: Progress | None = None
    is_cancelled: Callable[[], bool] | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    now: str = ""
    began: float = 0.0
    inner: list[str] = field(default_factory=list)
    told: float = 0.0

    def begin(self, stage: str) -> None:
        """Begin a stage.

        Raises
        ------
        Cancelled
            When the caller asks to stop.
        """
        if self.is_cancelled is not None and self.is_cancelled():
            raise Cancelled
        self.now, self.inner = stage, []
        self._tell(self.names.index(stage) / len(self.names))
        self.began = perf_counter()

    def end(self, stage: str) -> None:
        """End a stage."""
        self.seconds[stage] = perf_counter() - self.began
        self._tell((self.names.index(stage) + 1) / len(self.names))

    def within(self, step: str, share: float) -> None:
        """Hear how far a step of this stage is; each new step takes half of what is left of the stage.

        A step's beginning and end are not told: they say no more than the stage's own.
        """
        if step not in self.inner:
            self.inner.append(step)
        done = 1 - 0.5 ** self.inner.index(step) * (1 - share / 2)
        now = (self.names.index(self.now) + done) / len(self.names)
        if 0 < share < 1 and now > self.told:
            self._tell(now)

    def _tell(self, share: float) -> None:
        self.told = max(self.told, share)
        if self.progress is not None:
            self.progress(self.now, self.told)
