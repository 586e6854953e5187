"""Match runs: asked for once, followed while they work, done once whatever happens to the worker."""

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from matching.solve import STAGES
from tests.planning.conftest import rows_of
from tests.together import at_once
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, WrongInput, WrongState
from timebank.core.jobs import Report, enqueue, work_one
from timebank.core.tables import Job
from timebank.planning.listing import list_runs, plan_seen
from timebank.planning.runs import MATCH, cancel_run, run_match, run_of, start_run

KILLED = """
import os, signal, sys
from datetime import datetime
from timebank.core import jobs
from timebank.core.database import open_database
from timebank.planning.runs import MATCH, run_match

def die(engine, job, report):
    def told(stage, share):
        report(stage, share)
        if stage == "calendar":
            os.kill(os.getpid(), signal.SIGKILL)
    return run_match(engine, job, told)

jobs.work_one(open_database(sys.argv[1]), {MATCH: die}, clock=lambda: datetime.fromisoformat(sys.argv[2]))
"""


@pytest.fixture
def start(world: World, noon: datetime) -> Callable[..., int]:
    """Ask for a run of EAST over a week, or as said; returns its number."""

    def ask(session: Session, code: str = "EAST", **changes: Any) -> int:
        parts: dict[str, Any] = {"starts_on": MONDAY, "horizon_days": 7, "idempotency_key": "spring", "now": noon}
        return start_run(session, organisation_id=world.organisations[code], **(parts | changes)).id or 0

    return ask


def _run(engine: Engine, number: int, organisation: int) -> Job:
    with transaction(engine, read_only=True) as session:
        return run_of(session, number, organisation_id=organisation)


def _plans(engine: Engine) -> int:
    return len(rows_of(engine, "plan")["plan"])


def test_a_run_is_done_by_a_worker(engine: Engine, world: World, start: Callable[..., int]) -> None:
    """The answer comes at once, the plan later: proposed, over the organisation's own needs."""
    east = world.organisations["EAST"]
    with transaction(engine) as session:
        number = start(session)
    asked = _run(engine, number, east)

    assert work_one(engine, {MATCH: run_match})

    run = _run(engine, number, east)
    assert (asked.status, asked.progress_ppm, asked.result) == ("queued", 0, {})
    assert (run.status, run.progress_ppm, run.fault) == ("done", 1_000_000, "")
    with transaction(engine, read_only=True) as session:
        plan = plan_seen(session, run.result["plan_id"], organisation_id=east, is_own=True)
        assert (plan.state, plan.scope, plan.starts_on, plan.horizon_days) == (
            "proposed",
            f"organisation:{east}",
            MONDAY,
            7,
        )
    own = {world.needs[f"S{n}-greeting"] for n in range(1, 5)} | {world.needs["S1-door_visit"]}
    assert {row[1] for row in rows_of(engine, "pair")["pair"]} == own


def test_progress_is_followed_while_it_works(engine: Engine, world: World, start: Callable[..., int]) -> None:
    """A coordinator who looks again and again sees every stage, and a share that never falls."""
    seen: list[tuple[str, str, int]] = []
    with transaction(engine) as session:
        number = start(session)

    def watched(engine: Engine, job: Job, report: Report) -> dict[str, Any]:
        def told(stage: str, share: float) -> None:
            report(stage, share)
            run = _run(engine, number, world.organisations["EAST"])
            seen.append((run.status, run.stage, run.progress_ppm))

        return run_match(engine, job, told)

    work_one(engine, {MATCH: watched})

    shares = [share for _, _, share in seen]
    assert {status for status, _, _ in seen} == {"running"}
    assert tuple(dict.fromkeys(stage for _, stage, _ in seen)) == STAGES
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1_000_000)


def test_the_same_key_is_the_same_run(engine: Engine, start: Callable[..., int]) -> None:
    """A lost answer is asked for again; another organisation's key is another's."""
    with transaction(engine) as session:
        first = start(session)

        assert start(session) == first
        assert start(session, "WEST") != first
        assert start(session, idempotency_key="summer") != first


