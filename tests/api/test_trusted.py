"""Trusted documents: named by their hash, checked against the schema first, and the only ones where that is wished."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.app import create_app
from api.limits import Limits
from api.trusted import id_of, read_trusted
from tests.api.conftest import NOON
from tests.api.door import Door
from timebank.cli import app
from timebank.core.errors import WrongInput

VIEWER = "query Viewer { viewer { scopes } }"
PAIRS = "query Pairs($first: Int!) { pairs(first: $first) { edges { node { id } } } }"
VIEWER_ID, PAIRS_ID = id_of(VIEWER), id_of(PAIRS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two documents, one of them in a folder of its own."""
    folder = tmp_path / "documents"
    (folder / "more").mkdir(parents=True)
    (folder / "viewer.graphql").write_text(VIEWER + "\n", encoding="utf-8")
    (folder / "more" / "pairs.graphql").write_text(PAIRS, encoding="utf-8")
    (folder / "notes.txt").write_text("{ nothing of ours }", encoding="utf-8")
    return folder


@pytest.fixture
def trusting(window: Door, folder: Path) -> Callable[[bool], Door]:
    """The door with the documents of the folder, beside all others or alone."""
    return lambda only: replace(
        window,
        app=create_app(window.engine, clock=lambda: NOON, limits=Limits(trusted=read_trusted(folder, only=only))),
    )


def test_an_id_is_the_hash_of_the_text() -> None:
    """Any tool can compute it; the number was made with sha256sum."""
    assert id_of("{ viewer { scopes } }") == "sha256:96c30cd4fa5e48ba49b7a72d1214b9060955029bb902b4c8a124b4feda0ba8b9"


@pytest.mark.parametrize("only", [False, True])
def test_a_document_is_asked_for_by_its_id(trusting: Callable[[bool], Door], *, only: bool) -> None:
    """A client sends seventy characters instead of its query, by either method."""
    door = trusting(only)
    body = {"documentId": PAIRS_ID, "variables": {"first": 2}, "operationName": "Pairs"}

    posted = door.send(headers=door.headers("east"), json=body)
    got = door.send("GET", headers=door.headers("east"), params={"documentId": VIEWER_ID})

    assert len(posted.json()["data"]["pairs"]["edges"]) == 2
    assert "matches:read" in got.json()["data"]["viewer"]["scopes"]


@pytest.mark.parametrize(
    ("only", "query", "codes"),
    [
        (True, "{ viewer { scopes } }", ["DocumentNotTrusted"]),
        (True, VIEWER + " ", ["DocumentNotTrusted"]),
        (True, "{ __schema { types { name } } }", ["DocumentNotTrusted"]),
        (True, "{", ["DocumentNotTrusted"]),
        (True, VIEWER, []),
        (False, "{ viewer { scopes } }", []),
    ],
)
def test_others_are_refused_where_only_trusted_ones_are_run(
    trusting: Callable[[bool], Door], *, only: bool, query: str, codes: list[str]
) -> None:
    """One space more is another document: nothing is run that nobody looked at."""
    assert trusting(only).codes("east", query) == codes


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"documentId": id_of("{ unknown }")}, 400, "DocumentUnknown"),
        ({"documentId": VIEWER_ID.upper()}, 400, "DocumentUnknown"),
        ({"documentId": "x" * 10_000}, 400, "DocumentUnknown"),
        ({"documentId": ""}, 400, "DocumentUnknown"),
        ({"documentId": 7}, 400, "BadRequest"),
        ({"documentId": [VIEWER_ID]}, 400, "BadRequest"),
        ({"documentId": VIEWER_ID, "query": VIEWER}, 400, "BadRequest"),
        ({"documentId": None}, 400, "BadRequest"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_names_no_document_is_told(
    trusting: Callable[[bool], Door], body: dict[str, object], status: int, code: str
) -> None:
    """A client that was built from other documents than the server's reads which id it lacks."""
    door = trusting(True)

    answer = door.send(headers=door.headers("east"), json=body)

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)
    assert len(answer.text) < 500


