"""Files of volunteers: the person, where they start from, what they give and when."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Table, select
from sqlmodel import Session

from timebank.imports import cells
from timebank.imports.changes import Log
from timebank.imports.columns import Column, columns_of
from timebank.imports.faults import Faults
from timebank.imports.kinds import Counts, Entry, Kind, Work
from timebank.imports.known import Known
from timebank.imports.persons import (
    IDENTITY,
    PERSON,
    PERSON_READS,
    in_chunks,
    note_person_doubles,
    person_by_identity,
    person_row,
    persons_by_id,
    rows_by_ref,
    settle_person,
)
from timebank.people.tables import Volunteer, VolunteerSkill

VOLUNTEER: Table = Volunteer.__table__  # type: ignore[attr-defined]  # SQLModel adds it
SKILL: Table = VolunteerSkill.__table__  # type: ignore[attr-defined]  # SQLModel adds it
DEFAULTS = {"languages": ("zh",), "weekdays": 127, "hours": (480, 1080), "max_needs": 5, "weekly_cap_min": 300}


@dataclass(slots=True, kw_only=True)
class Wanted:
    """A volunteer as the file wants them, beside what stands."""

    person: dict[str, Any]
    volunteer: dict[str, Any]
    services: set[int]
    old_person: dict[str, Any] | None
    old_volunteer: dict[str, Any] | None
    old_services: set[int]

    @property
    def is_changed(self) -> bool:
        """Whether anything differs from what stands."""
        rows = (self.person, self.volunteer, self.services)
        return rows != (self.old_person, self.old_volunteer, self.old_services)


def columns(known: Known) -> tuple[Column, ...]:
    """Return the columns of a file of volunteers."""
    own = {
        "ref": cells.ref,
        "organisation": cells.choice(known.organisations),
        "subdistrict": cells.choice(known.subdistricts),
        "services": cells.several({word: service.id for word, service in known.services.items()}),
        "weekdays": cells.weekdays,
        "hours": cells.hours,
        "max_needs": cells.whole(0, 50),
        "weekly_cap_min": cells.whole(0, 5000),
        "trained_on": cells.day,
    }
    return columns_of("volunteers", PERSON_READS | own, DEFAULTS)


def compare(session: Session, known: Known, entries: Sequence[Entry], faults: Faults, _today: date) -> Work:
    """Compare a file with the volunteers that stand."""
    right = [entry for entry in entries if settle_person(entry, known, faults)]
    note_person_doubles(right, faults)
    olds = rows_by_ref(session, VOLUNTEER, [entry.values["ref"] for entry in right])
    old_persons = persons_by_id(session, [row["person_id"] for row in olds.values()])
    skills = _skills(session, list(old_persons))
    taken = person_by_identity(session, right)
    wanted = []
    for entry in right:
        old = olds.get(entry.values["ref"])
        old_person = old_persons[old["person_id"]] if old else None
        person = person_row(entry, old_person)
        holder = taken.get(person["identity_lookup"] or b"")
        if holder is not None and holder != (old_person or {}).get("id"):
            entry.fault(faults, IDENTITY, entry.values["identity_number"], "identity_taken", masked=True)
        wanted.append(
            Wanted(
                person=person,
                volunteer=_volunteer_row(entry, old),
                services=set(entry.values["services"]),
                old_person=old_person,
                old_volunteer=old,
                old_services=skills.get(old["person_id"], set()) if old else set(),
            )
        )
    added = [one for one in wanted if one.old_volunteer is None]
    changed = [one for one in wanted if one.old_volunteer is not None and one.is_changed]
    counts = Counts(len(added), len(changed), len(wanted) - len(added) - len(changed))
    return Work(counts, lambda _session, log: _write(log, added, changed))


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
        if current is None or key in entry.present:
            row[key] = values[key]
    if current is None or "hours" in entry.present:
        row["window_start_min"], row["window_end_min"] = values["hours"]
    if current is None or "languages" in entry.present:
        row["languages"] = ",".join(values["languages"])
    return row


def _skills(session: Session, people: Sequence[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for some in in_chunks(people):
        for who, service in session.connection().execute(select(SKILL).where(SKILL.c.volunteer_id.in_(some))):
            found[who].add(service)
    return found


def _write(log: Log, added: list[Wanted], changed: list[Wanted]) -> None:
    ids = log.add(PERSON, [one.person for one in added])
    for one, number in zip(added, ids, strict=True):
        one.volunteer["person_id"] = number
    log.put(VOLUNTEER, [one.volunteer for one in added])
    log.change(PERSON, [(one.old_person or {}, one.person) for one in changed if one.person != one.old_person])
    moved = [one for one in changed if one.volunteer != one.old_volunteer]
    log.change(VOLUNTEER, [(one.old_volunteer or {}, one.volunteer) for one in moved])
    fresh = [
        {"volunteer_id": one.volunteer["person_id"], "service_id": service}
        for one in (*added, *changed)
        for service in sorted(one.services - one.old_services)
    ]
    log.put(SKILL, fresh)
    for one in changed:
        gone = [
            {"volunteer_id": one.volunteer["person_id"], "service_id": service}
            for service in sorted(one.old_services - one.services)
        ]
        log.remove(SKILL, gone)


VOLUNTEERS = Kind(name="volunteers", columns=columns, compare=compare)
