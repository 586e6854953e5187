"""A budget cannot be overspent: not by a slip, not by two at once, not by whoever writes past our code."""

from datetime import date

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from tests.charity.conftest import Office, book, price, slots_of
from tests.together import at_once
from timebank.charity.budget import (
    By,
    Promise,
    commit,
    commitment_of,
    line_of,
    plan_line,
    release,
    spend,
    spoken_for,
)
from timebank.charity.refusals import OutsidePeriod, OverBudget
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, WrongInput, WrongState
from timebank.core.texts import say_refusal
from timebank.projects.tables import Project


def sums(session: Session, office: Office) -> tuple[int, int, int]:
    """Return planned, committed and spent of the line."""
    line = line_of(session, office.running, "staff")
    return line.planned_cents, line.committed_cents, line.spent_cents


def test_money_is_promised_paid_and_let_go(session: Session, office: Office) -> None:
    """A cent is in one place at a time: planned, promised or paid."""
    office.line(session, 60_000)

    made = office.promise(session, 50_000)
    after_promise = sums(session, office)
    spend(session, office.number, made.id or 0, 30_000, office.by("invoice 1"))
    after_payment = sums(session, office)
    release(session, office.number, made.id or 0, office.by("rest"))

    assert (after_promise, after_payment, sums(session, office)) == (
        (60_000, 50_000, 0),
        (60_000, 20_000, 30_000),
        (60_000, 0, 30_000),
    )


def test_same_key_is_the_same_money(session: Session, office: Office) -> None:
    """A retry pays nothing twice."""
    office.line(session)

    made = [office.promise(session, 20_000).id or 0 for _ in range(2)]
    for _ in range(2):
        spend(session, office.number, made[0], 5_000, office.by("invoice"))

    assert made[0] == made[1]
    assert sums(session, office) == (60_000, 15_000, 5_000)


def test_key_of_something_else_is_refused(session: Session, office: Office) -> None:
    """A key that was used otherwise is a slip, and moves no money."""
    office.line(session)
    made = office.promise(session, 20_000)
    spend(session, office.number, made.id or 0, 5_000, office.by("invoice"))

    with pytest.raises(KeyConflict):
        office.promise(session, 20_001)
    with pytest.raises(KeyConflict):
        spend(session, office.number, made.id or 0, 5_001, office.by("invoice"))


def test_line_says_what_is_left(session: Session, office: Office) -> None:
    """Who asks for too much learns what there is."""
    office.line(session, 60_000)
    office.promise(session, 50_000, "one")

    with pytest.raises(OverBudget) as refused:
        office.promise(session, 10_001, "two")

    assert say_refusal(refused.value) == "预算科目“人员”：余 100.00 元，不足 100.01 元。"
    assert sums(session, office) == (60_000, 50_000, 0)


def test_last_cent_is_not_too_much(session: Session, office: Office) -> None:
    """What is there can be used to the end."""
    office.line(session, 60_000)

    office.promise(session, 60_000)

    assert sums(session, office) == (60_000, 60_000, 0)


def test_more_than_was_promised_is_not_paid(session: Session, office: Office) -> None:
    """An invoice over the promise needs a promise of its own."""
    office.line(session)
    made = office.promise(session, 1_000)

    with pytest.raises(OverBudget, match=r"10\.00"):
        spend(session, office.number, made.id or 0, 1_001, office.by("invoice"))


def test_lines_stay_within_the_budget(session: Session, office: Office) -> None:
    """All lines together are no more than the project has."""
    office.line(session, 60_000)

    with pytest.raises(OverBudget) as refused:
        office.line(session, 40_001, "food")
    office.line(session, 40_000, "food")

    assert (refused.value.left_cents, refused.value.asked_cents) == (40_000, 40_001)


def test_a_line_is_not_cut_below_what_it_promised(session: Session, office: Office) -> None:
    """What was promised to somebody stays covered."""
    office.line(session, 60_000)
    office.promise(session, 50_000)

    with pytest.raises(OverBudget, match=r"500\.00"):
        office.line(session, 49_999)
    office.line(session, 50_000)

    assert sums(session, office) == (50_000, 50_000, 0)


def test_places_and_lines_share_one_budget(session: Session, office: Office) -> None:
    """A place that costs something is money too: the database takes no booking past the budget."""
    office.line(session, 90_000)
    price(session, office.running, 6_000)
    slots = slots_of(session, office.running)
    need = office.world.needs["S2-bath"]
    book(session, slots[0], need)

    with pytest.raises(IntegrityError, match="ck_project_state_budget"), session.begin_nested():
        book(session, slots[1], need)

    spoken = spoken_for(session, session.get_one(Project, office.running))
    assert (spoken.places_cents, spoken.left_cents) == (6_000, 4_000)


