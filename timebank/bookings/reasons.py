"""Why this one and why not me: what each brought before a scarce place, compared with whom it was decided against."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from timebank.planning.places import WAITING_M_PER_DAY

TIER, WAITING, DISTANCE, ALL = "tier", "waiting", "distance", "all"
AHEAD_IN = (TIER, WAITING, DISTANCE, ALL)
"""In what one can be ahead of another: who comes first by rule, who waits longer, who is nearer, or all together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a request brought before the places of a round.

    ``suits`` are the slots that it could have used by every rule, free or not; ``ready`` those that it could have had
    whole, with what goes along, had nobody else been there; ``reason`` the engine's word for why it has none.
    """

    request_id: int
    tier: int
    waited_days: int
    distance_m: int | None
    suits: frozenset[int]
    ready: frozenset[int]
    reason: str
    wheelchairs: int
    is_series: bool
    has_also: bool

    @property
    def worth_m(self) -> int:
        """Metres that a place for it is worth beside its tier: what its waiting adds, less the way."""
        return self.waited_days * WAITING_M_PER_DAY - (self.distance_m or 0)


class Decision(NamedTuple):
    """Why a request was given a place or not; see :class:`timebank.bookings.tables.PlaceDecision`."""

    brought: Brought
    is_given: bool
    why: str
    position: int
    ahead: Counter[str]


def reasons_of(
    everybody: Sequence[Brought], given: Mapping[int, frozenset[int]], free: Mapping[int, tuple[int, int]]
) -> list[Decision]:
    """Say for every request why it was given a place or not.

    Parameters
    ----------
    everybody
        All that were looked at.
    given
        Slots that requests were given, by request.
    free
        Places, and places for a wheelchair, that were free before, by slot.
    """
    winners = [one for one in everybody if one.request_id in given]
    losers = sorted(
        (one for one in everybody if one.request_id not in given),
        key=lambda one: (one.tier, -one.waited_days, one.request_id),
    )
    decided = []
    for winner in winners:
        rivals = [one for one in losers if one.ready & given[winner.request_id]]
        ahead = Counter(ahead_in(winner, rival) for rival in rivals)
        decided.append(Decision(winner, is_given=True, why=_most(ahead), position=0, ahead=ahead))
    for position, loser in enumerate(losers, start=1):
        before = [one for one in winners if given[one.request_id] & loser.ready]
        ahead = Counter(ahead_in(one, loser) for one in before)
        decided.append(
            Decision(loser, is_given=False, why=_why_not(loser, ahead, free), position=position, ahead=ahead)
        )
    return decided


def ahead_in(winner: Brought, loser: Brought) -> str:
    """Return in what one who was given a place was ahead of one who could have used it."""
    if winner.tier != loser.tier:
        return TIER if winner.tier < loser.tier else ALL
    if winner.worth_m <= loser.worth_m:
        return ALL
    by_waiting = (winner.waited_days - loser.waited_days) * WAITING_M_PER_DAY
    by_distance = (loser.distance_m or 0) - (winner.distance_m or 0)
    return WAITING if by_waiting >= by_distance else DISTANCE


def _most(ahead: Counter[str]) -> str:
    """Return in what most were passed over, the more weighty of equals; ``enough`` when nobody was."""
    return max(AHEAD_IN, key=lambda what: ahead[what]) if ahead else "enough"


def _why_not(loser: Brought, ahead: Counter[str], free: Mapping[int, tuple[int, int]]) -> str:
    """Return what took the last place away: rules, those who are served already, others now, or what goes with it."""
    if not loser.suits:
        return loser.reason
    if ahead:
        return "others"
    open_slots = [free[slot] for slot in loser.suits if free.get(slot, (0, 0))[0] > 0]
    if not open_slots:
        return "full"
    if loser.wheelchairs and not any(chairs for _, chairs in open_slots):
        return "wheelchair"
    if loser.ready:
        return "budget"
    return "second" if loser.has_also else "series"
