"""Values are the same on both databases: 64 bits, aware moments, JSON as it was given."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError
from sqlmodel import Session

from timebank.core.tables import Job, Milestone
from timebank.needs.tables import Service

BIGGEST = 2**63 - 1
SHANGHAI = timezone(timedelta(hours=8))


def test_largest_number_is_kept(session: Session, noon: datetime) -> None:
    """A number of 32 bits holds on SQLite and overflows on PostgreSQL after a few years of minutes."""
    session.add(Job(kind="x", idempotency_key="k", created_at=noon, progress_ppm=BIGGEST))
    session.flush()

    assert session.connection().execute(text("SELECT progress_ppm FROM job")).scalar_one() == BIGGEST


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 2, 4, 0, tzinfo=UTC),
        datetime(2026, 3, 2, 12, 0, tzinfo=SHANGHAI),
        datetime(2026, 3, 2, 12, 0, 0, 1, tzinfo=SHANGHAI),
    ],
)
def test_moment_comes_back_in_utc(session: Session, moment: datetime) -> None:
    """To the microsecond, or a hash over it could not be computed again."""
    session.add(Milestone(name="m", reached_at=moment))
    session.flush()
    session.expire_all()

    found = session.get_one(Milestone, "m").reached_at

    assert (found, found.tzinfo) == (moment, UTC)


def test_moments_are_compared_whatever_their_zone(session: Session) -> None:
    """SQLite compares texts; they must all be of one zone."""
    early, late = datetime(2026, 3, 2, 11, 59, tzinfo=SHANGHAI), datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
    session.add(Milestone(name="early", reached_at=early))
    session.add(Milestone(name="late", reached_at=late))
    session.flush()

    found = session.connection().execute(Milestone.__table__.select().where(Milestone.reached_at < late))  # type: ignore[attr-defined]  # SQLModel adds it

    assert [row.name for row in found] == ["early"]


def test_naive_moment_is_refused(session: Session) -> None:
    """A moment without a zone would mean different times on different machines."""
    session.add(Milestone(name="naive", reached_at=datetime(2026, 3, 2)))  # noqa: DTZ001  # the fault under test

    with pytest.raises(StatementError, match="needs its time zone"):
        session.flush()


def test_json_comes_back_as_it_was(session: Session, noon: datetime) -> None:
    """Nesting, Chinese and numbers are kept; a hash over them stays."""
    detail = {"说": ["是", 1, None, {"n": 2.5}]}
    session.add(Milestone(name="m", detail=detail, reached_at=noon))
    session.flush()
    session.expire_all()

    assert session.get_one(Milestone, "m").detail == detail


def test_database_fills_in_what_sql_by_hand_leaves_out(session: Session) -> None:
    """Set-based inserts meet the same defaults as rows of the code."""
    by_hand = "INSERT INTO service (code, name_zh, name_en, served_by, minutes) VALUES ('x', 'x', 'x', 'slot', 5)"
    session.connection().execute(text(by_hand))

    filled = session.connection().execute(text("SELECT earn_numerator, earn_denominator, priority FROM service")).one()
    coded = Service(code="y", name_zh="y", name_en="y", served_by="slot", minutes=5)

    assert tuple(filled) == (coded.earn_numerator, coded.earn_denominator, coded.priority)
