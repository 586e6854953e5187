"""What the command line says of plans: lines in Chinese and English, of people by reference alone."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session

from matching.reasons import Weighed
from matching.whatif import Row as Compared
from matching.worth import Worth
from timebank.core.columns import table_of
from timebank.core.minutes import format_clock
from timebank.core.terminal import both
from timebank.core.texts import LOCALES, say
from timebank.people.tables import Volunteer
from timebank.planning.near_rows import Candidate, rounded
from timebank.planning.pairs import unmet_reason
from timebank.planning.reasons import Better, better_words
from timebank.planning.repairs import change_words
from timebank.planning.tables import Plan
from timebank.planning.waiting import Waiting

VOLUNTEER = table_of(Volunteer)
FIGURES_SHOWN = (
    "needs_met",
    "seniors_with_nobody",
    "volunteers_idle",
    "mean_distance_m",
    "visits",
    "bookings",
    "objective",
)


def of_plan(plan: Plan, unmet: int) -> Iterator[str]:
    """Say what a plan reaches, and how good it is."""
    yield from both(
        "plan_told",
        number=plan.id,
        state=plan.state,
        starts_on=plan.starts_on,
        days=plan.horizon_days,
        met=plan.figures["pairs"]["met"],
        visits=plan.figures["visits"],
        bookings=plan.figures["bookings"],
        unmet=unmet,
        status=plan.status,
        objective=f"{plan.objective:,}",
        bound=f"{plan.bound:,}",
    )


def of_changes(rows: Sequence[Row[Any]], counts: dict[str, int]) -> Iterator[str]:
    """Say how much a repair changed, and the changes of a page."""
    yield from both("mended_told", **counts)
    for row in rows:
        yield from (f"  {row.id}  {change_words(row, locale)}" for locale in LOCALES)


def of_pair(session: Session, weighed: Sequence[Weighed]) -> Iterator[str]:
    """Say what spoke for a pair, and for the best who could have come instead."""
    numbers = [one.volunteer_id for one in weighed]
    wanted = select(VOLUNTEER.c.person_id, VOLUNTEER.c.external_ref).where(VOLUNTEER.c.person_id.in_(numbers))
    refs = {row.person_id: row.external_ref for row in session.connection().execute(wanted)}
    for one in weighed:
        key = "weighed_chosen" if one.is_chosen else "weighed_free" if one.has_room else "weighed_full"
        yield from both(
            key,
            ref=refs[one.volunteer_id],
            distance_m=rounded(one.distance_m),
            weekly_min=one.weekly_min,
            points=one.points,
        )


def of_unmet(row: Row[Any], better: Sequence[Better]) -> Iterator[str]:
    """Say why a need is unmet, and what would meet it."""
    yield from (unmet_reason(row, locale) for locale in LOCALES)
    if not better:
        yield from both("better_none")
    for one in better:
        yield from (say("better_told", locale, words=better_words(one, locale)) for locale in LOCALES)


def of_shortage(rows: Sequence[Row[Any]]) -> Iterator[str]:
    """Say how many needs are open, met and not, by sub-district and service; whole ones are left out."""
    short = [row for row in rows if row.unmet]
    if not short:
        yield from both("shortage_none")
    for row in short:
        values = {"needs": row.needs, "unmet": row.unmet, "unplanned": row.unplanned}
        yield say("shortage_told", "zh", area=row.area_zh, service=row.service_zh, **values)
        yield say("shortage_told", "en", area=row.area_en, service=row.service_en, **values)


def of_worth(area: str, service: str, worth: Worth) -> Iterator[str]:
    """Say what one more would be worth somewhere."""
    yield from both("worth_of", area=area, service=service, unmet=worth.unmet, minutes=f"{worth.unmet_weekly_min:.0f}")
    for kind in ("place", "volunteer", "hour", "slot"):
        gain = getattr(worth, kind)
        if gain is not None:
            yield from both(f"worth_{kind}", met=gain[1], metres=f"{gain[0]:,}")


def of_comparison(rows: Sequence[Compared]) -> Iterator[str]:
    """Say every figure that is asked for or differs, before and after."""
    for row in rows:
        if row.difference or row.name in FIGURES_SHOWN:
            yield f"  {row.name:<32} {row.before:>14,g} -> {row.after:>14,g}  ({row.difference:+,g})"


def of_candidates(found: Sequence[Candidate]) -> Iterator[str]:
    """Say who could come, nearest first."""
    if not found:
        yield from both("candidates_none")
    for one in found:
        yield from both(
            "candidate_told", ref=one.volunteer_ref, distance_m=one.distance_m, clock=format_clock(one.starts_min)
        )


def of_waiting(found: Sequence[Waiting]) -> Iterator[str]:
    """Say who waits for a place, in the order in which one would be theirs."""
    if not found:
        yield from both("waiting_none")
    for place, one in enumerate(found, 1):
        yield from both("waiting_told", place=place, ref=one.senior_ref, tier=one.tier, days=one.waited_days)
