"""One record, one claim: what an hour becomes is chosen in time, settled once, and never anything else besides."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from tests.together import at_once
from tests.visits.conftest import events
from tests.visits.giving import gave, gave_together, make_plan, set_rules
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import NotFound, Refusal, WrongState
from timebank.core.texts import say_refusal
from timebank.ledger.accounts import POOL, account_id, issued_min
from timebank.ledger.reconcile import reconcile
from timebank.visits.claims import Claim, choose_for_part, choose_for_visit, claim_of_part, claim_of_visit
from timebank.visits.credit import Credited, credit_day, credit_visit
from timebank.visits.groups import credit_group
from timebank.visits.life import visit_of
from timebank.visits.refusals import ChoiceClosed, ChoiceOpen, ClaimNotAllowed, RecordSettled
from timebank.visits.statements import state_minutes

EVENING = moment_at(MONDAY, 21 * 60)
GIVER = "person:5"
DOUBLED = """
INSERT INTO visit_claim (visit_id, becomes, chosen_by, service_min, settled_at)
SELECT visit_id, 'coin', '', 60, settled_at FROM visit_claim
"""
Rules = Callable[..., None]


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rules:
    """Let the district set rules over Shanghai's pack of 2026."""
    return lambda **rules: monkeypatch.setenv("TIMEBANK_RULES", set_rules(tmp_path, "shanghai-2026", **rules))


@pytest.fixture
def held(engine: Engine, world: World) -> int:
    """An hour of V1 on Monday, confirmed."""
    with transaction(engine) as session:
        return gave(session, world, make_plan(session, MONDAY), day=MONDAY)


@pytest.fixture
def sung(engine: Engine, world: World) -> int:
    """A group service of V1 and V2 on Monday, confirmed."""
    with transaction(engine) as session:
        return gave_together(session, world, day=MONDAY, served_min_by_giver={"V1": 60, "V2": 45})


def choose(session: Session, visit: int, becomes: str, **parts: Any) -> Claim:
    """Choose on the evening, in the giver's own name."""
    said: dict[str, Any] = {"actor": GIVER, "now": EVENING}
    return choose_for_visit(session, visit, becomes, **(said | parts))


@pytest.mark.parametrize("becomes", ["volunteer_record", "honour"])
def test_chosen_hour_becomes_no_coins(engine: Engine, world: World, held: int, becomes: str) -> None:
    """Whoever wants no coins has the hour all the same, counted by the pack, with the decision that says so."""
    with transaction(engine) as session:
        choose(session, held, becomes)

        assert credit_day(session, world.book, MONDAY, now=EVENING) == Credited(otherwise=1)
        assert credit_day(session, world.book, MONDAY, now=EVENING) == Credited()
        assert credit_visit(session, world.book, held, now=EVENING) is None

    with transaction(engine, read_only=True) as session:
        assert claim_of_visit(session, held) == Claim(becomes, GIVER, MONDAY, 60)
        assert visit_of(session, held).transfer_id is None
        assert issued_min(session, world.book) == 0
        stored = session.connection().execute(text("SELECT decision FROM visit_claim")).scalar_one()
        assert '"kind"' in str(stored).replace("'", '"')
        assert events(session, held) == [("claimed", GIVER, becomes)]


def test_hour_that_nobody_chose_becomes_what_the_pack_says(engine: Engine, world: World, held: int) -> None:
    """In Shanghai it becomes coins; and so it is said before, and after."""
    with transaction(engine) as session:
        assert claim_of_visit(session, held) == Claim("coin", "", None, None)
        assert credit_day(session, world.book, MONDAY, now=EVENING) == Credited(visits=1, minutes=60)
        assert claim_of_visit(session, held) == Claim("coin", "", MONDAY, 60)


def test_default_of_the_pack_is_data(engine: Engine, world: World, held: int, rules: Rules) -> None:
    """A district whose hours are honour by default gives coins to whoever asks for them."""
    rules(record_default='"honour"')
    with transaction(engine) as session:
        other = gave(session, world, make_plan(session, date(2026, 3, 1)), day=MONDAY, need="S2-greeting", giver="V2")
        choose(session, other, "coin")

        assert credit_day(session, world.book, MONDAY, now=EVENING) == Credited(visits=1, minutes=60, otherwise=1)
        assert claim_of_visit(session, held).becomes == "honour"


