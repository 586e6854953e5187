"""A token sees what its scope allows and nothing else; what it may not see looks like what is not there."""

from datetime import timedelta

import pytest
from graphql import build_schema

from api.ids import cursor, encode
from api.schema import print_schema
from tests.api.asked_bookings import BOOKINGS, BOOKINGS_OF_ORGANISATIONS, BOOKINGS_OF_PERSONS, OWN_BOOKING
from tests.api.asked_charity import CHARITY, CHARITY_OF_ALL, CHARITY_OF_OFFICES, OWN_BY_OFFICE
from tests.api.asked_registry import CARE, REGISTRY
from tests.api.between import BETWEEN, DECIDE, MY_CONSENTS, REVOKE
from tests.api.conftest import NOON
from tests.api.door import Door, Json
from tests.api.greeted import OF_BOTH, OF_ORGANISATIONS
from timebank.core.database import transaction
from timebank.people.tokens import issue_token, revoke_tokens

SCHEMA = build_schema(print_schema())
ROOTS = {f"query {name}" for name in SCHEMA.query_type.fields} | {  # type: ignore[union-attr]  # it has queries
    f"mutation {name}"
    for name in SCHEMA.mutation_type.fields  # type: ignore[union-attr]  # and mutations
}
EAST_RUN, EAST_PLAN, WEST_RUN, WEST_PLAN = encode("run", 2), encode("plan", 2), encode("run", 1), encode("plan", 1)
ALARM = encode("alarm", 1)
NO_WEBHOOK, NO_DELIVERY = encode("webhook", 999_999), encode("delivery", 999_999)
PROJECT, OTHER_PROJECT = encode("project", 1), encode("project", 23)
NEW_PROJECT = """
  idempotencyKey: "matrix", input: { titleZh: "助浴", startsOn: "2026-04-01", endsOn: "2026-05-01", resources: [
    { code: "NEW", nameZh: "点", service: "bath", subdistrict: "310107004", latDeg: 31.264, lonDeg: 121.43, slots: [] }
  ] }
"""
TOKENS = {
    "query tokens": "{ tokens(first: 1) { edges { node { id } } } }",
    "mutation createToken": 'mutation { createToken(idempotencyKey: "m", input: { scopes: [] }) { __typename } }',
    "mutation revokeToken": f'mutation {{ revokeToken(id: "{encode("token", 999)}") {{ __typename }} }}',
}
CODES = {
    "query clients": "{ clients(first: 1) { edges { node { id } } } }",
    "mutation createSignInCode": 'mutation { createSignInCode(person: "S1") { __typename } }',
}
ASKED = {
    "query viewer": "{ viewer { scopes } }",
    "query areas": "{ areas { code } }",
    "query services": "{ services { code } }",
    "query shortage": "{ shortage { needs } }",
    "query me": "{ me { account { id } nextVisits(first: 1) { edges { node { id } } } } }",
    "query node": f'{{ node(id: "{EAST_RUN}") {{ id }} }}',
    "query pairs": "{ pairs(first: 1) { edges { node { id } } } }",
    "query unmet": "{ unmet(first: 1) { edges { node { id } } } }",
    "query matchRun": f'{{ matchRun(id: "{EAST_RUN}") {{ id }} }}',
    "query matchRuns": "{ matchRuns(first: 1) { edges { node { id } } } }",
    "query plan": f'{{ plan(id: "{EAST_PLAN}") {{ id }} }}',
    "query project": f'{{ project(id: "{PROJECT}") {{ id }} }}',
    "query projects": "{ projects(first: 1) { edges { node { id } } } }",
    **CHARITY,
    "mutation createProject": f"mutation {{ createProject({NEW_PROJECT}) {{ __typename }} }}",
    "mutation startProject": f'mutation {{ startProject(id: "{PROJECT}") {{ __typename }} }}',
    "mutation startMatchRun": 'mutation { startMatchRun(idempotencyKey: "m", input: { startsOn: "2026-03-02" }) '
    "{ __typename } }",
    "mutation publishPlan": f'mutation {{ publishPlan(id: "{EAST_PLAN}") {{ __typename }} }}',
    "query alarms": "{ alarms(first: 1) { edges { node { id } } } }",
    "query alarm": f'{{ alarm(id: "{ALARM}") {{ id }} }}',
    "query alarmAccounts": "{ alarmAccounts { received } }",
    "mutation acceptAlarm": f'mutation {{ acceptAlarm(id: "{ALARM}") {{ __typename }} }}',
    "mutation declineAlarm": f'mutation {{ declineAlarm(id: "{ALARM}") {{ __typename }} }}',
    "mutation escalateAlarm": f'mutation {{ escalateAlarm(id: "{ALARM}") {{ __typename }} }}',
    "mutation confirmAlarm": f'mutation {{ confirmAlarm(id: "{ALARM}", finding: "leak") {{ __typename }} }}',
    "mutation closeAlarm": f'mutation {{ closeAlarm(id: "{ALARM}", outcome: "driven") {{ __typename }} }}',
    "mutation settleAlarm": f'mutation {{ settleAlarm(id: "{ALARM}", seniorRef: "S1") {{ __typename }} }}',
    **REGISTRY,
    **CARE,
    "query advicePoints": "{ advicePoints(first: 1) { edges { node { code } } } }",
    "query events": "{ events(first: 1) { edges { node { id } } } }",
    "query webhooks": "{ webhooks(first: 1) { edges { node { id } } } }",
    "query webhookDeliveries": "{ webhookDeliveries(first: 1) { edges { node { id } } } }",
    "mutation createWebhook": 'mutation { createWebhook(idempotencyKey: "m", input: { address: "https://a.example/", '
    'kinds: ["webhook.test"] }) { __typename } }',
    **{
        f"mutation {action}": f'mutation {{ {action}(id: "{NO_WEBHOOK}") {{ __typename }} }}'
        for action in ("renewWebhookSecret", "pauseWebhook", "resumeWebhook", "removeWebhook", "testWebhook")
    },
    "mutation replayDelivery": f'mutation {{ replayDelivery(id: "{NO_DELIVERY}") {{ __typename }} }}',
    **BOOKINGS,
    **OF_ORGANISATIONS,
    **OF_BOTH,
    **BETWEEN,
    **MY_CONSENTS,
    **REVOKE,
    **DECIDE,
    **TOKENS,
    **CODES,
}
"""A document for every root field; what it names belongs to EAST or to CF1."""
WEBHOOKS = {root for root in ASKED if "ebhook" in root or root in ("query events", "mutation replayDelivery")}
"""What every organisation reaches; the actions name what is not there, and say so in their answer."""
EVERYONE = {"query viewer", "query areas", "query services", "query advicePoints", *CHARITY_OF_ALL, *REVOKE}
ALARMED = {
    "query alarms",
    "mutation acceptAlarm",
    "mutation declineAlarm",
    "mutation confirmAlarm",
    "mutation closeAlarm",
}
PERSONS = EVERYONE | {
    *TOKENS,
    "query me",
    *BOOKINGS_OF_PERSONS,
    *MY_CONSENTS,
    *ALARMED,
    *OF_BOTH,
    "mutation applyToProject",
}
ORGANISATIONS = EVERYONE | {
    *TOKENS,
    *CODES,
    *BETWEEN,
    *WEBHOOKS,
    *BOOKINGS_OF_ORGANISATIONS,
    *OF_ORGANISATIONS,
    *OF_BOTH,
    *ALARMED,
    "query alarmAccounts",
    "mutation escalateAlarm",
    "mutation settleAlarm",
    "query shortage",
    "query pairs",
    "query unmet",
    "query matchRuns",
    "query weeklyShortage",
    "mutation startMatchRun",
    "mutation publishPlan",
    "mutation applyToProject",
    *CARE,
    *REGISTRY,
}
OFFICES = EVERYONE | {
    *BETWEEN,
    *WEBHOOKS,
    *BOOKINGS_OF_ORGANISATIONS,
    "query shortage",
    "query projects",
    "mutation createProject",
    "mutation startProject",
    *CHARITY_OF_OFFICES,
}
OWN_BY_EAST = {"query node", "query matchRun", "query plan", "query alarm", *OWN_BOOKING}
REACHED = {
    "volunteer": PERSONS,
    "other_volunteer": PERSONS,
    "new_volunteer": PERSONS,
    "east": ORGANISATIONS | OWN_BY_EAST,
    "west": ORGANISATIONS,
    "office": OFFICES | OWN_BY_OFFICE | OWN_BOOKING,
    "other_office": OFFICES,
    "company": ORGANISATIONS | {"query alarm", *OWN_BOOKING},
    "bureau": ORGANISATIONS | {"query alarm", *OWN_BOOKING, *DECIDE},
    "senior": PERSONS,
}
NOT_THERE = {
    "west": OWN_BY_EAST,
    **{who: OWN_BY_EAST - {"query alarm", *OWN_BOOKING} for who in ("company", "bureau")},
    **{who: {"query alarm", *OWN_BOOKING} for who in ("volunteer", "other_volunteer", "new_volunteer", "senior")},
    "other_office": OWN_BY_OFFICE | OWN_BOOKING,
}
"""What is another's of one's own kind looks as if it were not there; all else that is not reached is not allowed."""


