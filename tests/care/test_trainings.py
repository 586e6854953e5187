"""A training opens what it is for until the day it ends, and the basic one is the day that rules read."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.care.conftest import EAST, LAST_YEAR, Team
from tests.worlds import MONDAY, World
from timebank.care.refusals import RoleMissing, TrainingExpired, TrainingMissing
from timebank.care.terms import STANDARD, months_after, read_terms
from timebank.care.trainings import (
    allowed_on,
    expired_until,
    may,
    record_training,
    trainings_of,
    why_not,
    withdraw_training,
)
from timebank.core.database import transaction
from timebank.core.errors import NotFound, Refusal, WrongInput
from timebank.core.texts import catalogue, say_refusal
from timebank.people.tables import Volunteer
from timebank.visits.givers import earners_on


@pytest.mark.parametrize(
    ("who", "act", "day", "refusal"),
    [
        ("C1", "survey", LAST_YEAR, None),
        ("C1", "survey", date(2026, 5, 31), None),
        ("C1", "survey", date(2026, 6, 1), TrainingExpired),
        ("C1", "survey", date(2025, 5, 31), RoleMissing),
        ("C1", "advise", MONDAY, RoleMissing),
        ("A1", "advise", MONDAY, None),
        ("D1", "rescue", MONDAY, TrainingMissing),
    ],
)
def test_training_opens_an_act_until_it_ends(
    engine: Engine, team: Team, who: str, act: str, day: date, refusal: type[Refusal] | None
) -> None:
    """The day a training ends is the first day without it; one by one and all at once say the same."""
    with transaction(engine) as session:
        why = why_not(session, team.members[who], act, day)
        allowed = set(session.connection().execute(allowed_on(act, day)).scalars())

    assert type(why) is (refusal or type(None))
    assert (team.members[who] in allowed) == (refusal is None)


def test_expired_training_is_refused_with_the_day_and_what_to_renew(engine: Engine, team: Team) -> None:
    """A no that says what to do is worth a telephone call."""
    with transaction(engine) as session, pytest.raises(TrainingExpired) as refused:
        may(session, team.members["C1"], "survey", date(2026, 7, 1))

    assert refused.value.expired_on == date(2026, 6, 1)
    assert say_refusal(refused.value) == "“探访”所需的“探访关爱培训”已于 2026-06-01 到期，请重新培训后登记。"


def test_renewed_training_opens_again(engine: Engine, team: Team) -> None:
    """The newest end counts, whatever was first."""
    who = team.members["C1"]
    with transaction(engine) as session:
        ended = expired_until(session, [who], "survey", date(2026, 7, 1))
        record_training(session, who, "survey", trained_on=date(2026, 6, 20), actor=EAST, now=team.noon)

        may(session, who, "survey", date(2026, 7, 1))

        assert ended == {who: date(2026, 6, 1)}
        assert expired_until(session, [who], "survey", date(2026, 7, 1)) == {}


def test_same_training_again_is_one(engine: Engine, team: Team) -> None:
    """A form that is sent twice leaves one row; taken back it opens nothing."""
    who = team.members["D1"]
    with transaction(engine) as session:
        rows = [
            record_training(session, who, "first_aid", trained_on=MONDAY, actor=EAST, now=team.noon) for _ in range(2)
        ]
        opened = why_not(session, who, "rescue", MONDAY)
        withdraw_training(session, rows[0].id or 0, actor=EAST, now=team.noon)

        assert (rows[0].id, opened) == (rows[1].id, None)
        assert trainings_of(session, who) == []
        assert isinstance(why_not(session, who, "rescue", MONDAY), TrainingMissing)


def test_basic_training_is_the_day_that_credit_reads(session: Session, world: World, noon: datetime) -> None:
    """Rules look at one day, and here is who writes it: recorded, made earlier, taken back."""
    giver = world.volunteers["V1"]
    said: dict[str, Any] = {"actor": EAST, "now": noon}

    def is_trained() -> bool:
        session.expire_all()
        earner = earners_on(session, world.book, [giver], MONDAY, frozenset({"is_trained"}))[giver]
        return bool(earner.facts["is_trained"])

    before = is_trained()
    row = record_training(session, giver, "basic", trained_on=MONDAY, **said)
    after = is_trained()
    withdraw_training(session, row.id or 0, **said)

    assert (before, after, is_trained()) == (False, True, False)


@pytest.mark.parametrize(
    ("brought", "kept", "left"),
    [(date(2026, 1, 1), date(2026, 1, 1), date(2026, 1, 1)), (None, MONDAY, None)],
)
def test_day_that_a_file_brought_is_not_lost(
    session: Session, world: World, noon: datetime, brought: date | None, kept: date, left: date | None
) -> None:
    """A later training must not make a volunteer of January one of March, nor its withdrawal an untrained one."""
    volunteer = session.get_one(Volunteer, world.volunteers["V1"])
    volunteer.trained_on = brought
    session.flush()
    said: dict[str, Any] = {"actor": EAST, "now": noon}

    row = record_training(session, volunteer.person_id, "basic", trained_on=MONDAY, **said)
    session.refresh(volunteer)
    recorded = volunteer.trained_on
    withdraw_training(session, row.id or 0, **said)
    session.refresh(volunteer)

    assert (recorded, volunteer.trained_on) == (kept, left)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda s, t: record_training(s, t.members["C1"], "x", trained_on=MONDAY, actor=EAST, now=t.noon), WrongInput),
        (lambda s, t: record_training(s, 10**9, "survey", trained_on=MONDAY, actor=EAST, now=t.noon), NotFound),
        (lambda s, t: may(s, t.members["C1"], "fly", MONDAY), WrongInput),
        (lambda s, t: withdraw_training(s, 10**9, actor=EAST, now=t.noon), NotFound),
    ],
    ids=["training", "person", "act", "number"],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    engine: Engine, team: Team, change: Callable[[Session, Team], object], refusal: type[Refusal]
) -> None:
    """Nothing is written of what nobody can have."""
    with transaction(engine) as session, pytest.raises(refusal):
        change(session, team)


@pytest.mark.parametrize(
    ("day", "months", "after"),
    [(date(2024, 8, 31), 6, date(2025, 2, 28)), (date(2025, 12, 15), 1, date(2026, 1, 15))],
)
def test_months_end_on_a_day_that_is(day: date, months: int, after: date) -> None:
    """Six months after 31 August is the last day of February."""
    assert months_after(day, months) == after


TERMS = '[trainings]\nbasic = 0\n[acts.a]\nroles = ["cadre"]\ntrainings = ["basic"]\n[[levels]]\ncode = "l"\nmonths = 6\nadvices = 1\narticle = "x"\n'  # noqa: E501  # a whole file


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (TERMS.replace("basic = 0", "basic = -1"), "months"),
        (TERMS.replace('["basic"]', '["magic"]'), "magic"),
        (TERMS.replace('["cadre"]', "[]"), "no role"),
        (TERMS + '[[levels]]\ncode = "m"\nmonths = 1\nadvices = 1\narticle = "x"\n', "less"),
    ],
)
def test_terms_that_cannot_be_are_told(changed: str, words: str) -> None:
    """A typing fault in the data would open a door."""
    with pytest.raises(ValueError, match=words):
        read_terms(changed)


def test_every_training_of_the_terms_has_words() -> None:
    """A refusal names what to renew, in Chinese too."""
    words = {f"training_{kind}" for kind in STANDARD.months_by_training}
    words |= {f"act_{act}" for act in STANDARD.gate_by_act}

    assert words <= set(catalogue())
