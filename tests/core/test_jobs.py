"""Jobs are asked for once, done by one worker at a time, and outlive a worker that is killed."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NoReturn

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.together import at_once
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, StoreUnavailable, WrongInput
from timebank.core.jobs import (
    LEASE,
    MOST_ATTEMPTS,
    PPM,
    JobCancelled,
    Report,
    cancel,
    enqueue,
    job_of,
    renew,
    report,
    take,
    work,
    work_one,
)
from timebank.core.tables import Job

ORGANISATION = (
    "INSERT INTO organisation (id, kind, code, name_zh, name_en, serves_seniors) "
    "VALUES (7, 'charity', 'C', 'C', 'C', false)"
)


@pytest.fixture
def engine(shared_engine: Engine) -> Iterator[Engine]:
    """A database that this file shares, without jobs at the end of each test."""
    yield shared_engine
    with transaction(shared_engine) as session:
        session.connection().execute(text("DELETE FROM job"))


@pytest.fixture
def ask(engine: Engine, noon: datetime) -> Callable[..., int]:
    """Ask for a job and return its number; every part can be said anew."""

    def asked(key: str = "k", kind: str = "count", payload: dict[str, Any] | None = None, **parts: Any) -> int:
        with transaction(engine) as session:
            return enqueue(session, kind, payload or {}, idempotency_key=key, now=noon, **parts).id or 0

    return asked


def stored(engine: Engine, number: int) -> Job:
    """Return a job as it stands."""
    with transaction(engine, read_only=True) as session:
        return job_of(session, number)


def count(_engine: Engine, job: Job, say: Report) -> dict[str, Any]:
    """Do a small job."""
    say("counting", 0.5)
    return {"counted": len(job.payload)}


def test_same_key_and_content_is_the_same_job(ask: Callable[..., int]) -> None:
    """A retried request starts no second run."""
    assert ask("k", payload={"n": 1, "m": 2}) == ask("k", payload={"m": 2, "n": 1})


@pytest.mark.parametrize("change", [{"payload": {"n": 2}}, {"kind": "other"}])
def test_same_key_with_other_content_conflicts(ask: Callable[..., int], change: dict[str, Any]) -> None:
    """Answering another question with the first job would be wrong."""
    ask("k", payload={"n": 1})

    with pytest.raises(KeyConflict):
        ask(**({"key": "k", "payload": {"n": 1}} | change))


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_key_has_bounds(ask: Callable[..., int], key: str) -> None:
    """The refusal says what would be right, before the database is asked."""
    with pytest.raises(WrongInput, match="1 to 200 characters"):
        ask(key)


def test_key_belongs_to_its_organisation(engine: Engine, ask: Callable[..., int]) -> None:
    """Two organisations may number their runs alike; neither sees the other's."""
    with transaction(engine) as session:
        session.connection().execute(text(ORGANISATION))
    own, district = ask("k", organisation_id=7), ask("k")

    with transaction(engine) as session:
        assert own != district
        assert job_of(session, own, organisation_id=7).id == own
        with pytest.raises(NotFound):
            job_of(session, district, organisation_id=7)
        session.connection().execute(text("DELETE FROM job"))
        session.connection().execute(text("DELETE FROM organisation"))


def test_two_who_ask_at_once_get_one_job(engine: Engine, noon: datetime) -> None:
    """The unique key decides; the later one gets the earlier one's job and no fault."""

    def asked(session: Session) -> int | None:
        return enqueue(session, "count", {}, idempotency_key="k", now=noon).id

    first, second = at_once(engine, asked, asked)

    assert first == second


def test_oldest_job_is_taken_first_and_by_one(engine: Engine, ask: Callable[..., int], noon: datetime) -> None:
    """Two workers never do the same job while both are alive."""
    early, late = ask("1"), ask("2")

    taken = [take(engine, now=noon), take(engine, now=noon), take(engine, now=noon)]

    assert [job.id if job else None for job in taken] == [early, late, None]


def test_done_job_has_its_result(engine: Engine, ask: Callable[..., int], noon: datetime) -> None:
    """Whoever asked reads the result, and that nothing is left to do."""
    number = ask(payload={"n": 1})

    assert work_one(engine, {"count": count}, clock=lambda: noon) is True
    assert work_one(engine, {"count": count}, clock=lambda: noon) is False

    job = stored(engine, number)
    assert (job.status, job.result, job.progress_ppm, job.finished_at) == ("done", {"counted": 1}, PPM, noon)


