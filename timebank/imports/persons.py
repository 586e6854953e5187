"""The person of a row, shared by seniors and volunteers: name, identity, birth, gender, telephone, home."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Table, select
from sqlmodel import Session

from timebank.core.personal_data import lookup_hash
from timebank.imports import cells
from timebank.imports.columns import Read
from timebank.imports.faults import CellFault, Faults
from timebank.imports.kinds import Entry, note_doubles
from timebank.imports.known import SYSTEMS, Known
from timebank.people.identity import read_identity
from timebank.people.tables import Person

PERSON: Table = Person.__table__  # type: ignore[attr-defined]  # SQLModel adds it
ROWS_A_QUERY = 500
IDENTITY, BORN, GENDER, LAT = "身份证号", "出生日期", "性别", "纬度"

PLACE_READS: dict[str, Read] = {"lat": cells.degrees, "lon": cells.degrees, "system": cells.choice(SYSTEMS)}
PERSON_READS: dict[str, Read] = PLACE_READS | {
    "name": cells.text(60),
    "identity_number": cells.identity,
    "born_on": cells.day,
    "gender": cells.choice(cells.GENDERS),
    "phone": cells.phone,
    "address": cells.text(200),
    "languages": cells.several(cells.LANGUAGES),
}


def settle_person(entry: Entry, known: Known, faults: Faults) -> bool:
    """Let identity, birth, gender and place of a row agree, in place; tells whether they do."""
    values, before = entry.values, faults.count
    if values["identity_number"]:
        said = read_identity(values["identity_number"])
        if values["born_on"] not in (None, said.born_on):
            entry.fault(faults, BORN, values["born_on"], "identity_birth", masked=True)
        if values["gender"] not in (None, said.gender):
            entry.fault(faults, GENDER, values["gender"], "identity_gender")
        values["born_on"], values["gender"] = said.born_on, said.gender
    if values["born_on"] is None:
        entry.fault(faults, BORN, "", "birth_needed")
    if values["gender"] is None:
        entry.fault(faults, GENDER, "", "gender_needed")
    try:
        values["lat"], values["lon"] = known.place(values["lat"], values["lon"], values["system"])
    except CellFault as wrong:
        faults.add(entry.sheet, entry.row, LAT, f"{values['lat']:.2f}, {values['lon']:.2f}", wrong)
    return faults.count == before


def note_person_doubles(entries: Sequence[Entry], faults: Faults) -> None:
    """Note numbers and identities that stand twice in the file."""
    note_doubles(entries, "ref", "编号", "doubled_ref", faults, masked=False)
    note_doubles(entries, "identity_number", IDENTITY, "doubled_identity", faults, masked=True)


def person_row(entry: Entry, current: dict[str, Any] | None) -> dict[str, Any]:
    """Return the row of the person as the file wants it; columns that the file lacks stay as they are."""
    row: dict[str, Any] = dict(current) if current else {"phone": None, "address": None, "identity_number": None}
    for key in ("name", "identity_number", "born_on", "gender", "phone", "address"):
        if current is None or key in entry.present or (key in ("born_on", "gender") and entry.values[key] is not None):
            row[key] = entry.values[key]
    row["identity_lookup"] = lookup_hash("identity", row["identity_number"]) if row["identity_number"] else None
    row["phone_lookup"] = lookup_hash("phone", row["phone"]) if row["phone"] else None
    return row


def in_chunks(values: Sequence[Any], size: int = ROWS_A_QUERY) -> Iterator[list[Any]]:
    """Yield values in lists of bounded size."""
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some


def rows_by_ref(session: Session, table: Table, refs: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return rows that stand, by their external reference."""
    found: dict[str, dict[str, Any]] = {}
    for some in in_chunks(refs):
        rows = session.connection().execute(select(table).where(table.c.external_ref.in_(some))).mappings()
        found |= {row["external_ref"]: dict(row) for row in rows}
    return found


def persons_by_id(session: Session, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return persons that stand, by id."""
    found: dict[int, dict[str, Any]] = {}
    for some in in_chunks(ids):
        rows = session.connection().execute(select(PERSON).where(PERSON.c.id.in_(some))).mappings()
        found |= {row["id"]: dict(row) for row in rows}
    return found


def person_by_identity(session: Session, entries: Sequence[Entry]) -> dict[bytes, int]:
    """Return which of the identities of a file are registered, with whose person."""
    numbers = [one.values["identity_number"] for one in entries if one.values["identity_number"]]
    wanted = [lookup_hash("identity", number) for number in numbers]
    found: dict[bytes, int] = {}
    for some in in_chunks(wanted):
        rows = session.connection().execute(
            select(PERSON.c.identity_lookup, PERSON.c.id).where(PERSON.c.identity_lookup.in_(some))
        )
        found |= {bytes(lookup): int(number) for lookup, number in rows}
    return found
