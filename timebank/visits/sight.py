"""What a volunteer sees of the senior of a visit: the little that is needed, and the home only when it is.

Source: the personal information law's rule of least need; the window is the district's own choice.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from timebank.core.clock import moment_at
from timebank.people.tables import Person
from timebank.visits.tables import Visit

HOME_IS_SEEN = timedelta(days=1)
"""The address is seen from one day before the visit's day begins until the visit ends."""
DOUBLE_NAMES = (
    "欧阳",
    "上官",
    "司马",
    "诸葛",
    "司徒",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "令狐",
    "夏侯",
    "端木",
    "东方",
    "南宫",
)
"""Family names of two characters that are still met."""


class Seen(NamedTuple):
    """How a senior is addressed, and the home while it may be seen."""

    name: str
    address: str | None


def seen_by_volunteer(visit: Visit, senior: Person, *, now: datetime) -> Seen:
    """Return what the volunteer of a visit may see at a moment."""
    begins = moment_at(visit.day, 0) - HOME_IS_SEEN
    ends = moment_at(visit.day, visit.starts_min + visit.planned_min)
    may_see = visit.status in ("planned", "checked_in") and begins <= now < ends
    return Seen(address_of_respect(senior), senior.address if may_see else None)


def address_of_respect(person: Person) -> str:
    """Return the family name with a word of respect: 王阿姨, 欧阳叔叔 (old customs of Shanghai)."""
    is_double = len(person.name) > 2 and person.name.startswith(DOUBLE_NAMES)
    return person.name[: 2 if is_double else 1] + {"female": "阿姨", "male": "叔叔"}.get(person.gender, "老师")
