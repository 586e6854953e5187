"""Why a pair, what would meet a need, what one more is worth, what if: asked of a stored plan, on its rows."""

from typing import Any

import pytest
from sqlalchemy import Engine

from tests.planning.conftest import Plan, add, bath_of, change, paired, say
from tests.worlds import World
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.needs.tables import Need
from timebank.people.tables import Volunteer
from timebank.planning import tables
from timebank.planning.reasons import Recalled, better_words, recall, what_would_meet, why_pair, worth_of_more
from timebank.planning.supposing import Supposed, suppose

GANQUAN = "310107004"


def _recalled(engine: Engine, number: int) -> Recalled:
    return say(engine, lambda session: recall(session, session.get_one(tables.Plan, number)))  # type: ignore[no-any-return]  # as it says


def test_a_pair_is_weighed_beside_the_others(engine: Engine, world: World, plan: Plan) -> None:
    """A coordinator who is asked 'why not her' has metres, minutes and points."""
    number = plan()
    recalled = _recalled(engine, number)

    weighed = why_pair(recalled, world.needs["S1-greeting"])

    people = {world.volunteers[ref] for ref in ("V1", "V2")}
    assert recalled.is_same
    assert {one.volunteer_id for one in weighed} == people
    assert [one.is_chosen for one in weighed] == [True, False]
    assert {weighed[0].volunteer_id} == {world.volunteers[ref] for ref in paired(engine, world, number)["S1-greeting"]}
    assert weighed[0].points <= weighed[1].points
    assert weighed[0].weekly_min == 35


def test_rows_that_changed_since_are_told(engine: Engine, world: World, plan: Plan) -> None:
    """An explanation of another question than was asked would be believed."""
    number = plan()
    change(engine, Volunteer, world.volunteers["V2"], status="inactive")
    change(engine, Need, world.needs["S3-greeting"], status="closed")

    recalled = _recalled(engine, number)

    assert not recalled.is_same
    assert world.needs["S3-greeting"] not in recalled.answer.pairs.need_ids
    with pytest.raises(NotFound):
        why_pair(recalled, world.needs["S3-greeting"])


def _better(engine: Engine, number: int, need: int) -> dict[str, tuple[str, int]]:
    with transaction(engine, read_only=True) as session:
        found = what_would_meet(session, recall(session, session.get_one(tables.Plan, number)), need)
        return {one.kind: (one.about, one.amount) for one in found}


def test_the_least_change_that_meets_a_need_is_found(engine: Engine, world: World, plan: Plan) -> None:
    """S4 has nobody because V1 is full and V2 is gone: one need more of V1, or V5 learns to greet."""
    change(engine, Volunteer, world.volunteers["V2"], status="inactive")
    number = plan()
    (unmet,) = {f"S{n}-greeting" for n in range(1, 5)} - set(paired(engine, world, number))

    found = _better(engine, number, world.needs[unmet])

    assert found["needs"] == ("V1", 1)
    assert found["skill"] == ("V5", world.services["greeting"])


def test_a_place_more_or_an_open_door_meets_a_need(engine: Engine, world: World, plan: Plan) -> None:
    """S3 is in no category of the project; were it open to him, he would have his bath."""
    need = add(engine, bath_of(world, "S3", "EAST"))

    found = _better(engine, plan(), need)

    assert found == {"eligibility": ("BATH-1", 0)}


def test_what_is_met_needs_no_remedy(engine: Engine, world: World, plan: Plan) -> None:
    """Nor does a need that the plan never heard of have one."""
    number = plan()

    with pytest.raises(WrongState):
        _better(engine, number, world.needs["S1-greeting"])
    with pytest.raises(NotFound):
        _better(engine, number, 999)


@pytest.mark.parametrize("kind", ["needs", "minutes", "distance_m", "skill", "gender", "language", "hours"])
def test_a_remedy_is_said_in_both_languages(kind: str) -> None:
    """Whoever phones the volunteer reads it in their own language."""
    from timebank.planning.reasons import Better  # noqa: PLC0415  # used here alone

    zh, en = (better_words(Better(kind, "V7", 30), locale) for locale in ("zh", "en"))

    assert zh != en
    assert "{" not in zh + en


@pytest.fixture
def short(engine: Engine, world: World, plan: Plan) -> int:
    """A plan in force in which V1 alone greets Ganquan, and takes three of four."""
    change(engine, Volunteer, world.volunteers["V2"], status="inactive")
    change(engine, Need, world.needs["S5-greeting"], language_wish="sh")
    return plan()


def test_one_more_is_worth_what_it_would_meet(engine: Engine, world: World, short: int) -> None:
    """Where the next volunteer is looked for is where one meets a need."""
    with transaction(engine, read_only=True) as session:
        recalled = recall(session, session.get_one(tables.Plan, short))
        found = worth_of_more(session, recalled, area=GANQUAN, service="greeting")
        elsewhere = worth_of_more(session, recalled, service="bath")

    ((area, service, worth),) = found
    assert (area, service, worth.unmet) == (GANQUAN, "greeting", 1)
    assert worth.place is not None
    assert worth.volunteer is not None
    assert (worth.place[1], worth.volunteer[1]) == (1, 1)
    assert elsewhere == []


def test_what_if_is_compared_line_by_line(engine: Engine, world: World, short: int) -> None:
    """Two volunteers more in Ganquan: nobody there is unmet; the plan in force stays as it is."""
    rows = _supposed(engine, short, more=((GANQUAN, 2),), service="greeting")

    assert (rows[f"unmet {GANQUAN} greeting"].before, rows[f"unmet {GANQUAN} greeting"].after) == (1, 0)
    assert rows["needs_met"].difference == 1
    assert rows["unmet 310107007 greeting"].difference == 0


def _supposed(engine: Engine, number: int, **values: Any) -> dict[str, Any]:
    with transaction(engine, read_only=True) as session:
        recalled = recall(session, session.get_one(tables.Plan, number))
        return {row.name: row for row in suppose(session, recalled, Supposed(**values))}


@pytest.mark.parametrize(
    ("values", "name", "difference"),
    [
        ({"gone": ("V1",)}, "needs_met", -3),
        ({"places": (("BATH-1", -2),)}, "bookings", -1),
        ({"weights": (("max_distance_m", 10.0),)}, "needs_met", -7),
    ],
)
def test_anything_may_be_supposed(
    engine: Engine, short: int, values: dict[str, Any], name: str, difference: int
) -> None:
    """A volunteer who may leave, a bath that may close, a walk that may be shorter."""
    assert _supposed(engine, short, **values)[name].difference == difference


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({}, WrongInput),
        ({"more": ((GANQUAN, 0),)}, WrongInput),
        ({"more": (("999", 1),)}, NotFound),
        ({"more": ((GANQUAN, 1),), "service": "song"}, NotFound),
        ({"gone": ("V99",)}, NotFound),
        ({"places": (("BATH-1", 10_001),)}, WrongInput),
        ({"places": (("BATH-9", 1),)}, NotFound),
        ({"weights": (("seed", 1.0),)}, WrongInput),
        ({"weights": (("detour", -1.0),)}, WrongInput),
    ],
)
def test_what_cannot_be_supposed_is_refused(
    engine: Engine, short: int, values: dict[str, Any], refused: type[Exception]
) -> None:
    """A slip is told with its field, and costs no minute of solving."""
    with pytest.raises(refused):
        _supposed(engine, short, **values)
