"""People near a place: who is within reach on foot, read by a square on the map, and what is told of them."""

import math
from typing import Any, NamedTuple

from sqlalchemy import Row, Select

from matching.problem import Params
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.planning.commitments import Free
from timebank.planning.volunteer_rows import VOLUNTEER, volunteers_asked

METRES_PER_DEGREE = 111_195.0
MOST_ASKED = 20
BUSY = ("planned", "checked_in")


class Candidate(NamedTuple):
    """Somebody who could come: how far it is on foot (to ten metres), and from which minute of the day on."""

    volunteer_id: int
    volunteer_ref: str
    distance_m: int
    starts_min: int


def check_count(count: int) -> None:
    """Refuse to look for nobody, or for more than twenty."""
    if not 1 <= count <= MOST_ASKED:
        raise WrongInput(field="count", value=str(count), right=Phrase("right_range", least=1, most=MOST_ASKED))


def rounded(metres: int) -> int:
    """To ten metres, so that several answers give no home away."""
    return -(-metres // 10) * 10


def near(place: Any, params: Params, organisation_id: int | None) -> Select[Any]:
    """Return the query of the active volunteers in a square round a place that holds all within reach on foot."""
    reach_m = params.max_distance_m / params.detour + 1
    north = reach_m / METRES_PER_DEGREE
    east = north / max(0.05, math.cos(math.radians(abs(place.lat_deg) + north)))
    v = VOLUNTEER.c
    return volunteers_asked(organisation_id).where(
        v.lat_deg.between(place.lat_deg - north, place.lat_deg + north),
        v.lon_deg.between(place.lon_deg - east, place.lon_deg + east),
    )


def free(row: Row[Any]) -> Free:
    """Return all that a volunteer offers, whatever they promised."""
    return Free(
        max_needs=row.max_needs,
        weekly_cap_min=row.weekly_cap_min,
        window_start_min=row.window_start_min,
        window_end_min=row.window_end_min,
    )
