"""A social organisation reads its pairs with their reasons, starts a match run, follows it, and publishes its plan."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, func, select

from api.ids import encode
from tests.api.conftest import NOON
from tests.api.door import Door, Json
from tests.worlds import MONDAY
from timebank.core.database import transaction
from timebank.core.jobs import work_one
from timebank.core.tables import Job
from timebank.planning.problem_rows import Question
from timebank.planning.runs import MATCH, make_plan, run_match
from timebank.visits.tables import Visit

PAIRS = """query Q($after: String, $first: Int! = 10, $filter: MatchFilter) {
  pairs(first: $first, after: $after, filter: $filter) {
    edges { node { id seniorRef volunteerRef service distanceM rank candidates subdistrict reason } }
    pageInfo { hasNextPage endCursor } } }"""
UNMET = """query Q($after: String, $first: Int! = 10, $filter: MatchFilter) {
  unmet(first: $first, after: $after, filter: $filter) {
    edges { node { id seniorRef service code remaining taken { rule count } subdistrict reason } }
    pageInfo { hasNextPage endCursor } } }"""
RUNS = """query Q($after: String) { matchRuns(first: 8, after: $after) {
  edges { node { id status plan { id state } } } pageInfo { hasNextPage endCursor } } }"""
START = """mutation Start($key: String!, $startsOn: Date!, $days: Int! = 7) {
  startMatchRun(idempotencyKey: $key, input: { startsOn: $startsOn, horizonDays: $days }) {
    __typename
    ... on MatchRunStarted { run { id status stage progress fault finishedAt plan { id } } }
    ... on WrongInput { field right }
    ... on Refused { code message zh: message(locale: ZH) } } }"""
RUN = """query Run($id: ID!) { matchRun(id: $id) {
  status stage progress fault zh: fault(locale: ZH) finishedAt
  plan { id state startsOn horizonDays status objective bound method } } }"""
PLAN = "query Plan($id: ID!) { plan(id: $id) { state } }"
PUBLISH = """mutation Publish($id: ID!) { publishPlan(id: $id) { __typename ... on PlanPublished { plan { id state } }
  ... on WrongState { state allowed message zh: message(locale: ZH) } } }"""


def _start(door: Door, key: str = "monday", **changes: Any) -> Json:
    found: Json = door.data("east", START, **({"key": key, "startsOn": "2026-03-09"} | changes))["startMatchRun"]
    return found


def _work(door: Door) -> None:
    """Do the next job, as the worker process does."""
    assert work_one(door.engine, {MATCH: run_match}, clock=lambda: NOON)


def test_every_pair_has_its_reason(window: Door) -> None:
    """A coordinator who must explain a pair to a family finds the words here."""
    pairs = window.walk("east", PAIRS, "pairs")

    rows = [row for page in pages_of(pairs) for row in page]
    assert len({row["id"] for row in rows}) == len(rows) == 27
    assert {row["subdistrict"] for row in rows} == {"Ganquan Road"}
    assert all(f"{row['distanceM']} m on foot" in row["reason"] for row in rows)
    assert all(1 <= row["rank"] <= row["candidates"] for row in rows)


def pages_of(pages: list[list[Json]]) -> list[list[Json]]:
    """Return pages that are full but for the last."""
    assert {len(page) for page in pages[:-1]} <= {len(pages[0])}
    return pages


def test_every_unmet_need_has_its_reason(window: Door) -> None:
    """What is missing is said by rule and count, so that the organisation knows what would help."""
    rows = [row for page in pages_of(window.walk("east", UNMET, "unmet")) for row in page]

    assert len({row["id"] for row in rows}) == len(rows) == 22
    assert {(row["service"], row["code"]) for row in rows} == {("trip", "skill")}
    assert {row["reason"].split("(")[0].strip() for row in rows} == {"Nobody and no resource gives this service."}
    assert all(taken["count"] > 0 for row in rows for taken in row["taken"])


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ({"service": "door_visit"}, 1),
        ({"service": "greeting"}, 26),
        ({"subdistrict": "310107004"}, 27),
        ({"service": "none"}, 0),
        ({"subdistrict": "310107004", "service": "door_visit"}, 1),
    ],
)
def test_pairs_are_filtered(window: Door, where: Json, count: int) -> None:
    """A coordinator looks at one service, in one sub-district, at a time."""
    assert len(window.data("east", PAIRS, first=100, filter=where)["pairs"]["edges"]) == count


def test_reasons_are_said_in_chinese_first(window: Door) -> None:
    """The district reads Chinese."""
    pairs = window.data("east", PAIRS, "zh-CN", first=1)["pairs"]["edges"][0]["node"]

    assert pairs["reason"].startswith("步行 ")
    assert pairs["subdistrict"] == "甘泉路街道"


def test_a_run_is_followed_from_queue_to_plan(door: Door) -> None:
    """Started at once, done by the worker, and its plan is there to read and compare."""
    started = _start(door)["run"]
    waiting = door.data("east", RUN, id=started["id"])["matchRun"]
    _work(door)
    done = door.data("east", RUN, id=started["id"])["matchRun"]

    assert (started["status"], started["progress"], started["plan"]) == ("queued", 0.0, None)
    assert (waiting["status"], waiting["finishedAt"]) == ("queued", None)
    assert (done["status"], done["progress"], done["fault"], done["zh"]) == ("done", 1.0, "", "")
    assert done["finishedAt"] == "2026-03-02T04:00:00+00:00"
    assert (done["plan"]["state"], done["plan"]["startsOn"]) == ("proposed", "2026-03-09")
    assert (done["plan"]["status"], done["plan"]["horizonDays"]) == ("OPTIMAL", 7)
    assert done["plan"]["objective"] == done["plan"]["bound"] > 0


def test_progress_is_seen_while_the_worker_works(door: Door) -> None:
    """Whoever waits sees that something happens."""
    run = _start(door)["run"]["id"]
    seen: list[Json] = []

    def handler(engine: Any, job: Job, report: Any) -> dict[str, Any]:
        report("pairing", 0.25)
        seen.append(door.data("east", RUN, id=run)["matchRun"])
        return run_match(engine, job, report)

    work_one(door.engine, {MATCH: handler}, clock=lambda: NOON)

    assert [(each["status"], each["stage"], each["progress"]) for each in seen] == [("running", "pairing", 0.25)]


def test_the_plan_of_a_run_holds_the_pairs_of_its_organisation(door: Door) -> None:
    """What would change is read before it is put into force."""
    run = _start(door)["run"]["id"]
    _work(door)
    plan = door.data("east", RUN, id=run)["matchRun"]["plan"]["id"]

    pairs = door.data("east", PAIRS, first=100, filter={"plan": plan})["pairs"]["edges"]

    assert len(pairs) == 27
    assert {edge["node"]["volunteerRef"] for edge in pairs} <= {"V1", "V2", "V5"}


def test_the_same_key_is_the_same_run(door: Door) -> None:
    """A run costs minutes of a machine; a retry must not start another."""
    first, again = _start(door), _start(door)

    with transaction(door.engine, read_only=True) as session:
        runs = session.exec(select(func.count()).select_from(Job).where(Job.idempotency_key == "monday")).one()
    assert first == again
    assert runs == 1


def test_two_who_start_with_the_same_key_at_once_get_the_same_run(door: Door) -> None:
    """An impatient second click comes while the first is still being stored."""
    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(lambda _: _start(door), range(4)))

    assert started == [started[0]] * 4
    assert started[0]["run"]["status"] == "queued"


def test_the_same_key_for_another_week_is_refused(door: Door) -> None:
    """A key names one wish."""
    _start(door)

    refused = _start(door, startsOn="2026-03-16")

    assert (refused["__typename"], refused["code"]) == ("KeyConflict", "KeyConflict")
    assert "monday" in refused["message"]
    assert "幂等键" in refused["zh"]


def test_two_organisations_may_use_the_same_key(door: Door) -> None:
    """Keys belong to who brings them; one organisation cannot block another."""
    east = _start(door)["run"]["id"]

    west = door.data("west", START, key="monday", startsOn="2026-03-16")["startMatchRun"]["run"]["id"]

    assert east != west


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"days": 0}, "horizonDays"),
        ({"days": 93}, "horizonDays"),
        ({"days": -(2**31)}, "horizonDays"),
        ({"key": ""}, "idempotencyKey"),
        ({"key": "k" * 201}, "idempotencyKey"),
        ({"startsOn": "9999-12-31"}, "startsOn"),
        ({"startsOn": "0001-01-01"}, "startsOn"),
    ],
)
def test_a_run_that_cannot_be_is_refused_before_it_is_queued(window: Door, changes: Json, field: str) -> None:
    """A slip of the hand is said at once, not after minutes in the queue."""
    refused = _start(window, **changes)

    assert (refused["__typename"], refused["field"]) == ("WrongInput", field)
    assert refused["right"] in refused["message"]
    assert "应为" in refused["zh"]


def test_a_run_that_failed_says_whom_to_tell_and_no_more(door: Door) -> None:
    """What broke inside is for the operators; the organisation gets a number to name."""
    run = _start(door)["run"]["id"]

    def handler(_engine: Any, _job: Job, _report: Any) -> dict[str, Any]:
        message = "canary 13800000000 in table person"
        raise ValueError(message)

    work_one(door.engine, {MATCH: handler}, clock=lambda: NOON)
    failed = door.data("east", RUN, id=run)["matchRun"]

    assert (failed["status"], failed["plan"]) == ("failed", None)
    assert failed["fault"] == f"The run failed. Tell the operators this id: {run}."
    assert failed["zh"] == f"匹配没有完成，请把编号 {run} 告诉管理员。"


def test_a_job_of_another_kind_is_no_run(door: Door) -> None:
    """Jobs share a table; an import of the same organisation is not shown as a run."""
    with transaction(door.engine) as session:
        job = Job(
            kind="import",
            scope="organisation:x",
            organisation_id=door.world.organisations["EAST"],
            idempotency_key="x",
            created_at=NOON,
        )
        session.add(job)
        session.flush()
        number = job.id or 0

    assert door.codes("east", RUN, id=encode("run", number)) == ["NotFound"]


def test_runs_are_walked_newest_first_with_their_plans(window: Door) -> None:
    """An organisation finds last month's run again."""
    pages = window.walk("east", RUNS, "matchRuns")

    rows = [row for page in pages_of(pages) for row in page]
    assert [len(page) for page in pages] == [8, 8, 6]
    assert len({row["id"] for row in rows}) == 22
    assert {(row["status"], row["plan"]["state"]) for row in rows} == {("done", "proposed")}


