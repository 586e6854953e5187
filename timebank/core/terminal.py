"""What every command says and reads alike: a text in Chinese, then in English; a day that is today if none is said."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

import typer

from timebank.core.clock import day_of, now
from timebank.core.texts import LOCALES, Phrase, say


def both(key: str, /, **values: object) -> Iterator[str]:
    """Say one text in both languages; a phrase in it is said in the language of the line it stands in."""
    for locale in LOCALES:
        said = {
            name: say(value.key, locale, **value.values) if isinstance(value, Phrase) else value
            for name, value in values.items()
        }
        yield say(key, locale, **said)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines, each by itself."""
    for line in lines:
        typer.echo(line)


def tell(key: str, /, **values: object) -> None:
    """Print one text in both languages, as :func:`both` says it."""
    print_lines(both(key, **values))


def day_or_today(moment: datetime | None) -> date:
    """Return the day that was typed, or today in Shanghai."""
    return moment.date() if moment else day_of(now())
