"""How often something may be asked by everyone together: some at once, and as many more each second as are said."""

from collections.abc import Callable
from datetime import datetime


class Rate:
    """What is left to be asked now; ``most_at_once`` at most, and ``most_a_second`` come back each second."""

    def __init__(self, clock: Callable[[], datetime], most_at_once: int, most_a_second: int) -> None:
        self.clock, self.most_at_once, self.most_a_second = clock, most_at_once, most_a_second
        self.left, self.seen_at = float(most_at_once), clock()

    def take(self) -> bool:
        """Take one; tells whether one was left."""
        now = self.clock()
        earned = max(0.0, (now - self.seen_at).total_seconds()) * self.most_a_second
        self.left, self.seen_at = min(self.most_at_once, self.left + earned), now
        if self.left < 1:
            return False
        self.left -= 1
        return True
