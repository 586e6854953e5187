"""``timebank programmes pair ...``: propose, answer, pause, replace and end pairs, and read what happened to one."""

from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy import Row

from timebank.core.terminal import tell
from timebank.core.texts import Phrase
from timebank.programmes.desk import After, By, Code, Desk, First, Reason, at_desk, clock, local
from timebank.programmes.listing import list_pairs, pair_row, steps_of
from timebank.programmes.partnerships import answer, answer_all, end_pair, pair_of, pause, propose_pairs, resume
from timebank.programmes.replacing import candidates_for, propose_replacement

app = typer.Typer(no_args_is_help=True, help="Pairs that both sides agree to. 结对")
Number = Annotated[int, typer.Argument(min=1, help="Number of the pair. 结对编号")]
MOST_PAGES = 1000


@app.command()
def propose(
    code: Code, organisation: By, plan: Annotated[int, typer.Option(min=1, help="Number of the plan.")]
) -> None:
    """Propose the pairs of a plan for those of a programme who have no agreed volunteer."""
    with at_desk(organisation) as desk:
        count = propose_pairs(desk.session, desk.programme(code), plan, actor=desk.actor, now=desk.now)
        tell("pairs_proposed", plan=plan, programme=code, count=count)


@app.command(name="list")
def list_all(
    organisation: By,
    state: Annotated[str, typer.Option(help="proposed, agreed, declined, paused, ended; else those that live.")] = "",
    programme: Annotated[str, typer.Option(help="Code of a programme; else all.")] = "",
    first: First = 50,
    after: After = 0,
) -> None:
    """List pairs; people appear by reference."""
    with at_desk(organisation, is_reading=True) as desk:
        rows = list_pairs(
            desk.session,
            first=first,
            organisation_id=desk.organisation_id,
            after=after,
            state=state or None,
            programme=programme or None,
        )
        for row in rows:
            _tell(row)
        tell("programmes_count", count=len(rows))


def _tell(row: Row[Any]) -> None:
    tell(
        "pair_is",
        number=row.id,
        volunteer=row.volunteer_ref,
        senior=row.senior_ref,
        state=Phrase(f"state_{row.state}"),
        volunteer_says=Phrase(f"answered_{row.volunteer_says}"),
        organisation_says=Phrase(f"answered_{row.organisation_says}"),
    )


def _tell_one(desk: Desk, number: int) -> None:
    _tell(pair_row(desk.session, number))


@app.command(name="answer")
def answer_one(
    number: Number,
    organisation: By,
    side: Annotated[str, typer.Option(help="Who says so: volunteer or organisation.")],
    yes: Annotated[bool, typer.Option("--yes/--no", help="What they say.")],
    reason: Reason = "",
) -> None:
    """Write down what one side says to a proposed pair; a no has a reason."""
    with at_desk(organisation) as desk:
        answer(
            desk.session,
            number,
            side=side,
            is_yes=yes,
            actor=desk.actor,
            reason=reason,
            now=desk.now,
            organisation_id=desk.organisation_id,
        )
        _tell_one(desk, number)


@app.command(name="answer-all")
def answer_every(code: Code, organisation: By) -> None:
    """Write down that both sides said yes to every proposed pair of a programme, from signed lists."""
    with at_desk(organisation) as desk:
        programme, agreed, after = desk.programme(code), 0, 0
        for _ in range(MOST_PAGES):
            rows = list_pairs(
                desk.session,
                first=100,
                organisation_id=desk.organisation_id,
                after=after,
                state="proposed",
                programme=code,
            )
            if not rows:
                break
            after = rows[-1].id
            agreed += answer_all(desk.session, programme, [row.id for row in rows], actor=desk.actor, now=desk.now)
        tell("pairs_agreed", programme=code, count=agreed)


@app.command(name="pause")
def pause_one(
    number: Number,
    organisation: By,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day on which it goes on.")],
    reason: Reason,
) -> None:
    """Pause an agreed pair; its visits until then are called off."""
    with at_desk(organisation) as desk:
        parts: dict[str, Any] = {"actor": desk.actor, "now": desk.now, "organisation_id": desk.organisation_id}
        pause(desk.session, number, until=until.date(), reason=reason, **parts)
        _tell_one(desk, number)


@app.command(name="resume")
def resume_one(number: Number, organisation: By) -> None:
    """Let a paused pair go on."""
    with at_desk(organisation) as desk:
        resume(desk.session, number, actor=desk.actor, now=desk.now, organisation_id=desk.organisation_id)
        _tell_one(desk, number)


@app.command()
def end(number: Number, organisation: By, reason: Reason) -> None:
    """End a pair; its visits ahead are called off."""
    with at_desk(organisation) as desk:
        parts: dict[str, Any] = {"actor": desk.actor, "now": desk.now, "organisation_id": desk.organisation_id}
        end_pair(desk.session, number, reason=reason, **parts)
        _tell_one(desk, number)


@app.command()
def candidates(number: Number, organisation: By, count: Annotated[int, typer.Option(min=1, max=20)] = 5) -> None:
    """List who could take a pair over, as the engine finds them."""
    with at_desk(organisation) as desk:
        found = candidates_for(desk.session, number, organisation_id=desk.organisation_id, now=desk.now, count=count)
        for one in found:
            tell("pair_candidate", volunteer=one.volunteer_ref, distance=one.distance_m, clock=clock(one.starts_min))
        tell("programmes_count", count=len(found))


@app.command()
def replace(
    number: Number,
    volunteer: Annotated[str, typer.Argument(help="Reference of the volunteer to be asked.")],
    organisation: By,
    reason: Reason,
) -> None:
    """Propose another volunteer for a pair; the old one holds until the new one says yes."""
    with at_desk(organisation) as desk:
        proposal = propose_replacement(
            desk.session,
            number,
            desk.volunteer(volunteer),
            actor=desk.actor,
            reason=reason,
            now=desk.now,
            organisation_id=desk.organisation_id,
        )
        _tell_one(desk, proposal.id or 0)


@app.command()
def history(number: Number, organisation: By) -> None:
    """Say what happened to a pair: who, when, why."""
    with at_desk(organisation) as desk:
        pair_of(desk.session, number, organisation_id=desk.organisation_id)
        for step in steps_of(desk.session, number):
            kind, moment = Phrase(f"pair_step_{step.kind}"), local(step.happened_at)
            tell("pair_step", moment=moment, kind=kind, actor=step.actor, reason=step.reason)
