"""A row in every table of programmes, and of pairs that are asked first, for those who look at all tables."""

from datetime import date, datetime

from sqlmodel import Session, select

from tests.programmes.conftest import Care
from tests.worlds import MONDAY, World
from timebank.planning.seasons import Spell
from timebank.programmes.feedback import Said, give_feedback
from timebank.programmes.follow_ups import open_follow_ups
from timebank.programmes.greetings import record_contact
from timebank.programmes.partnerships import answer
from timebank.programmes.programmes import add_season
from timebank.programmes.tables import Enrolment, Partnership
from timebank.visits.tables import Visit


def fill_programmes(session: Session, world: World, now: datetime) -> None:
    """Contract, enrol, decline, miss and say something once each; a visit of S1 stands."""
    care = Care(world, now)
    spell = Spell(MONDAY, date(2026, 3, 9), is_yearly=True, kind="per_week", times=2)
    add_season(session, care.create(session), spell, cause="cold", actor=care.actor, now=now)
    care.enrol(session, "S1")
    need, giver = world.needs["S1-greeting"], world.volunteers["V2"]
    enrolment = session.exec(select(Enrolment)).one().id or 0
    pair = Partnership(programme_id=1, enrolment_id=enrolment, need_id=need, volunteer_id=giver, proposed_at=now)
    session.add(pair)
    session.flush()
    answer(session, pair.id or 0, side="volunteer", is_yes=False, actor="a", reason="远", now=now)
    visit = session.exec(select(Visit)).one()
    visit.status = "missed"
    session.flush()
    open_follow_ups(session, now=now)
    said = Said(happened=False, note="无人")
    give_feedback(session, visit.id or 0, said, side="senior", actor="a", now=now)
    record_contact(session, world.seniors["S1"], day=MONDAY, way="door", actor="a", now=now, note="已上门")
