"""Initial grants: out of a budget that two clerks at once cannot pass, and once for each person."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from tests.coins.conftest import Town
from tests.together import at_once
from tests.worlds import MONDAY
from timebank.coins.grants import Programme, grant, open_programme, programme_of, programmes_in
from timebank.coins.refusals import BudgetSpent, NotByRules, NotTheirs
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, WrongInput, WrongState
from timebank.ledger.accounts import issued_min
from timebank.ledger.reconcile import reconcile
from timebank.people.tables import SeniorCategory

SPRING = Programme(
    name_zh="2026春季初始发放", amount_min=600, budget_min=1200, from_day=MONDAY, to_day=date(2026, 6, 1)
)


@pytest.fixture(autouse=True)
def _nanjing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nanjing's rules: 600 minutes for empty-nest seniors from 80, within a budget of 600,000."""
    monkeypatch.setenv("TIMEBANK_JURISDICTION", "nanjing")


def opened(session: Session, town: Town, *, alone: str = "S1 S3 S4", **changes: Any) -> int:
    """Register some seniors as living alone, and open a programme for two of them; returns its number."""
    for ref in alone.split():
        session.add(SeniorCategory(senior_id=town.who(ref), category="living_alone", from_day=MONDAY))
    session.flush()
    parts = {name: getattr(SPRING, name) for name in SPRING.__dataclass_fields__}
    return open_programme(session, town.act("programme"), Programme(**(parts | changes))).id or 0


def test_person_is_granted_once(session: Session, town: Town) -> None:
    """The same again is the same grant; another one, under whatever key, hears what was granted before."""
    number = opened(session, town)

    given = [grant(session, town.act("S1"), number, person_id=town.who("S1")) for _ in range(2)]

    assert [row.amount_min for row in given] == [600, 600]
    assert town.has(session, "S1") == (600, 0)
    assert (programme_of(session, number, book_id=town.book).used_min, issued_min(session, town.book)) == (600, 600)
    with pytest.raises(NotByRules) as caught:
        grant(session, town.act("again"), number, person_id=town.who("S1"))
    assert caught.value.rules == "grant_min"
    with pytest.raises(KeyConflict):
        grant(session, town.act("S1"), number, person_id=town.who("S3"))


def test_budget_is_not_passed(session: Session, town: Town) -> None:
    """Two were planned for; the third hears what is left, and nothing is issued."""
    number = opened(session, town)
    for ref in ("S1", "S3"):
        grant(session, town.act(ref), number, person_id=town.who(ref))

    with pytest.raises(BudgetSpent) as caught:
        grant(session, town.act("S4"), number, person_id=town.who("S4"))

    assert (caught.value.left_min, caught.value.amount_min) == (0, 600)
    assert issued_min(session, town.book) == 1200


def test_database_itself_keeps_the_budget(session: Session, town: Town) -> None:
    """Whoever writes past our code cannot spend more either."""
    number = opened(session, town)

    with pytest.raises(IntegrityError, match="budget"), session.begin_nested():
        session.connection().execute(text(f"UPDATE grant_programme SET used_min = 1201 WHERE id = {number}"))


@pytest.mark.parametrize(
    ("ref", "rules"), [("V1", "grant_min_age, grant_empty_nest_only"), ("S5", "grant_empty_nest_only")]
)
def test_pack_says_whom_it_is_for(session: Session, town: Town, ref: str, rules: str) -> None:
    """Empty-nest seniors from 80 by Nanjing's rules; everybody else hears which rule."""
    number = opened(session, town)

    with pytest.raises(NotByRules) as caught:
        grant(session, town.act("g"), number, person_id=town.who(ref))

    assert caught.value.rules == rules


@pytest.mark.parametrize("days", [-1, 91])
def test_programme_has_its_days(session: Session, town: Town, days: int) -> None:
    """Nothing is granted before it begins or after it is over."""
    number = opened(session, town)

    with pytest.raises(WrongState, match="until before 2026-06-01"):
        grant(session, town.act("g", days=days), number, person_id=town.who("S1"))


def test_budgets_stay_within_the_packs(session: Session, town: Town) -> None:
    """The city gave the district a budget; two programmes together keep to it."""
    opened(session, town, budget_min=599_000)

    with pytest.raises(WrongInput, match="at most 1000"):
        open_programme(session, town.act("second"), SPRING)
    assert [row.budget_min for row in programmes_in(session, town.book)] == [599_000]
    with pytest.raises(ValueError, match="1 to 100"):
        programmes_in(session, town.book, first=0)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"name_zh": " "}, WrongInput),
        ({"amount_min": 0}, WrongInput),
        ({"amount_min": 601}, NotByRules),
        ({"budget_min": 599}, WrongInput),
        ({"to_day": MONDAY}, WrongInput),
        ({"from_day": date(2019, 1, 1)}, NotByRules),
    ],
)
def test_programme_can_be(session: Session, town: Town, changes: dict[str, Any], refusal: type[Exception]) -> None:
    """A programme of nothing, of more than the pack gives, or of no days is refused."""
    with pytest.raises(refusal):
        opened(session, town, alone="", **changes)


def test_office_grants(session: Session, town: Town) -> None:
    """Nobody grants themselves coins, and a programme is another book's or none."""
    number = opened(session, town)

    with pytest.raises(NotTheirs):
        grant(session, town.act("g", "S1"), number, person_id=town.who("S1"))
    with pytest.raises(NotTheirs):
        open_programme(session, town.act("p", "S1"), SPRING)
    with pytest.raises(NotFound):
        grant(session, town.act("g"), 0, person_id=town.who("S1"))
    with pytest.raises(NotFound):
        grant(session, town.act("g"), number, person_id=0)
    assert opened(session, town, alone="") == number


@pytest.mark.parametrize(("first", "second"), [("S3", "S4"), ("S1", "S1")])
def test_two_grant_at_once(engine: Engine, lone_town: Town, first: str, second: str) -> None:
    """Two clerks, and a budget for one more: one grants. Two clerks and one person: she is granted once."""
    with transaction(engine) as session:
        number = opened(session, lone_town, budget_min=600 if first != second else 1200)

    one, other = at_once(
        engine,
        lambda s: grant(s, lone_town.act("one"), number, person_id=lone_town.who(first)).amount_min,
        lambda s: grant(s, lone_town.act("other"), number, person_id=lone_town.who(second)),
    )

    assert one == 600
    assert isinstance(other, BudgetSpent | NotByRules | WrongState)
    with transaction(engine) as session:
        assert issued_min(session, lone_town.book) == 600
        assert programme_of(session, number, book_id=lone_town.book).used_min == 600
        assert reconcile(session, lone_town.book) == []
