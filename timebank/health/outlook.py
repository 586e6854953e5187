"""What is expected: hours that will be given, coins that will be asked for, and the part that can be redeemed.

Every expectation is a range: what would be if the worst, the mean and the best of the last weeks went on.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from timebank.health.books import EARNED, REDEEMED, Books
from timebank.health.supply import WEEK_DAYS, Supply
from timebank.health.terms import MonthShare, Terms

MONTH_DAYS = 30
PPM = 1_000_000


class Range(NamedTuple):
    """The least, the expected and the most; minutes, or a share."""

    low: float
    central: float
    high: float


class Weeks(NamedTuple):
    """Minutes of each of some weeks, newest first, since the bank began."""

    earned: tuple[int, ...]
    redeemed: tuple[int, ...]


def weeks_of(books: Books, members: set[int], week: int, count: int) -> Weeks:
    """Return what members earned and redeemed in some weeks up to one.

    Weeks before the first entry do not count, nor does the week of that entry itself, which is no whole one; unless
    there is no other.
    """
    first = books.oldest_week
    weeks = range(week, min(week + count, max(first, min(week, first) + 1), len(books.moments) - 1))
    return Weeks(
        earned=tuple(_total(books.moved(EARNED, [one]), members) for one in weeks),
        redeemed=tuple(-_total(books.moved(REDEEMED, [one]), members) for one in weeks),
    )


def _total(minutes: Mapping[int, int], members: set[int]) -> int:
    return sum(amount for account, amount in minutes.items() if account in members)


def expected_supply(weeks: Weeks, supply: Supply, days: int) -> Range:
    """Return the minutes that will be given in some days.

    The least is the worst of the last weeks, the expected their mean, the most all the weekly minutes of the active
    volunteers with visits kept as last week, or the best of the weeks if that was more.
    """
    full = supply.usable(supply.weekly_min)
    if not weeks.earned:
        return Range(0, 0, full * days / WEEK_DAYS)
    least, most = max(min(weeks.earned), 0), max(*weeks.earned, full)
    mean = max(sum(weeks.earned) / len(weeks.earned), 0)
    return Range(*(minutes * days / WEEK_DAYS for minutes in (least, mean, most)))


def weekly_share(weeks: Weeks, due_before: Sequence[int], redemptions: int, terms: Terms) -> Range:
    """Return the part of the coins that may be asked for that is asked for in a week.

    That is the least, the mean and the most of the last weeks, each of what could be asked for when it began; what is
    assumed in ``terms`` while fewer redemptions were seen than they ask for.
    """
    shares = [done / due for done, due in zip(weeks.redeemed, due_before, strict=False) if due > 0]
    if redemptions < terms.least_redemptions or not shares:
        return _of_a_week(terms.month_share)
    bounded = [min(max(share, 0.0), 1.0) for share in shares]
    return Range(min(bounded), sum(bounded) / len(bounded), max(bounded))


def _of_a_week(month: MonthShare) -> Range:
    """Return the share of a week that makes a share of 30 days, week after week of what is left."""
    return Range(*(1 - (1 - share) ** (WEEK_DAYS / MONTH_DAYS) for share in (month.low, month.central, month.high)))


def expected_redemption(due_min: int, share: Range, days: int) -> Range:
    """Return the minutes that will be asked for in some days: each week a share of what is left."""
    return Range(*(due_min * (1 - (1 - part) ** (days / WEEK_DAYS)) for part in share))


def cover(supply: Range, redemption: Range) -> Range | None:
    """Return the hours given for each hour asked for; nothing where nothing will be asked for.

    The least is the least supply for the most redemption, and the other way round; without end where the least
    redemption is nothing.
    """
    if redemption.central <= 0:
        return None
    most = supply.high / redemption.low if redemption.low > 0 else float("inf")
    return Range(supply.low / redemption.high, supply.central / redemption.central, most)


class Place(NamedTuple):
    """Minutes of a street: what may be asked for there, and what is free to be given for it, both in coins."""

    due_min: int
    free_min: int


def redeemable_min(places: Iterable[Place], given_ppm: int) -> int:
    """Return what can be redeemed when everyone is served in their own street.

    In each street it is no more than may be asked for, and no more than the part of what is free that is given
    (``given_ppm``, in millionths), rounded down.
    """
    return sum(min(place.due_min, place.free_min * given_ppm // PPM) for place in places)


def redeemable_range(places: Sequence[Place], supply: Supply, used_ppm: int) -> Range:
    """Return the minutes that can be redeemed within the horizon.

    Expected: visits are kept as last week. Least: of what is free only that part is given that volunteers gave of
    their weekly minutes lately (``used_ppm``). Most: everyone is served anywhere in the district, and every visit kept.
    """
    central = redeemable_min(places, supply.kept_ppm)
    least = redeemable_min(places, min(used_ppm, supply.kept_ppm))
    anywhere = min(sum(place.due_min for place in places), sum(place.free_min for place in places))
    return Range(least, central, max(anywhere, central))


def used_ppm(weeks: Weeks, supply: Supply) -> int:
    """Return the part of the weekly minutes that was given in the mean of the last weeks, in millionths."""
    if not weeks.earned or supply.weekly_min <= 0:
        return 0
    return min(PPM, max(sum(weeks.earned), 0) * PPM // (len(weeks.earned) * supply.weekly_min))
