"""The registry through the door: an organisation's own seniors, each no as a type, and what was done can be undone."""

from datetime import date

import pytest

from api.ids import encode
from tests.api.door import Door, Json
from tests.registry.conftest import another
from timebank.core.database import transaction
from timebank.people.tables import SeniorCategory

OPEN = """mutation M($ref: String!, $proof: String!) {
  openCategory(seniorRef: $ref, category: "childless", fromDay: "2026-03-01", proof: $proof, source: "office") {
    __typename ... on CategorySet { fromDay toDay } ... on Refused { message } } }"""
CLOSE = """mutation M($ref: String!) {
  closeCategory(seniorRef: $ref, category: "childless", toDay: "2026-03-02") {
    __typename ... on CategorySet { toDay } } }"""
SURVEY = """mutation M($ref: String!, $outcome: String!) {
  recordSurvey(round: "SERVED", seniorRef: $ref, day: "2026-03-02", manner: "door", outcome: $outcome) {
    __typename } }"""
MERGE = """mutation M($kept: ID!, $merged: ID!) { mergePeople(keptId: $kept, mergedId: $merged, reason: "重复") {
  __typename ... on RegistryAct { id kind isUndone } ... on MergeBreaksRule { broken rows } } }"""
DEATH = """mutation M($ref: String!) { recordDeath(
  seniorRef: $ref, diedOn: "2026-03-01", reason: "证明", book: "test", idempotencyKey: "d") {
  __typename ... on RegistryAct { id kind day } } }"""
MOVE = """mutation M($ref: String!) { recordMoveAway(seniorRef: $ref, movedOn: "2026-03-01", reason: "迁出") {
  __typename } }"""
UNDO = """mutation M($id: ID!) { undoRegistryAct(id: $id, book: "test") {
  __typename ... on RegistryAct { kind isUndone } } }"""
TABLE = "{ registryTable { category seniors } }"
FOCUS = """query Q($after: String) { focusList(first: 1, after: $after) {
  edges { node { seniorRef committee reasons { rule since name(locale: ZH) } } }
  pageInfo { endCursor hasNextPage } } }"""
DUE = '{ surveyDue(round: "SERVED", first: 9, day: "2026-03-10", onlyOverdue: true) { edges { node { seniorRef overdue } } } }'  # noqa: E501  # a query
PROGRESS = '{ surveyProgress(round: "SERVED", day: "2026-03-10") { committee seniors due done overdue } }'
DUPLICATES = """query Q($after: String) { duplicates(first: 1, after: $after) {
  edges { node { keptId mergedId keptRef mergedRef } } pageInfo { endCursor hasNextPage } } }"""


def _counts(door: Door, who: str = "east") -> dict[str, int]:
    rows: list[Json] = door.data(who, TABLE)["registryTable"]
    return {row["category"]: row["seniors"] for row in rows if row["seniors"]}


def test_category_is_set_and_counted(door: Door) -> None:
    """Opened, it is in the table and on the focus list with its reason; closed, it is not; overlapping, it is told."""
    opened = [door.data("east", OPEN, ref="S1", proof=proof)["openCategory"] for proof in ("a", "a", "b")]
    counts, pages = _counts(door), door.walk("east", FOCUS, "focusList")
    closed = door.data("east", CLOSE, ref="S1")["closeCategory"]

    assert [one["__typename"] for one in opened] == ["CategorySet", "CategorySet", "CategoryOverlaps"]
    assert opened[2]["message"].startswith("The senior is in childless already, from 2026-03-01 without end")
    assert counts == {"childless": 1, "severe_functional_impairment": 1}
    assert [row["seniorRef"] for page in pages for row in page] == ["S1", "S2"]
    assert pages[0][0]["reasons"] == [{"rule": "childless", "since": "2026-03-01", "name": "孤老"}]
    assert closed == {"__typename": "CategorySet", "toDay": "2026-03-02"}
    assert _counts(door) == {"severe_functional_impairment": 1}


