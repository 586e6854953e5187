"""Figures of the streets: what may be asked for, what is free to be given, what can be redeemed; and when."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction

from timebank.core.clock import day_of
from timebank.health.accounts import saved_figure
from timebank.health.figures import Figure, Figures
from timebank.health.lines import EntryLines, HoldLines, SpareLines
from timebank.health.savers import EVERYWHERE, NOWHERE, Saver, Street
from timebank.health.standing import Standing
from timebank.health.supply import Offered, Supply
from timebank.rules.pack import pack_in_force


def prices(day: date) -> Callable[[str], Fraction]:
    """Return what a minute of a service costs on a day, in minutes of coins, by the rule pack in force on it."""
    ratios = pack_in_force(day).value("redeem_ratio")
    return lambda service: ratios.get(service, Fraction(1))


def place_figures(
    figures: Figures,
    savers: Sequence[Saver],
    standing: Standing,
    supply: Supply,
    ripe: Mapping[str, Sequence[int]],
    streets: Sequence[Street],
    services: Sequence[Offered],
) -> None:
    """Add the figures by street: asked for, free, redeemable; and what is saved by when it may be redeemed."""
    codes = [*(street.code for street in streets), NOWHERE]
    _due(figures, savers, standing, codes)
    _spare(figures, supply, codes, [service.code for service in services])
    price = prices(day_of(standing.moment))
    for street in codes:
        _redeemable(figures, supply, street, [service.code for service in services], price)
    _whole(figures, codes, "capacity/{}", like=f"free/{EVERYWHERE}/{EVERYWHERE}")
    for each in ("redeemable/{}", *(f"redeemable/{{}}/{service.code}" for service in services)):
        _whole(figures, codes, each, like=f"due/{EVERYWHERE}")
    for when, accounts in ripe.items():
        figures.add(saved_figure(f"matures/{when}", accounts, standing))


def _whole(figures: Figures, streets: Sequence[str], each: str, *, like: str) -> None:
    """Add the sum of the streets of a figure; it stands for as many persons as another one."""
    parts = tuple(each.format(street) for street in streets)
    figures.add(
        Figure(
            key=each.format(EVERYWHERE),
            minutes=sum(figures[key].minutes for key in parts),
            persons=figures[like].persons,
            formula="sum of streets",
            parts=parts,
        )
    )


def _due(figures: Figures, savers: Sequence[Saver], standing: Standing, streets: Sequence[str]) -> None:
    by_street: dict[str, list[int]] = {}
    for saver in savers:
        if saver.account_id in standing.due:
            by_street.setdefault(saver.street, []).append(saver.account_id)
            by_street.setdefault(EVERYWHERE, []).append(saver.account_id)
    for street in (*streets, EVERYWHERE):
        accounts = tuple(by_street.get(street, ()))
        lines = (
            EntryLines(accounts=accounts, until=standing.moment),
            HoldLines(accounts=accounts, at=standing.moment, sign=-1),
        )
        minutes = standing.due_min(accounts)
        figures.add(
            Figure(
                key=f"due/{street}",
                minutes=minutes,
                persons=standing.persons(accounts),
                lines=lines if accounts else (),
            )
        )


def _spare(figures: Figures, supply: Supply, streets: Sequence[str], services: Sequence[str]) -> None:
    for street in (*streets, EVERYWHERE):
        for service in (*services, EVERYWHERE):
            spare = tuple(
                one
                for one in supply.spare
                if street in (one.street, EVERYWHERE) and service in (one.service, EVERYWHERE)
            )
            givers = {one.number for one in spare if one.kind == "volunteer"}
            figures.add(
                Figure(
                    key=f"free/{street}/{service}",
                    minutes=sum(one.minutes for one in spare),
                    persons=len(givers) if givers else None,
                    lines=(SpareLines(spare=spare),) if spare else (),
                )
            )


def _redeemable(
    figures: Figures, supply: Supply, street: str, services: Sequence[str], price: Callable[[str], Fraction]
) -> None:
    """Add what a street can give for coins, and what can be redeemed in it."""
    free, due = [figures[f"free/{street}/{service}"] for service in services], figures[f"due/{street}"]
    coins = [int(one.minutes * price(service)) for one, service in zip(free, services, strict=True)]
    for one, service, minutes in zip(free, services, coins, strict=True):
        figures.add(
            Figure(
                key=f"redeemable/{street}/{service}",
                minutes=min(due.minutes, supply.usable(minutes)),
                persons=due.persons,
                formula="the smaller of what may be asked for and of free minutes x price x share of visits kept",
                parts=(due.key, one.key),
            )
        )
    capacity = figures.add(
        Figure(
            key=f"capacity/{street}",
            minutes=supply.usable(sum(coins)),
            persons=figures[f"free/{street}/{EVERYWHERE}"].persons,
            formula="free minutes of each service x its price x share of visits kept",
            parts=tuple(one.key for one in free),
        )
    )
    figures.add(
        Figure(
            key=f"redeemable/{street}",
            minutes=min(due.minutes, capacity.minutes),
            persons=due.persons,
            formula="the smaller of the two",
            parts=(due.key, capacity.key),
        )
    )
