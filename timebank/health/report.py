"""The health of a book at a moment: every figure with its lines, what is expected, and what gives early warning."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from timebank.core.clock import day_of
from timebank.health.accounts import account_figures
from timebank.health.books import REDEEMED, Books, books_of
from timebank.health.figures import Figures
from timebank.health.indicators import Indicator, concentration, judged, ratio
from timebank.health.outlook import (
    PPM,
    Place,
    Range,
    Weeks,
    cover,
    expected_redemption,
    expected_supply,
    redeemable_min,
    redeemable_range,
    used_ppm,
    weekly_share,
    weeks_of,
)
from timebank.health.places import place_figures, prices
from timebank.health.savers import EVERYWHERE, NOWHERE, Saver, Street, savers_of, streets_of
from timebank.health.standing import Standing, earned_until, maturities, redeemers, standing_at
from timebank.health.supply import Offered, Supply, services_of, supplies_of
from timebank.health.terms import Terms

RECENT_WEEKS = 4
YEAR_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is expected within some days, in minutes; ``cover`` is hours given for each hour asked for."""

    days: int
    due_min: int
    supply: Range
    redemption: Range
    cover: Range | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a book stands at a moment. ``redeemable`` is in minutes, of ``saved_min`` that are saved.

    ``share`` is the part of the coins that may be asked for that is asked for in a week; ``is_assumed`` while too
    little was seen.
    """

    book: str
    moment: datetime
    terms: Terms
    streets: tuple[Street, ...]
    services: tuple[Offered, ...]
    figures: Figures
    weeks: Weeks
    share: Range
    is_assumed: bool
    kept_ppm: int
    used_ppm: int
    saved_min: int
    redeemable: Range
    expected: tuple[Expected, ...]
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What is read once: people, books, and what can be given, week by week."""

    savers: Sequence[Saver]
    members: set[int]
    books: Books
    supplies: Sequence[Supply]
    standings: Sequence[Standing]
    street_by_account: dict[int, str]
    terms: Terms


def health_of(session: Session, book_id: int, code: str, *, now: datetime, terms: Terms) -> Health:
    """Measure the health of a book; entries at the moment itself count."""
    read = _read(session, book_id, now, terms)
    streets, services = streets_of(session), services_of(session)
    figures = Figures()
    account_figures(session, book_id, figures, read.savers, read.books, read.standings[0], terms, streets)
    ripe = maturities(read.savers, read.standings[0], read.books, terms.years_ahead)
    place_figures(figures, read.savers, read.standings[0], read.supplies[0], ripe, streets, services)
    places = [_places(read, week) for week in range(terms.weeks_back + 1)]
    weeks, share, is_assumed = _recent(read, 0)
    given_ppm = used_ppm(weeks, read.supplies[0])
    return Health(
        book=code,
        moment=now,
        terms=terms,
        streets=tuple(streets),
        services=tuple(services),
        figures=figures,
        weeks=weeks,
        share=share,
        is_assumed=is_assumed,
        kept_ppm=read.supplies[0].kept_ppm,
        used_ppm=given_ppm,
        saved_min=read.standings[0].saved_min,
        redeemable=redeemable_range(places[0], read.supplies[0], given_ppm),
        expected=tuple(_expected(read, days) for days in (terms.horizon_days, YEAR_DAYS)),
        indicators=_indicators(read, places),
    )


def _read(session: Session, book_id: int, now: datetime, terms: Terms) -> _Read:
    back = terms.weeks_back + max(terms.window_weeks, RECENT_WEEKS) + 1
    moments = [now - timedelta(weeks=week) for week in range(back + 1)]
    savers = savers_of(session, book_id, day_of(now))
    books = books_of(session, book_id, moments)
    days = [day_of(moment) for moment in moments[: terms.weeks_back + 1]]
    return _Read(
        savers=savers,
        members={saver.account_id for saver in savers},
        books=books,
        supplies=supplies_of(session, days, terms.horizon_days),
        standings=[standing_at(savers, books, week, earned_until(books, week)) for week in range(back)],
        street_by_account={saver.account_id: saver.street for saver in savers},
        terms=terms,
    )


