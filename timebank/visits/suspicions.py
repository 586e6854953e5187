"""The list of suspicions: found by queries, kept once, reviewed by a person; nothing follows from one by itself."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from sqlalchemy import Date, bindparam, select, text, update
from sqlmodel import Session
from sqlmodel import select as pick

from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.needs.requests import check_words
from timebank.people.belonging import areas_of
from timebank.people.tables import Volunteer
from timebank.visits.audit_tables import Suspicion
from timebank.visits.habits import unusual_days
from timebank.visits.limits import STANDARD, Limits
from timebank.visits.patterns import Found, overlaps, pairs, speeds
from timebank.visits.refusals import PartyToAudit
from timebank.visits.reminders import SENIOR
from timebank.visits.rings import gift_rings

SUSPICION = table_of(Suspicion)
VOLUNTEER = table_of(Volunteer)
VERDICTS = ("cleared", "confirmed")
PEOPLE_A_QUERY = 1000
STATED = """
SELECT e.id, e.visit_id, e.kind, v.volunteer_id AS giver_id, v.day, v.served_min
FROM visit_event e JOIN visit v ON v.id = e.visit_id
WHERE e.kind IN ('stated_otherwise', 'not_upheld') AND v.day >= :from_day AND v.day < :to_day
ORDER BY e.id LIMIT :most"""


def look_for(
    session: Session, book_id: int, *, from_day: date, to_day: date, now: datetime, limits: Limits = STANDARD
) -> dict[str, int]:
    """Look through some days (half-open) and list what is new; returns how many of each kind.

    What was found before stays as it is, also when it was cleared.
    """
    days = (from_day, to_day, limits)
    searches: Iterable[Iterator[Found]] = (
        overlaps(session, *days),
        speeds(session, *days),
        pairs(session, *days),
        unusual_days(session, *days),
        gift_rings(session, book_id, *days),
        _stated_otherwise(session, *days),
    )
    fresh: dict[str, int] = {}
    for found in searches:
        for kind in _list(session, list(found), now):
            fresh[kind] = fresh.get(kind, 0) + 1
    return fresh


def suspicions_in(
    session: Session, organisation_id: int, *, state: str = "open", first: int, after: int = 0
) -> list[Suspicion]:
    """Return up to ``first`` (1 to 100) findings about givers of an organisation's areas, the oldest first.

    ``after`` is the number of the last one of the page before.
    """
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 suspicions, not {first}."
        raise ValueError(message)
    s = SUSPICION.c
    seen = pick(Suspicion).where(s.area_id.in_(areas_of(organisation_id)), s.state == state, s.id > after)
    return list(session.exec(seen.order_by(s.id).limit(first)))


def review(
    session: Session, suspicion_id: int, *, organisation_id: int, verdict: str, actor: str, note: str, now: datetime
) -> Suspicion:
    """Say what a finding was, once, with words. Nothing else changes: whoever confirms one decides what to do.

    Raises
    ------
    WrongInput
        When the verdict is none, or has no words.
    NotFound
        When there is none about a giver of the organisation's areas.
    PartyToAudit
        When the actor is somebody it is about.
    WrongState
        When it was reviewed otherwise.
    """
    if verdict not in VERDICTS:
        raise WrongInput(field="verdict", value=verdict, right=Phrase("right_one_of", known=", ".join(VERDICTS)))
    words = check_words("note", note)
    s = SUSPICION.c
    mine = (s.id == suspicion_id, s.area_id.in_(areas_of(organisation_id)))
    found = session.exec(pick(Suspicion).where(*mine).execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound(kind="suspicion", key=str(suspicion_id))
    if actor in _parties(found):
        raise PartyToAudit(kind="suspicion", key=str(suspicion_id))
    values = {"state": verdict, "reviewed_by": actor, "note": words, "reviewed_at": now}
    reviewed = update(SUSPICION).where(*mine, s.state == "open").values(**values)
    is_new = session.connection().execute(reviewed).rowcount == 1
    after = session.get_one(Suspicion, suspicion_id, populate_existing=True)
    if not is_new and after.state != verdict:
        raise WrongState(kind="suspicion", key=str(suspicion_id), state=after.state, allowed="open")
    return after


def _parties(found: Suspicion) -> set[str]:
    people = {found.giver_id, found.numbers.get("senior_id"), *found.numbers.get("people", ())}
    return {f"person:{who}" for who in people}


def _stated_otherwise(session: Session, from_day: date, to_day: date, limits: Limits) -> Iterator[Found]:
    """Yield credited visits of which somebody said afterwards that they were otherwise."""
    asked = text(STATED).bindparams(bindparam("from_day", type_=Date), bindparam("to_day", type_=Date))
    values = {"from_day": from_day, "to_day": to_day, "most": limits.findings}
    for row in session.connection().execute(asked.columns(day=Date), values):
        numbers = {"event_id": row.id, "event": row.kind, "served_min": row.served_min}
        yield Found("statements", f"statements:{row.id}", row.giver_id, row.visit_id, row.day, numbers)


def _list(session: Session, found: list[Found], now: datetime) -> list[str]:
    """Keep what is not listed yet; returns the kinds of what was new."""
    connection, areas = session.connection(), _areas(session, {one.giver_id for one in found})
    rows = [one._asdict() | {"area_id": areas[one.giver_id], "found_at": now} for one in found if one.giver_id in areas]
    if not rows:
        return []
    skip = insert_or_skip(connection, SUSPICION).on_conflict_do_nothing(index_elements=["key"])
    return list(connection.execute(skip.returning(SUSPICION.c.kind), rows).scalars())


def _areas(session: Session, people: set[int]) -> dict[int, int]:
    """Return the sub-district of each person, as a volunteer or else as a senior."""
    found: dict[int, int] = {}
    ordered = sorted(people)
    for start in range(0, len(ordered), PEOPLE_A_QUERY):
        some = ordered[start : start + PEOPLE_A_QUERY]
        for table in (SENIOR, VOLUNTEER):
            wanted = select(table.c.person_id, table.c.subdistrict_id).where(table.c.person_id.in_(some))
            found |= {row.person_id: row.subdistrict_id for row in session.connection().execute(wanted)}
    return found
