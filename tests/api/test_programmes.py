"""Programmes through the door: made, agreed to by both, greeted, followed up, reported; each no is a type."""

from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from api.ids import encode
from tests.api.conftest import NOON
from tests.api.door import Door, Json
from tests.programmes.conftest import Care
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.people.tokens import issue_token
from timebank.programmes.follow_ups import open_follow_ups

CREATE = """mutation C($key: String!, $input: ProgrammeInput!) { createProgramme(idempotencyKey: $key, input: $input) {
  __typename ... on ProgrammeCreated { programme { id code quotas { subdistrict seniors taken } } }
  ... on WrongInput { field } } }"""
ENROL = """mutation E($id: ID!, $ref: String!) { enrolSenior(programme: $id, seniorRef: $ref) {
  __typename ... on QuotaFull { seniors message(locale: ZH) } ... on NotInTarget { why } } }"""
ANSWER = """mutation A($id: ID!, $yes: Boolean!, $reason: String! = "") {
  answerPartnership(id: $id, yes: $yes, reason: $reason) {
    __typename ... on PartnershipChanged { partnership { state volunteerSays organisationSays } }
    ... on AnsweredAlready { answered } } }"""
RECORD = """mutation R($id: ID!, $met: Boolean!) { recordGreeting(visit: $id, met: $met) {
  __typename ... on GreetingRecorded { state } ... on Refused { code } } }"""
FEEDBACK = """mutation F($id: ID!, $happened: Boolean!) { giveFeedback(visit: $id, happened: $happened) {
  __typename ... on FeedbackGiven { side } ... on Refused { code } } }"""
CLOSE = """mutation C($id: ID!, $outcome: String!) { closeFollowUp(id: $id, outcome: $outcome) {
  __typename ... on FollowUpClosed { followUp { seniorRef outcome } } ... on WrongInput { field } } }"""
INPUT: Json = {
    "code": "LB1",
    "nameZh": "甘泉老伙伴",
    "service": "greeting",
    "fromDay": "2026-03-02",
    "toDay": "2027-03-01",
    "quotas": [{"subdistrict": "310107004", "seniors": 3}],
}


@pytest.fixture
def care(door: Door) -> Care:
    """The programme of EAST with S1, S2 and S3 in it, of whom each has a proposed pair."""
    made = Care(door.world, NOON)
    with transaction(door.engine) as session:
        made.create(session)
        made.enrol(session, "S1", "S2", "S3")
    plan = made.plan(door.engine)
    with transaction(door.engine) as session:
        made.propose(session, plan)
    return made


def _pairs(door: Door, who: str) -> list[Json]:
    query = """query P($after: String) { partnerships(first: 2, after: $after) {
      edges { node { id seniorRef volunteerRef state } } pageInfo { hasNextPage endCursor } } }"""
    return [row for page in door.walk(who, query, "partnerships") for row in page]


def test_programme_is_made_and_filled_as_far_as_its_quota(door: Door) -> None:
    """Made once whatever is retried; the fourth senior is told how many there may be."""
    made = [door.data("east", CREATE, key="k", input=INPUT)["createProgramme"]["programme"] for _ in range(2)]
    refused = door.data("east", CREATE, key="x", input=INPUT | {"code": "LB2", "minAge": 200})["createProgramme"]
    taken = [door.data("east", ENROL, id=made[0]["id"], ref=f"S{n}")["enrolSenior"] for n in (1, 2, 3, 4)]

    assert made[0] == made[1]
    assert made[0]["quotas"] == [{"subdistrict": "310107004", "seniors": 3, "taken": 0}]
    assert refused == {"__typename": "WrongInput", "field": "min_age"}
    assert [one["__typename"] for one in taken] == ["SeniorEnrolled"] * 3 + ["QuotaFull"]
    assert taken[3]["message"] == "项目 LB1 在甘泉路街道的名额 3 人已满；请先办理退出，或调整名额。"


def test_both_sides_answer_at_their_own_door(door: Door, care: Care) -> None:
    """The organisation for itself, the volunteer for theirs alone; another volunteer finds nothing."""
    pairs = _pairs(door, "east")
    mine = _pairs(door, "volunteer")

    assert len(pairs) == 3
    assert {row["volunteerRef"] for row in mine} == {"V1"}
    first = mine[0]["id"]
    said = [
        door.data(who, ANSWER, id=first, yes=yes)["answerPartnership"]
        for who, yes in (("volunteer", True), ("volunteer", False), ("other_volunteer", True), ("east", True))
    ]
    assert [one["__typename"] for one in said] == [
        "PartnershipChanged",
        "WrongInput",
        "NotFound",
        "PartnershipChanged",
    ]
    assert said[3]["partnership"]["state"] == "agreed"


def _greetings(engine: Engine, care: Care) -> list[Any]:
    with transaction(engine, read_only=True) as session:
        return [one for one in care.visits(session) if moment_at(one.day, one.starts_min + one.planned_min) <= NOON]


