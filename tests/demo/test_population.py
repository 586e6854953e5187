"""The synthetic district has the published counts, inside the real outline, and a seed makes it again."""

from datetime import date

import numpy as np
import pytest

from timebank.core.places import is_in_district
from timebank.demo.population import People, Population, make_population
from timebank.demo.published import subdistricts

TODAY = date(2026, 3, 2)
PUBLISHED = {
    "living_alone": 24052,
    "living_alone_advanced_age": 8195,
    "couple_only_advanced_age": 8772,
    "childless": 2474,
    "severe_functional_impairment": 7248,
    "severe_registered_disability": 9331,
    "family_planning_special": 1072,
    "other_special_hardship": 1172,
    "low_income": 1000,
}
METRE_DEG = 1 / 111_000


@pytest.fixture(scope="module")
def whole() -> Population:
    """The whole district of one seed."""
    return make_population(seed=2025, scale=1, today=TODAY)


@pytest.fixture(scope="module")
def parts() -> dict[str, Population]:
    """A small district, the same again, and one of another seed."""
    seeds = {"first": 1, "again": 1, "other": 2}
    return {name: make_population(seed=seed, scale=0.02, today=TODAY) for name, seed in seeds.items()}


def _age(born_on: date) -> int:
    return TODAY.year - born_on.year - ((TODAY.month, TODAY.day) < (born_on.month, born_on.day))


def _ages(people: People) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.array([_age(born_on) for born_on in people.born_on])


def test_categories_hold_the_published_counts(whole: Population) -> None:
    """A district that is off by one senior is not the published one; nobody is counted twice in a category."""
    counts = {category: len(np.unique(members)) for category, members in whole.members_by_category.items()}

    assert counts == PUBLISHED
    assert len(whole.seniors) == 36_000


def test_everybody_is_in_a_category(whole: Population) -> None:
    """The registry is of seniors in special hardship: nobody is in it for nothing."""
    held = np.unique(np.concatenate(list(whole.members_by_category.values())))

    assert held.tolist() == list(range(36_000))


def test_programmes_hold_the_published_counts(whole: Population) -> None:
    """12,500 greetings, 647 weekly visits, 2,433 old partners; baths and trips as many as 28 days of 2025 had."""
    needs = {service: len(np.unique(members)) for service, members in whole.seniors_by_service.items()}

    assert needs == {"greeting": 12_500, "door_visit": 647, "bath": 170, "trip": 42}
    assert len(whole.old_partners) == 2433


@pytest.mark.parametrize(
    ("service", "category"),
    [
        ("greeting", "living_alone"),
        ("door_visit", "childless"),
        ("bath", "severe_functional_impairment"),
        ("trip", "severe_registered_disability"),
    ],
)
def test_needs_belong_to_their_category(whole: Population, service: str, category: str) -> None:
    """A weekly visit is for the childless, a bath for the impaired; else projects would refuse them."""
    needing, entitled = whole.seniors_by_service[service], whole.members_by_category[category]

    assert np.isin(needing, entitled).all()


@pytest.mark.parametrize("category", ["living_alone_advanced_age", "couple_only_advanced_age"])
def test_advanced_age_is_eighty_or_more(whole: Population, category: str) -> None:
    """A birth that contradicts the category would be the first thing an official sees."""
    ages = _ages(whole.seniors)

    assert ages[whole.members_by_category[category]].min() >= 80
    assert ages.min() >= 60


def test_everybody_lives_inside_the_outline(whole: Population) -> None:
    """A home in the next district would be another district's."""
    homes = np.concatenate((whole.seniors.homes_deg, whole.old_partners.homes_deg, whole.door_visitors.homes_deg))

    outside = [home for home in homes.tolist() if not is_in_district(*home)]

    assert len(homes) > 38_000
    assert outside == []


def test_homes_cluster_in_compounds(whole: Population) -> None:
    """Seniors live in compounds of some dozens, each within a few minutes of its middle."""
    compounds, people = whole.compounds, whole.seniors
    away_deg = np.abs(people.homes_deg - compounds.middles_deg[people.compounds]).max(axis=1)
    apart_deg = np.abs(compounds.middles_deg[:, None] - compounds.middles_deg[None]).max(axis=2)

    assert len(compounds.subdistricts) == 840
    assert np.quantile(away_deg, 0.99) < 250 * METRE_DEG
    assert np.median(apart_deg) > 1500 * METRE_DEG
    assert 20 < np.median(np.bincount(people.compounds)) < 80


def test_compounds_lie_in_the_nearest_of_ten_subdistricts(whole: Population) -> None:
    """The map draws a sub-district as what is nearest to its middle, so its seniors must live there."""
    middles = np.array([(area.lat_deg, area.lon_deg) for area in subdistricts()])
    away = ((whole.compounds.middles_deg[:, None] - middles[None]) ** 2).sum(axis=2)

    assert np.argmin(away, axis=1).tolist() == whole.compounds.subdistricts.tolist()
    assert len(set(whole.compounds.subdistricts.tolist())) == 10


def test_a_seed_makes_the_same_district_again(parts: dict[str, Population]) -> None:
    """Whoever reports a fault gives the seed, and another sees the same people in the same order."""
    first, again = parts["first"], parts["again"]

    assert first.seniors.homes_deg.tolist() == again.seniors.homes_deg.tolist()
    assert first.seniors.born_on == again.seniors.born_on
    assert [(key, each.tolist()) for key, each in first.members_by_category.items()] == [
        (key, each.tolist()) for key, each in again.members_by_category.items()
    ]


def test_another_seed_makes_another_district(parts: dict[str, Population]) -> None:
    """A result that holds for one seed alone is luck."""
    first, other = parts["first"], parts["other"]

    assert first.seniors.homes_deg.tolist() != other.seniors.homes_deg.tolist()
    assert first.seniors.born_on != other.seniors.born_on
    assert first.seniors_by_service["greeting"].tolist() != other.seniors_by_service["greeting"].tolist()
