"""The categories are those of the district's published table, named in both languages."""

from timebank.demo.published import category_counts
from timebank.people.categories import CATEGORIES


def test_categories_are_the_published_ones() -> None:
    """A category that the district does not publish could be compared with nothing."""
    assert set(CATEGORIES) == set(category_counts(1))


def test_categories_are_told_apart_in_both_languages() -> None:
    """Two that read alike would be counted as one."""
    assert len({category.name_zh for category in CATEGORIES.values()}) == len(CATEGORIES)
    assert len({category.name_en for category in CATEGORIES.values()}) == len(CATEGORIES)
    assert all(category.name_zh and category.name_en for category in CATEGORIES.values())
