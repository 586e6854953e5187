"""The whole demo: a district is built, planned, played for 28 days and planned again.

Every step is committed with its milestone, so the demo can be stopped anywhere and goes on where it was; run again
when it is done, it changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Engine
from sqlmodel import Session, func, select

from timebank.core.clock import day_of, moment_at, monday_of
from timebank.core.database import transaction
from timebank.core.errors import Refusal
from timebank.core.schema import upgrade
from timebank.demo.district import OFFICE, SOCIAL_ORGANISATIONS, build_district
from timebank.demo.play import play_day
from timebank.demo.published import category_counts, published
from timebank.demo.steps import do_once, reached
from timebank.ledger.accounts import book_id, ensure_book
from timebank.ledger.seals import seal_transfers
from timebank.ledger.tables import Book
from timebank.people.tables import Organisation, Person, Volunteer
from timebank.people.tokens import issue_token, revoke_tokens
from timebank.planning.problem_rows import Question
from timebank.planning.runs import make_plan
from timebank.planning.storing import publish_plan
from timebank.reports.figures import Figures, district_figures
from timebank.reports.page import Published
from timebank.visits.diary import next_visits

HORIZON_DAYS = 28
BOOK = "putuo"
FIRST_SEED = 2025
SHOWN_VOLUNTEERS = 20
Progress = Callable[[str, float], None]


class DemoDiffers(Refusal):
    """The database holds a district of another seed, size or first day."""

    def __init__(self, *, stands: str, asked: str) -> None:
        self.stands, self.asked = stands, asked
        super().__init__(
            f"This database holds the demo of {stands}, not of {asked}. Ask for that one, or use another TIMEBANK_HOME."
        )


class DatabaseInUse(Refusal):
    """The database holds people that no demo made."""

    def __init__(self, *, people: int) -> None:
        self.people = people
        super().__init__(
            f"This database holds {people} people that no demo made; synthetic people must not mix with them. "
            "Use another TIMEBANK_HOME or DATABASE_URL."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What makes a demo: the seed of chance, the size (1 is the published district), the first day."""

    seed: int
    scale: float
    starts_on: date
    days: int = 0
    """Days of a year that is played system by system; 0 for the demo of 28 days."""

    def to_json(self) -> dict[str, Any]:
        """Return it as it is kept with the first milestone."""
        known = {"seed": self.seed, "scale": self.scale, "starts_on": self.starts_on.isoformat()}
        return known | ({"days": self.days} if self.days else {})

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Recipe":
        """Read what :meth:`to_json` made."""
        first = date.fromisoformat(kept["starts_on"])
        return cls(seed=kept["seed"], scale=kept["scale"], starts_on=first, days=kept.get("days", 0))

    def __str__(self) -> str:
        length = f", {self.days} days of a year" if self.days else ""
        return f"seed {self.seed}, scale {self.scale:g}, from {self.starts_on.isoformat()}{length}"


class Tokens(NamedTuple):
    """Three people of the mission with a token each, shown once."""

    charity_office: str
    volunteer: str
    social_organisation: str


def choose_recipe(
    engine: Engine, *, seed: int | None, scale: float | None, starts_on: date | None, now: datetime, days: int = 0
) -> Recipe:
    """Return the recipe that stands in the database, or a new one; what is not asked for follows what stands.

    A new demo starts four weeks before this week, so that its second plan has visits this week.

    Raises
    ------
    DemoDiffers
        When something else was asked for than what stands.
    DatabaseInUse
        When the database holds people that no demo made.
    """
    kept = reached(engine, "recipe")
    if kept is None:
        first = starts_on or monday_of(day_of(now)) - timedelta(days=HORIZON_DAYS)
        asked = Recipe(seed=FIRST_SEED if seed is None else seed, scale=scale or 1.0, starts_on=first, days=days)

        def work(session: Session) -> dict[str, Any]:
            _refuse_strangers(session)
            return asked.to_json()

        kept, _ = do_once(engine, "recipe", work, now=now)
    stands = Recipe.from_json(kept)
    asked = Recipe(
        seed=stands.seed if seed is None else seed,
        scale=stands.scale if scale is None else scale,
        starts_on=starts_on or stands.starts_on,
        days=days,
    )
    if asked != stands:
        raise DemoDiffers(stands=str(stands), asked=str(asked))
    return stands


def _refuse_strangers(session: Session) -> None:
    people = session.exec(select(func.count()).select_from(Person)).one()
    if people:
        raise DatabaseInUse(people=people)


