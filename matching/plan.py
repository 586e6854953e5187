"""The result: pairs, dated visits, bookings and the unmet, with status, bound, gap and verdict.

Ids are those of the problem. Distances are walking metres; a cost is in metres too.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Status(StrEnum):
    """What is known of a plan's cost."""

    OPTIMAL = "OPTIMAL"
    FEASIBLE = "FEASIBLE"


class UnmetReason(StrEnum):
    """Why a need is left unmet: the rule that took away its last candidate, or what ran out."""

    SKILL = "skill"
    DISTANCE = "distance"
    GENDER = "gender"
    LANGUAGE = "language"
    AVAILABILITY = "availability"
    EXCLUSION = "exclusion"
    ELIGIBILITY = "eligibility"  # no resource is open to this need
    CAPACITY = "capacity"  # all candidates have as many needs as they take
    SLOT_PLACES = "slot_places"  # all slots in reach are full
    CALENDAR = "calendar"  # paired, but its visits fit into no days


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Columns of p pairs."""

    need_ids: Ints
    volunteer_ids: Ints
    distances_m: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """Columns of v dated visits, ordered by day, volunteer and start."""

    need_ids: Ints
    volunteer_ids: Ints
    days: Ints
    starts_min: Ints
    durations_min: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookings:
    """Columns of b bookings of slots."""

    need_ids: Ints
    slot_ids: Ints
    distances_m: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """Columns of u unmet needs, and how many candidates each rule took away from each.

    ``taken_by_rule`` has shape (u, len(CANDIDATE_RULES)); ``remaining`` are the candidates that were
    left after all rules and are used by others.
    """

    need_ids: Ints
    reasons: tuple[UnmetReason, ...]
    taken_by_rule: Ints
    remaining: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the judge found: every broken rule in words, and the cost counted anew."""

    holds: bool
    faults: tuple[str, ...]  # at most 100, each names its rule, the ids and the amount
    objective: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan with its own proof."""

    starts_on: str  # ISO date of day 0
    horizon_days: int
    pairs: Pairs
    visits: Visits
    bookings: Bookings
    unmet: Unmet
    status: Status
    objective: int  # metres of all pairs and bookings, and penalties of the unmet
    bound: int  # no plan of the same candidates costs less
    gap: float  # (objective - bound) / max(1, objective)
    seed: int
    method: str  # how pairing was solved, such as "min-cost flow"
    seconds_by_stage: dict[str, float]
    verdict: Verdict
