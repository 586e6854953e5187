"""Rows become a question to the engine: what stands there, and for whom."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, event

from matching import candidates
from matching.problem import FrequencyKind, Gender, Problem, ServedBy
from tests.planning.conftest import Plan, add, ask, change, row, rows_of
from tests.worlds import MONDAY, World
from timebank.needs.tables import Need
from timebank.people.tables import NeverTogether, Senior, Volunteer
from timebank.planning.problem_rows import Question

FORTNIGHT = Question(starts_on=MONDAY, horizon_days=14)


def _of(world: World, code: str) -> Question:
    return Question(starts_on=MONDAY, horizon_days=14, organisation_id=world.organisations[code])


def _who_fits(rule: Any, problem: Problem, world: World, need: str) -> set[str]:
    """Volunteers, by reference, who pass a rule of the engine for a need."""
    everyone = np.arange(len(problem.volunteers))
    at = np.full(len(everyone), np.flatnonzero(problem.needs.ids == world.needs[need])[0])
    passed = problem.volunteers.ids[rule(problem, at, everyone)].tolist()
    return {ref for ref, number in world.volunteers.items() if number in passed}


def test_a_need_is_asked_as_it_stands(engine: Engine, world: World) -> None:
    """What a senior said on the telephone reaches the engine: when, how often, how long, by whom."""
    number = world.needs["S1-door_visit"]
    change(engine, Need, number, gender_wish="female", weekdays=0b10001, window_start_min=600, window_end_min=700)

    asked = row(ask(engine, FORTNIGHT).needs, number)

    assert {name: asked[name] for name in ("senior_ids", "areas", "served_by", "genders", "weekdays")} == {
        "senior_ids": world.seniors["S1"],
        "areas": world.areas["310107004"],
        "served_by": ServedBy.VOLUNTEER,
        "genders": Gender.FEMALE,
        "weekdays": 0b10001,
    }
    assert (asked["window_starts_min"], asked["window_ends_min"], asked["durations_min"]) == (600, 700, 45)
    assert (asked["first_days"], asked["last_days"], asked["penalties"]) == (0, 14, 60_000)
    assert (asked["lats_deg"], asked["lons_deg"]) == pytest.approx((31.2645, 121.43))


def test_a_volunteer_is_asked_as_they_stand(engine: Engine, world: World) -> None:
    """What a volunteer offers is a limit that the engine keeps."""
    number = world.volunteers["V2"]
    change(engine, Volunteer, number, weekdays=0b0111111, window_start_min=540, max_needs=2, weekly_cap_min=90)

    offered = row(ask(engine, FORTNIGHT).volunteers, number)

    assert (offered["genders"], offered["weekdays"], offered["areas"]) == (
        Gender.MALE,
        0b0111111,
        world.areas["310107004"],
    )
    assert (offered["window_starts_min"], offered["window_ends_min"]) == (540, 1080)
    assert (offered["max_needs"], offered["weekly_caps_min"]) == (2, 90)


def test_skills_meet_their_services(engine: Engine, world: World) -> None:
    """A visit at the door is no greeting: only who was trained for a service gives it."""
    problem = ask(engine, FORTNIGHT)

    skills = {
        ref: row(problem.needs, world.needs[ref])["skills"] for ref in ("S1-greeting", "S1-door_visit", "S2-bath")
    }
    has = {ref: row(problem.volunteers, number)["skills"] for ref, number in world.volunteers.items()}
    able = {ref: {who for who in has if has[who] >> skill & 1} for ref, skill in skills.items()}
    assert able == {"S1-greeting": {"V1", "V2", "V3", "V4"}, "S1-door_visit": {"V5"}, "S2-bath": set()}


def test_one_of_the_wished_languages_will_do(engine: Engine, world: World) -> None:
    """Many old people speak Shanghainese alone; blanks after commas are typed now and then."""
    for ref, wish in (("S1", ""), ("S2", "sh"), ("S3", "sh,wu"), ("S4", " sh ")):
        change(engine, Need, world.needs[f"{ref}-greeting"], language_wish=wish)
    for ref, spoken in (("V1", "zh"), ("V2", "zh, sh"), ("V3", "wu"), ("V4", "")):
        change(engine, Volunteer, world.volunteers[ref], languages=spoken)

    problem = ask(engine, FORTNIGHT)

    found = {
        ref: _who_fits(candidates.fits_language, problem, world, f"{ref}-greeting") for ref in ("S1", "S2", "S3", "S4")
    }
    assert found == {"S1": {"V1", "V2", "V3", "V4", "V5"}, "S2": {"V2"}, "S3": {"V2", "V3"}, "S4": {"V2"}}


def test_a_wish_for_a_woman_is_kept(engine: Engine, world: World) -> None:
    """V1, V3 and V5 are women, V2 and V4 men; a wish is no preference."""
    for ref, wish in (("S1", "any"), ("S2", "female"), ("S3", "male")):
        change(engine, Need, world.needs[f"{ref}-greeting"], gender_wish=wish)

    problem = ask(engine, FORTNIGHT)

    found = {ref: _who_fits(candidates.fits_gender, problem, world, f"{ref}-greeting") for ref in ("S1", "S2", "S3")}
    assert found == {"S1": {"V1", "V2", "V3", "V4", "V5"}, "S2": {"V1", "V3", "V5"}, "S3": {"V2", "V4"}}


def test_every_frequency_is_understood(engine: Engine, world: World) -> None:
    """Four ways to say how often; none falls back to another."""
    said = (("S1", "every_n_days", 3), ("S2", "per_week", 2), ("S3", "per_month", 4), ("S4", "once", 1))
    for ref, kind, count in said:
        change(engine, Need, world.needs[f"{ref}-greeting"], frequency_kind=kind, frequency_count=count)

    asked = ask(engine, FORTNIGHT).needs

    rows = [row(asked, world.needs[f"{ref}-greeting"]) for ref, _, _ in said]
    assert [(each["frequency_kinds"], each["frequency_counts"]) for each in rows] == [
        (FrequencyKind.EVERY_N_DAYS, 3),
        (FrequencyKind.TIMES_PER_WEEK, 2),
        (FrequencyKind.TIMES_PER_MONTH, 4),
        (FrequencyKind.ONCE, 1),
    ]


def test_a_need_has_its_days(engine: Engine, world: World) -> None:
    """Days are counted from the first of the plan and half-open, so nobody is visited on the day they move."""
    said = (
        ("S1", date(2026, 1, 1), None),
        ("S2", MONDAY + timedelta(days=3), MONDAY + timedelta(days=9)),
        ("S3", MONDAY + timedelta(days=13), date(2026, 12, 31)),
        ("S4", date(2026, 1, 1), MONDAY + timedelta(days=1)),
    )
    for ref, from_day, to_day in said:
        change(engine, Need, world.needs[f"{ref}-greeting"], from_day=from_day, to_day=to_day)

    asked = ask(engine, FORTNIGHT).needs

    rows = [row(asked, world.needs[f"{ref}-greeting"]) for ref, _, _ in said]
    assert [(each["first_days"], each["last_days"]) for each in rows] == [(0, 14), (3, 9), (13, 14), (0, 1)]


def test_who_needs_nothing_is_not_asked_about(engine: Engine, world: World) -> None:
    """A need that ended, waits or lies outside, or of a senior who is gone, takes nobody's time."""
    change(engine, Need, world.needs["S1-greeting"], status="closed")
    change(engine, Need, world.needs["S2-greeting"], status="paused")
    change(engine, Need, world.needs["S3-greeting"], from_day=MONDAY + timedelta(days=14))
    change(engine, Need, world.needs["S4-greeting"], to_day=MONDAY)
    change(engine, Senior, world.seniors["S5"], status="moved")

    asked = set(ask(engine, FORTNIGHT).needs.ids.tolist())

    gone = {f"S{n}-greeting" for n in range(1, 6)}
    assert asked == {number for ref, number in world.needs.items() if ref not in gone}


