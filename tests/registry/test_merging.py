"""Two registrations become one with all that refers to them, and part again; what would break a rule is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert, text, update
from sqlmodel import Session, select

from tests.coins.conftest import Town
from tests.registry.conftest import EAST, another, stored
from tests.worlds import MONDAY
from timebank.coins.checks import compare_coins
from timebank.coins.holders import account_of, account_row
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import say_refusal
from timebank.ledger.reconcile import reconcile
from timebank.needs.tables import Need
from timebank.people.merged import kept_person, merged_away, same_person
from timebank.people.tables import NeverTogether, Person, Senior, SeniorCategory, Volunteer
from timebank.planning.tables import Pair, Plan
from timebank.registry.lives import acts_of, undo
from timebank.registry.merging import merge
from timebank.registry.refusals import ActChangedSince, MergeBreaksRule, MinutesSpent
from timebank.registry.repointing import guarded_tables, parts, references
from timebank.visits.life import visit_of
from timebank.visits.tables import VisitEvent

MakeVisit = Callable[..., int]
LEFT = ("registry_act", "registry_change", "transfer", "entry", "account", "account_state", "need_before")
"""Tables in which a merge and its undoing leave what stays: the past, and minutes that went both ways."""


def _merge(session: Session, kept: int, merged: int, noon: datetime) -> int:
    return merge(session, kept, merged, reason="重复登记", actor=EAST, now=noon).id or 0


def test_everything_that_refers_to_a_senior_follows(engine: Engine, town: Town, visit: MakeVisit) -> None:
    """Needs with their visits, categories, coins: whoever asks for the kept number finds all of it."""
    visit("S1-greeting", "V1")
    world = town.world
    with transaction(engine) as session:
        kept = another(session, world, "S1B")
        town.earn(session, "S1", 100)
        session.add(SeniorCategory(senior_id=world.seniors["S1"], category="childless", from_day=MONDAY))
        session.flush()
        _merge(session, kept, world.seniors["S1"], town.noon)

        refs = session.exec(select(Need.external_ref).where(Need.senior_id == kept).order_by(Need.external_ref)).all()
        merged = session.get_one(Senior, world.seniors["S1"])
        category = session.exec(select(SeniorCategory).where(SeniorCategory.senior_id == kept)).one()
        own, old = (account_of(session, town.book, who) or 0 for who in (kept, world.seniors["S1"]))
        accounts = [account_row(session, number) for number in (own, old)]

        assert refs == ["S1-door_visit", "S1-greeting"]
        assert (merged.status, category.category) == ("merged", "childless")
        assert [(row.credits - row.debits, row.status) for row in accounts] == [(100, "open"), (0, "frozen")]
        assert same_person(session, world.seniors["S1"]) == [kept, world.seniors["S1"]]
        assert kept_person(session, kept) == kept
        assert list(session.connection().execute(merged_away()).scalars()) == [world.seniors["S1"]]
        assert [*reconcile(session, town.book), *compare_coins(session, town.book)] == []


def test_undone_merge_leaves_every_row_as_it_was(engine: Engine, town: Town, visit: MakeVisit) -> None:
    """Table by table, column by column; the minutes went over and came back, and the books are sound."""
    for need, giver in (("S1-greeting", "V1"), ("S3-greeting", "V2")):
        visit(need, giver)
    world = town.world
    with transaction(engine) as session:
        kept = another(session, world, "S1B", phone="13900000009")
        session.get_one(Person, world.seniors["S1"]).address = "甘泉路1号"
        town.earn(session, "S1", 100)
        for who, start in ((kept, date(2025, 1, 1)), (world.seniors["S1"], date(2025, 6, 1))):
            session.add(SeniorCategory(senior_id=who, category="childless", from_day=start))
        session.flush()
        before = stored(session, but=LEFT)
        number = _merge(session, kept, world.seniors["S1"], town.noon)
        between = stored(session, but=LEFT)
        acts = [undo(session, number, act=town.act("undo")) for _ in range(2)]
        after = stored(session, but=LEFT)

        assert before != between
        assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
        assert (town.has(session, "S1"), acts[0].undone_by) == ((100, 0), "organisation:3")
        assert [*reconcile(session, town.book), *compare_coins(session, town.book)] == []
        assert [one.undone_at is not None for one in acts_of(session, kept)] == [True]
        assert same_person(session, kept) == [kept]


def test_times_in_a_category_that_overlap_become_one(engine: Engine, town: Town) -> None:
    """Two open rows of one category would count a senior's days twice; apart they stay two."""
    world, merged = town.world, town.who("S1")
    days = (
        (merged, "childless", date(2025, 1, 1), date(2025, 7, 1)),
        (merged, "low_income", date(2025, 1, 1), date(2025, 3, 1)),
    )
    with transaction(engine) as session:
        kept = another(session, world, "S1B")
        own = ((kept, "childless", date(2025, 6, 1), None), (kept, "low_income", date(2025, 6, 1), None))
        names = ("senior_id", "category", "from_day", "to_day")
        rows = [dict(zip(names, row, strict=True)) for row in (*days, *own)]
        session.connection().execute(insert(SeniorCategory), rows)
        session.flush()
        _merge(session, kept, merged, town.noon)
        held = session.exec(select(SeniorCategory).where(SeniorCategory.senior_id == kept)).all()

    assert sorted((row.category, row.from_day, row.to_day) for row in held if row.category == "childless") == [
        ("childless", date(2025, 1, 1), None)
    ]
    assert sorted(row.from_day for row in held if row.category == "low_income") == [date(2025, 1, 1), date(2025, 6, 1)]


