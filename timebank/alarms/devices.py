"""Devices in homes: put up, taken down, found by the code they say."""

import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import insert, select
from sqlmodel import Session

from timebank.alarms.kinds import DEVICES
from timebank.alarms.orders import DEVICE
from timebank.alarms.tables import AlarmDevice
from timebank.core.errors import NotFound, WrongInput
from timebank.core.texts import Phrase
from timebank.people.belonging import require_person
from timebank.people.tables import Senior

CODE = re.compile(r"[A-Za-z0-9._:-]{1,40}")


def device_at(session: Session, kind: str, code: str, *, lock: bool = False) -> AlarmDevice | None:
    """Return the device that has a code now, or nothing."""
    held = select(DEVICE.c.id).where(DEVICE.c.kind == kind, DEVICE.c.code == code, DEVICE.c.to_at.is_(None))
    number = session.connection().execute(held.with_for_update() if lock else held).scalar()
    return None if number is None else session.get(AlarmDevice, number)


def register_device(
    session: Session, kind: str, code: str, senior_id: int, *, now: datetime, organisation_id: int | None = None
) -> AlarmDevice:
    """Put a device into a senior's home; one that stood elsewhere is taken down there. The same again is the same.

    Raises
    ------
    NotFound
        When there is no such senior, of the organisation's people if one is given.
    WrongInput
        When the kind or the code cannot be.
    """
    if kind not in DEVICES:
        raise WrongInput(field="kind", value=kind[:40], right=Phrase("right_one_of", known=", ".join(DEVICES)))
    if not CODE.fullmatch(code):
        raise WrongInput(field="code", value=code[:40], right=Phrase("right_device_code"))
    require_person(session, senior_id, organisation_id)
    if session.get(Senior, senior_id) is None:
        raise NotFound(kind="senior", key=str(senior_id))
    stands = device_at(session, kind, code, lock=True)
    if stands is not None:
        if stands.senior_id == senior_id:
            return stands
        require_person(session, stands.senior_id, organisation_id)
        stands.to_at = now
        session.flush()
    device = AlarmDevice(kind=kind, code=code, senior_id=senior_id, from_at=now)
    session.add(device)
    session.flush()
    return device


def register_devices(session: Session, kind: str, senior_by_code: Mapping[str, int], *, now: datetime) -> int:
    """Put many devices up at once, each with a code that no device has now; returns how many.

    Raises
    ------
    ValueError
        When the kind or a code cannot be.
    """
    if kind not in DEVICES or not all(CODE.fullmatch(code) for code in senior_by_code):
        message = f"Devices are of {', '.join(DEVICES)} and have codes of 1 to 40 letters, digits or . _ : - signs."
        raise ValueError(message)
    rows = [{"kind": kind, "code": code, "senior_id": one, "from_at": now} for code, one in senior_by_code.items()]
    if rows:
        session.connection().execute(insert(DEVICE), rows)
    return len(rows)


def remove_device(
    session: Session, kind: str, code: str, *, now: datetime, organisation_id: int | None = None
) -> AlarmDevice:
    """Take a device down; what came from it keeps its household.

    Raises
    ------
    NotFound
        When no device has the code, or it stands at another's.
    """
    device = device_at(session, kind, code, lock=True)
    if device is None:
        raise NotFound(kind="alarm_device", key=code[:40])
    try:
        require_person(session, device.senior_id, organisation_id)
    except NotFound:
        raise NotFound(kind="alarm_device", key=code[:40]) from None
    device.to_at = now
    session.flush()
    return device
