"""Every rule of every shipped pack takes effect where hours are credited, not only where a case is explained."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import Session

from tests.visits.giving import gave, gave_together, is_person, make_plan, set_rules
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.columns import table_of
from timebank.ledger.accounts import POOL, account_id, account_of_person, balance_of, member_code, open_accounts
from timebank.ledger.holds import reverse
from timebank.ledger.posting import Posting, post
from timebank.ledger.reconcile import reconcile
from timebank.needs.tables import Need
from timebank.people.ties import record_guardian, record_residence
from timebank.visits.credit import Credited, credit_day, credit_visit
from timebank.visits.life import visit_of

CHANGNING, NANJING, BEIJING = date(2019, 5, 6), date(2021, 3, 1), date(2023, 5, 8)
BORN_1957 = date(1957, 1, 1)
EVENING = moment_at(MONDAY, 21 * 60)
Credit = Callable[..., Credited]


@pytest.fixture
def follow(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let this district follow the rules of another jurisdiction."""
    return lambda jurisdiction: monkeypatch.setenv("TIMEBANK_JURISDICTION", jurisdiction)


@pytest.fixture
def plan(session: Session, world: World) -> int:
    """A plan for visits to belong to."""
    return make_plan(session, MONDAY)


def registered(session: Session, world: World, **facts: Any) -> int:
    """Let V1 be a man of 62, trained, and registered here long before Changning's pilot."""
    known: dict[str, Any] = {"born_on": BORN_1957, "gender": "male", "trained_on": date(2019, 1, 2)}
    who = is_person(session, world, **(known | facts))
    parts: dict[str, Any] = {"proof": "户口簿", "actor": "organisation:1", "now": EVENING}
    record_residence(session, who, "registered", from_day=date(1990, 1, 1), **parts)
    return who


def why(session: Session, world: World, visit: int) -> tuple[int, tuple[str, ...]]:
    """Credit a visit; returns the minutes and the reasons."""
    decided = credit_visit(session, world.book, visit, now=EVENING)
    assert decided is not None
    return decided.minutes, decided.reasons


@pytest.mark.parametrize(
    ("facts", "minutes", "reasons"),
    [
        ({}, 60, ("rounding_min",)),
        ({"born_on": date(1967, 1, 1)}, 0, ("min_age_to_earn",)),
        ({"born_on": date(1967, 1, 1), "gender": "female"}, 60, ("rounding_min",)),
        ({"born_on": date(1948, 1, 1)}, 0, ("max_age_to_earn",)),
        ({"trained_on": None}, 0, ("training_required",)),
        ({"trained_on": date(2019, 5, 7)}, 0, ("training_required",)),
    ],
    ids=["62", "a man of 52", "a woman of 52", "71", "untrained", "trained the day after"],
)
def test_changning_asks_who_gave(
    session: Session,
    world: World,
    plan: int,
    follow: Callable[[str], None],
    facts: dict[str, object],
    minutes: int,
    reasons: tuple[str, ...],
) -> None:
    """Changning 2019: registered there, 60 to 70 and women from 50, after training; known of the giver on that day."""
    follow("changning")
    registered(session, world, **facts)

    assert why(session, world, gave(session, world, plan, day=CHANGNING)) == (minutes, reasons)


@pytest.mark.parametrize(("tie", "minutes"), [("resident", 0), ("registered", 60)])
def test_changning_asks_where_one_belongs_on_the_day(
    session: Session, world: World, plan: int, follow: Callable[[str], None], tie: str, minutes: int
) -> None:
    """Who moves away earns no more from that day on, and what was earned before stays."""
    follow("changning")
    who = registered(session, world)
    record_residence(session, who, tie, from_day=CHANGNING, proof="", actor="organisation:1", now=EVENING)

    assert why(session, world, gave(session, world, plan, day=CHANGNING))[0] == minutes
    before = gave(session, world, plan, day=CHANGNING - timedelta(days=1))
    assert why(session, world, before)[0] == 60


def test_what_is_not_known_is_not_guessed(
    session: Session, world: World, plan: int, follow: Callable[[str], None]
) -> None:
    """Nothing is recorded of where V1 belongs: the hour waits, and is credited once that is written down."""
    follow("changning")
    who = is_person(session, world, born_on=BORN_1957, trained_on=date(2019, 1, 2))
    visit = gave(session, world, plan, day=CHANGNING)

    assert why(session, world, visit) == (0, ("residence_to_earn",))
    record_residence(session, who, "registered", from_day=CHANGNING, proof="", actor="a", now=EVENING)
    assert why(session, world, visit) == (60, ("rounding_min",))


