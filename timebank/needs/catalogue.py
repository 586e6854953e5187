"""The service catalogue every district starts with.

Minutes and priorities are the starting values of the synthetic district, not published figures; a
district sets its own rows.
"""

from typing import NamedTuple

from sqlmodel import Session, select

from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.needs.tables import Service

SERVICE = table_of(Service)


class Entry(NamedTuple):
    """An entry of the catalogue before it is a row."""

    code: str
    name_zh: str
    name_en: str
    served_by: str
    minutes: int
    priority: int


STANDARD = (
    Entry("greeting", "两天一问候", "Greeting", "volunteer", 10, 2),
    Entry("door_visit", "一周一上门", "Weekly door visit", "volunteer", 45, 3),
    Entry("bath", "助浴", "Bath assistance", "slot", 60, 2),
    Entry("trip", "无障碍出行", "Accessible trip", "slot", 120, 2),
)


def ensure_services(session: Session) -> dict[str, Service]:
    """Make the standard services that are missing; return every service by code."""
    stands = {service.code: service for service in session.exec(select(Service))}
    missing = [entry._asdict() for entry in STANDARD if entry.code not in stands]
    if not missing:
        return stands  # nothing is written, so that whoever only reads may ask too
    connection = session.connection()
    gate = insert_or_skip(connection, SERVICE).on_conflict_do_nothing(index_elements=["code"])
    connection.execute(gate, missing)
    return {service.code: service for service in session.exec(select(Service))}
