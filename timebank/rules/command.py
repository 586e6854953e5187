"""``timebank rules ...``: list the packs, show one, and explain a case."""

from pathlib import Path
from typing import Annotated

import typer

from timebank.core.errors import NotFound
from timebank.core.texts import LOCALES
from timebank.rules.cases import decide_case
from timebank.rules.district import read_text
from timebank.rules.pack import Pack, load_packs, pack_named
from timebank.rules.told import explained, listed, shown

app = typer.Typer(no_args_is_help=True, help="Rule packs: which hold, what they say, and why.")


@app.command(name="list")
def list_packs() -> None:
    """List the packs, Chinese and English: their days, and how much of each is sourced, assumed or set."""
    for pack in load_packs():
        for locale in LOCALES:
            typer.echo(listed(pack, locale))


@app.command()
def show(pack: Annotated[str, typer.Argument(help="Name of a pack, such as shanghai-2026.")]) -> None:
    """Show every rule of a pack with its value, whether it is sourced or assumed, and where it stands."""
    for line in shown(wanted_pack(pack)):
        typer.echo(line)


@app.command()
def explain(case: Annotated[Path, typer.Argument(help="A TOML file with kind and [case]; see docs/rules.md.")]) -> None:
    """Answer 'why', or 'why may I not', in Chinese and English; ends with 1 when it is not allowed."""
    decided = decide_case(read_text(case), file=case.name)
    for line in explained(decided.decision, decided.pack, str(decided.day)):
        typer.echo(line)
    raise typer.Exit(int(not decided.decision.allowed))


def wanted_pack(name: str) -> Pack:
    """Return a pack by its name.

    Raises
    ------
    NotFound
        When there is none.
    """
    try:
        return pack_named(name)
    except KeyError:
        raise NotFound(kind="pack", key=name) from None