def _places(read: _Read, week: int) -> list[Place]:
    """Return what may be asked for and what is free, street by street, as it stood at the end of a week."""
    standing, price = read.standings[week], prices(day_of(read.books.moments[week]))
    due: dict[str, int] = {}
    for account in standing.due:
        street = read.street_by_account[account]
        due[street] = due.get(street, 0) + standing.available[account]
    free: dict[str, int] = {}
    for (street, service), minutes in read.supplies[week].by_place().items():
        free[street] = free.get(street, 0) + int(minutes * price(service))
    return [Place(due.get(street, 0), free.get(street, 0)) for street in sorted({*due, *free})]


def _recent(read: _Read, week: int) -> tuple[Weeks, Range, bool]:
    """Return the last weeks up to one, the share that is asked for in a week, and whether it is assumed."""
    weeks = weeks_of(read.books, read.members, week, read.terms.window_weeks)
    before = [
        read.standings[week + n + 1].due_min(read.standings[week + n + 1].due) for n in range(len(weeks.redeemed))
    ]
    seen = read.books.lines(REDEEMED, range(week, week + read.terms.window_weeks), read.members)
    return weeks, weekly_share(weeks, before, seen, read.terms), seen < read.terms.least_redemptions


def _expected(read: _Read, days: int, week: int = 0) -> Expected:
    weeks, share, _ = _recent(read, week)
    standing = read.standings[week]
    ahead = day_of(standing.moment) + timedelta(days=days)
    with_coins = [saver for saver in read.savers if standing.available.get(saver.account_id, 0) > 0]
    ripe = redeemers(with_coins, ahead, standing.available, read.books, earned_until(read.books, week))
    due_min = sum(standing.available[account] for account in ripe | standing.due)
    supply, redemption = expected_supply(weeks, read.supplies[week], days), expected_redemption(due_min, share, days)
    return Expected(days=days, due_min=due_min, supply=supply, redemption=redemption, cover=cover(supply, redemption))


def _indicators(read: _Read, places: Sequence[Sequence[Place]]) -> tuple[Indicator, ...]:
    weeks = range(read.terms.weeks_back + 1)
    worked_out = {
        "redeemable_share": (
            [_redeemable_share(read, places[week], week) for week in weeks],
            "redeemable / saved",
            (f"redeemable/{EVERYWHERE}", f"saved/{EVERYWHERE}/{EVERYWHERE}"),
        ),
        "cover": (
            [_cover(read, week) for week in weeks],
            f"expected supply / expected redemption, in {read.terms.horizon_days} days",
            (f"due/{EVERYWHERE}", *_week_keys(read.terms.window_weeks)),
        ),
        "saved_for_redeemed": (
            [_saved_for_redeemed(read, week) for week in weeks],
            f"earned / redeemed, in {RECENT_WEEKS} weeks",
            _week_keys(min(RECENT_WEEKS, read.terms.window_weeks)),
        ),
        "near_share": (
            [_near_share(read, week) for week in weeks],
            "may be asked for now or within a year / saved",
            (f"saved/{EVERYWHERE}/{EVERYWHERE}",),
        ),
        "concentration": (
            [concentration(read.standings[week].saved) for week in weeks],
            "saved by the tenth who have most / saved",
            (f"saved/{EVERYWHERE}/{EVERYWHERE}",),
        ),
    }
    return tuple(
        judged(threshold, worked_out[threshold.indicator][0], formula=formula, parts=parts)
        for threshold in read.terms.warnings
        for _, formula, parts in [worked_out[threshold.indicator]]
    )


def _week_keys(weeks: int) -> tuple[str, ...]:
    return tuple(f"week/{what}/{week}" for what in ("earned", "redeemed") for week in range(weeks))


def _redeemable_share(read: _Read, places: Sequence[Place], week: int) -> float | None:
    return ratio(redeemable_min(places, read.supplies[week].kept_ppm), read.standings[week].saved_min)


def _cover(read: _Read, week: int) -> float | None:
    found = _expected(read, read.terms.horizon_days, week).cover
    return None if found is None else found.central


def _saved_for_redeemed(read: _Read, week: int) -> float | None:
    weeks = weeks_of(read.books, read.members, week, RECENT_WEEKS)
    return ratio(sum(weeks.earned), sum(weeks.redeemed))


def _near_share(read: _Read, week: int) -> float | None:
    near, saved = _expected(read, YEAR_DAYS, week).due_min, read.standings[week].saved_min
    return ratio(near, saved) if saved > 0 else None


__all__ = ["EVERYWHERE", "NOWHERE", "PPM", "Expected", "Health", "health_of"]
