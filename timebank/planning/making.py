"""A plan is made: the question is read, solved, judged and stored."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Engine

from matching.problem import Problem
from matching.solve import solve
from timebank.core.database import transaction
from timebank.planning.figures import plan_figures
from timebank.planning.presets import PairsCannotBe
from timebank.planning.problem_rows import load_problem
from timebank.planning.question import Question
from timebank.planning.storing import plan_number, store_plan

Progress = Callable[[str, float], None]


def make_plan(engine: Engine, question: Question, *, now: datetime, progress: Progress | None = None) -> int:
    """Load, solve, judge and store; returns the number of the plan. No transaction is open while it solves."""
    with transaction(at_one_moment(engine), read_only=True) as session:
        problem = load_problem(session, question)
    with preset_refused(problem):
        answer = solve(problem, progress=progress)
    figures = plan_figures(problem, answer)
    with transaction(engine) as session:
        stored = store_plan(
            session,
            problem,
            answer,
            scope=question.scope,
            organisation_id=question.organisation_id,
            figures=figures,
            now=now,
        )
        return plan_number(stored)


def at_one_moment(engine: Engine) -> Engine:
    """Let every query of a transaction see the rows of one moment; on SQLite it is so already."""
    is_postgres = engine.dialect.name == "postgresql"
    return engine.execution_options(isolation_level="REPEATABLE READ") if is_postgres else engine


@contextmanager
def preset_refused(problem: Problem) -> Iterator[None]:
    """Turn the engine's words about pairs that cannot be together into a refusal.

    Raises
    ------
    PairsCannotBe
        When pairs that must be break a rule together.
    """
    try:
        yield
    except ValueError as fault:
        if not len(problem.preset):
            raise
        raise PairsCannotBe(pairs=len(problem.preset)) from fault
