"""A file is brought in whole or not at all, once, and can be taken back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, func, select, update

from tests.imports.conftest import HEAD, identity, senior
from tests.worlds import World
from timebank.core.database import transaction
from timebank.core.errors import NotFound
from timebank.core.places import district_outline, is_in_district, to_gcj02, to_wgs84
from timebank.imports.batches import Outcome, bring_in, list_batches, undo_batch
from timebank.imports.changes import BatchNotUndone
from timebank.imports.tables import ImportBatch, ImportChange
from timebank.needs.tables import Need
from timebank.people.tables import Person, Senior, SeniorCategory, Volunteer, VolunteerSkill
from timebank.projects.tables import Project, Resource, Slot

Write = Callable[..., Path]
TABLES = (Person, Senior, SeniorCategory, Volunteer, VolunteerSkill, Need, Project, Resource, Slot)


def snapshot(engine: Engine) -> dict[str, list[str]]:
    """Return every row of the tables that an import may touch."""
    with transaction(engine, read_only=True) as session:
        return {
            table.__name__: sorted(repr(row.model_dump()) for row in session.exec(select(table)).all())
            for table in TABLES
        }


def codes(outcome: Outcome) -> list[tuple[int, str, str]]:
    """Return row, column and code of each fault."""
    return [(fault.row, fault.column, fault.code) for fault in outcome.faults]


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


def test_a_faulty_file_changes_nothing(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """Half a register is worse than none."""
    before = snapshot(engine)
    wrong = senior(2)
    wrong[2] = "310107194501010021"

    outcome = bring_in(engine, write_csv([HEAD, senior(1), wrong]), "seniors", now=noon)

    assert codes(outcome) == [(3, "身份证号", "identity")]
    assert outcome.faults[0].value == "31***"
    assert snapshot(engine) == before


def test_a_dry_run_changes_nothing_and_counts_the_same(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """What a look says is what happens."""
    path, before = write_csv([HEAD, senior(1)]), snapshot(engine)

    looked = bring_in(engine, path, "seniors", now=noon, is_dry_run=True)
    between = snapshot(engine)
    applied = bring_in(engine, path, "seniors", now=noon)

    assert between == before
    assert looked.counts == applied.counts == (1, 0, 0)


def test_bringing_in_twice_changes_nothing(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """The same file again is the same batch; the same rows in another file are as they were."""
    path = write_csv([HEAD, senior(1)])
    first = bring_in(engine, path, "seniors", now=noon)
    before = snapshot(engine)

    again = bring_in(engine, path, "seniors", now=noon)
    other = bring_in(engine, write_csv([HEAD, senior(1), []], name="copy.csv"), "seniors", now=noon)

    assert (again.is_replay, again.batch_id) == (True, first.batch_id)
    assert other.counts == (0, 0, 1)
    assert snapshot(engine) == before


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


def test_undo_takes_everything_back(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """A wrong file is gone as if it had never come: added rows, changed rows, removed rows."""
    head = ["编号", "姓名", "出生日期", "性别", "组织", "街镇", "纬度", "经度", "服务项目"]
    mine = ["V1", "改名", "1965-01-01", "女", "EAST", "甘泉路街道", 31.264, 121.431, "一周一上门"]
    new = ["Z9", "新来", "1970-05-05", "男", "EAST", "甘泉路街道", 31.264, 121.431, "两天一问候;一周一上门"]
    before = snapshot(engine)
    batch = bring_in(engine, write_csv([head, mine, new], name="volunteers.csv"), "volunteers", now=noon)
    after = snapshot(engine)

    with transaction(engine) as session:
        undone = undo_batch(session, batch.batch_id or 0, now=noon)

    assert batch.counts == (1, 1, 0)
    assert after != before
    assert snapshot(engine) == before
    assert undone.status == "undone"


def test_undo_of_changed_seniors_restores_every_field(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """Dates, hashes and sealed fields come back exactly."""
    bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    before = snapshot(engine)
    other = senior(1)
    other[1], other[3], other[8] = "另名", "17000000009", "低保家庭"
    batch = bring_in(engine, write_csv([HEAD, other], name="b.csv"), "seniors", now=noon + timedelta(days=1))

    with transaction(engine) as session:
        undo_batch(session, batch.batch_id or 0, now=noon)

    assert snapshot(engine) == before


def test_undo_twice_is_refused(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """The second time there is nothing to take back."""
    batch = bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    with transaction(engine) as session:
        undo_batch(session, batch.batch_id or 0, now=noon)

    with pytest.raises(BatchNotUndone) as refused, transaction(engine) as session:
        undo_batch(session, batch.batch_id or 0, now=noon)

    assert refused.value.reason == "already"


def test_undo_of_a_row_that_changed_since_is_refused(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """Later work is never thrown away."""
    batch = bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    with transaction(engine) as session:
        session.execute(update(Senior).where(Senior.external_ref == "L1").values(status="moved"))  # type: ignore[arg-type]  # SQLModel columns compare to SQL
    before = snapshot(engine)

    with pytest.raises(BatchNotUndone) as refused, transaction(engine) as session:
        undo_batch(session, batch.batch_id or 0, now=noon)

    assert (refused.value.reason, refused.value.table) == ("changed", "senior")
    assert snapshot(engine) == before


def test_undo_of_a_row_that_others_use_is_refused(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """A senior who has a need by now is not taken away under it."""
    batch = bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    bring_in(engine, write_csv([NEED_HEAD, need("X1", "L1")], name="needs.csv"), "needs", now=noon)
    before = snapshot(engine)

    with pytest.raises(BatchNotUndone) as refused, transaction(engine) as session:
        undo_batch(session, batch.batch_id or 0, now=noon)

    assert refused.value.reason == "used"
    assert snapshot(engine) == before


def test_undone_file_can_come_again(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """Taking back is no ban."""
    path = write_csv([HEAD, senior(1)])
    batch = bring_in(engine, path, "seniors", now=noon)
    with transaction(engine) as session:
        undo_batch(session, batch.batch_id or 0, now=noon)

    again = bring_in(engine, path, "seniors", now=noon)

    assert (again.is_replay, again.counts) == (False, (1, 0, 0))
    with transaction(engine, read_only=True) as session:
        assert [one.status for one in list_batches(session)] == ["applied", "undone"]


def test_unknown_batch_is_not_found(session: Session, noon: datetime) -> None:
    """A wrong number is said so."""
    with pytest.raises(NotFound):
        undo_batch(session, 99, now=noon)


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


NEED_HEAD = ["需求编号", "老人编号", "服务项目", "组织", "频次", "希望性别", "开始日期", "结束日期"]


def need(ref: str, senior_ref: str) -> list[object]:
    """Return a right row of a file of needs."""
    return [ref, senior_ref, "两天一问候", "EAST", "两天一次", "女", "2026-03-01", ""]


def test_needs_come_in_and_change(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """Minutes come from the catalogue when the file does not say."""
    bring_in(engine, write_csv([NEED_HEAD, need("X1", "S1")], name="n.csv"), "needs", now=noon)
    other = need("X1", "S1")
    other[4] = "每周2次"

    changed = bring_in(engine, write_csv([NEED_HEAD, other], name="m.csv"), "needs", now=noon)

    with transaction(engine, read_only=True) as session:
        stored = session.exec(select(Need).where(Need.external_ref == "X1")).one()
    assert changed.counts == (0, 1, 0)
    assert (stored.frequency_kind, stored.frequency_count, stored.minutes) == ("per_week", 2, 10)
    assert (stored.gender_wish, stored.senior_id) == ("female", world.seniors["S1"])


def test_needs_name_seniors_who_are_there(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """A need of nobody would never be met."""
    ends_first = need("X2", "S1")
    ends_first[7] = "2026-02-01"

    outcome = bring_in(engine, write_csv([NEED_HEAD, need("X1", "NO"), ends_first], name="n.csv"), "needs", now=noon)

    assert codes(outcome) == [(2, "老人编号", "unknown_senior"), (3, "结束日期", "to_before_from")]


PROJECT_HEAD = [
    "项目编号", "组织", "项目名称", "预算", "开始日期", "结束日期", "帮助类别", "最低年龄",
    "资源编号", "资源名称", "服务项目", "街镇", "纬度", "经度", "开放星期", "开放时段", "名额",
]  # fmt: skip


def project(key: str, code: str) -> list[object]:
    """Return a right row of a file of projects."""
    head: list[object] = [key, "CF1", "甘泉助浴", "50000", "2026-12-01", "2026-12-31", "重度失能", 70]
    return [*head, code, "助浴点", "助浴", "甘泉路街道", 31.264, 121.43, "一四", "09:00-10:00", 2]


def test_projects_come_in_as_drafts_and_go_back(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """Two rows of one key are one project with two resources; undoing takes slots too."""
    before = snapshot(engine)
    path = write_csv([PROJECT_HEAD, project("P1", "B1"), project("P1", "B2")], name="p.csv")

    outcome = bring_in(engine, path, "projects", now=noon)
    copy = write_csv([PROJECT_HEAD, project("P1", "B1"), project("P1", "B2"), []])
    again = bring_in(engine, copy, "projects", now=noon)

    with transaction(engine, read_only=True) as session:
        stored = session.exec(select(Project).where(Project.title_zh == "甘泉助浴")).one()
        slots = session.exec(select(func.count()).select_from(Slot).where(Slot.day >= date(2026, 12, 1))).one()
    assert (outcome.counts, again.counts) == ((1, 0, 0), (0, 0, 1))
    assert (stored.status, stored.budget_cents, slots) == ("draft", 5_000_000, 2 * 8)
    with transaction(engine) as session:
        undo_batch(session, again.batch_id or 0, now=noon)
        undo_batch(session, outcome.batch_id or 0, now=noon)
    assert snapshot(engine) == before


def test_wrong_projects_say_why(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """What the bank refuses is a fault of the row; nothing of any project stays."""
    backwards, other_title, no_office = project("P1", "B1"), project("P2", "B3"), project("P3", "B4")
    backwards[5] = "2026-11-01"
    other_title[2] = "别的名称"
    no_office[1] = "EAST"
    before = snapshot(engine)
    rows = [PROJECT_HEAD, backwards, project("P2", "B2"), other_title, no_office]

    outcome = bring_in(engine, write_csv(rows, name="p.csv"), "projects", now=noon)

    assert set(codes(outcome)) == {(4, "项目名称", "project_rows"), (2, "endsOn", "project"), (5, "组织", "not_office")}
    assert snapshot(engine) == before


def test_nothing_of_a_person_is_stored_in_plain(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """The notes for undoing hold what was there before; they are sealed too."""
    bring_in(engine, write_csv([HEAD, senior(1)]), "seniors", now=noon)
    other = senior(1)
    other[1] = "改过的名"
    bring_in(engine, write_csv([HEAD, other], name="b.csv"), "seniors", now=noon)

    with transaction(engine, read_only=True) as session:
        notes = session.exec(select(ImportChange)).all()
        batches = session.exec(select(ImportBatch)).all()
    sealed = b"".join(note.before or b"" for note in notes)
    assert any(note.before for note in notes)
    assert "张老人1".encode() not in sealed
    assert "张老人1" not in repr([(note.row_key, note.after_digest) for note in notes])
    assert len(batches) == 2


def test_two_imports_at_once_do_not_double(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """A second click, or a second clerk, finds the batch of the first."""
    path = write_csv([HEAD, *(senior(n) for n in range(1, 30))])

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: bring_in(engine, path, "seniors", now=noon), range(2)))

    with transaction(engine, read_only=True) as session:
        count = session.exec(select(func.count()).select_from(Senior)).one()
    assert count == len(world.seniors) + 29
    assert sorted(one.is_replay for one in both) == [False, True]
