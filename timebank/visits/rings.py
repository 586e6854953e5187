"""Rings of gifts: minutes that come back to who gave them, by way of two or more people.

Gifts are the transfers between members of a book with the reason ``gift``; what was reversed is none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from sqlalchemy import bindparam, text
from sqlmodel import Session

from timebank.core.clock import moment_at
from timebank.core.columns import UtcMoment
from timebank.visits.limits import Limits
from timebank.visits.patterns import Found

MOST_EDGES = 50_000
"""Most pairs of giver and taker that are looked at, the largest first."""
MOST_STEPS = 200_000
"""Most steps in the search for rings: it stays bounded in a district where everybody gives to everybody."""
GIFTS = """
SELECT d.person_id AS giver_id, c.person_id AS taker_id, SUM(t.amount_min) AS minutes
FROM transfer t JOIN account d ON d.id = t.debit_id JOIN account c ON c.id = t.credit_id
WHERE t.book_id = :book AND t.reason = 'gift' AND t.kind IN ('post', 'capture')
    AND t.effective_at >= :from_at AND t.effective_at < :to_at
    AND d.person_id IS NOT NULL AND c.person_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM transfer r WHERE r.reverses_id = t.id)
GROUP BY d.person_id, c.person_id HAVING SUM(t.amount_min) >= :least
ORDER BY minutes DESC, giver_id, taker_id LIMIT :most"""


class Gift(NamedTuple):
    """Minutes that one person gave to another over some time."""

    giver_id: int
    taker_id: int
    minutes: int


def gift_rings(session: Session, book_id: int, from_day: date, to_day: date, limits: Limits) -> Iterator[Found]:
    """Yield the rings among the gifts of some days (half-open), with the least that went all the way round."""
    asked = text(GIFTS).bindparams(bindparam("from_at", type_=UtcMoment()), bindparam("to_at", type_=UtcMoment()))
    values = {
        "book": book_id,
        "from_at": moment_at(from_day, 0),
        "to_at": moment_at(to_day, 0),
        "least": limits.ring_min,
        "most": MOST_EDGES,
    }
    gifts = [Gift(row.giver_id, row.taker_id, int(row.minutes)) for row in session.connection().execute(asked, values)]
    minutes = {(gift.giver_id, gift.taker_id): gift.minutes for gift in gifts}
    for number, ring in enumerate(find_rings(gifts, longest=limits.ring_people)):
        if number == limits.findings:
            return
        least = min(minutes[pair] for pair in zip(ring, ring[1:] + ring[:1], strict=True))
        numbers = {"people": list(ring), "least_min": least}
        yield Found("ring", "ring:" + "-".join(map(str, ring)), ring[0], None, from_day, numbers)


def find_rings(gifts: Iterable[Gift], *, longest: int) -> Iterator[tuple[int, ...]]:
    """Yield every ring of 2 to ``longest`` people once, beginning with its smallest number, in the order of giving."""
    takers: dict[int, list[int]] = defaultdict(list)
    for gift in sorted(gifts):
        if gift.giver_id != gift.taker_id:
            takers[gift.giver_id].append(gift.taker_id)
    steps = 0
    for first in sorted(takers):
        paths: list[tuple[int, ...]] = [(first,)]
        while paths and steps < MOST_STEPS:
            path = paths.pop()
            for taker in takers.get(path[-1], ()):
                steps += 1
                if taker == first and len(path) > 1:
                    yield path
                elif taker > first and taker not in path and len(path) < longest:
                    paths.append((*path, taker))