def test_job_of_a_killed_worker_is_taken_again(engine: Engine, ask: Callable[..., int], noon: datetime) -> None:
    """A worker that is killed says nothing; the lease it no longer renews gives the job back."""
    number = ask()
    take(engine, now=noon)

    assert take(engine, now=noon + LEASE) is None
    again = take(engine, now=noon + LEASE + timedelta(seconds=1))

    assert again is not None
    assert (again.id, again.attempts) == (number, 2)


def test_worker_that_comes_back_late_changes_nothing(engine: Engine, ask: Callable[..., int], noon: datetime) -> None:
    """It slept while another took its job: neither its progress nor its result may overwrite the other's."""
    number = ask()
    slow = take(engine, now=noon)
    take(engine, now=noon + 2 * LEASE)

    assert slow is not None
    assert renew(engine, slow, now=noon + 2 * LEASE) is False
    with pytest.raises(JobCancelled):
        report(engine, slow, "counting", 0.9, now=noon + 2 * LEASE)
    assert stored(engine, number).progress_ppm == 0


def test_job_that_ends_its_workers_fails_at_last(engine: Engine, ask: Callable[..., int], noon: datetime) -> None:
    """A job that kills each worker would be retried for ever, and hold up the others behind it."""
    number, other = ask("1"), ask("2")
    moments = [noon + n * 2 * LEASE for n in range(MOST_ATTEMPTS + 1)]

    taken = [take(engine, now=moment) for moment in moments[:MOST_ATTEMPTS]]
    with transaction(engine) as session:
        session.connection().execute(
            text("UPDATE job SET lease_until = NULL, status = 'queued' WHERE id = :id"), {"id": other}
        )
    last = take(engine, now=moments[-1])

    assert [job.id for job in taken if job] == [number] * MOST_ATTEMPTS
    assert last is not None
    assert last.id == other
    assert (stored(engine, number).status, stored(engine, number).fault) == (
        "failed",
        "Its worker ended 3 times before the job was done.",
    )


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (NotFound(kind="need", key="7"), "NotFound: There is no need 7 here."),
        (ValueError("A window ends after it starts."), "ValueError: A window ends after it starts."),
        (TypeError("王秀英 is no number"), "Unexpected TypeError; the log of job {} has more."),
    ],
)
def test_failed_job_says_why_and_is_not_retried(
    engine: Engine,
    ask: Callable[..., int],
    noon: datetime,
    fault: Exception,
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The asker hears of it, whatever it was; what no one expected is told without its words, which can be personal."""
    number = ask()

    def broken(*_: object) -> NoReturn:
        raise fault

    with caplog.at_level(logging.ERROR):
        assert work_one(engine, {"count": broken}, clock=lambda: noon) is True
    assert work_one(engine, {"count": broken}, clock=lambda: noon + 9 * LEASE) is False

    job = stored(engine, number)
    assert (job.status, job.fault, job.finished_at) == ("failed", said.format(number), noon)
    assert "王秀英" not in caplog.text + job.fault


def test_job_of_an_unknown_kind_fails_in_words(engine: Engine, ask: Callable[..., int], noon: datetime) -> None:
    """A worker of an older version tells what it knows."""
    number = ask(kind="bake")

    work_one(engine, {"count": count}, clock=lambda: noon)

    assert stored(engine, number).fault == "ValueError: This worker knows ['count'], not jobs of kind 'bake'."


def test_job_waits_while_the_database_rests(engine: Engine, ask: Callable[..., int], noon: datetime) -> None:
    """A database that goes away is no fault of the job: its lease ends, and it is taken again."""
    number = ask()

    def away(*_: object) -> NoReturn:
        raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        work_one(engine, {"count": away}, clock=lambda: noon)

    assert stored(engine, number).status == "running"
    assert work_one(engine, {"count": count}, clock=lambda: noon + 2 * LEASE) is True
    assert stored(engine, number).status == "done"


def test_progress_never_falls(engine: Engine, ask: Callable[..., int], noon: datetime) -> None:
    """A second attempt starts at nothing; whoever watches sees no step back, nor more than all."""
    number = ask()
    job = take(engine, now=noon)
    assert job is not None
    seen = []

    for share in (0.2, 0.6, 0.4, -1.0, 7.0):
        report(engine, job, "counting", share, now=noon)
        seen.append(stored(engine, number).progress_ppm)

    assert seen == [200_000, 600_000, 600_000, 600_000, PPM]


def test_report_renews_the_lease(engine: Engine, ask: Callable[..., int], noon: datetime) -> None:
    """Who reports is alive."""
    ask()
    job = take(engine, now=noon)
    assert job is not None

    report(engine, job, "counting", 0.1, now=noon + LEASE)

    assert take(engine, now=noon + 2 * LEASE) is None


def test_long_silence_keeps_the_lease(engine: Engine, ask: Callable[..., int], noon: datetime) -> None:
    """A solver that says nothing for minutes is alive; a second thread renews its lease meanwhile."""
    number, beats = ask(), threading.Semaphore(0)

    def clock() -> datetime:
        if threading.current_thread() is threading.main_thread():
            return noon
        beats.release()
        return noon + LEASE

    def silent(*_: object) -> dict[str, Any]:
        renewed = [beats.acquire(timeout=20) for _ in range(2)]
        return {"renewed": renewed}

    work_one(engine, {"count": silent}, clock=clock, beat_s=0.001)

    job = stored(engine, number)
    assert (job.status, job.result, job.lease_until) == ("done", {"renewed": [True, True]}, noon + 2 * LEASE)


def test_cancelled_job_is_not_begun(engine: Engine, ask: Callable[..., int], noon: datetime) -> None:
    """Whoever stops a run that waits gets no plan afterwards."""
    number = ask()
    with transaction(engine) as session:
        assert cancel(session, number, now=noon) is True

    assert work_one(engine, {"count": count}, clock=lambda: noon) is False

    assert (stored(engine, number).status, stored(engine, number).finished_at) == ("cancelled", noon)


def test_cancelled_job_stops_at_its_next_report(engine: Engine, ask: Callable[..., int], noon: datetime) -> None:
    """A run that is stopped in the middle stores no result."""
    number, went_on = ask(), []

    def stopped(bound: Engine, job: Job, say: Report) -> dict[str, Any]:
        with transaction(bound) as session:
            cancel(session, job.id or 0, now=noon)
        say("counting", 0.5)
        went_on.append(job)
        return {"counted": 1}

    assert work_one(engine, {"count": stopped}, clock=lambda: noon) is True

    job = stored(engine, number)
    assert (job.status, job.result, job.progress_ppm, went_on) == ("cancelled", {}, 0, [])


def test_finished_job_is_not_cancelled(engine: Engine, ask: Callable[..., int], noon: datetime) -> None:
    """There is nothing to stop any more, and the result stays."""
    number = ask()
    work_one(engine, {"count": count}, clock=lambda: noon)

    with transaction(engine) as session:
        assert cancel(session, number, now=noon) is False

    assert stored(engine, number).status == "done"


def test_worker_goes_on_when_the_database_comes_back(engine: Engine, ask: Callable[..., int]) -> None:
    """A server that restarts at night must not leave the district without a worker."""
    ask("1")
    ask("2")
    met: list[str] = []

    def away(_engine: Engine, job: Job, _say: Report) -> NoReturn:
        met.append(job.idempotency_key)
        raise [StoreUnavailable, KeyboardInterrupt][len(met) - 1]

    with pytest.raises(KeyboardInterrupt):
        work(engine, {"count": away}, pause_s=0)

    assert met == ["1", "2"]


def test_worker_ends_with_its_parent(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that outlives the server would work on unseen."""
    parents = iter([1, 1, 2])
    monkeypatch.setattr(os, "getppid", lambda: next(parents))

    work(engine, {}, pause_s=0)

    assert list(parents) == []


def test_every_end_of_a_job_is_told_with_it(engine: Engine, ask: Callable[..., int], noon: datetime) -> None:
    """Who waits for an end is told of each, once, in the transaction that writes it: done, failed, or given up."""
    done, failed, given_up = ask("1"), ask("2", kind="unknown"), ask("3")
    told: list[tuple[int | None, str]] = []

    def ended(_session: Session, job: Job, status: str, _now: datetime) -> None:
        told.append((job.id, status))

    for _ in range(2):
        work_one(engine, {"count": count}, clock=lambda: noon, ended=ended)
    for tries in range(MOST_ATTEMPTS + 1):
        take(engine, now=noon + tries * 2 * LEASE, ended=ended)

    assert told == [(done, "done"), (failed, "failed"), (given_up, "failed")]


def test_end_that_cannot_be_told_is_not_written(engine: Engine, ask: Callable[..., int], noon: datetime) -> None:
    """An end that nobody heard of would be a run that a partner waits for ever; the job is done again instead."""
    number = ask()

    def ended(_session: Session, _job: Job, _status: str, _now: datetime) -> None:
        raise StoreUnavailable("gone")

    with pytest.raises(StoreUnavailable):
        work_one(engine, {"count": count}, clock=lambda: noon, ended=ended)

    assert stored(engine, number).status == "running"
    assert work_one(engine, {"count": count}, clock=lambda: noon + 2 * LEASE) is True
    assert stored(engine, number).status == "done"
