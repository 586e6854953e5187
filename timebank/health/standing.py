"""How savers stood at the end of a week: what they had, what they may ask for, and how near the others are to it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from timebank.core.clock import day_of
from timebank.health.books import EARNED, Books
from timebank.health.savers import Saver
from timebank.rules.compare import may_redeem
from timebank.rules.pack import pack_in_force

LATER = "later"
NOW = "now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Savers at the end of a week; minutes by account, of accounts that have any.

    ``available`` is what is saved less what is held; ``due`` are the accounts whose holders may redeem on the day.
    """

    week: int
    moment: datetime
    saved: Mapping[int, int]
    available: Mapping[int, int]
    due: frozenset[int]
    person_by_account: Mapping[int, int]

    @property
    def saved_min(self) -> int:
        """Everything that is saved."""
        return sum(self.saved.values())

    def persons(self, accounts: Iterable[int]) -> int:
        """Count the persons who have coins in some accounts; one person can have two, with a family's."""
        return len({self.person_by_account[account] for account in accounts if account in self.saved})

    def due_min(self, accounts: Iterable[int]) -> int:
        """Return what the holders of some accounts may ask for."""
        return sum(self.available.get(account, 0) for account in accounts if account in self.due)


def standing_at(savers: Sequence[Saver], books: Books, week: int, earned: Mapping[int, int]) -> Standing:
    """Return how the savers stood at the end of a week, by the rule pack in force on its day."""
    moment = books.moments[week]
    balances, held = books.balances(week), books.held(week)
    saved = {saver.account_id: balances[saver.account_id] for saver in savers if balances.get(saver.account_id)}
    available = {account: minutes - held.get(account, 0) for account, minutes in saved.items()}
    with_coins = [saver for saver in savers if available.get(saver.account_id, 0) > 0]
    due = redeemers(with_coins, day_of(moment), available, books, earned)
    person_by_account = {saver.account_id: saver.person_id for saver in savers}
    return Standing(
        week=week, moment=moment, saved=saved, available=available, due=due, person_by_account=person_by_account
    )


def redeemers(
    savers: Iterable[Saver], day: date, available: Mapping[int, int], books: Books, earned: Mapping[int, int]
) -> frozenset[int]:
    """Return the accounts whose holders may redeem on a day, by the rule pack in force on it."""
    pack = pack_in_force(day)
    return frozenset(
        saver.account_id
        for saver in savers
        if may_redeem(
            pack,
            day,
            born_on=saver.born_on,
            in_hardship=saver.in_hardship,
            available_min=available[saver.account_id],
            earned_min=earned.get(saver.account_id, 0),
            first_earned_on=books.began_on.get(saver.account_id),
        )
    )


def earned_until(books: Books, week: int) -> dict[int, int]:
    """Return what each account had earned by the end of a week, without what was reversed."""
    return books.moved(EARNED, range(week, len(books.moments)))


def maturities(
    savers: Sequence[Saver], standing: Standing, books: Books, years_ahead: Sequence[int]
) -> dict[str, tuple[int, ...]]:
    """Return the accounts with coins by when their holders may redeem: now, within some years, or later.

    Ages go on, and the rule pack that is in force on the day then is asked; hardship stays as it is.
    """
    earned, day = earned_until(books, standing.week), day_of(standing.moment)
    left = [saver for saver in savers if standing.available.get(saver.account_id, 0) > 0]
    held_whole = [saver.account_id for saver in savers if saver.account_id in standing.saved]
    found: dict[str, tuple[int, ...]] = {NOW: tuple(sorted(standing.due))}
    left = [saver for saver in left if saver.account_id not in standing.due]
    for years in years_ahead:
        ripe = redeemers(left, years_on(day, years), standing.available, books, earned)
        found[str(years)] = tuple(sorted(ripe))
        left = [saver for saver in left if saver.account_id not in ripe]
    placed = {account for accounts in found.values() for account in accounts}
    return found | {LATER: tuple(account for account in held_whole if account not in placed)}


def years_on(day: date, years: int) -> date:
    """Return the same day so many years on; 29 February becomes 28 February in short years."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
