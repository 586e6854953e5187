"""A charity office works with its projects through the door: money, means, people and figures, each no as a type."""

import pytest

from api.ids import encode
from tests.api.conftest import NOON
from tests.api.door import Door, Json
from timebank.core.database import transaction
from timebank.people.tokens import issue_token

PROJECT = encode("project", 1)
DRAFT = encode("project", 2)
MOVE = """mutation M($id: ID!, $to: String!, $note: String!) { moveProject(id: $id, to: $to, note: $note) {
  __typename ... on ProjectDone { project { stage steps { toStage note } } }
  ... on Refused { message(locale: ZH) } } }"""
COMMIT = """mutation M($id: ID!, $key: String!, $cents: BigInt!) {
  commitBudget(id: $id, idempotencyKey: $key, input: { line: "staff", what: "x", party: "y", amountCents: $cents }) {
    __typename ... on ProjectDone { made project { lines { committedCents spentCents } } }
    ... on OverBudget { leftCents askedCents } } }"""
SETTLE = """mutation M($id: ID!, $key: String!, $cents: BigInt) {
  settleCommitment(id: $id, idempotencyKey: $key, amountCents: $cents) {
    __typename ... on ProjectDone { project { lines { committedCents spentCents } } } } }"""
LINE = f"""mutation {{ planBudgetLine(id: "{PROJECT}", code: "staff", nameZh: "人员", plannedCents: 60000) {{
  __typename ... on ProjectDone {{ project {{ leftCents }} }} }} }}"""
GIVE = """mutation M($id: ID!, $ref: String!, $key: String!) {
  handOut(id: $id, seniorRef: $ref, quantity: 2, idempotencyKey: $key) { __typename ... on Refused { message } } }"""
APPLY = f'mutation {{ applyToProject(id: "{DRAFT}", offer: "", idempotencyKey: "k") {{ __typename }} }}'
RECEIVE = f"""mutation {{ receiveContribution(id: "{PROJECT}", idempotencyKey: "rice", input: {{
  donorKind: "company", donor: "沪光", kind: "goods", what: "大米", quantity: 3, receivedOn: "2026-03-02" }}) {{
  ... on ProjectDone {{ made }} }} }}"""


def move(door: Door, who: str, to: str, note: str = "") -> Json:
    """Take the draft a step on."""
    found: Json = door.data(who, MOVE, id=DRAFT, to=to, note=note)["moveProject"]
    return found


@pytest.fixture
def head(door: Door) -> Door:
    """A second token of the office: that of whoever decides."""
    office = door.world.organisations["CF1"]
    scopes = frozenset({"projects:read", "projects:write", "projects:approve"})
    with transaction(door.engine) as session:
        door.served.tokens["head"] = issue_token(session, scopes=scopes, now=NOON, organisation_id=office)
    return door


def test_two_tokens_take_a_project_from_draft_to_recruiting(head: Door) -> None:
    """Who submits does not decide; the volunteer sees the project when it recruits, and asks to take part."""
    submitted = move(head, "office", "submitted")
    own = move(head, "office", "approved")
    approved = move(head, "head", "approved")
    recruiting = move(head, "office", "recruiting")
    shown = head.data("volunteer", "{ openProjects(first: 9) { edges { node { id titleZh } } } }")["openProjects"]
    query = f"""mutation {{ applyToProject(id: "{DRAFT}", offer: "周一", idempotencyKey: "a") {{
      ... on ApplicationStands {{ application {{ id state }} }} }} }}"""
    asked = head.data("volunteer", query)["applyToProject"]["application"]
    answered = head.data(
        "office",
        """mutation M($id: ID!) { answerApplication(id: $id, accept: false, reason: "名额已满") {
          ... on ApplicationStands { application { state reason } } } }""",
        id=asked["id"],
    )["answerApplication"]["application"]

    assert submitted["project"]["stage"] == "submitted"
    assert (own["__typename"], own["message"]) == ("OwnDecision", "公益项目 2 由同一人提交，须由他人审批。")
    assert [step["toStage"] for step in recruiting["project"]["steps"]] == ["submitted", "approved", "recruiting"]
    assert approved["project"]["stage"] == "approved"
    assert [edge["node"]["id"] for edge in shown["edges"]] == [DRAFT, PROJECT]
    assert asked["state"] == "applied"
    assert answered == {"state": "declined", "reason": "名额已满"}


def test_money_is_promised_paid_and_let_go(door: Door) -> None:
    """An office's own system sees at each call what a line has left."""
    left = door.data("office", LINE)["planBudgetLine"]["project"]["leftCents"]
    made = [door.data("office", COMMIT, id=PROJECT, key="m", cents=50_000)["commitBudget"] for _ in range(2)]
    over = door.data("office", COMMIT, id=PROJECT, key="n", cents=10_001)["commitBudget"]
    paid = door.data("office", SETTLE, id=made[0]["made"], key="p", cents=30_000)["settleCommitment"]
    gone = door.data("office", SETTLE, id=made[0]["made"], key="r", cents=None)["settleCommitment"]

    assert left == 40_000
    assert made[0] == made[1]
    assert over == {"__typename": "OverBudget", "leftCents": 10_000, "askedCents": 10_001}
    assert paid["project"]["lines"] == [{"committedCents": 20_000, "spentCents": 30_000}]
    assert gone["project"]["lines"] == [{"committedCents": 0, "spentCents": 30_000}]