def test_changning_earns_two_hours_a_day_in_the_order_of_the_day(
    session: Session, world: World, plan: int, follow: Callable[[str], None]
) -> None:
    """The third hour of a day earns nothing, whichever was written down first; the next day begins anew."""
    follow("changning")
    registered(session, world)
    late = gave(session, world, plan, day=CHANGNING, need="S3-greeting", starts_min=900, served_min=90)
    early = gave(session, world, plan, day=CHANGNING, need="S1-greeting", starts_min=540, served_min=90)
    gave(session, world, plan, day=CHANGNING, need="S2-greeting", starts_min=960, served_min=30)
    gave(session, world, plan, day=CHANGNING + timedelta(days=1), served_min=90)

    first = credit_day(session, world.book, CHANGNING, now=EVENING)
    second = credit_day(session, world.book, CHANGNING + timedelta(days=1), now=EVENING)

    assert first == Credited(visits=2, minutes=120, refused=1)
    assert second == Credited(visits=1, minutes=90)
    assert visit_of(session, early).transfer_id is not None
    assert visit_of(session, late).transfer_id is not None
    assert reconcile(session, world.book) == []


def test_hour_that_was_taken_back_leaves_room_under_the_cap(
    session: Session, world: World, plan: int, follow: Callable[[str], None]
) -> None:
    """A reversed credit was not earned: what was refused for the cap of that day is credited then."""
    follow("changning")
    registered(session, world)
    first = gave(session, world, plan, day=CHANGNING, served_min=120)
    gave(session, world, plan, day=CHANGNING, need="S2-greeting", starts_min=800, served_min=60)
    assert credit_day(session, world.book, CHANGNING, now=EVENING) == Credited(visits=1, minutes=120, refused=1)

    transfer = visit_of(session, first).transfer_id or 0
    reverse(session, world.book, transfer, idem_key="undo", reason="error", now=EVENING)

    assert credit_day(session, world.book, CHANGNING, now=EVENING) == Credited(visits=1, minutes=60)


def test_changning_earns_600_hours_in_all(
    session: Session, world: World, plan: int, follow: Callable[[str], None]
) -> None:
    """What was earned counts, not what is left of it, nor what was given to V1."""
    follow("changning")
    who = registered(session, world)
    account = _stored(session, world, who, earned_min=36_000 - 30, spent_min=6_000, given_min=500)

    assert why(session, world, gave(session, world, plan, day=CHANGNING)) == (30, ("rounding_min", "total_cap_min"))
    assert balance_of(session, account).balance_min == 36_000 - 6_000 + 500


def _stored(session: Session, world: World, who: int, *, earned_min: int, spent_min: int, given_min: int) -> int:
    """Let a volunteer have earned, been given and spent before; returns the account."""
    member = {"code": member_code(who), "kind": "member", "person_id": who}
    account = open_accounts(session, world.book, [member])[member_code(who)]
    issuing, pool = (account_id(session, world.book, code) for code in ("issuance", POOL))
    steps = (
        (issuing, account, earned_min, "earn"),
        (issuing, account, given_min, "grant"),
        (account, pool, spent_min, "x"),
    )
    for n, (debit, credit, minutes, reason) in enumerate(steps):
        if minutes:
            posting = Posting(
                book_id=world.book,
                idem_key=f"before:{n}",
                debit_id=debit,
                credit_id=credit,
                amount_min=minutes,
                reason=reason,
                effective_at=moment_at(CHANGNING, 0),
            )
            post(session, posting, now=moment_at(NANJING, 0))
    return account


def test_nanjing_donates_what_does_not_fit_under_1500_hours(
    session: Session, world: World, plan: int, follow: Callable[[str], None]
) -> None:
    """What is stored counts, not what was earned; the rest of the hour goes to the pool, and waits without one."""
    follow("nanjing")
    account = _stored(session, world, world.volunteers["V1"], earned_min=95_000, spent_min=5_040, given_min=0)
    visit = gave(session, world, plan, day=NANJING)
    gave(session, world, plan, day=NANJING, need="S2-greeting", starts_min=800)

    assert credit_day(session, world.book, NANJING, now=EVENING) == Credited(waiting=2)
    pool = account_id(session, world.book, POOL)
    credited = credit_day(session, world.book, NANJING, now=EVENING, donation_id=pool)

    assert credited == Credited(visits=2, minutes=40, donated_min=80)
    assert balance_of(session, account).balance_min == 90_000
    assert balance_of(session, pool).balance_min == 5_040 + 80
    assert visit_of(session, visit).transfer_id is not None
    assert reconcile(session, world.book) == []