def test_choice_can_be_changed_until_it_is_settled(engine: Engine, world: World, held: int) -> None:
    """Every change is kept with who made it; the same again is no change."""
    with transaction(engine) as session:
        choose(session, held, "honour")
        choose(session, held, "honour")
        choose(session, held, "volunteer_record", actor="organisation:1")

        assert claim_of_visit(session, held) == Claim("volunteer_record", "organisation:1", None, None)
        assert [(kind, note) for kind, _, note in events(session, held)] == [
            ("claimed", "honour"),
            ("claimed", "volunteer_record"),
        ]


@pytest.mark.parametrize("became", ["coin", "honour"])
def test_settled_hour_becomes_nothing_else(engine: Engine, world: World, held: int, became: str) -> None:
    """The refusal says what it has become, and when; also in the giver's language."""
    with transaction(engine) as session:
        choose(session, held, became)
        credit_day(session, world.book, MONDAY, now=EVENING)

        with pytest.raises(RecordSettled) as caught:
            choose(session, held, "volunteer_record")

        said = say_refusal(caught.value, "zh")
        assert ("时间币" if became == "coin" else "荣誉时") in said
        assert MONDAY.isoformat() in said
        assert claim_of_visit(session, held).becomes == became


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE visit_claim SET becomes = 'coin', decision = NULL", "becomes one thing once"),
        ("DELETE FROM visit_claim", "becomes one thing once"),
        (DOUBLED, "visit_claim"),
        ("UPDATE visit SET transfer_id = 1", "claimed as coins"),
    ],
    ids=["rewritten", "deleted", "doubled", "credited besides"],
)
def test_database_itself_refuses_a_second_claim(
    engine: Engine, world: World, held: int, change: str, words: str
) -> None:
    """Whatever the code does, an hour of honour is never coins as well."""
    with transaction(engine) as session:
        choose(session, held, "honour")
        credit_day(session, world.book, MONDAY, now=EVENING)

        with pytest.raises(IntegrityError, match=words), session.begin_nested():
            session.connection().execute(text(change))


def test_choice_and_credit_at_once_settle_one(engine: Engine, world: World, held: int) -> None:
    """The giver says honour while the evening's run is at it: one of both is first, and the other sees it."""
    one, other = at_once(
        engine,
        lambda session: credit_day(session, world.book, MONDAY, now=EVENING),
        lambda session: choose(session, held, "honour"),
    )

    assert one == Credited(visits=1, minutes=60)
    assert isinstance(other, RecordSettled)
    with transaction(engine, read_only=True) as session:
        assert reconcile(session, world.book) == []


def test_credit_sees_a_choice_that_was_made_while_it_waited(engine: Engine, world: World, held: int) -> None:
    """The other way round: the run waits for the giver's hand, and then settles what they chose."""
    _, credited = at_once(
        engine,
        lambda session: choose(session, held, "honour"),
        lambda session: credit_day(session, world.book, MONDAY, now=EVENING),
    )

    assert credited == Credited(otherwise=1)


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, Credited(waiting=1)), (14, Credited(waiting=1)), (15, Credited(visits=1, minutes=60))],
    ids=["the evening", "the last day", "the day after"],
)
def test_hour_waits_for_its_giver_as_long_as_the_pack_says(
    engine: Engine, world: World, held: int, rules: Rules, days: int, expected: Credited
) -> None:
    """Two weeks to choose are two weeks; then it becomes what the pack says."""
    rules(claim_days="14")

    with transaction(engine) as session:
        assert credit_day(session, world.book, MONDAY, now=EVENING + timedelta(days=days)) == expected


def test_chosen_hour_waits_no_longer(engine: Engine, world: World, held: int, rules: Rules) -> None:
    """Who has chosen coins need not wait for the others; alone it is refused until then, with the day."""
    rules(claim_days="14")
    with transaction(engine) as session:
        with pytest.raises(ChoiceOpen) as caught:
            credit_visit(session, world.book, held, now=EVENING)
        assert caught.value.last_day == "2026-03-16"

        choose(session, held, "coin")

        assert credit_day(session, world.book, MONDAY, now=EVENING) == Credited(visits=1, minutes=60)


def test_settled_honour_is_not_disputed_under_its_giver(engine: Engine, world: World, held: int) -> None:
    """Said otherwise afterwards, a person decides, as with coins: certified minutes do not change alone."""
    with transaction(engine) as session:
        choose(session, held, "honour")
        credit_day(session, world.book, MONDAY, now=EVENING)

        state_minutes(session, held, side="senior", actor="person:1", minutes=60, now=EVENING)
        state_minutes(session, held, side="organisation", actor="organisation:1", minutes=5, now=EVENING)

        assert visit_of(session, held).status == "confirmed"
        assert [kind for kind, _, _ in events(session, held)] == ["claimed", "stated_otherwise"]


