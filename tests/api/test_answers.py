"""Errors: each with a code and a number; what breaks inside shows nothing of itself, outside or in the log."""

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlmodel import select

from api.app import create_app
from api.ids import encode
from tests.api.conftest import NOON
from tests.api.door import Door, Json
from timebank.core.database import open_database, transaction
from timebank.people.tables import Person
from timebank.projects.tables import Project

CANARY = "钱秘密13800138000"
PROJECTS = "{ projects(first: 5) { edges { node { titleZh eligibleSeniors } } } }"
VISITS = "{ me { nextVisits(first: 5) { edges { node { seniorName } } } } }"
NOTHING = [
    ("nobody", "{ viewer { scopes } }"),
    ("east", "{"),
    ("east", "{ nothing }"),
    ("east", "{ pairs(first: 0) { edges { cursor } } }"),
    ("east", '{ node(id: "x") { id } }'),
    ("east", "{ me { account { id } } }"),
    ("east", "{ a: viewer { b: scopes } }" + " " * 40_000),
    ("office", "query Q($first: Int!) { projects(first: $first) { edges { cursor } } }"),
]


@pytest.fixture
def broken(door: Door) -> Door:
    """The door over a district where a project holds what it cannot: the words of the fault are personal."""
    with transaction(door.engine) as session:
        session.get_one(Project, 22).eligibility = {"min_age": CANARY}
    return door


@pytest.mark.parametrize(("who", "query"), NOTHING)
def test_every_error_has_a_code_and_the_number_of_its_request(window: Door, who: str, query: str) -> None:
    """A partner who writes to the operators names a number; a program tells errors apart by code."""
    answer = window.ask(who, query)

    errors = answer.json()["errors"]
    assert errors
    assert all(re.fullmatch(r"[A-Z]\w+", error["extensions"]["code"]) for error in errors)
    assert {error["extensions"]["requestId"] for error in errors} == {answer.headers["x-request-id"]}
    assert all(error["message"] for error in errors)


@pytest.mark.parametrize(
    ("who", "query", "zh", "en"),
    [
        (
            "office",
            "{ pairs(first: 1) { edges { cursor } } }",
            "无权执行“matches:read”，需要：具有权限 matches:read 的令牌。",
            "matches:read needs a token with the scope matches:read.",
        ),
        ("east", "{ me { account { id } } }", "无权执行“me”，需要：个人的令牌。", "me needs a token of a person."),
        ("east", '{ node(id: "x") { id } }', "这里没有该对象：x。", "There is no thing x here."),
        ("east", '{ plan(id: "x") { id } }', "这里没有该匹配方案：x。", "There is no plan x here."),
        (
            "east",
            "{ pairs(first: 0) { edges { cursor } } }",
            "first 不能为“0”；应为 1 到 100。",
            "first cannot be '0'; 1 to",
        ),
    ],
)
def test_a_refusal_is_said_in_the_language_of_the_caller(window: Door, who: str, query: str, zh: str, en: str) -> None:
    """Half a sentence in another language is no answer."""
    said = {locale: window.ask(who, query, locale=locale).json()["errors"][0]["message"] for locale in ("zh", "en")}

    assert said["zh"] == zh
    assert said["en"].startswith(en)


def test_every_request_has_a_number_of_its_own(window: Door) -> None:
    """Two reports are told apart."""
    numbers = {window.ask("east", "{ viewer { scopes } }").headers["x-request-id"] for _ in range(5)}

    assert len(numbers) == 5


