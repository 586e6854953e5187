"""Files of seniors: the person, the home, the categories."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Table, select
from sqlmodel import Session

from timebank.imports import cells
from timebank.imports.changes import Log
from timebank.imports.columns import Column, columns_of
from timebank.imports.faults import CellFault, Faults
from timebank.imports.kinds import Counts, Entry, Kind, Work
from timebank.imports.known import Known
from timebank.imports.persons import (
    BORN,
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
from timebank.people.tables import Senior, SeniorCategory
from timebank.rules.decision import age_on

SENIOR: Table = Senior.__table__  # type: ignore[attr-defined]  # SQLModel adds it
CATEGORY: Table = SeniorCategory.__table__  # type: ignore[attr-defined]  # SQLModel adds it
YOUNGEST = 60
"""Age from which a person is a senior by law."""


@dataclass(slots=True, kw_only=True)
class Wanted:
    """A senior as the file wants them, beside what stands."""

    person: dict[str, Any]
    senior: dict[str, Any]
    categories: tuple[str, ...] | None
    old_person: dict[str, Any] | None
    old_senior: dict[str, Any] | None
    open_categories: dict[str, dict[str, Any]]
    ended_today: dict[str, dict[str, Any]]

    @property
    def is_new(self) -> bool:
        """Whether there is no such senior yet."""
        return self.old_senior is None

    @property
    def is_changed(self) -> bool:
        """Whether anything differs from what stands."""
        other = self.categories is not None and set(self.categories) != set(self.open_categories)
        return self.person != self.old_person or self.senior != self.old_senior or other


def columns(known: Known) -> tuple[Column, ...]:
    """Return the columns of a file of seniors."""
    own = {
        "ref": cells.ref,
        "subdistrict": cells.choice(known.subdistricts),
        "committee": cells.choice(known.committees),
        "categories": cells.several(cells.category_words()),
    }
    return columns_of("seniors", PERSON_READS | own, {"categories": (), "languages": ("zh",)})


def compare(session: Session, known: Known, entries: Sequence[Entry], faults: Faults, today: date) -> Work:
    """Compare a file with the registry."""
    right = [entry for entry in entries if _settle(entry, known, faults, today)]
    note_person_doubles(right, faults)
    old_seniors = rows_by_ref(session, SENIOR, [entry.values["ref"] for entry in right])
    old_persons = persons_by_id(session, [row["person_id"] for row in old_seniors.values()])
    categories = _categories(session, list(old_persons), today)
    taken = person_by_identity(session, right)
    wanted = []
    for entry in right:
        old_senior = old_seniors.get(entry.values["ref"])
        old_person = old_persons[old_senior["person_id"]] if old_senior else None
        person = person_row(entry, old_person)
        holder = taken.get(person["identity_lookup"] or b"")
        if holder is not None and holder != (old_person or {}).get("id"):
            entry.fault(faults, IDENTITY, entry.values["identity_number"], "identity_taken", masked=True)
        wanted.append(
            Wanted(
                person=person,
                senior=_senior_row(entry, old_senior),
                categories=entry.values["categories"] if "categories" in entry.present else None,
                old_person=old_person,
                old_senior=old_senior,
                open_categories=_of(old_person, categories, lambda row: row["to_day"] is None or row["to_day"] > today),
                ended_today=_of(old_person, categories, lambda row: row["to_day"] == row["from_day"] == today),
            )
        )
    changed = [one for one in wanted if not one.is_new and one.is_changed]
    added = [one for one in wanted if one.is_new]
    counts = Counts(len(added), len(changed), len(wanted) - len(added) - len(changed))
    return Work(counts, lambda _session, log: _write(log, added, changed, today))


def _settle(entry: Entry, known: Known, faults: Faults, today: date) -> bool:
    is_right = settle_person(entry, known, faults)
    values = entry.values
    if values["born_on"] is not None and age_on(values["born_on"], today) < YOUNGEST:
        entry.fault(faults, BORN, values["born_on"], "too_young", masked=True)
        is_right = False
    try:
        values["committee_id"] = known.committee_in(values["committee"], values["subdistrict"])
    except CellFault as wrong:
        faults.add(entry.sheet, entry.row, "居委", "", wrong)
        is_right = False
    return is_right


def _senior_row(entry: Entry, current: dict[str, Any] | None) -> dict[str, Any]:
    values = entry.values
    row = dict(current) if current else {"external_ref": values["ref"], "status": "active"}
    row |= {
        "subdistrict_id": values["subdistrict"],
        "committee_id": values["committee_id"],
        "lat_deg": values["lat"],
        "lon_deg": values["lon"],
    }
    if current is None or "languages" in entry.present:
        row["languages"] = ",".join(values["languages"])
    return row


def _categories(session: Session, people: Sequence[int], today: date) -> dict[int, list[dict[str, Any]]]:
    """Return the categories that seniors are in today, and those that began and ended today."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for some in in_chunks(people):
        held = select(CATEGORY).where(
            CATEGORY.c.senior_id.in_(some),
            CATEGORY.c.to_day.is_(None) | (CATEGORY.c.to_day > today) | (CATEGORY.c.from_day == today),
        )
        for row in session.connection().execute(held).mappings():
            found[row["senior_id"]].append(dict(row))
    return found


def _of(
    person: dict[str, Any] | None, rows: dict[int, list[dict[str, Any]]], keep: Callable[[dict[str, Any]], bool]
) -> dict[str, dict[str, Any]]:
    return {row["category"]: row for row in rows.get(person["id"], []) if keep(row)} if person else {}


def _write(log: Log, added: list[Wanted], changed: list[Wanted], today: date) -> None:
    ids = log.add(PERSON, [one.person for one in added])
    log.put(SENIOR, [{**one.senior, "person_id": number} for one, number in zip(added, ids, strict=True)])
    for one, number in zip(added, ids, strict=True):
        one.senior["person_id"] = number
    log.change(PERSON, [(one.old_person or {}, one.person) for one in changed if one.person != one.old_person])
    log.change(SENIOR, [(one.old_senior or {}, one.senior) for one in changed if one.senior != one.old_senior])
    fresh, ended = [], []
    for one in (*added, *changed):
        told = set(one.categories) if one.categories is not None else set(one.open_categories)
        for category in sorted(told - set(one.open_categories)):
            if category in one.ended_today:
                ended.append((one.ended_today[category], {**one.ended_today[category], "to_day": None}))
                continue
            fresh.append(
                {"senior_id": one.senior["person_id"], "category": category, "from_day": today, "proof": "import"}
            )
        ended += [(row, {**row, "to_day": today}) for key, row in one.open_categories.items() if key not in told]
    log.put(CATEGORY, fresh)
    log.change(CATEGORY, ended)


SENIORS = Kind(name="seniors", columns=columns, compare=compare)
