"""The pictures of docs/matching.md, drawn by the code from the town of the page: `python -m benchmarks.pictures`.

Plain SVG, the same to the byte for the same plan. The town is made up; no home of a real person is drawn.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.instances import town
from matching.candidates import planes
from matching.columns import Floats, Ints
from matching.days import Calls, Shift, Stops, Trips, VanDay, Vehicles, places_of_vans
from matching.plan import Plan
from matching.problem import Problem
from matching.roads import DRIVING_M_PER_MIN, StraightLine
from matching.rounds import plan_round
from matching.solve import solve
from matching.travel import METRES_PER_DEGREE
from matching.vans import plan_vans

FOLDER = Path(__file__).parents[1] / "docs" / "matching"
SIDE, MARGIN = 460, 30
BLUE, RED, GREY, GREEN, INK = "#1f6fb4", "#c8372d", "#b8c0c8", "#2c8a4b", "#222"
STYLE = f"font-family:sans-serif;font-size:12px;fill:{INK}"


def svg(width: int, height: int, shapes: Iterable[str], title: str) -> str:
    """Return a picture; the title is read aloud where it cannot be seen."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    lines = [f'{head} role="img" style="{STYLE}"><title>{escape(title)}</title>']
    lines += [f'<rect width="{width}" height="{height}" fill="#fff"/>', *shapes, "</svg>", ""]
    return "\n".join(lines)


