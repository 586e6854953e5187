"""The whole demo: built, planned, played for 28 days, credited, planned again; and nothing twice."""

from collections import Counter
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from tests.demo.tables import everything
from tests.flaws import flaw_of
from tests.worlds import DISTRICT, MONDAY, World
from timebank.core.database import transaction
from timebank.demo.run import DatabaseInUse, DemoDiffers, issue_demo_tokens, report_of, run_demo
from timebank.ledger.reconcile import reconcile
from timebank.ledger.tables import Book, Seal, Transfer
from timebank.people.tables import AccessToken, Organisation, Person
from timebank.people.tokens import holder_of
from timebank.planning.tables import Plan
from timebank.visits.tables import Visit, VisitEvent

NEXT_PERIOD = MONDAY + timedelta(days=28)


def _nothing(_step: str, _share: float) -> None:
    """Show no progress."""


def _all(engine: Engine, model: type) -> list[object]:
    with transaction(engine, read_only=True) as session:
        return list(session.exec(select(model)))


def test_played_days_have_every_outcome(played: Engine) -> None:
    """A district where all goes well shows nobody how a dispute or a missed visit looks."""
    with transaction(played, read_only=True) as session:
        visits = list(session.exec(select(Visit)))
    past = Counter(visit.status for visit in visits if visit.day < NEXT_PERIOD)
    ahead = {visit.status for visit in visits if visit.day >= NEXT_PERIOD}

    assert set(past) == {"confirmed", "missed", "disputed"}
    assert past["confirmed"] > 0.95 * past.total()
    assert ahead == {"planned"}


def test_each_confirmed_visit_is_credited_once(played: Engine) -> None:
    """An hour that was given and confirmed is worth exactly one transfer of its minutes to who gave it."""
    query = text(
        "SELECT v.served_min, t.amount_min, t.idem_key, a.code FROM transfer t JOIN account a ON a.id = t.credit_id "
        "JOIN visit v ON v.transfer_id = t.id WHERE v.status = 'confirmed' AND a.person_id = v.volunteer_id "
        "AND t.idem_key = 'visit:' || v.id"
    )
    with transaction(played, read_only=True) as session:
        credited = list(session.connection().execute(query))
        confirmed = session.exec(select(Visit).where(Visit.status == "confirmed")).all()
        transfers = session.exec(select(Transfer)).all()

    assert len(credited) == len(confirmed) == len(transfers) > 1500
    assert len({row.idem_key for row in credited}) == len(credited)
    assert all(0 < row.amount_min <= row.served_min for row in credited)


def test_nothing_else_is_credited(played: Engine) -> None:
    """A missed or disputed visit earns nothing until somebody decides."""
    with transaction(played, read_only=True) as session:
        others = session.exec(select(Visit).where(Visit.status != "confirmed")).all()

    assert len(others) > 100
    assert {visit.transfer_id for visit in others} == {None}


def test_disputes_end_with_who_is_no_party(played: Engine) -> None:
    """Half of the disputes are settled, each with a note and by an arbiter."""
    with transaction(played, read_only=True) as session:
        events = session.exec(select(VisitEvent)).all()
    by_kind = Counter(event.kind for event in events)

    assert by_kind["disputed"] > by_kind["resolved"] > 0
    assert {event.actor for event in events if event.kind == "resolved"} == {"organisation:arbitration"}
    assert all(event.note for event in events)


def test_books_reconcile_and_every_day_is_sealed(played: Engine) -> None:
    """The seven checks hold, and each of the 28 days has its seal over all that was posted."""
    with transaction(played, read_only=True) as session:
        book = session.exec(select(Book)).one()
        findings = reconcile(session, book.id or 0)
        seals = session.exec(select(Seal)).all()
        transfers = session.exec(select(Transfer)).all()

    assert findings == []
    assert len(seals) == 28
    assert sum(seal.transfers for seal in seals) == len(transfers)


