"""Plays a day: visits happen, are confirmed, missed or disputed; confirmed minutes are credited."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Row, select
from sqlmodel import Session

from timebank.bookings import outcomes as places
from timebank.core.clock import moment_at
from timebank.core.columns import table_of
from timebank.core.database import expect_much
from timebank.needs.tables import Need
from timebank.projects.tables import Booking, Slot
from timebank.visits.credit import Credited, credit_day
from timebank.visits.diary import Outcome, record_day
from timebank.visits.life import VISIT, resolve

BOOKING = table_of(Booking)
SLOT = table_of(Slot)
NEED = table_of(Need)
MISSED, DISPUTED = 0.02, 0.005
EVIDENCE = ("app", "landline", "qr", "paper", "witness")
EVIDENCE_SHARES = (0.55, 0.25, 0.1, 0.08, 0.02)
CONFIRMERS = ("senior", "organisation", "sample")
CONFIRMER_SHARES = (0.7, 0.25, 0.05)
ARBITER = "organisation:arbitration"


def play_day(session: Session, book_id: int, day: date, *, seed: int) -> Credited:
    """Play one day in the caller's transaction; the same seed and day give the same outcomes."""
    expect_much(session)
    random = np.random.default_rng([seed, 2, day.toordinal()])
    credited = play_visits(session, book_id, day, random)
    _close_bookings(session, random, day, moment_at(day, 21 * 60))
    return credited


def play_visits(session: Session, book_id: int, day: date, random: np.random.Generator) -> Credited:
    """Let a day's planned visits happen or not, resolve some disputes of the day before, and credit both days."""
    evening = moment_at(day, 21 * 60)
    rows = _planned(session, day)
    record_day(session, day, _outcomes(random, rows), actor="organisation:day-sheet", now=evening)
    _resolve_some(session, random, day - timedelta(days=1), evening)
    today = credit_day(session, book_id, day, now=evening)
    late = credit_day(session, book_id, day - timedelta(days=1), now=evening)
    return Credited(*(a + b for a, b in zip(today, late, strict=True)))


def _planned(session: Session, day: date) -> list[Row[Any]]:
    v = VISIT.c
    wanted = select(v.id, v.starts_min, v.planned_min).where(v.day == day, v.status == "planned").order_by(v.id)
    return list(session.connection().execute(wanted))


def _outcomes(random: np.random.Generator, rows: list[Row[Any]]) -> list[Outcome]:
    """Draw how each visit went: on time to a few minutes, of about the planned length."""
    chance, count = random.random(len(rows)), len(rows)
    late, longer = random.integers(-3, 10, count), random.integers(-2, 6, count)
    evidence = random.choice(EVIDENCE, count, p=EVIDENCE_SHARES)
    confirmer = random.choice(CONFIRMERS, count, p=CONFIRMER_SHARES)
    outcomes = []
    for n, row in enumerate(rows):
        if chance[n] < MISSED:
            outcomes.append(Outcome(row.id, "missed", 0, 0, "", "", "无人应答"))
            continue
        disputed = chance[n] < MISSED + DISPUTED
        status, note = ("disputed", "时长与约定不符") if disputed else ("confirmed", "")
        began, served = int(row.starts_min + late[n]), max(1, int(row.planned_min + longer[n]))
        outcomes.append(Outcome(row.id, status, began, served, str(evidence[n]), str(confirmer[n]), note))
    return outcomes


def _resolve_some(session: Session, random: np.random.Generator, day: date, now: datetime) -> None:
    """Half of yesterday's disputes are resolved by someone who is no party."""
    v = VISIT.c
    wanted = select(v.id, v.served_min).where(v.day == day, v.status == "disputed").order_by(v.id)
    for row in list(session.connection().execute(wanted)):
        if random.random() < 0.5:
            upheld = int(row.served_min * random.choice((0.0, 0.5, 1.0)))
            resolve(session, row.id, actor=ARBITER, served_min=upheld, note="电话核实后裁定", now=now)


def _close_bookings(session: Session, random: np.random.Generator, day: date, now: datetime) -> None:
    """A booked place is used, or now and then missed."""
    booked = (
        select(BOOKING.c.need_id, NEED.c.minutes)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(NEED, NEED.c.id == BOOKING.c.need_id)
        .where(BOOKING.c.status == "booked", SLOT.c.day == day)
        .order_by(BOOKING.c.id)
    )
    outcomes = [
        places.Outcome(row.need_id, "missed")
        if random.random() < MISSED
        else places.Outcome(row.need_id, "used", row.minutes)
        for row in session.connection().execute(booked)
    ]
    places.record_day(session, day, outcomes, actor="organisation:day-sheet", now=now)