def run_demo(
    engine: Engine,
    *,
    seed: int | None = None,
    scale: float | None = None,
    starts_on: date | None = None,
    now: datetime,
    progress: Progress,
) -> int:
    """Do every step that is still ahead; returns the number of the plan that was played."""
    progress("upgrade", 0)
    upgrade(engine)
    progress("upgrade", 1)
    recipe = choose_recipe(engine, seed=seed, scale=scale, starts_on=starts_on, now=now)
    build_from(engine, recipe, now, progress)
    played = _plan(engine, "plan", recipe.starts_on, now, progress)
    _play(engine, recipe, progress)
    _plan(engine, "next_plan", recipe.starts_on + timedelta(days=HORIZON_DAYS), now, progress)
    return played


def build_from(engine: Engine, recipe: Recipe, now: datetime, progress: Progress) -> dict[str, Any]:
    """Build the district of a recipe unless it stands; returns what was counted, with the number of its book."""

    def work(session: Session) -> dict[str, Any]:
        counts = build_district(session, seed=recipe.seed, scale=recipe.scale, starts_on=recipe.starts_on, now=now)
        return counts | {"book_id": book_id(ensure_book(session, BOOK, "普陀区时光汇", now))}

    progress("district", 0)
    built, _ = do_once(engine, "district", work, now=now)
    progress("district", 1)
    return built


def _plan(engine: Engine, step: str, starts_on: date, now: datetime, progress: Progress) -> int:
    """Plan and put into force; a plan that was stored before the process was killed is found again."""
    done = reached(engine, step)
    if done is None:
        question = Question(starts_on=starts_on, horizon_days=HORIZON_DAYS)
        number = make_plan(engine, question, now=now, progress=lambda _stage, share: progress(step, share * 0.7))

        def work(session: Session) -> dict[str, Any]:
            publish_plan(session, number)
            return {"plan_id": number}

        done, _ = do_once(engine, step, work, now=now)
    progress(step, 1)
    return int(done["plan_id"])


def _play(engine: Engine, recipe: Recipe, progress: Progress) -> None:
    district = reached(engine, "district") or {}
    book = int(district["book_id"])
    for number in range(HORIZON_DAYS):
        day = recipe.starts_on + timedelta(days=number)
        do_once(engine, f"day {day.isoformat()}", _one_day(book, day, recipe.seed), now=moment_at(day, 22 * 60))
        progress("play", (number + 1) / HORIZON_DAYS)


def _one_day(book: int, day: date, seed: int) -> Callable[[Session], dict[str, Any]]:
    def work(session: Session) -> dict[str, Any]:
        credited = play_day(session, book, day, seed=seed)
        seal_transfers(session, book, now=moment_at(day, 22 * 60))
        return credited._asdict()

    return work


def report_of(engine: Engine, plan_id: int) -> tuple[Figures, Published]:
    """Count what the district's report shows of a played plan, and what was published for a district of its size."""
    recipe = Recipe.from_json(reached(engine, "recipe") or {})
    with transaction(engine, read_only=True) as session:
        book = session.exec(select(Book.id).where(Book.code == BOOK)).one() or 0
        figures = district_figures(session, plan_id, book)
    programmes = published()["programmes"]
    return figures, Published(seniors_by_category=category_counts(1), programmes=programmes, scale=recipe.scale)


def issue_demo_tokens(engine: Engine, *, now: datetime) -> Tokens:
    """Revoke the tokens of an earlier run and issue new ones, for a text that was shown once is not known any more."""
    with transaction(engine) as session:
        office = _organisation(session, OFFICE)
        social = _organisation(session, SOCIAL_ORGANISATIONS[0][0])
        volunteers = _shown_volunteers(session)
        volunteer = _with_visits(session, volunteers, day_of(now))
        for organisation in (office, social):
            revoke_tokens(session, now=now, organisation_id=organisation)
        for person in volunteers:
            revoke_tokens(session, now=now, person_id=person)
        return Tokens(
            issue_token(
                session, scopes=frozenset({"projects:read", "projects:write"}), now=now, organisation_id=office
            ),
            issue_token(session, scopes=frozenset({"accounts:read", "visits:read"}), now=now, person_id=volunteer),
            issue_token(session, scopes=frozenset({"matches:read", "matches:run"}), now=now, organisation_id=social),
        )


def _organisation(session: Session, code: str) -> int:
    return session.exec(select(Organisation.id).where(Organisation.code == code)).one() or 0


def _shown_volunteers(session: Session) -> list[int]:
    """Return the volunteers one of whom gets the token; which one depends on the day."""
    wanted = select(Volunteer.person_id).order_by(Volunteer.external_ref.desc()).limit(SHOWN_VOLUNTEERS)  # type: ignore[attr-defined]  # SQLModel columns are SQL columns
    return list(session.exec(wanted))


def _with_visits(session: Session, volunteers: list[int], day: date) -> int:
    """Return the first of the volunteers who has visits ahead, or the first of all."""
    return next((one for one in volunteers if next_visits(session, one, from_day=day, first=1)), volunteers[0])
