"""The result: pairs, dated visits, bookings and the unmet, with status, bound, gap and verdict.

Ids are those of the problem. Distances are walking metres; a cost is in metres too.
"""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


CANDIDATE_RULES = ("skill", "eligibility", "distance", "gender", "language", "traits", "availability", "exclusion")
"""Rules that take candidates away from a need, in the order in which they are counted."""


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
    TRAITS = "traits"
    AVAILABILITY = "availability"
    EXCLUSION = "exclusion"
    ELIGIBILITY = "eligibility"  # no resource is open to this need
    CAPACITY = "capacity"  # all candidates have as many needs as they take
    SLOT_PLACES = "slot_places"  # all slots in reach are full
    CALENDAR = "calendar"  # paired, but its visits fit into no days
    COST = "cost"  # who has room is farther than the need's penalty is worth


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
    bound: int  # no plan of anyone within reach costs less
    gap: float  # (objective - bound) / max(1, abs(objective)); credits for kept pairs can take it below 0
    seed: int
    method: str  # how pairing was solved, such as "min-cost flow"
    seconds_by_stage: dict[str, float]
    verdict: Verdict
    stopped_by: str = "proven"  # proven, effort, time or cancelled; after time another run may differ

    def to_json(self) -> bytes:
        """Write the plan whole."""
        return json.dumps(asdict(self), default=np.ndarray.tolist).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Plan":
        """Read what :meth:`to_json` wrote."""
        read: dict[str, Any] = json.loads(text)
        unmet = read["unmet"]
        taken = np.array(unmet["taken_by_rule"], dtype=np.int64).reshape(-1, len(CANDIDATE_RULES))
        read |= {
            "pairs": Pairs(**_columns(read["pairs"])),
            "visits": Visits(**_columns(read["visits"])),
            "bookings": Bookings(**_columns(read["bookings"])),
            "unmet": Unmet(
                need_ids=np.array(unmet["need_ids"], dtype=np.int64),
                reasons=tuple(UnmetReason(reason) for reason in unmet["reasons"]),
                taken_by_rule=taken,
                remaining=np.array(unmet["remaining"], dtype=np.int64),
            ),
            "status": Status(read["status"]),
            "verdict": Verdict(**(read["verdict"] | {"faults": tuple(read["verdict"]["faults"])})),
        }
        return cls(**read)


def _columns(read: dict[str, list[int]]) -> dict[str, Ints]:
    return {name: np.array(values, dtype=np.int64) for name, values in read.items()}
