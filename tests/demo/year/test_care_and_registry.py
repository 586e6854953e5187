"""The registry and the care team play their days: counts from the tables, the same again from the same seed."""

from datetime import UTC, date, datetime

from sqlalchemy import Engine, text

from timebank.core.database import transaction
from timebank.demo.published import category_counts
from timebank.demo.year import care, registry
from timebank.demo.year.run import Asked, Played, run_year
from timebank.registry.surveys import progress, total

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = Asked(scale=0.02, days=3, seed=7)


def _play(engine: Engine) -> Played:
    chapters = (care.CHAPTER, registry.CHAPTER)
    return run_year(engine, ASKED, now=NOW, progress=lambda *_: None, chapters=chapters)


def test_days_of_the_registry_and_the_team_are_in_the_tables(engine: Engine) -> None:
    """The published rows come out of the tables, a round is nearly done at its end, and again nothing is played."""
    played = {row.key: row.played for row in _play(engine).rows}
    with transaction(engine, read_only=True) as session:
        surveys = session.connection().execute(text("SELECT COUNT(*) FROM survey")).scalar_one()
        whole = total(progress(session, 1, date(2025, 1, 4)))
    again = {row.key: row.played for row in _play(engine).rows}
    with transaction(engine, read_only=True) as session:
        assert session.connection().execute(text("SELECT COUNT(*) FROM survey")).scalar_one() == surveys

    assert again == played
    assert {key.removeprefix("seniors."): played[key] for key in played if key.startswith("seniors.")} == (
        category_counts(0.02)
    )
    assert (played["care_force.team_members"], played["care_force.advisers"]) == (60, 10)
    assert whole.due == whole.seniors == 720
    assert 0.94 <= whole.done / whole.due <= 0.99
