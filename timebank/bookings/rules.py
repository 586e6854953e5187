"""How places of a service are asked for: rows with a day from which they hold, and what holds without one."""

import tomllib
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import lru_cache
from importlib import resources

from sqlmodel import Session, col, select

from timebank.bookings.tables import BookingRule
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.needs.tables import Service

MOST_DAYS, MOST_WEEKS = 366, 26
DECIDES = ("at_once", "round")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How places of a service are asked for; see :class:`timebank.bookings.tables.BookingRule`."""

    notice_days: int
    ahead_days: int
    list_notice_days: int
    cancel_days: int
    series_weeks: int
    decides: str


@lru_cache(maxsize=1)
def standard_terms() -> dict[str, Terms]:
    """Return what holds where a district has said nothing, by service."""
    text = (resources.files("timebank.bookings") / "rules.toml").read_text(encoding="utf-8")
    return {service: Terms(**values) for service, values in tomllib.loads(text).items()}


def terms_on(session: Session, service: Service, day: date) -> Terms:
    """Return how places of a service are asked for on a day; a service of a district's own is asked for as a trip."""
    wanted = select(BookingRule).where(BookingRule.service_id == service.id, col(BookingRule.from_day) <= day)
    row = session.exec(wanted.order_by(col(BookingRule.from_day).desc(), col(BookingRule.id).desc())).first()
    if row is None:
        standard = standard_terms()
        return standard.get(service.code, standard["trip"])
    return Terms(**{name: getattr(row, name) for name in Terms.__dataclass_fields__})


def set_terms(
    session: Session, service_id: int, terms: Terms, *, from_day: date, actor: str, now: datetime
) -> BookingRule:
    """Say how places of a service are asked for from a day on.

    Raises
    ------
    WrongInput
        Naming what cannot be.
    """
    for name, least, most in (
        ("notice_days", 0, MOST_DAYS - 1),
        ("ahead_days", terms.notice_days + 1, MOST_DAYS),
        ("list_notice_days", 0, MOST_DAYS),
        ("cancel_days", 0, MOST_DAYS),
        ("series_weeks", 1, MOST_WEEKS),
    ):
        value = getattr(terms, name)
        if not least <= value <= most:
            raise WrongInput(field=name, value=str(value), right=Phrase("right_range", least=least, most=most))
    if terms.decides not in DECIDES:
        right = Phrase("right_one_of", known=", ".join(DECIDES))
        raise WrongInput(field="decides", value=terms.decides[:20], right=right)
    row = BookingRule(service_id=service_id, from_day=from_day, **asdict(terms), recorded_by=actor, recorded_at=now)
    session.add(row)
    session.flush()
    return row
