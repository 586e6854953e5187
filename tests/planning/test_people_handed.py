"""What is known of people reaches the plan: who is away, what they mind, and who must serve whom."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.planning.conftest import Plan, add, change, paired, say, visited
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.core.errors import NotFound
from timebank.people.absences import record_absence, withdraw_absence
from timebank.people.tables import SeniorCategory, Volunteer
from timebank.people.traits import say_trait, withdraw_trait
from timebank.planning.presets import PairCannotBe, PairsCannotBe, preset, release
from timebank.planning.priorities import First, set_priorities

WHO = "organisation:1"
SENIORS = ("S1-greeting", "S2-greeting", "S3-greeting", "S4-greeting")


def _away(engine: Engine, person: int, first: date, end: date, now: datetime) -> int:
    return say(engine, lambda session: record_absence(session, person, first, end, actor=WHO, now=now)).id or 0


def _trait(engine: Engine, person: int, trait: str, stance: str, now: datetime) -> None:
    say(engine, lambda session: say_trait(session, person, trait, stance, actor=WHO, now=now))


def test_nobody_is_sent_who_is_away(engine: Engine, world: World, plan: Plan, noon: datetime) -> None:
    """A volunteer who is away for a day keeps their seniors, and visits them before and after."""
    first, end = MONDAY + timedelta(days=3), MONDAY + timedelta(days=4)
    _away(engine, world.volunteers["V1"], first, end, noon)
    change(engine, Volunteer, world.volunteers["V2"], status="inactive")
    change(engine, Volunteer, world.volunteers["V1"], max_needs=4)

    number = plan()

    days = [day for need in SENIORS for day, _ in visited(engine, world, number, need)]
    assert len(days) >= 16
    assert [day for day in days if first <= day < end] == []


def test_who_is_away_all_the_time_is_paired_with_nobody(
    engine: Engine, world: World, plan: Plan, noon: datetime
) -> None:
    """Half of Ganquan would wait for somebody who is in hospital until the plan is over."""
    absence = _away(engine, world.volunteers["V1"], MONDAY - timedelta(days=9), MONDAY + timedelta(days=90), noon)

    without = paired(engine, world, plan(is_proposed=True))
    say(engine, lambda session: withdraw_absence(session, absence, actor=WHO, now=noon))
    back = paired(engine, world, plan(is_proposed=True))

    assert [without.get(need) for need in SENIORS].count({"V2"}) == 3
    assert {"V1"} not in without.values()
    assert sorted(set(SENIORS) & set(back)) == list(SENIORS)
    assert {"V1"} in back.values()


@pytest.mark.parametrize("ref", ["S1", "S4"])
def test_who_is_away_all_the_time_holds_no_place_of_the_first(
    engine: Engine, world: World, plan: Plan, noon: datetime, ref: str
) -> None:
    """One hand is left in Ganquan: it goes to the childless, and not to whoever the absent volunteer could not date."""
    _away(engine, world.volunteers["V1"], MONDAY, MONDAY + timedelta(days=14), noon)
    change(engine, Volunteer, world.volunteers["V2"], max_needs=1)
    add(engine, SeniorCategory(senior_id=world.seniors[ref], category="childless", from_day=MONDAY))
    say(engine, lambda session: set_priorities(session, [First(0, "childless")], from_day=MONDAY, actor=WHO, now=noon))

    found = paired(engine, world, plan())

    assert {need for need in SENIORS if need in found} == {f"{ref}-greeting"}


def test_a_senior_who_is_away_is_not_visited(engine: Engine, world: World, plan: Plan, noon: datetime) -> None:
    """Nobody stands before a closed door for a week."""
    back = MONDAY + timedelta(days=7)
    _away(engine, world.seniors["S1"], MONDAY, back, noon)

    number = plan()

    assert [day for day, _ in visited(engine, world, number, "S1-greeting") if day < back] == []
    assert [day for day, _ in visited(engine, world, number, "S1-greeting") if day >= back] != []
    assert [day for day, _ in visited(engine, world, number, "S2-greeting") if day < back] != []


@pytest.mark.parametrize(
    ("senior", "volunteer", "sent"),
    [
        (("pets", "has"), ("pets", "refuses"), "V2"),
        (("smoking", "refuses"), ("smoking", "has"), "V2"),
        (("health_certificate", "requires"), ("health_certificate", "has"), "V1"),
    ],
)
def test_traits_decide_who_comes(  # the world and a case
    engine: Engine,
    world: World,
    plan: Plan,
    noon: datetime,
    senior: tuple[str, str],
    volunteer: tuple[str, str],
    sent: str,
) -> None:
    """An allergy, a smoker's home, a certificate: data, and no line of code for any of them."""
    _trait(engine, world.seniors["S1"], *senior, noon)
    _trait(engine, world.volunteers["V1"], *volunteer, noon)

    assert paired(engine, world, plan())["S1-greeting"] == {sent}


