"""Certificates keep their figures and what they rest on when the table under them changes its shape."""

from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.worlds import World
from timebank.core.database import transaction
from timebank.core.schema import downgrade, upgrade
from timebank.honours.register import trace

BEFORE = "0009"
RECORDS = "SELECT * FROM certificate_record ORDER BY certificate_id, line"
CERTIFICATES = "SELECT * FROM certificate ORDER BY id"
REVOCATIONS = "SELECT * FROM certificate_revocation ORDER BY certificate_id"


def _rows(session: Session) -> list[list[tuple[object, ...]]]:
    tables = (RECORDS, CERTIFICATES, REVOCATIONS)
    return [[tuple(row) for row in session.connection().execute(text(sql))] for sql in tables]


def test_certificates_rest_on_the_same_as_before(engine: Engine, full: World) -> None:
    """A paper that is out for years is still followed to its entries after the database is brought up to date."""
    with transaction(engine) as session:
        before = _rows(session)

    downgrade(engine, BEFORE)
    upgrade(engine)

    with transaction(engine, read_only=True) as session:
        assert _rows(session) == before
        assert len(before[0]) == len(before[1]) == len(before[2]) == 1
        number = session.connection().execute(text("SELECT number FROM certificate")).scalar_one()
        assert trace(session, number).adds_up
