"""What came of a project is counted from rows, and every figure leads back to each of them."""

from datetime import date, timedelta

import pytest
from sqlmodel import Session

from tests.charity.conftest import Office, book, price, slots_of
from tests.worlds import MONDAY
from timebank.charity.applications import answer, apply
from timebank.charity.budget import spend
from timebank.charity.files import beneficiaries, file_of
from timebank.charity.means import hand_out
from timebank.charity.outcome import by_cost, compare_projects, every_line, outcome_of, trace
from timebank.core.errors import NotFound
from timebank.projects.tables import ProjectGoal
from timebank.visits.tables import Visit


@pytest.fixture
def helped(session: Session, office: Office, plan: int) -> Office:
    """S2 bathed twice and missed once, had two bags of rice and a visit; S1 is not of the group; 540 yuan are spent."""
    price(session, office.running, 2_000)
    for slot, status in zip(slots_of(session, office.running), ("used", "used", "missed", "cancelled"), strict=False):
        book(session, slot, office.world.needs["S2-bath"], status)
    office.line(session, 60_000)
    made = office.promise(session, 50_000)
    spend(session, office.number, made.id or 0, 48_000, office.by("invoice"))
    rice = office.rice(session)
    hand_out(session, office.number, rice.id or 0, senior="S2", quantity=2, by=office.by("rice"))
    goal = ProjectGoal(
        project_id=office.running,
        area_id=office.world.areas["310107004"],
        service_id=office.world.services["greeting"],
        weekly_min=60,
    )
    session.add(goal)
    for ref, reason in (("V1", ""), ("V2", "名额已满")):
        row = apply(session, office.running, key="a", now=office.noon, volunteer_id=office.world.volunteers[ref])
        answer(session, office.number, row.id or 0, is_accepted=not reason, reason=reason, actor="王", now=office.noon)
    for need, giver, day, status in (
        ("S2-greeting", "V1", MONDAY, "confirmed"),
        ("S2-greeting", "V1", MONDAY + timedelta(days=2), "missed"),
        ("S2-greeting", "V2", MONDAY + timedelta(days=4), "confirmed"),
        ("S1-greeting", "V1", MONDAY + timedelta(days=1), "confirmed"),
        ("S2-greeting", "V1", date(2026, 6, 1), "confirmed"),
    ):
        session.add(
            Visit(
                plan_id=plan,
                need_id=office.world.needs[need],
                volunteer_id=office.world.volunteers[giver],
                day=day,
                starts_min=540,
                planned_min=10,
                served_min=12,
                status=status,
            )
        )
    session.flush()
    return office


FIGURES = {
    "persons": 1,
    "services/bath": 2,
    "services_min/bath": 120,
    "visits/greeting": 1,
    "visits_min/greeting": 12,
    "missed": 1,
    "handouts": 1,
    "hours": 0,
    "contributions": 50_000,
    "spent": 54_000,
    "cost_per_person": 54_000,
}


def test_figures_are_those_of_the_rows(session: Session, helped: Office) -> None:
    """Used places, visits of those accepted to those it is for, within the period: those and no others."""
    found = outcome_of(session, helped.number, helped.running)

    assert {figure.key: figure.value for figure in found.figures} == FIGURES


@pytest.mark.parametrize("key", [key for key in FIGURES if key != "cost_per_person"])
def test_every_figure_leads_to_its_rows(session: Session, helped: Office, key: str) -> None:
    """Whoever doubts a figure counts its rows one by one."""
    found = outcome_of(session, helped.number, helped.running)

    lines = list(every_line(session, found.project, key))

    assert sum(line.amount for line in lines) == found[key].value
    assert len({(line.source, line.number) for line in lines}) == len(lines)


def test_rows_of_a_figure_come_page_by_page(session: Session, helped: Office) -> None:
    """A long list is read in parts, and no row twice or never."""
    project = outcome_of(session, helped.number, helped.running).project

    first = trace(session, project, "spent", first=2)
    rest = trace(session, project, "spent", first=9, after=(first[-1].source, first[-1].number))

    assert [line.source for line in first + rest] == ["booking", "booking", "booking", "payment"]
    assert [line.amount for line in first + rest] == [2_000, 2_000, 2_000, 48_000]


@pytest.mark.parametrize("key", ["gold", "cost_per_person"])
def test_figure_without_rows_has_none(session: Session, helped: Office, key: str) -> None:
    """A figure that is worked out says from which; one that is not there is not there."""
    found = outcome_of(session, helped.number, helped.running)

    assert found["cost_per_person"].parts == ("spent", "persons")
    with pytest.raises(NotFound):
        trace(session, found.project, key)


def test_file_says_what_when_and_by_whom(session: Session, helped: Office) -> None:
    """The office answers a family: this is what your mother was given, on these days, by these."""
    entries = file_of(session, helped.number, helped.running, "S2")

    days = [slot.day for slot in slots_of(session, helped.running)[:2]]
    assert [(one.day, one.source, one.what, one.amount, one.by) for one in entries] == [
        (days[0], "booking", "bath", 60, "BATH-1"),
        (MONDAY, "handout", "大米", 2, "CF1 王"),
        (MONDAY, "visit", "greeting", 12, "V1"),
        (days[1], "booking", "bath", 60, "BATH-1"),
    ]


def test_file_is_for_the_projects_office_alone(session: Session, helped: Office) -> None:
    """What somebody was given is nobody else's business."""
    for reader in ("EAST", "WEST"):
        with pytest.raises(NotFound):
            file_of(session, helped.world.organisations[reader], helped.running, "S2")
        with pytest.raises(NotFound):
            beneficiaries(session, helped.world.organisations[reader], helped.running, first=10)


def test_those_helped_are_listed_once(session: Session, helped: Office) -> None:
    """A person who was given four things is one person."""
    found = beneficiaries(session, helped.number, helped.running, first=10)

    assert [(one.senior_ref, one.things) for one in found] == [("S2", 4)]
    assert beneficiaries(session, helped.number, helped.running, first=10, after=found[0].senior_id) == []


def test_projects_stand_beside_each_other_by_cost(session: Session, helped: Office) -> None:
    """The cheaper help comes first; who helped nobody has no cost at all and comes last."""
    found = by_cost(compare_projects(session, helped.number, first=10))

    assert [(one.project.id, one.persons, one.spent_cents, one.cost_cents) for one in found] == [
        (helped.running, 1, 54_000, 54_000),
        (helped.draft, 0, 0, None),
    ]
