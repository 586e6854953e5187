"""The care team through the door: an organisation's own members and seniors, with each no as a type."""

from datetime import date
from typing import Any

import pytest

from tests.api.conftest import NOON
from tests.api.door import Door
from tests.worlds import MONDAY
from timebank.care.members import Newcomer, begin_role, enrol
from timebank.care.points import set_hours
from timebank.care.trainings import record_training
from timebank.core.database import transaction
from timebank.people.tables import AdvicePoint, SeniorCategory
from timebank.people.tokens import issue_token

EAST = "organisation:1"
CONTACT = """mutation M($senior: String!, $member: String!, $day: Date!) {
  assignContact(seniorRef: $senior, memberRef: $member, fromDay: $day) {
    __typename ... on ContactAssigned { memberRef fromDay } ... on TrainingExpired { training expiredOn message }
  } }"""
TRAINING = """mutation M($member: String!, $day: Date!) {
  recordTraining(memberRef: $member, training: "survey", trainedOn: $day) {
    __typename ... on TrainingRecorded { validUntil } } }"""
ADVICE = """mutation M($day: Date!) {
  giveAdvice(memberRef: "C1", point: "P1", day: $day, topic: "policy", idempotencyKey: "k") { __typename } }"""
GAPS = """query Q($after: String) { seniorsWithoutContact(first: 1, after: $after) {
  edges { node { seniorRef } } pageInfo { endCursor hasNextPage } } }"""


@pytest.fixture
def team(door: Door) -> Door:
    """C1 is a cadre of Ganquan whose training ends on 2026-06-01; S1 and S3 are on the focus list; P1 opens at nine."""
    world = door.world
    with transaction(door.engine) as session:
        newcomer = Newcomer(name="周", gender="female", born_on=date(1980, 1, 1))
        member = enrol(session, "C1", newcomer, joined_on=MONDAY).person_id
        said: dict[str, Any] = {"actor": EAST, "now": NOON}
        area = world.areas["310107004001"]
        begin_role(session, member, "cadre", area_id=area, from_day=date(2025, 6, 1), **said)
        record_training(session, member, "survey", trained_on=date(2025, 6, 1), **said)
        point = AdvicePoint(area_id=area, code="P1", name_zh="点", lat_deg=31.26, lon_deg=121.43)
        session.add(point)
        session.add_all(
            SeniorCategory(senior_id=world.seniors[ref], category="childless", from_day=date(2025, 1, 1))
            for ref in ("S1", "S3")
        )
        session.flush()
        set_hours(session, point.id or 0, weekdays=31, opens_min=540, closes_min=1020, from_day=MONDAY, **said)
    return door


def test_contact_is_assigned_or_refused_with_what_to_renew(team: Door) -> None:
    """The very no of the library: which training, and the day it ended."""
    given = [
        team.data("east", CONTACT, senior="S1", member="C1", day=day)["assignContact"]
        for day in ("2026-07-01", "2026-03-02", "2026-03-05")
    ]

    assert given[0] == {
        "__typename": "TrainingExpired",
        "training": "survey",
        "expiredOn": "2026-06-01",
        "message": "being a contact takes the training for surveys, which ended on 2026-06-01; renew it and record it.",
    }
    assert given[1:] == [{"__typename": "ContactAssigned", "memberRef": "C1", "fromDay": "2026-03-02"}] * 2


@pytest.mark.parametrize(
    ("who", "senior", "member"), [("west", "S5", "C1"), ("east", "S5", "C1"), ("west", "S1", "C1"), ("east", "S1", "X")]
)
def test_what_is_anothers_is_not_found(team: Door, who: str, senior: str, member: str) -> None:
    """A senior of another street, a member of another, and one who is not there, answer the same."""
    given = team.data(who, CONTACT, senior=senior, member=member, day="2026-03-02")["assignContact"]

    assert given["__typename"] == "NotFound"


def test_renewed_training_opens_the_act(team: Door) -> None:
    """The whole way of a lapsed contact: renewed, then assigned; another organisation renews nobody of mine."""
    foreign = team.data("west", TRAINING, member="C1", day="2026-06-20")["recordTraining"]
    renewed = team.data("east", TRAINING, member="C1", day="2026-06-20")["recordTraining"]
    given = team.data("east", CONTACT, senior="S1", member="C1", day="2026-07-01")["assignContact"]

    assert foreign == {"__typename": "NotFound"}
    assert renewed == {"__typename": "TrainingRecorded", "validUntil": "2027-06-20"}
    assert given["__typename"] == "ContactAssigned"


def test_numbers_and_lists_agree_and_are_ones_own(team: Door) -> None:
    """What the coverage counts is what the list pages through; West sees its own street alone."""
    query = "{ careCoverage { subdistrict focusSeniors withoutContact } }"
    covered = {who: team.data(who, query) for who in ("east", "west")}
    pages = team.walk("east", GAPS, "seniorsWithoutContact")
    members = team.data("west", "{ careTeam(first: 9) { edges { node { ref } } } }")["careTeam"]["edges"]

    assert covered["east"]["careCoverage"] == [{"subdistrict": "310107004", "focusSeniors": 3, "withoutContact": 3}]
    assert [row["subdistrict"] for row in covered["west"]["careCoverage"]] == ["310107007"]
    assert [[row["seniorRef"] for row in page] for page in pages] == [["S1"], ["S2"], ["S3"]]
    assert members == []


def test_everyone_reads_when_a_point_is_open(team: Door) -> None:
    """A volunteer who takes a senior along looks it up; it is noon on a Monday."""
    found = team.data("volunteer", "{ advicePoints(first: 9) { edges { node { code openUntil nextOpening } } } }")

    assert [edge["node"] for edge in found["advicePoints"]["edges"]] == [
        {"code": "P1", "openUntil": "2026-03-02T09:00:00+00:00", "nextOpening": "2026-03-03T01:00:00+00:00"}
    ]


def test_only_advisers_advise(team: Door) -> None:
    """A cadre's talk is no adviser's advice, and says so as a type."""
    assert team.data("east", ADVICE, day="2026-03-02")["giveAdvice"] == {"__typename": "RoleMissing"}


def test_reading_does_not_allow_to_write(team: Door) -> None:
    """A token for a report assigns nobody."""
    with transaction(team.engine) as session:
        scopes = frozenset({"care:read"})
        token = issue_token(session, scopes=scopes, now=NOON, organisation_id=team.world.organisations["EAST"])
    team.served.tokens["reader_of_care"] = token

    assert team.codes("reader_of_care", "{ careCoverage { committees } }") == []
    assert team.codes("reader_of_care", CONTACT, senior="S1", member="C1", day="2026-03-02") == ["NotAllowed"]