def _expected(who: str) -> dict[str, list[str]]:
    """Return the codes that a caller meets at every root field."""
    reached, hidden = REACHED[who], NOT_THERE.get(who, set())
    return {root: [] if root in reached else ["NotFound" if root in hidden else "NotAllowed"] for root in ASKED}


def test_every_root_field_is_in_the_matrix() -> None:
    """A field that is added without saying who reaches it is found here."""
    assert set(ASKED) == ROOTS


UNKNOWN = "it is no token that is known here"


@pytest.mark.parametrize(
    ("who", "code", "flaw"),
    [
        ("nobody", "TokenMissing", ""),
        ("wrong", "TokenRefused", UNKNOWN),
        ("mistyped", "TokenRefused", UNKNOWN),
        ("expired", "TokenRefused", "it has expired"),
        ("revoked", "TokenRefused", "it was revoked"),
    ],
)
def test_nothing_is_reached_without_a_live_token(window: Door, who: str, code: str, flaw: str) -> None:
    """A token that is dead, mistyped or made up opens nothing, not even a description; its holder reads why."""
    challenge = f'Bearer error="invalid_token", error_description="{flaw}"' if flaw else "Bearer"
    met = {root: window.ask(who, document) for root, document in ASKED.items()}

    assert {answer.status_code for answer in met.values()} == {401}
    assert {answer.headers["www-authenticate"] for answer in met.values()} == {challenge}
    assert {answer.json()["errors"][0]["extensions"]["code"] for answer in met.values()} == {code}
    assert not any("data" in answer.json() for answer in met.values())