def test_survey_is_recorded_once_and_counted(door: Door) -> None:
    """The progress of the committee is the sum of its list; another finding on the same day is a conflict."""
    with transaction(door.engine) as session:
        senior = door.world.seniors["S1"]
        session.add(SeniorCategory(senior_id=senior, category="childless", from_day=date(2026, 1, 1)))
    before = door.data("east", DUE)["surveyDue"]["edges"]
    kinds = [
        door.data("east", SURVEY, ref=ref, outcome=outcome)["recordSurvey"]["__typename"]
        for ref, outcome in (("S1", "reached"), ("S1", "reached"), ("S1", "refused"), ("S3", "reached"))
    ]
    (row,) = door.data("east", PROGRESS)["surveyProgress"]
    rounds = door.data("west", "{ surveyRounds(first: 9) { edges { node { code } } } }")["surveyRounds"]["edges"]

    assert [edge["node"] for edge in before] == [{"seniorRef": "S1", "overdue": 1}]
    assert kinds == ["SurveyRecorded", "SurveyRecorded", "KeyConflict", "NotFound"]
    assert row == {"committee": "310107004001", "seniors": 2, "due": 5, "done": 1, "overdue": 0}
    assert door.data("east", DUE)["surveyDue"]["edges"] == []
    assert [edge["node"]["code"] for edge in rounds] == ["SERVED"]
    assert door.data("west", PROGRESS)["surveyProgress"] == []


def test_duplicate_is_merged_and_parted(door: Door) -> None:
    """From the proposal to the merge and back; what would break a rule says which."""
    with transaction(door.engine) as session:
        for ref in ("B1", "B2"):
            another(session, door.world, ref)
    ((pair,),) = door.walk("east", DUPLICATES, "duplicates")
    ids = {"kept": pair["keptId"], "merged": pair["mergedId"]}
    merged = door.data("east", MERGE, **ids)["mergePeople"]
    left = door.walk("east", DUPLICATES, "duplicates")
    undone = door.data("east", UNDO, id=merged["id"])["undoRegistryAct"]
    seniors = {name: encode("person", door.world.seniors[ref]) for name, ref in (("kept", "S1"), ("merged", "S3"))}

    assert (pair["keptRef"], pair["mergedRef"], left) == ("B1", "B2", [[]])
    assert (merged["kind"], undone) == ("merge", {"__typename": "RegistryAct", "kind": "merge", "isUndone": True})
    assert door.data("east", MERGE, **seniors)["mergePeople"] == {
        "__typename": "MergeBreaksRule",
        "broken": "same_need",
        "rows": "S1-greeting + S3-greeting",
    }


def test_death_is_recorded_once_and_undone(door: Door) -> None:
    """A retry is the same act; undone, the senior is counted again."""
    acts = [door.data("east", DEATH, ref="S2")["recordDeath"] for _ in range(2)]
    gone = _counts(door)
    undone = door.data("east", UNDO, id=acts[0]["id"])["undoRegistryAct"]

    assert acts[0] == acts[1]
    assert (acts[0]["kind"], gone) == ("death", {})
    assert undone["isUndone"]
    assert _counts(door) == {"severe_functional_impairment": 1}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (OPEN, "openCategory"),
        (CLOSE, "closeCategory"),
        (SURVEY, "recordSurvey"),
        (DEATH, "recordDeath"),
        (MOVE, "recordMoveAway"),
    ],
)
def test_anothers_senior_is_not_found(door: Door, query: str, name: str) -> None:
    """A senior of another street and one who is not there answer the same."""
    parts = {key: value for key, value in {"proof": "a", "outcome": "reached"}.items() if f"${key}:" in query}

    given = [door.data("west", query, ref=ref, **parts)[name] for ref in ("S2", "NOBODY")]

    assert [one["__typename"] for one in given] == ["NotFound", "NotFound"]


def test_anothers_act_and_people_are_not_found(door: Door) -> None:
    """Nobody undoes what another did to its own, and nobody merges another's."""
    act = door.data("east", DEATH, ref="S2")["recordDeath"]["id"]
    ids = {name: encode("person", door.world.seniors[ref]) for name, ref in (("kept", "S1"), ("merged", "S4"))}

    assert door.data("west", UNDO, id=act)["undoRegistryAct"] == {"__typename": "NotFound"}
    assert door.data("west", UNDO, id=encode("registry_act", 99))["undoRegistryAct"] == {"__typename": "NotFound"}
    assert door.data("west", MERGE, **ids)["mergePeople"] == {"__typename": "NotFound"}
