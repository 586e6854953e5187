"""What seniors of the small district ask for."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from tests.worlds import World
from timebank.needs.requests import Asked, ask, put_on_list

NOW = datetime.fromisoformat("2026-03-02T12:00:00+08:00")
TUESDAY, WEDNESDAY, THURSDAY = date(2026, 3, 3), date(2026, 3, 4), date(2026, 3, 5)
DESK = "organisation:1"
EVENTS = "SELECT kind, actor, note FROM request_event WHERE request_id = :number ORDER BY id"


def asked(world: World, senior: str = "S1", **changes: Any) -> Asked:
    """Return a call of S1's daughter: somebody to greet on Tuesday or Wednesday between eight and six, or as said."""
    call = Asked(
        organisation_id=world.organisations["EAST"],
        senior_id=world.seniors[senior],
        service_id=world.services["greeting"],
        source="phone",
        recorded_by=DESK,
        asker_relation="child",
        asker_name="王小红",
        from_day=TUESDAY,
        to_day=THURSDAY,
    )
    return replace(call, **changes)


def listed(session: Session, world: World, senior: str = "S1", **changes: Any) -> int:
    """Take a request in and put it into the list; returns its number."""
    key = f"{senior}-{changes}"
    number = ask(session, asked(world, senior, **changes), idempotency_key=key, now=NOW).id or 0
    put_on_list(session, number, actor=DESK, now=NOW)
    return number


def events_of(session: Session, number: int) -> list[tuple[str, str, str]]:
    """Kind, actor and note of every event of a request, in order."""
    return [tuple(row) for row in session.connection().execute(text(EVENTS), {"number": number})]
