"""A volunteer of a pair is replaced by another: asked first as well, and the old pair holds until both said yes."""

from datetime import datetime

from sqlmodel import Session, col, select

from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.people.tables import Volunteer
from timebank.planning.near_rows import Candidate
from timebank.programmes.handing import possible_partners
from timebank.programmes.partnerships import HOLDS, LIVES, pair_of
from timebank.programmes.steps import words_of, write_steps
from timebank.programmes.tables import Partnership


def candidates_for(
    session: Session, pair_id: int, *, organisation_id: int, now: datetime, count: int = 5
) -> list[Candidate]:
    """Return who of the organisation's volunteers could take a pair over, as the engine finds them, nearest first.

    Raises
    ------
    NotFound
        When there is no such pair, or it is another's.
    """
    pair = pair_of(session, pair_id, organisation_id=organisation_id)
    return possible_partners(
        session, pair.need_id, pair.volunteer_id, organisation_id=organisation_id, count=count, now=now
    )


def propose_replacement(
    session: Session,
    pair_id: int,
    volunteer_id: int,
    *,
    actor: str,
    reason: str,
    now: datetime,
    organisation_id: int,
) -> Partnership:
    """Propose another volunteer for an agreed pair; the organisation has said yes by asking, the volunteer is asked.

    Until the volunteer says yes the old pair holds; then it ends, and its visits ahead go over. The same again is the
    same proposal.

    Raises
    ------
    NotFound
        When there is no such pair or volunteer, or it is another's.
    WrongState
        When the pair is not agreed or paused, or the volunteer is not active.
    WrongInput
        When the volunteer is the same, or said no to this need before; or there is no reason.
    """
    words = words_of("reason", reason)
    pair = pair_of(session, pair_id, organisation_id=organisation_id)
    if pair.state not in HOLDS:
        raise WrongState(kind="partnership", key=str(pair_id), state=pair.state, allowed="agreed")
    volunteer = session.get(Volunteer, volunteer_id)
    if volunteer is None or volunteer.organisation_id != organisation_id:
        raise NotFound(kind="volunteer", key=str(volunteer_id))
    if volunteer.status != "active":
        raise WrongState(kind="volunteer", key=volunteer.external_ref, state=volunteer.status, allowed="active")
    before = list(
        session.exec(
            select(Partnership)
            .where(Partnership.need_id == pair.need_id, Partnership.volunteer_id == volunteer_id)
            .order_by(col(Partnership.id).desc())
        )
    )
    if before and before[0].state == "proposed" and before[0].replaces_id == pair_id:
        return before[0]
    if any(one.state in (*LIVES, "declined", "ended") for one in before):
        raise WrongInput(field="volunteer", value=volunteer.external_ref, right=Phrase("right_new_partner"))
    proposal = Partnership(
        programme_id=pair.programme_id,
        enrolment_id=pair.enrolment_id,
        need_id=pair.need_id,
        volunteer_id=volunteer_id,
        replaces_id=pair_id,
        organisation_says="yes",
        proposed_at=now,
    )
    session.add(proposal)
    session.flush()
    write_steps(session, [proposal.id or 0], "proposed", actor=actor, now=now, reason=words)
    write_steps(session, [proposal.id or 0], "organisation_yes", actor=actor, now=now)
    return proposal
