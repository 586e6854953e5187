"""What a record is worth: its coins, or its time where it becomes something else."""

from datetime import date
from typing import Any, NamedTuple

from timebank.core.settings import jurisdiction
from timebank.rules.claiming import COIN, record_by
from timebank.rules.decision import Decision, Service, earning_by
from timebank.rules.earning import counted
from timebank.rules.pack import Pack, pack_in_force
from timebank.visits.givers import Earner
from timebank.visits.records import Record


class Rules(NamedTuple):
    """The pack that holds on a day, and whose rules were asked for."""

    day: date
    jurisdiction: str
    pack: Pack


def rules_of(day: date) -> Rules:
    """Return the rules of this district on a day."""
    own = jurisdiction()
    return Rules(day, own, pack_in_force(day, own))


class Worth(NamedTuple):
    """What a record becomes, the minutes that come in and those that can only be donated, and its time of service.

    ``decision`` is ``decided`` as it is stored; ``counts`` tells whether the record becomes anything at all.
    """

    becomes: str
    minutes: int
    donate_min: int
    service_min: int
    counts: bool
    decision: dict[str, Any]
    decided: Decision


def weigh(rules: Rules, record: Record, becomes: str, service: tuple[str, int, int], earner: Earner) -> Worth:
    """Weigh a record by the rules of its day."""
    case, pack = case_of(rules, record, service, earner), rules.pack
    if becomes == COIN:
        decided = earning_by(pack, case)
        minutes, donate_min = decided.minutes, decided.donate_min
    else:
        decided, minutes, donate_min = record_by(pack, case), 0, 0
    time_min, _ = counted(pack, case)
    return Worth(becomes, minutes, donate_min, time_min, decided.allowed, decided.to_json(), decided)


def case_of(rules: Rules, record: Record, service: tuple[str, int, int], earner: Earner) -> Service:
    """Return the case that rules decide on, with everything that they ask for."""
    code, numerator, denominator = service
    known: dict[str, Any] = earner.facts | earner.sums
    return Service(
        day=rules.day,
        planned_min=record.planned_min,
        served_min=record.served_min,
        evidence=record.evidence,
        earn_numerator=numerator,
        earn_denominator=denominator,
        service=code,
        is_group=record.group_id > 0,
        jurisdiction=rules.jurisdiction,
        **known,
    )
