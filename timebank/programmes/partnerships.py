"""Pairs of a programme: proposed by the engine, agreed to by volunteer and organisation, paused, replaced, ended.

A pair counts for plans only when both said yes: it is a pair that must be, and until then its need has no visits. One
that was declined, or has ended, is not proposed again. Every step is written with who, when and why.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, insert, update
from sqlalchemy import select as choose
from sqlmodel import Session

from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.needs.tables import Need
from timebank.planning.agreed import agree_pairs, decline_pairs, pairs_of_plan, release_pairs
from timebank.planning.presets import PairCannotBe, preset
from timebank.programmes.handing import hand_over
from timebank.programmes.programmes import ENROLMENT, needs_of_programme, programme_number
from timebank.programmes.refusals import AnsweredAlready, PairedAlready
from timebank.programmes.steps import call_off_ahead, words_of, write_steps
from timebank.programmes.tables import CareProgramme, Partnership

PARTNERSHIP, NEED = map(table_of, (Partnership, Need))
SIDES = ("volunteer", "organisation")
LIVES, HOLDS = ("proposed", "agreed", "paused"), ("agreed", "paused")
LONGEST_PAUSE_DAYS, MOST_AT_ONCE = 366, 5000


def propose_pairs(session: Session, programme: CareProgramme, plan_id: int, *, actor: str, now: datetime) -> int:
    """Propose what a plan pairs for the programme's needs that have no agreed volunteer; returns how many are new.

    An earlier proposal for such a need that nobody declined, and that the plan does not repeat, is withdrawn.
    """
    number, connection, p = programme_number(programme), session.connection(), PARTNERSHIP.c
    needs = needs_of_programme(number)
    live = connection.execute(
        choose(p.id, p.need_id, p.volunteer_id, p.state).where(p.programme_id == number, p.state.in_(LIVES))
    ).all()
    held = {row.need_id for row in live if row.state in HOLDS}
    asked = {(row.need_id, row.volunteer_id): row.id for row in live if row.state == "proposed"}
    planned = [row for row in pairs_of_plan(session, plan_id, needs) if row.need_id not in held]
    repeated = {(row.need_id, row.volunteer_id) for row in planned}
    met = {need for need, _ in repeated}
    _withdraw(session, [pair for key, pair in asked.items() if key[0] in met and key not in repeated], actor, now)
    enrolments = {row.need_id: row.id for row in connection.execute(_in_programme(number))}
    fresh = [row for row in planned if (row.need_id, row.volunteer_id) not in asked]
    _insert(session, number, plan_id, fresh, enrolments, now)
    new = choose(p.id).where(p.programme_id == number, p.plan_id == plan_id, p.proposed_at == now)
    if fresh:
        write_steps(session, connection.execute(new).scalars().all(), "proposed", actor=actor, now=now)
    return len(fresh)


def _in_programme(programme_id: int) -> Select[Any]:
    e = ENROLMENT.c
    return choose(e.id, e.need_id).where(e.programme_id == programme_id, e.ended_at.is_(None))


def _insert(
    session: Session,
    programme_id: int,
    plan_id: int,
    fresh: Sequence[Row[Any]],
    enrolments: dict[int, int],
    now: datetime,
) -> None:
    rows = [
        {
            "programme_id": programme_id,
            "enrolment_id": enrolments[row.need_id],
            "need_id": row.need_id,
            "volunteer_id": row.volunteer_id,
            "plan_id": plan_id,
            "distance_m": row.distance_m,
            "state": "proposed",
            "volunteer_says": "",
            "organisation_says": "",
            "proposed_at": now,
        }
        for row in fresh
    ]
    if rows:
        session.connection().execute(insert(PARTNERSHIP), rows)


def _withdraw(session: Session, pairs: list[int], actor: str, now: datetime) -> None:
    for start in range(0, len(pairs), MOST_AT_ONCE):
        some = pairs[start : start + MOST_AT_ONCE]
        gone = update(PARTNERSHIP).where(PARTNERSHIP.c.id.in_(some))
        session.connection().execute(gone.values(state="withdrawn"))
        write_steps(session, some, "withdrawn", actor=actor, now=now)


def pair_of(
    session: Session, pair_id: int, *, organisation_id: int | None = None, volunteer_id: int | None = None
) -> Partnership:
    """Return a pair as it is now, locked; for an organisation one of its programmes', for a volunteer their own.

    Raises
    ------
    NotFound
        When there is none, or it is another's; the two are never told apart.
    """
    pair = session.get(Partnership, pair_id, populate_existing=True, with_for_update=True)
    if pair is None or volunteer_id not in (None, pair.volunteer_id):
        raise NotFound(kind="partnership", key=str(pair_id))
    owner = session.get_one(CareProgramme, pair.programme_id).organisation_id
    if organisation_id not in (None, owner):
        raise NotFound(kind="partnership", key=str(pair_id))
    return pair


def answer(
    session: Session,
    pair_id: int,
    *,
    side: str,
    is_yes: bool,
    actor: str,
    now: datetime,
    reason: str = "",
    organisation_id: int | None = None,
    volunteer_id: int | None = None,
) -> Partnership:
    """Say yes or no to a proposed pair for one side; the same again changes nothing. A no has a reason.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    AnsweredAlready
        When the side said otherwise before.
    WrongState
        When the pair was not proposed, or has ended.
    PairedAlready
        When the need has an agreed volunteer meanwhile whom this one does not replace.
    PairCannotBe
        When the two never meet.
    WrongInput
        When the side is none, or a no has no reason.
    """
    if side not in SIDES:
        raise WrongInput(field="side", value=side[:20], right=Phrase("right_one_of", known=", ".join(SIDES)))
    words = words_of("reason", reason, least=0 if is_yes else 1)
    pair = pair_of(session, pair_id, organisation_id=organisation_id, volunteer_id=volunteer_id)
    said, stood = "yes" if is_yes else "no", getattr(pair, f"{side}_says")
    if stood == said:
        return pair
    if stood:
        raise AnsweredAlready(pair=pair_id, answered=stood)
    if pair.state != "proposed":
        raise WrongState(kind="partnership", key=str(pair_id), state=pair.state, allowed="proposed")
    setattr(pair, f"{side}_says", said)
    write_steps(session, [pair_id], f"{side}_{said}", actor=actor, now=now, reason=words)
    if not is_yes:
        pair.state = "declined"
        decline_pairs(session, [(pair.need_id, pair.volunteer_id)], actor=actor, now=now)
    elif pair.volunteer_says == pair.organisation_says == "yes":
        _agree(session, pair, actor, now)
    session.flush()
    return pair


def _agree(session: Session, pair: Partnership, actor: str, now: datetime) -> None:
    """Let a pair be: whoever it replaces ends first, others who were proposed are withdrawn."""
    p, number = PARTNERSHIP.c, pair.id or 0
    others = choose(p.id, p.state).where(p.need_id == pair.need_id, p.state.in_(LIVES), p.id != number)
    live = session.connection().execute(others).all()
    for other in live:
        if other.state in HOLDS and other.id != pair.replaces_id:
            raise PairedAlready(pair=number)
    for other in live:
        if other.state in HOLDS:
            before = pair_of(session, other.id)
            _end(session, before, "replaced", actor, "", now)
            hand_over(session, pair.need_id, before.volunteer_id, pair.volunteer_id, actor=actor, now=now)
    _withdraw(session, [other.id for other in live if other.state == "proposed"], actor, now)
    pair.state = "agreed"
    session.connection().execute(update(NEED).where(NEED.c.id == pair.need_id).values(status="open"))
    session.flush()
    preset(session, pair.need_id, pair.volunteer_id, actor=actor, now=now)
    write_steps(session, [number], "agreed", actor=actor, now=now)


def answer_all(session: Session, programme: CareProgramme, pairs: Sequence[int], *, actor: str, now: datetime) -> int:
    """Write that both sides said yes to many proposed pairs of a programme, set-based; returns how many are agreed now.

    For lists that were signed on paper. A pair that is not just proposed, or whose need has an agreed volunteer, is
    passed over.
    """
    p, connection, agreed = PARTNERSHIP.c, session.connection(), 0
    other = PARTNERSHIP.alias("other")
    taken = choose(other.c.need_id).where(other.c.state.in_(HOLDS))
    for start in range(0, len(pairs), MOST_AT_ONCE):
        some = pairs[start : start + MOST_AT_ONCE]
        open_ones = (
            choose(p.id, p.need_id, p.volunteer_id)
            .where(p.id.in_(some), p.programme_id == programme.id, p.state == "proposed")
            .where(p.volunteer_says == "", p.organisation_says == "", p.need_id.not_in(taken))
            .order_by(p.id)
        )
        rows = list({row.need_id: row for row in connection.execute(open_ones)}.values())
        numbers = [row.id for row in rows]
        said = {"volunteer_says": "yes", "organisation_says": "yes", "state": "agreed"}
        connection.execute(update(PARTNERSHIP).where(p.id.in_(numbers)).values(said))
        for kind in ("volunteer_yes", "organisation_yes", "agreed"):
            write_steps(session, numbers, kind, actor=actor, now=now)
        agree_pairs(session, [(row.need_id, row.volunteer_id) for row in rows], actor=actor, now=now)
        agreed += len(numbers)
    return agreed


def pause(
    session: Session,
    pair_id: int,
    *,
    until: date,
    actor: str,
    reason: str,
    now: datetime,
    organisation_id: int | None = None,
) -> Partnership:
    """Pause an agreed pair until a day: its visits until then are called off, and plans leave its need out meanwhile.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    WrongState
        When it is not agreed.
    WrongInput
        When the day is not ahead within a year, or there is no reason.
    """
    words, today = words_of("reason", reason), day_of(now)
    if not today < until <= today + timedelta(days=LONGEST_PAUSE_DAYS):
        right = Phrase("right_days_away", most=LONGEST_PAUSE_DAYS)
        raise WrongInput(field="until", value=until.isoformat(), right=right)
    pair = pair_of(session, pair_id, organisation_id=organisation_id)
    if (pair.state, pair.paused_until) == ("paused", until):
        return pair
    if pair.state != "agreed":
        raise WrongState(kind="partnership", key=str(pair_id), state=pair.state, allowed="agreed")
    pair.state, pair.paused_until = "paused", until
    session.connection().execute(update(NEED).where(NEED.c.id == pair.need_id).values(status="paused"))
    release_pairs(session, [(pair.need_id, pair.volunteer_id)], actor=actor, now=now)
    call_off_ahead(session, pair.need_id, from_day=today, to_day=until, actor=actor, note=words, now=now)
    write_steps(session, [pair_id], "paused", actor=actor, now=now, reason=words)
    session.flush()
    return pair


def resume(
    session: Session, pair_id: int, *, actor: str, now: datetime, organisation_id: int | None = None
) -> Partnership:
    """Let a paused pair go on: plans that are made from now on have it again; one that goes on already stays.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    WrongState
        When it is not paused.
    """
    pair = pair_of(session, pair_id, organisation_id=organisation_id)
    if pair.state == "agreed":
        return pair
    if pair.state != "paused":
        raise WrongState(kind="partnership", key=str(pair_id), state=pair.state, allowed="paused")
    preset(session, pair.need_id, pair.volunteer_id, actor=actor, now=now)
    pair.state, pair.paused_until = "agreed", None
    session.connection().execute(update(NEED).where(NEED.c.id == pair.need_id).values(status="open"))
    session.flush()
    write_steps(session, [pair_id], "resumed", actor=actor, now=now)
    session.flush()
    return pair


def has_over(session: Session, *, now: datetime) -> bool:
    """Tell whether the pause of a pair is over."""
    return session.connection().execute(_over(now).limit(1)).first() is not None


def _over(now: datetime) -> Select[Any]:
    p = PARTNERSHIP.c
    return choose(p.id).where(p.state == "paused", p.paused_until <= day_of(now)).order_by(p.id)


def resume_due(session: Session, *, actor: str, now: datetime) -> int:
    """Let every pair go on whose pause is over; returns how many. One that cannot be any more stays paused."""
    resumed = 0
    for number in list(session.connection().execute(_over(now)).scalars()):
        with suppress(PairCannotBe, WrongState):
            resume(session, number, actor=actor, now=now)
            resumed += 1
    return resumed


def end_pair(
    session: Session,
    pair_id: int,
    *,
    actor: str,
    reason: str,
    now: datetime,
    organisation_id: int | None = None,
    is_senior_leaving: bool = False,
) -> Partnership:
    """End a pair: its visits ahead are called off, and the two are not proposed to each other again; ended, it stays.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    WrongInput
        When there is no reason.
    WrongState
        When it was declined or withdrawn.
    """
    words = words_of("reason", reason)
    pair = pair_of(session, pair_id, organisation_id=organisation_id)
    if pair.state == "ended":
        return pair
    if pair.state not in LIVES:
        raise WrongState(kind="partnership", key=str(pair_id), state=pair.state, allowed="agreed")
    _end(session, pair, "ended", actor, words, now)
    if not is_senior_leaving:
        session.connection().execute(update(NEED).where(NEED.c.id == pair.need_id).values(status="open"))
    return pair


def _end(session: Session, pair: Partnership, kind: str, actor: str, reason: str, now: datetime) -> None:
    both = [(pair.need_id, pair.volunteer_id)]
    release_pairs(session, both, actor=actor, now=now)
    decline_pairs(session, both, actor=actor, now=now)
    if kind == "ended":
        parts = {"from_day": day_of(now), "actor": actor, "note": reason, "now": now}
        call_off_ahead(session, pair.need_id, volunteer_id=pair.volunteer_id, **parts)  # type: ignore[arg-type]  # parts by name
    pair.state, pair.paused_until = "ended", None
    session.flush()
    write_steps(session, [pair.id or 0], kind, actor=actor, now=now, reason=reason)
