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


class ChoiceOpen(Refusal):
    """A record is credited before its giver has chosen what it becomes, while they still can."""

    def __init__(self, *, key: str, last_day: str) -> None:
        self.key, self.last_day = key, last_day
        super().__init__(
            f"The giver of {key} can choose until {last_day} what it becomes; it is credited then, or once chosen."
        )


class ChoiceClosed(Refusal):
    """A giver chooses what a record becomes after the days that the rules give for it."""

    def __init__(self, *, key: str, last_day: str) -> None:
        self.key, self.last_day = key, last_day
        super().__init__(f"What {key} becomes could be chosen until {last_day}; it follows the rules now.")


class RecordSettled(Refusal):
    """A record has become something already, and becomes nothing else."""

    def __init__(self, *, key: str, became: str, day: str) -> None:
        self.key, self.became, self.day = key, became, day
        super().__init__(f"{key} has become {became} on {day}; a record becomes one thing, once.")


class ClaimNotAllowed(Refusal):
    """A record is to become what the rules of its day do not know."""

    def __init__(self, *, becomes: str, allowed: str, pack: str) -> None:
        self.becomes, self.allowed, self.pack = becomes, allowed, pack
        super().__init__(f"A record cannot become {becomes} by the rules {pack}; {allowed} would be right.")
