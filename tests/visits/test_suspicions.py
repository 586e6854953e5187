"""What cannot be is found once, shown to those whose it is, and judged by a person."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.visits.conftest import MakeVisit
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.ledger.accounts import ISSUANCE, account_id, open_accounts
from timebank.ledger.posting import Posting, post
from timebank.visits.audit_tables import Suspicion
from timebank.visits.diary import Outcome, record_day
from timebank.visits.groups import Attendance, Occasion, hold_group, plan_group
from timebank.visits.limits import STANDARD
from timebank.visits.refusals import PartyToAudit
from timebank.visits.statements import tell_visit
from timebank.visits.suspicions import look_for, review, suspicions_in

NIGHT = moment_at(MONDAY, 23 * 60 + 30)
DESK = "organisation:1"
Hold = Callable[..., int]


@pytest.fixture
def hold(engine: Engine, make_visit: MakeVisit) -> Hold:
    """Plan a visit and write on the day's sheet how it went: the greeting of S1 by V1 on Monday, or as said."""

    def held(
        need: str = "S1-greeting",
        volunteer: str = "V1",
        *,
        began_min: int = 540,
        served_min: int = 10,
        day: date = MONDAY,
        evidence: str = "app",
    ) -> int:
        number = make_visit(need, volunteer, day=day, starts_min=began_min, planned_min=served_min)
        outcome = Outcome(number, "confirmed", began_min, served_min, evidence, "senior")
        with transaction(engine) as session:
            record_day(session, day, [outcome], actor=DESK, now=moment_at(day, 1440))
        return number

    return held


def _look(session: Session, world: World, *, days: int = 1, **limits: int) -> dict[str, int]:
    last = MONDAY + timedelta(days=1)
    first = last - timedelta(days=days)
    chosen = replace(STANDARD, **limits)
    return look_for(session, world.book, from_day=first, to_day=last, now=NIGHT, limits=chosen)


def _listed(session: Session) -> list[Suspicion]:
    rows = session.connection().execute(text("SELECT id FROM suspicion ORDER BY id")).scalars()
    return [session.get_one(Suspicion, number) for number in rows.all()]


@pytest.mark.parametrize(
    ("began_min", "evidence", "shared"),
    [
        (550, "app", []),
        (549, "app", [1]),
        (540, "app", [10]),
        (545, "paper", []),
        (535, "app", [5]),
    ],
    ids=["one after the other", "a minute", "the same time", "two clocks", "the other first"],
)
def test_overlapping_visits_of_one_giver_are_found(
    engine: Engine, world: World, hold: Hold, began_min: int, evidence: str, shared: list[int]
) -> None:
    """Nobody is at two doors; a telephone and a sheet of paper may differ by ten minutes, and that is no fault."""
    hold()
    hold("S2-greeting", began_min=began_min, evidence=evidence)
    hold("S3-greeting", "V2")

    with transaction(engine) as session:
        _look(session, world)

        found = [(row.kind, row.giver_id, row.numbers["shared_min"]) for row in _listed(session)]
        assert found == [("overlap", world.volunteers["V1"], minutes) for minutes in shared]


def test_clocks_of_two_kinds_get_their_slack_and_no_more(engine: Engine, world: World, hold: Hold) -> None:
    """Twenty minutes on two doors are more than two clocks can differ."""
    hold(served_min=30)
    hold("S2-greeting", began_min=550, served_min=30, evidence="paper")

    with transaction(engine) as session:
        assert _look(session, world) == {"overlap": 1}
        assert _listed(session)[0].numbers["shared_min"] == 20


def test_one_long_visit_is_compared_with_all_within_it(engine: Engine, world: World, hold: Hold) -> None:
    """The third visit overlaps the first and not its neighbour."""
    first, second, third = (
        hold(need, began_min=began, served_min=served)
        for need, began, served in (("S1-greeting", 540, 120), ("S2-greeting", 545, 10), ("S3-greeting", 600, 10))
    )

    with transaction(engine) as session:
        _look(session, world)

        pairs = [(row.numbers["first"], row.numbers["second"]) for row in _listed(session)]
        assert pairs == [(f"v{first}", f"v{second}"), (f"v{first}", f"v{third}")]


def test_group_service_is_compared_with_visits(engine: Engine, world: World, hold: Hold) -> None:
    """Who leads the singing from nine to ten does not greet at half past."""
    hold(began_min=570)
    occasion = Occasion(
        organisation_id=world.organisations["EAST"],
        service_id=world.services["greeting"],
        area_id=world.areas["310107004"],
        day=MONDAY,
        starts_min=540,
        planned_min=60,
        giver_ids=(world.volunteers["V1"],),
        served_ids=(world.seniors["S2"],),
    )
    with transaction(engine) as session:
        group = plan_group(session, occasion, idempotency_key="k", actor=DESK, now=NIGHT)
        came = [Attendance(world.volunteers["V1"], 540, 60)]
        hold_group(session, group, came, evidence="app", actor=DESK, now=NIGHT)

        assert _look(session, world) == {"overlap": 1}
        assert _listed(session)[0].numbers["shared_min"] == 10


