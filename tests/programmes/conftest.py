"""A programme of EAST in the small district: who is in it, its pairs, a published plan, and the clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from tests.conftest import NOON, fresh_database
from tests.worlds import MONDAY, World
from timebank.core.database import database, transaction
from timebank.planning.problem_rows import Question
from timebank.planning.runs import make_plan
from timebank.planning.storing import publish_plan
from timebank.programmes.enrolments import enrol
from timebank.programmes.partnerships import PARTNERSHIP, answer, propose_pairs
from timebank.programmes.programmes import ProgrammeDraft, create_programme, programme_named
from timebank.programmes.tables import CareProgramme
from timebank.visits.life import VISIT

STREET = "310107004"
FIRST, END = MONDAY, date(2027, 3, 1)


@dataclass(frozen=True, slots=True)
class Care:
    """EAST's programme: S1 to S4 live in its street, V1 and V2 greet there; nobody is in it before ``enrol``."""

    world: World
    noon: datetime

    @property
    def east(self) -> int:
        """The organisation that runs it."""
        return self.world.organisations["EAST"]

    @property
    def actor(self) -> str:
        """How it is written down."""
        return f"organisation:{self.east}"

    def draft(self, **changes: Any) -> ProgrammeDraft:
        """Return the draft, with some parts changed."""
        parts: dict[str, Any] = {
            "code": "LB1",
            "name_zh": "甘泉老伙伴",
            "service": "greeting",
            "from_day": FIRST,
            "to_day": END,
            "quotas": {STREET: 3},
        }
        return ProgrammeDraft(**(parts | changes))

    def create(self, session: Session, key: str = "k", **changes: Any) -> CareProgramme:
        """Make the programme."""
        draft = self.draft(**changes)
        return create_programme(session, self.east, draft, actor=self.actor, idempotency_key=key, now=self.noon)

    def programme(self, session: Session) -> CareProgramme:
        """Return the programme that was made."""
        return programme_named(session, "LB1")

    def enrol(self, session: Session, *refs: str) -> None:
        """Take seniors in."""
        for ref in refs:
            enrol(session, self.programme(session), self.world.seniors[ref], actor=self.actor, now=self.noon)

    def plan(self, engine: Engine, *, days: int = 8, starts_on: date = MONDAY) -> int:
        """Make a plan."""
        return make_plan(engine, Question(starts_on=starts_on, horizon_days=days), now=self.noon)

    def propose(self, session: Session, plan_id: int) -> list[int]:
        """Propose the pairs of a plan; returns the numbers of all that are proposed."""
        propose_pairs(session, self.programme(session), plan_id, actor=self.actor, now=self.noon)
        p = PARTNERSHIP.c
        return list(session.connection().execute(select(p.id).where(p.state == "proposed").order_by(p.id)).scalars())

    def agree(self, session: Session, *pairs: int) -> None:
        """Let both sides say yes."""
        for pair in pairs:
            for side in ("volunteer", "organisation"):
                answer(session, pair, side=side, is_yes=True, actor=self.actor, now=self.noon)

    def visits(self, session: Session, status: str = "planned", ref: str | None = None) -> list[Any]:
        """Return visits of greetings of those who are in the programme, by day."""
        v = VISIT.c
        needs = [self.world.needs[f"{one}-greeting"] for one in ([ref] if ref else ("S1", "S2", "S3", "S4"))]
        wanted = select(VISIT).where(v.need_id.in_(needs), v.status == status).order_by(v.day, v.id)
        return list(session.connection().execute(wanted))

    def later(self, *, days: int = 0, hours: int = 0) -> datetime:
        """Return a moment after Monday noon."""
        return self.noon + timedelta(days=days, hours=hours)


@pytest.fixture
def care(world: World, noon: datetime, engine: Engine) -> Care:
    """The programme in a database of one's own, with nobody in it."""
    made = Care(world, noon)
    with transaction(engine) as session:
        made.create(session)
    return made


@pytest.fixture(scope="package", params=["sqlite", "postgres"])
def shared_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The paired programme in a database for all tests that leave nothing behind."""
    folder = tmp_path_factory.mktemp("programmes")
    with fresh_database(request, request.param, folder, has_world=True) as url, database(url) as opened:
        _pair(opened, _shared(request, opened))
        yield opened


def _shared(request: pytest.FixtureRequest, engine: Engine) -> Care:
    kind = "sqlite" if engine.dialect.name == "sqlite" else "postgres"
    stored: tuple[object, World] = request.getfixturevalue(f"{kind}_world")
    return Care(stored[1], NOON)


def _pair(engine: Engine, care: Care) -> None:
    with transaction(engine) as session:
        care.create(session)
        care.enrol(session, "S1", "S2", "S3")
    plan = care.plan(engine)
    with transaction(engine) as session:
        care.agree(session, *care.propose(session, plan))
        publish_plan(session, plan)


@pytest.fixture
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """One transaction: with the pairs, on the database that tests share, and taken back; else on one of one's own."""
    if "care" not in request.fixturenames:
        yield request.getfixturevalue("shared_session")
        return
    with transaction(request.getfixturevalue("engine")) as opened:
        yield opened


@pytest.fixture
def paired(request: pytest.FixtureRequest, shared_engine: Engine) -> Care:
    """S1 to S3 are in the programme and paired, the plan of eight days is in force; S4 is not in it."""
    return _shared(request, shared_engine)


@pytest.fixture
def lone(world: World, engine: Engine) -> Care:
    """The paired programme alone in a database, for tests that commit."""
    made = Care(world, NOON)
    _pair(engine, made)
    return made
