"""Members have a number, roles have days, and everybody sees their own streets alone."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from tests.care.conftest import EAST, GANQUAN, Team
from tests.worlds import MONDAY
from timebank.care.members import (
    Newcomer,
    begin_role,
    count_by_role,
    end_role,
    enrol,
    list_members,
    require_member,
    roles_of,
)
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.people.tables import Person

SOMEBODY = Newcomer(name="吴", gender="male", born_on=date(1970, 1, 1), phone="13800000000")


def test_volunteer_joins_the_team_once(engine: Engine, team: Team) -> None:
    """One person, one number; nobody is registered a second time for it."""
    giver, other = (team.world.volunteers[ref] for ref in ("V1", "V2"))
    with transaction(engine) as session:
        rows = [enrol(session, "C9", giver, joined_on=MONDAY) for _ in range(2)]

        assert [row.person_id for row in rows] == [giver, giver]
        with pytest.raises(WrongState):
            enrol(session, "C9", other, joined_on=MONDAY)
        with pytest.raises(WrongState, match="C9"):
            enrol(session, "C10", giver, joined_on=MONDAY)


def test_newcomer_is_registered_under_a_number(engine: Engine, team: Team) -> None:
    """The name stands sealed with the person, and nowhere else; the same number again is the same person."""
    with transaction(engine) as session:
        numbers = {enrol(session, "C9", SOMEBODY, joined_on=MONDAY).person_id for _ in range(2)}

        assert [session.get_one(Person, number).name for number in numbers] == ["吴"]


def test_role_holds_from_a_day_to_a_day(engine: Engine, team: Team) -> None:
    """On its last day it does not hold any more; ended twice it ends once; again it begins anew."""
    who, area = team.members["D1"], team.world.areas[GANQUAN]
    with transaction(engine) as session:
        rows = [
            begin_role(session, who, "adviser", area_id=area, from_day=MONDAY, actor=EAST, now=team.noon)
            for _ in range(2)
        ]
        held = roles_of(session, [who], MONDAY)[who]
        ended = [end_role(session, rows[0].id or 0, to_day=MONDAY + timedelta(days=n), actor=EAST) for n in (1, 5)]
        left = roles_of(session, [who], MONDAY + timedelta(days=1))[who]
        anew = begin_role(session, who, "adviser", area_id=area, from_day=MONDAY, actor=EAST, now=team.noon)

    assert (rows[0].id, held, left) == (rows[1].id, ["adviser", "doctor"], ["doctor"])
    assert {row.to_day for row in ended} == {MONDAY + timedelta(days=1)}
    assert anew.id != rows[0].id


def test_role_is_for_one_place(engine: Engine, team: Team) -> None:
    """A role of no place, of two, or of a kind nobody knows, covers nobody."""
    who, world = team.members["D1"], team.world
    both = {"area_id": world.areas[GANQUAN], "organisation_id": world.organisations["EAST"]}
    with transaction(engine) as session:
        with pytest.raises(WrongInput):
            begin_role(session, who, "adviser", from_day=MONDAY, actor=EAST, now=team.noon)
        with pytest.raises(WrongInput):
            begin_role(session, who, "adviser", from_day=MONDAY, actor=EAST, now=team.noon, **both)
        with pytest.raises(WrongInput):
            begin_role(session, who, "king", from_day=MONDAY, actor=EAST, now=team.noon, area_id=both["area_id"])
        with pytest.raises(NotFound):
            begin_role(session, who, "adviser", from_day=MONDAY, actor=EAST, now=team.noon, area_id=10**9)
        with pytest.raises(NotFound):
            begin_role(session, 10**9, "adviser", from_day=MONDAY, actor=EAST, now=team.noon, area_id=both["area_id"])


def test_team_is_listed_by_street_role_and_organisation(engine: Engine, team: Team) -> None:
    """A committee's cadre belongs to the street; the doctor to the organisation alone; the other street sees nobody."""
    own, other = (team.world.organisations[code] for code in ("EAST", "WEST"))
    with transaction(engine, read_only=True) as session:
        everyone = list_members(session, MONDAY, first=2)
        rest = list_members(session, MONDAY, first=2, after=everyone[-1].person_id)
        listed = [
            [row.external_ref for row in list_members(session, MONDAY, first=9, **asked)]
            for asked in ({"subdistrict": GANQUAN}, {"role": "doctor"}, {"organisation_id": own})
        ]
        hidden = list_members(session, MONDAY, first=9, organisation_id=other)
        counts = count_by_role(session, MONDAY)
        require_member(session, team.members["C1"], own)
        with pytest.raises(NotFound):
            require_member(session, team.members["C1"], other)

    assert [row.external_ref for row in [*everyone, *rest]] == ["C1", "A1", "D1"]
    assert (listed, hidden) == ([["C1", "A1"], ["D1"], ["C1", "A1", "D1"]], [])
    assert counts == {"cadre": 1, "adviser": 1, "doctor": 1, "": 3}