def test_a_plan_is_published_once_and_its_visits_are_planned(door: Door) -> None:
    """Publishing again changes nothing; the visits of the plan it replaces give way."""
    run = _start(door)["run"]["id"]
    _work(door)
    plan = door.data("east", RUN, id=run)["matchRun"]["plan"]["id"]

    published = [door.data("east", PUBLISH, id=plan)["publishPlan"] for _ in range(2)]

    with transaction(door.engine, read_only=True) as session:
        days = session.exec(select(col(Visit.day)).where(Visit.plan_id != 3)).all()
    assert published == [{"__typename": "PlanPublished", "plan": {"id": plan, "state": "published"}}] * 2
    assert days
    assert min(days).isoformat() >= "2026-03-09"


def test_of_two_plans_in_force_the_later_pair_of_a_need_is_shown(door: Door) -> None:
    """A coordinator sees one pair for a need: that of the organisation's own plan, and from which day it counts."""
    run = _start(door)["run"]["id"]
    _work(door)
    plan = door.data("east", RUN, id=run)["matchRun"]["plan"]["id"]
    door.data("east", PUBLISH, id=plan)
    query = "{ pairs(first: 100) { edges { node { seniorRef service planId fromDay } } } }"

    pairs = [edge["node"] for edge in door.data("east", query)["pairs"]["edges"]]

    of_one = [(pair["fromDay"], pair["planId"]) for pair in pairs if pair["seniorRef"] == "G01"]
    assert of_one == [("2026-03-09", plan)]
    assert len(pairs) == 27


