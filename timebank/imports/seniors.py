"""Files of seniors: the person, the home, the categories."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.imports import cells
from timebank.imports.changes import PORTION, Log
from timebank.imports.columns import Column, columns_of
from timebank.imports.faults import CellFault, Faults
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
from timebank.people.tables import Senior, SeniorCategory

SENIOR = table_of(Senior)
CATEGORY = table_of(SeniorCategory)
YOUNGEST = 60
"""Age from which a person is a senior by law."""
COMMITTEE = "居委"


@dataclass(slots=True, kw_only=True)
class Wanted:
    """A senior as the file wants them, beside what stands."""

    entry: Entry
    person: dict[str, Any]
    senior: dict[str, Any]
    categories: tuple[str, ...] | None
    old: Standing
    open_categories: dict[str, dict[str, Any]]
    ended_today: dict[str, dict[str, Any]]

    @property
    def has_other_categories(self) -> bool:
        """Whether the file names other categories than those that stand."""
        return self.categories is not None and set(self.categories) != set(self.open_categories)

    @property
    def is_changed(self) -> bool:
        """Whether anything differs from what stands."""
        return self.person != self.old.person or self.senior != self.old.row or self.has_other_categories

    def told(self) -> Difference:
        """Return what changes of a senior who stands."""
        pairs = ((self.old.person or {}, self.person), (self.old.row or {}, self.senior))
        held, told = tuple(sorted(self.open_categories)), tuple(sorted(self.categories or ()))
        also = [FieldChange("categories", held, told)] if self.has_other_categories else []
        return difference("seniors", self.entry, pairs, also)


def columns(known: Known) -> tuple[Column, ...]:
    """Return the columns of a file of seniors."""
    own = {
        "ref": cells.ref,
        "subdistrict": cells.choice(known.subdistricts),
        "committee": cells.choice(known.committees),
        "categories": cells.or_none(cells.several(cells.category_words()), ()),
    }
    return columns_of("seniors", PERSON_READS | own, {"categories": (), "languages": ("zh",)})


def compare(session: Session, known: Known, entries: Sequence[Entry], faults: Faults, today: date) -> Work:
    """Compare a file with the registry."""
    for entry in entries:
        settle_person(entry, known, faults, youngest=YOUNGEST, too_young="too_young")
        _settle_committee(entry, known, faults)
    note_person_doubles(entries, faults)
    olds = match_persons(session, SENIOR, entries, faults)
    if faults.count:
        return NOTHING
    categories = _categories(session, [old.row["person_id"] for old in olds if old.row], today)
    both = list(zip(entries, olds, strict=True))
    added = [(entry, old) for entry, old in both if old.row is None]
    stands = [_wanted(entry, old, categories, today) for entry, old in both if old.row is not None]
    changed = [one for one in stands if one.is_changed]
    counts = Counts(len(added), len(changed), len(stands) - len(changed))
    told = tuple(one.told() for one in changed)
    return Work(counts, lambda _session, log: _write(log, added, changed, today), told)


def _settle_committee(entry: Entry, known: Known, faults: Faults) -> None:
    if entry.has("committee", "subdistrict"):
        try:
            entry.values["committee_id"] = known.committee_in(entry.values["committee"], entry.values["subdistrict"])
        except CellFault as wrong:
            word = known.word_of(known.committees, entry.values["committee"])
            faults.add(entry.sheet, entry.row, COMMITTEE, word, wrong)


def _wanted(entry: Entry, old: Standing, categories: dict[int, list[dict[str, Any]]], today: date) -> Wanted:
    def of(keep: Callable[[dict[str, Any]], bool]) -> dict[str, dict[str, Any]]:
        held = categories.get(old.row["person_id"], []) if old.row else []
        return {row["category"]: row for row in held if keep(row)}

    return Wanted(
        entry=entry,
        person=person_row(entry, old.person),
        senior=_senior_row(entry, old.row),
        categories=entry.values["categories"] if "categories" in entry.filled else None,
        old=old,
        open_categories=of(lambda row: row["to_day"] is None or row["to_day"] > today),
        ended_today=of(lambda row: row["to_day"] == row["from_day"] == today),
    )


def _senior_row(entry: Entry, current: dict[str, Any] | None) -> dict[str, Any]:
    values = entry.values
    row = dict(current) if current else {"external_ref": values["ref"], "status": "active"}
    row |= {
        "subdistrict_id": values["subdistrict"],
        "committee_id": values["committee_id"],
        "lat_deg": values["lat"],
        "lon_deg": values["lon"],
    }
    if current is None or "languages" in entry.filled:
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


def _write(log: Log, added: Sequence[tuple[Entry, Standing]], changed: list[Wanted], today: date) -> None:
    for some in in_chunks(added, PORTION):
        portion = [_wanted(entry, old, {}, today) for entry, old in some]
        add_persons(log, [(one.person, one.senior, one.old.person) for one in portion])
        log.put(SENIOR, [one.senior for one in portion])
        _write_categories(log, portion, today)
    log.change(PERSON, [(one.old.person or {}, one.person) for one in changed if one.person != one.old.person])
    log.change(SENIOR, [(one.old.row or {}, one.senior) for one in changed if one.senior != one.old.row])
    _write_categories(log, changed, today)


def _write_categories(log: Log, seniors: list[Wanted], today: date) -> None:
    """Begin and end categories on the day; one that ended on this very day goes on."""
    fresh, ended = [], []
    for one in seniors:
        told = set(one.categories) if one.categories is not None else set(one.open_categories)
        for category in sorted(told - set(one.open_categories)):
            if category in one.ended_today:
                ended.append((one.ended_today[category], {**one.ended_today[category], "to_day": None}))
                continue
            fresh.append(
                {
                    "senior_id": one.senior["person_id"],
                    "category": category,
                    "from_day": today,
                    "proof": "import",
                    "source": "import",
                }
            )
        ended += [(row, {**row, "to_day": today}) for key, row in one.open_categories.items() if key not in told]
    log.put(CATEGORY, fresh)
    log.change(CATEGORY, ended)


SENIORS = Kind(name="seniors", columns=columns, compare=compare)