def test_an_organisation_has_three_runs_at_once(engine: Engine, world: World, start: Callable[..., int]) -> None:
    """A button that is pressed all day fills no queue: the fourth is told which run is ahead, and asks again later."""
    with transaction(engine) as session:
        first, *_ = (start(session, idempotency_key=f"run {n}") for n in range(3))

        with pytest.raises(WrongState) as caught:
            start(session, idempotency_key="run 3")
        again = start(session, idempotency_key="run 2")
        other = start(session, "WEST")

    assert (caught.value.kind, caught.value.key, caught.value.state) == ("run", str(first), "queued")
    assert first < again < other
    assert work_one(engine, {MATCH: run_match})
    with transaction(engine) as session:
        assert start(session, idempotency_key="run 3") > other


def test_two_last_runs_at_once_are_one(engine: Engine, start: Callable[..., int]) -> None:
    """Of two who ask for the last place of the queue in the same moment, one is refused."""
    with transaction(engine) as session:
        for n in range(2):
            start(session, idempotency_key=f"run {n}")

    def ask(session: Session, key: str) -> str:
        try:
            return str(start(session, idempotency_key=key))
        except WrongState:
            return "refused"

    answers = list(at_once(engine, lambda session: ask(session, "left"), lambda session: ask(session, "right")))

    assert answers.count("refused") == 1


def test_the_same_key_at_once_is_the_same_run(engine: Engine, start: Callable[..., int]) -> None:
    """Two presses of the button that arrive together."""
    one, other = at_once(engine, start, start)

    assert one == other


@pytest.mark.parametrize("changes", [{"horizon_days": 14}, {"starts_on": MONDAY + timedelta(days=7)}])
def test_the_same_key_for_another_run_is_refused(
    engine: Engine, start: Callable[..., int], changes: dict[str, Any]
) -> None:
    """An old answer for a new question would be believed."""
    with transaction(engine) as session:
        start(session)

        with pytest.raises(KeyConflict):
            start(session, **changes)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"horizon_days": 0}, "horizonDays"),
        ({"horizon_days": 93}, "horizonDays"),
        ({"idempotency_key": ""}, "idempotencyKey"),
        ({"idempotency_key": "k" * 201}, "idempotencyKey"),
        ({"starts_on": date(1999, 12, 31)}, "startsOn"),
        ({"starts_on": date(9999, 12, 31)}, "startsOn"),
    ],
)
def test_a_run_is_bounded(engine: Engine, start: Callable[..., int], changes: dict[str, Any], field: str) -> None:
    """A year of everybody's days is no question for a button; the field and what is right are told."""
    with transaction(engine) as session:
        with pytest.raises(WrongInput) as caught:
            start(session, **changes)
        longest = start(session, horizon_days=92, idempotency_key="k" * 200)

    assert caught.value.field == field
    assert longest


def test_a_killed_worker_leaves_one_plan_in_the_end(
    database_url: str, engine: Engine, world: World, noon: datetime, start: Callable[..., int]
) -> None:
    """The machine goes down in the middle of the calendar: when the lease ends, another worker does it anew."""
    with transaction(engine) as session:
        number = start(session)
    command = [sys.executable, "-c", KILLED, database_url, noon.isoformat()]

    killed = subprocess.run(command, check=False, capture_output=True)

    assert killed.returncode == -signal.SIGKILL
    left = _run(engine, number, world.organisations["EAST"])
    assert (left.status, left.stage, _plans(engine)) == ("running", "calendar", 0)
    assert not work_one(engine, {MATCH: run_match}, clock=lambda: noon)
    assert work_one(engine, {MATCH: run_match}, clock=lambda: noon + timedelta(minutes=2))
    run = _run(engine, number, world.organisations["EAST"])
    assert (run.status, run.attempts, _plans(engine)) == ("done", 2, 1)


