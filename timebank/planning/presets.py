"""Pairs that must be, because somebody decided so; a plan keeps them or says why it cannot."""

from datetime import datetime

from sqlmodel import Session, col, func, select

from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound, Refusal, WrongState
from timebank.needs.tables import Need, Service
from timebank.people.tables import NeverTogether, Volunteer
from timebank.planning.tables import PresetPair

PRESET = table_of(PresetPair)


class PairCannotBe(Refusal):
    """A pair that must be breaks a rule of who may come to whom."""

    def __init__(self, *, need: str, volunteer: str) -> None:
        self.need, self.volunteer = need, volunteer
        super().__init__(f"Need {need} and volunteer {volunteer} must be a pair, and a rule says that they cannot be.")


class PairsCannotBe(Refusal):
    """Pairs that must be break a rule together: somebody would have more needs or minutes than they take."""

    def __init__(self, *, pairs: int) -> None:
        self.pairs = pairs
        super().__init__(f"The {pairs} pairs that must be ask more of somebody than they take; release one of them.")


def preset(session: Session, need_id: int, volunteer_id: int, *, actor: str, now: datetime) -> PresetPair:
    """Decide that a volunteer serves a need in every plan from now on; the same again is the same pair.

    Raises
    ------
    NotFound
        When there is no such need that volunteers serve, or no such volunteer.
    WrongState
        When the need has as many decided already as come together, or the volunteer is not active.
    PairCannotBe
        When the two never meet.
    """
    wait_turn(session, f"preset pairs of need {need_id}")
    need, volunteer = session.get(Need, need_id), session.get(Volunteer, volunteer_id)
    if need is None or session.get_one(Service, need.service_id).served_by != "volunteer":
        raise NotFound(kind="need", key=str(need_id))
    if volunteer is None:
        raise NotFound(kind="volunteer", key=str(volunteer_id))
    if volunteer.status != "active":
        raise WrongState(kind="volunteer", key=str(volunteer_id), state=volunteer.status, allowed="active")
    if session.get(NeverTogether, (need.senior_id, volunteer_id)) is not None:
        raise PairCannotBe(need=need.external_ref, volunteer=volunteer.external_ref)
    same = _standing(session, need_id, volunteer_id)
    if same is not None:
        return same
    stands = select(func.count()).where(PresetPair.need_id == need_id, col(PresetPair.withdrawn_at).is_(None))
    if session.exec(stands).one() >= need.helpers:
        raise WrongState(kind="need", key=str(need_id), state="paired", allowed="open")
    pair = PresetPair(need_id=need_id, volunteer_id=volunteer_id, recorded_by=actor, recorded_at=now)
    session.add(pair)
    session.flush()
    return pair


def release(session: Session, need_id: int, volunteer_id: int, *, actor: str, now: datetime) -> None:
    """Leave a pair to the engine again.

    Raises
    ------
    NotFound
        When it is not decided.
    """
    pair = _standing(session, need_id, volunteer_id)
    if pair is None:
        raise NotFound(kind="pair", key=f"{need_id}, {volunteer_id}")
    pair.withdrawn_by, pair.withdrawn_at = actor, now
    session.flush()


def _standing(session: Session, need_id: int, volunteer_id: int) -> PresetPair | None:
    wanted = select(PresetPair).where(
        PresetPair.need_id == need_id,
        PresetPair.volunteer_id == volunteer_id,
        col(PresetPair.withdrawn_at).is_(None),
    )
    return session.exec(wanted).first()
