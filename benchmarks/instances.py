"""The district as bare columns: 12,500 needs and 2,433 volunteers in residential compounds, by seed."""

from dataclasses import replace
from datetime import date

import numpy as np

from matching.problem import Floats, FrequencyKind, Ints, Needs, Params, Problem, ServedBy, Slots, Volunteers

LAT_DEG, LON_DEG = 31.25, 121.40
SPREAD_DEG = 0.035
COMPOUND_DEG = 0.0012
COMPOUNDS = 400
DISTRICT_SENIORS = 12_500
MOST_NEEDS, WEEKLY_CAP_MIN = 6, 300
UNLIKE = ((1, 35), (1, 60), (2, 35), (3, 35), (2, 60))
"""Visits a week and minutes of each."""


def district(
    *, seniors: int = 12_500, volunteers: int = 2_433, seed: int = 1, candidates: int = 30, districts: float = 1.0
) -> Problem:
    """Return greetings every two days for all seniors; each volunteer takes six, so capacity is 117 %.

    ``districts`` is how many times the ground and the compounds of the district they live on.
    """
    random = np.random.default_rng(seed)
    reach_deg = SPREAD_DEG * districts**0.5
    compounds = random.uniform(-reach_deg, reach_deg, (round(COMPOUNDS * districts), 2)) + np.array([LAT_DEG, LON_DEG])
    homes, starts = _places(random, compounds, seniors), _places(random, compounds, volunteers)
    n, m = seniors, volunteers
    needs = Needs(
        ids=np.arange(1, n + 1),
        senior_ids=np.arange(1, n + 1),
        lats_deg=homes[:, 0],
        lons_deg=homes[:, 1],
        areas=random.integers(1, 11, n),
        skills=np.zeros(n, np.int64),
        served_by=np.full(n, ServedBy.VOLUNTEER),
        languages=np.zeros(n, np.uint64),
        genders=np.where(random.random(n) < 0.05, 1, 0),
        weekdays=np.full(n, 127),
        window_starts_min=np.full(n, 480),
        window_ends_min=np.full(n, 1080),
        durations_min=np.full(n, 10),
        frequency_kinds=np.full(n, FrequencyKind.EVERY_N_DAYS),
        frequency_counts=np.full(n, 2),
        first_days=np.zeros(n, np.int64),
        last_days=np.full(n, 28),
        penalties=np.full(n, 20_000),
    )
    people = Volunteers(
        ids=np.arange(n + 1, n + m + 1),  # seniors and volunteers are persons of one numbering
        lats_deg=starts[:, 0],
        lons_deg=starts[:, 1],
        areas=random.integers(1, 11, m),
        skills=np.ones(m, np.uint64),
        languages=np.ones(m, np.uint64),
        genders=random.integers(1, 3, m),
        weekdays=np.full(m, 127),
        window_starts_min=np.full(m, 480),
        window_ends_min=np.full(m, 1080),
        max_needs=np.full(m, MOST_NEEDS),
        weekly_caps_min=np.full(m, WEEKLY_CAP_MIN),
    )
    return Problem(
        starts_on=date(2026, 3, 2),
        horizon_days=28,
        needs=needs,
        volunteers=people,
        slots=Slots.empty(),
        params=Params(candidates_per_need=candidates, seed=seed),
    )


def city(*, seniors: int, volunteers: int, seed: int = 1) -> Problem:
    """Return as many seniors and volunteers as asked, as dense as in the district."""
    return district(seniors=seniors, volunteers=volunteers, seed=seed, districts=max(1.0, seniors / DISTRICT_SENIORS))


def town(*, seniors: int = 180, volunteers: int = 36, seed: int = 5) -> Problem:
    """Return four quarters with a little too few hands: greetings and home baths, dogs, and who shuns them.

    Areas 1 to 4 are south-west, south-east, north-west and north-east. Skill 0 is a greeting, skill 1 a bath at home,
    which a third of the volunteers have learnt; trait 0 is a dog.
    """
    problem = district(seniors=seniors, volunteers=volunteers, seed=seed, districts=0.08)
    random = np.random.default_rng(seed)
    needs, people = problem.needs, problem.volunteers
    bath, dog = random.random(seniors) < 0.12, random.random(seniors) < 0.15
    needs = replace(
        needs,
        areas=_quarters(needs.lats_deg, needs.lons_deg),
        skills=bath.astype(np.int64),
        durations_min=np.where(bath, 45, 10),
        frequency_kinds=np.where(bath, FrequencyKind.TIMES_PER_WEEK, FrequencyKind.EVERY_N_DAYS),
        frequency_counts=np.where(bath, 1, 2),
        traits=dog.astype(np.uint64),
    )
    people = replace(
        people,
        areas=_quarters(people.lats_deg, people.lons_deg),
        skills=np.where(random.random(volunteers) < 0.3, 3, 1).astype(np.uint64),
        refuses=(random.random(volunteers) < 0.2).astype(np.uint64),
    )
    return replace(problem, needs=needs, volunteers=people, params=replace(problem.params, max_distance_m=700.0))


def _quarters(lats_deg: Floats, lons_deg: Floats) -> Ints:
    """Number the quarters of the ground: 1 south-west, 2 south-east, 3 north-west, 4 north-east."""
    return np.asarray(1 + (lons_deg > LON_DEG) + 2 * (lats_deg > LAT_DEG), dtype=np.int64)


def with_unlike_minutes(problem: Problem, *, weekly_cap_min: int, seed: int = 1) -> Problem:
    """Return the same people with visits of 35, 60, 70, 105 or 120 minutes a week, one to three times a week."""
    kind = np.random.default_rng(seed).integers(0, len(UNLIKE), len(problem.needs))
    times, minutes = np.array(UNLIKE).T[:, kind]
    needs = replace(
        problem.needs,
        frequency_kinds=np.full(len(kind), FrequencyKind.TIMES_PER_WEEK),
        frequency_counts=times,
        durations_min=minutes,
    )
    people = len(problem.volunteers)
    caps = np.full(people, weekly_cap_min)
    most = np.full(people, weekly_cap_min // min(time * long for time, long in UNLIKE))
    return replace(problem, needs=needs, volunteers=replace(problem.volunteers, weekly_caps_min=caps, max_needs=most))


def _places(random: np.random.Generator, compounds: Floats, count: int) -> Floats:
    return compounds[random.integers(0, len(compounds), count)] + random.normal(0, COMPOUND_DEG, (count, 2))