@pytest.mark.parametrize(("years", "guarded", "minutes"), [(17, True, 60), (17, False, 0), (18, False, 60)])
def test_beijing_lets_minors_earn_with_a_guardian(
    session: Session, world: World, plan: int, follow: Callable[[str], None], years: int, *, guarded: bool, minutes: int
) -> None:
    """Beijing 2022: students under 18 led by a guardian; residents, after training."""
    follow("beijing")
    born_on = date(BEIJING.year - years, 1, 1)
    who = is_person(session, world, born_on=born_on, trained_on=BEIJING)
    record_residence(session, who, "resident", from_day=born_on, proof="", actor="a", now=EVENING)
    ends = BEIJING + timedelta(days=guarded)
    record_guardian(
        session, who, world.seniors["S1"], from_day=BEIJING - timedelta(days=9), to_day=ends, actor="a", now=EVENING
    )

    assert why(session, world, gave(session, world, plan, day=BEIJING))[0] == minutes


def test_shanghai_lets_minors_earn_in_groups_for_donation_alone(session: Session, world: World, plan: int) -> None:
    """Shanghai 2026: under 18 only as group activity; and hours of groups are for donation."""
    is_person(session, world, born_on=date(2010, 1, 1))
    gave(session, world, plan, day=MONDAY)
    gave_together(session, world, day=MONDAY, served_min_by_giver={"V1": 60, "V2": 45, "V3": 0})
    pool = account_id(session, world.book, POOL)

    credited = credit_day(session, world.book, MONDAY, now=EVENING, donation_id=pool)

    assert credited == Credited(visits=2, refused=1, donated_min=105)
    assert balance_of(session, pool).balance_min == 105


def test_visits_and_groups_share_the_cap_of_a_day(
    session: Session, world: World, plan: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Singing at two comes before a greeting at four: the greeting finds what the singing has left."""
    monkeypatch.setenv("TIMEBANK_RULES", set_rules(tmp_path, "shanghai-2026", group_hours='"own"', daily_cap_min="90"))
    visit = gave(session, world, plan, day=MONDAY, starts_min=960)
    gave_together(session, world, day=MONDAY, served_min_by_giver={"V1": 60})

    credited = credit_day(session, world.book, MONDAY, now=EVENING)

    assert credited == Credited(visits=2, minutes=90)
    account = account_of_person(session, world.volunteers["V1"]).id or 0
    assert balance_of(session, account).balance_min == 90
    assert visit_of(session, visit).transfer_id is not None


@pytest.mark.parametrize(
    ("rules", "evidence", "minutes"),
    [
        ({"earn_ratio": '{ greeting = "3/2" }'}, "app", 90),
        ({"earning_evidence": '["app"]'}, "paper", 0),
        (
            {
                "evidence_share": '{ app = "1/1", qr = "1/1", nfc = "1/1", landline = "1/1", paper = "1/2", '
                'witness = "1/3" }'
            },
            "paper",
            30,
        ),
        ({"rounding_min": "45"}, "app", 45),
    ],
    ids=["ratio of the pack", "grade that earns", "share of the grade", "unit"],
)
def test_district_sets_what_an_hour_is_worth(
    session: Session,
    world: World,
    plan: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rules: dict[str, str],
    evidence: str,
    minutes: int,
) -> None:
    """The pack's own ratio goes before the catalogue's; grade of evidence and unit count as it says."""
    monkeypatch.setenv("TIMEBANK_RULES", set_rules(tmp_path, "shanghai-2026", **rules))

    assert why(session, world, gave(session, world, plan, day=MONDAY, evidence=evidence))[0] == minutes


def test_service_is_the_one_that_was_given(
    session: Session, world: World, plan: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A need that has become a bath since does not turn last month's greeting into one."""
    monkeypatch.setenv("TIMEBANK_RULES", set_rules(tmp_path, "shanghai-2026", earn_ratio='{ bath = "2/1" }'))
    before = gave(session, world, plan, day=MONDAY, need="S1-greeting")
    need = session.get_one(Need, world.needs["S1-greeting"])
    session.connection().execute(
        update(table_of(Need)).where(table_of(Need).c.id == need.id).values(service_id=world.services["bath"])
    )

    assert why(session, world, before)[0] == 60


def test_credit_tells_the_pack_only_what_it_asks_for(session: Session, world: World, plan: int) -> None:
    """A decision is kept for ever: nobody's gender or residence stands in it where no rule wants to know."""
    decided = credit_visit(session, world.book, gave(session, world, plan, day=MONDAY), now=EVENING)

    assert decided is not None
    assert set(decided.to_json()["inputs"]) == {
        "day",
        "earn_denominator",
        "earn_numerator",
        "evidence",
        "giver_age",
        "is_group",
        "jurisdiction",
        "planned_min",
        "served_min",
        "service",
    }
