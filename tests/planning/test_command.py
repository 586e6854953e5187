"""``timebank plan ...`` as an operator types it: from a note to a plan, to its reasons, to its repair."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from tests.planning.conftest import Plan, change, rows_of, say
from tests.worlds import MONDAY, World
from timebank.cli import app
from timebank.core.clock import now
from timebank.core.errors import NotFound, Refusal, WrongInput
from timebank.needs.tables import Need
from timebank.people.tables import Volunteer
from timebank.planning.facts_command import app as note_app

DAY, LATER = str(MONDAY), str(MONDAY + timedelta(days=7))


class Line:
    """Types commands on the database of a test."""

    def __init__(self, url: str, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("DATABASE_URL", url)

    def __call__(self, *words: str) -> list[str]:
        """Type ``timebank plan`` and some words; returns the lines, or raises what the bank refuses."""
        done = CliRunner().invoke(app, ["plan", *words])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output.splitlines()


@pytest.fixture
def line(engine: Engine, world: World, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Line:
    """The small district at the command line."""
    return Line(database_url, monkeypatch)


def test_a_plan_is_made_and_put_into_force(engine: Engine, line: Line) -> None:
    """One command plans the fortnight, says how good it is in both languages, and publishes it."""
    proposed = line("run", "--from", DAY, "--days", "14")
    published = line("run", "--from", DAY, "--days", "14", "--publish")

    assert proposed[0].startswith("方案 1（proposed）：自 2026-03-02 起 14 天；结对 9，")
    assert proposed[1].startswith("Plan 1 (proposed): 14 days from 2026-03-02; 9 pairs, ")
    assert published[1].startswith("Plan 1 (published)")
    assert len(rows_of(engine, "visit")["visit"]) > 50
    assert line("publish", "1") == published


def test_a_repair_says_what_it_changed(engine: Engine, world: World, line: Line) -> None:
    """A volunteer left; the list is short, and goes on with the next page."""
    for who in ("V1", "V2"):
        change(engine, Volunteer, world.volunteers[who], max_needs=4)
    line("run", "--from", DAY, "--days", "14", "--publish")
    change(engine, Volunteer, world.volunteers["V1"], status="inactive")

    said = line("repair", "--from", LATER, "--organisation", "EAST", "--first", "2")
    page = line("changes", "2", "--first", "2", "--what", "pair")

    assert re.match(r"Changes: \d pairs, \d+ visits, 0 places; 0 newly met, 0 no more", said[3])
    assert len(said) == len(page) + 2 == 8
    assert "takes over from V1" in page[3]
    with pytest.raises(NotFound):
        line("changes", "1")


def test_a_pair_is_explained(engine: Engine, line: Line, plan: Plan) -> None:
    """Who was chosen and who else could have come, with metres to ten."""
    plan()

    said = line("explain", "S1-greeting")

    assert len(said) == 4
    assert [words.split(" ")[0] for words in said[1::2]] == ["chosen", "else"]
    assert re.search(r"about \d+0 m", said[1])


def test_an_unmet_need_is_explained_with_what_would_meet_it(
    engine: Engine, world: World, line: Line, plan: Plan
) -> None:
    """S1 wishes for a man at the door, and V5 is a woman: the wish is what stands in the way."""
    change(engine, Need, world.needs["S1-door_visit"], gender_wish="male")
    plan()

    said = line("explain", "S1-door_visit", "--plan", "1")

    assert "No volunteer of the wished gender is near" in said[1]
    assert "would meet it: the wish for a gender is dropped" in said
    assert "可满足：放弃对性别的希望" in said


def test_what_is_short_is_said_with_its_worth(engine: Engine, world: World, line: Line, plan: Plan) -> None:
    """Before any plan everything is; with one, a street and a service, and what one more would do."""
    nothing = line("shortage", "--area", "310107004", "--service", "greeting")
    change(engine, Volunteer, world.volunteers["V2"], status="inactive")
    plan(starts_on=MONDAY, horizon_days=92, now=say(engine, lambda _: now()))

    said = line("shortage", "--service", "greeting")

    assert nothing[1] == "Ganquan Road, Greeting: 4 needs, 4 unmet (4 of them in no plan)"
    assert said == ["甘泉路街道“两天一问候”：需求 4，未满足 1（其中未列入方案 0）", said[1]]
    assert line("shortage", "--service", "trip")[1] == "Nothing is short."


def test_what_if_prints_what_differs(engine: Engine, line: Line, plan: Plan) -> None:
    """A plan without V1, line by line; the plan itself stays as it is."""
    number = plan()

    said = line("whatif", "--plan", str(number), "--gone", "V1", "--weight", "max_distance_m=2000")

    assert [words.split()[0] for words in said if words.split()[0] == "needs_met"] == ["needs_met"]
    with pytest.raises(WrongInput):
        line("whatif", "--plan", str(number), "--weight", "max_distance_m")


def test_a_visit_is_given_to_another(engine: Engine, world: World, line: Line, plan: Plan) -> None:
    """The list says who could; the choice is a second word."""
    plan()
    visit = say(engine, lambda s: s.connection().execute(text("SELECT id FROM visit WHERE need_id = 1")).scalar())
    (chosen,) = {ref for ref, number in world.volunteers.items() if number in _giver(engine, visit)}
    other = {"V1": "V2", "V2": "V1"}[chosen]

    found = line("substitutes", str(visit))
    given = line("substitutes", str(visit), "--give", other)

    assert found[1].startswith(f"{other}: about")
    assert given == found
    assert _giver(engine, visit) == {world.volunteers[other]}
    with pytest.raises(WrongInput):
        line("substitutes", str(visit), "--give", "V5")


def _giver(engine: Engine, visit: int) -> set[int]:
    asked = text("SELECT volunteer_id FROM visit WHERE id = :visit")
    return set(say(engine, lambda s: s.connection().execute(asked, {"visit": visit}).scalars().all()))


def test_who_can_come_now_and_who_waits(line: Line) -> None:
    """A call at ten on Monday; and the bath that nobody has a place for yet."""
    now = line("nearest", "S1", "greeting", "--at", "2026-03-02T10:00+0800")
    waiting = line("waiting", "bath")

    assert re.fullmatch(r"V1: about \d+ m, from 10:00", now[1])
    assert line("nearest", "S1", "greeting", "--at", "2026-03-02T04:00+0800")[1] == "Nobody suitable is near and free."
    assert re.match(r"1\. S2: tier 0, waiting \d+ days", waiting[1])


NOTES = {
    "away": ("away", "V1", "--from", DAY, "--until", LATER, "--by", "clerk"),
    "there": ("there", "1", "--by", "clerk"),
    "trait": ("trait", "S1", "pets", "--by", "clerk"),
    "trait back": ("trait", "S1", "pets", "--by", "clerk", "--back"),
    "suspended": ("suspended", "--from", DAY, "--until", LATER, "--cause", "heat", "--by", "clerk"),
    "lifted": ("lifted", "1", "--by", "clerk"),
    "season": (
        "season",
        "--from",
        DAY,
        "--until",
        LATER,
        "--kind",
        "per_week",
        "--count",
        "2",
        "--need",
        "S1-door_visit",
        "--by",
        "clerk",
        "--yearly",
    ),
    "over": ("over", "1", "--by", "clerk"),
    "first": ("first", "childless+low_income@greeting", "@door_visit", "--from", DAY, "--by", "clerk"),
    "pair": ("pair", "S1-greeting", "V2", "--by", "clerk"),
    "pair back": ("pair", "S1-greeting", "V2", "--by", "clerk", "--back"),
}


def test_every_note_can_be_written_and_taken_back(engine: Engine, line: Line) -> None:
    """What a clerk writes down stands in rows with who and when, and so does its end."""
    for words in NOTES.values():
        said = line("note", *words)
        assert said[1].startswith("Noted: ")

    def ended(table: str) -> tuple[int, int]:
        row = f"SELECT count(*), count(withdrawn_at) FROM {table} WHERE recorded_by = 'clerk'"
        found = say(engine, lambda s: s.connection().execute(text(row)).one())
        return int(found[0]), int(found[1])

    assert {
        table: ended(table) for table in ("absence", "person_trait", "suspension", "season", "preset_pair")
    } == dict.fromkeys(("absence", "person_trait", "suspension", "season", "preset_pair"), (1, 1))
    rules = "SELECT tier, category, service_id FROM priority_rule ORDER BY position"
    found = say(engine, lambda s: [tuple(row) for row in s.connection().execute(text(rules))])
    assert [row[:2] for row in found] == [(0, "childless"), (0, "low_income"), (1, "")]


def test_every_note_is_tried() -> None:
    """A command that no test types goes stale."""
    known = {each.name or each.callback.__name__ for each in note_app.registered_commands if each.callback}

    assert known == {name.split()[0] for name in NOTES}


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--from", "1999-12-31"),
        ("repair", "--from", DAY),
        ("explain", "S99-greeting"),
        ("whatif", "--gone", "V1"),
        ("nearest", "S99", "greeting"),
        ("note", "away", "X1", "--from", DAY, "--until", LATER, "--by", "clerk"),
        ("note", "first", "+", "--from", DAY, "--by", "clerk"),
        (
            "note",
            "season",
            "--from",
            DAY,
            "--until",
            LATER,
            "--kind",
            "per_week",
            "--count",
            "1",
            "--need",
            "X",
            "--by",
            "clerk",
        ),
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_refused_in_words(line: Line, words: tuple[str, ...]) -> None:
    """Nobody at the command line meets a traceback."""
    with pytest.raises(Refusal):
        line(*words)
