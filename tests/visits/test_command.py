"""A clerk with paper and a telephone does every step of a visit from the command line, and nobody else's."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from tests.visits.conftest import MakeVisit, begin, end
from tests.visits.giving import gave, gave_together, make_plan
from tests.worlds import MONDAY, World
from timebank.cli import app
from timebank.core.database import transaction
from timebank.core.errors import NotFound, Refusal, WrongInput
from timebank.ledger.accounts import issued_min
from timebank.visits.claims import claim_of_part, claim_of_visit
from timebank.visits.life import visit_of

Say = Callable[..., list[str]]
CREDITED = (
    "credited: 2 records, 45 minutes; 30 minutes donated; 2 became a record or honours; 0 earn nothing by the rules; "
    "0 wait"
)
PERIOD = ("--from", "2026-03-01", "--to", "2026-03-07")


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, database_url: str, world: World) -> Say:
    """Type a command of visits and return the lines it says; a refusal is raised as it is."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    def run(*words: object, room: str = "visits") -> list[str]:
        return CliRunner().invoke(app, [room, *map(str, words)], catch_exceptions=False).stdout.splitlines()

    return run


@pytest.fixture
def status(engine: Engine) -> Callable[[int], str]:
    """Return the state of a visit."""

    def look(visit: int) -> str:
        with transaction(engine, read_only=True) as session:
            return visit_of(session, visit).status

    return look


def test_day_is_listed_by_numbers_alone(say: Say, make_visit: MakeVisit) -> None:
    """What waits, of this organisation, in pages; no name and no home stands on a clerk's screen."""
    first, second = make_visit(), make_visit("S2-greeting", "V2", starts_min=600)
    make_visit("S5-greeting", "V3")

    assert say("due", "-o", "EAST", "--day", MONDAY) == [
        f"{first}  09:00  greeting  V1 -> S1  计划中 planned",
        f"{second}  10:00  greeting  V2 -> S2  计划中 planned",
        "2026-03-02：2 次待办",
        "2026-03-02: 2 visits wait",
    ]
    assert say("due", "-o", "EAST", "--day", MONDAY, "--first", 1, "--after", first)[0].startswith(f"{second}  ")


def test_paper_becomes_a_confirmed_visit(say: Say, make_visit: MakeVisit, engine: Engine) -> None:
    """Who came without a telephone has the hour all the same; handed in twice, it is one."""
    visit = make_visit(planned_min=40)
    words = ("record", visit, "-o", "EAST", "--began", "09:05", "--minutes", 40)

    assert say(*words) == [f"上门 {visit}：已确认", f"visit {visit}: confirmed"]
    assert say(*words) == [f"上门 {visit} 未变：已确认", f"visit {visit} is as before: confirmed"]
    with transaction(engine, read_only=True) as session:
        row = visit_of(session, visit)
        assert (row.served_min, row.evidence, row.confirmed_by) == (40, "paper", "organisation")


def test_visit_is_disputed_and_resolved_by_a_third_one(
    say: Say, make_visit: MakeVisit, engine: Engine, status: Callable[[int], str]
) -> None:
    """The organisation says it was shorter; the office decides what counts."""
    visit = make_visit()
    with transaction(engine) as session:
        begin(session, visit)
        end(session, visit)

    say("dispute", visit, "-o", "EAST", "--note", "提前离开")
    assert status(visit) == "disputed"
    say("resolve", visit, "-o", "CF1", "--minutes", 6, "--note", "电话核实")
    assert status(visit) == "confirmed"


def test_ended_visit_is_confirmed(
    say: Say, make_visit: MakeVisit, engine: Engine, status: Callable[[int], str]
) -> None:
    """The senior has no telephone: the organisation confirms."""
    visit = make_visit()
    with transaction(engine) as session:
        begin(session, visit)
        end(session, visit)

    say("confirm", visit, "-o", "EAST")

    assert status(visit) == "confirmed"


@pytest.mark.parametrize(
    ("words", "expected"),
    [(("miss", "--side", "giver"), "missed"), (("cancel", "--side", "served", "--note", "住院"), "cancelled")],
    ids=["missed", "called off"],
)
def test_visit_that_does_not_happen_is_written_down(
    say: Say, make_visit: MakeVisit, status: Callable[[int], str], words: tuple[str, ...], expected: str
) -> None:
    """By whose side, and nobody comes for nothing."""
    visit = make_visit()

    say(words[0], visit, "-o", "EAST", *words[1:])

    assert status(visit) == expected


