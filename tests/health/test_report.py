"""Every figure is the sum of its entries, and says what a careful clerk would have counted by hand."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.health.conftest import NOW, health, hold_for_service, pay, plan_visit, sums
from tests.worlds import World
from timebank.core.database import transaction
from timebank.core.errors import NotFound
from timebank.health.report import Health, health_of
from timebank.health.terms import read_terms
from timebank.ledger.holds import reverse
from timebank.people.tables import Person, VolunteerSkill
from timebank.projects.tables import Booking

GANQUAN, ZHENRU = "310107004", "310107007"


def minutes(measured: Health, *keys: str) -> list[int]:
    """Return some figures."""
    return [measured.figures[key].minutes for key in keys]


def test_every_figure_is_the_sum_of_its_lines(session: Session, saved: World) -> None:
    """A statistic that cannot be followed to its entries is only a claim."""
    hold_for_service(session, saved, "S2", 50)
    measured = health(session, saved)

    assert sums(session, measured) == {figure.key: figure.minutes for figure in measured.figures if not figure.formula}


def test_every_figure_of_a_played_district_is_the_sum_of_its_lines(played: Engine) -> None:
    """What holds of a few accounts holds of a district: thousands of entries, page by page, on both databases."""
    with transaction(played, read_only=True) as session:
        book = int(session.connection().execute(text("SELECT id FROM book")).scalar_one())
        measured = health_of(session, book, "putuo", now=NOW + timedelta(days=28), terms=read_terms())
        told = {figure.key: figure.minutes for figure in measured.figures if not figure.formula}

        assert sums(session, measured) == told
        assert measured.saved_min > 10_000


def test_saved_coins_are_those_of_the_accounts(session: Session, saved: World) -> None:
    """By street, by age and in all, as the accounts themselves say."""
    measured = health(session, saved)
    members = "SELECT SUM(credits - debits) FROM account WHERE kind = 'member'"

    assert minutes(measured, f"saved/{GANQUAN}/all", f"saved/{ZHENRU}/all", "saved/none/all") == [820, 260, 0]
    assert minutes(measured, "saved/all/80+", "saved/all/60-64", "saved/all/70-79") == [480, 600, 0]
    assert measured.figures["saved/all/all"].persons == 5
    assert measured.saved_min == session.connection().execute(text(members)).scalar_one() == 1080


def test_balances_of_all_kinds_are_nothing_together(session: Session, saved: World) -> None:
    """What members have was issued, and what they redeemed lies in the sink."""
    kinds = {figure.key: figure.minutes for figure in health(session, saved).figures if figure.key[:5] == "kind/"}

    assert kinds == {"kind/issuance": -1380, "kind/member": 1080, "kind/pool": 0, "kind/sink": 300}


def test_flows_lead_from_what_was_to_what_is(session: Session, saved: World) -> None:
    """Four weeks ago and what moved since make what is saved now; nothing is left unexplained."""
    assert minutes(health(session, saved), "flow/opening", "flow/earn", "flow/redeem", "flow/closing") == [
        600,
        780,
        -300,
        1080,
    ]


def test_what_was_undone_counts_as_nothing(session: Session, saved: World) -> None:
    """A credit that was reversed was not earned, whatever the reversal is called."""
    before = health(session, saved)
    wrong = pay(session, saved, "V3", 90, 1)
    reverse(session, saved.book, wrong, idem_key="undo", reason="mistaken", now=NOW - timedelta(hours=1))

    after = health(session, saved)

    keys = ("flow/earn", "week/earned/0", "saved/all/all")
    assert minutes(after, *keys) == minutes(before, *keys)
    assert "flow/mistaken" not in after.figures


def test_weeks_end_with_their_moment(session: Session, saved: World) -> None:
    """An entry at the very moment that is asked for is told, and stands in one week alone."""
    pay(session, saved, "V3", 11, 7)
    pay(session, saved, "V3", 7, 0)

    assert minutes(health(session, saved), "week/earned/0", "week/earned/1", "week/redeemed/0") == [157, 331, 300]


def test_past_moment_knows_nothing_later(session: Session, saved: World) -> None:
    """What is asked of last week is answered as it would have been last week."""
    measured = health(session, saved, now=NOW - timedelta(days=7))

    assert measured.saved_min == 600 + 250 + 60 + 200 + 120
    assert measured.figures["week/redeemed/0"].minutes == 0


def test_only_who_may_redeem_is_asked_for(session: Session, saved: World) -> None:
    """By the pack in force: seniors of 81 may, volunteers of 61 may not; what is held is asked for already."""
    before = health(session, saved)
    hold_for_service(session, saved, "S2", 50)
    after = health(session, saved)

    assert minutes(before, f"due/{GANQUAN}", f"due/{ZHENRU}", "due/all") == [420, 60, 480]
    assert minutes(after, f"due/{GANQUAN}", "saved/all/all") == [370, 1080]


@pytest.mark.parametrize(
    ("born_on", "when"),
    [
        (date(1961, 3, 2), "now"),
        (date(1961, 3, 3), "1"),
        (date(1962, 3, 3), "2"),
        (date(1965, 1, 1), "5"),
        (date(1970, 1, 1), "10"),
        (date(1990, 1, 1), "later"),
    ],
)
def test_coins_become_due_with_age(session: Session, saved: World, born_on: date, when: str) -> None:
    """A bank has to know when those who save now will come and ask: on their birthday, not a day later."""
    session.get_one(Person, saved.volunteers["V3"]).born_on = born_on
    session.flush()
    before = sum(minutes(health(session, saved), f"matures/{when}"))
    pay(session, saved, "V3", 40, 1)

    assert minutes(health(session, saved), f"matures/{when}") == [before + 40]


def test_street_redeems_no_more_than_is_free_in_it(session: Session, saved: World) -> None:
    """V3 and V4 of Zhenru have 300 minutes a week each; what stands in their diaries is not free for S5's hour."""
    free = health(session, saved)
    plan_visit(session, saved, "V3", 290)
    plan_visit(session, saved, "V4", 300)
    busy = health(session, saved)

    greeting, redeemable = f"free/{ZHENRU}/greeting", f"redeemable/{ZHENRU}"
    assert minutes(free, greeting, redeemable, f"{redeemable}/greeting") == [2 * (300 * 30 // 7), 60, 60]
    assert minutes(busy, greeting, redeemable, f"{redeemable}/greeting") == [42, 42, 42]
    assert minutes(busy, f"redeemable/{GANQUAN}", "redeemable/all") == [420, 462]


def test_free_places_can_be_redeemed_too(session: Session, saved: World) -> None:
    """Nine days of the month ahead have two places in the bath of Ganquan; one that is booked is not free."""
    before = health(session, saved)
    slot = session.connection().execute(text("SELECT MIN(id) FROM slot WHERE day >= '2026-03-02'")).scalar_one()
    session.add(Booking(slot_id=slot, need_id=saved.needs["S2-bath"]))
    session.flush()

    assert minutes(before, f"free/{GANQUAN}/bath", f"free/{ZHENRU}/bath") == [9 * 2 * 60, 0]
    assert minutes(health(session, saved), f"free/{GANQUAN}/bath") == [17 * 60]


def test_giver_of_two_services_has_their_minutes_once(session: Session, saved: World) -> None:
    """Minutes are shared among the services somebody may give: an hour is not given twice."""
    session.add(VolunteerSkill(volunteer_id=saved.volunteers["V5"], service_id=saved.services["greeting"]))
    session.flush()

    free = minutes(health(session, saved), f"free/{GANQUAN}/greeting", f"free/{GANQUAN}/door_visit")

    assert free == [2 * (300 * 30 // 7) + 300 * 30 // 14, 300 * 30 // 14]


def test_visits_that_were_missed_lessen_what_can_be_given(session: Session, saved: World) -> None:
    """Of a week in which every third visit was missed, two thirds of what is free are believed."""
    for n, status in enumerate(("confirmed", "confirmed", "missed")):
        plan_visit(session, saved, "V1", 10, day=date(2026, 2, 25 + n), status=status)

    measured = health(session, saved)

    assert measured.kept_ppm == 666_666
    free, capacity = minutes(measured, f"free/{ZHENRU}/all", f"capacity/{ZHENRU}")
    assert capacity == free * 666_666 // 1_000_000


def test_indicators_are_worked_out_from_the_figures(session: Session, saved: World) -> None:
    """Each indicator is made of figures that can be followed themselves."""
    measured = health(session, saved)

    values = {one.key: one.value for one in measured.indicators}
    assert values["redeemable_share"] == pytest.approx(480 / 1080)
    assert values["near_share"] == pytest.approx(480 / 1080)
    assert values["saved_for_redeemed"] == pytest.approx(780 / 300)
    assert values["concentration"] == pytest.approx(400 / 1080)
    assert [part for one in measured.indicators for part in one.parts if part not in measured.figures] == []


def test_unknown_figure_is_told(session: Session, saved: World) -> None:
    """A mistyped key is refused with its own words."""
    with pytest.raises(NotFound, match="no figure saved/moon"):
        health(session, saved).figures["saved/moon"]