@pytest.mark.parametrize("who", REACHED)
def test_each_token_reaches_its_own_fields_alone(door: Door, who: str) -> None:
    """The whole matrix: every root field with every kind of token."""
    met = {root: door.codes(who, document) for root, document in ASKED.items()}

    assert met == _expected(who)


FOREIGN = [
    ("west", EAST_RUN, "run"),
    ("west", EAST_PLAN, "plan"),
    ("east", WEST_RUN, "run"),
    ("east", WEST_PLAN, "plan"),
    ("office", OTHER_PROJECT, "project"),
    ("other_office", PROJECT, "project"),
    ("volunteer", PROJECT, "project"),
    ("volunteer", EAST_RUN, "run"),
    ("office", EAST_PLAN, "plan"),
    ("east", PROJECT, "project"),
    ("west", ALARM, "alarm"),
    ("volunteer", ALARM, "alarm"),
    ("office", ALARM, "alarm"),
]
FIELD_BY_KIND = {"alarm": "alarm", "run": "matchRun", "plan": "plan", "project": "project"}


def _without(answer: Json, id: str) -> str:  # noqa: A002  # it is the id
    """Return an answer without the id it was asked with, its number, and the state of the caller's bucket."""
    errors = [error | {"extensions": {"code": error["extensions"]["code"]}} for error in answer.get("errors", [])]
    return str(answer | {"errors": errors, "extensions": None}).replace(id, "ID")


