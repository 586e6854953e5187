"""A death and a move away end everything in one act, stay readable, and can be undone when they were a mistake."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, select, text
from sqlmodel import Session
from sqlmodel import select as pick

from tests.bookings.filled import fill_bookings
from tests.care.conftest import Team
from tests.coins.conftest import Town
from tests.programmes.filled import fill_programmes
from tests.registry.conftest import EAST, stored
from tests.worlds import MONDAY
from timebank.care.contacts import assign_contact, contact_of
from timebank.care.members import roles_of
from timebank.coins.checks import compare_coins
from timebank.coins.estates import settle_estate
from timebank.coins.holders import account_of, account_row
from timebank.coins.tables import Estate
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.ledger.reconcile import reconcile
from timebank.people.focus import on_focus
from timebank.people.tables import Senior
from timebank.people.ties import residences_on
from timebank.projects.projects import SLOT
from timebank.projects.tables import Booking
from timebank.registry.lives import acts_of, die, move_away, undo
from timebank.registry.statistics import seniors_by_category
from timebank.visits.life import visit_of

MakeVisit = Callable[..., int]
TOMORROW = MONDAY + timedelta(days=1)
STATES = (
    "senior",
    "volunteer",
    "need",
    "senior_category",
    "senior_contact",
    "care_role",
    "residence",
    "estate",
)
"""Tables that hold what people are; a mistake leaves no trace in them."""


def _die(session: Session, town: Town, ref: str = "S1", key: str = "dies", died_on: date = MONDAY) -> int:
    return die(session, town.act(f"{key} {ref}", note="死亡医学证明"), town.who(ref), died_on=died_on).id or 0


def _move(session: Session, town: Town, ref: str = "S1") -> int:
    return move_away(session, town.who(ref), moved_on=MONDAY, reason="迁往外地", actor=EAST, now=town.noon).id or 0


def _states(session: Session) -> dict[str, object]:
    return {name: rows for name, rows in stored(session).items() if name in STATES}


def _arrange(session: Session, team: Team, town: Town) -> None:
    """S1 has a contact and coins, S2 a place in a bath."""
    said = {"from_day": MONDAY - timedelta(days=9), "actor": EAST, "now": town.noon}
    assign_contact(session, town.who("S1"), team.members["C1"], **said)  # type: ignore[arg-type]  # parts by name
    town.earn(session, "S1", 100)
    slot = session.connection().execute(select(SLOT.c.id).where(SLOT.c.day > MONDAY).limit(1)).scalar_one()
    session.add(Booking(slot_id=slot, need_id=team.world.needs["S2-bath"]))
    session.flush()


def test_death_ends_everything_and_stays_readable(engine: Engine, team: Team, town: Town, visit: MakeVisit) -> None:
    """One act, however often it comes; the senior is on no list, and what was can be read."""
    planned = visit("S1-greeting", "V1", TOMORROW)
    who = town.who("S1")
    with transaction(engine) as session:
        _arrange(session, team, town)
        numbers = {_die(session, town, key=key) for key in ("a", "b")}
        account = account_row(session, account_of(session, town.book, who) or 0)
        acts = [(act.kind, act.day, act.reason) for act in acts_of(session, who)]

        assert len(numbers) == 1
        assert session.get_one(Senior, who).status == "deceased"
        assert who not in set(session.connection().execute(on_focus(MONDAY)).scalars())
        assert (contact_of(session, who), visit_of(session, planned).status) == (None, "cancelled")
        assert (account.status, account.credits - account.debits) == ("frozen", 100)
        assert acts == [("death", MONDAY, "死亡医学证明")]
        assert seniors_by_category(session, MONDAY - timedelta(days=1))["living_alone"] == 2
        assert seniors_by_category(session, MONDAY)["living_alone"] == 1
        assert session.exec(pick(Estate)).one() is not None


def test_place_of_the_dead_is_free_again(engine: Engine, team: Team, town: Town) -> None:
    """A place in a bath that nobody comes to is another's."""
    with transaction(engine) as session:
        _arrange(session, team, town)
        _die(session, town, "S2")

        assert list(session.connection().execute(select(Booking.status)).scalars()) == ["cancelled"]  # type: ignore[call-overload]  # SQLModel columns are SQL columns


@pytest.mark.parametrize("leave", [_die, _move])
def test_programmes_and_places_are_left_too(
    engine: Engine, town: Town, visit: MakeVisit, leave: Callable[..., int]
) -> None:
    """A quota that the dead hold, and a place they asked for, are somebody else's."""
    visit("S1-greeting", "V1", MONDAY)
    with transaction(engine) as session:
        fill_programmes(session, town.world, town.noon)
        fill_bookings(session, town.world, town.noon)
        inside = "SELECT COUNT(*) FROM enrolment WHERE ended_at IS NULL"
        asked = "SELECT status FROM place_request"
        before = session.connection().execute(text(inside)).scalar_one()
        for ref in ("S1", "S2"):
            leave(session, town, ref)

        assert (before, session.connection().execute(text(inside)).scalar_one()) == (1, 0)
        assert list(session.connection().execute(text(asked)).scalars()) == ["withdrawn"]


