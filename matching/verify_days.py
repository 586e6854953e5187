"""The judge of days: whether the visits of a need are as often as it asks, told from the definitions alone."""

from collections.abc import Sequence
from itertools import pairwise

from matching.due import Ask, Span, dues, has_closed_day, is_gap_kept, least_between, week_starts
from matching.frequency import DAYS_A_WEEK
from matching.tables import FrequencyKind


def frequency_fault(ask: Ask, days: Sequence[int]) -> str:
    """Return what is wrong with the days (ascending) of the visits of one need, in words; empty when they are right."""
    if len(set(days)) < len(days):
        return f"two visits on one day, of days {list(days)}"
    for span in ask.spans:
        inside = [day for day in days if span.first_day <= day < span.last_day]
        fault = (
            _gap_fault(ask, span, inside) if span.kind == FrequencyKind.EVERY_N_DAYS else _due_fault(ask, span, days)
        )
        near = [
            (later - earlier, least)
            for earlier, later in pairwise(inside)
            if later - earlier < (least := least_between(ask, span, earlier, later))
        ]
        fault = fault or (f"two visits are {near[0][0]} days apart, not {near[0][1]}" if near else "")
        if fault:
            return fault
    first, last = ask.first_day, ask.last_day
    outside = [day for day in days if not first <= day < last]
    return f"a visit falls on day {outside[0]}, outside its days" if outside else ""


def closed_fault(ask: Ask, days: Sequence[int]) -> str:
    """Return which day is closed, or without one who comes, in words; empty when none is."""
    shut = [day for day in days if ask.make_up(day) is not None]
    away = [day for day in days if day in ask.absent]
    if shut:
        return f"day {shut[0]} is closed: the senior is away, or visits are suspended"
    return f"on day {away[0]} one who comes is away" if away else ""


def _gap_fault(ask: Ask, span: Span, days: list[int]) -> str:
    """Every n days: no gap is wider than n, from the day before the span to the day after it."""
    if span.last_day - span.first_day < span.count:
        return f"{len(days)} visits where at most 1 is due" if len(days) > 1 else ""  # a rest asks for nothing
    edges = [span.first_day - 1, *days, span.last_day]
    for after, visit in pairwise(edges):
        if not is_gap_kept(ask, span, after, visit):
            return f"{visit - after} days without a visit, {span.count} are asked"
    if ask.closed or ask.absent or ask.least_gap_days:
        return ""  # what had to move may be near its neighbours
    spare = [
        day for before, day, later in zip(edges, edges[1:], edges[2:], strict=False) if later - before <= span.count
    ]
    return f"the visit on day {spare[0]} is one more than every {span.count} days" if spare else ""


def _due_fault(ask: Ask, span: Span, days: Sequence[int]) -> str:
    """Every visit due is held, and no more: a made-up one may be the regular one of its day."""
    every = [due for due in dues(ask, span) if not due.is_made_up]
    made_up = {due.start for other in ask.spans for due in dues(ask, other) if due.is_made_up}
    missed = [day for day in sorted(made_up) if day not in days]
    if missed:
        return f"the visit made up on day {missed[0]} is not held"
    inside = [day for day in days if span.first_day <= day < span.last_day]
    held = [sum(due.start <= day < due.end for day in days) for due in every]
    extra = [sum(due.start <= day < due.end for day in made_up) for due in every]
    is_right = all(
        due.count <= visits <= due.count + more for due, visits, more in zip(every, held, extra, strict=True)
    )
    if span.kind == FrequencyKind.TIMES_PER_WEEK:
        return _week_fault(ask, span, inside, made_up, is_right=is_right)
    is_right = is_right and len(set(inside) - made_up) <= len(every)
    return "" if is_right else f"days {list(inside)} are not one for each of {len(every)} due visits"


def _week_fault(ask: Ask, span: Span, days: list[int], made_up: set[int], *, is_right: bool) -> str:
    """Times a week: every part of a week has its visits, and no week, whole or not, has too many."""
    whole, each = week_starts(span), []
    for start in range(span.first_day // DAYS_A_WEEK * DAYS_A_WEEK, span.last_day, DAYS_A_WEEK):
        end, most = start + DAYS_A_WEEK, span.count
        if start in whole and has_closed_day(ask, start):
            most = sum(start <= due.start < end for due in dues(ask, span) if not due.is_made_up)
        each.append(sum(start <= day < end for day in days))
        is_right = is_right and each[-1] <= most + sum(start <= day < end for day in made_up)
    return "" if is_right else f"visits of the weeks are {each}, {span.count} are asked in a whole week"
