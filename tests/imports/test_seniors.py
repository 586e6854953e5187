"""Seniors come in with person, home and categories."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from tests.imports.rows import HEAD, codes, identity, senior
from tests.worlds import World
from timebank.core.database import transaction
from timebank.core.places import district_outline, is_in_district, to_gcj02, to_wgs84
from timebank.imports.batches import bring_in
from timebank.people.tables import Person, Senior, SeniorCategory

Write = Callable[..., Path]


def test_seniors_come_in_with_person_and_categories(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """What stands in the file stands in the registry, personal fields sealed."""
    outcome = bring_in(engine, write_csv([HEAD, senior(1), senior(2)]), "seniors", now=noon)

    assert outcome.counts == (2, 0, 0)
    with transaction(engine, read_only=True) as session:
        stored = session.exec(select(Senior).where(Senior.external_ref == "L1")).one()
        person = session.get_one(Person, stored.person_id)
        held = session.exec(select(SeniorCategory.category).where(SeniorCategory.senior_id == stored.person_id)).all()
    assert (person.name, person.gender, person.born_on) == ("张老人1", "female", date(1945, 1, 1))
    assert stored.committee_id == world.areas["310107004001"]
    assert sorted(held) == ["childless", "living_alone"]


def test_a_changed_row_changes_only_what_the_file_says(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """A file without a column leaves that column alone; a category that is gone ends on the day."""
    bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    head = ["编号", "姓名", "身份证号", "街镇", "居委", "纬度", "经度", "类别"]
    row = ["L1", "张新名", identity(1), "甘泉路街道", "甘泉第1居委会", 31.264, 121.43, "孤老"]
    later = noon + timedelta(days=30)

    outcome = bring_in(engine, write_csv([head, row], name="later.csv"), "seniors", now=later)

    assert outcome.counts == (0, 1, 0)
    with transaction(engine, read_only=True) as session:
        stored = session.exec(select(Senior).where(Senior.external_ref == "L1")).one()
        person = session.get_one(Person, stored.person_id)
        held = session.exec(select(SeniorCategory).where(SeniorCategory.senior_id == stored.person_id)).all()
    assert (person.name, person.phone) == ("张新名", "17000000001")
    assert {row.category: row.to_day for row in held} == {"childless": None, "living_alone": date(2026, 4, 1)}


def test_a_category_that_comes_back_on_the_day_it_ended_is_open_again(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """Two corrections on one day do not stand in each other's way."""
    without = senior(1)
    without[8] = "孤老"
    bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    bring_in(engine, write_csv([HEAD, without], name="two.csv"), "seniors", now=noon)

    outcome = bring_in(engine, write_csv([HEAD, senior(1), []], name="three.csv"), "seniors", now=noon)

    assert outcome.counts == (0, 1, 0)
    with transaction(engine, read_only=True) as session:
        open_now = session.exec(select(SeniorCategory).where(SeniorCategory.category == "living_alone")).all()
    assert [row.to_day for row in open_now] == [None]


def test_every_fault_of_a_file_is_told(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """One look finds all, so that a file is mended once."""
    far, swapped, young, double, elsewhere = (senior(n) for n in range(1, 6))
    far[6], far[7] = 31.0, 121.0
    swapped[6], swapped[7] = swapped[7], swapped[6]
    young[2] = identity(3, born="19900101")
    double[0] = "L1"
    elsewhere[5] = "真如第1居委会"
    same_person = senior(6)
    same_person[2] = identity(5)
    rows = [HEAD, far, swapped, young, double, elsewhere, same_person]

    outcome = bring_in(engine, write_csv(rows), "seniors", now=noon)

    assert set(codes(outcome)) == {
        (2, "纬度", "outside"),
        (3, "纬度", "swapped"),
        (4, "出生日期", "too_young"),
        (6, "居委", "committee_elsewhere"),
    }


def test_doubles_in_a_file_name_the_other_row(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """The same number or identity twice is one person twice, or a slip."""
    same_ref, same_identity = senior(2), senior(3)
    same_ref[0], same_identity[2] = "L1", identity(1)

    outcome = bring_in(engine, write_csv([HEAD, senior(1), same_ref, same_identity]), "seniors", now=noon)

    assert codes(outcome) == [(3, "编号", "doubled_ref"), (4, "身份证号", "doubled_identity")]
    assert all(fault.values["row"] == 2 for fault in outcome.faults)


def test_an_identity_under_another_number_is_a_fault(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """The same person does not enter the registry twice."""
    bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    other = senior(1)
    other[0] = "L77"

    outcome = bring_in(engine, write_csv([HEAD, other], name="b.csv"), "seniors", now=noon)

    assert codes(outcome) == [(2, "身份证号", "identity_taken")]


@pytest.mark.parametrize("by_column", [True, False])
def test_gcj02_places_are_converted(
    engine: Engine, world: World, noon: datetime, write_csv: Write, *, by_column: bool
) -> None:
    """Chinese map services shift places by hundreds of metres; inside, all is WGS-84."""
    shifted = to_gcj02(31.264, 121.43)
    row = senior(1)
    row[6], row[7] = shifted.lat_deg, shifted.lon_deg
    rows = [[*HEAD, "坐标系"], [*row, "GCJ-02"]] if by_column else [HEAD, row]

    bring_in(engine, write_csv(rows), "seniors", now=noon, system="WGS-84" if by_column else "GCJ-02")

    with transaction(engine, read_only=True) as session:
        stored = session.exec(select(Senior).where(Senior.external_ref == "L1")).one()
    assert abs(stored.lat_deg - 31.264) < 1e-5
    assert abs(stored.lon_deg - 121.43) < 1e-5


def test_a_place_just_outside_hints_at_its_system(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """Near the border the wrong system moves a home out of the district."""
    row = senior(1)
    row[6], row[7] = _border_place()

    outcome = bring_in(engine, write_csv([HEAD, row]), "seniors", now=noon)

    assert codes(outcome) == [(2, "纬度", "outside_gcj")]


def _border_place() -> tuple[float, float]:
    """Return a place that is outside as WGS-84 and inside as GCJ-02."""
    for corner in district_outline():
        shifted = to_gcj02(corner.lat_deg + 0.0002, corner.lon_deg - 0.0002)
        if not is_in_district(*shifted) and is_in_district(*to_wgs84(*shifted, "GCJ-02")):
            return shifted.lat_deg, shifted.lon_deg
    message = "The outline has no such corner."
    raise AssertionError(message)
