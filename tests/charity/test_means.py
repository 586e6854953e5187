"""What donors bring goes to those it is for, once, and never more than there is; hours of the pool go by the rules."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.charity.conftest import RICE, Office
from tests.together import at_once
from tests.worlds import MONDAY, World
from timebank.charity.means import Brought, contributions_of, draw_hours, hand_out, receive
from timebank.charity.refusals import NotEligible, NothingLeft, OutsidePeriod
from timebank.coins.acts import Act
from timebank.coins.refusals import NotByRules, NotTheirs
from timebank.core.errors import KeyConflict, NotFound, WrongInput, WrongState
from timebank.core.texts import say_refusal
from timebank.ledger.accounts import ISSUANCE, POOL, account_id
from timebank.ledger.posting import Posting, post
from timebank.people.tables import SeniorCategory
from timebank.projects.tables import Contribution, Project


def give(session: Session, office: Office, number: int, quantity: int, key: str = "h", senior: str = "S2") -> int:
    """Hand some of a contribution out."""
    return hand_out(session, office.number, number, senior=senior, quantity=quantity, by=office.by(key))


def fill_pool(session: Session, world: World, office: Office, minutes: int) -> None:
    """Put minutes into the pool."""
    parts: dict[str, Any] = {
        "debit_id": account_id(session, world.book, ISSUANCE),
        "credit_id": account_id(session, world.book, POOL),
    }
    posting = Posting(
        book_id=world.book, idem_key="pool", amount_min=minutes, reason="earn", effective_at=office.noon, **parts
    )
    post(session, posting, now=office.noon)


def act(office: Office, key: str = "aid", note: str = "困难") -> Act:
    """Say that the office draws hours."""
    return Act(book_id=office.world.book, key=key, actor=f"organisation:{office.number}", now=office.noon, note=note)


def test_rice_is_received_and_given(session: Session, office: Office) -> None:
    """Ten bags come, three go to one senior, seven are left."""
    rice = office.rice(session)

    give(session, office, rice.id or 0, 3)

    session.refresh(rice)
    assert (rice.quantity, rice.given) == (10, 3)


def test_same_key_is_the_same_bag(session: Session, office: Office) -> None:
    """A retry neither doubles what came nor what was given."""
    numbers = {office.rice(session).id or 0 for _ in range(2)}
    given = {give(session, office, min(numbers), 3) for _ in range(2)}

    assert (len(numbers), len(given)) == (1, 1)
    with pytest.raises(KeyConflict):
        give(session, office, min(numbers), 4)
    with pytest.raises(KeyConflict):
        receive(session, office.number, office.running, replace(RICE, quantity=11), office.by("rice"))


def test_donor_is_not_readable_in_the_table(session: Session, office: Office) -> None:
    """A person who gives may wish to stay unknown: the name is encrypted where it lies."""
    office.rice(session)

    stored = session.connection().execute(text("SELECT donor FROM contribution")).scalar_one()

    assert "沪光".encode() not in bytes(stored)
    assert session.get_one(Contribution, 1).donor == "沪光粮油"


def test_more_than_there_is_is_not_given(session: Session, office: Office) -> None:
    """The eleventh bag is not there."""
    rice = office.rice(session)
    give(session, office, rice.id or 0, 8, "one")

    with pytest.raises(NothingLeft) as refused:
        give(session, office, rice.id or 0, 3, "two")

    assert (refused.value.left, refused.value.asked) == (2, 3)


def test_two_who_give_the_last_at_once_give_it_once(engine: Engine, office: Office, session: Session) -> None:
    """Two clerks at two counters: the second sees what the first left."""
    rice = office.rice(session).id or 0
    session.commit()

    _, second = at_once(
        engine,
        lambda one: give(one, office, rice, 6, "one"),
        lambda other: give(other, office, rice, 6, "two"),
    )

    assert isinstance(second, NothingLeft)
    assert second.left == 4


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"for_category": "childless"}, "该捐赠只用于类别 childless"),
        ({"for_street": "310107007"}, "该捐赠只用于另一街镇"),
    ],
)
def test_what_is_for_a_group_goes_to_no_other(
    session: Session, office: Office, changes: dict[str, str], reason: str
) -> None:
    """A donor's wish holds."""
    brought = receive(
        session,
        office.number,
        office.running,
        replace(RICE, **changes),  # type: ignore[arg-type]  # parts of Brought, by name
        office.by("group"),
    )

    with pytest.raises(NotEligible) as refused:
        give(session, office, brought.id or 0, 1)

    assert reason in say_refusal(refused.value)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("UPDATE senior_category SET to_day = '2026-03-02'", "不属于项目的服务类别"),
        ("UPDATE person SET born_on = '1970-01-01'", "年龄不足"),
        ("UPDATE senior SET status = 'moved'", "不是在册老人"),
    ],
)
def test_project_gives_to_those_it_is_for(session: Session, office: Office, sql: str, reason: str) -> None:
    """Eligibility is that of the day on which something is given."""
    rice = office.rice(session)
    session.connection().execute(text(sql))

    with pytest.raises(NotEligible) as refused:
        give(session, office, rice.id or 0, 1)

    assert reason in say_refusal(refused.value)


