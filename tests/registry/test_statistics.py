"""The published table comes out of the rows of the generated district."""

from datetime import date

from sqlalchemy import Engine, text

from tests.worlds import DISTRICT
from timebank.core.database import transaction
from timebank.demo.published import category_counts
from timebank.registry.statistics import by_street, seniors_by_category, seniors_in_any


def test_published_table_is_counted_from_the_rows(played: Engine) -> None:
    """One query makes the table of the document, and it is the document's, at the size of the district."""
    with transaction(played, read_only=True) as session:
        counted = seniors_by_category(session, date(2026, 3, 2))
        streets = by_street(session, date(2026, 3, 2))
        people = seniors_in_any(session, date(2026, 3, 2))
        seniors = session.connection().execute(text("SELECT COUNT(*) FROM senior")).scalar_one()
        before = seniors_by_category(session, date(2024, 12, 31))

    assert counted == category_counts(DISTRICT["scale"])
    assert {key: sum(street.seniors_by_category[key] for street in streets) for key in counted} == counted
    assert sum(street.seniors for street in streets) == people == seniors
    assert set(before.values()) == {0}
