"""What if: the question of a plan changed in a few words, solved beside the plan, and compared line by line."""

import re
from dataclasses import dataclass

from sqlmodel import Session

from matching.whatif import Change, FewerVolunteers, MorePlaces, MoreVolunteers, Row, Weigh, what_if
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongInput
from timebank.core.naming import number_of
from timebank.core.texts import Phrase
from timebank.needs.tables import Service
from timebank.people.tables import Area, Volunteer
from timebank.planning.reasons import Recalled, codes_of
from timebank.projects.tables import Resource

WEIGHTS = (
    "candidates_per_need",
    "change_m",
    "detour",
    "fairness_m",
    "gap_min",
    "max_distance_m",
    "max_slot_distance_m",
    "pace_m_per_min",
    "waiting_m_per_day",
)
MOST_MORE = 10_000
UNMET = re.compile(r"unmet area (\d+) skill (\d+)")


AREA, SERVICE = map(table_of, (Area, Service))


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """What is supposed: volunteers more in a sub-district, volunteers gone, places more, other weights.

    Everything is named by code or reference: ``more`` are (sub-district, how many), ``places`` (resource, how many).
    Newcomers give ``service`` if it is named, else they are like those who are there.
    """

    more: tuple[tuple[str, int], ...] = ()
    service: str | None = None
    gone: tuple[str, ...] = ()
    places: tuple[tuple[str, int], ...] = ()
    weights: tuple[tuple[str, float], ...] = ()


def suppose(session: Session, recalled: Recalled, supposed: Supposed) -> list[Row]:
    """Return every figure of a plan before and after what is supposed.

    Raises
    ------
    NotFound
        When there is no such sub-district, service, volunteer or resource.
    WrongInput
        When there is no such weight, a number is out of range, or nothing is supposed.
    """
    changes = _changes(session, recalled, supposed)
    if not changes:
        raise WrongInput(field="what if", value="", right=Phrase("right_supposed"))
    try:
        compared = what_if(recalled.problem, changes, before=recalled.answer)
    except ValueError as fault:  # the engine says what cannot be, in words
        raise WrongInput(field="what if", value=str(fault)[:200], right=Phrase("right_supposed")) from fault
    areas = codes_of(session, AREA)
    services = codes_of(session, SERVICE)

    def named(row: Row) -> Row:
        found = UNMET.fullmatch(row.name)
        if found is None:
            return row
        service = services[recalled.codes.services[int(found[2])]]
        return Row(name=f"unmet {areas[int(found[1])]} {service}", before=row.before, after=row.after)

    return [named(row) for row in compared.rows]


def _changes(session: Session, recalled: Recalled, supposed: Supposed) -> list[Change]:
    """Put what is supposed into changes of the engine's question."""
    changes: list[Change] = []
    for code, count in supposed.more:
        _check("more", count, 1)
        area = number_of(session, Area, code)
        changes.append(MoreVolunteers(count, area, _skill(session, recalled, supposed.service)))
    if supposed.gone:
        gone = [number_of(session, Volunteer, ref, name="external_ref", number="person_id") for ref in supposed.gone]
        changes.append(FewerVolunteers(tuple(gone)))
    for code, count in supposed.places:
        _check("places", count, -MOST_MORE)
        changes.append(MorePlaces(number_of(session, Resource, code), count))
    for name, value in supposed.weights:
        if name not in WEIGHTS:
            raise WrongInput(field="weight", value=name, right=Phrase("right_one_of", known=", ".join(WEIGHTS)))
        changes.append(Weigh(name, value))
    return changes


def _check(field: str, count: int, least: int) -> None:
    if not least <= count <= MOST_MORE:
        raise WrongInput(field=field, value=str(count), right=Phrase("right_range", least=least, most=MOST_MORE))


def _skill(session: Session, recalled: Recalled, service: str | None) -> int | None:
    if service is None:
        return None
    number = number_of(session, Service, service)
    if number not in recalled.codes.skills:
        raise NotFound(kind="service", key=service)
    return recalled.codes.skills[number]
