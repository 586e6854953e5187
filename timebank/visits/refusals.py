"""Refusals of visits."""

from timebank.core.errors import Refusal


class TooEarly(Refusal):
    """A visit is checked in before its day, or at a moment that has not come."""

    def __init__(self, *, visit_id: int, day: str) -> None:
        self.visit_id, self.day = visit_id, day
        super().__init__(f"Visit {visit_id} is on {day}; it cannot be checked in or out before it happens.")


class PartyToDispute(Refusal):
    """A dispute is resolved by someone who is no party to it."""

    def __init__(self, *, visit_id: int) -> None:
        self.visit_id = visit_id
        super().__init__(f"A party to the dispute about visit {visit_id} cannot resolve it; a third person can.")
