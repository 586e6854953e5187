"""The judge of pairs: who may come to whom, and how many needs a volunteer takes."""

from collections.abc import Iterator

import numpy as np

from matching.case import Case, metres_between, pair_faults
from matching.plan import UnmetReason
from matching.problem import Gender


def skill(case: Case) -> Iterator[str]:
    """A volunteer has the skill of the need; a slot offers it."""
    skills = case.problem.needs.skills
    has = case.problem.volunteers.skills[case.pair_volunteers] >> skills[case.pair_needs].astype(np.uint64)
    yield from pair_faults(case, has & np.uint64(1) == 0, "the volunteer lacks the skill")
    other = skills[case.booking_needs] != case.problem.slots.skills[case.booking_slots]
    for row in np.flatnonzero(other & case.own_bookings):
        booked = case.plan.bookings
        yield f"need {booked.need_ids[row]} is booked into slot {booked.slot_ids[row]} of another service"


def distance(case: Case) -> Iterator[str]:
    """Nobody walks farther than allowed, and the metres are as said (to 2 m)."""
    problem, plan, needs = case.problem, case.plan, case.problem.needs
    people, slots, params = problem.volunteers, problem.slots, problem.params
    for table, rows, whose, others, most_m in (
        (plan.pairs, case.pair_needs, case.pair_volunteers, people, params.max_distance_m),
        (plan.bookings, case.booking_needs, case.booking_slots, slots, params.max_slot_distance_m),
    ):
        said_m = table.distances_m
        here = needs.lats_deg[rows], needs.lons_deg[rows]
        metres = metres_between(problem, here, (others.lats_deg[whose], others.lons_deg[whose]))
        for row in np.flatnonzero(metres > most_m + 1):
            yield f"need {table.need_ids[row]}: {metres[row]:.0f} m is farther than {most_m:.0f} m"
        for row in np.flatnonzero(np.abs(metres - said_m) > 2):  # rounding of both sides
            yield f"need {table.need_ids[row]}: {said_m[row]} m are said, {metres[row]:.0f} m counted"


def gender(case: Case) -> Iterator[str]:
    """A wish for a gender is kept."""
    wished = case.problem.needs.genders[case.pair_needs]
    wrong = (wished != Gender.ANY) & (wished != case.problem.volunteers.genders[case.pair_volunteers])
    yield from pair_faults(case, wrong, "another gender was wished")


def language(case: Case) -> Iterator[str]:
    """A wish for a language is kept."""
    wished = case.problem.needs.languages[case.pair_needs]
    spoken = case.problem.volunteers.languages[case.pair_volunteers]
    yield from pair_faults(case, (wished != 0) & (wished & spoken == 0), "no wished language is spoken")


def traits(case: Case) -> Iterator[str]:
    """Nobody meets a trait they refuse, and a required trait is there."""
    needs, who = case.problem.needs, case.problem.volunteers
    has, bears = who.traits[case.pair_volunteers], needs.traits[case.pair_needs]
    yield from pair_faults(
        case, has & needs.refuses[case.pair_needs] != 0, "the senior refuses a trait of the volunteer"
    )
    yield from pair_faults(
        case, bears & who.refuses[case.pair_volunteers] != 0, "the volunteer refuses a trait met there"
    )
    required = needs.requires[case.pair_needs]
    yield from pair_faults(case, has & required != required, "the volunteer lacks a required trait")


def exclusion(case: Case) -> Iterator[str]:
    """Those who never meet are not paired."""
    never = {(int(senior), int(volunteer)) for senior, volunteer in case.problem.exclusions}
    seniors = case.problem.needs.senior_ids[case.pair_needs].tolist()
    met = zip(seniors, case.plan.pairs.volunteer_ids.tolist(), strict=True)
    wrong = np.array([pair in never for pair in met], dtype=bool) if never else np.zeros(len(seniors), dtype=bool)
    yield from pair_faults(case, wrong, "these never meet")


def preset(case: Case) -> Iterator[str]:
    """A pair that must be is there, unless its need is said to be unmet because of the calendar."""
    met = set(zip(case.plan.pairs.need_ids.tolist(), case.plan.pairs.volunteer_ids.tolist(), strict=True))
    undated = {
        need
        for need, reason in zip(case.plan.unmet.need_ids.tolist(), case.plan.unmet.reasons, strict=True)
        if reason == UnmetReason.CALENDAR
    }
    for need, volunteer in case.problem.preset.tolist():
        if (need, volunteer) not in met and need not in undated:
            yield f"need {need} and volunteer {volunteer}: this pair must be"


def capacity(case: Case) -> Iterator[str]:
    """A volunteer has no more needs than they take."""
    taken = np.bincount(case.pair_volunteers, minlength=len(case.problem.volunteers))
    for who in np.flatnonzero(taken > case.problem.volunteers.max_needs):
        most = case.problem.volunteers.max_needs[who]
        yield f"volunteer {case.problem.volunteers.ids[who]} has {taken[who]} needs, takes {most}"