def test_who_does_not_serve_any_more_is_not_asked(engine: Engine, world: World) -> None:
    """A volunteer who paused or left gets no visits."""
    change(engine, Volunteer, world.volunteers["V1"], status="paused")

    offered = set(ask(engine, FORTNIGHT).volunteers.ids.tolist())

    assert offered == set(world.volunteers.values()) - {world.volunteers["V1"]}


@pytest.mark.parametrize(
    ("code", "needs", "volunteers"),
    [
        ("EAST", ("S1", "S2", "S3", "S4"), ("V1", "V2", "V5")),
        ("WEST", ("S5", "S6", "S7", "S8"), ("V3", "V4")),
    ],
)
def test_an_organisation_sees_its_own_alone(
    engine: Engine, world: World, code: str, needs: tuple[str, ...], volunteers: tuple[str, ...]
) -> None:
    """No row of another organisation enters its question, not even an exclusion."""
    add(engine, NeverTogether(senior_id=world.seniors["S1"], volunteer_id=world.volunteers["V1"]))
    add(engine, NeverTogether(senior_id=world.seniors["S5"], volunteer_id=world.volunteers["V3"]))

    problem = ask(engine, _of(world, code))

    seniors = {world.seniors[ref] for ref in needs}
    assert set(problem.needs.senior_ids.tolist()) == seniors
    assert set(problem.volunteers.ids.tolist()) == {world.volunteers[ref] for ref in volunteers}
    assert problem.exclusions.tolist() == [[world.seniors[needs[0]], world.volunteers[volunteers[0]]]]


@pytest.mark.parametrize(
    "values", [{"organisation_id": "WEST"}, {"senior_id": "S5"}], ids=["another's need", "a senior who moved"]
)
def test_own_needs_are_those_in_own_streets(engine: Engine, world: World, values: dict[str, str]) -> None:
    """Both must hold: the need is the organisation's, and the senior lives where it works."""
    numbers = world.organisations | world.seniors
    change(engine, Need, world.needs["S1-greeting"], **{name: numbers[ref] for name, ref in values.items()})

    asked = ask(engine, _of(world, "EAST")).needs.ids.tolist()

    assert world.needs["S1-greeting"] not in asked
    assert len(asked) == 5


def test_more_languages_than_the_engine_tells_apart_are_refused(engine: Engine, world: World) -> None:
    """Better a word than a wish that is silently lost."""
    for n, ref in enumerate(f"S{s}-greeting" for s in range(1, 9)):
        change(engine, Need, world.needs[ref], language_wish=",".join(f"{n}{letter}" for letter in "abcdefghi"))

    with pytest.raises(ValueError, match="at most 64 languages that are wished apart, not 72"):
        ask(engine, FORTNIGHT)


def test_one_question_is_of_one_moment(engine: Engine, world: World, plan: Plan) -> None:
    """What is stored while the rows are read is for the next plan, so that no plan is half of yesterday's rows."""
    seen: list[str] = []

    def meanwhile(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not seen and "FROM need" in statement:
            seen.append(statement)
            for volunteer in world.volunteers.values():
                change(engine, Volunteer, volunteer, status="left")

    event.listen(engine, "after_cursor_execute", meanwhile)

    plan(is_proposed=True)

    assert len(seen) == 1
    assert len(rows_of(engine, "pair")["pair"]) == 9
