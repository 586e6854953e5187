"""Tables of a problem: needs, volunteers, slots, and what changes with the days.

Days are counted from the first day of the horizon, minutes from midnight, windows and spans of days are
half-open, places are WGS-84 degrees. Bit sets are 64 wide, so a problem has at most 64 skills, 64 languages
and 64 traits. A trait is anything a rule can turn on without code: pets, stairs, smoking, a health
certificate.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from matching.columns import Bits, Columns, Floats, Ints, optional

MOST_SKILLS = 64
MOST_PENALTY = 100_000_000
"""Largest penalty of one need, in metres: the flow's costs stay far below 1e9."""
MOST_TIERS = 8
MOST_COUNT = 366
"""Largest count of a frequency: nobody is visited more often than daily, nor less than once a year."""
EVERY_AREA, EVERY_SKILL = 0, -1
"""In a suspension: all areas, all skills."""


class Gender(IntEnum):
    """Gender of a volunteer, or the wish of a senior; ``ANY`` is no wish, or not stated."""

    ANY = 0
    FEMALE = 1
    MALE = 2


class ServedBy(IntEnum):
    """Who meets a need: a volunteer who comes, or a slot of a shared resource."""

    VOLUNTEER = 0
    SLOT = 1


class FrequencyKind(IntEnum):
    """How often a need is served; the count of each is said in its comment."""

    EVERY_N_DAYS = 1  # count: days from one visit to the next
    TIMES_PER_WEEK = 2  # count: visits in each week of the horizon
    TIMES_PER_MONTH = 3  # count: visits in 30 days
    ONCE = 4  # count: 1


