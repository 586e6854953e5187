"""Figures of the books: what is saved by street and age, by kind of account, and what moved it lately."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlmodel import Session

from timebank.core.clock import day_of
from timebank.health.books import EARNED, REDEEMED, Books
from timebank.health.figures import Figure, Figures
from timebank.health.lines import EntryLines
from timebank.health.savers import EVERYWHERE, NOWHERE, Saver, Street, cohort_of, cohorts
from timebank.health.standing import Standing
from timebank.health.terms import Terms
from timebank.ledger.accounts import ACCOUNT

FLOW_WEEKS = 4
"""Weeks that the bridge from what was saved to what is saved goes back."""


def account_figures(
    session: Session,
    book_id: int,
    figures: Figures,
    savers: Sequence[Saver],
    books: Books,
    standing: Standing,
    terms: Terms,
    streets: Sequence[Street],
) -> None:
    """Add the figures that are sums of entries."""
    _saved(figures, savers, standing, terms, [*(street.code for street in streets), NOWHERE])
    _kinds(session, book_id, figures, books)
    _flows(figures, books, standing.person_by_account)
    _weeks(figures, books, standing.person_by_account, terms.window_weeks)


def _saved(figures: Figures, savers: Sequence[Saver], standing: Standing, terms: Terms, streets: Sequence[str]) -> None:
    day, cells = day_of(standing.moment), dict[tuple[str, str], list[int]]()
    for saver in savers:
        cohort = cohort_of(saver, day, terms.cohorts)
        for street in (saver.street, EVERYWHERE):
            for age in (cohort, EVERYWHERE):
                cells.setdefault((street, age), []).append(saver.account_id)
    for street in (*streets, EVERYWHERE):
        for age in (*cohorts(terms.cohorts), EVERYWHERE):
            accounts = cells.get((street, age), [])
            figures.add(saved_figure(f"saved/{street}/{age}", accounts, standing))


def saved_figure(key: str, accounts: Iterable[int], standing: Standing) -> Figure:
    """Return the figure of what some accounts have, with the entries it is the sum of."""
    listed = tuple(sorted(accounts))
    return Figure(
        key=key,
        minutes=sum(standing.saved.get(account, 0) for account in listed),
        persons=standing.persons(listed),
        lines=(EntryLines(accounts=listed, until=standing.moment),) if listed else (),
    )


def _kinds(session: Session, book_id: int, figures: Figures, books: Books) -> None:
    """Add what each kind of account has: all of them together are nothing, for every entry has its opposite."""
    balances, by_kind = books.balances(0), dict[str, list[int]]()
    wanted = select(ACCOUNT.c.kind, ACCOUNT.c.id).where(ACCOUNT.c.book_id == book_id).order_by(ACCOUNT.c.id)
    for kind, account in session.connection().execute(wanted):
        by_kind.setdefault(kind, []).append(account)
    for kind, accounts in sorted(by_kind.items()):
        figures.add(
            Figure(
                key=f"kind/{kind}",
                minutes=sum(balances.get(account, 0) for account in accounts),
                persons=sum(balances.get(account, 0) != 0 for account in accounts) if kind == "member" else None,
                lines=(EntryLines(accounts=tuple(accounts), until=books.moments[0]),),
            )
        )


def _flows(figures: Figures, books: Books, person: Mapping[int, int]) -> None:
    """Add the bridge from what members had some weeks ago to what they have: cause by cause."""
    began, until, accounts = books.moments[FLOW_WEEKS], books.moments[0], tuple(sorted(person))
    opening = {account: minutes for account, minutes in books.balances(FLOW_WEEKS).items() if account in person}
    figures.add(_stock("flow/opening", opening, person, EntryLines(accounts=accounts, until=began)))
    for cause in books.causes(range(FLOW_WEEKS)):
        everyone = books.moved(cause, range(FLOW_WEEKS))
        moved = {account: minutes for account, minutes in everyone.items() if account in person}
        if not moved:
            continue
        figures.add(
            Figure(
                key=f"flow/{cause}",
                minutes=sum(moved.values()),
                persons=len({person[account] for account in moved}),
                lines=(EntryLines(accounts=tuple(sorted(moved)), until=until, after=began, cause=cause),),
            )
        )
    closing = {account: minutes for account, minutes in books.balances(0).items() if account in person}
    figures.add(_stock("flow/closing", closing, person, EntryLines(accounts=accounts, until=until)))


def _stock(key: str, balances: Mapping[int, int], person: Mapping[int, int], lines: EntryLines) -> Figure:
    persons = len({person[account] for account, minutes in balances.items() if minutes})
    return Figure(key=key, minutes=sum(balances.values()), persons=persons, lines=(lines,))


def _weeks(figures: Figures, books: Books, person: Mapping[int, int], weeks: int) -> None:
    """Add what members earned and redeemed in each of the last weeks."""
    for what, cause, sign in (("earned", EARNED, 1), ("redeemed", REDEEMED, -1)):
        for week in range(min(weeks, len(books.moments) - 1)):
            moved = {account: minutes for account, minutes in books.moved(cause, [week]).items() if account in person}
            figures.add(
                Figure(
                    key=f"week/{what}/{week}",
                    minutes=sign * sum(moved.values()),
                    persons=len({person[account] for account in moved}),
                    lines=(
                        EntryLines(
                            accounts=tuple(sorted(moved)),
                            until=books.moments[week],
                            after=books.moments[week + 1],
                            cause=cause,
                            sign=sign,
                        ),
                    ),
                )
            )
