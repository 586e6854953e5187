"""Who lives in the synthetic district: seniors with categories whose counts are the published ones exactly.

Columns only, no database. Everybody is in at least one category: those who live alone, advanced-age couples,
and a rest who live with family and are severely disabled.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from timebank.demo.places import Compounds, choose_compounds, make_compounds, settle
from timebank.demo.published import category_counts, published, subdistricts

SENIORS = 36_000
"""About as many seniors as the published categories hold, for a person can be in several."""
ADVANCED_AGE = 80
FEMALE_SHARE = 0.58
SHANGHAINESE_WISH, GENDER_WISH = 0.06, 0.03
BATHS, TRIPS = 170, 42
"""Needs of 28 days; published are 1,971 baths and 442 trips a year, so about 151 and 34."""
FEWEST_BATHS, FEWEST_TRIPS = 8, 6
"""A small district still has a few of each, so that its projects have something to decide."""
DOOR_VISITORS = 350
SCARCE = {"Taopu": 0.62, "Changfeng Xincun": 0.85}
"""Share of the volunteers that these sub-districts have, beside their share of seniors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Columns of people: birth, gender, home, compound; shape (n,) each, homes (n, 2) degrees."""

    born_on: list[date]
    females: NDArray[np.bool_]
    homes_deg: NDArray[np.float64]
    compounds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.born_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The whole district: seniors with categories and programmes (positions), and volunteers by programme."""

    compounds: Compounds
    seniors: People
    members_by_category: dict[str, NDArray[np.int64]]
    seniors_by_service: dict[str, NDArray[np.int64]]
    old_partners: People
    door_visitors: People


def make_population(*, seed: int, scale: float, today: date) -> Population:
    """Make the district of a seed; ``scale`` 1 has the published counts, less is a part of it."""
    random = np.random.default_rng(seed)
    compounds = make_compounds(random, committees_each=max(2, round(28 * min(1.0, scale * 4))))
    shares = np.array([area.share for area in subdistricts()])
    scarce = shares * np.array([SCARCE.get(area.name_en, 1.0) for area in subdistricts()])
    counts = category_counts(scale)
    seniors = max(round(SENIORS * scale), counts["living_alone"] + counts["couple_only_advanced_age"])
    members = _categories(random, seniors, counts)
    ages = _ages(random, seniors, members)
    programmes = published()["programmes"]
    partners = max(1, round(programmes["old_partner"]["volunteers"] * scale))
    visitors = max(1, round(DOOR_VISITORS * scale))
    return Population(
        compounds=compounds,
        seniors=_people(random, compounds, ages, shares, today),
        members_by_category=members,
        seniors_by_service=_programmes(random, members, ages, scale),
        old_partners=_people(random, compounds, random.integers(50, 76, partners), scarce, today),
        door_visitors=_people(random, compounds, random.integers(25, 71, visitors), shares, today),
    )


def _categories(random: np.random.Generator, seniors: int, counts: dict[str, int]) -> dict[str, NDArray[np.int64]]:
    """Seniors of each category: first those who live alone, then couples, then those with family."""
    alone, couples = counts["living_alone"], counts["couple_only_advanced_age"]
    family = np.arange(alone + couples, seniors)
    disabled = counts["severe_registered_disability"] - len(family)
    members = {
        "living_alone": np.arange(alone),
        "living_alone_advanced_age": np.arange(counts["living_alone_advanced_age"]),
        "couple_only_advanced_age": np.arange(alone, alone + couples),
        "childless": random.choice(alone, counts["childless"], replace=False),
        "severe_registered_disability": np.concatenate(
            (family, random.choice(alone + couples, disabled, replace=False))
        ),
    }
    for category in ("severe_functional_impairment", "family_planning_special", "other_special_hardship", "low_income"):
        members[category] = random.choice(seniors, counts[category], replace=False)
    return {category: np.sort(each) for category, each in members.items()}


def _ages(random: np.random.Generator, seniors: int, members: dict[str, NDArray[np.int64]]) -> NDArray[np.int64]:
    """Ages that agree with the categories: advanced age is 80 or more, the others alone are younger."""
    ages = random.integers(60, 96, seniors)
    ages[members["living_alone"]] = random.integers(60, ADVANCED_AGE, len(members["living_alone"]))
    for category in ("living_alone_advanced_age", "couple_only_advanced_age"):
        ages[members[category]] = random.integers(ADVANCED_AGE, 100, len(members[category]))
    return ages


def _programmes(
    random: np.random.Generator, members: dict[str, NDArray[np.int64]], ages: NDArray[np.int64], scale: float
) -> dict[str, NDArray[np.int64]]:
    """Who needs what: weekly visits for childless seniors, greetings for the oldest who live alone."""
    programmes = published()["programmes"]
    visited = random.choice(members["childless"], round(programmes["weekly_visit"]["seniors"] * scale), replace=False)
    alone = np.setdiff1d(members["living_alone"], visited)
    oldest = alone[np.lexsort((random.random(len(alone)), -ages[alone]))]
    impaired, disabled = members["severe_functional_impairment"], members["severe_registered_disability"]
    return {
        "greeting": np.sort(oldest[: round(programmes["old_partner"]["seniors"] * scale)]),
        "door_visit": np.sort(visited),
        "bath": np.sort(random.choice(impaired, max(FEWEST_BATHS, round(BATHS * scale)), replace=False)),
        "trip": np.sort(random.choice(disabled, max(FEWEST_TRIPS, round(TRIPS * scale)), replace=False)),
    }


def _people(
    random: np.random.Generator,
    compounds: Compounds,
    ages: NDArray[np.int64],
    shares: NDArray[np.float64],
    today: date,
) -> People:
    chosen = choose_compounds(random, compounds, len(ages), shares)
    days = random.integers(1, 365, len(ages))
    return People(
        born_on=[_birthday(today, int(age), int(day)) for age, day in zip(ages, days, strict=True)],
        females=random.random(len(ages)) < FEMALE_SHARE,
        homes_deg=settle(random, compounds, chosen),
        compounds=chosen,
    )


def _birthday(today: date, age: int, days: int) -> date:
    """A birth that makes a person just ``age`` years old today, ``days`` days after the birthday."""
    day = min(today.day, 28)  # every month has it
    return date(today.year - age, today.month, day) - timedelta(days=days % 360)
