"""What is told of a decision in both languages: why this one, or why not me, and what stands before on the list."""

from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.bookings.reasons import AHEAD_IN
from timebank.bookings.tables import PlaceDecision
from timebank.core.texts import Locale, say

METRES_PER_KM = 1000


def last_decision(session: Session, request_id: int) -> PlaceDecision | None:
    """Return the last decision about a request, or nothing before one was made."""
    wanted = pick(PlaceDecision).where(PlaceDecision.request_id == request_id)
    return session.exec(wanted.order_by(col(PlaceDecision.round_id).desc())).first()


def ahead_of(decision: PlaceDecision) -> dict[str, int]:
    """Return in what how many were before this one, or this one before how many."""
    counts = (decision.by_tier, decision.by_waiting, decision.by_distance, decision.by_all)
    return {what: count for what, count in zip(AHEAD_IN, counts, strict=True) if count}


def why_said(decision: PlaceDecision, locale: Locale) -> str:
    """Say why a request was given a place or not, to whoever asked for it."""
    ahead = ahead_of(decision)
    count = sum(ahead.values())
    if decision.is_given:
        why = say(f"place_won_{decision.why}", locale, count=count)
    elif decision.why == "others":
        separator = "，" if locale == "zh" else ", "
        before = separator.join(say(f"place_before_{what}", locale, count=each) for what, each in ahead.items())
        why = say("place_lost_others", locale, count=count, before=before)
    else:
        why = say(f"place_lost_{decision.why}", locale)
    return say(
        "place_given" if decision.is_given else "place_not_given",
        locale,
        why=why,
        position=decision.position,
        waited_days=decision.waited_days,
        distance=_distance(decision.distance_m),
    )


def _distance(metres: int | None) -> str:
    """Write a way so that it gives no home away: to the half kilometre."""
    return "-" if metres is None else f"{max(1, round(2 * metres / METRES_PER_KM)) / 2:g} km"


def decisions_of(session: Session, request_id: int) -> list[PlaceDecision]:
    """Return every decision about a request, the first one first."""
    wanted = pick(PlaceDecision).where(PlaceDecision.request_id == request_id)
    return list(session.exec(wanted.order_by(col(PlaceDecision.round_id))))