def _words(x: float, y: float, words: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _dot(place: Sequence[float], radius: float, fill: str) -> str:
    return f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="{radius}" fill="{fill}"/>'


def _square(place: Sequence[float], fill: str) -> str:
    return f'<rect x="{place[0] - 4:.1f}" y="{place[1] - 4:.1f}" width="8" height="8" fill="{fill}"/>'


def _line(one: Sequence[float], other: Sequence[float], stroke: str, width: float = 1.0) -> str:
    ends = f'x1="{one[0]:.1f}" y1="{one[1]:.1f}" x2="{other[0]:.1f}" y2="{other[1]:.1f}"'
    return f'<line {ends} stroke="{stroke}" stroke-width="{width}"/>'


def _on_paper(*places_m: Floats) -> list[Floats]:
    """Put places on the paper, north upwards, in one scale."""
    every = np.concatenate(places_m)
    low, high = every.min(axis=0), every.max(axis=0)
    scale = SIDE / max(1.0, float((high - low).max()))
    return [
        np.column_stack((MARGIN + (some[:, 0] - low[0]) * scale, MARGIN + (high[1] - some[:, 1]) * scale))
        for some in places_m
    ]


def draw_map(problem: Problem, plan: Plan) -> str:
    """Draw needs, volunteers and the pairs between them; who has nobody is red."""
    places = planes(problem)
    homes, starts = _on_paper(places.needs, places.volunteers)
    needs = np.searchsorted(problem.needs.ids, plan.pairs.need_ids)
    who = np.searchsorted(problem.volunteers.ids, plan.pairs.volunteer_ids)
    unmet = np.isin(problem.needs.ids, plan.unmet.need_ids)
    size, below = SIDE + 2 * MARGIN, SIDE + 2 * MARGIN + 12
    shapes = [_line(homes[need], starts[one], GREY) for need, one in zip(needs, who, strict=True)]
    shapes += [_dot(home, 3, BLUE) for home in homes[~unmet]]
    shapes += [_dot(home, 5, RED) for home in homes[unmet]]
    shapes += [_square(start, GREEN) for start in starts]
    for x, mark, words in (
        (40, _dot((32, below), 3, BLUE), "need that is met"),
        (200, _dot((192, below), 5, RED), "unmet"),
        (290, _square((282, below), GREEN), "volunteer"),
    ):
        shapes += [mark, _words(x, below + 4, words)]
    return svg(size, size + 30, shapes, "Needs, volunteers and pairs of a made-up town")


def draw_loads(problem: Problem, plan: Plan) -> str:
    """Draw how many volunteers have how many needs."""
    who = np.searchsorted(problem.volunteers.ids, plan.pairs.volunteer_ids)
    loads = np.bincount(np.bincount(who, minlength=len(problem.volunteers)))
    shapes, tall = [], 170 / max(1, int(loads.max()))
    for needs, volunteers in enumerate(loads.tolist()):
        x, height = 40 + needs * 54, volunteers * tall
        shapes += [
            f'<rect x="{x}" y="{200 - height:.1f}" width="40" height="{height:.1f}" fill="{BLUE}"/>',
            _words(x + 20, 194 - height, str(volunteers), anchor="middle"),
            _words(x + 20, 216, str(needs), anchor="middle"),
        ]
    shapes.append(_words(40, 236, "needs of one volunteer; above the bar, how many volunteers have so many"))
    return svg(max(520, 60 + 54 * len(loads)), 250, shapes, "How many needs each volunteer has")


def draw_calendar(problem: Problem, plan: Plan) -> str:
    """Draw the visits of every volunteer on every day: the darker, the more."""
    who = np.searchsorted(problem.volunteers.ids, plan.visits.volunteer_ids)
    days = problem.horizon_days
    counts = np.bincount(who * days + plan.visits.days, minlength=len(problem.volunteers) * days).reshape(-1, days)
    most = max(1, int(counts.max()))
    shapes = []
    for row, visits in enumerate(counts.tolist()):
        for day, count in enumerate(visits):
            shade = 255 - round(185 * count / most)
            place = f'x="{60 + day * 16}" y="{20 + row * 10}" width="15" height="9"'
            shapes.append(f'<rect {place} fill="rgb({shade},{shade},255)"/>')
    below = 20 + 10 * len(counts)
    shapes += [_words(60 + day * 16, below + 14, f"day {day}") for day in range(0, days, 7)]
    shapes += [_words(60, 14, f"one row a volunteer; white is no visit, darkest {most} visits")]
    totals = counts.sum(axis=0)
    shapes.append(_words(60, below + 32, f"visits a day: {totals.min()} to {totals.max()}"))
    return svg(80 + days * 16, below + 46, shapes, "Visits of each volunteer on each day")


def round_of(problem: Problem, plan: Plan, volunteer_id: int, day: int) -> tuple[Stops, Shift]:
    """Return the visits of a volunteer on a day as stops of a round from home."""
    mine = (plan.visits.volunteer_ids == volunteer_id) & (plan.visits.days == day)
    needs = np.searchsorted(problem.needs.ids, plan.visits.need_ids[mine])
    asked = problem.needs
    stops = Stops(
        ids=asked.ids[needs],
        lats_deg=asked.lats_deg[needs],
        lons_deg=asked.lons_deg[needs],
        window_starts_min=asked.window_starts_min[needs],
        window_ends_min=asked.window_ends_min[needs],
        durations_min=asked.durations_min[needs],
    )
    row = int(np.searchsorted(problem.volunteers.ids, volunteer_id))
    who = problem.volunteers
    home = (float(who.lats_deg[row]), float(who.lons_deg[row]))
    return stops, Shift(lat_deg=home[0], lon_deg=home[1], starts_min=480, ends_min=1080)


def draw_round(stops: Stops, shift: Shift) -> str:
    """Draw the order of a person's day, with the minute at which each visit begins."""
    planned = plan_round(stops, shift)
    order = np.searchsorted(stops.ids, planned.stop_ids)
    degrees = np.column_stack((np.append(stops.lons_deg, shift.lon_deg), np.append(stops.lats_deg, shift.lat_deg)))
    spots = _on_paper(degrees * [np.cos(np.radians(shift.lat_deg)), 1.0] * METRES_PER_DEGREE)[0]
    way = [len(stops), *order.tolist(), len(stops)]
    shapes = [_line(spots[one], spots[other], BLUE, 1.5) for one, other in pairwise(way)]
    shapes += [_dot(spots[stop], 4, BLUE) for stop in order]
    shapes.append(_square(spots[-1], GREEN))
    for number, (stop, minute) in enumerate(zip(order, planned.starts_min.tolist(), strict=True), start=1):
        shapes.append(_words(spots[stop][0] + 8, spots[stop][1] - 6, f"{number}  {_clock(minute)}"))
    below = float(spots[:, 1].max()) + 44
    shapes.append(_words(MARGIN, below, f"{planned.walked_m} m on foot, back at {_clock(planned.back_at_min)}"))
    return svg(SIDE + 2 * MARGIN + 40, round(below) + 16, shapes, "A volunteer's day in order")


def van_day() -> tuple[Vehicles, Trips]:
    """Return ten lifts of a made-up day, four of them in a wheelchair, and two vans."""
    random = np.random.default_rng(4)
    homes, wards = (middle + random.uniform(-0.015, 0.015, (2, 10)) for middle in (31.25, 121.4))
    opens, chair = random.integers(8, 14, 10) * 60, np.arange(10) % 5 < 2
    trips = Trips(
        ids=np.arange(1, 11),
        lats_deg=homes[0],
        lons_deg=wards[0],
        to_lats_deg=homes[1],
        to_lons_deg=wards[1],
        pickup_starts_min=opens,
        pickup_ends_min=opens + 45,
        dropoff_starts_min=opens,
        dropoff_ends_min=opens + 120,
        seats=1 - chair.astype(np.int64),
        wheelchairs=chair.astype(np.int64),
    )
    garage = {"lats_deg": np.full(2, 31.25), "lons_deg": np.full(2, 121.4)}
    hours = {"starts_min": np.full(2, 480), "ends_min": np.full(2, 1080)}
    return Vehicles(ids=[1, 2], seats=[3, 3], wheelchairs=[1, 1], **garage, **hours), trips  # type: ignore[arg-type]  # columns may be given as lists


def plan_van_day(vehicles: Vehicles, trips: Trips) -> VanDay:
    """Route the vans at the pace of traffic."""
    return plan_vans(vehicles, trips, roads=StraightLine(pace_m_per_min=DRIVING_M_PER_MIN))


def draw_vans(vehicles: Vehicles, trips: Trips) -> str:
    """Draw who is aboard which van when."""
    planned = plan_van_day(vehicles, trips)
    places = places_of_vans(vehicles, trips)
    legs = StraightLine(pace_m_per_min=DRIVING_M_PER_MIN).legs(places, places)
    shapes, row = [], 0
    for van in vehicles.ids.tolist():
        mine = planned.calls.vehicle_ids == van
        shapes.append(_words(10, 34 + row * 22, f"van {van}"))
        for trip in dict.fromkeys(planned.calls.trip_ids[mine].tolist()):
            boards, leaves = _ride(planned.calls, trip)
            chair = bool(trips.wheelchairs[np.searchsorted(trips.ids, trip)])
            x, wide = 60 + (boards - 480) * 0.9, (leaves + 5 - boards) * 0.9
            fill = RED if chair else BLUE
            shapes.append(f'<rect x="{x:.1f}" y="{22 + row * 22}" width="{wide:.1f}" height="16" fill="{fill}"/>')
            shapes.append(_words(x + wide + 4, 34 + row * 22, f"{trip}  {_clock(boards)}"))
            row += 1
    for hour in range(8, 19, 2):
        shapes.append(
            _line((60 + (hour * 60 - 480) * 0.9, 16), (60 + (hour * 60 - 480) * 0.9, 22 + row * 22), GREY, 0.5)
        )
        shapes.append(_words(60 + (hour * 60 - 480) * 0.9, 12, _clock(hour * 60), anchor="middle"))
    direct = sum(int(legs.metres[2 * trip, 2 * trip + 1]) for trip in range(len(trips)))
    said = f"{planned.driven_m} m driven; the lifts alone are {direct} m. Red: in a wheelchair"
    shapes.append(_words(60, 40 + row * 22, said))
    return svg(640, 52 + row * 22, shapes, "Two vans' day: who is aboard when")


def _ride(calls: Calls, trip: int) -> tuple[int, int]:
    mine = calls.trip_ids == trip
    starts: Ints = calls.starts_min[mine]
    return int(starts.min()), int(starts.max())


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


def busiest(plan: Plan, day: int) -> int:
    """Return who has most visits on a day, the first of equals by id."""
    who, visits = np.unique(plan.visits.volunteer_ids[plan.visits.days == day], return_counts=True)
    return int(who[np.argmax(visits)])


def draw_all() -> dict[str, str]:
    """Draw every picture of the page, by the name of its file."""
    problem = town()
    plan = solve(problem)
    works: dict[str, Callable[[], str]] = {
        "map.svg": lambda: draw_map(problem, plan),
        "loads.svg": lambda: draw_loads(problem, plan),
        "calendar.svg": lambda: draw_calendar(problem, plan),
        "round.svg": lambda: draw_round(*round_of(problem, plan, busiest(plan, 0), 0)),
        "vans.svg": lambda: draw_vans(*van_day()),
    }
    return {name: work() for name, work in works.items()}


def main() -> int:
    """Write every picture; returns 0."""
    FOLDER.mkdir(exist_ok=True)
    for name, picture in draw_all().items():
        (FOLDER / name).write_text(picture, encoding="utf-8")
        print(f"{FOLDER.name}/{name}  {len(picture) / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