@pytest.mark.parametrize(
    ("gap_min", "limits", "found"), [(2, {}, {"speed": 1}), (4, {}, {}), (2, {"speed_km_per_h": 100}, {})]
)
def test_impossible_speed_between_homes_is_found(
    engine: Engine, world: World, hold: Hold, gap_min: int, limits: dict[str, int], found: dict[str, int]
) -> None:
    """S1 and S5 live 3.1 km apart: in two minutes (and one of rounding) nobody is there, in five somebody may be."""
    hold()
    hold("S5-greeting", began_min=550 + gap_min)

    with transaction(engine) as session:
        assert _look(session, world, **({"speed_km_per_h": 43} | limits)) == found
        numbers = [row.numbers for row in _listed(session)]
        assert [(one["distance_m"] // 100, one["gap_min"]) for one in numbers] == [(31, 2)] * len(found)


def test_speed_is_measured_to_the_home_of_that_day(engine: Engine, world: World, hold: Hold) -> None:
    """Who moved in May did not make anybody race in March."""
    hold()
    hold("S2-greeting", began_min=551)
    with transaction(engine) as session:
        session.connection().execute(
            text("UPDATE senior SET lat_deg = 31.35 WHERE person_id = :who"), {"who": world.seniors["S2"]}
        )

    with transaction(engine) as session:
        assert _look(session, world) == {}


def _daily(hold: Hold, world: World, days: int, need: str = "S1-greeting", who: str = "V1") -> None:
    for back in range(days):
        hold(need, who, day=MONDAY - timedelta(days=back))


def test_always_the_same_two_are_found_once(engine: Engine, world: World, hold: Hold) -> None:
    """A giver who meets nobody else, and a senior whom nobody else meets; next month they are not listed again."""
    _daily(hold, world, 5)
    _daily(hold, world, 5, "S2-greeting", "V2")
    hold("S3-greeting", "V2", began_min=600)

    with transaction(engine) as session:
        assert _look(session, world, days=30, pair_visits=5) == {"pair": 1}
        assert _look(session, world, days=20, pair_visits=5) == {}

        (pair,) = _listed(session)
        assert (pair.giver_id, pair.area_id) == (world.volunteers["V1"], world.areas["310107004"])
        assert pair.numbers == {"senior_id": world.seniors["S1"], "visits": 5, "of_giver": 5, "of_served": 5}


@pytest.mark.parametrize(
    ("served_min", "began_min", "found"),
    [(10, 540, {}), (90, 540, {"minutes": 1}), (40, 540, {}), (10, 200, {"hours": 1}), (10, 1380, {"hours": 1})],
    ids=["as ever", "nine times as long", "a little longer", "before dawn", "at night"],
)
def test_day_out_of_pattern_is_found_with_its_numbers(
    engine: Engine, world: World, hold: Hold, served_min: int, began_min: int, found: dict[str, int]
) -> None:
    """Against the giver's own days and everybody's; ordinary differences are nobody's business."""
    for back in range(1, 6):
        for need, who in (("S1-greeting", "V1"), ("S2-greeting", "V2")):
            hold(need, who, day=MONDAY - timedelta(days=back), began_min=540 + back)
    hold(served_min=served_min, began_min=began_min)

    with transaction(engine) as session:
        assert _look(session, world, pattern_days=5) == found

        numbers = [row.numbers for row in _listed(session)]
        assert [one["own_spread_min"] for one in numbers] == [10] * len(found)
        assert all(abs(one["own_z_tenths"]) > 50 and abs(one["peers_z_tenths"]) > 50 for one in numbers)


def test_new_giver_has_no_pattern_to_leave(engine: Engine, world: World, hold: Hold) -> None:
    """The first day of somebody is not held against them."""
    _daily(hold, world, 6, "S2-greeting", "V2")
    hold(served_min=300)

    with transaction(engine) as session:
        assert _look(session, world, pattern_days=5) == {}


def _give(session: Session, world: World, giver: int, taker: int, minutes: int) -> int:
    people = {f"member:{who}": who for who in (giver, taker)}
    rows = [{"code": code, "kind": "member", "person_id": who} for code, who in people.items()]
    accounts = open_accounts(session, world.book, rows)
    parts: dict[str, Any] = {"book_id": world.book, "amount_min": minutes, "effective_at": moment_at(MONDAY, 600)}
    issuing, mine, theirs = account_id(session, world.book, ISSUANCE), *(accounts[code] for code in people)
    key = f"{giver}-{taker}"
    earned = Posting(idem_key=f"e{key}", debit_id=issuing, credit_id=mine, reason="earn", **parts)
    given = Posting(idem_key=f"g{key}", debit_id=mine, credit_id=theirs, reason="gift", **parts)
    post(session, earned, now=NIGHT)
    return post(session, given, now=NIGHT).transfer_id


def test_ring_of_gifts_is_found_with_what_went_round(engine: Engine, world: World) -> None:
    """Three who give each other the same hours make a level without a service; gifts that end somewhere do not."""
    v1, v2, v3, v4 = (world.volunteers[f"V{n}"] for n in range(1, 5))
    with transaction(engine) as session:
        for giver, taker, minutes in ((v1, v2, 90), (v2, v3, 80), (v3, v1, 70), (v3, v4, 500), (v4, v1, 59)):
            _give(session, world, giver, taker, minutes)

        assert _look(session, world) == {"ring": 1}
        assert _look(session, world) == {}
        assert _listed(session)[0].numbers == {"people": [v1, v2, v3], "least_min": 70}


def test_word_against_a_credited_hour_is_on_the_list(engine: Engine, world: World, hold: Hold) -> None:
    """A number that came after the credit waits for a person there."""
    visit = hold()
    with transaction(engine) as session:
        tell_visit(session, visit, "stated_otherwise", "clock", "senior: 1", NIGHT)

        assert _look(session, world) == {"statements": 1}
        assert _listed(session)[0].visit_id == visit


def test_search_is_bounded(engine: Engine, world: World, hold: Hold) -> None:
    """A district of nonsense does not make a list that nobody can read."""
    for need in ("S1-greeting", "S2-greeting", "S3-greeting"):
        hold(need)

    with transaction(engine) as session:
        assert _look(session, world, findings=2) == {"overlap": 2}


@pytest.fixture
def overlap(engine: Engine, world: World, hold: Hold) -> int:
    """A finding about V1, of Ganquan."""
    hold()
    hold("S2-greeting")
    with transaction(engine) as session:
        _look(session, world)
        return _listed(session)[0].id or 0


def _judge(session: Session, world: World, number: int, verdict: str, **parts: Any) -> Suspicion:
    values: dict[str, Any] = {"actor": DESK, "note": "看过记录", "now": NIGHT}
    office = world.organisations["EAST"]
    return review(session, number, verdict=verdict, **({"organisation_id": office} | values | parts))


@pytest.mark.parametrize("verdict", ["cleared", "confirmed"])
def test_person_reviews_and_nothing_else_happens(engine: Engine, world: World, overlap: int, verdict: str) -> None:
    """Cleared or confirmed, visits and books stay as they are; found again, it is not listed again."""
    visits = "SELECT * FROM visit ORDER BY id"
    with transaction(engine) as session:
        before = session.connection().execute(text(visits)).all()

        _judge(session, world, overlap, verdict)
        judged = _judge(session, world, overlap, verdict)

        assert (judged.state, judged.reviewed_by, judged.note, judged.reviewed_at) == (verdict, DESK, "看过记录", NIGHT)
        assert session.connection().execute(text(visits)).all() == before
        assert _look(session, world) == {}
        with pytest.raises(WrongState):
            _judge(session, world, overlap, {"cleared": "confirmed", "confirmed": "cleared"}[verdict])


def test_list_is_of_an_organisations_own_areas(engine: Engine, world: World, overlap: int) -> None:
    """What is suspected of somebody is seen by those who answer for them and by nobody else."""
    east, west = world.organisations["EAST"], world.organisations["WEST"]
    with transaction(engine) as session:
        assert [row.id for row in suspicions_in(session, east, first=10)] == [overlap]
        assert suspicions_in(session, east, first=10, after=overlap) == []
        assert suspicions_in(session, east, first=10, state="cleared") == []
        assert suspicions_in(session, west, first=10) == []
        with pytest.raises(NotFound):
            _judge(session, world, overlap, "cleared", organisation_id=west)
        with pytest.raises(ValueError, match="1 to 100"):
            suspicions_in(session, east, first=101)


def test_nobody_reviews_themselves_or_without_words(engine: Engine, world: World, overlap: int) -> None:
    """The one it is about is heard, and does not decide."""
    with transaction(engine) as session:
        with pytest.raises(PartyToAudit):
            _judge(session, world, overlap, "cleared", actor=f"person:{world.volunteers['V1']}")
        with pytest.raises(WrongInput, match="note"):
            _judge(session, world, overlap, "cleared", note=" ")
        with pytest.raises(WrongInput, match="one of cleared"):
            _judge(session, world, overlap, "punished")


def test_moment_of_finding_is_kept(engine: Engine, overlap: int) -> None:
    """When it was first seen stays."""
    seen: datetime = NIGHT
    with transaction(engine) as session:
        assert session.get_one(Suspicion, overlap).found_at == seen
