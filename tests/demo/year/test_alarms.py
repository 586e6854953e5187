"""The year's calls and meters: every day's part is taken, handled and counted from the rows."""

from datetime import date

from sqlalchemy import Engine, func, select

from tests.conftest import NOON
from timebank.alarms.meters import EPISODE
from timebank.alarms.orders import EVENT, ORDER, accounts
from timebank.core.database import transaction
from timebank.demo.year import calls, meters
from timebank.demo.year.run import Asked, run_year

DAYS = Asked(seed=7, scale=0.02, starts_on=date(2025, 1, 1), days=4)


def test_calls_and_alarms_of_some_days_are_all_handled(engine: Engine) -> None:
    """What the table shows is what the orders are: each with an outcome, each alarm confirmed, nothing left over."""
    chapters = [calls.CHAPTER, meters.CHAPTER]

    played = run_year(engine, DAYS, now=NOON, progress=lambda *_: None, chapters=chapters)

    rows = {row.key: row.played for row in played.rows}
    with transaction(engine, read_only=True) as session:
        told = accounts(session)
        connection = session.connection()
        confirmed = select(func.count()).select_from(EVENT).where(EVENT.c.kind == "confirmed")
        rescues = select(func.count()).select_from(ORDER).where(ORDER.c.kind == "rescue")
        episodes = connection.execute(select(func.count()).select_from(EPISODE)).scalar_one()
        confirmations, rescued = connection.execute(confirmed).scalar_one(), connection.execute(rescues).scalar_one()
    assert rows["programmes.one_touch_call.households"] == 520
    assert rows["programmes.one_touch_call.services"] == round(1_246_600 * 0.02 * 4 / 365)
    assert rows["programmes.smart_water_meter.households"] == 18
    assert rows["programmes.smart_water_meter.alarm_orders"] == episodes == confirmations == 5
    assert told.is_balanced
    assert told.open_by_state == {}
    assert told.received == rows["programmes.one_touch_call.services"] + episodes
    assert 0 < rescued < 12