def test_volunteer_goes_into_a_senior_and_back(engine: Engine, town: Town, visit: MakeVisit) -> None:
    """A senior who is registered again as a volunteer becomes both, under one number, until it is undone."""
    planned = visit("S5-greeting", "V1")
    world, kept = town.world, town.who("S3")
    with transaction(engine) as session:
        before = stored(session, but=LEFT)
        number = _merge(session, kept, town.who("V1"), town.noon)
        moved = visit_of(session, planned).volunteer_id
        volunteer = session.get_one(Volunteer, kept)
        old = session.get_one(Volunteer, town.who("V1"))

        assert (moved, volunteer.external_ref, volunteer.status) == (kept, "V1", "active")
        assert (old.external_ref, old.status) == (f"V1~{number}", "merged")
        undo(session, number, act=town.act("undo"))
        after = stored(session, but=LEFT)
        assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
        assert world.volunteers["V1"] == visit_of(session, planned).volunteer_id


def test_guarded_past_stays_and_is_read_through_the_merge(engine: Engine, town: Town) -> None:
    """What the database lets nobody change keeps its number; all the numbers of a person are one question."""
    assert {"visit_event", "certificate", "coin_grant", "home_before"} <= guarded_tables()
    assert {table.name for table in parts()} >= {"senior", "volunteer", "care_member"}
    names = {table.name for table, _ in references()}
    assert {"visit", "need", "pair", "service_request", "redemption", "access_token", "senior_contact"} <= names
    assert not names & (guarded_tables() | {"account", "senior", "registry_act"})
    with transaction(engine) as session:
        a, b, c = (town.who(ref) for ref in ("V1", "V2", "V5"))
        _merge(session, a, b, town.noon)
        _merge(session, c, a, town.noon)

        assert same_person(session, b) == [c, a, b]


def test_same_merge_again_is_one(engine: Engine, town: Town) -> None:
    """A click too many changes nothing; the other way round, or into a third, it is told."""
    one, other, third = (town.who(ref) for ref in ("V1", "V2", "V5"))
    with transaction(engine) as session:
        numbers = {_merge(session, one, other, town.noon) for _ in range(2)}
        with pytest.raises(WrongState):
            _merge(session, other, one, town.noon)
        with pytest.raises(WrongState):
            _merge(session, third, other, town.noon)
        with pytest.raises(WrongInput):
            _merge(session, one, one, town.noon)
        with pytest.raises(NotFound):
            _merge(session, one, 10**9, town.noon)
        with pytest.raises(WrongInput):
            merge(session, one, third, reason=" ", actor=EAST, now=town.noon)

        assert len(numbers) == 1


def test_two_needs_of_one_service_are_refused(engine: Engine, town: Town, visit: MakeVisit) -> None:
    """Each has a pair of its own; which of the two goes on is for a person to say."""
    visit("S1-greeting", "V1")
    visit("S3-greeting", "V2")
    with transaction(engine) as session:
        before = stored(session)
        with pytest.raises(MergeBreaksRule) as refused:
            _merge(session, town.who("S1"), town.who("S3"), town.noon)
        assert stored(session) == before
        session.connection().execute(update(Need).where(Need.external_ref == "S3-greeting").values(status="closed"))  # type: ignore[arg-type]  # SQLModel columns are SQL columns
        _merge(session, town.who("S1"), town.who("S3"), town.noon)

    assert say_refusal(refused.value) == (
        "不能合并：两人有同一服务的需求，各有结对，请先结束其中一项（S1-greeting + S3-greeting）。"
    )


def _pair_both(session: Session, town: Town, _visit: MakeVisit) -> tuple[str, str]:
    plan = session.exec(select(Plan)).one()
    plan.state = "published"
    for ref in ("V1", "V2"):
        pair = {"plan_id": plan.id or 0, "need_id": town.world.needs["S1-greeting"], "volunteer_id": town.who(ref)}
        session.add(Pair(**pair, distance_m=1, rank=1, candidates=2))
    session.flush()
    return "V1", "V2"