@pytest.mark.parametrize(("who", "foreign", "kind"), FOREIGN)
@pytest.mark.parametrize("field", ["node", ""])
def test_what_is_anothers_answers_as_if_it_were_not_there(
    window: Door, who: str, foreign: str, kind: str, field: str
) -> None:
    """Who can tell the two apart learns how much others have, and guesses on."""
    unknown, query = encode(kind, 999_999), f"query Q($id: ID!) {{ {field or FIELD_BY_KIND[kind]}(id: $id) {{ id }} }}"

    told = window.ask(who, query, {"id": foreign})
    as_unknown = window.ask(who, query, {"id": unknown})

    assert _without(told.json(), foreign) == _without(as_unknown.json(), unknown)
    assert told.json()["errors"][0]["extensions"]["code"] in ("NotFound", "NotAllowed")


@pytest.mark.parametrize(
    ("who", "foreign", "action", "kind"),
    [
        ("west", EAST_PLAN, "publishPlan", "plan"),
        ("other_office", PROJECT, "startProject", "project"),
        ("west", ALARM, "acceptAlarm", "alarm"),
        ("west", ALARM, "escalateAlarm", "alarm"),
        ("volunteer", ALARM, "acceptAlarm", "alarm"),
    ],
)
def test_what_is_anothers_cannot_be_changed(door: Door, who: str, foreign: str, action: str, kind: str) -> None:
    """A mutation on another's thing is the same no as on nothing."""
    unknown = encode(kind, 999_999)
    query = f"mutation M($id: ID!) {{ {action}(id: $id) {{ __typename ... on Refused {{ code message }} }} }}"

    told = door.ask(who, query, {"id": foreign})
    as_unknown = door.ask(who, query, {"id": unknown})

    assert told.json()["data"][action]["__typename"] == "NotFound"
    assert _without(told.json(), foreign) == _without(as_unknown.json(), unknown)


PAIRS = "query Q($filter: MatchFilter) { pairs(first: 100, filter: $filter) { edges { node { seniorRef } } } }"
UNMET = "query Q($filter: MatchFilter) { unmet(first: 100, filter: $filter) { edges { node { seniorRef } } } }"


@pytest.mark.parametrize(
    ("who", "theirs", "hidden"),
    [("east", ("S1", "S2", "S3", "S4", "G"), "S5"), ("west", ("S5", "S6", "S7", "S8"), "S1")],
)
def test_lists_hold_ones_own_sub_districts_alone(window: Door, who: str, theirs: tuple[str, ...], hidden: str) -> None:
    """Two organisations share a plan of the district and see different halves of it."""
    pairs = window.data(who, PAIRS)["pairs"]["edges"]
    unmet = window.data(who, UNMET)["unmet"]["edges"]
    areas = window.data(who, "{ areas { code } shortage { subdistrict { code } } }")

    seen = {edge["node"]["seniorRef"] for edge in pairs + unmet}
    assert len(seen) >= 4
    assert hidden not in seen
    assert all(ref.startswith(theirs) for ref in seen)
    assert {row["subdistrict"]["code"] for row in areas["shortage"]} == {areas["areas"][0]["code"]}
    assert len(areas["areas"]) == 1


