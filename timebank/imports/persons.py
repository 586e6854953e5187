"""The person of a row, shared by seniors and volunteers: name, identity, birth, gender, telephone, home."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Table, select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.core.personal_data import lookup_hash
from timebank.imports import cells
from timebank.imports.changes import Log
from timebank.imports.columns import Read
from timebank.imports.faults import CellFault, Faults
from timebank.imports.kinds import Entry, note_doubles
from timebank.imports.known import SYSTEMS, Known
from timebank.imports.rows import in_chunks, rows_by_ref, rows_in
from timebank.people.identity import read_identity
from timebank.people.tables import Person
from timebank.rules.decision import age_on

PERSON = table_of(Person)
OLDEST = 130
IDENTITY, NAME, BORN, GENDER, LAT = "身份证号", "姓名", "出生日期", "性别", "纬度"
PLACE = ("lat", "lon", "system")
SAID = {"female": "女", "male": "男"}

PLACE_READS: dict[str, Read] = {"lat": cells.degrees, "lon": cells.degrees, "system": cells.choice(SYSTEMS)}
PERSON_READS: dict[str, Read] = PLACE_READS | {
    "name": cells.text(60),
    "identity_number": cells.or_none(cells.identity),
    "born_on": cells.day,
    "gender": cells.choice(cells.GENDERS),
    "phone": cells.or_none(cells.phone),
    "address": cells.or_none(cells.text(200)),
    "languages": cells.several(cells.LANGUAGES),
}


class Standing(NamedTuple):
    """What stands of a row already: the senior or volunteer, and the person, who may be registered as the other."""

    row: dict[str, Any] | None
    person: dict[str, Any] | None


def settle_person(entry: Entry, known: Known, faults: Faults, *, youngest: int, too_young: str) -> None:
    """Let identity, birth, age, gender and place of a row agree, in place; what does not is noted."""
    values = entry.values
    if entry.has("identity_number", "born_on", "gender"):
        _settle_identity(entry, faults)
    if values.get("born_on") is not None:
        age = age_on(values["born_on"], known.today)
        if not youngest <= age <= OLDEST:
            code = too_young if 0 <= age < youngest else "birth_impossible"
            entry.fault(faults, BORN, values["born_on"], code, masked=True, least=youngest)
    settle_place(entry, known, faults)


def _settle_identity(entry: Entry, faults: Faults) -> None:
    values = entry.values
    if values["identity_number"]:
        said = read_identity(values["identity_number"])
        if values["born_on"] not in (None, said.born_on):
            entry.fault(faults, BORN, values["born_on"], "identity_birth", masked=True)
        if values["gender"] not in (None, said.gender):
            entry.fault(faults, GENDER, SAID[values["gender"]], "identity_gender")
        values["born_on"], values["gender"] = said.born_on, said.gender
    if values["born_on"] is None:
        entry.fault(faults, BORN, "", "birth_needed")
    if values["gender"] is None:
        entry.fault(faults, GENDER, "", "gender_needed")


def settle_place(entry: Entry, known: Known, faults: Faults) -> None:
    """Bring the place of a row into WGS-84, in place; one outside the district is noted, without the exact home."""
    if not entry.has(*PLACE):
        return
    values = entry.values
    try:
        values["lat"], values["lon"] = known.place(values["lat"], values["lon"], values["system"])
    except CellFault as wrong:
        faults.add(entry.sheet, entry.row, LAT, f"{values['lat']:.2f}, {values['lon']:.2f}", wrong)


def note_person_doubles(entries: Sequence[Entry], faults: Faults) -> None:
    """Note numbers and identities that stand twice in the file."""
    note_doubles(entries, "ref", "编号", "doubled_ref", faults, masked=False)
    note_doubles(entries, "identity_number", IDENTITY, "doubled_identity", faults, masked=True)


def match_persons(session: Session, table: Table, entries: Sequence[Entry], faults: Faults) -> list[Standing]:
    """Return what stands of each row: by its number, and else by the identity of a person with another part.

    An identity that is registered under another number of the same register, or with another name, is noted.
    """
    rows = rows_by_ref(session, table, [entry.values["ref"] for entry in entries if entry.has("ref")])
    holders = _person_by_identity(session, entries)
    ids = [*(row["person_id"] for row in rows.values()), *holders.values()]
    persons = {row["id"]: row for row in rows_in(session, PERSON, PERSON.c.id, ids)}
    registered = {row["person_id"] for row in rows_in(session, table, table.c.person_id, list(holders.values()))}
    return [_match(entry, rows, holders, persons, registered, faults) for entry in entries]


def _match(
    entry: Entry,
    rows: dict[str, dict[str, Any]],
    holders: dict[str, int],
    persons: dict[int, dict[str, Any]],
    registered: set[int],
    faults: Faults,
) -> Standing:
    values = entry.values
    row = rows.get(values.get("ref", ""))
    number = values.get("identity_number") or ""
    holder = holders.get(number)
    if row is not None:
        if holder not in (None, row["person_id"]):
            entry.fault(faults, IDENTITY, number, "identity_taken", masked=True)
        return Standing(row, persons[row["person_id"]])
    if holder is None:
        return Standing(None, None)
    if holder in registered:
        entry.fault(faults, IDENTITY, number, "identity_taken", masked=True)
    elif values.get("name", persons[holder]["name"]) != persons[holder]["name"]:
        entry.fault(faults, NAME, values["name"], "identity_name", masked=True)
    return Standing(None, persons[holder])


def person_row(entry: Entry, current: dict[str, Any] | None) -> dict[str, Any]:
    """Return the row of the person as the file wants it; what the file leaves empty stays as it is."""
    row: dict[str, Any] = dict(current) if current else {"phone": None, "address": None, "identity_number": None}
    for key in ("name", "identity_number", "born_on", "gender", "phone", "address"):
        if current is None or key in entry.filled or (key in ("born_on", "gender") and entry.values[key] is not None):
            row[key] = entry.values[key]
    row["identity_lookup"] = lookup_hash("identity", row["identity_number"]) if row["identity_number"] else None
    row["phone_lookup"] = lookup_hash("phone", row["phone"]) if row["phone"] else None
    return row


def add_persons(log: Log, added: Sequence[tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None]]) -> None:
    """Write the persons of rows that are new, and put their id into the row.

    Each is the person, the senior or volunteer, and the person who stands already, as the other of the two.
    """
    fresh = [(person, row) for person, row, old in added if old is None]
    for (_, row), number in zip(fresh, log.add(PERSON, [person for person, _ in fresh]), strict=True):
        row["person_id"] = number
    for _, row, old in added:
        if old is not None:
            row["person_id"] = old["id"]
    log.change(PERSON, [(old, person) for person, _, old in added if old is not None and person != old])


def _person_by_identity(session: Session, entries: Sequence[Entry]) -> dict[str, int]:
    """Return which of the identities of a file are registered, with whose person."""
    numbers = [number for entry in entries if (number := entry.values.get("identity_number"))]
    number_by_lookup = {lookup_hash("identity", number): number for number in numbers}
    found: dict[str, int] = {}
    for some in in_chunks(list(number_by_lookup)):
        wanted = select(PERSON.c.identity_lookup, PERSON.c.id).where(PERSON.c.identity_lookup.in_(some))
        found |= {number_by_lookup[bytes(lookup)]: int(who) for lookup, who in session.connection().execute(wanted)}
    return found