def test_nothing_is_given_outside_the_period(session: Session, office: Office) -> None:
    """Neither before a project begins nor after it ends."""
    rice = office.rice(session).id or 0
    for day in (date(2026, 3, 1), date(2026, 6, 1)):
        with pytest.raises(OutsidePeriod):
            hand_out(session, office.number, rice, senior="S2", quantity=1, by=office.by("h", day=day))


def test_a_draft_gives_nothing(session: Session, office: Office) -> None:
    """What came early waits until the project runs."""
    brought = receive(session, office.number, office.draft, RICE, office.by("early"))

    with pytest.raises(WrongState):
        give(session, office, brought.id or 0, 1)


def test_money_for_everyone_raises_the_budget(session: Session, office: Office) -> None:
    """A company's money can be planned; money for a group is given to the group instead."""
    money = replace(RICE, kind="money", what="捐款", value_cents=5_000)
    receive(session, office.number, office.running, money, office.by("all"))
    grouped = receive(
        session,
        office.number,
        office.running,
        replace(money, for_category="severe_functional_impairment"),
        office.by("group"),
    )

    given = give(session, office, grouped.id or 0, 5_000)

    assert session.get_one(Project, office.running).budget_cents == 105_000
    assert given
    with pytest.raises(WrongInput):
        give(session, office, 1, 1, "money of all")
    assert [one.quantity for one in contributions_of(session, office.running, first=10)] == [5_000, 5_000]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"donor": ""}, "donor"),
        ({"donor_kind": "friend"}, "donor_kind"),
        ({"kind": "gold"}, "kind"),
        ({"for_category": "rich"}, "for_category"),
        ({"quantity": 0}, "quantity"),
        ({"kind": "money", "value_cents": 0}, "value_cents"),
        ({"what": "x" * 201}, "what"),
    ],
)
def test_what_cannot_be_brought_is_named(
    session: Session, office: Office, changes: dict[str, object], field: str
) -> None:
    """A refusal says which part was wrong."""
    wrong: Brought = replace(RICE, **changes)  # type: ignore[arg-type]  # parts of Brought, by name

    with pytest.raises(WrongInput) as refused:
        receive(session, office.number, office.running, wrong, office.by("k"))

    assert refused.value.field == field


@pytest.mark.parametrize("senior", ["S99", "V1"])
def test_unknown_senior_is_not_there(session: Session, office: Office, senior: str) -> None:
    """Whoever is not in the office's streets looks like nobody."""
    rice = office.rice(session)

    with pytest.raises(NotFound):
        give(session, office, rice.id or 0, 1, senior=senior)


def test_hours_are_drawn_from_the_pool_once(session: Session, office: Office) -> None:
    """A project gives donated hours to whom it helps; the transfer says so, and a retry is the same transfer."""
    fill_pool(session, office.world, office, 600)
    session.add(
        SeniorCategory(senior_id=office.world.seniors["S2"], category="other_special_hardship", from_day=MONDAY)
    )
    session.flush()

    made = [draw_hours(session, office.number, office.running, act(office), senior="S2", minutes=60) for _ in range(2)]

    rows = session.connection().execute(text("SELECT transfer_id, project_id, minutes FROM project_hours")).all()
    assert [tuple(row) for row in rows] == [(made[0], office.running, 60)]
    assert made[0] == made[1]


def test_hours_are_drawn_by_the_rules_alone(session: Session, office: Office) -> None:
    """An empty pool gives nothing, and the refusal is that of the rule pack."""
    with pytest.raises(NotByRules):
        draw_hours(session, office.number, office.running, act(office), senior="S2", minutes=60)
    with pytest.raises(NotEligible):
        draw_hours(session, office.number, office.running, act(office), senior="S3", minutes=60)


def test_hours_are_drawn_by_the_projects_office_alone(session: Session, office: Office) -> None:
    """Nobody spends the pool in another's name."""
    other = Act(book_id=office.world.book, key="k", actor="organisation:1", now=office.noon, note="x")

    with pytest.raises(NotTheirs):
        draw_hours(session, office.number, office.running, other, senior="S2", minutes=60)


@pytest.mark.parametrize("sql", ["UPDATE handout SET quantity = 1", "DELETE FROM handout"])
def test_what_was_given_stays_written(session: Session, office: Office, sql: str) -> None:
    """A file is not made smaller afterwards."""
    give(session, office, office.rice(session).id or 0, 3)

    with pytest.raises(Exception, match="append-only"), session.begin_nested():
        session.connection().execute(text(sql))