def test_what_is_another_organisations_is_not_there(door: Door, care: Care) -> None:
    """WEST lists nothing of EAST's and changes nothing."""
    pair = _pairs(door, "east")[0]["id"]
    west = [
        door.data("west", ANSWER, id=pair, yes=True)["answerPartnership"]["__typename"],
        door.data("west", ENROL, id=encode("programme", 1), ref="S5")["enrolSenior"]["__typename"],
        door.data("west", RECORD, id=encode("visit", 1), met=True)["recordGreeting"]["__typename"],
    ]

    assert west == ["NotFound"] * 3
    assert _pairs(door, "west") == []
    assert door.data("west", "{ programmes(first: 9) { edges { node { code } } } }")["programmes"]["edges"] == []


def test_missed_greeting_is_followed_up_and_reported(door: Door, care: Care) -> None:
    """Written down, asked after, closed, and counted: every step through the door."""
    visit = _greetings(door.engine, care)[0]
    recorded = door.data("east", RECORD, id=encode("visit", visit.id), met=False)["recordGreeting"]
    with transaction(door.engine) as session:
        open_follow_ups(session, now=NOON)
    query = "{ followUps(first: 9) { edges { node { id seniorRef cause level outcome } } } }"
    (row,) = [edge["node"] for edge in door.data("east", query)["followUps"]["edges"]]
    refused, closed = (
        door.data("east", CLOSE, id=row["id"], outcome=outcome)["closeFollowUp"] for outcome in ("fine", "well")
    )
    month = door.data("east", "{ careMonth { month total { missed followUps open } streets { missed } } }")["careMonth"]

    assert recorded == {"__typename": "GreetingRecorded", "state": "missed"}
    assert (row["cause"], row["level"], row["outcome"]) == ("missed", "organisation", "")
    assert refused == {"__typename": "WrongInput", "field": "outcome"}
    assert closed["followUp"] == {"seniorRef": row["seniorRef"], "outcome": "well"}
    assert month == {
        "month": "2026-03",
        "total": {"missed": 1, "followUps": 1, "open": 0},
        "streets": [{"missed": 1}],
    }


def test_parties_differ_and_the_organisation_sees_it(door: Door, care: Care) -> None:
    """The volunteer speaks of their own visit alone, and once."""
    visit = next(one for one in _greetings(door.engine, care) if one.volunteer_id == care.world.volunteers["V1"])
    number = encode("visit", visit.id)
    door.data("east", RECORD, id=number, met=True)
    said = [
        door.data(who, FEEDBACK, id=number, happened=happened)["giveFeedback"]["__typename"]
        for who, happened in (
            ("volunteer", True),
            ("volunteer", False),
            ("other_volunteer", True),
            ("east", False),
        )
    ]
    query = "{ feedbackDifferences(first: 9) { edges { node { visitId words(locale: EN) } } } }"
    (row,) = [edge["node"] for edge in door.data("east", query)["feedbackDifferences"]["edges"]]

    assert said == ["FeedbackGiven", "SaidOtherwise", "NotFound", "FeedbackGiven"]
    assert row == {"visitId": number, "words": "they do not agree that it happened"}


def test_names_are_for_tokens_that_may_read_them(door: Door) -> None:
    """The list has a name only where somebody has to be called."""
    east = door.world.organisations["EAST"]
    scopes = frozenset({"programmes:read", "programmes:names"})
    with transaction(door.engine) as session:
        door.served.tokens["caller"] = issue_token(session, scopes=scopes, now=NOON, organisation_id=east)
    query = "{ seniorsToReach(first: 9) { edges { node { seniorRef name } } } visitRates { seniors reached } }"

    plain, named = (door.data(who, query) for who in ("east", "caller"))

    assert [edge["node"] for edge in plain["seniorsToReach"]["edges"]] == [{"seniorRef": "S2", "name": None}]
    assert [edge["node"] for edge in named["seniorsToReach"]["edges"]] == [{"seniorRef": "S2", "name": "王老人2"}]
    assert plain["visitRates"] == [{"seniors": 1, "reached": 0}]


@pytest.mark.parametrize(
    ("scope", "field"), [("programmes:read", "createProgramme"), ("programmes:write", "careMonth")]
)
def test_scope_opens_what_it_names(door: Door, scope: str, field: str) -> None:
    """Reading does not allow to act, and acting does not allow to read."""
    with transaction(door.engine) as session:
        _issue(session, door, scope)
    asked = {"createProgramme": CREATE, "careMonth": "{ careMonth { month } }"}[field]

    assert door.codes("narrow", asked, **({"key": "k", "input": INPUT} if "input" in asked else {})) == ["NotAllowed"]


def _issue(session: Session, door: Door, scope: str) -> None:
    east = door.world.organisations["EAST"]
    door.served.tokens["narrow"] = issue_token(session, scopes=frozenset({scope}), now=NOON, organisation_id=east)
