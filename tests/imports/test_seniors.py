"""Seniors come in with person, home and categories."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from tests.imports.rows import HEAD, VOLUNTEER_HEAD, codes, identity, senior, snapshot, volunteer
from tests.worlds import World
from timebank.core.database import transaction
from timebank.core.places import Place, district_outline, is_in_district, to_gcj02, to_wgs84
from timebank.imports.batches import bring_in
from timebank.people.tables import Person, Senior, SeniorCategory, Volunteer

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
    assert [(one.row, one.ref, one.columns) for one in outcome.differences] == [(2, "L1", ("姓名", "类别"))]
    with transaction(engine, read_only=True) as session:
        stored = session.exec(select(Senior).where(Senior.external_ref == "L1")).one()
        person = session.get_one(Person, stored.person_id)
        held = session.exec(select(SeniorCategory).where(SeniorCategory.senior_id == stored.person_id)).all()
    assert (person.name, person.phone) == ("张新名", "17000000001")
    assert {row.category: row.to_day for row in held} == {"childless": None, "living_alone": date(2026, 4, 1)}


def test_an_empty_cell_leaves_what_stands_and_none_takes_it_away(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """A list with gaps does not wipe out what was known; whoever means none says so."""
    bring_in(engine, write_csv([HEAD, senior(1), senior(2)]), "seniors", now=noon)
    gaps, none = senior(1), senior(2)
    gaps[2] = gaps[3] = gaps[8] = ""
    none[3], none[8] = "无", "无"
    head, more = [*HEAD, "出生日期", "性别"], ["1945-01-01", "女"]

    outcome = bring_in(engine, write_csv([head, [*gaps, *more], [*none, *more]], name="b.csv"), "seniors", now=noon)

    assert [(one.ref, one.columns) for one in outcome.differences] == [("L2", ("电话", "类别"))]
    with transaction(engine, read_only=True) as session:
        stored = session.exec(select(Senior).where(Senior.external_ref == "L2")).one()
        assert session.get_one(Person, stored.person_id).phone is None


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


def test_every_fault_of_a_file_is_told_at_once(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """One look finds all, also several in a row and beside each other, so that a file is mended once."""
    far, swapped, young, double, elsewhere, same_person = (senior(n) for n in range(1, 7))
    far[6], far[7], far[3] = 31.0, 121.0, "12"
    swapped[6], swapped[7] = swapped[7], swapped[6]
    young[2] = identity(3, born="19900101")
    double[0] = "L1"
    elsewhere[5] = "真如第1居委会"
    same_person[2] = identity(5)
    rows = [HEAD, far, swapped, young, double, elsewhere, same_person]

    outcome = bring_in(engine, write_csv(rows), "seniors", now=noon)

    assert codes(outcome) == [
        (2, "电话", "phone"),
        (2, "纬度", "outside"),
        (3, "纬度", "swapped"),
        (4, "出生日期", "too_young"),
        (5, "编号", "doubled_ref"),
        (6, "居委", "committee_elsewhere"),
        (7, "身份证号", "doubled_identity"),
    ]


def test_a_missing_column_is_told_once(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """A thousand rows without a column are one fault, at the header."""
    rows = [[*row[:4], *row[5:]] for row in (HEAD, senior(1), senior(2))]

    outcome = bring_in(engine, write_csv(rows), "seniors", now=noon)

    assert codes(outcome) == [(1, "街镇", "missing_header")]


def test_doubles_in_a_file_name_the_other_row(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """The same number or identity twice is one person twice, or a slip."""
    same_ref, same_identity = senior(2), senior(3)
    same_ref[0], same_identity[2] = "L1", identity(1)

    outcome = bring_in(engine, write_csv([HEAD, senior(1), same_ref, same_identity]), "seniors", now=noon)

    assert codes(outcome) == [(3, "编号", "doubled_ref"), (4, "身份证号", "doubled_identity")]
    assert all(fault.values["row"] == "2" for fault in outcome.faults)


def test_an_identity_under_another_number_is_a_fault(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """The same person does not enter the registry twice."""
    bring_in(engine, write_csv([HEAD, senior(1), senior(2)]), "seniors", now=noon)
    new, taken_by_other = senior(1), senior(2)
    new[0], taken_by_other[2] = "L77", identity(1)

    outcome = bring_in(engine, write_csv([HEAD, new], name="b.csv"), "seniors", now=noon)
    changed = bring_in(engine, write_csv([HEAD, taken_by_other], name="c.csv"), "seniors", now=noon)

    assert codes(outcome) == [(2, "身份证号", "identity_taken")]
    assert codes(changed) == [(2, "身份证号", "identity_taken")]


def test_a_volunteer_can_be_a_senior_too(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """The younger old help the older: one person in both registers, and taken back from the one alone."""
    head, row = [*VOLUNTEER_HEAD, "身份证号"], [*volunteer("Z1"), identity(1)]
    row[1], row[2], row[3] = "张老人1", "1945-01-01", "女"
    bring_in(engine, write_csv([head, row], name="v.csv"), "volunteers", now=noon)
    before = snapshot(engine)

    outcome = bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)

    with transaction(engine, read_only=True) as session:
        who = session.exec(select(Senior.person_id).where(Senior.external_ref == "L1")).one()
        partner = session.exec(select(Volunteer.person_id).where(Volunteer.external_ref == "Z1")).one()
        phone = session.get_one(Person, who).phone
    assert (outcome.counts, who, phone) == ((1, 0, 0), partner, "17000000001")
    assert len(snapshot(engine)["Person"]) == len(before["Person"])


def test_an_identity_with_another_name_is_a_fault(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """An identity number of somebody else must not join two people."""
    head, row = [*VOLUNTEER_HEAD, "身份证号"], [*volunteer("Z1"), identity(1)]
    row[2], row[3] = "1945-01-01", "女"
    bring_in(engine, write_csv([head, row], name="v.csv"), "volunteers", now=noon)

    outcome = bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)

    assert codes(outcome) == [(2, "姓名", "identity_name")]
    assert outcome.faults[0].value == "张老***"


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("出生日期", "1946-01-01", [("出生日期", "identity_birth", "19***")]),
        ("出生日期", "46053", [("出生日期", "day_serial", "46***")]),
        ("性别", "男", [("性别", "identity_gender", "男")]),
        ("性别", "妇", [("性别", "choice", "妇")]),
        ("坐标系", "百度", [("坐标系", "choice", "百度")]),
        ("语言", "沪语", [("语言", "choice", "沪语")]),
    ],
)
def test_what_contradicts_is_told(
    engine: Engine,
    world: World,
    noon: datetime,
    write_csv: Write,
    column: str,
    value: str,
    told: list[tuple[str, str, str]],
) -> None:
    """Of two things that contradict one is wrong, and nobody but the clerk knows which."""
    outcome = bring_in(engine, write_csv([[*HEAD, column], [*senior(1), value]]), "seniors", now=noon)

    assert [(fault.column, fault.code, fault.value) for fault in outcome.faults] == told


def test_without_identity_birth_and_gender_are_needed(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """Some have no card; then the list says what the card would."""
    row = senior(1)
    row[2] = ""

    bare = bring_in(engine, write_csv([HEAD, row]), "seniors", now=noon)
    told = bring_in(
        engine,
        write_csv([[*HEAD, "出生日期", "性别"], [*row, "1945年1月1日", "女"]], name="b.csv"),
        "seniors",
        now=noon,
    )

    assert codes(bare) == [(2, "出生日期", "birth_needed"), (2, "性别", "gender_needed")]
    assert told.counts == (1, 0, 0)


@pytest.mark.parametrize("born", ["18900101", "20270101"])
def test_impossible_births_are_told(engine: Engine, world: World, noon: datetime, write_csv: Write, born: str) -> None:
    """A birth in the future is a slip, whatever the check digit says."""
    row = senior(1)
    row[2] = identity(1, born=born)

    outcome = bring_in(engine, write_csv([HEAD, row]), "seniors", now=noon)

    assert codes(outcome) == [(2, "出生日期", "birth_impossible")]


@pytest.mark.parametrize("by_column", [True, False])
def test_gcj02_places_are_converted(
    engine: Engine, world: World, noon: datetime, write_csv: Write, *, by_column: bool
) -> None:
    """Chinese map services shift places by hundreds of metres; inside, all is WGS-84."""
    shifted = to_gcj02(31.264, 121.43)
    row = senior(1)
    row[6], row[7] = shifted.lat_deg, shifted.lon_deg
    rows = [[*HEAD, "坐标系"], [*row, "高德"]] if by_column else [HEAD, row]

    bring_in(engine, write_csv(rows), "seniors", now=noon, system="WGS-84" if by_column else "GCJ-02")

    with transaction(engine, read_only=True) as session:
        stored = session.exec(select(Senior).where(Senior.external_ref == "L1")).one()
    assert abs(stored.lat_deg - 31.264) < 1e-5
    assert abs(stored.lon_deg - 121.43) < 1e-5


def test_a_place_just_outside_hints_at_its_system(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """Near the border the wrong system moves a home out of the district; the exact home is not in the fault."""
    as_gcj, as_wgs = senior(1), senior(2)
    as_gcj[6], as_gcj[7] = _border_places()[0]
    as_wgs[6], as_wgs[7] = _border_places()[1]

    gcj = bring_in(engine, write_csv([HEAD, as_gcj]), "seniors", now=noon)
    wgs = bring_in(engine, write_csv([HEAD, as_wgs], name="b.csv"), "seniors", now=noon, system="GCJ-02")

    assert codes(gcj) == [(2, "纬度", "outside_gcj")]
    assert codes(wgs) == [(2, "纬度", "outside_wgs")]
    assert gcj.faults[0].value == f"{as_gcj[6]:.2f}, {as_gcj[7]:.2f}"


def _border_places() -> tuple[Place, Place]:
    """Return a place inside as GCJ-02 alone, and one inside as WGS-84 alone."""
    near = [Place(corner.lat_deg + north, corner.lon_deg + east)
            for corner in district_outline() for north in (-0.0005, 0.0005) for east in (-0.0005, 0.0005)]  # fmt: skip
    as_gcj = (place for place in (to_gcj02(*each) for each in near) if _is_inside(place) == (False, True))
    as_wgs = (place for place in near if _is_inside(place) == (True, False))
    return next(as_gcj), next(as_wgs)


def _is_inside(place: Place) -> tuple[bool, bool]:
    return is_in_district(*place), is_in_district(*to_wgs84(*place, "GCJ-02"))
