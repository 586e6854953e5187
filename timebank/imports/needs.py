"""Files of needs: which senior needs which service how often, and when it suits."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.imports import cells, timetables
from timebank.imports.changes import Log
from timebank.imports.columns import Column, columns_of
from timebank.imports.faults import Faults
from timebank.imports.kinds import NOTHING, Counts, Difference, Entry, Kind, Work, difference, note_doubles
from timebank.imports.known import Known
from timebank.imports.rows import rows_by_ref
from timebank.imports.seniors import SENIOR
from timebank.needs.tables import Need

NEED = table_of(Need)
DEFAULTS = {"weekdays": 127, "hours": (480, 1080), "gender": "any", "language": ""}


def columns(known: Known) -> tuple[Column, ...]:
    """Return the columns of a file of needs."""
    reads = {
        "ref": cells.ref,
        "senior": cells.ref,
        "service": cells.choice(known.services),
        "organisation": cells.choice(known.organisations),
        "frequency": timetables.frequency,
        "minutes": cells.whole(1, 600),
        "weekdays": timetables.weekdays,
        "hours": timetables.hours,
        "gender": cells.choice(cells.WISHES),
        "language": cells.or_none(cells.choice(cells.LANGUAGES), ""),
        "from_day": cells.day,
        "to_day": cells.or_none(cells.day),
    }
    return columns_of("needs", reads, DEFAULTS)


def compare(session: Session, known: Known, entries: Sequence[Entry], faults: Faults, today: date) -> Work:
    """Compare a file with the needs that stand."""
    note_doubles(entries, "ref", "需求编号", "doubled_ref", faults, masked=False)
    olds = rows_by_ref(session, NEED, [entry.values["ref"] for entry in entries if entry.has("ref")])
    seniors = rows_by_ref(session, SENIOR, sorted({entry.values["senior"] for entry in entries if entry.has("senior")}))
    for entry in entries:
        _check_senior(entry, seniors, known, faults)
        _check_times(entry, olds.get(entry.values.get("ref", "")), faults, today)
    if faults.count:
        return NOTHING
    added: list[dict[str, Any]] = []
    changed: list[tuple[dict[str, Any], dict[str, Any]]] = []
    told: list[Difference] = []
    for entry in entries:
        old = olds.get(entry.values["ref"])
        row = _row(entry, seniors[entry.values["senior"]]["person_id"], old, today)
        if old is None:
            added.append(row)
        elif row != old:
            changed.append((old, row))
            told.append(difference("needs", entry, [(old, row)]))
    counts = Counts(len(added), len(changed), len(entries) - len(added) - len(changed))
    return Work(counts, lambda _session, log: _write(log, added, changed), tuple(told))


def _check_senior(entry: Entry, seniors: dict[str, dict[str, Any]], known: Known, faults: Faults) -> None:
    """Note a senior who is not there, and an organisation that does not work where the senior lives."""
    if not entry.has("senior"):
        return
    senior = seniors.get(entry.values["senior"])
    if senior is None:
        entry.fault(faults, "老人编号", entry.values["senior"], "unknown_senior")
    elif entry.has("organisation") and not known.works_in(entry.values["organisation"], senior["subdistrict_id"]):
        word = known.word_of(known.organisations, entry.values["organisation"])
        entry.fault(faults, "组织", word, "organisation_elsewhere")


def _check_times(entry: Entry, old: dict[str, Any] | None, faults: Faults, today: date) -> None:
    """Note an end before the start, and hours that are too short for the visit; a calendar could never hold them."""
    if entry.has("from_day", "to_day"):
        start = entry.values["from_day"] or (old["from_day"] if old else today)
        end = entry.values["to_day"] if old is None or "to_day" in entry.filled else old["to_day"]
        if end is not None and end <= start:
            entry.fault(faults, "结束日期", end, "to_before_from")
    if entry.has("hours", "minutes", "service"):
        start_min, end_min = entry.values["hours"]
        minutes = entry.values["minutes"] or entry.values["service"].minutes
        if end_min - start_min < minutes:
            entry.fault(faults, "适合时段", timetables.told(start_min, end_min), "hours_short", minutes=minutes)


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
        if current is None or key in entry.filled:
            row |= columns_of_key
    return row


def _write(log: Log, added: list[dict[str, Any]], changed: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    log.add(NEED, added)
    log.change(NEED, changed)


NEEDS = Kind(name="needs", columns=columns, compare=compare)
