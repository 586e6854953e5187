"""Who is near whom, as far as anybody has looked: kept from repair to repair, and looked farther where that can pay.

The nearest able volunteers of a need are looked for when a chain first comes to it. Arcs of needs stand one after
another in a pool; a need that looks farther is written anew at its end. Whom a change has touched is forgotten.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from matching.candidates import Ground, find_nearest
from matching.columns import Floats, Ints, Mask

Small = NDArray[np.int32]
EVERY_M = 1 << 40
"""How far a need has looked that knows everybody within reach."""
WIDER = 4
GONE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Arcs by need: where they begin and end in the pool (shape (n,) each), nearest first, and how far each looked.

    Nobody who may come is missing among those nearer than ``looked_m``. A volunteer who is gone is ``GONE``.
    """

    begins: Ints
    ends: Ints
    looked_m: Ints
    volunteers: Small
    distances_m: Small

    @classmethod
    def nothing(cls, needs: int) -> "Reach":
        """Return a reach in which nobody has looked yet."""
        none = np.zeros(needs, dtype=np.int64)
        empty = np.empty(0, dtype=np.int32)
        return cls(begins=none, ends=none.copy(), looked_m=none.copy(), volunteers=empty, distances_m=empty)

    def widened(self, ground: Ground, needs: Ints) -> "Reach":
        """Look farther for some needs (positions): first as far as candidates go, then at four times as many."""
        known = self.ends[needs] - self.begins[needs]
        first = ground.problem.params.candidates_per_need
        wanted = np.where(self.looked_m[needs] == 0, first, np.maximum(first, known) * WIDER)
        reach = self
        for most in np.unique(wanted).tolist():
            reach = reach.looked(ground, needs[wanted == most], most).without_waste()
        return reach

    def looked(self, ground: Ground, needs: Ints, most: int) -> "Reach":
        """Look for the nearest so many of some needs (positions, ascending)."""
        arcs = find_nearest(ground, needs, most)
        begins, ends, looked_m = self.begins.copy(), self.ends.copy(), self.looked_m.copy()
        base = len(self.volunteers)
        begins[needs] = base + np.searchsorted(arcs.needs, needs)
        ends[needs] = base + np.searchsorted(arcs.needs, needs, side="right")
        volunteers = np.append(self.volunteers, arcs.volunteers.astype(np.int32))
        distances_m = np.append(self.distances_m, arcs.distances_m.astype(np.int32))
        is_full = ends[needs] - begins[needs] >= most
        looked_m[needs] = EVERY_M
        full = needs[is_full]
        looked_m[full] = np.maximum(1, distances_m[ends[full] - 1])
        return Reach(begins=begins, ends=ends, looked_m=looked_m, volunteers=volunteers, distances_m=distances_m)

    def without_waste(self) -> "Reach":
        """Write the pool anew once more than half of it is read by nobody."""
        counts = self.ends - self.begins
        if len(self.volunteers) <= max(1_000, 2 * int(counts.sum())):
            return self
        rows = np.repeat(self.begins - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))
        ends = np.cumsum(counts)
        return replace(
            self,
            begins=ends - counts,
            ends=ends,
            volunteers=self.volunteers[rows],
            distances_m=self.distances_m[rows],
        )

    def moved(self, needs_now: Ints, volunteers_now: Ints, count: int, forgotten: Mask) -> "Reach":
        """Return the reach of a changed question.

        Parameters
        ----------
        needs_now, volunteers_now
            Where each row of the question before stands now, -1 where it is gone.
        count
            Needs there are now.
        forgotten
            Needs of now that have to look anew, shape (count,).
        """
        columns = []
        for old in (self.begins, self.ends, self.looked_m):
            new = np.zeros(count, dtype=np.int64)
            new[needs_now[needs_now >= 0]] = old[needs_now >= 0]
            new[forgotten] = 0
            columns.append(new)
        whom = np.append(volunteers_now, GONE).astype(np.int32)  # the last answers for who is gone already
        return Reach(
            begins=columns[0],
            ends=columns[1],
            looked_m=columns[2],
            volunteers=whom[self.volunteers] if len(self.volunteers) else self.volunteers,
            distances_m=self.distances_m,
        )

    def near(self, ground: Ground, places_m: Floats) -> Mask:
        """Tell which needs have looked as far as one of some places, so that somebody new there is missing."""
        found = np.zeros(len(self.begins), dtype=bool)
        asked = np.flatnonzero(self.looked_m > 0)
        if len(asked) and len(places_m):
            params = ground.problem.params
            apart_m = cKDTree(places_m).query(ground.places.needs[asked])[0] * params.detour
            found[asked] = apart_m <= np.minimum(self.looked_m[asked], params.max_distance_m) + 1
        return found


def nearest_m(ground: Ground, needs: Ints, volunteers: Ints) -> Ints:
    """Return for some needs the whole metres to the nearest of some volunteers, whoever that is; far without any."""
    if not len(volunteers) or not len(needs):
        return np.full(len(needs), EVERY_M, dtype=np.int64)
    apart_m = cKDTree(ground.places.volunteers[volunteers]).query(ground.places.needs[needs])[0]
    return np.asarray(np.floor(apart_m * ground.problem.params.detour), dtype=np.int64)