@pytest.mark.parametrize(("locale", "said"), [("en", "Something went wrong on our side"), ("zh", "系统内部错误")])
def test_a_fault_inside_shows_nothing_of_itself(
    broken: Door, locale: str, said: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """The words of a fault can be anyone's name; they reach neither the caller nor the log nor the terminal."""
    with caplog.at_level(logging.DEBUG):
        answer = broken.ask("office", PROJECTS, locale=locale)

    number = answer.headers["x-request-id"]
    shown = answer.text + caplog.text + "".join(capfd.readouterr())
    assert answer.json()["errors"][0]["extensions"] == {"code": "InternalError", "requestId": number}
    assert answer.json()["errors"][0]["message"].startswith(said)
    assert number in answer.json()["errors"][0]["message"]
    assert CANARY not in shown
    assert CANARY.encode("unicode_escape").decode() not in shown
    assert "Traceback" not in shown


def test_the_log_says_what_broke_and_where(broken: Door, caplog: pytest.LogCaptureFixture) -> None:
    """The operators find the place by the number that the caller names."""
    answer = broken.ask("office", PROJECTS)

    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(lines) == 1
    assert answer.headers["x-request-id"] in lines[0]
    assert "ValueError" in lines[0]
    assert "_project" in lines[0]


def test_a_person_whose_data_does_not_open_is_not_named(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    """A key that is missing is told by field, never by content."""
    with transaction(door.engine) as session:
        numbers = session.exec(select(Person.id)).all()
        session.connection().execute(
            text("UPDATE person SET name = :name WHERE id = :id"), [{"name": b"\x01" * 40, "id": n} for n in numbers]
        )

    answer = door.ask("volunteer", VISITS)

    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["InternalError"]
    assert "person.name" in caplog.text
    assert "PersonalDataUnreadable" in caplog.text
    assert "person" not in answer.text


def test_a_refusal_or_a_slip_is_not_logged_as_a_fault(window: Door, caplog: pytest.LogCaptureFixture) -> None:
    """A log that is full of what is ordinary hides what is not."""
    for who, query in NOTHING:
        window.ask(who, query)

    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_broken_mutation_leaves_nothing(broken: Door) -> None:
    """The project that was created before the fault is taken back with it."""
    mutation = """mutation { createProject(idempotencyKey: "b", input: { titleZh: "助浴", startsOn: "2026-04-01",
      endsOn: "2026-05-01", resources: [{ code: "NEW", nameZh: "点", service: "bath", subdistrict: "310107004",
      latDeg: 31.264, lonDeg: 121.43, slots: [] }] }) { __typename } again: startProject(id: "%s") {
      ... on ProjectStarted { project { eligibleSeniors } } } }"""
    answer = broken.ask("office", mutation % encode("project", 22))

    with transaction(broken.engine, read_only=True) as session:
        keys = set(session.exec(select(Project.idempotency_key)))
        status = session.get_one(Project, 22).status
    assert answer.json()["data"] is None
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["InternalError"]
    assert (status, "b" in keys) == ("draft", False)


def test_at_most_five_errors_are_told(window: Door) -> None:
    """A document of a thousand faults does not answer with a thousand."""
    query = "{ viewer { " + " ".join(f"f{n}" for n in range(400)) + " } }"

    errors: list[Json] = window.ask("east", query).json()["errors"]

    assert len(errors) == 5


def test_a_long_value_is_not_sent_back_in_full(window: Door) -> None:
    """An answer is no echo for a hundred kilobytes."""
    answer = window.ask("east", '{ node(id: "' + "x" * 30_000 + '") { id } }')
    variables = window.ask(
        "east", "query Q($first: Int!) { pairs(first: $first) { edges { cursor } } }", {"first": "x" * 90_000}
    )

    assert len(answer.text) < 1000
    assert len(variables.text) < 1500


WAITS = {"sqlite": "PRAGMA busy_timeout = 0", "postgresql": "SET lock_timeout = 50"}
LOCKS = {"sqlite": "UPDATE job SET stage = stage", "postgresql": "LOCK TABLE job IN ACCESS EXCLUSIVE MODE"}


@pytest.fixture
def impatient(door: Door, door_url: str) -> Iterator[Door]:
    """The door over a database that waits for no lock, while another writer holds one."""
    engine = open_database(door_url)

    @event.listens_for(engine, "connect")
    def impatience(connection: Any, _record: object) -> None:
        connection.execute(WAITS[engine.dialect.name])
        connection.commit()

    with transaction(door.engine) as session:
        session.connection().execute(text(LOCKS[engine.dialect.name]))
        yield Door(app=create_app(engine, clock=lambda: NOON), engine=engine, served=door.served)
    engine.dispose()


def test_a_busy_database_is_503_and_nothing_is_done(impatient: Door) -> None:
    """A caller who is told to try again does; one who is told of a fault of ours writes a letter."""
    mutation = 'mutation { startMatchRun(idempotencyKey: "m", input: { startsOn: "2026-03-02" }) { __typename } }'

    answer = impatient.ask("east", mutation)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["errors"][0]["extensions"]["code"] == "Busy"
    assert "data" not in answer.json()


def test_a_database_of_another_shape_is_a_fault_of_ours(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    """Trying again would not help; the operators must bring it up to date."""
    with transaction(door.engine) as session:
        session.connection().execute(text("ALTER TABLE service RENAME COLUMN minutes TO duration"))

    answer = door.ask("east", "{ services { minutes } }")

    assert answer.status_code == 500
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["InternalError"]
    assert "StoreDiffers" in caplog.text
    assert "minutes" not in answer.text