def test_strangers_do_not_learn_which_documents_there_are(trusting: Callable[[bool], Door]) -> None:
    """Whoever has no token is answered before anything is looked up."""
    door = trusting(True)

    answers = [door.send(json={"documentId": key}) for key in (VIEWER_ID, id_of("{ unknown }"))]

    assert [answer.status_code for answer in answers] == [401, 401]


def test_the_file_is_made_of_the_folder_and_serves_the_same(folder: Path, tmp_path: Path) -> None:
    """A folder is what people write, one file is what is rolled out."""
    target = tmp_path / "trusted.json"

    made = CliRunner().invoke(app, ["documents", "make", str(folder), str(target)])
    checked = CliRunner().invoke(app, ["documents", "check", str(target)])

    assert (made.exit_code, checked.exit_code) == (0, 0)
    assert json.loads(target.read_text(encoding="utf-8")) == {VIEWER_ID: VIEWER, PAIRS_ID: PAIRS}
    assert read_trusted(target).by_id == read_trusted(folder).by_id
    assert "2" in made.output
    assert PAIRS_ID in checked.output


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{ nothing }", "Cannot query field 'nothing'"),
        ("{", "Syntax Error"),
        ("{ viewer { " + "scopes " * 501 + "} }", "fields"),
    ],
    ids=["unknown field", "no document", "too large"],
)
def test_a_document_that_the_schema_does_not_answer_is_found_before_it_is_served(
    folder: Path, tmp_path: Path, document: str, said: str
) -> None:
    """After a change of the schema the operators hear it from the check, not from their partners."""
    (folder / "wrong.graphql").write_text(document, encoding="utf-8")

    made = CliRunner().invoke(app, ["documents", "make", str(folder), str(tmp_path / "trusted.json")])
    checked = CliRunner().invoke(app, ["documents", "check", str(folder)])

    assert (made.exit_code, checked.exit_code) == (1, 1)
    assert said in " ".join(made.output.split())
    assert id_of(document) in checked.output
    assert not (tmp_path / "trusted.json").exists()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"sha256:00": "{ viewer { scopes } }"}',
        json.dumps({VIEWER_ID: 7}),
        json.dumps({VIEWER_ID: PAIRS}),
    ],
)
def test_a_file_that_was_changed_by_hand_is_refused(tmp_path: Path, content: str) -> None:
    """An id that stands beside another document would let a client run what nobody trusted."""
    path = tmp_path / "trusted.json"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(WrongInput):
        read_trusted(path)


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_folder_without_documents_is_refused(tmp_path: Path, name: str) -> None:
    """A server that trusts only nothing would answer nobody."""
    (tmp_path / "empty").mkdir()

    with pytest.raises(WrongInput):
        read_trusted(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIMEBANK_POINTS", "10"),
        ("TIMEBANK_POINTS", "many"),
        ("TIMEBANK_POINTS_PER_S", "0"),
        ("TIMEBANK_LONGEST_S", "nan"),
        ("TIMEBANK_LONGEST_S", "-1"),
        ("TIMEBANK_DOCUMENTS_ONLY", "1"),
        ("TIMEBANK_DOCUMENTS", "/nowhere"),
    ],
)
def test_a_limit_that_cannot_be_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A bucket smaller than the dearest query, or a time of nothing, would be met by partners and not by operators."""
    monkeypatch.setenv(name, value)

    with pytest.raises(WrongInput) as refusal:
        Limits.from_environment()

    assert refusal.value.field.startswith(("TIMEBANK_", "documents"))


def test_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Operators of a small machine set other numbers."""
    for name, value in (
        ("TIMEBANK_POINTS", "20000"),
        ("TIMEBANK_POINTS_PER_S", "50"),
        ("TIMEBANK_LONGEST_S", "2.5"),
        ("TIMEBANK_DOCUMENTS", str(folder)),
        ("TIMEBANK_DOCUMENTS_ONLY", "1"),
    ):
        monkeypatch.setenv(name, value)

    limits = Limits.from_environment()

    assert (tuple(limits.bucket), limits.longest_s) == ((20_000, 50), 2.5)
    assert (set(limits.trusted.by_id), limits.trusted.only) == ({VIEWER_ID, PAIRS_ID}, True)