def test_a_trait_that_is_taken_back_counts_no_more(engine: Engine, world: World, plan: Plan, noon: datetime) -> None:
    """The dog has died; its owner may be visited by everybody again."""
    needed = (world.seniors["S1"], "lifting", "requires")
    _trait(engine, *needed, noon)
    alone = paired(engine, world, plan(is_proposed=True))
    say(engine, lambda session: withdraw_trait(session, *needed, actor=WHO, now=noon))

    again = paired(engine, world, plan(is_proposed=True))

    assert "S1-greeting" not in alone
    assert "S1-greeting" in again


@pytest.mark.parametrize("volunteer", ["V1", "V2"])
def test_a_pair_that_was_decided_is_made(
    engine: Engine, world: World, plan: Plan, noon: datetime, volunteer: str
) -> None:
    """An old friend comes, whoever lives nearer."""
    need, friend = world.needs["S4-greeting"], world.volunteers[volunteer]
    say(engine, lambda session: preset(session, need, friend, actor=WHO, now=noon))

    assert paired(engine, world, plan())["S4-greeting"] == {volunteer}


def test_a_decided_pair_that_cannot_be_is_named(engine: Engine, world: World, plan: Plan, noon: datetime) -> None:
    """A coordinator who asked for it is told which pair stands in the way, and releases it."""
    need, other = world.needs["S1-greeting"], world.volunteers["V1"]
    say(engine, lambda session: preset(session, need, other, actor=WHO, now=noon))
    change(engine, Volunteer, other, weekdays=0b1)

    with pytest.raises(PairCannotBe) as caught:
        plan()

    assert (caught.value.need, caught.value.volunteer) == ("S1-greeting", "V1")
    say(engine, lambda session: release(session, need, other, actor=WHO, now=noon))
    assert paired(engine, world, plan())["S1-greeting"] == {"V2"}


def test_pairs_that_ask_too_much_of_one_are_refused(engine: Engine, world: World, plan: Plan, noon: datetime) -> None:
    """V1 takes three needs; the fourth friend is one too many, and nobody is left out in silence."""
    with transaction(engine) as session:
        for need in SENIORS:
            _decide(session, world, noon, need=need, volunteer="V1")

    with pytest.raises(PairsCannotBe) as caught:
        plan()

    assert caught.value.pairs == 4


def test_a_decided_pair_waits_for_somebody_who_is_gone(
    engine: Engine, world: World, plan: Plan, noon: datetime
) -> None:
    """Whoever left serves nobody, and the others are planned all the same."""
    need, gone = world.needs["S1-greeting"], world.volunteers["V1"]
    say(engine, lambda session: preset(session, need, gone, actor=WHO, now=noon))
    change(engine, Volunteer, gone, status="inactive")

    assert paired(engine, world, plan())["S1-greeting"] == {"V2"}


def _decide(session: Session, world: World, now: datetime, *, need: str, volunteer: str) -> Any:
    return preset(session, world.needs[need], world.volunteers[volunteer], actor=WHO, now=now)


def test_the_same_pair_is_decided_once(session: Session, world: World, noon: datetime) -> None:
    """Two clerks who write the same down have one pair, which is released once."""
    first = _decide(session, world, noon, need="S1-greeting", volunteer="V1")
    again = _decide(session, world, noon, need="S1-greeting", volunteer="V1")
    release(session, world.needs["S1-greeting"], world.volunteers["V1"], actor=WHO, now=noon)

    assert again.id == first.id
    assert (first.withdrawn_by, first.withdrawn_at) == (WHO, noon)
    with pytest.raises(NotFound):
        release(session, world.needs["S1-greeting"], world.volunteers["V1"], actor=WHO, now=noon)
