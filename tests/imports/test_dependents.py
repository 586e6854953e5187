"""What later work rests on stays, and the clerk is told which work that is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from tests.imports.conftest import Undo
from tests.imports.rows import (
    HEAD,
    NEED_HEAD,
    PROJECT_HEAD,
    VOLUNTEER_HEAD,
    need,
    project,
    senior,
    snapshot,
    volunteer,
)
from tests.plans import plan_by_hand
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.core.texts import catalogue, say_refusal
from timebank.imports.batches import bring_in, list_batches
from timebank.imports.changes import PARENTS_FIRST, RowInUse
from timebank.ledger.accounts import ISSUANCE, account_id, open_accounts
from timebank.ledger.posting import Posting, post
from timebank.people.tables import Volunteer
from timebank.planning.tables import Pair
from timebank.projects.tables import Booking, Resource, Slot
from timebank.tables import METADATA
from timebank.visits.tables import Visit

Write = Callable[..., Path]


def _plan(session: Session, noon: datetime) -> int:
    return plan_by_hand(session, "x", MONDAY, noon)


def pair(session: Session, world: World, noon: datetime) -> None:
    """Pair the volunteer of the batch."""
    who = session.exec(select(Volunteer.person_id).where(Volunteer.external_ref == "Z1")).one()
    session.add(Pair(plan_id=_plan(session, noon), need_id=world.needs["S1-greeting"], volunteer_id=who, distance_m=1,
                     rank=1, candidates=1))  # fmt: skip


def visit(session: Session, world: World, noon: datetime) -> None:
    """Plan two visits of the volunteer of the batch."""
    who = session.exec(select(Volunteer.person_id).where(Volunteer.external_ref == "Z1")).one()
    plan = _plan(session, noon)
    for n in (0, 2):
        session.add(Visit(plan_id=plan, need_id=world.needs["S1-greeting"], volunteer_id=who,
                          day=MONDAY + timedelta(days=n), starts_min=540, planned_min=10))  # fmt: skip


def transfer(session: Session, world: World, noon: datetime) -> None:
    """Give the volunteer of the batch ten minutes."""
    who = session.exec(select(Volunteer.person_id).where(Volunteer.external_ref == "Z1")).one()
    accounts = open_accounts(session, world.book, [{"code": "Z1", "kind": "member", "person_id": who}])
    issuing = account_id(session, world.book, ISSUANCE)
    ten_minutes = Posting(
        book_id=world.book,
        idem_key="x",
        reason="visit",
        debit_id=issuing,
        credit_id=accounts["Z1"],
        amount_min=10,
        effective_at=noon,
    )
    post(session, ten_minutes, now=noon)


def account(session: Session, world: World, noon: datetime) -> None:
    """Open an account for the volunteer of the batch."""
    who = session.exec(select(Volunteer.person_id).where(Volunteer.external_ref == "Z1")).one()
    open_accounts(session, world.book, [{"code": "Z1", "kind": "member", "person_id": who}])


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (pair, "其中的志愿者已有后续数据（结对：1）"),
        (visit, "其中的志愿者已有后续数据（上门或问候：2）"),
        (transfer, "其中的人员信息已有后续数据（时间币转账：1）"),
        (account, "其中的人员信息已有后续数据（时间币账户：1）"),
    ],
)
def test_undo_under_later_work_is_refused_in_words(
    engine: Engine,
    world: World,
    noon: datetime,
    write_csv: Write,
    undo: Undo,
    work: Callable[[Session, World, datetime], None],
    told: str,
) -> None:
    """A volunteer who is paired, visits or holds time by now is not taken away under it."""
    batch = bring_in(engine, write_csv([VOLUNTEER_HEAD, volunteer("Z1")]), "volunteers", now=noon)
    with transaction(engine) as session:
        work(session, world, noon)
    before = snapshot(engine)

    with pytest.raises(RowInUse) as refused:
        undo(batch.batch_id)

    assert say_refusal(refused.value) == f"批次 {batch.batch_id} 不能撤销：{told}。数据未作任何改动。"
    assert snapshot(engine) == before


def test_undo_of_seniors_with_needs_is_refused(
    engine: Engine, world: World, noon: datetime, write_csv: Write, undo: Undo
) -> None:
    """First the needs go, then the seniors; each in its own batch, in the other order."""
    seniors = bring_in(engine, write_csv([HEAD, senior(1), senior(2)]), "seniors", now=noon)
    needs = bring_in(engine, write_csv([NEED_HEAD, need("X1", "L2")], name="n.csv"), "needs", now=noon)

    with pytest.raises(RowInUse) as refused:
        undo(seniors.batch_id)
    undo(needs.batch_id)
    undo(seniors.batch_id)

    assert (refused.value.table, refused.value.dependent, refused.value.count) == ("senior", "need", 1)
    with transaction(engine, read_only=True) as session:
        assert [one.status for one in list_batches(session)] == ["undone", "undone"]


def test_undo_of_a_booked_project_is_refused(
    engine: Engine, world: World, noon: datetime, write_csv: Write, undo: Undo
) -> None:
    """A senior who was promised a place keeps it."""
    batch = bring_in(engine, write_csv([PROJECT_HEAD, project("P1", "B1")]), "projects", now=noon)
    with transaction(engine) as session:
        slot = session.exec(select(Slot).join(Resource).where(Resource.code == "B1")).first()
        assert slot is not None
        session.add(Booking(slot_id=slot.id or 0, need_id=world.needs["S2-bath"]))

    with pytest.raises(RowInUse) as refused:
        undo(batch.batch_id)

    assert say_refusal(refused.value, "en") == (
        f"Batch {batch.batch_id} cannot be undone: later work rests on its slots (bookings: 1). Nothing has changed."
    )


@pytest.mark.parametrize(
    "name", ["transfer", "account", "visit", "booking", "pair", "unmet", "need", "volunteer", "senior", "other"]
)
def test_what_rests_on_imports_has_a_word(name: str) -> None:
    """A clerk who is told no is told why, not the name of a table; of rooms that come later, that it is other data."""
    assert f"dependent_{name}" in catalogue()
    assert name in {*METADATA.tables, "other"}


@pytest.mark.parametrize("table", PARENTS_FIRST)
def test_what_imports_write_has_a_word(table: str) -> None:
    """What cannot be taken back is named in the clerk's language."""
    assert f"table_{table}" in catalogue()


def test_rows_of_a_table_without_a_word_are_other_rows(
    engine: Engine, world: World, noon: datetime, write_csv: Write, undo: Undo
) -> None:
    """A room that is built later may rest on imports before it has told its words."""
    batch = bring_in(engine, write_csv([VOLUNTEER_HEAD, volunteer("Z1")]), "volunteers", now=noon)
    with transaction(engine) as session:
        session.execute(text("CREATE TABLE later (who BIGINT REFERENCES volunteer (person_id))"))
        session.execute(text("INSERT INTO later SELECT person_id FROM volunteer WHERE external_ref = 'Z1'"))

    with pytest.raises(RowInUse) as refused:
        undo(batch.batch_id)

    assert (refused.value.table, refused.value.dependent) == ("volunteer", "other")
