"""Who types: an organisation by its code, in one transaction; and how lines are told in both languages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer
from sqlmodel import Session

from timebank.core.clock import SHANGHAI, now
from timebank.core.naming import number_of
from timebank.core.opening import reading, writing
from timebank.core.texts import Phrase
from timebank.people.tables import Organisation, Senior, Volunteer
from timebank.programmes.programmes import programme_named
from timebank.programmes.tables import CareProgramme

By = Annotated[str, typer.Option("--organisation", "-o", help="Code of the organisation that acts. 机构编码")]
Code = Annotated[str, typer.Argument(help="Code of the programme. 项目编码")]
Reason = Annotated[str, typer.Option(help="Why, in words that are kept. 原因")]
Ref = Annotated[str, typer.Argument(help="Reference of a senior. 老人编号")]
After = Annotated[int, typer.Option(min=0, help="Number of the last line of the page before.")]
First = Annotated[int, typer.Option(min=1, max=100, help="Most lines.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """An organisation's clerk: the session, whose it is, and the moment."""

    session: Session
    organisation_id: int
    actor: str
    now: datetime

    def programme(self, code: str) -> CareProgramme:
        """Return one of the organisation's programmes."""
        return programme_named(self.session, code, organisation_id=self.organisation_id)

    def senior(self, ref: str) -> int:
        """Return the number of a senior by reference."""
        return number_of(self.session, Senior, ref, name="external_ref", number="person_id")

    def volunteer(self, ref: str) -> int:
        """Return the number of a volunteer by reference."""
        return number_of(self.session, Volunteer, ref, name="external_ref", number="person_id")


@contextmanager
def at_desk(organisation: str, *, is_reading: bool = False) -> Iterator[Desk]:
    """Open one transaction for an organisation's clerk."""
    with (reading if is_reading else writing)() as session:
        number = number_of(session, Organisation, organisation)
        yield Desk(session=session, organisation_id=number, actor=f"organisation:{number}", now=now())


def frequency(kind: str, count: int) -> Phrase:
    """Return how often, in words."""
    return Phrase(f"frequency_{kind}", count=count)


def local(moment: datetime) -> str:
    """Write a moment as it is in Shanghai."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def clock(minute: int) -> str:
    """Write a minute of the day."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
