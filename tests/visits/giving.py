"""Records that are confirmed and wait for their credit, stored as they are; and rules that a district sets."""

from datetime import date
from pathlib import Path

from sqlmodel import Session

from tests.plans import plan_by_hand
from tests.worlds import World
from timebank.core.clock import moment_at
from timebank.people.tables import Person, Volunteer
from timebank.visits.group_tables import GroupGiver, GroupService
from timebank.visits.tables import Visit

SETTING = """\
district = "{district}"
revision = "1"
pack = "{pack}"
from_day = 2026-01-01
"""
RULE = """
[rules.{name}]
value = {value}
source = "a test"
"""


def set_rules(folder: Path, pack: str, **rules: str) -> str:
    """Write what a district sets over a pack, each rule as it is said in TOML; returns where it stands."""
    text = SETTING.format(district=folder.name.replace("_", "-").lower(), pack=pack)
    text += "".join(RULE.format(name=name, value=value) for name, value in rules.items())
    (folder / "rules.toml").write_text(text, encoding="utf-8")
    return str(folder)


def make_plan(session: Session, day: date) -> int:
    """Store a plan for visits to belong to; each day has one of its own."""
    return plan_by_hand(session, f"giving {day}", day, moment_at(day, 0))


def gave(
    session: Session,
    world: World,
    plan: int,
    *,
    day: date,
    need: str = "S1-greeting",
    giver: str = "V1",
    starts_min: int = 540,
    served_min: int = 60,
    evidence: str = "app",
) -> int:
    """Store a confirmed visit, planned as long as it was served; returns its number."""
    visit = Visit(
        plan_id=plan,
        need_id=world.needs[need],
        volunteer_id=world.volunteers[giver],
        day=day,
        starts_min=starts_min,
        planned_min=served_min,
        served_min=served_min,
        status="confirmed",
        evidence=evidence,
        checked_in_at=moment_at(day, starts_min),
        checked_out_at=moment_at(day, starts_min + served_min),
        confirmed_by="senior",
    )
    session.add(visit)
    session.flush()
    return visit.id or 0


def gave_together(
    session: Session,
    world: World,
    *,
    day: date,
    served_min_by_giver: dict[str, int],
    starts_min: int = 840,
    key: str = "k",
) -> int:
    """Store a confirmed group service of greetings, planned for an hour; returns its number."""
    group = GroupService(
        organisation_id=world.organisations["EAST"],
        service_id=world.services["greeting"],
        area_id=world.areas["310107004"],
        day=day,
        starts_min=starts_min,
        planned_min=60,
        status="confirmed",
        evidence="paper",
        confirmed_by="organisation:2",
        idempotency_key=key,
        request_hash=b"hash",
    )
    session.add(group)
    session.flush()
    for ref, minutes in served_min_by_giver.items():
        who = world.volunteers[ref]
        session.add(GroupGiver(group_id=group.id or 0, volunteer_id=who, began_min=starts_min, served_min=minutes))
    session.flush()
    return group.id or 0


def is_person(session: Session, world: World, ref: str = "V1", **facts: object) -> int:
    """Change what is known of a volunteer's person, and when they were trained (``trained_on``); returns who it is."""
    who = world.volunteers[ref]
    trained_on = facts.pop("trained_on", None)
    session.get_one(Person, who).sqlmodel_update(facts)
    session.get_one(Volunteer, who).sqlmodel_update({"trained_on": trained_on})
    session.flush()
    return who
