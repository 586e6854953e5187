"""Coverage says who and what is missing, and every number is the length of its list."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from tests.care.conftest import EAST, GANQUAN, ZHENRU, Team
from tests.worlds import MONDAY
from timebank.care.contacts import (
    CONTACT,
    Assigned,
    assign_contact,
    assign_missing,
    contact_of,
    end_contact,
    release_member,
    seniors_of,
)
from timebank.care.coverage import (
    Coverage,
    committees_without_point,
    coverage,
    focus_without_contact,
    lapsed_contacts,
)
from timebank.care.refusals import TrainingExpired, TrainingMissing
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput
from timebank.people.tables import Senior

JULY = date(2026, 7, 1)


def _assign(session: Session, team: Team, senior: str, member: str = "C1", day: date = MONDAY) -> int:
    said = {"from_day": day, "actor": EAST, "now": team.noon}
    row = assign_contact(session, team.world.seniors[senior], team.members[member], **said)  # type: ignore[arg-type]  # parts by name
    return row.id or 0


def test_senior_has_one_contact_at_a_time(engine: Engine, team: Team) -> None:
    """The next one begins where the last one ends; the same again is the same; the past stays."""
    with transaction(engine) as session:
        first = [_assign(session, team, "S1") for _ in range(2)]
        session.connection().execute(CONTACT.update().values(member_id=team.members["D1"]))
        session.expire_all()
        _assign(session, team, "S1", day=MONDAY + timedelta(days=7))
        rows = session.connection().execute(select(CONTACT.c.from_day, CONTACT.c.to_day).order_by(CONTACT.c.id)).all()

    assert first[0] == first[1]
    assert [tuple(row) for row in rows] == [
        (MONDAY, MONDAY + timedelta(days=7)),
        (MONDAY + timedelta(days=7), None),
    ]


def test_contact_needs_the_training(engine: Engine, team: Team) -> None:
    """Who was never trained, or not again, is nobody's contact."""
    with transaction(engine) as session:
        with pytest.raises(TrainingMissing):
            _assign(session, team, "S1", "D1")
        with pytest.raises(TrainingExpired):
            _assign(session, team, "S1", day=JULY)
        with pytest.raises(NotFound):
            assign_contact(session, 10**9, team.members["C1"], from_day=MONDAY, actor=EAST, now=team.noon)


def test_who_has_left_needs_no_contact(engine: Engine, team: Team) -> None:
    """A senior who is not in the registry any more is refused in words, not given one."""
    with transaction(engine) as session:
        session.get_one(Senior, team.world.seniors["S1"]).status = "moved_away"
        session.flush()
        with pytest.raises(WrongInput):
            _assign(session, team, "S1")


def test_everyone_without_a_contact_is_given_one_who_is_near(engine: Engine, team: Team) -> None:
    """Near is the committee, then the street; nobody has more than they can carry; Zhenru has nobody."""
    with transaction(engine) as session:
        own = team.world.organisations["EAST"]
        scoped = assign_missing(session, MONDAY, actor=EAST, now=team.noon, organisation_id=own, most_seniors=2)
        rest = assign_missing(session, MONDAY, actor=EAST, now=team.noon)
        again = assign_missing(session, MONDAY, actor=EAST, now=team.noon)
        carried = seniors_of(session, team.members["C1"])

    assert (scoped, rest, again) == (Assigned(2, 1), Assigned(1, 1), Assigned(0, 1))
    assert carried == [team.world.seniors[ref] for ref in ("S1", "S2", "S3")]


def test_member_who_leaves_is_nobodys_contact(engine: Engine, team: Team) -> None:
    """Their seniors are on the list of those without, the same day."""
    with transaction(engine) as session:
        _assign(session, team, "S1")
        released = release_member(session, team.members["C1"], to_day=MONDAY + timedelta(days=1), actor=EAST)
        missing = [row.senior for row in focus_without_contact(session, MONDAY, first=9)]

        assert released == 1
        assert missing == ["S1", "S2", "S3", "S5"]
        assert contact_of(session, team.world.seniors["S1"]) is None
        assert end_contact(session, team.world.seniors["S1"], to_day=JULY, actor=EAST) is None


def test_numbers_are_the_lengths_of_their_lists(engine: Engine, team: Team) -> None:
    """A number that nobody can open is not believed; here every one is counted from its list."""
    with transaction(engine) as session:
        for ref in ("S1", "S3"):
            _assign(session, team, ref)
        march, july = coverage(session, MONDAY), coverage(session, JULY)
        own = coverage(session, MONDAY, organisation_id=team.world.organisations["WEST"])
        points = [row.committee for row in committees_without_point(session, first=9)]
        alone = [row.senior for row in focus_without_contact(session, JULY, first=9)]
        lapsed = [(row.senior, row.member) for row in lapsed_contacts(session, JULY, first=9)]
        paged = focus_without_contact(session, JULY, first=9, after=team.world.seniors["S2"])

    assert march == [
        Coverage(GANQUAN, "甘泉路街道", "Ganquan Road", 1, 0, 3, 1, 0),
        Coverage(ZHENRU, "真如镇街道", "Zhenru", 1, 1, 1, 1, 0),
    ]
    assert own == march[1:]
    assert (points, alone) == ([f"{ZHENRU}001"], ["S2", "S5"])
    assert lapsed == [("S1", "C1"), ("S3", "C1")]
    assert [row.senior for row in paged] == ["S5"]
    assert sum(row.without_point for row in july) == len(points)
    assert sum(row.without_contact for row in july) == len(alone)
    assert sum(row.contacts_lapsed for row in july) == len(lapsed)
