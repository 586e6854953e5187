"""What one more volunteer, hour or place would be worth where something is missing, and what would meet a need there.

Both are asked of the engine, about the plan in force; a street and service take it seconds, the district minutes.
"""

from datetime import date
from typing import Any, NamedTuple

from sqlmodel import Session

from timebank.charity.shortage import AREA, Asked, require_streets
from timebank.planning.reasons import codes_of, recall, worth_of_more
from timebank.planning.remedy_counts import remedies_there
from timebank.planning.standing_rows import plan_in_force

KINDS = ("place", "volunteer", "hour", "slot")
TRIED_NEEDS = 5


class Worth(NamedTuple):
    """What one more does in a street for a service: needs met more by each kind, metres saved beside.

    ``remedies`` says of a few of the unmet needs which changes would meet them, and how often.
    """

    street: str
    service: str
    unmet: int
    weekly_min: int
    gains: dict[str, tuple[int, int]]
    remedies: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "street": self.street,
            "service": self.service,
            "unmet": self.unmet,
            "gains": {kind: list(gain) for kind, gain in self.gains.items()},
            "remedies": self.remedies,
        }


def worth_in(session: Session, asked: Asked, day: date, *, most: int = 10) -> list[Worth]:
    """Return what one more would be worth in the streets and for the service asked about, most unmet first.

    Raises
    ------
    StreetNotYours
        When an organisation asks about a street in which it does not work.
    NotFound
        When no plan in force reaches the day, or there is no such street or service.
    """
    streets = set(require_streets(session, asked.organisation_id, [asked.street] if asked.street else []))
    recalled = recall(session, plan_in_force(session, asked.organisation_id, day))
    areas = codes_of(session, AREA)
    mine = {areas[number] for number in streets}
    found = worth_of_more(session, recalled, area=asked.street, service=asked.service, most=1000)
    return [
        Worth(
            street,
            service,
            one.unmet,
            round(one.unmet_weekly_min),
            {kind: gain for kind in KINDS if (gain := getattr(one, kind)) is not None},
            remedies_there(session, recalled, street=street, service=service, most=TRIED_NEEDS),
        )
        for street, service, one in found
        if street in mine
    ][:most]