def _never(session: Session, town: Town, _visit: MakeVisit) -> tuple[str, str]:
    session.add(NeverTogether(senior_id=town.who("S1"), volunteer_id=town.who("V2")))
    session.flush()
    return "V1", "V2"


def _identities(session: Session, town: Town, _visit: MakeVisit) -> tuple[str, str]:
    for ref in ("V3", "V4"):
        session.get_one(Person, town.who(ref)).identity_lookup = ref.encode()
    session.flush()
    return "V3", "V4"


def _held(session: Session, town: Town, _visit: MakeVisit) -> tuple[str, str]:
    town.earn(session, "S1", 100)
    town.book_visit(session)
    return "V5", "S1"


def _frozen(session: Session, town: Town, _visit: MakeVisit) -> tuple[str, str]:
    town.earn(session, "V3", 10)
    session.connection().execute(text("UPDATE account SET status = 'frozen' WHERE person_id IS NOT NULL"))
    return "V3", "V4"


def _left(session: Session, town: Town, _visit: MakeVisit) -> tuple[str, str]:
    session.get_one(Volunteer, town.who("V4")).status = "deceased"
    session.flush()
    return "V3", "V4"


@pytest.mark.parametrize(
    ("broken", "arrange"),
    [
        ("pairs_of_one_need", _pair_both),
        ("never_together", _never),
        ("identities_differ", _identities),
        ("minutes_held", _held),
        ("account_frozen", _frozen),
        ("has_left", _left),
        ("serves_oneself", lambda *_: ("S1", "V1")),
        ("same_hour", lambda _session, _town, _visit: ("V1", "V5")),
    ],
)
def test_merge_that_would_break_a_rule_is_refused(
    engine: Engine, town: Town, visit: MakeVisit, broken: str, arrange: Callable[..., tuple[str, str]]
) -> None:
    """Each rule by itself, with the rows in the way, and nothing changed."""
    visit("S1-greeting", "V1", MONDAY + timedelta(days=1))
    visit("S1-door_visit", "V5", MONDAY + timedelta(days=1), 555)
    with transaction(engine) as session:
        kept, merged = arrange(session, town, visit)
        before = stored(session)
        with pytest.raises(MergeBreaksRule) as refused:
            _merge(session, town.who(kept), town.who(merged), town.noon)

        assert stored(session) == before
        assert refused.value.broken == broken
        assert refused.value.rows


def test_spent_minutes_cannot_come_back(engine: Engine, town: Town) -> None:
    """The undoing is refused with what is missing; when it is brought back, the undoing goes."""
    with transaction(engine) as session:
        town.earn(session, "S1", 100)
        kept = another(session, town.world, "S1B")
        number = _merge(session, kept, town.who("S1"), town.noon)
        wider = replace(town, world=replace(town.world, seniors=town.world.seniors | {"S1B": kept}))
        held = wider.book_visit(session, ref="S1B")
        before = stored(session)
        with pytest.raises(MinutesSpent) as refused:
            undo(session, number, act=town.act("undo"))

        assert stored(session) == before
        assert (refused.value.available_min, refused.value.amount_min, held.price_min) == (40, 100, 60)
        assert say_refusal(refused.value).startswith("不能撤销登记事项 1：须退回 100 分钟，账户仅余 40 分钟可用")


def test_row_that_was_changed_since_stops_the_undoing(engine: Engine, town: Town) -> None:
    """A need that was given to somebody else meanwhile is not torn away from them."""
    with transaction(engine) as session:
        kept = another(session, town.world, "S1B")
        number = _merge(session, kept, town.who("S1"), town.noon)
        session.connection().execute(
            update(Need).where(Need.external_ref == "S1-greeting").values(senior_id=town.who("S4"))  # type: ignore[arg-type]  # SQLModel columns are SQL columns
        )
        before = stored(session)
        with pytest.raises(ActChangedSince, match="need"):
            undo(session, number, act=town.act("undo"))

        assert stored(session) == before


def test_what_happened_since_stays_when_a_merge_is_undone(engine: Engine, town: Town, visit: MakeVisit) -> None:
    """A visit that was made meanwhile is the merged one's again, with all that happened on it."""
    planned = visit("S5-greeting", "V1")
    with transaction(engine) as session:
        number = _merge(session, town.who("V2"), town.who("V1"), town.noon)
        session.connection().execute(text("UPDATE visit SET status = 'missed'"))
        session.add(VisitEvent(visit_id=planned, kind="missed", actor="a", happened_at=town.noon))
        session.flush()
        undo(session, number, act=town.act("undo"))

        assert (visit_of(session, planned).volunteer_id, visit_of(session, planned).status) == (
            town.who("V1"),
            "missed",
        )