@pytest.mark.parametrize("ref", ["S1", "S2", "V1"])
@pytest.mark.parametrize("leave", [_die, _move])
def test_undone_mistake_leaves_every_state_as_it_was(
    engine: Engine, team: Team, town: Town, visit: MakeVisit, ref: str, leave: Callable[..., int]
) -> None:
    """Who was said to have gone and stands at the door has all that was theirs; called-off visits are planned anew."""
    planned = visit("S1-greeting", "V1", TOMORROW)
    with transaction(engine) as session:
        _arrange(session, team, town)
        before, coins = _states(session), town.has(session, "S1")
        number = leave(session, town, ref)
        between = _states(session)
        undone = [undo(session, number, act=town.act("undo")) for _ in range(2)]

        assert between != before
        assert _states(session) == before
        assert (undone[0].undone_at, undone[0].undone_by) == (undone[1].undone_at, "organisation:3")
        assert town.has(session, "S1") == coins
        assert account_row(session, account_of(session, town.book, town.who("S1")) or 0).status == "open"
        assert (visit_of(session, planned).status == "cancelled") == (ref == "S1")
        assert [*reconcile(session, town.book), *compare_coins(session, town.book)] == []


def test_settled_estate_is_the_heirs(engine: Engine, team: Team, town: Town) -> None:
    """What has passed on is not taken from them by an undoing; a person settles that."""
    with transaction(engine) as session:
        _arrange(session, team, town)
        number = _die(session, town)
        estate = session.exec(pick(Estate)).one().id
        settle_estate(session, town.act("settle"), estate or 0, parts={})
        before = stored(session)
        with pytest.raises(WrongState):
            undo(session, number, act=town.act("undo"))

        assert stored(session) == before


def test_dead_can_die_again_after_a_mistake(engine: Engine, team: Team, town: Town) -> None:
    """A death that was undone does not stand in the way of a real one, with an estate of its own."""
    with transaction(engine) as session:
        _arrange(session, team, town)
        first = _die(session, town)
        undo(session, first, act=town.act("undo"))
        second = _die(session, town, key="again")

        assert first != second
        assert session.get_one(Senior, town.who("S1")).status == "deceased"
        assert [act.undone_at is None for act in acts_of(session, town.who("S1"))] == [True, False]


def test_mover_keeps_the_coins(engine: Engine, team: Team, town: Town) -> None:
    """Who moves can take them along; the tie to the place ends on the day."""
    with transaction(engine) as session:
        _arrange(session, team, town)
        _move(session, town)
        account = account_row(session, account_of(session, town.book, town.who("S1")) or 0)

        assert (account.status, account.credits) == ("open", 100)
        assert residences_on(session, [town.who("S1")], MONDAY) == {town.who("S1"): "none"}
        assert session.get_one(Senior, town.who("S1")).status == "moved_away"


def test_member_who_dies_is_nobodys_contact(engine: Engine, team: Team, town: Town) -> None:
    """The team loses the role and the seniors their contact, by the same act, and both come back with it."""
    who = team.members["C1"]
    with transaction(engine) as session:
        _arrange(session, team, town)
        act = die(session, town.act("dies", note="证明"), who, died_on=MONDAY)
        gone = (contact_of(session, town.who("S1")), roles_of(session, [who], MONDAY))
        undo(session, act.id or 0, act=town.act("undo"))
        back = contact_of(session, town.who("S1"))

        assert gone == (None, {})
        assert back is not None
        assert (back.member_id, roles_of(session, [who], MONDAY)) == (who, {who: ["cadre"]})


def test_leaving_that_cannot_be_is_refused(engine: Engine, town: Town) -> None:
    """No day ahead, no stranger, no reason left out, nobody who has left otherwise."""
    with transaction(engine) as session:
        with pytest.raises(WrongInput):
            _die(session, town, died_on=TOMORROW)
        with pytest.raises(WrongInput):
            die(session, town.act("x"), town.who("S1"), died_on=MONDAY)
        with pytest.raises(WrongInput):
            move_away(session, town.who("S1"), moved_on=TOMORROW, reason="x", actor=EAST, now=town.noon)
        with pytest.raises(NotFound):
            die(session, town.act("x", note="x"), 10**9, died_on=MONDAY)
        with pytest.raises(NotFound):
            undo(session, 10**9, act=town.act("undo"))
        _move(session, town)
        with pytest.raises(WrongState):
            _die(session, town)
