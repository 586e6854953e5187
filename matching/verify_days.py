"""The judge of days: whether the visits of a need are as often as it asks, told from the definitions alone."""

from itertools import pairwise

from matching.due import Ask, Span, dues, has_closed_day, is_gap_kept, least_between, week_starts
from matching.frequency import DAYS_A_WEEK
from matching.tables import FrequencyKind


def frequency_fault(ask: Ask, days: list[int]) -> str:
    """Return what is wrong with the days (ascending) of the visits of one need, in words; empty when they are right."""
    if len(set(days)) < len(days):
        return "two visits fall on one day"
    shut = [day for day in days if not ask.is_usable(day)]
    if shut:
        return f"a visit falls on day {shut[0]}, which is closed or does not suit"
    for span in ask.spans:
        inside = [day for day in days if span.first_day <= day < span.last_day]
        fault = (
            _gap_fault(ask, span, inside) if span.kind == FrequencyKind.EVERY_N_DAYS else _due_fault(ask, span, days)
        )
        near = [
            (earlier, later)
            for earlier, later in pairwise(inside)
            if later - earlier < least_between(ask, span, earlier, later)
        ]
        fault = fault or (f"visits on days {near[0][0]} and {near[0][1]} are too near" if near else "")
        if fault:
            return fault
    first, last = ask.first_day, ask.last_day
    outside = [day for day in days if not first <= day < last]
    return f"a visit falls on day {outside[0]}, outside its days" if outside else ""


def _gap_fault(ask: Ask, span: Span, days: list[int]) -> str:
    """Every n days: no gap is wider than n, from the day before the span to the day after it."""
    if span.last_day - span.first_day < span.count:
        return ""  # a rest shorter than n days asks for nothing
    edges = [span.first_day - 1, *days, span.last_day]
    for after, visit in pairwise(edges):
        if not is_gap_kept(ask, span, after, visit):
            return f"{visit - after} days without a visit after day {after}, {span.count} are asked"
    return ""


def _due_fault(ask: Ask, span: Span, days: list[int]) -> str:
    """Every visit due is held, and no more: a made-up one may be the regular one of its day."""
    every = dues(ask, span)
    made_up = {due.start for other in ask.spans for due in dues(ask, other) if due.is_made_up}
    missed = [day for day in sorted(made_up) if day not in days]
    if missed:
        return f"the visit made up on day {missed[0]} is not held"
    for due in (due for due in every if not due.is_made_up):
        held = sum(due.start <= day < due.end for day in days)
        extra = sum(due.start <= day < due.end for day in made_up)
        if not due.count <= held <= due.count + extra:
            return f"{held} visits from day {due.start} to {due.end}, {due.count} are asked"
    if span.kind != FrequencyKind.TIMES_PER_WEEK:
        inside = [day for day in days if span.first_day <= day < span.last_day]
        spare = len(set(inside) - made_up) - sum(due.count for due in every if not due.is_made_up)
        return f"{spare} visits more than are due" if spare > 0 else ""
    return _week_fault(ask, span, days, made_up)


def _week_fault(ask: Ask, span: Span, days: list[int], made_up: set[int]) -> str:
    """Times a week: no visit too many in a week with closed days."""
    starts = week_starts(span)
    for start in (start for start in starts if has_closed_day(ask, start)):
        end = start + DAYS_A_WEEK
        held = sum(start <= day < end for day in days)
        due = sum(start <= due.start < end for due in dues(ask, span) if not due.is_made_up)
        due += sum(start <= day < end for day in made_up)
        if held > due:
            return f"{held} visits in the week from day {start}, {due} are due"
    return ""
