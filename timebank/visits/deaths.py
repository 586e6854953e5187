"""A death ends what lies ahead in one action: visits and wishes, offers and gifts, holds and the account."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import Table, update
from sqlmodel import Session

from timebank.coins.acts import Act
from timebank.coins.estates import open_estate
from timebank.coins.tables import Estate
from timebank.core.columns import table_of
from timebank.people.tables import Senior, Volunteer
from timebank.visits.endings import end_for_senior

TABLES: tuple[Table, ...] = (
    table_of(Senior),
    table_of(Volunteer),
)
DECEASED = "deceased"


class Death(NamedTuple):
    """What a death ended: visits that were called off, and the estate, where there is an account."""

    visits: int
    estate: Estate | None


def record_death(session: Session, act: Act, person_id: int, *, died_on: date) -> Death:
    """End what lies ahead of one who has died: as a senior, as a volunteer, and in the book; an office does.

    Their visits, requests, offers and needs end, what is held is free, gifts go back, and the account is frozen until
    the estate is settled. As a volunteer they are planned no more; visits they would have made are for the next plan.
    Again it ends nothing.

    Raises
    ------
    NotTheirs, WrongInput, NotFound
        As :func:`timebank.coins.estates.open_estate` does.
    """
    with session.begin_nested():
        visits = end_for_senior(session, person_id, actor=act.actor, note=act.note, now=act.now)
        for table in TABLES:
            gone = update(table).where(table.c.person_id == person_id).values(status=DECEASED)
            session.connection().execute(gone)
        return Death(visits, open_estate(session, act, person_id, died_on=died_on))
