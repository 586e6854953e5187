"""Where a command of the bridge stands: a transaction for an organisation, and what is told in both languages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer
from sqlmodel import Session

from timebank.core.naming import number_of
from timebank.core.opening import reading, writing
from timebank.core.texts import LOCALES, Phrase, catalogue, say
from timebank.people.tables import Organisation

By = Annotated[str, typer.Option("--organisation", "-o", help="Code of the organisation that acts. 组织编号")]
Key = Annotated[str, typer.Option(help="The same key and content is the same act, whatever is retried.")]
Day = typer.Option(formats=["%Y-%m-%d"])
Number = Annotated[int, typer.Argument(help="Its number. 编号")]
Many = Annotated[int, typer.Argument(min=1, help="How many. 数量")]


@dataclass(frozen=True, slots=True)
class Desk:
    """A transaction, and the organisation that acts in it."""

    session: Session
    organisation_id: int


@contextmanager
def at_desk(code: str, *, is_reading: bool = False) -> Iterator[Desk]:
    """Open a transaction for an organisation."""
    with reading() if is_reading else writing() as session:
        yield Desk(session, number_of(session, Organisation, code))


def told(key: str, *, state: str = "", **values: object) -> None:
    """Say a text in Chinese, then in English; a state by its word."""
    for locale in LOCALES:
        word = catalogue().get(f"bridge_state_{state}") or catalogue().get(f"state_{state}")
        shown = {name: say(v.key, locale) if isinstance(v, Phrase) else v for name, v in values.items()}
        typer.echo(say(key, locale, state=word[locale] if word else state, **shown))
