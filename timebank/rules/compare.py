"""What would change for the accounts that stand if other rules held: counted page by page, in bounded memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from timebank.rules.earning import earn_bars
from timebank.rules.findings import Expiry, Redemption, Service, age_on
from timebank.rules.issuing import cutoff_by, expiry_by
from timebank.rules.known import CIRCLES, RULES
from timebank.rules.pack import Pack
from timebank.rules.spending import redeem_bars


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A member account and its person, as plain figures; ``credits_until_min`` by the cutoff that it is for."""

    born_on: date
    gender: str
    in_hardship: bool
    is_trained: bool
    is_volunteer: bool
    balance_min: int
    available_min: int
    debits_min: int
    earned_min: int
    first_earned_on: date | None
    credits_until_min: dict[date, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """A rule that two packs say differently."""

    rule: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """Accounts that one kind of change meets, and the minutes in question."""

    kind: str
    accounts: int
    minutes: int


def differences(before: Pack, after: Pack) -> list[Difference]:
    """Return the rules that differ, in the order of the packs."""
    pairs = [(rule, before.value(rule), after.value(rule)) for rule in RULES]
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


def cutoffs(before: Pack, after: Pack, day: date) -> set[date]:
    """Return the days until which a caller must say what each account had been credited."""
    return {cutoff for pack in (before, after) if (cutoff := cutoff_by(pack, day)) is not None}


def may_redeem(
    pack: Pack,
    day: date,
    *,
    born_on: date,
    in_hardship: bool,
    available_min: int,
    earned_min: int,
    first_earned_on: date | None,
) -> bool:
    """Tell whether a holder may redeem for themselves on a day; everyone counts as registered in the place."""
    case = Redemption(
        day=day,
        holder_age=age_on(born_on, day),
        minutes=1,
        available_min=available_min,
        holder_in_hardship=in_hardship,
        residence="registered",
        earned_total_min=earned_min,
        served_total_min=earned_min,
        first_served_on=first_earned_on or day,
    )
    return not redeem_bars(pack, case)


class Comparison:
    """Counts of what changes on a day from one pack to another, over any number of accounts."""

    def __init__(self, before: Pack, after: Pack, day: date) -> None:
        self.before, self.after, self.day = before, after, day
        self.holders = 0
        self._sums: dict[str, list[int]] = {}

    def add(self, page: Iterable[Holder]) -> None:
        """Count a page of accounts."""
        for holder in page:
            self.holders += 1
            for kind, minutes in self._changes(holder):
                sums = self._sums.setdefault(kind, [0, 0])
                sums[0] += 1
                sums[1] += minutes

    @property
    def changes(self) -> list[Change]:
        """What was counted, by kind."""
        return [Change(kind, *sums) for kind, sums in sorted(self._sums.items())]

    def _changes(self, holder: Holder) -> Iterator[tuple[str, int]]:
        if holder.available_min > 0:
            yield from self._turned("redeem", holder, holder.available_min, self._redeems)
            yield from self._gifts(holder)
        if holder.is_volunteer:
            yield from self._turned("earn", holder, holder.balance_min, self._earns)
        for rule, stands, kind in (
            ("stored_cap_min", holder.balance_min, "over_stored_cap"),
            ("total_cap_min", holder.earned_min, "total_reached"),
        ):
            was, over = _over(self.before, rule, stands), _over(self.after, rule, stands)
            if over > was:
                yield kind, over - was
        more = self._expires(self.after, holder) - self._expires(self.before, holder)
        if more:
            yield ("expires_more", more) if more > 0 else ("expires_less", -more)

    def _turned(self, what: str, holder: Holder, minutes: int, may: Any) -> Iterator[tuple[str, int]]:
        was, can = may(self.before, holder), may(self.after, holder)
        if was != can:
            yield f"{what}_{'gained' if can else 'lost'}", minutes

    def _gifts(self, holder: Holder) -> Iterator[tuple[str, int]]:
        was, can = (set(CIRCLES[pack.value("gift_circle")]) for pack in (self.before, self.after))
        if was != can:
            yield f"gift_{'gained' if was < can else 'lost'}", holder.available_min

    def _redeems(self, pack: Pack, holder: Holder) -> bool:
        return may_redeem(
            pack,
            self.day,
            born_on=holder.born_on,
            in_hardship=holder.in_hardship,
            available_min=holder.available_min,
            earned_min=holder.earned_min,
            first_earned_on=holder.first_earned_on,
        )

    def _earns(self, pack: Pack, holder: Holder) -> bool:
        case = Service(
            day=self.day,
            giver_age=age_on(holder.born_on, self.day),
            planned_min=1,
            served_min=1,
            evidence=pack.value("earning_evidence")[0],
            giver_gender=holder.gender,
            giver_residence="registered",
            is_trained=holder.is_trained,
            is_group=False,
            has_guardian=False,
        )
        return not earn_bars(pack, case)

    def _expires(self, pack: Pack, holder: Holder) -> int:
        cutoff = cutoff_by(pack, self.day)
        if cutoff is None:
            return 0
        case = Expiry(
            day=self.day,
            credits_until_min=holder.credits_until_min[cutoff],
            debits_min=holder.debits_min,
            available_min=max(holder.available_min, 0),
        )
        return expiry_by(pack, case).minutes


def _over(pack: Pack, rule: str, stands: int) -> int:
    cap = pack.value(rule)
    return 0 if cap is None else max(stands - cap, 0)
