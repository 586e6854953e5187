"""The rows of people refuse what no person has, on both databases."""

from datetime import datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from tests.worlds import World
from timebank.core.database import transaction


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("UPDATE person SET gender = 'none'", "ck_person_gender"),
        ("UPDATE senior SET lat_deg = 131.26", "ck_senior_place"),
        ("UPDATE senior SET lon_deg = -181", "ck_senior_place"),
        ("UPDATE volunteer SET lat_deg = -91", "ck_volunteer_place"),
        ("UPDATE volunteer SET weekdays = 128", "ck_volunteer_weekdays"),
        ("UPDATE volunteer SET window_end_min = 1441", "ck_volunteer_day"),
        ("UPDATE volunteer SET window_start_min = window_end_min", "ck_volunteer_window"),
        ("UPDATE volunteer SET max_needs = -1", "ck_volunteer_amounts"),
        ("UPDATE senior_category SET to_day = '2026-03-01'", "ck_senior_category_days"),
        ("UPDATE area SET level = 'street'", "ck_area_level"),
        ("UPDATE organisation SET kind = 'club'", "ck_organisation_kind"),
        ("UPDATE need SET minutes = 0", "ck_need_minutes"),
        ("UPDATE need SET weekdays = 0", "ck_need_weekdays"),
        ("UPDATE need SET to_day = from_day", "ck_need_days"),
        ("UPDATE need SET frequency_kind = 'often'", "ck_need_frequency"),
        ("UPDATE need SET frequency_count = 0", "ck_need_frequency_count"),
        ("UPDATE need SET window_start_min = 1100", "ck_need_window"),
        ("UPDATE need SET status = 'met'", "ck_need_status"),
        ("UPDATE service SET minutes = 0", "ck_service_amounts"),
        ("UPDATE service SET earn_denominator = 0", "ck_service_amounts"),
        ("UPDATE service SET served_by = 'robot'", "ck_service_served_by"),
    ],
)
def test_row_that_cannot_be_is_refused(stored: World, shared_engine: Engine, change: str, constraint: str) -> None:
    """What a faulty import or a hand at the database could store would go into a plan unseen."""
    with pytest.raises(IntegrityError, match=constraint), transaction(shared_engine) as session:
        session.connection().execute(text(change))


@pytest.mark.parametrize(
    "token",
    [
        "organisation_id, created_at, expires_at) SELECT person_id, 1, {now}, {later} FROM volunteer",
        "created_at, expires_at) SELECT NULL, {now}, {later} FROM volunteer",
        "created_at, expires_at) SELECT person_id, {later}, {now} FROM volunteer",
    ],
    ids=["two holders", "no holder", "ended before it began"],
)
def test_token_that_cannot_be_is_refused(stored: World, shared_engine: Engine, token: str) -> None:
    """A token acts for one holder, for a while."""
    moments = {"now": "(SELECT created_at FROM book)", "later": "'2027-01-01 00:00:00.000000+00'"}
    opening = "INSERT INTO access_token (digest, shown_prefix, scopes, person_id, "

    with pytest.raises(IntegrityError, match="ck_access_token_"), transaction(shared_engine) as session:
        said = opening + token.format(**moments).replace("SELECT ", "SELECT '', '', '', ", 1) + " LIMIT 1"
        session.connection().execute(text(said))


def test_two_people_do_not_have_one_identity(stored: World, shared_engine: Engine, noon: datetime) -> None:
    """A person imported twice would be visited twice and counted twice."""
    with pytest.raises(IntegrityError, match="identity_lookup"), transaction(shared_engine) as session:
        session.connection().execute(text("UPDATE person SET identity_lookup = :same"), {"same": b"same"})