@pytest.mark.parametrize(
    ("sql", "places_cents"),
    [
        ("UPDATE booking SET status = 'used'", 6_000),
        ("UPDATE booking SET status = 'cancelled'", 0),
        ("DELETE FROM booking", 0),
        ("UPDATE resource SET place_cost_cents = 7000", 7_000),
        ("UPDATE resource SET place_cost_cents = 0", 0),
    ],
)
def test_cost_of_places_follows_the_bookings(session: Session, office: Office, sql: str, places_cents: int) -> None:
    """However a booking changes, the sum is that of what stands."""
    price(session, office.running, 6_000)
    book(session, slots_of(session, office.running)[0], office.world.needs["S2-bath"])

    session.connection().execute(text(sql))

    assert spoken_for(session, session.get_one(Project, office.running)).places_cents == places_cents


def test_budget_is_not_cut_below_what_is_spoken_for(session: Session, office: Office) -> None:
    """Who lowers a budget by hand meets the same wall."""
    office.line(session, 60_000)
    sql = "UPDATE project SET budget_cents = 59999"

    with pytest.raises(IntegrityError, match="ck_project_state_budget"), session.begin_nested():
        session.connection().execute(text(sql))


@pytest.mark.parametrize("sql", ["UPDATE budget_line SET spent_cents = 60001", "UPDATE commitment SET open_cents = 2"])
def test_sums_cannot_be_written_over(session: Session, office: Office, sql: str) -> None:
    """Even a hand in the database cannot make more of the money than there is."""
    office.line(session, 60_000)
    office.promise(session, 1)

    with pytest.raises(IntegrityError, match="ck_"), session.begin_nested():
        session.connection().execute(text(sql))


def test_nothing_is_promised_before_a_decision(session: Session, office: Office) -> None:
    """A draft has no money to give."""
    plan_line(session, office.number, office.draft, code="staff", name_zh="人员", planned_cents=10)
    promise = Promise(line="staff", what="护理员", party="社", amount_cents=1)

    with pytest.raises(WrongState) as refused:
        commit(session, office.number, office.draft, promise, office.by("p"))

    assert say_refusal(refused.value).endswith("当前状态为“草稿”，此操作要求：已批准、招募中或进行中。")


def test_nothing_is_promised_past_the_period(session: Session, office: Office) -> None:
    """A project that is over makes no new debts; what was promised can still be paid."""
    office.line(session)
    made = office.promise(session, 100)
    late = By("王", office.noon, date(2026, 6, 1), "late")

    with pytest.raises(OutsidePeriod, match="2026-06-01"):
        commit(session, office.number, office.running, Promise(line="staff", what="x", party="y", amount_cents=1), late)
    spend(session, office.number, made.id or 0, 100, late)

    assert sums(session, office) == (60_000, 0, 100)


@pytest.mark.parametrize(
    ("field", "promise", "key"),
    [
        ("what", Promise(line="staff", what=" ", party="社", amount_cents=1), "k"),
        ("party", Promise(line="staff", what="护理", party="x" * 121, amount_cents=1), "k"),
        ("amount_cents", Promise(line="staff", what="护理", party="社", amount_cents=0), "k"),
        ("amount_cents", Promise(line="staff", what="护理", party="社", amount_cents=-5), "k"),
        ("idempotencyKey", Promise(line="staff", what="护理", party="社", amount_cents=1), ""),
    ],
)
def test_what_cannot_be_promised_is_named(
    session: Session, office: Office, field: str, promise: Promise, key: str
) -> None:
    """A refusal says which part was wrong."""
    office.line(session)

    with pytest.raises(WrongInput) as refused:
        commit(session, office.number, office.running, promise, office.by(key))

    assert refused.value.field == field


def test_anothers_commitment_is_not_there(session: Session, office: Office) -> None:
    """Another office cannot pay, or see that there is something to pay."""
    office.line(session)
    made = office.promise(session, 100)

    with pytest.raises(NotFound):
        commitment_of(session, office.world.organisations["WEST"], made.id or 0)
    with pytest.raises(NotFound):
        line_of(session, office.running, "none")


def test_two_who_commit_at_once_do_not_overspend(engine: Engine, office: Office, session: Session) -> None:
    """The second waits for the first, and is told what is left then."""
    office.line(session, 60_000)
    session.commit()

    first, second = at_once(
        engine,
        lambda one: office.promise(one, 40_000, "one").amount_cents,
        lambda other: office.promise(other, 40_000, "two"),
    )

    assert first == 40_000
    assert isinstance(second, OverBudget)
    assert second.left_cents == 20_000


def test_two_who_book_at_once_do_not_overspend(engine: Engine, office: Office, session: Session) -> None:
    """Two bookings written past our code at the same moment: the database refuses the second."""
    price(session, office.running, 60_000)
    slots = slots_of(session, office.running)
    session.commit()

    _, second = at_once(
        engine,
        lambda one: book(one, slots[0], office.world.needs["S2-bath"]),
        lambda other: book(other, slots[1], office.world.needs["S2-bath"]),
    )

    assert isinstance(second, IntegrityError)
    with transaction(engine, read_only=True) as fresh:
        assert spoken_for(fresh, fresh.get_one(Project, office.running)).places_cents == 60_000
