"""Who comes first: an order of tiers that no gain of a later one outweighs, as rows with a day from which it holds."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongInput
from timebank.core.texts import Phrase
from timebank.needs.tables import Service
from timebank.people.categories import CATEGORIES
from timebank.planning.tables import PriorityOrder, PriorityRule

RULE = table_of(PriorityRule)
MOST_TIERS, MOST_RULES = 7, 50
"""Tiers that an order names (0 to 6); who is in none comes after them."""


class First(NamedTuple):
    """Whose needs are of a tier: those of seniors in a category, of a service (by code), or of both."""

    tier: int
    category: str = ""
    service: str = ""


class Rule(NamedTuple):
    """A rule of an order as it stands."""

    tier: int
    category: str
    service_id: int | None


def set_priorities(
    session: Session, rules: Sequence[First], *, from_day: date, actor: str, now: datetime
) -> PriorityOrder:
    """Say who comes first from a day on, until a later order; without rules nobody does.

    Raises
    ------
    WrongInput
        When a rule names no category and no service, or one that is not known, or a tier out of range.
    NotFound
        When there is no such service.
    """
    if len(rules) > MOST_RULES:
        raise WrongInput(field="rules", value=str(len(rules)), right=Phrase("right_most", most=MOST_RULES))
    services = {code: number for code, number in session.exec(select(Service.code, Service.id)) if number is not None}
    for rule in rules:
        _check(rule, services)
    order = PriorityOrder(from_day=from_day, recorded_by=actor, recorded_at=now)
    session.add(order)
    session.flush()
    session.add_all(
        PriorityRule(
            order_id=order.id or 0,
            position=position,
            tier=rule.tier,
            category=rule.category,
            service_id=services.get(rule.service),
        )
        for position, rule in enumerate(rules)
    )
    session.flush()
    return order


def _check(rule: First, services: Mapping[str, int]) -> None:
    if not 0 <= rule.tier < MOST_TIERS:
        right = Phrase("right_range", least=0, most=MOST_TIERS - 1)
        raise WrongInput(field="tier", value=str(rule.tier), right=right)
    if not rule.category and not rule.service:
        raise WrongInput(field="category, service", value="", right=Phrase("right_one_of", known=", ".join(CATEGORIES)))
    if rule.category and rule.category not in CATEGORIES:
        right = Phrase("right_one_of", known=", ".join(CATEGORIES))
        raise WrongInput(field="category", value=rule.category, right=right)
    if rule.service and rule.service not in services:
        raise NotFound(kind="service", key=rule.service)


def priorities_on(session: Session, day: date) -> list[Rule]:
    """Return the rules of the order that holds on a day, in their order."""
    orders = select(PriorityOrder.id).where(PriorityOrder.from_day <= day)
    number = session.exec(orders.order_by(col(PriorityOrder.from_day).desc(), col(PriorityOrder.id).desc())).first()
    rows = session.exec(
        select(PriorityRule).where(PriorityRule.order_id == number).order_by(col(PriorityRule.position))
    )
    return [Rule(row.tier, row.category, row.service_id) for row in rows]


def tier_of(rules: Sequence[Rule], service_id: int, categories: frozenset[str]) -> int:
    """Return the tier of a need: that of the first rule that fits, else the one after all."""
    for rule in rules:
        if rule.service_id in (None, service_id) and (not rule.category or rule.category in categories):
            return rule.tier
    return max((rule.tier + 1 for rule in rules), default=0)
