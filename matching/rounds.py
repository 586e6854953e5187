"""The day of a person on foot: in which order to visit, within windows, with a lunch, at least metres.

Up to nine stops the order is found exactly (dynamic programming over sets of stops, every undominated pair of
metres and minutes kept), beyond that by the routing library, whose answer is only taken when it is better
than the plain insertion that is always at hand.
"""

from dataclasses import dataclass

import numpy as np

from matching.days import Break, Round, Shift, Stops, places_of_round
from matching.plan import Status
from matching.roads import Legs, Roads, StraightLine
from matching.routing import Effort, RoutingModel, route

MOST_EXACT = 9
Label = tuple[int, int, tuple[int, ...]]
Labels = dict[tuple[int, int, bool], list[Label]]
"""By set of stops, last stop and whether lunch is taken: metres, minute, order; none beats another in both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """Stops (positions) in order, and metres with penalties."""

    order: list[int]
    objective: int
    is_out_of_time: bool = False


def plan_round(stops: Stops, shift: Shift, *, roads: Roads | None = None, effort: Effort | None = None) -> Round:
    """Order the stops of a day at least metres, leaving out a stop only where its penalty is the lesser evil."""
    roads = StraightLine() if roads is None else roads
    places = places_of_round(stops, shift)
    legs = roads.legs(places, places)
    if len(stops) <= MOST_EXACT:
        solved, status, method = _exact(stops, shift, legs), Status.OPTIMAL, "dynamic programming"
        is_out_of_time = False
    else:
        plain = _insert(stops, shift, legs)
        better = _by_routing(stops, shift, legs, effort or Effort(), plain)
        solved = better if better is not None and better.objective < plain.objective else plain
        status, method = Status.FEASIBLE, "routing" if solved is better else "insertion"
        is_out_of_time = better is not None and better.is_out_of_time
    timed = walk(solved.order, stops, shift, legs)
    if timed is None:
        message = f"The order {solved.order} does not fit the day it was made for."
        raise RuntimeError(message)
    starts, back, lunch_at, walked = timed
    out = np.setdiff1d(np.arange(len(stops)), solved.order)
    objective = walked + int(stops.penalties[out].sum())
    return Round(
        stop_ids=stops.ids[np.array(solved.order, dtype=np.int64)],
        starts_min=np.array(starts, dtype=np.int64),
        left_out=stops.ids[out],
        walked_m=walked,
        back_at_min=back,
        lunch_at_min=lunch_at,
        objective=objective,
        bound=objective if status == Status.OPTIMAL else 0,
        status=status,
        method=method,
        is_out_of_time=is_out_of_time,
    )


def walk(order: list[int], stops: Stops, shift: Shift, legs: Legs) -> tuple[list[int], int, int | None, int] | None:
    """Time an order as early as it can be: starting minutes, back at, lunch at, metres; nothing if it cannot be."""
    every = _lunch_choices(len(order), shift)
    timed = [found for choice in every if (found := _timed(order, stops, shift, legs, choice)) is not None]
    return min(timed, key=lambda found: (found[1], found[2] or 0)) if timed else None


def _lunch_choices(stops: int, shift: Shift) -> list[int | None]:
    """Before which leg lunch is taken: each leg, or (-1) outside the working day; nothing without a lunch."""
    return [None] if shift.lunch is None else [-1, *range(stops + 1)]


def _timed(
    order: list[int], stops: Stops, shift: Shift, legs: Legs, lunch_leg: int | None
) -> tuple[list[int], int, int | None, int] | None:
    home, at, minute = len(stops), len(stops), shift.starts_min
    starts: list[int] = []
    walked, lunch_at = 0, None
    for number, stop in enumerate([*order, home]):
        arrived = minute + int(legs.minutes[at, stop])
        if number == lunch_leg and shift.lunch is not None:
            taken = _after_lunch(minute, arrived, shift.lunch)
            if taken is None:
                return None
            lunch_at, arrived = taken
        walked += int(legs.metres[at, stop])
        if stop != home:
            arrived = max(arrived, int(stops.window_starts_min[stop]))
            starts.append(arrived)
            arrived += int(stops.durations_min[stop])
            if arrived > stops.window_ends_min[stop]:
                return None
        at, minute = stop, arrived
    if minute > shift.ends_min:
        return None
    if lunch_leg == -1 and shift.lunch is not None:
        lunch_at = _lunch_outside(shift, minute)
        if lunch_at is None:
            return None
    return starts, minute, lunch_at, walked


def _after_lunch(left: int, arrived: int, lunch: Break) -> tuple[int, int] | None:
    """Lunch on the way from a place that is left at a minute: when it begins, and when the way ends."""
    begins = max(left, lunch.window_start_min)
    if arrived < lunch.window_start_min:
        begins = lunch.window_start_min
    if begins + lunch.duration_min > lunch.window_end_min:
        return None
    return begins, max(arrived, lunch.window_start_min) + lunch.duration_min


def _lunch_outside(shift: Shift, back: int) -> int | None:
    """Lunch before the day begins or after it ends."""
    lunch = shift.lunch
    if lunch is None:
        return None
    if lunch.window_start_min + lunch.duration_min <= shift.starts_min:
        return lunch.window_start_min
    begins = max(back, lunch.window_start_min)
    return begins if begins + lunch.duration_min <= lunch.window_end_min else None


def _exact(stops: Stops, shift: Shift, legs: Legs) -> Ordered:
    """Try every set of stops in every order that matters; labels grow by one stop at a time."""
    if walk([], stops, shift, legs) is None:
        message = f"The lunch {shift.lunch} does not fit the shift, even without a visit."
        raise ValueError(message)
    best = Ordered(order=[], objective=int(stops.penalties.sum()))
    labels: Labels = {(0, len(stops), False): [(0, shift.starts_min, ())]}
    for _ in range(len(stops)):
        labels = _grow(labels, stops, shift, legs)
        best = _cheapest(labels, best, stops, shift, legs)
    return best


def _grow(labels: Labels, stops: Stops, shift: Shift, legs: Legs) -> Labels:
    """Add every stop that is not seen yet to every label."""
    grown: Labels = {}
    for (seen, at, fed), kept in labels.items():
        for stop in (other for other in range(len(stops)) if not seen >> other & 1):
            for metres, minute, order in kept:
                for done, took in _moves(stops, shift, legs, at, stop, minute, fed=fed):
                    label = (metres + int(legs.metres[at, stop]), done, (*order, stop))
                    _keep(grown.setdefault((seen | 1 << stop, stop, took), []), label)
    return grown


def _cheapest(labels: Labels, best: Ordered, stops: Stops, shift: Shift, legs: Legs) -> Ordered:
    """Go home from every label; the cheapest that holds, or the best so far."""
    for (seen, at, _fed), kept in labels.items():
        left = sum(int(stops.penalties[stop]) for stop in range(len(stops)) if not seen >> stop & 1)
        for metres, _minute, order in kept:
            cost = metres + int(legs.metres[at, len(stops)]) + left
            if cost < best.objective and walk(list(order), stops, shift, legs) is not None:
                best = Ordered(order=list(order), objective=cost)
    return best


def _moves(
    stops: Stops, shift: Shift, legs: Legs, at: int, stop: int, minute: int, *, fed: bool
) -> list[tuple[int, bool]]:
    """When a visit to the next stop can end, without and with a lunch before it."""
    arrived = minute + int(legs.minutes[at, stop])
    choices = [(arrived, fed)]
    if shift.lunch is not None and not fed:
        taken = _after_lunch(minute, arrived, shift.lunch)
        if taken is not None:
            choices.append((taken[1], True))
    ends = [(max(a, int(stops.window_starts_min[stop])) + int(stops.durations_min[stop]), f) for a, f in choices]
    return [(end, f) for end, f in ends if end <= stops.window_ends_min[stop] and end <= shift.ends_min]


def _keep(labels: list[Label], label: Label) -> None:
    """Keep a label unless another is no worse in metres and minutes; drop those it beats."""
    if any(metres <= label[0] and minute <= label[1] for metres, minute, _ in labels):
        return
    labels[:] = [other for other in labels if not (label[0] <= other[0] and label[1] <= other[1])]
    labels.append(label)


def _insert(stops: Stops, shift: Shift, legs: Legs) -> Ordered:
    """Insert the dearest stop first where it adds the fewest metres; what does not fit is left out."""
    order: list[int] = []
    if walk(order, stops, shift, legs) is None:
        message = f"The lunch {shift.lunch} does not fit the shift, even without a visit."
        raise ValueError(message)
    for stop in np.lexsort((stops.ids, stops.window_ends_min, -stops.penalties)).tolist():
        tried = [
            (found[3], place)
            for place in range(len(order) + 1)
            if (found := walk([*order[:place], stop, *order[place:]], stops, shift, legs)) is not None
        ]
        if tried:
            place = min(tried)[1]
            order.insert(place, stop)
    timed = walk(order, stops, shift, legs)
    walked = timed[3] if timed is not None else 0
    out = np.setdiff1d(np.arange(len(stops)), order)
    return Ordered(order=order, objective=walked + int(stops.penalties[out].sum()))


def _by_routing(stops: Stops, shift: Shift, legs: Legs, effort: Effort, plain: Ordered) -> Ordered | None:
    """Ask the routing library; an order that does not hold when it is timed here is not taken."""
    ends = np.append(np.arange(len(stops) + 1), len(stops))  # the shift begins and ends at one place
    model = RoutingModel(
        metres=legs.metres[np.ix_(ends, ends)],
        minutes=legs.minutes[np.ix_(ends, ends)],
        window_starts_min=stops.window_starts_min,
        window_ends_min=stops.window_ends_min,
        durations_min=stops.durations_min,
        penalties=stops.penalties,
        shifts_min=[(shift.starts_min, shift.ends_min)],
        breaks=[shift.lunch],
    )
    found = route(model, effort, start=[plain.order])
    timed = walk(found.orders[0], stops, shift, legs) if found is not None else None
    if found is None or timed is None:
        return None
    out = np.setdiff1d(np.arange(len(stops)), found.orders[0])
    objective = timed[3] + int(stops.penalties[out].sum())
    return Ordered(order=found.orders[0], objective=objective, is_out_of_time=found.is_out_of_time)