@pytest.mark.parametrize(
    "words",
    [
        ("confirm",),
        ("dispute", "--note", "x"),
        ("miss", "--side", "giver"),
        ("cancel", "--side", "giver"),
        ("record", "--began", "09:00", "--minutes", "9"),
        ("claim", "honour"),
    ],
    ids=lambda words: words[0],
)
def test_visit_of_another_organisation_is_not_there(say: Say, make_visit: MakeVisit, words: tuple[str, ...]) -> None:
    """WEST does nothing to a visit of EAST, nor learns that there is one."""
    visit = make_visit()

    with pytest.raises(NotFound, match=f"no visit {visit}"):
        say(words[0], visit, *words[1:], "-o", "WEST")


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("due", "-o", "NOBODY"), NotFound),
        (("credit", *PERIOD, "--book", "other"), WrongInput),
        (("credit", "--from", "2026-03-02", "--to", "2026-03-01"), WrongInput),
        (("credit", "--from", "2026-03-02", "--to", "2999-01-01"), WrongInput),
    ],
    ids=["no organisation", "no book", "no day", "to come"],
)
def test_impossible_command_is_refused_in_words(say: Say, words: tuple[str, ...], refusal: type[Refusal]) -> None:
    """Nothing is done, and it is said what would be right."""
    with pytest.raises(refusal):
        say(*words)


def test_clerk_writes_down_what_a_giver_chooses(say: Say, engine: Engine, world: World) -> None:
    """For a visit, and for a part in a group service; then the period is credited, and says what became of it."""
    with transaction(engine) as session:
        plan = make_plan(session, date(2026, 3, 1))
        visit = gave(session, world, plan, day=MONDAY)
        gave(session, world, plan, day=MONDAY, need="S2-greeting", giver="V2", served_min=45)
        group = gave_together(session, world, day=MONDAY, served_min_by_giver={"V1": 60, "V2": 30})

    assert say("claim", visit, "honour", "-o", "EAST")[1] == (
        f"{visit} becomes honour hours; it can be changed until it is settled"
    )
    say("claim", group, "volunteer_record", "-o", "EAST", "--group-giver", "V1")

    assert say("credit", *PERIOD) == [
        "已入账 2 次、45 分钟；捐赠 30 分钟；转为记录或荣誉 2 次；按规则不计 0 次；等待中 0 次",
        CREDITED,
    ]
    with transaction(engine, read_only=True) as session:
        assert claim_of_visit(session, visit).becomes == "honour"
        assert claim_of_part(session, group, world.volunteers["V1"]).becomes == "volunteer_record"
        assert issued_min(session, world.book) == 75


def test_sample_is_drawn_told_and_shown(say: Say, engine: Engine, world: World) -> None:
    """The same draw shows the same visits; what came of asking is counted by grade."""
    with transaction(engine) as session:
        visit = gave(session, world, make_plan(session, MONDAY), day=MONDAY, evidence="paper")

    drawn = say("sample", "draw", "-o", "EAST", *PERIOD, "--seed", 7)
    assert drawn[0] == f"{visit}  paper  1/1  -"
    number = drawn[-1].split()[1].rstrip(":")
    assert say("sample", "tell", number, visit, "upheld", "-o", "EAST") == [
        f"上门 {visit}：属实",
        f"visit {visit}: upheld",
    ]
    assert say("sample", "show", number, "-o", "EAST")[1] == (
        "paper: 1 visits, 1 drawn, 1 upheld, 0 not upheld, 0 unreachable"
    )


def test_findings_are_looked_for_listed_and_reviewed(say: Say, engine: Engine, world: World) -> None:
    """Two doors at once: a person says what it was, and it is off the list."""
    with transaction(engine) as session:
        plan = make_plan(session, MONDAY)
        gave(session, world, plan, day=MONDAY)
        gave(session, world, plan, day=MONDAY, need="S2-greeting", starts_min=560)

    assert "two places at once: 1" in say("suspicion", "look", *PERIOD)
    (line,) = [line for line in say("suspicion", "list", "-o", "EAST") if "two places at once" in line]
    number = line.split()[0]
    said = say("suspicion", "review", number, "cleared", "-o", "EAST", "--note", "同一楼层")
    assert said == [f"疑点 {number}：已排除", f"finding {number}: cleared"]
    assert line not in say("suspicion", "list", "-o", "EAST")


def test_ties_of_people_are_written_down(say: Say, engine: Engine, world: World) -> None:
    """Where one belongs and who goes along, with the day from which on."""
    assert say("residence", "V1", "registered", "-o", "EAST", "--from", "2019-01-01", room="people") == [
        "V1：自 2019-01-01 起，本地户籍",
        "V1: registered there from 2019-01-01 on",
    ]
    assert say("guardian", "V1", "S1", "-o", "EAST", "--from", "2026-03-01", room="people")[1] == (
        "V1: S1 goes along from 2026-03-01 on"
    )
    with pytest.raises(NotFound):
        say("guardian", "V1", "X9", "-o", "EAST", room="people")
