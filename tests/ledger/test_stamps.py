"""The cheap way to hash gives the bytes of the plain one."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as some

from timebank.ledger.stamps import Stamps, as_sqlite_keeps
from timebank.ledger.terms import Posting, leaf_hash, request_hash

NUMBERS = some.integers(1, 2**63 - 1)
WORDS = some.text(min_size=1, max_size=24).filter(str.isprintable)
MOMENTS = some.datetimes(
    datetime(1, 1, 3),  # noqa: DTZ001  # the zone is drawn beside it
    datetime(9999, 12, 29),  # noqa: DTZ001  # the zone is drawn beside it
    timezones=some.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-9, minutes=-30))]),
)
DECISIONS = some.dictionaries(
    some.text(max_size=5), some.none() | some.booleans() | some.integers() | some.text() | some.lists(some.floats())
)
POSTINGS = some.builds(
    Posting,
    book_id=NUMBERS,
    idem_key=WORDS,
    debit_id=some.integers(1, 9),
    credit_id=some.integers(10, 2**63 - 1),
    amount_min=some.integers(1, 1_000_000_000),
    reason=WORDS,
    effective_at=MOMENTS,
    kind=some.sampled_from(["post", "hold", "capture", "void", "expire", "reverse"]),
    hold_id=some.none() | NUMBERS,
    reverses_id=some.none() | NUMBERS,
    expires_at=some.none() | MOMENTS,
    decision=DECISIONS,
)


@settings(max_examples=150, deadline=None)
@given(posting=POSTINGS, now=MOMENTS)
def test_stamp_is_the_plain_hash(posting: Posting, now: datetime) -> None:
    """A leaf that another program computes from the row must be the one that stands in it, whatever was written."""
    stamps = Stamps(now)

    first, again = stamps.of(posting), stamps.of(posting)

    assert first[:2] == (request_hash(posting), leaf_hash(posting, now))
    assert again == first


def test_moment_is_written_as_the_column_keeps_it() -> None:
    """Moments of one column are compared as texts; another spelling would sort elsewhere."""
    stamps = Stamps(datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(hours=8))))

    assert as_sqlite_keeps(stamps.created_at) == "2026-03-02 04:00:00.000000"
