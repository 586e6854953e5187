"""What alarms say no to beside what every room does."""

from timebank.core.errors import Refusal


class AccountsDiffer(Refusal):
    """The orders that were received are not those that are open or closed."""

    def __init__(self, *, received: int, told: int) -> None:
        self.received, self.told = received, told
        super().__init__(f"{received} orders were received, {told} are open or closed.")
