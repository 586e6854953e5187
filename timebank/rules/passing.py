"""Coins that pass on in other ways: gifts taken back, families, the pool's aid, other districts, estates."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from timebank.core.settings import jurisdiction
from timebank.rules.decision import Decision, decide
from timebank.rules.findings import Case, Finding, Outcome, found, refused, unknown
from timebank.rules.known import CIRCLES
from timebank.rules.pack import pack_in_force
from timebank.rules.spending import short


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing(Case):
    """A gift that was accepted on a day, and that its giver wants back."""

    day: date
    accepted_on: date
    minutes: int
    jurisdiction: str = field(default_factory=jurisdiction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing(Case):
    """A member who joins a family account (0 minutes), or puts minutes into it.

    ``relation`` is what the member is to the head; the head has none.
    """

    day: date
    relation: str | None = None
    minutes: int = 0
    available_min: int = 0
    jurisdiction: str = field(default_factory=jurisdiction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting(Case):
    """A member who leaves a family account, what they put in, and what all who belong to it put in."""

    day: date
    available_min: int
    put_in_min: int
    put_in_total_min: int
    jurisdiction: str = field(default_factory=jurisdiction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aid(Case):
    """Coins of the pool that are to be given to a person; ``given_in_year_min`` they had in this calendar year."""

    day: date
    minutes: int
    available_min: int
    given_in_year_min: int = 0
    in_hardship: bool | None = None
    jurisdiction: str = field(default_factory=jurisdiction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move(Case):
    """Coins that a person takes along to the book of another district; ``has_moved`` says that their home is there."""

    day: date
    minutes: int
    available_min: int
    has_moved: bool | None = None
    jurisdiction: str = field(default_factory=jurisdiction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inheritance(Case):
    """Coins of one who has died, for an heir (``relation`` is what the heir is to them) or for the pool.

    ``heirs`` is how many heirs within the pack's circle are confirmed.
    """

    day: date
    minutes: int
    is_heir: bool
    heirs: int
    relation: str | None = None
    jurisdiction: str = field(default_factory=jurisdiction)


def decide_undoing(undoing: Undoing) -> Decision:
    """Decide whether a gift that was accepted can be taken back, by the pack in force on the day it is asked."""
    pack = pack_in_force(undoing.day, undoing.jurisdiction)
    days = pack.value("gift_undo_days")
    if days is None:
        bars = [found("gift_undo_days", "gift_stays")]
    elif undoing.day >= undoing.accepted_on + timedelta(days=days):
        last = undoing.accepted_on + timedelta(days=days - 1)
        bars = [found("gift_undo_days", "undo_late", days=days, last=last.isoformat())]
    else:
        bars = []
    within = found("gift_undo_days", "undo_in_time", days=days or 0)
    return decide("undo", pack, undoing, refused(bars) if bars else Outcome(undoing.minutes, [within]))


def decide_sharing(sharing: Sharing) -> Decision:
    """Decide whether somebody may join a family account (0 minutes), or put minutes into it."""
    pack = pack_in_force(sharing.day, sharing.jurisdiction)
    circle = pack.value("family_circle")
    in_circle = found("family_circle", f"family_{circle}")
    is_barred = circle == "none" or (sharing.relation is not None and sharing.relation not in CIRCLES[circle])
    bars = [in_circle] if is_barred else []
    if not sharing.minutes:
        return decide("family", pack, sharing, refused(bars), moves=False)
    bars += short(sharing.minutes, sharing.available_min)
    return decide("family", pack, sharing, refused(bars) if bars else Outcome(sharing.minutes, [in_circle]))


def decide_parting(parting: Parting) -> Decision:
    """Decide what a member takes along: their part of what can be spent, in proportion of what was put in.

    It is rounded down; who has put nothing in takes nothing.
    """
    pack = pack_in_force(parting.day, parting.jurisdiction)
    put_in, total = parting.put_in_min, parting.put_in_total_min
    part = parting.available_min * put_in // total if total else 0
    taken = found("family_circle", "part_taken", put_in=put_in, total=total)
    return decide("family", pack, parting, Outcome(part, [taken]))


def decide_aid(aid: Aid) -> Decision:
    """Decide whether a person is given coins of the pool."""
    pack = pack_in_force(aid.day, aid.jurisdiction)
    most, before = pack.value("pool_year_min"), aid.given_in_year_min
    bars: list[Finding] = []
    if pack.value("pool_hardship_only") and not aid.in_hardship:
        rule = "pool_hardship_only"
        bars.append(unknown(rule, "in_hardship") if aid.in_hardship is None else found(rule, "no_hardship"))
    if most is not None and before + aid.minutes > most:
        bars.append(found("pool_year_min", "over_year", most=most, before=before))
    bars += short(aid.minutes, aid.available_min)
    given = found("pool_hardship_only", "aid_given", amount=aid.minutes)
    return decide("aid", pack, aid, refused(bars) if bars else Outcome(aid.minutes, [given]))


def decide_moving(move: Move) -> Decision:
    """Decide whether a person may take coins to the book of another district."""
    pack = pack_in_force(move.day, move.jurisdiction)
    moving = pack.value("moving")
    bars: list[Finding] = []
    if moving == "none":
        bars.append(found("moving", "no_moving"))
    elif moving == "with_home" and not move.has_moved:
        bars.append(unknown("moving", "has_moved") if move.has_moved is None else found("moving", "home_stays"))
    bars += short(move.minutes, move.available_min)
    return decide("move", pack, move, refused(bars) if bars else Outcome(move.minutes, [found("moving", "may_move")]))


def decide_inheritance(inheritance: Inheritance) -> Decision:
    """Decide whether coins of one who has died go to an heir, or to the pool."""
    pack = pack_in_force(inheritance.day, inheritance.jurisdiction)
    to, circle = pack.value("estate_to"), pack.value("estate_circle")
    bars: list[Finding] = []
    if inheritance.is_heir and to == "pool":
        bars.append(found("estate_to", "estate_to_pool"))
    elif inheritance.is_heir and inheritance.relation is None:
        bars.append(unknown("estate_circle", "relation"))
    elif inheritance.is_heir and inheritance.relation not in CIRCLES[circle]:
        bars.append(found("estate_circle", f"estate_{circle}"))
    elif not inheritance.is_heir and (to == "heirs" or (to == "heirs_or_pool" and inheritance.heirs)):
        bars.append(found("estate_to", "estate_to_heirs", heirs=inheritance.heirs))
    passed = found("estate_to", "estate_passes", amount=inheritance.minutes)
    return decide("inherit", pack, inheritance, refused(bars) if bars else Outcome(inheritance.minutes, [passed]))


def heir_circle(day: date, place: str = "") -> tuple[str, ...]:
    """Return the relations that make an heir by the pack of a day; none where all goes to the pool."""
    pack = pack_in_force(day, place)
    return () if pack.value("estate_to") == "pool" else CIRCLES[pack.value("estate_circle")]
