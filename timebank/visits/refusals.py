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


class OfferGone(Refusal):
    """An offer is no longer open: its time ran out, it was answered, or another volunteer was first."""

    def __init__(self, *, offer_id: int, state: str) -> None:
        self.offer_id, self.state = offer_id, state
        super().__init__(f"Offer {offer_id} is {state}; only an open one can be answered, until it ends.")


class HoursTaken(Refusal):
    """A volunteer has another visit at that time."""

    def __init__(self, *, volunteer_id: int, day: str) -> None:
        self.volunteer_id, self.day = volunteer_id, day
        super().__init__(
            f"Volunteer {volunteer_id} has another visit at that time on {day}; another hour would be right."
        )


class PartyToAudit(Refusal):
    """A visit is asked about, or a suspicion reviewed, by someone who is no party to it."""

    def __init__(self, *, kind: str, key: str) -> None:
        self.kind, self.key = kind, key
        super().__init__(f"A party to the {kind} {key} cannot judge it; a third person can.")
