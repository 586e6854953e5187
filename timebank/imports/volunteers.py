"""Files of volunteers: the person, where they start from, what they give and when."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.imports import cells, timetables
from timebank.imports.changes import PORTION, Log
from timebank.imports.columns import Column, columns_of
from timebank.imports.faults import Faults
from timebank.imports.kinds import NOTHING, Counts, Difference, Entry, FieldChange, Kind, Work, difference
from timebank.imports.known import Known
from timebank.imports.persons import (
    PERSON,
    PERSON_READS,
    Standing,
    add_persons,
    match_persons,
    note_person_doubles,
    person_row,
    settle_person,
)
from timebank.imports.rows import in_chunks
from timebank.people.tables import Volunteer, VolunteerSkill
from timebank.rules.pack import pack_in_force

VOLUNTEER = table_of(Volunteer)
SKILL = table_of(VolunteerSkill)
DEFAULTS = {"languages": ("zh",), "weekdays": 127, "hours": (480, 1080), "max_needs": 5, "weekly_cap_min": 300}


@dataclass(slots=True, kw_only=True)
class Wanted:
    """A volunteer as the file wants them, beside what stands."""

    entry: Entry
    person: dict[str, Any]
    volunteer: dict[str, Any]
    services: set[int]
    old: Standing
    old_services: set[int]

    @property
    def is_changed(self) -> bool:
        """Whether anything differs from what stands."""
        rows = (self.person, self.volunteer, self.services)
        return rows != (self.old.person, self.old.row, self.old_services)

    def told(self) -> Difference:
        """Return what changes of a volunteer who stands."""
        pairs = ((self.old.person or {}, self.person), (self.old.row or {}, self.volunteer))
        services = FieldChange("services", tuple(sorted(self.old_services)), tuple(sorted(self.services)))
        return difference("volunteers", self.entry, pairs, [services] if self.services != self.old_services else [])


def columns(known: Known) -> tuple[Column, ...]:
    """Return the columns of a file of volunteers."""
    own = {
        "ref": cells.ref,
        "organisation": cells.choice(known.organisations),
        "subdistrict": cells.choice(known.subdistricts),
        "services": cells.several({word: service.id for word, service in known.services.items()}),
        "weekdays": timetables.weekdays,
        "hours": timetables.hours,
        "max_needs": cells.whole(0, 50),
        "weekly_cap_min": cells.whole(0, 5000),
        "trained_on": cells.or_none(cells.day),
    }
    return columns_of("volunteers", PERSON_READS | own, DEFAULTS)


def compare(session: Session, known: Known, entries: Sequence[Entry], faults: Faults, today: date) -> Work:
    """Compare a file with the volunteers that stand."""
    youngest = pack_in_force(today).value("min_age_to_earn")
    for entry in entries:
        settle_person(entry, known, faults, youngest=youngest, too_young="too_young_to_give")
    note_person_doubles(entries, faults)
    olds = match_persons(session, VOLUNTEER, entries, faults)
    if faults.count:
        return NOTHING
    skills = _skills(session, [old.row["person_id"] for old in olds if old.row])
    both = list(zip(entries, olds, strict=True))
    added = [(entry, old) for entry, old in both if old.row is None]
    stands = [_wanted(entry, old, skills) for entry, old in both if old.row is not None]
    changed = [one for one in stands if one.is_changed]
    counts = Counts(len(added), len(changed), len(stands) - len(changed))
    told = tuple(one.told() for one in changed)
    return Work(counts, lambda _session, log: _write(log, added, changed), told)


def _wanted(entry: Entry, old: Standing, skills: dict[int, set[int]]) -> Wanted:
    return Wanted(
        entry=entry,
        person=person_row(entry, old.person),
        volunteer=_volunteer_row(entry, old.row),
        services=set(entry.values["services"]),
        old=old,
        old_services=skills.get(old.row["person_id"], set()) if old.row else set(),
    )


def _volunteer_row(entry: Entry, current: dict[str, Any] | None) -> dict[str, Any]:
    values = entry.values
    row = dict(current) if current else {"external_ref": values["ref"], "status": "active", "trained_on": None}
    row |= {
        "organisation_id": values["organisation"],
        "subdistrict_id": values["subdistrict"],
        "lat_deg": values["lat"],
        "lon_deg": values["lon"],
    }
    for key in ("weekdays", "max_needs", "weekly_cap_min", "trained_on"):
        if current is None or key in entry.filled:
            row[key] = values[key]
    if current is None or "hours" in entry.filled:
        row["window_start_min"], row["window_end_min"] = values["hours"]
    if current is None or "languages" in entry.filled:
        row["languages"] = ",".join(values["languages"])
    return row


def _skills(session: Session, people: Sequence[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for some in in_chunks(people):
        for who, service in session.connection().execute(select(SKILL).where(SKILL.c.volunteer_id.in_(some))):
            found[who].add(service)
    return found


def _write(log: Log, added: Sequence[tuple[Entry, Standing]], changed: list[Wanted]) -> None:
    for some in in_chunks(added, PORTION):
        portion = [_wanted(entry, old, {}) for entry, old in some]
        add_persons(log, [(one.person, one.volunteer, one.old.person) for one in portion])
        log.put(VOLUNTEER, [one.volunteer for one in portion])
        log.put(SKILL, _skill_rows(portion, lambda one: one.services))
    log.change(PERSON, [(one.old.person or {}, one.person) for one in changed if one.person != one.old.person])
    log.change(VOLUNTEER, [(one.old.row or {}, one.volunteer) for one in changed if one.volunteer != one.old.row])
    log.put(SKILL, _skill_rows(changed, lambda one: one.services - one.old_services))
    log.remove(SKILL, _skill_rows(changed, lambda one: one.old_services - one.services))


def _skill_rows(volunteers: list[Wanted], services: Callable[[Wanted], set[int]]) -> list[dict[str, Any]]:
    return [
        {"volunteer_id": one.volunteer["person_id"], "service_id": service}
        for one in volunteers
        for service in sorted(services(one))
    ]


VOLUNTEERS = Kind(name="volunteers", columns=columns, compare=compare)
