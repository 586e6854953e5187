"""The bridge's chapter: some days of a full year's volume on a small district, the same whenever it is played."""

from datetime import date

import pytest
from sqlalchemy import Engine, select

from timebank.bridge.consents import REFERRAL
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.demo.run import Recipe, build_from
from timebank.demo.year.bridge import CHAPTER, OFFERS, REFERRALS
from timebank.demo.year.chapter import Year

FIRST, DAYS = date(2025, 1, 10), 24
TENTH = 0.25


@pytest.fixture
def year(engine: Engine) -> Year:
    """Twenty-four days at a quarter of the volume, on a district of a two-hundredth."""
    recipe = Recipe(seed=7, scale=0.005, starts_on=FIRST, days=DAYS)
    built = build_from(engine, recipe, moment_at(FIRST, 0), lambda *_: None)
    return Year(seed=7, scale=TENTH, starts_on=FIRST, days=DAYS, book_id=int(built["book_id"]))


def test_days_bring_what_the_year_asks_for(engine: Engine, year: Year) -> None:
    """Offers and referrals in their part of the year's volume, through their states, counted from the tables."""
    with transaction(engine) as session:
        CHAPTER.prepare(session, year)
    for day in year.every_day():
        with transaction(engine) as session:
            CHAPTER.play(session, year, day)

    with transaction(engine, read_only=True) as session:
        counted = CHAPTER.count(session, year)
        states = dict(session.connection().execute(select(REFERRAL.c.id, REFERRAL.c.status)).all())
    part = TENTH * DAYS / 365
    assert counted["bridge.consents"] == len(states) == round(REFERRALS * part)
    assert counted["bridge.offers"] >= round(OFFERS * part)
    assert counted["bridge.takings"] > 0
    assert counted["bridge.readings"] > 0
    assert counted["bridge.practices"] == 1
    assert counted["bridge.directory_services"] > 3
    assert counted["bridge.referrals_closed"] == list(states.values()).count("closed") > 0
    assert {"closed", "in_service"} <= set(states.values())
