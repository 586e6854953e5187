"""``timebank bridge practice ...``: good practice with figures, submitted, decided, read, traced."""

from datetime import date
from typing import Annotated
from uuid import uuid4

import typer

from timebank.bridge.counting import QUERIES
from timebank.bridge.desk import By, Key, Number, at_desk, told
from timebank.bridge.practices import (
    FigureDraft,
    PracticeDraft,
    Told,
    decide,
    published,
    submit,
    submitted,
    trace_figure,
)
from timebank.bridge.practices import told as version_told
from timebank.bridge.tables import PracticeVersion
from timebank.core.clock import now
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase

app = typer.Typer(no_args_is_help=True, help="Good practice with figures. 优秀案例")
Version = Annotated[int, typer.Argument(help="Its version. 版本")]


@app.command(name="submit")
def submit_one(
    title: Annotated[str, typer.Argument(help="Title in Chinese. 标题")],
    done: Annotated[str, typer.Argument(help="What was done. 做法")],
    organisation: By,
    figure: Annotated[
        list[str], typer.Option(help=f"QUERY:FROM:TO, days half-open; queries are {', '.join(QUERIES)}.")
    ],
    practice: Annotated[int | None, typer.Option(help="Number of an own practice, for a new version.")] = None,
    key: Key = "",
) -> None:
    """Submit a practice with its figures, which are counted now."""
    draft = PracticeDraft(title_zh=title, done=done, figures=tuple(map(_figure, figure)), practice_id=practice)
    with at_desk(organisation) as desk:
        row = submit(desk.session, desk.organisation_id, draft, idempotency_key=key or str(uuid4()), now=now())
        _said(version_told(desk.session, row))


@app.command(name="decide")
def decide_one(
    number: Number,
    version: Version,
    decision: Annotated[str, typer.Argument(help="approve or return.")],
    organisation: By,
    words: Annotated[str, typer.Option(help="In words; needed to return it.")] = "",
) -> None:
    """Approve a version as the bureau, or return it with words."""
    if decision not in ("approve", "return"):
        right = Phrase("right_one_of", known="approve, return")
        raise WrongInput(field="decision", value=decision[:40], right=right)
    is_approved = decision == "approve"
    with at_desk(organisation) as desk:
        decide(desk.session, desk.organisation_id, number, version, is_approved=is_approved, words=words, now=now())
        _said(version_told(desk.session, desk.session.get_one(PracticeVersion, (number, version))))


@app.command(name="list")
def list_practices(
    organisation: By,
    mine: Annotated[bool, typer.Option("--submitted", help="What was submitted, not what is published.")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """List good practice, the newest first, a hundred at most."""
    with at_desk(organisation, is_reading=True) as desk:
        found = submitted(desk.session, desk.organisation_id, first=100) if mine else published(desk.session, first=100)
        for each in found:
            _said(each)
        told("bridge_count", count=len(found))


@app.command()
def trace(
    number: Number,
    version: Version,
    position: Annotated[int, typer.Argument(help="Position of the figure. 第几项")],
    organisation: By,
    after: Annotated[int, typer.Option(help="Number of the last row of the page before.")] = 0,
) -> None:
    """List the rows that a figure counts, a hundred at a time."""
    with at_desk(organisation, is_reading=True) as desk:
        table, numbers = trace_figure(desk.session, number, version, position, after_id=after)
        told("bridge_trace", table=table, numbers=", ".join(map(str, numbers)))


def _figure(text: str) -> FigureDraft:
    query, _, days = text.partition(":")
    first, _, last = days.partition(":")
    try:
        return FigureDraft(query, date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        raise WrongInput(field="figure", value=text[:40], right=Phrase("right_figure")) from None


def _said(one: Told) -> None:
    row = one.version
    state = one.decision.decision if one.decision else "submitted_version"
    told("bridge_practice", number=row.practice_id, version=row.version, title=row.title_zh, state=state)
    for figure in one.figures:
        query = Phrase(f"query_{figure.query}")
        shown = figure.model_dump(include={"position", "value", "from_day", "to_day"})
        told("bridge_figure", query=query, **shown)
