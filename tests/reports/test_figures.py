"""Figures are counted from rows, so they agree with them, also after the district has moved on."""

from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlalchemy import Engine, text, update
from sqlmodel import Session

from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.needs.tables import Need
from timebank.people.tables import Senior, Volunteer
from timebank.planning.problem_rows import Question
from timebank.planning.runs import make_plan
from timebank.planning.storing import publish_plan
from timebank.reports.comparison import comparison, met_more, proof, walk_note
from timebank.reports.figures import CENTRE_GRID_DEG, Figures, district_figures
from timebank.reports.page import Published


@pytest.fixture
def plan(engine: Engine, world: World, noon: datetime) -> int:
    """Four weeks planned for the small district, in force."""
    number = make_plan(engine, Question(starts_on=MONDAY, horizon_days=28), now=noon)
    with transaction(engine) as session:
        publish_plan(session, number)
    return number


def figures_of(engine: Engine, plan: int, world: World) -> Figures:
    """Count the figures of a plan."""
    with transaction(engine, read_only=True) as session:
        return district_figures(session, plan, world.book)


def test_coverage_counts_needs_by_street_and_service(engine: Engine, world: World, plan: int) -> None:
    """Ganquan has four greetings, a visit and a bath; Zhenru four greetings: as the small district was built."""
    rows = {(row.area_id, row.service): row.needs for row in figures_of(engine, plan, world).coverage}

    ganquan, zhenru = world.areas["310107004"], world.areas["310107007"]
    assert rows == {
        (ganquan, "greeting"): 4,
        (ganquan, "door_visit"): 1,
        (ganquan, "bath"): 1,
        (zhenru, "greeting"): 4,
    }


def test_a_need_that_came_later_is_not_met(engine: Engine, world: World, plan: int) -> None:
    """A plan has not met what it was never asked for: such a need is in no count."""
    before = figures_of(engine, plan, world).coverage
    late = Need(
        external_ref="late",
        senior_id=world.seniors["S5"],
        service_id=world.services["door_visit"],
        organisation_id=world.organisations["WEST"],
        frequency_kind="per_week",
        frequency_count=1,
        minutes=45,
        from_day=date(2026, 1, 1),
    )
    with transaction(engine) as session:
        session.add(late)

    assert figures_of(engine, plan, world).coverage == before


def test_missing_adds_up_to_the_unmet(engine: Engine, world: World, noon: datetime) -> None:
    """Every unmet need has its reason, and no reason counts a need twice."""
    with transaction(engine) as session:
        session.connection().execute(update(Volunteer).values(max_needs=1))
    number = make_plan(engine, Question(starts_on=MONDAY, horizon_days=28), now=noon)

    figures = figures_of(engine, number, world)

    unmet = {(row.area_id, row.service): row.unmet for row in figures.coverage if row.unmet}
    by_reason = {(row.area_id, row.service): row.needs for row in figures.missing if row.reason == "capacity"}
    assert by_reason == unmet
    assert sum(unmet.values()) == 4


def test_who_has_left_is_not_counted(engine: Engine, world: World, plan: int) -> None:
    """A street's seniors and volunteers are those who are there."""
    with transaction(engine) as session:
        connection = session.connection()
        connection.execute(update(Senior).where(Senior.external_ref == "S5").values(status="gone"))  # type: ignore[arg-type]  # SQLModel columns are SQL columns
        connection.execute(update(Volunteer).where(Volunteer.external_ref == "V3").values(status="gone"))  # type: ignore[arg-type]  # SQLModel columns are SQL columns

    streets = {
        street.name_en: (street.seniors, street.volunteers) for street in figures_of(engine, plan, world).streets
    }

    assert streets == {"Ganquan Road": (4, 3), "Zhenru": (3, 1)}


def _move_homes(session: Session, lat_deg: float, lon_deg: float) -> None:
    session.connection().execute(
        text("UPDATE senior SET lat_deg = :lat, lon_deg = :lon WHERE external_ref <> 'S1'"),
        {"lat": lat_deg, "lon": lon_deg},
    )
    session.connection().execute(text("UPDATE senior SET status = 'gone' WHERE external_ref NOT IN ('S2', 'S8')"))


@pytest.mark.parametrize(("lat_deg", "lon_deg"), [(31.2632, 121.4279), (31.2668, 121.4321), (31.2651, 121.4299)])
def test_a_centre_does_not_tell_the_home_of_a_lone_senior(
    engine: Engine, world: World, plan: int, lat_deg: float, lon_deg: float
) -> None:
    """Where one senior is left in a street, the mean of its homes is that home: the grid is all that is told."""
    with transaction(engine) as session:
        _move_homes(session, lat_deg, lon_deg)

    centres = {street.centre for street in figures_of(engine, plan, world).streets}

    assert CENTRE_GRID_DEG == 0.005
    assert centres == {(31.265, 121.43)}


def test_comparison_shows_both_ways_with_units(report: tuple[Figures, Published]) -> None:
    """A number without its unit is read as the reader likes."""
    figures, _ = report
    lines = {line.key: (line.engine, line.by_hand) for line in comparison(figures)}

    assert lines["mean_walk"] == tuple(f"{figures.engine[way]['mean_m']:,.0f} m" for way in ("pairs", "by_hand"))
    assert lines["idle"] == (f"{figures.engine['load']['idle']}", f"{figures.engine['load_by_hand']['idle']}")


@pytest.mark.parametrize(("met", "note"), [(90, ("walk_note", {"more": "1,000"})), (1090, None), (1100, None)])
def test_walks_are_noted_where_they_do_not_compare(
    report: tuple[Figures, Published], met: int, note: tuple[str, dict[str, object]] | None
) -> None:
    """The note stands where the baseline serves fewer, and nowhere else: then the means do compare."""
    given = {"pairs": {"met": 1090}, "by_hand": {"met": met}}
    figures = replace(report[0], engine=report[0].engine | given)

    assert walk_note(figures) == note
    assert met_more(figures) == 1090 - met


@pytest.mark.parametrize(("bound", "said"), [(500, ("proof_optimal", {})), (380, ("proof_gap", {"gap": "120"}))])
def test_proof_says_how_much_better_it_could_be(
    report: tuple[Figures, Published], bound: int, said: tuple[str, dict[str, object]]
) -> None:
    """Only a plan that meets its bound is called the best there is."""
    assert proof(replace(report[0], objective=500, bound=bound)) == said