def test_choice_is_closed_after_its_days(engine: Engine, held: int, rules: Rules) -> None:
    """Nobody turns last year's coins into honours on a whim."""
    rules(claim_days="14")

    with transaction(engine) as session, pytest.raises(ChoiceClosed, match="2026-03-16"):
        choose(session, held, "honour", now=EVENING + timedelta(days=15))


def test_what_the_pack_does_not_know_is_refused(engine: Engine, held: int, rules: Rules) -> None:
    """It says what would be right, in the reader's words."""
    rules(record_becomes='{ coin = ["certificate"], honour = [] }')

    with transaction(engine) as session, pytest.raises(ClaimNotAllowed) as caught:
        choose(session, held, "volunteer_record")

    assert "可以转为时间币或荣誉时" in say_refusal(caught.value, "zh")
    assert "coins or honour hours would be right" in say_refusal(caught.value, "en")


@pytest.mark.parametrize("status", ["planned", "checked_in", "missed", "cancelled"])
def test_only_what_was_held_is_chosen_for(engine: Engine, held: int, status: str) -> None:
    """A visit that may yet give way to another plan has nothing to become."""
    with transaction(engine) as session:
        session.connection().execute(text("UPDATE visit SET status = :status"), {"status": status})

        with pytest.raises(WrongState):
            choose(session, held, "honour")


def test_nobody_chooses_for_another_giver(engine: Engine, world: World, held: int) -> None:
    """Another volunteer's visit is not there for them."""
    with transaction(engine) as session, pytest.raises(NotFound):
        choose(session, held, "honour", volunteer_id=world.volunteers["V2"])


def test_each_giver_of_a_group_chooses_alone(engine: Engine, world: World, sung: int) -> None:
    """V1 takes honours for the singing, V2 says nothing and gives theirs to the pool."""
    first, second = world.volunteers["V1"], world.volunteers["V2"]
    with transaction(engine) as session:
        choose_for_part(session, sung, first, "honour", actor=GIVER, now=EVENING)
        pool = account_id(session, world.book, POOL)

        decided = credit_group(session, world.book, sung, now=EVENING, donation_id=pool)

        assert {who: (one.kind, one.donate_min) for who, one in decided.items()} == {
            first: ("record", 0),
            second: ("earn", 45),
        }
        assert claim_of_part(session, sung, first) == Claim("honour", GIVER, MONDAY, 60)
        assert claim_of_part(session, sung, second) == Claim("coin", "", MONDAY, 45)
        assert issued_min(session, world.book) == 45
        with pytest.raises(RecordSettled):
            choose_for_part(session, sung, second, "honour", actor=GIVER, now=EVENING)


def test_part_in_a_group_is_its_givers(engine: Engine, world: World, sung: int) -> None:
    """Who did not give has no part, and a group that was not held none to choose for."""
    with transaction(engine) as session:
        with pytest.raises(NotFound):
            choose_for_part(session, sung, world.volunteers["V3"], "honour", actor=GIVER, now=EVENING)
        session.connection().execute(text("UPDATE group_service SET status = 'planned'"))
        with pytest.raises(WrongState):
            choose_for_part(session, sung, world.volunteers["V1"], "honour", actor=GIVER, now=EVENING)


def test_hour_over_a_cap_can_still_become_an_honour(engine: Engine, world: World, rules: Rules, held: int) -> None:
    """What earns nothing is not lost: it stays open until its giver makes something of it."""
    rules(daily_cap_min="60")
    with transaction(engine) as session:
        plan = make_plan(session, date(2026, 3, 1))
        over = gave(session, world, plan, day=MONDAY, need="S2-greeting", starts_min=900)
        assert credit_day(session, world.book, MONDAY, now=EVENING) == Credited(visits=1, minutes=60, refused=1)

        choose(session, over, "honour")

        assert credit_day(session, world.book, MONDAY, now=EVENING) == Credited(otherwise=1)


@pytest.mark.parametrize(
    "refusal",
    [
        ChoiceOpen(key="visit:7", last_day="2026-03-16"),
        ChoiceClosed(key="visit:7", last_day="2026-03-16"),
        RecordSettled(key="visit:7", became="coin", day="2026-03-02"),
    ],
    ids=lambda refusal: refusal.code,
)
def test_refusals_name_record_and_day(refusal: Refusal) -> None:
    """A clerk on the telephone reads out which one, and until when."""
    for locale in ("zh", "en"):
        said = say_refusal(refusal, locale)
        assert "visit:7" in said
        assert "2026-03-" in said
