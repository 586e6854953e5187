"""Random instances by hypothesis and by seed, and the plainest possible ways to their optima."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from matching.problem import EveryNDays, Frequency, Gender, Ints, Once, Problem, ServedBy, TimesPerMonth, TimesPerWeek
from tests.matching.answers import metres
from tests.matching.questions import EVERY_DAY, Need, Slot, Volunteer, question

NOBODY = None
GENDERS = st.sampled_from(list(Gender))
FREQUENCIES: st.SearchStrategy[Frequency] = st.one_of(
    st.builds(EveryNDays, st.integers(1, 9)),
    st.builds(TimesPerWeek, st.integers(1, 7)),
    st.builds(TimesPerMonth, st.integers(1, 9)),
    st.just(Once()),
)


@dataclass(frozen=True, slots=True)
class Tiny:
    """Rows of a pairing so small that all answers can be tried."""

    needs: list[Need]
    volunteers: list[Volunteer]
    never: list[tuple[int, int]]
    candidates: int

    @property
    def asked(self) -> Problem:
        """The same as a problem."""
        rows: list[Need | Volunteer] = [*self.needs, *self.volunteers]
        return question(*rows, exclusions=self.never, candidates_per_need=self.candidates)


@st.composite
def tiny_pairings(draw: st.DrawFn) -> Tiny:
    """Draw at most four needs and three volunteers on a street; some may not meet, some are not worth the way."""
    needs = [
        Need(
            id=number,
            east_m=draw(st.integers(0, 1500)),
            skill=draw(st.integers(0, 1)),
            gender=draw(GENDERS),
            languages=draw(st.integers(0, 3)),
            penalty=draw(st.sampled_from([1, 400, 1000, 20_000])),
        )
        for number in range(draw(st.integers(0, 4)))
    ]
    volunteers = [
        Volunteer(
            id=10 + number,
            east_m=draw(st.integers(0, 1500)),
            skills=draw(st.integers(0, 3)),
            gender=draw(GENDERS),
            languages=draw(st.integers(0, 3)),
            max_needs=draw(st.integers(0, 3)),
        )
        for number in range(draw(st.integers(0, 3)))
    ]
    never = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(10, 12)), max_size=2))
    return Tiny(needs, volunteers, never, draw(st.integers(1, 3)))


def may_pair(tiny: Tiny, need: Need, volunteer: Volunteer) -> bool:
    """Say in plain words who may serve whom; everybody here has the same days and hours."""
    return (
        bool(volunteer.skills >> need.skill & 1)
        and abs(need.east_m - volunteer.east_m) <= 1000
        and need.gender in (Gender.ANY, volunteer.gender)
        and (need.languages == 0 or need.languages & volunteer.languages != 0)
        and (need.id, volunteer.id) not in tiny.never
    )


def cheapest_by_trying(tiny: Tiny) -> float:
    """Return the least cost of all ways to give each need a volunteer or nobody."""
    return min(_cost(tiny, choice) for choice in product([NOBODY, *tiny.volunteers], repeat=len(tiny.needs)))


def _cost(tiny: Tiny, choice: tuple[Volunteer | None, ...]) -> float:
    if any(choice.count(volunteer) > volunteer.max_needs for volunteer in tiny.volunteers):
        return float("inf")
    pairs = list(zip(tiny.needs, choice, strict=True))
    if any(who is not None and not may_pair(tiny, need, who) for need, who in pairs):
        return float("inf")
    return sum(need.penalty if who is None else abs(need.east_m - who.east_m) for need, who in pairs)


@st.composite
def tiny_bookings(draw: st.DrawFn) -> Problem:
    """Draw at most three baths with at most four due visits in two weeks, and at most four slots."""
    baths = [
        Need(
            id=number,
            served_by=ServedBy.SLOT,
            east_m=draw(st.integers(0, 2500)),
            skill=draw(st.integers(0, 1)),
            weekdays=draw(st.sampled_from([EVERY_DAY, 0b0011111])),
            duration_min=draw(st.sampled_from([30, 60])),
            frequency=frequency,
            penalty=draw(st.sampled_from([1, 1500, 20_000])),
        )
        for number, frequency in enumerate(draw(st.sampled_from(BATH_FREQUENCIES)))
    ]
    slots = [
        Slot(
            id=20 + number,
            resource=draw(st.integers(30, 31)),
            east_m=draw(st.integers(0, 2500)),
            skill=draw(st.integers(0, 1)),
            day=draw(st.integers(0, 14)),
            hours_min=(600, draw(st.sampled_from([630, 660]))),
            places=draw(st.integers(0, 2)),
        )
        for number in range(draw(st.integers(0, 4)))
    ]
    open_to = st.tuples(st.integers(0, 2), st.integers(30, 31))
    return question(*baths, *slots, days=14, bookable=draw(st.lists(open_to, max_size=6)))


BATH_FREQUENCIES: list[list[Frequency]] = [
    [],
    [Once()],
    [Once(), Once(), Once()],
    [TimesPerWeek(1), TimesPerWeek(1)],
    [EveryNDays(5), TimesPerWeek(1)],
    [TimesPerMonth(4), EveryNDays(7)],
]


def cheapest_booking_by_trying(asked: Problem, due: list[tuple[int, range]]) -> float:
    """Return the least cost of all ways to give each due visit (need position, its days) a slot or none."""
    every = [NOBODY, *range(len(asked.slots))]
    return min(_booking_cost(asked, due, choice) for choice in product(every, repeat=len(due)))


def _booking_cost(asked: Problem, due: list[tuple[int, range]], choice: tuple[int | None, ...]) -> float:
    taken = [slot for slot in choice if slot is not None]
    if any(taken.count(slot) > asked.slots.places[slot] for slot in taken):
        return float("inf")
    cost = 0
    for (need, days), slot in zip(due, choice, strict=True):
        if slot is None:
            cost += int(asked.needs.penalties[need])
        elif may_book(asked, need, slot) and asked.slots.days[slot] in days:
            cost += metres(asked, int(asked.needs.ids[need]), int(asked.slots.ids[slot]))
        else:
            return float("inf")
    return cost


def may_book(asked: Problem, need: int, slot: int) -> bool:
    """Say in plain words which slot (position) a need (position) may use."""
    needs, slots = asked.needs, asked.slots
    weekday = (asked.starts_on.weekday() + int(slots.days[slot])) % 7
    return bool(
        slots.skills[slot] == needs.skills[need]
        and [needs.ids[need], slots.resource_ids[slot]] in asked.bookable.tolist()
        and metres(asked, int(needs.ids[need]), int(slots.ids[slot])) <= asked.params.max_slot_distance_m
        and needs.weekdays[need] >> weekday & 1
        and slots.ends_min[slot] - slots.starts_min[slot] >= needs.durations_min[need]
    )


def quarter(*, needs: int, volunteers: int, seed: int, candidates: int = 30, room: int = 6) -> Problem:
    """Scatter a quarter of two by two kilometres with wishes, penalties and room by seed."""
    random = np.random.default_rng(seed)
    return question(
        *(
            Need(
                id=number,
                east_m=float(random.uniform(0, 2000)),
                north_m=float(random.uniform(0, 2000)),
                skill=int(random.integers(0, 3)),
                gender=Gender(int(random.choice([0, 0, 0, 1, 2]))),
                languages=int(random.choice([0, 0, 1, 2])),
                area=int(random.integers(1, 4)),
                penalty=int(random.choice([3_000, 20_000])),
            )
            for number in range(needs)
        ),
        *(
            Volunteer(
                id=1000 + number,
                east_m=float(random.uniform(0, 2000)),
                north_m=float(random.uniform(0, 2000)),
                skills=int(random.integers(1, 8)),
                gender=Gender(int(random.integers(1, 3))),
                languages=int(random.integers(0, 4)),
                max_needs=int(random.integers(0, room + 1)),
            )
            for number in range(volunteers)
        ),
        exclusions=[(number, 1000 + number) for number in range(min(needs, volunteers))],
        candidates_per_need=candidates,
        detour=1.3,
        seed=seed,
    )


def cheapest_by_linear_program(asked: Problem, able: Ints) -> float:
    """Return the optimum of the pairing as a linear program; ``able``, shape (n, m), holds metres, -1 where none is."""
    rows, columns = np.nonzero(able >= 0)
    needs, volunteers = able.shape
    arcs, ones = np.arange(len(rows)), np.ones(len(rows))
    each_need_once = csr_array((ones, (rows, arcs)), shape=(needs, len(rows)))
    each_room_kept = csr_array((ones, (columns, arcs)), shape=(volunteers, len(rows)))
    gains = able[rows, columns] - asked.needs.penalties[rows]
    solved = linprog(
        gains,
        A_ub=vstack([each_need_once, each_room_kept]),
        b_ub=np.concatenate((np.ones(needs), asked.volunteers.max_needs)),
        bounds=(0, 1),
        method="highs",
    )
    return float(solved.fun + asked.needs.penalties.sum())
