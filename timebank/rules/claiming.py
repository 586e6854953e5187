"""What a record of service becomes: coins, a volunteer record or honour hours, once; and what each counts for.

An hour that becomes no coins is counted as the pack counts time: by its units, tolerance and evidence. Who may earn,
ratios and caps are for coins alone.
"""

from datetime import date, timedelta
from functools import lru_cache

from timebank.rules.decision import Decision, decide
from timebank.rules.earning import counted
from timebank.rules.findings import Outcome, Service
from timebank.rules.pack import Pack, pack_in_force

COIN = "coin"
CERTIFICATE, HONOUR_LEVEL = "certificate", "honour_level"


def decide_record(service: Service) -> Decision:
    """Decide how many minutes of a service count as time, by the pack in force on the day of service."""
    return record_by(pack_in_force(service.day, service.jurisdiction), service)


@lru_cache(maxsize=4096)
def record_by(pack: Pack, service: Service) -> Decision:
    """Decide as :func:`decide_record` does, by a pack that is given."""
    minutes, findings = counted(pack, service)
    return decide("record", pack, service, Outcome(minutes, findings))


def choices(pack: Pack) -> tuple[str, ...]:
    """Return what a record can become."""
    return tuple(pack.value("record_becomes"))


def counts_for(pack: Pack, becomes: str, use: str) -> bool:
    """Tell whether a record that became something counts for a use; what a pack does not name counts for nothing."""
    return use in pack.value("record_becomes").get(becomes, ())


def last_day_to_choose(pack: Pack, day: date) -> date | None:
    """Return the last day on which the giver of a service can choose, or nothing where only its credit ends that."""
    days = pack.value("claim_days")
    return None if days is None else day + timedelta(days=days)


def waits_for_choice(pack: Pack, day: date, today: date) -> bool:
    """Tell whether a record of which nobody has said what it becomes still waits for its giver."""
    last = last_day_to_choose(pack, day)
    return last is not None and today <= last
