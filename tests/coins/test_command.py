"""What a clerk types: every command that the page does not show, and what helps when something is typed wrong."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from tests.coins.conftest import Town
from tests.visits.conftest import MakeVisit, make_visit, plan
from tests.worlds import MONDAY
from timebank.cli import app
from timebank.core.clock import day_of, now
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput
from timebank.ledger.accounts import ensure_book
from timebank.people.tables import SeniorCategory
from timebank.visits.life import cancel

__all__ = ["make_visit", "plan"]
SOON = day_of(now()) + timedelta(days=7)


def run(*words: object) -> list[str]:
    """Type a command of an office; returns its English lines, or raises what it refuses."""
    told = CliRunner().invoke(app, ["coins", *map(str, words), "--office", "EAST"])
    if told.exception is not None:
        raise told.exception
    return told.output.splitlines()[1::2]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Any:
    """The command line on a fresh database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return run


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, shared_engine: Engine) -> Any:
    """The command line on the database that tests share who leave nothing behind."""
    monkeypatch.setenv("DATABASE_URL", shared_engine.url.render_as_string(hide_password=False))
    return run


@pytest.fixture
def town(engine: Engine, lone_town: Town) -> Town:
    """S1 has earned 600 minutes, S3 100."""
    with transaction(engine) as session:
        lone_town.earn(session, "S1", 600)
        lone_town.earn(session, "S3", 100)
    return lone_town


def test_clerk_follows_redemptions_and_gifts(typed: Any, town: Town) -> None:
    """The lists show what is open, people by number, never by name."""
    one, other = town.who("S1"), town.who("V1")
    typed("redeem", "S1", "door_visit", 60, "--on", SOON, "--for", "S2")
    typed("relate", "S1", "V1", "friend", "--proof", "两人到场", "--key", "k")
    typed("relate", "S1", "V1", "friend", "--proof", "两人到场", "--key", "k")
    typed("give", one, "V1", 30, "--key", "g")
    typed("answer", 1, "decline")

    assert typed("list") == [
        f"Redemption 1: asked by {one} for {town.who('S2')}, 60 minutes, held, 0 captured",
        "1 in all",
    ]
    assert typed("list", "--status", "released") == ["0 in all"]
    assert typed("gifts", "V1") == [f"Gift 1: {one} to {other}, 30 minutes, declined", "1 in all"]


def test_clerk_shares_and_shows_a_family(typed: Any, town: Town) -> None:
    """Who belongs, what each put in, and what is there."""
    typed("relate", "S1", "S3", "spouse", "--proof", "结婚证")
    typed("family", "open", "S1")
    typed("family", "join", 1, "S3")
    typed("family", "put", 1, "S3", 40)
    typed("family", "put", 1, "S1", 60)

    shown = typed("family", "show", 1)
    left = typed("family", "leave", 1, "S3")

    assert shown == [
        "Family account 1: 100 minutes, 0 of them held",
        f"Member {town.who('S1')}: put in 60 minutes",
        f"Member {town.who('S3')}: put in 40 minutes",
    ]
    assert left == ["S3 has left family account 1 with 40 minutes"]


def test_clerk_grants_where_the_pack_does(
    typed: Any, engine: Engine, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nanjing's clerk opens a programme, grants from it, and sees what is left."""
    monkeypatch.setenv("TIMEBANK_JURISDICTION", "nanjing")
    with transaction(engine) as session:
        session.add(SeniorCategory(senior_id=town.who("S1"), category="living_alone", from_day=MONDAY))
    days = ("--from-day", "2026-03-01", "--to-day", day_of(now()) + timedelta(days=9))

    typed("grants", "open", "春季", "--amount", 600, "--budget", 1200, *days)
    typed("grants", "give", 1, "S1")

    assert typed("grants", "list") == ["Programme 1 (春季): 600 minutes each, 600 left of the budget", "1 in all"]


def test_night_sweeps_and_visits_are_paid(typed: Any, engine: Engine, town: Town, make_visit: MakeVisit) -> None:
    """A visit is paid for at the desk; what its end leaves open is swept, and a second sweep finds nothing."""
    visit = make_visit(day=day_of(now()) + timedelta(days=1))

    held = typed("visit", visit, "--key", "v")
    with transaction(engine) as session:
        cancel(session, visit, actor="organisation:1", note="", now=now())

    assert held == [f"Redemption 1: 10 minutes of {town.who('S1')} are held (key v)"]
    assert typed("sweep") == ["0 captured (0 minutes), 1 released, 0 expired, 0 gifts lapsed"]
    assert typed("sweep") == ["0 captured (0 minutes), 0 released, 0 expired, 0 gifts lapsed"]


def test_donation_names_its_target(typed: Any, town: Town) -> None:
    """To an institution by its code, to a person by reference."""
    told = typed("donate", 10, "--from", "S1", "--to", "person_in_hardship:S2", "--key", "p")
    more = typed("donate", 10, "--from", "S1", "--to", "institution:CF1", "--key", "i")

    assert told[0].startswith("10 minutes were donated to a person in special hardship (transfer ")
    assert more[0].startswith("10 minutes were donated to a non-profit elder-care institution (transfer ")


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("redeem", "nobody", "bath", 1, "--on", SOON), NotFound),
        (("redeem", "S1", "singing", 1, "--on", SOON), NotFound),
        (("list", "--status", "lost"), WrongInput),
        (("list", "--book", "nowhere"), NotFound),
        (("served", 7, 10), NotFound),
        (("release", 7), NotFound),
        (("answer", 1, "perhaps"), WrongInput),
        (("donate", 1, "--to", "me"), WrongInput),
        (("donate", 1, "--to", "project:x"), WrongInput),
        (("donate", 1, "--to", "institution:x"), NotFound),
        (("estate", 1, "--heir", "S1"), WrongInput),
        (("estate", 1), NotFound),
        (("move", "S1", 1, "--to", "nowhere"), NotFound),
    ],
)
def test_what_is_typed_wrong_is_told(refused: Any, words: tuple[object, ...], refusal: type[Exception]) -> None:
    """The clerk hears what is not there or what would be right, and nothing has happened."""
    with pytest.raises(refusal):
        refused(*words)


def test_book_is_named_where_there_are_two(typed: Any, engine: Engine, town: Town) -> None:
    """A clerk does not write into another district's book by chance."""
    with transaction(engine) as session:
        ensure_book(session, "changning", "长宁", town.noon)

    with pytest.raises(WrongInput, match="changning, test"):
        typed("list")
    assert typed("list", "--book", "test") == ["0 in all"]
