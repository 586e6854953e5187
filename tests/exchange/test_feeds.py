"""A secret address opens one volunteer's visits until it is renewed or revoked, and says no more than it must."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.exchange.test_icalendar import unfolded
from tests.plans import plan_by_hand
from tests.together import at_once
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.exchange.feeds import events_of, feed_of, read_feed, renew_feed, revoke_feed
from timebank.visits.life import cancel
from timebank.visits.tables import Visit


@pytest.fixture
def visits(engine: Engine, world: World, noon: datetime) -> list[int]:
    """Two visits of V1 this week, one long ago, and one of V2."""
    with transaction(engine) as session:
        plan = plan_by_hand(session, "feed", MONDAY, noon)
        rows = [
            Visit(
                plan_id=plan,
                need_id=world.needs["S1-greeting"],
                volunteer_id=world.volunteers[who],
                day=day,
                starts_min=540,
                planned_min=10,
            )
            for who, day in (
                ("V1", MONDAY),
                ("V1", MONDAY + timedelta(days=2)),
                ("V1", date(2025, 1, 1)),
                ("V2", MONDAY + timedelta(days=4)),
            )
        ]
        session.add_all(rows)
        session.flush()
        return [row.id or 0 for row in rows]


@pytest.fixture
def session(engine: Engine, visits: list[int]) -> Any:
    """One transaction on a district with visits."""
    with transaction(engine) as opened:
        yield opened


def _renew(session: Session, world: World, noon: datetime, key: str = "k", who: str = "V1") -> str:
    return renew_feed(session, world.volunteers[who], idempotency_key=key, now=noon).secret


def test_feed_shows_own_visits_without_names_and_homes(session: Session, world: World, noon: datetime) -> None:
    """Family name with respect and committee; no full name, no home, nobody else's visits, none of long ago."""
    content = read_feed(session, _renew(session, world, noon), now=noon) or b""

    lines = unfolded(content)
    assert [line for line in lines if line.startswith("DTSTART;")] == [
        "DTSTART;TZID=Asia/Shanghai:20260302T090000",
        "DTSTART;TZID=Asia/Shanghai:20260304T090000",
    ]
    assert {line for line in lines if line.startswith(("SUMMARY", "LOCATION"))} == {
        "SUMMARY:两天一问候 王阿姨",
        "LOCATION:甘泉路街道 甘泉第1居委会",
    }
    for secret in ("王老人", "的家", "17000000000"):
        assert secret not in content.decode()


def test_cancelled_visit_stays_with_a_higher_sequence(
    session: Session, world: World, visits: list[int], noon: datetime
) -> None:
    """The same identifier, a change counted, its moment told: so every phone strikes it out."""
    before = events_of(session, world.volunteers["V1"], day=MONDAY)
    cancel(session, visits[1], actor="organisation:1", note="住院", now=noon + timedelta(hours=1))

    after = events_of(session, world.volunteers["V1"], day=MONDAY)

    assert [event.uid for event in after] == [event.uid for event in before]
    assert (before[1].sequence, before[1].is_cancelled, before[1].changed_at) == (0, False, noon)
    assert (after[1].is_cancelled, after[1].changed_at) == (True, noon + timedelta(hours=1))
    assert after[1].sequence > 0
    assert after[0] == before[0]


def test_renewed_address_ends_the_one_before(session: Session, world: World, noon: datetime) -> None:
    """An address that went round is dead the moment another is made; revoked, none is left."""
    volunteer = world.volunteers["V1"]
    first = _renew(session, world, noon, "1")
    second = _renew(session, world, noon, "2")

    opened = [read_feed(session, secret, now=noon) is not None for secret in (first, second)]
    revoked = [revoke_feed(session, volunteer, now=noon) for _ in range(2)]

    assert (opened, revoked) == ([False, True], [True, False])
    assert read_feed(session, second, now=noon) is None
    assert feed_of(session, volunteer) is None
    with pytest.raises(WrongState, match="revoked"):
        _renew(session, world, noon, "2")


def test_same_key_tells_the_same_address(session: Session, world: World, noon: datetime) -> None:
    """A lost answer is asked for again; another's key makes another address."""
    one, again, other = (_renew(session, world, noon, who=who) for who in ("V1", "V1", "V2"))

    assert one == again
    assert one != other


def test_two_who_renew_at_once_leave_one_address(
    engine: Engine, world: World, visits: list[int], noon: datetime
) -> None:
    """Two phones of one volunteer: the second address lives, the first is dead."""
    first, second = at_once(engine, lambda s: _renew(s, world, noon, "1"), lambda s: _renew(s, world, noon, "2"))

    with transaction(engine, read_only=True) as session:
        assert [read_feed(session, secret, now=noon) is not None for secret in (first, second)] == [False, True]


def test_secret_is_stored_as_its_hash(session: Session, world: World, noon: datetime) -> None:
    """Who reads the database does not read the calendars."""
    secret = _renew(session, world, noon)

    stored = [bytes(one) for one in session.connection().execute(text("SELECT digest FROM calendar_feed")).scalars()]
    assert [len(one) for one in stored] == [32]
    assert secret.encode() not in stored[0]
    assert len(secret) == 43


@pytest.mark.parametrize("secret", ["", "x", "k" * 43, "王" * 43, "a\x00b"])
def test_wrong_secret_opens_nothing(session: Session, world: World, noon: datetime, secret: str) -> None:
    """Whatever it looks like."""
    _renew(session, world, noon)

    assert read_feed(session, secret, now=noon) is None


def test_only_volunteers_have_calendars(session: Session, world: World, noon: datetime) -> None:
    """A senior has no visits to make; a key without an end is none."""
    with pytest.raises(NotFound):
        renew_feed(session, world.seniors["S1"], idempotency_key="k", now=noon)
    with pytest.raises(WrongInput):
        renew_feed(session, world.volunteers["V1"], idempotency_key="k" * 201, now=noon)
