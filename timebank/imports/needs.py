"""Files of needs: which senior needs which service how often, and when it suits."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Table
from sqlmodel import Session

from timebank.imports import cells
from timebank.imports.changes import Log
from timebank.imports.columns import Column, columns_of
from timebank.imports.faults import Faults
from timebank.imports.kinds import Counts, Entry, Kind, Work, note_doubles
from timebank.imports.known import Known
from timebank.imports.persons import rows_by_ref
from timebank.imports.seniors import SENIOR
from timebank.needs.tables import Need

NEED: Table = Need.__table__  # type: ignore[attr-defined]  # SQLModel adds it
DEFAULTS = {"weekdays": 127, "hours": (480, 1080), "gender": "any", "language": ""}


def columns(known: Known) -> tuple[Column, ...]:
    """Return the columns of a file of needs."""
    reads = {
        "ref": cells.ref,
        "senior": cells.ref,
        "service": cells.choice(known.services),
        "organisation": cells.choice(known.organisations),
        "frequency": cells.frequency,
        "minutes": cells.whole(1, 600),
        "weekdays": cells.weekdays,
        "hours": cells.hours,
        "gender": cells.choice(cells.WISHES),
        "language": cells.choice(cells.LANGUAGES),
        "from_day": cells.day,
        "to_day": cells.day,
    }
    return columns_of("needs", reads, DEFAULTS)


def compare(session: Session, _known: Known, entries: Sequence[Entry], faults: Faults, today: date) -> Work:
    """Compare a file with the needs that stand."""
    note_doubles(entries, "ref", "需求编号", "doubled_ref", faults, masked=False)
    olds = rows_by_ref(session, NEED, [entry.values["ref"] for entry in entries])
    seniors = rows_by_ref(session, SENIOR, sorted({entry.values["senior"] for entry in entries}))
    added: list[dict[str, Any]] = []
    changed: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for entry in entries:
        senior = seniors.get(entry.values["senior"])
        old = olds.get(entry.values["ref"])
        if senior is None:
            entry.fault(faults, "老人编号", entry.values["senior"], "unknown_senior")
            continue
        row = _row(entry, senior["person_id"], old, today)
        if row["to_day"] is not None and row["to_day"] <= row["from_day"]:
            entry.fault(faults, "结束日期", row["to_day"], "to_before_from")
        if old is None:
            added.append(row)
        elif row != old:
            changed.append((old, row))
    counts = Counts(len(added), len(changed), len(entries) - len(added) - len(changed))
    return Work(counts, lambda _session, log: _write(log, added, changed))


def _row(entry: Entry, senior_id: int, current: dict[str, Any] | None, today: date) -> dict[str, Any]:
    values, service = entry.values, entry.values["service"]
    row = dict(current) if current else {"external_ref": values["ref"], "status": "open", "to_day": None}
    kind, count = values["frequency"]
    row |= {
        "senior_id": senior_id,
        "service_id": service.id,
        "organisation_id": values["organisation"],
        "frequency_kind": kind,
        "frequency_count": count,
    }
    given = {
        "minutes": {"minutes": values["minutes"] or service.minutes},
        "weekdays": {"weekdays": values["weekdays"]},
        "hours": {"window_start_min": values["hours"][0], "window_end_min": values["hours"][1]},
        "gender": {"gender_wish": values["gender"]},
        "language": {"language_wish": values["language"]},
        "from_day": {"from_day": values["from_day"] or (current or {}).get("from_day") or today},
        "to_day": {"to_day": values["to_day"]},
    }
    for key, columns_of_key in given.items():
        if current is None or key in entry.present:
            row |= columns_of_key
    return row


def _write(log: Log, added: list[dict[str, Any]], changed: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    log.add(NEED, added)
    log.change(NEED, changed)


NEEDS = Kind(name="needs", columns=columns, compare=compare)
