"""What every command at a desk has: the transaction, the organisation, the moment, and words in both languages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer
from sqlmodel import Session

from timebank.core.clock import now
from timebank.core.naming import number_of
from timebank.core.opening import reading, writing
from timebank.needs.tables import Service
from timebank.people.tables import Organisation

Office = Annotated[str, typer.Option("--organisation", "-o", help="Code of the organisation whose desk it is.")]
Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"])]


@dataclass(frozen=True, slots=True)
class Desk:
    """One command: one transaction, one organisation, one moment."""

    session: Session
    organisation_id: int
    now: datetime

    @property
    def actor(self) -> str:
        """Return who acts, as it is written down."""
        return f"organisation:{self.organisation_id}"

    def service(self, code: str) -> Service:
        """Return a service by its code."""
        return self.session.get_one(Service, number_of(self.session, Service, code))


@contextmanager
def at_desk(organisation: str, *, is_reading: bool = False) -> Iterator[Desk]:
    """Open a transaction for a desk; it is committed when the block ends well."""
    with reading() if is_reading else writing() as session:
        yield Desk(session, number_of(session, Organisation, organisation), now())