def test_a_worker_that_dies_after_storing_stores_once(
    engine: Engine, world: World, noon: datetime, start: Callable[..., int]
) -> None:
    """The plan stands, the job does not say so yet: the second worker finds the plan."""
    with transaction(engine) as session:
        number = start(session)

    def die(engine: Engine, job: Job, report: Report) -> dict[str, Any]:
        run_match(engine, job, report)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work_one(engine, {MATCH: die}, clock=lambda: noon)
    before = rows_of(engine, "plan", "pair")

    work_one(engine, {MATCH: run_match}, clock=lambda: noon + timedelta(minutes=2))

    run = _run(engine, number, world.organisations["EAST"])
    assert (run.status, run.result) == ("done", {"plan_id": before["plan"][0][0]})
    assert rows_of(engine, "plan", "pair") == before


def test_a_cancelled_run_is_not_begun(engine: Engine, world: World, noon: datetime, start: Callable[..., int]) -> None:
    """A run that waits is taken out of the queue; cancelling it again, or when it has ended, changes nothing."""
    east = world.organisations["EAST"]
    with transaction(engine) as session:
        number = start(session)
        first = cancel_run(session, number, organisation_id=east, now=noon).model_dump()
        again = cancel_run(session, number, organisation_id=east, now=noon + timedelta(hours=1)).model_dump()

    assert (first["status"], first["finished_at"]) == ("cancelled", noon)
    assert again == first
    assert not work_one(engine, {MATCH: run_match})


def test_a_run_that_is_cancelled_while_it_works_stores_nothing(
    engine: Engine, world: World, noon: datetime, start: Callable[..., int]
) -> None:
    """The worker learns of it at its next stage and takes up other work."""
    east = world.organisations["EAST"]
    with transaction(engine) as session:
        number = start(session)

    def cancelled(engine: Engine, job: Job, report: Report) -> dict[str, Any]:
        with transaction(engine) as session:
            cancel_run(session, number, organisation_id=east, now=noon)
        return run_match(engine, job, report)

    assert work_one(engine, {MATCH: cancelled})
    assert (_run(engine, number, east).status, _plans(engine)) == ("cancelled", 0)


def _is_seen(session: Session, job: int, organisation: int) -> bool:
    try:
        return run_of(session, job, organisation_id=organisation).id == job
    except NotFound:
        return False


def test_a_run_is_seen_by_its_own_organisation(
    engine: Engine, world: World, noon: datetime, start: Callable[..., int]
) -> None:
    """Another's run, or a job that is no run, is not there at all: neither to read nor to stop."""
    east, west = world.organisations["EAST"], world.organisations["WEST"]
    with transaction(engine) as session:
        number = start(session)
        other = enqueue(session, "import", {}, idempotency_key="file", now=noon, organisation_id=east).id or 0

        asked = ((number, west), (other, east), (99, east), (number, east))
        assert [_is_seen(session, job, who) for job, who in asked] == [False, False, False, True]
        with pytest.raises(NotFound):
            cancel_run(session, number, organisation_id=west, now=noon)
        assert run_of(session, number, organisation_id=east).status == "queued"


def test_runs_are_listed_newest_first_a_page_at_a_time(
    engine: Engine, world: World, noon: datetime, start: Callable[..., int]
) -> None:
    """An organisation sees its own runs alone, and no other jobs."""
    east = world.organisations["EAST"]
    with transaction(engine) as session:
        runs = [start(session, idempotency_key=f"run {n}") for n in range(3)]
        start(session, "WEST")
        enqueue(session, "import", {}, idempotency_key="file", now=noon, organisation_id=east)

        page = [run.id for run in list_runs(session, organisation_id=east, first=2)]
        rest = [run.id for run in list_runs(session, organisation_id=east, first=2, before_id=page[-1])]

    assert (page, rest) == ([runs[2], runs[1]], [runs[0]])


@pytest.mark.parametrize("first", [0, 101])
def test_a_page_of_runs_is_bounded(engine: Engine, world: World, first: int) -> None:
    """No question of a partner reads a whole table."""
    with transaction(engine, read_only=True) as session, pytest.raises(ValueError, match="1 to 100"):
        list_runs(session, organisation_id=world.organisations["EAST"], first=first)