@pytest.mark.parametrize(
    "where",
    [{"subdistrict": "310107007"}, {"plan": WEST_PLAN}, {"plan": encode("plan", 999_999)}],
    ids=["another's sub-district", "another's plan", "no plan"],
)
def test_filters_do_not_widen_what_is_seen(window: Door, where: Json) -> None:
    """A filter narrows; naming what is another's finds nothing, as does naming nothing."""
    assert window.data("east", PAIRS, filter=where)["pairs"]["edges"] == []
    assert window.data("east", UNMET, filter=where)["unmet"]["edges"] == []


def test_anothers_cursor_opens_ones_own_list_alone(window: Door) -> None:
    """A cursor is a place in a list, no key to it."""
    query = (
        "query Q($after: String) { me { account { statement(first: 50, after: $after) { edges { node { id } } } } } }"
    )
    foreign = cursor("statement", 20)

    mine = window.data("volunteer", query)["me"]["account"]["statement"]["edges"]
    theirs = window.data("other_volunteer", query, after=foreign)["me"]["account"]["statement"]["edges"]

    assert (len(mine), len(theirs)) == (25, 1)
    assert not {edge["node"]["id"] for edge in mine} & {edge["node"]["id"] for edge in theirs}


def test_a_volunteer_sees_their_own_visits_alone(window: Door) -> None:
    """Nobody reads where another goes, and when."""
    query = "{ me { nextVisits(first: 100) { edges { node { id seniorRef } } } } }"

    mine = window.data("volunteer", query)["me"]["nextVisits"]["edges"]
    theirs = window.data("other_volunteer", query)["me"]["nextVisits"]["edges"]

    assert mine
    assert theirs
    assert not {edge["node"]["id"] for edge in mine} & {edge["node"]["id"] for edge in theirs}
    assert {edge["node"]["seniorRef"] for edge in theirs} <= {"S5", "S6", "S7", "S8"}


@pytest.mark.parametrize(
    ("scopes", "codes"),
    [
        ({"accounts:read"}, [[], ["NotAllowed"]]),
        ({"visits:read"}, [["NotAllowed"], []]),
        (set(), [["NotAllowed"], ["NotAllowed"]]),
    ],
)
def test_a_scope_opens_what_it_names_and_no_more(door: Door, scopes: set[str], codes: list[list[str]]) -> None:
    """A device that shows visits needs no balance."""
    person = door.world.volunteers["V1"]
    with transaction(door.engine) as session:
        door.served.tokens["narrow"] = issue_token(session, scopes=frozenset(scopes), now=NOON, person_id=person)

    met = [
        door.codes("narrow", "{ me { account { balanceMin } } }"),
        door.codes("narrow", "{ me { nextVisits(first: 1) { edges { node { id } } } } }"),
    ]

    assert met == codes


def test_reading_does_not_allow_to_act(door: Door) -> None:
    """A token for a report starts nothing."""
    organisation = door.world.organisations["EAST"]
    with transaction(door.engine) as session:
        door.served.tokens["reader"] = issue_token(
            session, scopes=frozenset({"matches:read"}), now=NOON, organisation_id=organisation
        )

    assert door.codes("reader", ASKED["query pairs"]) == []
    assert door.codes("reader", ASKED["mutation startMatchRun"]) == ["NotAllowed"]
    assert door.codes("reader", ASKED["mutation publishPlan"]) == ["NotAllowed"]


def test_a_revoked_token_opens_nothing_at_once(door: Door) -> None:
    """A token that was lost is dead the moment it is said."""
    before = door.ask("east", ASKED["query viewer"]).status_code

    with transaction(door.engine) as session:
        revoke_tokens(session, now=NOON, organisation_id=door.world.organisations["EAST"])

    assert (before, door.ask("east", ASKED["query viewer"]).status_code) == (200, 401)


def test_a_token_ends_at_its_end(door: Door) -> None:
    """The last moment is already too late."""
    with transaction(door.engine) as session:
        issued = NOON - timedelta(days=1)
        door.served.tokens["ending"] = issue_token(
            session, scopes=frozenset(), now=issued, days=1, organisation_id=door.world.organisations["EAST"]
        )

    assert door.ask("ending", ASKED["query viewer"]).status_code == 401
