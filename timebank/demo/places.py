"""Places of the synthetic district: committees, residential compounds and homes inside the real outline."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from timebank.core.places import is_in_district
from timebank.demo.published import Subdistrict, subdistricts

COMPOUNDS_A_COMMITTEE = 3
SPREAD_DEG = 0.0085
"""Standard deviation of compounds around the middle of their sub-district: about 900 m."""
COMPOUND_DEG = 0.0006
"""Standard deviation of homes in a compound: about 60 m."""
MOST_TRIES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Compounds:
    """Residential compounds: sub-district and committee (positions) and middle, shape (n,) and (n, 2) degrees."""

    subdistricts: NDArray[np.int64]
    committees: NDArray[np.int64]
    middles_deg: NDArray[np.float64]


def make_compounds(random: np.random.Generator, committees_each: int) -> Compounds:
    """Scatter compounds round the middle of their sub-district, inside the outline and nearest to that middle."""
    areas = subdistricts()
    rows = [
        (number, number * committees_each + committee, *_near(random, areas, number))
        for number in range(len(areas))
        for committee in range(committees_each)
        for _ in range(COMPOUNDS_A_COMMITTEE)
    ]
    columns = np.array(rows)
    return Compounds(
        subdistricts=columns[:, 0].astype(np.int64),
        committees=columns[:, 1].astype(np.int64),
        middles_deg=columns[:, 2:],
    )


def _near(random: np.random.Generator, areas: tuple[Subdistrict, ...], number: int) -> tuple[float, float]:
    area = areas[number]
    for _ in range(MOST_TRIES):
        lat, lon = random.normal((area.lat_deg, area.lon_deg), SPREAD_DEG).tolist()
        distances = [(lat - other.lat_deg) ** 2 + (lon - other.lon_deg) ** 2 for other in areas]
        if int(np.argmin(distances)) == number and is_in_district(lat, lon):
            return lat, lon
    return area.lat_deg, area.lon_deg


def settle(random: np.random.Generator, compounds: Compounds, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a home beside the middle of each chosen compound, shape (n, 2) degrees, inside the outline."""
    homes = compounds.middles_deg[chosen] + random.normal(0, COMPOUND_DEG, (len(chosen), 2))
    outside = [n for n, (lat, lon) in enumerate(homes.tolist()) if not is_in_district(lat, lon)]
    homes[outside] = compounds.middles_deg[chosen[outside]]
    return homes


def choose_compounds(
    random: np.random.Generator, compounds: Compounds, count: int, shares: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Choose a compound for each of ``count`` people; ``shares`` weighs the sub-districts."""
    weights = (shares / shares.sum())[compounds.subdistricts]
    return random.choice(len(weights), count, p=weights / weights.sum())
