"""Hours are counted from the books: confirmed, credited, not reversed, and never anything else."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from tests.honours.givers import Giver
from tests.worlds import World
from timebank.core.database import transaction
from timebank.honours.hours import SERVICE, VISIT, served_records, standing_on, total_min
from timebank.ledger.accounts import ENTRY, ISSUANCE, account_id, account_of_person
from timebank.ledger.holds import reverse
from timebank.ledger.posting import Posting, post

Credit = Callable[..., int]


@pytest.fixture
def looking(shared_engine: Engine) -> Iterator[Session]:
    """A session that only reads, on the database that the tests of this file share."""
    with transaction(shared_engine, read_only=True) as session:
        yield session


def minutes(session: Session, giver: Giver, **parts: object) -> list[int]:
    """Return the minutes of each visit of V1 that counts."""
    return [visit.service_min for visit in served_records(session, giver.person, **parts)]  # type: ignore[arg-type]  # by name


def test_every_minute_is_an_entry(looking: Session, shared_giver: Giver) -> None:
    """A figure that is not the sum of its entries cannot be audited."""
    visits = served_records(looking, shared_giver.person)

    account = account_of_person(looking, shared_giver.person).id
    entries = select(ENTRY.c.transfer_id, ENTRY.c.amount_min).where(ENTRY.c.account_id == account).order_by(ENTRY.c.seq)
    assert [(visit.transfer_id, visit.credit_min) for visit in visits] == [
        tuple(row) for row in looking.connection().execute(entries)
    ]
    assert [visit.service_min for visit in visits] == [60, 45, 30]


def test_reversed_credit_counts_no_more(engine: Engine, giver: Giver, noon: datetime) -> None:
    """An hour that was taken back is no hour; the books still say that it once stood."""
    undone, after = noon + timedelta(hours=1), noon + timedelta(hours=2)
    with transaction(engine) as session:
        reverse(session, giver.world.book, giver.transfers[1], idem_key="undo", reason="error", now=undone)

    with transaction(engine, read_only=True) as session:
        assert minutes(session, giver) == [60, 30]
        assert minutes(session, giver, known_at=after) == [60, 30]
        assert minutes(session, giver, known_at=noon) == [60, 45, 30]
        assert minutes(session, giver, known_at=noon - timedelta(seconds=1)) == []


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"from_day": date(2026, 2, 24)}, [45, 30]),
        ({"to_day": date(2026, 2, 25)}, [60, 45]),
        ({"from_day": date(2026, 2, 24), "to_day": date(2026, 2, 25)}, [45]),
        ({"from_day": date(2026, 2, 26)}, []),
    ],
)
def test_time_is_half_open(
    looking: Session, shared_giver: Giver, parts: dict[str, object], expected: list[int]
) -> None:
    """A visit on a border is in one of two certificates, never in both."""
    assert minutes(looking, shared_giver, **parts) == expected


@pytest.mark.parametrize(("code", "expected"), [("EAST", [60, 45]), ("WEST", [30]), ("CF1", [])])
def test_organisation_has_its_own_hours(looking: Session, shared_giver: Giver, code: str, expected: list[int]) -> None:
    """Who records certifies: nobody else's hours."""
    assert minutes(looking, shared_giver, organisation_id=shared_giver.world.organisations[code]) == expected


def test_other_volunteers_have_none_of_it(looking: Session, shared_giver: Giver) -> None:
    """Hours are of whoever gave them."""
    assert served_records(looking, shared_giver.world.volunteers["V2"]) == []


def test_gifts_and_grants_are_no_hours(session: Session, giver: Giver, noon: datetime) -> None:
    """Coins that came otherwise than by serving make no star."""
    given = Posting(
        book_id=giver.world.book,
        idem_key="grant",
        debit_id=account_id(session, giver.world.book, ISSUANCE),
        credit_id=account_of_person(session, giver.person).id or 0,
        amount_min=6000,
        reason="grant",
        effective_at=noon,
    )

    post(session, given, now=noon)

    assert standing_on(session, giver.person, date(2026, 3, 2)).service_min == 135


def test_transfer_of_another_kind_behind_a_visit_is_no_hour(session: Session, giver: Giver, noon: datetime) -> None:
    """Whoever points a visit at coins that were not earned by it is refused by the database, and makes no hour."""
    given = Posting(
        book_id=giver.world.book,
        idem_key="grant",
        debit_id=account_id(session, giver.world.book, ISSUANCE),
        credit_id=account_of_person(session, giver.person).id or 0,
        amount_min=90,
        reason="grant",
        effective_at=noon,
    )
    granted = post(session, given, now=noon).transfer_id

    with pytest.raises(IntegrityError, match="claimed as coins"), session.begin_nested():
        session.connection().execute(update(VISIT).where(VISIT.c.transfer_id.is_(None)).values(transfer_id=granted))

    assert minutes(session, giver) == [60, 45, 30]


@pytest.mark.parametrize(("numerator", "denominator", "credit"), [(2, 1, 120), (1, 2, 30), (1, 1, 60)])
def test_time_counts_and_not_coins(
    session: Session, world: World, credited: Credit, numerator: int, denominator: int, credit: int
) -> None:
    """An hour of a service that earns two coins is one hour on a certificate."""
    ratio = update(SERVICE).where(SERVICE.c.code == "greeting")
    session.connection().execute(ratio.values(earn_numerator=numerator, earn_denominator=denominator))

    credited()

    visit = served_records(session, world.volunteers["V1"])[0]
    assert (visit.service_min, visit.credit_min) == (60, credit)


def test_later_ratio_gives_no_hour_that_was_not_served(session: Session, world: World, credited: Credit) -> None:
    """A service that earned double when it was given was still one hour."""
    greeting = update(SERVICE).where(SERVICE.c.code == "greeting")
    session.connection().execute(greeting.values(earn_numerator=2))
    credited()

    session.connection().execute(greeting.values(earn_numerator=1))

    assert total_min(served_records(session, world.volunteers["V1"])) == 60


@pytest.mark.parametrize(("last", "stars"), [(date(2026, 1, 14), 0), (date(2026, 1, 15), 1)])
def test_level_is_reached_with_the_day_that_completes_it(
    session: Session, world: World, credited: Credit, last: date, stars: int
) -> None:
    """Ninety-nine hours are no star; the hundredth is one from the evening of its day."""
    credited(day=date(2026, 1, 1), served_min=960)
    credited(day=date(2026, 1, 2), served_min=960)
    credited(day=date(2026, 1, 3), served_min=960)
    credited(day=date(2026, 1, 4), served_min=960)
    credited(day=date(2026, 1, 5), served_min=960)
    credited(day=date(2026, 1, 6), served_min=960)
    credited(day=date(2026, 1, 15), served_min=240)

    standing = standing_on(session, world.volunteers["V1"], last)

    assert (standing.level.stars if standing.level else 0) == stars
    assert standing.ladder.name == "shanghai-2026"
