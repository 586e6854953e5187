"""Orders in words, for clerks: household by reference and street, whom it asks, until when, every step."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from timebank.alarms.kinds import Kind, kinds
from timebank.alarms.orders import Accounts
from timebank.core.clock import SHANGHAI
from timebank.core.texts import Locale, say


def kind_name(kind: Kind, locale: Locale) -> str:
    """Name a kind of order."""
    return kind.zh if locale == "zh" else kind.en


def order_line(row: Row[Any], locale: Locale) -> str:
    """Write an order of a list on one line."""
    kind = kinds().of(row.kind)
    street = row.area_zh if locale == "zh" else row.area_en
    household = (
        say("alarms_household", locale, ref=row.senior_ref, street=street)
        if row.device_id is not None
        else say("alarms_household_unknown", locale, code=row.heard)
    )
    return say(
        "alarms_order",
        locale,
        number=row.id,
        kind=kind_name(kind, locale),
        household=household,
        state=state_words(row, locale),
    )


def state_words(row: Row[Any], locale: Locale) -> str:
    """Say where an order stands."""
    kind = kinds().of(row.kind)
    finding = say(f"alarm_finding_{row.finding}", locale) if row.finding else ""
    outcome = say(f"alarm_outcome_{row.outcome}", locale) if row.outcome else ""
    values = {"who": who_words(kind, row.step, row.turn, locale), "finding": finding, "outcome": outcome}
    return say(f"alarms_state_{row.state}", locale, due=_moment(row.due_at), **values)


def who_words(kind: Kind, step: int, turn: int, locale: Locale) -> str:
    """Say whom a step asks."""
    who = say(f"alarm_who_{kind.steps[step].who}", locale)
    return say("alarms_turn", locale, who=who, turn=turn) if turn else who


def event_line(kind: Kind, event: Row[Any], locale: Locale) -> str:
    """Write a step of an order on one line."""
    return say(
        "alarms_event",
        locale,
        n=event.n,
        at=_moment(event.happened_at),
        event=say(f"alarm_event_{event.kind}", locale),
        who=who_words(kind, event.step, event.turn, locale),
        actor=event.actor,
    )


def ask_line(ask: Row[Any], locale: Locale) -> str:
    """Write a volunteer who can be asked on one line."""
    state = say(f"alarm_ask_{ask.state}", locale)
    return say("alarms_ask", locale, ref=ask.external_ref, turn=ask.turn, distance_m=ask.distance_m, state=state)


def account_lines(told: Accounts, locale: Locale) -> list[str]:
    """Write how all orders are accounted for."""
    opened, closed = sum(told.open_by_state.values()), sum(told.closed_by_outcome.values())
    lines = [say("alarms_total", locale, received=told.received, open=opened, closed=closed)]
    for state, count in told.open_by_state.items():
        lines.append(say("alarms_part_open", locale, state=say(f"alarm_order_{state}", locale), count=count))
    for outcome, count in told.closed_by_outcome.items():
        lines.append(say("alarms_part_closed", locale, outcome=say(f"alarm_outcome_{outcome}", locale), count=count))
    return lines


def _moment(moment: datetime | None) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if moment else "-"
