"""The register knows every certificate as it was signed, and follows each figure to its entries."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.honours.conftest import Issue
from tests.honours.givers import Giver
from timebank.core.database import transaction
from timebank.core.errors import NotFound
from timebank.honours.keys import current_key, rotate_keys, signer_of
from timebank.honours.register import check_registered, shaken, trace
from timebank.honours.revocations import revoke
from timebank.honours.statement import read, sign
from timebank.ledger.holds import reverse

NUMBER = "EAST-2026-000001"
TABLES = ("certificate", "certificate_record")


def without_guards(session: Session, statement: str, *tables: str) -> None:
    """Run a statement as whoever has the database in hand can: with the triggers of the tables down."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        down = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables]
    else:
        down = [f"DROP TRIGGER {table}_no_update" for table in tables]
    for each in (*down, statement):
        connection.execute(text(each))


def test_issued_certificate_is_valid(engine: Engine, issue_now: Issue) -> None:
    """The page says more than a signature can: it is in the register."""
    statement = issue_now().statement

    with transaction(engine, read_only=True) as session:
        finding = check_registered(session, statement)

    assert (finding.verdict, finding.why) == ("valid", "why_registered")


def test_certificate_of_before_rotations_stays_valid(engine: Engine, issue_now: Issue, noon: datetime) -> None:
    """A new key every year must not make last year's papers worthless."""
    statement = issue_now().statement
    with transaction(engine) as session:
        rotate_keys(session, now=noon + timedelta(days=1))
        rotate_keys(session, now=noon + timedelta(days=2))

    with transaction(engine, read_only=True) as session:
        assert check_registered(session, statement).verdict == "valid"


def test_revoked_certificate_is_shown_as_revoked(engine: Engine, issue_now: Issue, noon: datetime) -> None:
    """The page knows at once what a list on a shelf learns later."""
    statement = issue_now().statement
    with transaction(engine) as session:
        revoked = revoke(session, NUMBER, reason="false_claim", now=noon)

    with transaction(engine, read_only=True) as session:
        finding = check_registered(session, statement)

    assert (finding.verdict, finding.revoked) == ("revoked", revoked)


@pytest.mark.parametrize("change", [{"number": "EAST-2026-000002"}, {"service_min": 6000}])
def test_statement_that_was_never_registered_is_unknown(
    engine: Engine, issue_now: Issue, noon: datetime, change: dict[str, object]
) -> None:
    """Even a stolen key makes no certificate: the register does not know what it signed."""
    stated = read(issue_now().statement).statement
    with transaction(engine) as session:
        signer = signer_of(current_key(session, now=noon))

    with transaction(engine, read_only=True) as session:
        finding = check_registered(session, sign(replace(stated, **change), signer))  # type: ignore[arg-type]  # by name

    assert (finding.verdict, finding.why, finding.statement) == ("unknown", "why_not_registered", None)


def test_trace_leads_to_every_entry(engine: Engine, giver: Giver, issue_now: Issue) -> None:
    """An auditor follows the figure on the paper to lines of the books, and they add up."""
    issue_now()

    with transaction(engine, read_only=True) as session:
        found = trace(session, NUMBER)

    assert [(line.transfer_id, line.service_min, line.entry_min) for line in found.lines] == [
        (giver.transfers[0], 60, 60),
        (giver.transfers[1], 45, 45),
    ]
    assert found.adds_up
    assert found.reversed_lines == ()


def test_reversal_after_the_issue_is_found(engine: Engine, giver: Giver, issue_now: Issue, noon: datetime) -> None:
    """The paper is out and says too much: the district must learn which ones to revoke."""
    issue_now()
    issue_now(organisation_id=giver.world.organisations["WEST"])
    with transaction(engine) as session:
        reverse(session, giver.world.book, giver.transfers[0], idem_key="undo", reason="error", now=noon)

    with transaction(engine) as session:
        before, lines = shaken(session), trace(session, NUMBER).reversed_lines
        revoke(session, NUMBER, reason="credit_reversed", now=noon)
        after = shaken(session)

    assert [line.transfer_id for line in lines] == [giver.transfers[0]]
    assert (before, after) == ([NUMBER], [])


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE certificate SET service_min = 6000",
        "UPDATE certificate SET credit_min = 6000",
        "UPDATE certificate_record SET service_min = service_min + 1",
        "UPDATE certificate_record SET credit_min = credit_min + 1",
    ],
)
def test_figure_that_was_changed_does_not_add_up(engine: Engine, issue_now: Issue, tampering: str) -> None:
    """Whoever takes the triggers down still cannot change what was signed and posted."""
    issue_now()
    with transaction(engine) as session:
        without_guards(session, tampering, *TABLES)

    with transaction(engine, read_only=True) as session:
        assert not trace(session, NUMBER).adds_up


def test_unknown_number_has_no_trace(engine: Engine, giver: Giver) -> None:
    """A number that was never given leads nowhere, in words."""
    with transaction(engine, read_only=True) as session, pytest.raises(NotFound, match="no certificate"):
        trace(session, NUMBER)
