"""Webhooks over the API: made, told of a run that ended, shown when dead, replayed; another's are not there."""

from datetime import timedelta

import pytest
from sqlmodel import select

from tests.api.conftest import NOON
from tests.api.door import Door, Json
from tests.outbox.conftest import Receiver
from timebank.core.database import transaction
from timebank.core.jobs import enqueue, work_one
from timebank.core.tables import Job
from timebank.outbox.deliveries import deliver_due
from timebank.planning.runs import MATCH, tell_run_ended

CREATE = """
mutation ($key: String!, $address: String!, $kinds: [String!]!) {
  createWebhook(idempotencyKey: $key, input: { address: $address, kinds: $kinds }) {
    __typename
    ... on WebhookCreated { secret webhook { id address kinds status } }
    ... on Refused { code message }
  }
}
"""
DELIVERIES = """
query ($after: String) {
  webhookDeliveries(first: 1, after: $after) {
    edges { node { id status nextAt event { kind facts { name value } } attempts { answered fault } } }
    pageInfo { endCursor hasNextPage }
  }
}
"""
EVENTS = """
query ($after: String) {
  events(first: 1, after: $after) { edges { node { id kind subjectId } } pageInfo { endCursor hasNextPage } }
}
"""


def _created(door: Door, who: str = "east", key: str = "one") -> Json:
    kinds = ["match_run.finished", "webhook.test"]
    found: Json = door.data(who, CREATE, key=key, address="https://partner.example/e", kinds=kinds)["createWebhook"]
    return found


def _failed_runs(door: Door, count: int) -> None:
    """Let match runs of EAST end: badly, for nobody knows how to do them."""
    for number in range(count):
        with transaction(door.engine) as session:
            organisation = door.world.organisations["EAST"]
            enqueue(session, MATCH, {}, idempotency_key=f"w{number}", now=NOON, organisation_id=organisation)
        work_one(door.engine, {}, clock=lambda: NOON, ended=tell_run_ended)


def test_webhook_is_made_once_and_shows_its_secret_once(door: Door) -> None:
    """A reply that was lost is asked for again, and shows everything but the secret."""
    first, again = _created(door), _created(door)

    assert first["secret"].startswith("whsec_")
    assert again == first | {"secret": None}
    assert door.data("east", "{ webhooks(first: 5) { edges { node { address status } } } }")["webhooks"]["edges"] == [
        {"node": {"address": "https://partner.example/e", "status": "active"}}
    ]
    node = door.data("east", "query ($id: ID!) { node(id: $id) { __typename id } }", id=first["webhook"]["id"])
    assert node["node"]["__typename"] == "Webhook"


def test_run_that_ended_is_told_and_read_page_by_page(door: Door) -> None:
    """The end of a run is an event in the transaction that writes the end."""
    _created(door)
    _failed_runs(door, 2)

    pages = door.walk("east", EVENTS, "events")
    deliveries = door.walk("east", DELIVERIES, "webhookDeliveries")

    assert [[row["kind"] for row in page] for page in pages] == [["match_run.finished"]] * 2
    assert [page[0]["event"]["facts"] for page in deliveries] == [[{"name": "status", "value": "failed"}]] * 2
    assert [page[0]["status"] for page in deliveries] == ["WAITING"] * 2


def test_dead_letter_is_shown_and_replayed(door: Door) -> None:
    """Whoever was down for longer than a day sees what was missed, and asks for it."""
    _created(door)
    _failed_runs(door, 1)
    receiver = Receiver(answers=500)
    for hours in range(0, 48, 3):
        deliver_due(door.engine, now=NOON + timedelta(hours=hours), post=receiver)
    dead = door.data("east", DELIVERIES)["webhookDeliveries"]["edges"][0]["node"]

    replayed = door.data("east", "mutation ($id: ID!) { replayDelivery(id: $id) { __typename } }", id=dead["id"])[
        "replayDelivery"
    ]
    receiver.answers = 200
    sent = deliver_due(door.engine, now=NOON, post=receiver)

    assert (dead["status"], dead["nextAt"]) == ("DEAD", None)
    assert [one["answered"] for one in dead["attempts"]] == [500] * 8
    assert replayed == {"__typename": "DeliveryReplayed"}
    assert sent.delivered == 1
    assert len(set(receiver.ids)) == 1


@pytest.mark.parametrize(
    "action", ["pauseWebhook", "resumeWebhook", "removeWebhook", "testWebhook", "renewWebhookSecret"]
)
def test_webhook_of_another_cannot_be_touched(door: Door, action: str) -> None:
    """A guessed id answers as one that was never given out."""
    id = _created(door)["webhook"]["id"]  # noqa: A001  # it is the id
    query = f"mutation ($id: ID!) {{ {action}(id: $id) {{ __typename ... on Refused {{ code message }} }} }}"

    told = door.data("west", query, id=id)[action]
    mine = door.data("east", query, id=id)[action]

    assert told["__typename"] == "NotFound"
    assert mine["__typename"] not in ("NotFound", "Refused")


def test_address_inside_is_refused_in_words(door: Door) -> None:
    """A partner reads why, in its language."""
    asked = {"key": "k", "address": "http://10.0.0.1/", "kinds": ["webhook.test"]}

    told = door.data("east", CREATE, locale="zh", **asked)["createWebhook"]

    assert told == {
        "__typename": "AddressRefused",
        "code": "AddressRefused",
        "message": "不向该地址推送事件：必须以 https:// 开头。",
    }


def test_run_of_another_is_not_told(door: Door) -> None:
    """What a neighbour plans is the neighbour's."""
    _created(door, "west")
    _failed_runs(door, 1)

    assert door.data("west", EVENTS)["events"]["edges"] == []
    assert door.data("west", DELIVERIES)["webhookDeliveries"]["edges"] == []


def test_end_and_event_are_one(door: Door) -> None:
    """A run that ended has its event, and none other has."""
    _failed_runs(door, 1)

    with transaction(door.engine, read_only=True) as session:
        ended = session.exec(select(Job).where(Job.status == "failed")).all()
    assert len(ended) == len(door.data("east", EVENTS)["events"]["edges"]) == 1