def test_what_was_given_stands_in_the_file_and_in_the_figures(door: Door) -> None:
    """From the bag of rice to the figure of the report and back to the row."""
    rice = door.data("office", RECEIVE)["receiveContribution"]["made"]
    given = door.data("office", GIVE, id=rice, ref="S2", key="one")["handOut"]
    other = door.data("office", GIVE, id=rice, ref="S3", key="two")["handOut"]
    more = door.data("office", GIVE, id=rice, ref="S2", key="three")["handOut"]
    query = f"""{{ beneficiaries(id: "{PROJECT}", first: 9) {{ edges {{ node {{ seniorRef things }} }} }}
      beneficiaryFile(id: "{PROJECT}", seniorRef: "S2") {{ day source what amount }}
      projectOutcome(id: "{PROJECT}") {{ key value parts }}
      outcomeRows(id: "{PROJECT}", figure: "persons", first: 9) {{ edges {{ node {{ source seniorRef amount }} }} }}
      projectsCompared(first: 100) {{ edges {{ node {{ persons costCents }} }} }} }}"""
    seen = door.data("office", query)

    assert (given["__typename"], other["__typename"], more["__typename"]) == (
        "ProjectDone",
        "NotEligible",
        "NothingLeft",
    )
    assert seen["beneficiaries"]["edges"] == [{"node": {"seniorRef": "S2", "things": 1}}]
    assert seen["beneficiaryFile"] == [{"day": "2026-03-02", "source": "handout", "what": "大米", "amount": 2}]
    assert {"key": "persons", "value": 1, "parts": []} in seen["projectOutcome"]
    assert seen["outcomeRows"]["edges"] == [{"node": {"source": "senior", "seniorRef": "S2", "amount": 1}}]
    assert {"node": {"persons": 1, "costCents": 0}} in seen["projectsCompared"]["edges"]


def test_rows_of_a_figure_are_walked_page_by_page(door: Door) -> None:
    """A partner that reads a long figure in parts gets every row once."""
    rice = door.data("office", RECEIVE)["receiveContribution"]["made"]
    one = GIVE.replace("quantity: 2", "quantity: 1")
    for key in ("one", "two", "three"):
        door.data("office", one, id=rice, ref="S2", key=key)
    query = f"""query Q($after: String) {{ outcomeRows(id: "{PROJECT}", figure: "handouts", first: 2, after: $after) {{
      edges {{ node {{ amount }} cursor }} pageInfo {{ hasNextPage endCursor }} }} }}"""

    pages = door.walk("office", query, "outcomeRows")

    assert [len(rows) for rows in pages] == [2, 1]


def test_places_are_given_with_their_reasons(door: Door) -> None:
    """The engine's answer is told in the language of the request; days outside the period are a type of their own."""
    query = """mutation M($id: ID!, $day: Date!) { allocatePlaces(id: $id, startsOn: $day, days: 7) {
      __typename ... on PlacesAllocated { given { seniorRef reason } left { seniorRef reason } }
      ... on OutsidePeriod { endsOn } } }"""

    # the plan in force has given S2 a bath in March; the next month is still open
    given = door.data("office", query, "en", id=PROJECT, day="2026-04-06")["allocatePlaces"]
    late = door.data("office", query, id=PROJECT, day="2026-06-01")["allocatePlaces"]

    assert [one["seniorRef"] for one in given["given"]] == ["S2"]
    assert given["given"][0]["reason"].startswith("tier 0, waited ")
    assert late == {"__typename": "OutsidePeriod", "endsOn": "2026-06-01"}


def test_shortage_is_told_for_own_streets_and_drafted_from(door: Door) -> None:
    """An organisation reads its own streets, is refused another's by name, and the office drafts from what it sees."""
    query = """query Q($street: String) { weeklyShortage(day: "2026-03-09", subdistrict: $street, service: "trip") {
      subdistrict unmetMin reasons { reason minutes } } }"""
    own = door.data("east", query)["weeklyShortage"]
    refused = door.codes("east", query, street="310107007")
    draft = """mutation { draftProject(idempotencyKey: "d", input: { day: "2026-03-09", service: "trip",
      startsOn: "2026-04-06", costCents: 5000, weeks: 2 }) { ... on ProjectDone { project { stage budgetCents } } } }"""
    drafted = [door.data("office", draft)["draftProject"] for _ in range(2)]

    assert [row["subdistrict"] for row in own] == ["310107004"]
    assert sum(one["minutes"] for one in own[0]["reasons"]) == own[0]["unmetMin"] > 0
    assert refused == ["StreetNotYours"]
    assert drafted[0] == drafted[1]
    assert drafted[0]["project"]["stage"] == "draft"
    assert drafted[0]["project"]["budgetCents"] > 0


@pytest.mark.parametrize(
    ("scopes", "query"),
    [
        ({"projects:read"}, LINE),
        ({"projects:write"}, f'{{ projectLife(id: "{PROJECT}") {{ stage }} }}'),
        ({"projects:write"}, f'mutation {{ moveProject(id: "{DRAFT}", to: "approved") {{ __typename }} }}'),
        ({"projects:write"}, APPLY),
    ],
)
def test_a_token_without_the_scope_does_nothing(door: Door, scopes: set[str], query: str) -> None:
    """A token for a report moves no money, and one that writes does not decide."""
    with transaction(door.engine) as session:
        door.served.tokens["narrow"] = issue_token(
            session, scopes=frozenset(scopes), now=NOON, organisation_id=door.world.organisations["CF1"]
        )

    assert door.codes("narrow", query) == ["NotAllowed"]
