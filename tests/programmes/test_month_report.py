"""A month counts rows: by hand for a small one, each total the sum of its rows, an empty one right and empty."""

import pytest
from sqlmodel import Session

from tests.programmes.conftest import Care
from tests.programmes.months import MARCH, MAY, fill_march
from timebank.core.errors import WrongInput
from timebank.programmes.month_report import Line, month_report, total_of
from timebank.programmes.months import Month


def test_month_counts_what_happened(session: Session, paired: Care) -> None:
    """Twelve were planned: one called off, one missed, one silent, nine given; each figure is known by hand."""
    fill_march(session, paired)

    report = month_report(session, paired.east, MARCH, now=paired.later(days=30))

    (street,) = report.streets
    assert (street.programme, street.area) == ("LB1", "310107004")
    assert street.line == Line(
        enrolled=3,
        met=3,
        due=11,
        held=9,
        phone=8,
        door=1,
        missed=1,
        unrecorded=1,
        called_off=1,
        served_min=95,
        unwell=1,
        follow_ups=2,
        in_time=1,
        open=1,
    )
    assert [(voice.side, voice.said, voice.not_happened, voice.satisfaction) for voice in report.voices] == [
        ("senior", 1, 1, 4),
        ("volunteer", 1, 0, 4),
        ("organisation", 1, 0, 4),
    ]
    assert report.differences == 1


def test_days_and_streets_add_up_alike(session: Session, paired: Care) -> None:
    """The table by day and the table by street are two ways to the same sum."""
    fill_march(session, paired)

    report = month_report(session, paired.east, MARCH, now=paired.later(days=30))

    by_day, total = total_of(line for _, line in report.days), report.total
    assert len(report.days) == 31
    assert (by_day.due, by_day.held, by_day.missed, by_day.unrecorded, by_day.called_off, by_day.served_min) == (
        total.due,
        total.held,
        total.missed,
        total.unrecorded,
        total.called_off,
        total.served_min,
    )


def test_running_month_counts_up_to_today(session: Session, paired: Care) -> None:
    """What lies ahead is not late: the rate of a running month is that of its days so far."""
    before, first = (month_report(session, paired.east, MARCH, now=paired.later(days=n)) for n in (-1, 0))

    today = len([one for one in paired.visits(session) if one.day == paired.noon.date()])
    assert before.total == Line()
    assert first.total == Line(enrolled=3, due=first.total.unrecorded, unrecorded=first.total.due)
    assert 0 < first.total.due <= today


def test_month_without_anything_is_a_right_report(session: Session, paired: Care) -> None:
    """No division by nothing, no row that is not there: zeros, and no rate."""
    fill_march(session, paired)

    report = month_report(session, paired.world.organisations["WEST"], MARCH, now=paired.later(days=30))
    may = month_report(session, paired.east, MAY, now=paired.later(days=300))

    assert (report.streets, report.total, report.total.rate, report.differences) == ((), Line(), None, 0)
    assert may.total == Line(enrolled=3)


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-00", "1999-01", "March", "2026-3"])
def test_month_that_is_none_is_refused(text: str) -> None:
    """The clerk hears how a month is written."""
    with pytest.raises(WrongInput):
        Month.read(text)


@pytest.mark.parametrize(("text", "days"), [("2026-02", 28), ("2028-02", 29), ("2026-12", 31)])
def test_month_has_its_days(text: str, days: int) -> None:
    """December ends with the year, February with its own day."""
    month = Month.read(text)

    assert (str(month), (month.to_day - month.from_day).days, month.last_day.day) == (text, days, days)
