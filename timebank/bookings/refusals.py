"""Refusals of bookings."""

from datetime import date

from timebank.core.errors import Refusal


class AlreadyBooked(Refusal):
    """The same senior has a live request for the same service on some of these days."""

    def __init__(self, *, request_id: int) -> None:
        self.request_id = request_id
        super().__init__(f"Request {request_id} asks for this service on these days already; change that one.")


class NotForThisSenior(Refusal):
    """No project may help this senior with the service, each with its reason."""

    def __init__(self, *, service: str, reasons: str, rules: str) -> None:
        self.service, self.reasons, self.rules = service, reasons, rules
        super().__init__(f"No project gives {service} to this senior: {reasons}")


class NoticeTooShort(Refusal):
    """A place is asked for so many days ahead."""

    def __init__(self, *, notice_days: int, first_day: date) -> None:
        self.notice_days, self.first_day = notice_days, first_day
        super().__init__(f"Places are asked for {notice_days} days ahead: from {first_day} on.")


class TooFarAhead(Refusal):
    """A place is not asked for so long ahead."""

    def __init__(self, *, ahead_days: int, last_day: date) -> None:
        self.ahead_days, self.last_day = ahead_days, last_day
        super().__init__(f"Places are asked for up to {ahead_days} days ahead: {last_day} at the latest.")


class OutsideProjects(Refusal):
    """No project that may help gives the service on these days."""

    def __init__(self, *, service: str, starts_on: date, ends_on: date) -> None:
        self.service, self.starts_on, self.ends_on = service, starts_on, ends_on
        super().__init__(f"Projects give {service} from {starts_on} until before {ends_on}.")


class NoSuchTime(Refusal):
    """No slot lies on these days and within these hours, free or not."""

    def __init__(self, *, service: str, times: str) -> None:
        self.service, self.times = service, times
        super().__init__(f"{service} is given at other times: {times}.")


class BudgetUsedUp(Refusal):
    """What is left of the project's budget does not pay for what is asked."""

    def __init__(self, *, left_cents: int, cost_cents: int) -> None:
        self.left_cents, self.cost_cents = left_cents, cost_cents
        super().__init__(f"The budget has {left_cents / 100:.2f} yuan left, not {cost_cents / 100:.2f}.")


class NotYet(Refusal):
    """What becomes of a place is told on its day or after."""

    def __init__(self, *, day: date) -> None:
        self.day = day
        super().__init__(f"The place is on {day}; what became of it is told then.")


class SheetClosed(Refusal):
    """A driver's sheet is shown from the day before until the day after."""

    def __init__(self, *, day: date, from_day: date, to_day: date) -> None:
        self.day, self.from_day, self.to_day = day, from_day, to_day
        super().__init__(f"The sheet of {day} names people; it is printed from {from_day} until {to_day}.")