def test_a_plan_whose_time_is_over_is_not_published(door: Door) -> None:
    """The older of two plans must not undo the newer."""
    plans = []
    for week in ("2026-03-09", "2026-03-16"):
        run = _start(door, key=week, startsOn=week)["run"]["id"]
        _work(door)
        plans.append(door.data("east", RUN, id=run)["matchRun"]["plan"]["id"])
        door.data("east", PUBLISH, id=plans[-1])

    refused = door.data("east", PUBLISH, id=plans[0])["publishPlan"]

    assert (refused["__typename"], refused["state"], refused["allowed"]) == ("WrongState", "superseded", "proposed")
    assert "superseded" in refused["message"]
    assert "已被替代" in refused["zh"]


def test_the_plan_of_the_district_is_read_and_not_published_by_an_organisation(window: Door) -> None:
    """What is in force concerns everyone; putting it into force is the district's."""
    district = window.data("east", PLAN, id=encode("plan", 3))

    assert district == {"plan": {"state": "published"}}
    assert window.data("east", PUBLISH, id=encode("plan", 3))["publishPlan"]["__typename"] == "NotFound"


def test_a_proposal_of_the_district_is_not_shown(door: Door) -> None:
    """A plan that may never come into force would only worry people."""
    number = make_plan(door.engine, Question(starts_on=MONDAY + timedelta(days=7), horizon_days=7), now=NOON)

    assert door.codes("east", PLAN, id=encode("plan", number)) == ["NotFound"]
    assert door.data("east", PAIRS, filter={"plan": encode("plan", number)})["pairs"]["edges"] == []
