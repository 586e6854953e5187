"""The year's baths and trips come out as published, through the room's own functions, and are counted from rows."""

from datetime import UTC, date, datetime

from sqlalchemy import Engine, text

from timebank.core.database import transaction
from timebank.demo.year.bookings import CHAPTER
from timebank.demo.year.run import Asked, run_year

DAYS = Asked(seed=3, scale=0.05, starts_on=date(2025, 1, 1), days=18)
LATER = datetime(2026, 1, 2, tzinfo=UTC)
STATES = "SELECT status, count(*) FROM place_request GROUP BY status"
RECORDED = (
    "SELECT count(*) FROM booking WHERE status = 'used' AND served_min > 0 AND cost_cents > 0 AND closed_by = 'demo'"
)


def test_days_of_a_small_district_reach_the_published_figures(engine: Engine) -> None:
    """A twentieth of the district for eighteen days: five baths and a trip, each asked for, decided and recorded."""
    played = run_year(engine, DAYS, now=LATER, progress=lambda *_: None, chapters=[CHAPTER])

    found = {row.key: (row.published, row.played) for row in played.rows if row.key.endswith("trips")}
    found |= {row.key: (row.published, row.played) for row in played.rows if "bath_assistance" in row.key}
    with transaction(engine, read_only=True) as session:
        states = {row[0]: row[1] for row in session.connection().execute(text(STATES))}
        recorded = session.connection().execute(text(RECORDED)).scalar_one()
        asked_by_phone = session.connection().execute(text("SELECT count(*) FROM place_decision")).scalar_one()
        open_needs = (
            session.connection()
            .execute(
                text(
                    "SELECT count(*) FROM need n JOIN service s ON s.id = n.service_id "
                    "WHERE s.served_by = 'slot' AND n.status = 'open'"
                )
            )
            .scalar_one()
        )

    assert found == {
        "programmes.bath_assistance.services": (5, 5),
        "programmes.accessible_trip.trips": (1, 1),
    }
    assert states["done"] >= 6
    assert recorded >= 6
    assert asked_by_phone >= states["done"]
    assert open_needs == 0
