"""What coins did is compared with the ledger, and the first row that differs is named."""

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.coins.conftest import OFFICE, Town
from tests.coins.filled import fill_coins
from timebank.coins.checks import compare_coins
from timebank.coins.estates import settle_estate
from timebank.coins.gifts import accept_gift
from timebank.coins.settling import capture_redemption
from timebank.core.database import transaction


def filled(session: Session, town: Town) -> None:
    """Do everything once: S1's visit is captured, her gift is accepted, the estate of S3 is settled."""
    fill_coins(session, town)
    capture_redemption(session, 1, served_min=50, actor=OFFICE, now=town.noon)
    accept_gift(session, town.act("yes", "S2"), 1)
    settle_estate(session, town.act("settle"), 1, parts={})


def test_what_coins_did_agrees_with_the_ledger(engine: Engine, lone_town: Town) -> None:
    """Nothing is found where nothing is wrong."""
    with transaction(engine) as session:
        filled(session, lone_town)

        assert compare_coins(session, lone_town.book) == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE redemption SET captured_min = 49", ("C1", "redemption 1 is captured and its hold is void")),
        (
            "UPDATE redemption SET status = 'held', captured_min = 0, transfer_id = NULL",
            ("C1", "redemption 1 is held and its hold is void"),
        ),
        ("UPDATE gift SET amount_min = 9", ("C2", "gift 1 is accepted and its hold is capture")),
        ("UPDATE gift SET status = 'undone'", ("C2", "gift 1 is undone and its hold is capture")),
        ("UPDATE grant_programme SET used_min = 0", ("C3", "programme 1 says 0, its grants 600")),
        ("UPDATE family_member SET put_in_min = put_in_min + 1", ("C5", "family 1 was given 10, its members say 12")),
        ("UPDATE account SET status = 'frozen' WHERE status = 'closed'", ("C5", "estate 1 is settled and account ")),
        (
            "UPDATE account SET credits = credits + 1 WHERE code = 'settlement:changning'",
            ("C4", "books changning and test: -10, 11"),
        ),
    ],
)
def test_row_that_differs_is_named(engine: Engine, lone_town: Town, statement: str, found: tuple[str, str]) -> None:
    """Whoever changed a row by hand, or a fault of ours, is found by the row."""
    with transaction(engine) as session:
        filled(session, lone_town)
        session.connection().execute(text(statement))

        (unlike,) = compare_coins(session, lone_town.book)

        assert (unlike.check, unlike.row[: len(found[1])]) == found
