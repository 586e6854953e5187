"""The charity office plans a project: created once, refused in words, started once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import func, select

from api.ids import encode
from tests.api.door import Door, Json
from timebank.core.database import transaction
from timebank.projects.tables import Project, Resource, Slot

CREATE = """
mutation Create($key: String!, $input: ProjectInput!) {
  createProject(idempotencyKey: $key, input: $input) {
    __typename
    ... on ProjectCreated { project {
      id titleZh status slots budgetCents eligibleSeniors
      eligibility { categories subdistricts minAge }
      resources { code service subdistrict slots places }
    } }
    ... on Refused { code message zh: message(locale: ZH) }
    ... on WrongInput { field value right }
    ... on KeyConflict { key }
  }
}
"""
START = "mutation Start($id: ID!) { startProject(id: $id) { __typename ... on ProjectStarted { project { status } } } }"
SLOT = {"weekdays": ["MONDAY", "THURSDAY"], "startsMin": 540, "endsMin": 600, "places": 2}
RESOURCE = {
    "code": "GANQUAN-BATH",
    "nameZh": "甘泉助浴点",
    "service": "bath",
    "subdistrict": "310107004",
    "latDeg": 31.264,
    "lonDeg": 121.43,
    "slots": [SLOT],
}
PROJECT: Json = {
    "titleZh": "甘泉助浴",
    "startsOn": "2026-04-06",
    "endsOn": "2026-05-04",
    "budgetCents": 5_000_000,
    "eligibility": {"categories": ["severe_functional_impairment"], "minAge": 70},
    "resources": [RESOURCE],
}


def _create(door: Door, key: str = "bath", **changes: Any) -> Json:
    found: Json = door.data("office", CREATE, key=key, input=PROJECT | changes)["createProject"]
    return found


def _stored(door: Door) -> tuple[int, int, int]:
    """Count projects, resources and slots."""
    with transaction(door.engine, read_only=True) as session:
        projects, resources, slots = (
            session.exec(select(func.count()).select_from(table)).one() for table in (Project, Resource, Slot)
        )
        return projects, resources, slots


def test_a_project_comes_with_its_resources_and_its_reach(door: Door) -> None:
    """The office sees at once how many slots it opens and how many seniors it reaches."""
    created = _create(door)

    project = created["project"]
    assert created["__typename"] == "ProjectCreated"
    assert (project["status"], project["slots"], project["budgetCents"]) == ("draft", 8, 5_000_000)
    assert project["eligibility"] == {
        "categories": ["severe_functional_impairment"],
        "subdistricts": [],
        "minAge": 70,
    }
    assert project["resources"] == [
        {"code": "GANQUAN-BATH", "service": "bath", "subdistrict": "甘泉路街道", "slots": 8, "places": 16}
    ]
    assert project["eligibleSeniors"] == 1


def test_the_same_key_is_the_same_project(door: Door) -> None:
    """A connection that breaks is tried again; the project must not be doubled."""
    first, before = _create(door), _stored(door)

    again = _create(door)

    assert again == first
    assert _stored(door) == before


def test_two_who_bring_the_same_key_at_once_get_the_same_project(door: Door) -> None:
    """An impatient second click comes while the first is still at work."""
    before = _stored(door)

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: _create(door), range(4)))

    assert made == [made[0]] * 4
    assert _stored(door) == (before[0] + 1, before[1] + 1, before[2] + 8)


def test_the_same_key_with_other_content_is_refused_in_both_languages(door: Door) -> None:
    """A key that was used for something else is a slip; neither content is lost or mixed."""
    _create(door)
    before = _stored(door)

    refused = _create(door, titleZh="另一个项目")

    assert (refused["__typename"], refused["code"], refused["key"]) == ("KeyConflict", "KeyConflict", "bath")
    assert refused["zh"] == "幂等键“bath”已用于其他内容；新内容请使用新的键。"
    assert refused["message"] == "The key 'bath' was used for something else; use a new key for new content."
    assert _stored(door) == before


WRONG = [
    ({"titleZh": ""}, "titleZh", "应为 1 到 120 个字符"),
    ({"titleEn": "x" * 121}, "titleEn", "应为 0 到 120 个字符"),
    ({"aims": "x" * 2001}, "aims", "应为 0 到 2000 个字符"),
    ({"endsOn": "2026-04-06"}, "endsOn", "应晚于 startsOn，且不超过三年"),
    ({"endsOn": "2036-04-06"}, "endsOn", "应晚于 startsOn，且不超过三年"),
    ({"budgetCents": -1}, "budgetCents", "应为 0 或更多，单位为分"),
    ({"eligibility": {"minAge": 121}}, "eligibility.minAge", "应为 0 到 120"),
    ({"eligibility": {"categories": ["rich"]}}, "eligibility.categories", "应为其中之一：childless, "),
    ({"eligibility": {"subdistricts": ["999"]}}, "eligibility.subdistricts", "应为其中之一：310107004, 310107007"),
    ({"resources": []}, "resources", "应为 1 到 50"),
    ({"resources": [RESOURCE] * 51}, "resources", "应为 1 到 50"),
    ({"resources": [RESOURCE] * 2}, "resources.code", "应为未用过的编号，1 到 64 个字符"),
    ({"resources": [RESOURCE | {"code": "BATH-1"}]}, "resources.code", "应为未用过的编号，1 到 64 个字符"),
    ({"resources": [RESOURCE | {"nameZh": ""}]}, "resources.nameZh", "应为 1 到 120 个字符"),
    ({"resources": [RESOURCE | {"service": "greeting"}]}, "resources.service", "应为其中之一：bath, trip"),
    ({"resources": [RESOURCE | {"subdistrict": "310107999"}]}, "resources.subdistrict", "应为其中之一："),
    ({"resources": [RESOURCE | {"latDeg": 39.9, "lonDeg": 116.4}]}, "resources.place", "应为区内的地点（WGS-84 坐标）"),
    ({"resources": [RESOURCE | {"slots": [SLOT | {"weekdays": []}]}]}, "resources.slots", "应有星期、"),
    ({"resources": [RESOURCE | {"slots": [SLOT | {"endsMin": 540}]}]}, "resources.slots", "应有星期、"),
    ({"resources": [RESOURCE | {"slots": [SLOT | {"places": 0}]}]}, "resources.slots", "应有星期、"),
    ({"resources": [RESOURCE | {"slots": [SLOT, SLOT]}]}, "resources.slots", "同一资源同一天同一时刻只能有一个时段"),
    ({"endsOn": "2029-04-06", "resources": [RESOURCE | {"slots": [
        {"weekdays": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"],
         "startsMin": start, "endsMin": start + 1, "places": 1} for start in range(40)
    ]}]}, "resources.slots", "最多 20000"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "field", "right"), WRONG, ids=lambda value: str(value)[:40])
def test_what_cannot_be_is_refused_by_field(window: Door, changes: Json, field: str, right: str) -> None:
    """The refusal says which field, which value and what would be right, in the language of the person."""
    before = _stored(window)

    refused = _create(window, **changes)

    assert (refused["__typename"], refused["code"], refused["field"]) == ("WrongInput", "WrongInput", field)
    assert right in refused["zh"]
    assert refused["right"] in refused["message"]
    assert refused["right"].isascii()
    assert _stored(window) == before


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_has_a_length(window: Door, key: str) -> None:
    """An empty key would make every project the same."""
    assert _create(window, key=key)["field"] == "idempotencyKey"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"startsOn": "tomorrow"}, "tomorrow"),
        ({"budgetCents": 2**60}, "BigInt"),
        ({"budgetCents": 0.5}, "BigInt"),
        ({"resources": [RESOURCE | {"slots": [SLOT | {"weekdays": ["SOMEDAY"]}]}]}, "SOMEDAY"),
        ({"resources": [RESOURCE | {"latDeg": "north"}]}, "north"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_values_of_the_wrong_kind_are_faults_of_the_request(window: Door, variables: Json, said: str) -> None:
    """A program that sends a wrong type hears which, and is not told of a fault of ours."""
    answer = window.ask("office", CREATE, {"key": "k", "input": PROJECT | variables})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "BadRequest"
    assert said in answer.json()["errors"][0]["message"]


def test_a_project_starts_once(door: Door) -> None:
    """Starting again is harmless; the first start is what counts."""
    project = _create(door)["project"]["id"]

    started = [door.data("office", START, id=project) for _ in range(2)]

    assert started == [{"startProject": {"__typename": "ProjectStarted", "project": {"status": "running"}}}] * 2


def test_a_closed_project_does_not_start(door: Door) -> None:
    """What has ended stays ended; the office is told the state in words."""
    with transaction(door.engine) as session:
        session.get_one(Project, 1).status = "closed"

    refused = door.data(
        "office",
        "mutation($id: ID!) { startProject(id: $id) { ... on WrongState { kind state allowed message(locale: ZH) } } }",
        id=encode("project", 1),
    )["startProject"]

    assert (refused["kind"], refused["state"], refused["allowed"]) == (
        "project",
        "closed",
        "a draft, approved or recruiting",
    )
    assert refused["message"] == "公益项目 1 当前状态为“已结项”，此操作要求：草稿、已批准或招募中。"


def test_projects_are_read_page_by_page(window: Door) -> None:
    """Newest first, each once, and the last page says that it is the last."""
    query = """query Q($after: String) { projects(first: 11, after: $after) {
        edges { node { titleEn } } pageInfo { hasNextPage endCursor } } }"""

    pages = window.walk("office", query, "projects")

    titles = [row["titleEn"] for page in pages for row in page]
    assert [len(page) for page in pages] == [11, 11]
    assert titles == [*(f"Baths {n}" for n in range(22, 1, -1)), "Baths"]


def test_a_mutation_that_meets_an_error_leaves_nothing(door: Door) -> None:
    """An answer without data must not hide a project that was created all the same."""
    both = CREATE.replace("mutation Create(", "mutation Both($start: MatchRunInput!, ").rstrip().removesuffix("}") + (
        'run: startMatchRun(idempotencyKey: "x", input: $start) { __typename } }'
    )
    before = _stored(door)

    answer = door.ask("office", both, {"key": "both", "input": PROJECT, "start": {"startsOn": "2026-03-02"}}).json()

    assert answer["data"] is None
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NotAllowed"]
    assert _stored(door) == before


def test_a_refusal_leaves_the_rest_of_the_mutation(door: Door) -> None:
    """A typed no is an answer: what stands beside it is done."""
    two = """mutation Two($good: ProjectInput!, $bad: ProjectInput!) {
        bad: createProject(idempotencyKey: "bad", input: $bad) { __typename }
        good: createProject(idempotencyKey: "good", input: $good) { __typename } }"""
    before = _stored(door)
    bad = PROJECT | {"resources": [RESOURCE | {"code": "OTHER"}, RESOURCE | {"code": "MORE", "slots": [SLOT, SLOT]}]}

    answer = door.data("office", two, good=PROJECT, bad=bad)

    assert answer == {"bad": {"__typename": "WrongInput"}, "good": {"__typename": "ProjectCreated"}}
    assert _stored(door) == (before[0] + 1, before[1] + 1, before[2] + 8)