def test_both_plans_are_proven_and_the_next_is_in_force(played: Engine) -> None:
    """The demo ends in the middle of life: a period behind, and one ahead that volunteers can look at."""
    with transaction(played, read_only=True) as session:
        plans = session.exec(select(Plan).order_by(Plan.starts_on)).all()  # type: ignore[arg-type]  # SQLModel columns are SQL columns

    assert [(plan.starts_on, plan.state) for plan in plans] == [(MONDAY, "superseded"), (NEXT_PERIOD, "published")]
    assert all(plan.status == "OPTIMAL" and plan.objective == plan.bound for plan in plans)


def test_running_it_again_changes_nothing(played: Engine) -> None:
    """The same command next month finds everything done: no row is new, none is changed, no balance moves."""
    before = everything(played)

    run_demo(played, now=DISTRICT["now"] + timedelta(days=40), progress=_nothing)

    assert everything(played) == before


@pytest.mark.parametrize(
    "asked", [{"seed": 8}, {"scale": 1.0}, {"starts_on": date(2026, 3, 9)}], ids=["seed", "scale", "first day"]
)
def test_another_demo_needs_another_database(played: Engine, asked: dict[str, object]) -> None:
    """A district of another seed is never poured over the one that stands."""
    with pytest.raises(DemoDiffers, match=r"seed 7, scale 0\.01, from 2026-03-02"):
        run_demo(played, now=DISTRICT["now"], progress=_nothing, **asked)  # type: ignore[arg-type]  # one of three


def test_demo_keeps_away_from_other_people(engine: Engine, world: World) -> None:
    """Synthetic people among real ones would be called, visited and paid for."""
    before = len(_all(engine, Person))

    with pytest.raises(DatabaseInUse, match=f"{before} people"):
        run_demo(engine, **DISTRICT, progress=_nothing)

    assert len(_all(engine, Person)) == before
    assert world.areas.keys() >= {"310107"}


def test_report_knows_its_scale(played: Engine) -> None:
    """A page of a small district must not pass for the whole."""
    figures, published = report_of(played, 1)

    assert published.scale == 0.01
    assert published.seniors_by_category["living_alone"] == 24052
    assert sum(street.seniors for street in figures.streets) == 360


def test_tokens_are_renewed_and_the_old_ones_end(played: Engine) -> None:
    """Tokens are printed, so they lie in logs: those of an earlier run must not open anything."""
    first = issue_demo_tokens(played, now=DISTRICT["now"])
    later = DISTRICT["now"] + timedelta(days=20)

    second = issue_demo_tokens(played, now=later)

    with transaction(played, read_only=True) as session:
        new = [holder_of(session, token, now=later) for token in second]
        flaws = [flaw_of(session, token, later) for token in first]
    assert flaws == ["revoked"] * 3
    assert [sorted(holder.scopes) for holder in new] == [
        ["projects:read", "projects:write"],
        ["accounts:read", "visits:read"],
        ["matches:read", "matches:run"],
    ]


def test_token_of_the_volunteer_shows_visits_ahead(played: Engine) -> None:
    """The third query to paste must show something: the volunteer chosen has visits this week."""
    issue_demo_tokens(played, now=DISTRICT["now"])

    with transaction(played, read_only=True) as session:
        who = _living(session)
        ahead = session.exec(
            select(Visit).where(Visit.volunteer_id == who, Visit.status == "planned", Visit.day >= NEXT_PERIOD)
        ).all()

    assert len(ahead) > 0


def _living(session: Session) -> int:
    token = session.exec(
        select(AccessToken).where(AccessToken.person_id != None, AccessToken.revoked_at == None)  # noqa: E711  # SQL reads IS NULL from it
    ).one()
    return token.person_id or 0


def test_three_people_of_the_mission_stand_in_rows(played: Engine) -> None:
    """The charity office and the three social organisations have the codes that examples and docs name."""
    with transaction(played, read_only=True) as session:
        codes = set(session.exec(select(Organisation.code)))

    assert {"CF1", "SO1", "SO2", "SO3"} <= codes
