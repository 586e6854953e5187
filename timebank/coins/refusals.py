"""Refusals of what coins do."""

from typing import NamedTuple

from timebank.core.errors import Refusal
from timebank.core.texts import LOCALES, Phrase
from timebank.rules.decision import Decision
from timebank.rules.pack import Pack
from timebank.rules.told import reasons_said


class NotByRules(Refusal):
    """The rule pack in force says no; each reason with its figures and its article."""

    def __init__(self, *, kind: str, pack: str, reasons: str, rules: str, articles: str) -> None:
        self.kind, self.pack, self.reasons = kind, pack, reasons
        self.rules, self.articles = rules, articles
        super().__init__(f"No {kind} by the rules of {pack}: {reasons}")


class BalanceLeft(Refusal):
    """An account cannot be closed while there is something in it, or held of it."""

    def __init__(self, *, account_id: int, balance_min: int, held_min: int) -> None:
        self.account_id, self.balance_min, self.held_min = account_id, balance_min, held_min
        super().__init__(f"Account {account_id} still has {balance_min} minutes, {held_min} of them held.")


class BudgetSpent(Refusal):
    """A grant programme has less left than a grant needs."""

    def __init__(self, *, programme_id: int, left_min: int, amount_min: int) -> None:
        self.programme_id, self.left_min, self.amount_min = programme_id, left_min, amount_min
        super().__init__(f"Programme {programme_id} has {left_min} minutes left, not {amount_min}.")


class NotTheirs(Refusal):
    """It is for somebody else to do this, so that nobody decides for another, or about themselves."""

    def __init__(self, *, kind: str, key: str, who: str) -> None:
        self.kind, self.key, self.who = kind, key, who
        super().__init__(f"The {kind} {key} is for {who} to decide.")


class Both(NamedTuple):
    """Words in both languages."""

    zh: str
    en: str


def require_allowed(decision: Decision, pack: Pack) -> Decision:
    """Return a decision that allows; refuse by one that does not.

    Raises
    ------
    NotByRules
        With the reasons in both languages, and their articles.
    """
    if decision.allowed:
        return decision
    both = Both(*("; ".join(reasons_said(decision, pack, locale)) for locale in LOCALES))
    raise NotByRules(
        kind=Phrase(f"rules_kind_{decision.kind}"),
        pack=decision.pack,
        reasons=Phrase("coins_reasons", said=both),
        rules=", ".join(decision.reasons),
        articles="; ".join(decision.articles),
    )