class MakeUp(IntEnum):
    """What becomes of a visit that falls on a suspended day."""

    DROP = 0  # it is not held
    LATER = 1  # it is held on the first allowed day after the suspension
    EARLIER = 2  # it is held on the last allowed day before the suspension


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs(Columns):
    """Columns of n needs; a need is one service for one senior at one frequency."""

    ids: Ints
    senior_ids: Ints
    lats_deg: Floats
    lons_deg: Floats
    areas: Ints  # area the senior lives in, any number; shortage is counted by it
    skills: Ints  # number of the one skill it takes, 0..63
    served_by: Ints  # ServedBy
    languages: Bits  # bit set of languages that will do; 0 is any
    genders: Ints  # Gender wished
    weekdays: Ints  # bit set of days that will do, bit 0 is Monday
    window_starts_min: Ints  # a visit begins at or after this minute of the day
    window_ends_min: Ints  # a visit ends at or before this minute of the day
    durations_min: Ints  # length of one visit
    frequency_kinds: Ints  # FrequencyKind
    frequency_counts: Ints
    first_days: Ints  # first day it may be served, counted in the horizon
    last_days: Ints  # first day it may no longer be served (half-open)
    penalties: Ints  # cost of leaving one occurrence of it unmet, in metres
    tiers: Ints = optional()  # strict priority, 0 is first: no gain of a later tier costs an earlier one a need
    traits: Bits = optional()  # what a volunteer meets there: pets, stairs, smoking
    refuses: Bits = optional()  # traits of a volunteer that will not do
    requires: Bits = optional()  # traits a volunteer must have
    helpers: Ints = optional(1)  # volunteers who come together to one visit, 1 to 3
    least_gap_days: Ints = optional()  # least days from one visit to the next; 0 is the frequency's own
    preferred_weekdays: Ints = optional()  # bit set of regular days, kept where it can be; 0 is no preference
    also_skills: Bits = optional()  # further skills, each from a slot of its own at the same time
    wheelchairs: Ints = optional()  # wheelchair places it takes in a slot, 0 or 1
    is_series: Ints = optional()  # 1: every visit keeps the same resource, weekday and time
    waiting_days: Ints = optional()  # days since it was last served

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        ValueError
            Naming column, row and value, and what would be right.
        """
        self.settle()
        self.check_ids(self.ids)
        self.check_places(self.lats_deg, self.lons_deg)
        self.check_window("window_starts_min", "window_ends_min")
        out = (self.skills < 0) | (self.skills >= MOST_SKILLS)
        costly = (self.penalties < 1) | (self.penalties > MOST_PENALTY)
        uncounted = (self.frequency_counts < 1) | (self.frequency_counts > MOST_COUNT)
        self.check(
            ("skills", out, "skills are numbered 0 to 63"),
            ("served_by", ~np.isin(self.served_by, list(ServedBy)), "it is a ServedBy"),
            ("genders", ~np.isin(self.genders, list(Gender)), "it is a Gender"),
            ("weekdays", (self.weekdays < 1) | (self.weekdays > 127), "it is a set of 1 to 7 days"),
            ("durations_min", self.durations_min < 1, "a visit takes at least a minute"),
            ("frequency_kinds", ~np.isin(self.frequency_kinds, list(FrequencyKind)), "it is a FrequencyKind"),
            ("frequency_counts", uncounted, f"a count is 1 to {MOST_COUNT}"),
            ("last_days", self.last_days <= self.first_days, "the days end after they start"),
            ("penalties", costly, f"a penalty lies between 1 and {MOST_PENALTY} metres"),
            ("tiers", (self.tiers < 0) | (self.tiers >= MOST_TIERS), f"tiers are numbered 0 to {MOST_TIERS - 1}"),
            ("helpers", (self.helpers < 1) | (self.helpers > 3), "1 to 3 volunteers come together"),
            ("least_gap_days", self.least_gap_days < 0, "it is 0 or more"),
            ("preferred_weekdays", (self.preferred_weekdays & ~np.int64(127)) != 0, "it is a set of up to 7 days"),
            ("wheelchairs", ~np.isin(self.wheelchairs, (0, 1)), "it is 0 or 1"),
            ("is_series", ~np.isin(self.is_series, (0, 1)), "it is 0 or 1"),
            ("waiting_days", self.waiting_days < 0, "it is 0 or more"),
        )

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volunteers(Columns):
    """Columns of m volunteers."""

    ids: Ints
    lats_deg: Floats
    lons_deg: Floats
    areas: Ints
    skills: Bits  # bit set of skills
    languages: Bits  # bit set of languages spoken
    genders: Ints  # Gender
    weekdays: Ints  # bit set of days available, bit 0 is Monday
    window_starts_min: Ints  # available from this minute of the day
    window_ends_min: Ints  # available until this minute of the day
    max_needs: Ints  # how many needs at once
    weekly_caps_min: Ints  # minutes of service (and of travel, where it counts) in each week of the horizon
    traits: Bits = optional()
    refuses: Bits = optional()  # traits of a home that will not do

    def __post_init__(self) -> None:
        """Refuse what cannot be; see :class:`Needs`."""
        self.settle()
        self.check_ids(self.ids)
        self.check_places(self.lats_deg, self.lons_deg)
        self.check_window("window_starts_min", "window_ends_min")
        self.check(
            ("genders", ~np.isin(self.genders, list(Gender)), "it is a Gender"),
            ("weekdays", (self.weekdays < 0) | (self.weekdays > 127), "it is a set of up to 7 days"),
            ("max_needs", self.max_needs < 0, "it is 0 or more"),
            ("weekly_caps_min", self.weekly_caps_min < 0, "it is 0 or more"),
        )

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots(Columns):
    """Columns of s dated slots of shared resources: bath sessions, vehicle trips."""

    ids: Ints
    resource_ids: Ints
    lats_deg: Floats
    lons_deg: Floats
    skills: Ints  # number of the skill it offers
    days: Ints  # day of the horizon
    starts_min: Ints
    ends_min: Ints
    places: Ints  # seniors it can take
    wheelchairs: Ints = optional()  # of these, places for a wheelchair
    costs_cents: Ints = optional()  # what one place costs its budget
    budget_ids: Ints = optional()  # budget that pays for it; 0 is none

    def __post_init__(self) -> None:
        """Refuse what cannot be; see :class:`Needs`."""
        self.settle()
        self.check_ids(self.ids)
        self.check_places(self.lats_deg, self.lons_deg)
        self.check_window("starts_min", "ends_min")
        self.check(
            ("skills", (self.skills < 0) | (self.skills >= MOST_SKILLS), "skills are numbered 0 to 63"),
            ("days", self.days < 0, "a day is counted from 0"),
            ("places", self.places < 0, "places are 0 or more"),
            ("wheelchairs", (self.wheelchairs < 0) | (self.wheelchairs > self.places), "it is 0 to the places"),
            ("costs_cents", self.costs_cents < 0, "it is 0 or more"),
        )

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Absences(Columns):
    """Spans of days on which a volunteer or a senior is away; ``person_ids`` are ids of either table's people."""

    person_ids: Ints
    first_days: Ints
    last_days: Ints  # first day they are back (half-open)

    def __post_init__(self) -> None:
        """Refuse what cannot be; see :class:`Needs`."""
        self.settle()
        self.check(("last_days", self.last_days <= self.first_days, "the days end after they start"))

    def __len__(self) -> int:
        return len(self.person_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seasons(Columns):
    """Frequencies that hold for a span of days instead of the need's own: twice a week in heat and cold."""

    need_ids: Ints
    first_days: Ints
    last_days: Ints
    frequency_kinds: Ints
    frequency_counts: Ints

    def __post_init__(self) -> None:
        """Refuse what cannot be; see :class:`Needs`."""
        self.settle()
        uncounted = (self.frequency_counts < 1) | (self.frequency_counts > MOST_COUNT)
        self.check(
            ("last_days", self.last_days <= self.first_days, "the days end after they start"),
            ("frequency_kinds", ~np.isin(self.frequency_kinds, list(FrequencyKind)), "it is a FrequencyKind"),
            ("frequency_counts", uncounted, f"a count is 1 to {MOST_COUNT}"),
        )

    def __len__(self) -> int:
        return len(self.need_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspensions(Columns):
    """Days on which visits are suspended (holidays, heat, typhoon), by area and skill, and what is made up."""

    days: Ints
    areas: Ints = optional(EVERY_AREA)
    skills: Ints = optional(EVERY_SKILL)
    make_ups: Ints = optional(MakeUp.DROP)

    def __post_init__(self) -> None:
        """Refuse what cannot be; see :class:`Needs`."""
        self.settle()
        wrong = (self.skills < EVERY_SKILL) | (self.skills >= MOST_SKILLS)
        self.check(
            ("days", self.days < 0, "a day is counted from 0"),
            ("skills", wrong, "skills are numbered 0 to 63, -1 is all"),
            ("make_ups", ~np.isin(self.make_ups, list(MakeUp)), "it is a MakeUp"),
        )

    def __len__(self) -> int:
        return len(self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets(Columns):
    """Money that slots are paid from, in cents."""

    ids: Ints
    cents: Ints

    def __post_init__(self) -> None:
        """Refuse what cannot be; see :class:`Needs`."""
        self.settle()
        self.check_ids(self.ids)
        self.check(("cents", self.cents < 0, "a budget is 0 or more"))

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Regulars(Columns):
    """Standing series of the plan before: which resource, weekday and time a need keeps where it can."""

    need_ids: Ints
    resource_ids: Ints
    weekdays: Ints  # 0 is Monday
    starts_min: Ints

    def __post_init__(self) -> None:
        """Refuse what cannot be; see :class:`Needs`."""
        self.settle()
        self.check(("weekdays", (self.weekdays < 0) | (self.weekdays > 6), "weekdays are numbered 0 to 6"))

    def __len__(self) -> int:
        return len(self.need_ids)
