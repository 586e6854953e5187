"""The bridge through the door: both sides act in turn, each refusal has its type, and a third sees nothing."""

import pytest

from api.ids import encode
from tests.api.door import Door

REFERRAL, CONSENT, OFFER, NEED = (encode(kind, 1) for kind in ("referral", "consent", "offer", "resource_need"))
STEPS = """mutation M($id: ID!) { %s {
  __typename ... on Referred { referral { status sender receiver steps { kind } } } ... on Refused { code } } }"""
READ = "mutation M($id: ID!) { readSenior(id: $id) { __typename ... on SeniorRead { shared { code name value } } } }"
TAKE = """mutation M($id: ID!, $n: Int!) { takeResource(id: $id, quantity: $n, idempotencyKey: "t") {
  __typename ... on ResourceTaken { taking { id quantity } offer { left status } }
  ... on TooFewLeft { left asked message } } }"""


def test_both_sides_act_on_a_referral_in_turn(door: Door) -> None:
    """WEST accepts, reads and closes; EAST follows each step; an act out of turn is a typed no."""
    early = door.data("west", STEPS % 'closeReferral(id: $id, outcome: "helped", feedback: "好")', id=REFERRAL)
    accepted = door.data("west", STEPS % "acceptReferral(id: $id)", id=REFERRAL)
    read = door.data("west", READ, id=REFERRAL)
    door.data("west", STEPS % "beginReferral(id: $id)", id=REFERRAL)
    closed = door.data("west", STEPS % 'closeReferral(id: $id, outcome: "helped", feedback: "好")', id=REFERRAL)

    assert early["closeReferral"]["code"] == "WrongState"
    assert accepted["acceptReferral"]["referral"]["status"] == "accepted"
    assert read["readSenior"]["shared"] == [
        {"code": "name", "name": "Name", "value": "王老人1"},
        {"code": "phone", "name": "Telephone", "value": "17000000000"},
    ]
    assert [one["kind"] for one in closed["closeReferral"]["referral"]["steps"]] == [
        "sent",
        "accepted",
        "in_service",
        "closed",
    ]
    [seen] = door.data("east", "{ referrals(first: 5, side: SENT) { edges { node { id status feedback } } } }")[
        "referrals"
    ]["edges"][1:]
    assert seen["node"] == {"id": REFERRAL, "status": "closed", "feedback": "好"}
    query = f'{{ node(id: "{REFERRAL}") {{ ... on Referral {{ readings {{ fieldsRead }} }} }} }}'
    assert door.data("east", query)["node"]["readings"] == [{"fieldsRead": ["name", "phone"]}] * 2


@pytest.mark.parametrize("who", ["office", "company", "bureau"])
def test_third_organisations_find_no_referral(door: Door, who: str) -> None:
    """Neither in a list, nor by its id, nor by an act: as if there were none."""
    listed = door.data(who, "{ referrals(first: 100) { edges { node { id } } } lateReferrals { id } }")
    acted = door.data(who, STEPS % "acceptReferral(id: $id)", id=REFERRAL)

    assert listed == {"referrals": {"edges": []}, "lateReferrals": []}
    assert acted["acceptReferral"]["code"] == "NotFound"
    assert door.codes(who, f'{{ node(id: "{REFERRAL}") {{ id }} }}') == ["NotFound"]
    assert door.data(who, READ, id=REFERRAL)["readSenior"]["__typename"] == "NotFound"


def test_senior_revokes_and_the_receiver_reads_nothing_more(door: Door) -> None:
    """By their own token, at once; another person's token finds no such consent."""
    revoke = "mutation M($id: ID!) { revokeConsent(id: $id) { __typename ... on Consented { consent { revokedAt } } } }"
    mine = "{ myConsents(first: 10) { edges { node { id receiver fieldsTold untilDay } } } }"
    before = door.data("west", READ, id=REFERRAL)["readSenior"]["__typename"]

    others = door.data("volunteer", revoke, id=CONSENT)
    done = door.data("senior", revoke, id=CONSENT)

    assert (before, others["revokeConsent"]["__typename"]) == ("SeniorRead", "NotFound")
    assert done["revokeConsent"]["consent"]["revokedAt"] == "2026-03-02T04:00:00+00:00"
    assert door.data("west", READ, id=REFERRAL)["readSenior"]["__typename"] == "WrongState"
    edges = door.data("senior", mine)["myConsents"]["edges"]
    assert {"id": CONSENT, "receiver": "WEST", "fieldsTold": ["name", "phone"], "untilDay": "2026-04-01"} in [
        edge["node"] for edge in edges
    ]


def test_offer_gives_what_it_has(door: Door) -> None:
    """Ten wheelchairs: eight to the office, no three more to EAST, and WEST does not see them."""
    given = door.data("office", TAKE, id=OFFER, n=8)["takeResource"]
    refused = door.data("east", TAKE, id=OFFER, n=3)["takeResource"]
    unseen = door.data("west", TAKE, id=OFFER, n=1)["takeResource"]

    assert given["offer"] == {"left": 2, "status": "open"}
    assert {name: refused[name] for name in ("__typename", "left", "asked")} == {
        "__typename": "TooFewLeft",
        "left": 2,
        "asked": 3,
    }
    assert "2 left, not 3" in refused["message"]
    assert unseen["__typename"] == "NotFound"
    query = f'{{ node(id: "{OFFER}") {{ ... on ResourceOffer {{ takings {{ organisation quantity }} }} }} }}'
    assert door.data("company", query)["node"]["takings"] == [{"organisation": "CF1", "quantity": 8}]
    assert door.data("east", query)["node"]["takings"] == []


def test_lists_of_the_bridge_are_read_page_by_page(door: Door) -> None:
    """Two referrals and two offers of EAST's sight, one a page, newest first."""
    pages = {
        name: door.walk(
            "east",
            f"query Q($after: String) {{ {name}(first: 1, after: $after) {{ edges {{ node {{ id }} }} "
            "pageInfo { endCursor hasNextPage } } }",
            name,
        )
        for name in ("referrals", "resourceOffers")
    }

    assert pages == {
        "referrals": [[{"id": encode("referral", 2)}], [{"id": REFERRAL}]],
        "resourceOffers": [[{"id": encode("offer", 2)}], [{"id": OFFER}]],
    }


def test_practice_is_read_after_the_bureau(door: Door) -> None:
    """Submitted, invisible, approved, read by all, with its figures."""
    submit = """mutation { submitPractice(idempotencyKey: "p", input: { titleZh: "轮椅共享", done: "登记借还",
      figures: [{ query: "visits_confirmed", fromDay: "2026-02-01", toDay: "2026-03-01" }] }) {
      __typename ... on PracticeTold { practice { id version decision } } ... on Refused { code } } }"""
    decide = """mutation M($id: ID!) { decidePractice(id: $id, version: 1, isApproved: true) {
      __typename ... on PracticeTold { practice { decision } } } }"""
    listed = "{ goodPractices(first: 1) { edges { node { titleZh figures { name value } } } } }"
    practice = door.data("east", submit)["submitPractice"]["practice"]
    before = door.data("west", listed)["goodPractices"]["edges"]

    decided = door.data("bureau", decide, id=practice["id"])

    assert (practice["version"], practice["decision"]) == (1, None)
    assert [edge["node"]["titleZh"] for edge in before] == ["雨天探访"]
    assert decided["decidePractice"]["practice"]["decision"] == "approved"
    assert door.data("west", listed)["goodPractices"]["edges"] == [
        {"node": {"titleZh": "轮椅共享", "figures": [{"name": "Confirmed visits", "value": 0}]}}
    ]
