"""What the page does not show: what ends, what is taken back, and what cannot be typed."""

import shlex

import pytest
from typer.testing import CliRunner

from tests.care.conftest import Team
from timebank.cli import app
from timebank.core.errors import NotFound, WrongInput


@pytest.fixture
def typing(team: Team, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Team:
    """The world, reached by the command line."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return team


SCRIPT = """
care contact S1 C1 --by EAST --on 2026-03-02
care contact S1 --by EAST --on 2026-03-09
care training D1 first_aid --on 2026-03-02 --by EAST
care untrain 3 --by EAST
care end 3 --by EAST --on 2026-04-01
care enrol V9 --volunteer V1
care list --role doctor --on 2026-03-02
care list --organisation EAST --street 310107004 --on 2026-03-02
care point hours P1 67 13:30-15:00 --by EAST --on 2026-03-02
care point end 1 --on 2026-03-09
care point list --at 2026-04-02T10:00
care point shut P1 --from 2026-03-03 --until 2026-03-05 --by EAST
care point reopen 1 --by EAST
"""


def test_what_is_done_can_be_ended_and_taken_back(typing: Team) -> None:
    """Every act has its way back, and says so in both languages."""
    told = [CliRunner().invoke(app, shlex.split(line)) for line in SCRIPT.strip().splitlines()]

    assert typing.members
    assert [one.exception for one in told] == [None] * len(told)
    said = "".join(one.output for one in told)
    for words in ("S1 的联系人止于 2026-03-09", "Training 3 was taken back", "角色 3 止于 2026-04-01", "C1：居委干部"):
        assert words in said
    for words in ("六十天内不开放", "Closure 1 was taken back", "D1：医生", "V9 is of the care team"):
        assert words in said


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("care enrol X9 --name 无日期", WrongInput),
        ("care may NOBODY survey", NotFound),
        ("care contact S1 C1 --by NOBODY", NotFound),
        ("care point hours P1 128 09:00-10:00 --by EAST", WrongInput),
        ("care point hours P1 1 9-10 --by EAST", WrongInput),
        ("care point hours P1 1 09:00-10:70 --by EAST", WrongInput),
    ],
)
def test_what_cannot_be_is_refused_in_words(typing: Team, line: str, refusal: type[Exception]) -> None:
    """A typing fault is told, and nothing is written."""
    ran = CliRunner().invoke(app, shlex.split(line))

    assert typing.members
    assert type(ran.exception) is refusal
