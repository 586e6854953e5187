"""Categories of special hardship that seniors are registered under; a person can be in several.

Source: the district's published table of 2025.
"""

from typing import NamedTuple


class Category(NamedTuple):
    """Names of a category."""

    name_zh: str
    name_en: str


CATEGORIES: dict[str, Category] = {
    "living_alone": Category("独居老年人", "Living alone"),
    "living_alone_advanced_age": Category("高龄独居", "Advanced age, alone"),
    "couple_only_advanced_age": Category("高龄纯老", "Advanced-age couple"),
    "childless": Category("孤老", "Childless"),
    "severe_functional_impairment": Category("重度失能", "Severe impairment"),
    "severe_registered_disability": Category("重残", "Severe disability"),
    "family_planning_special": Category("计划生育特殊家庭", "Family-planning special"),
    "other_special_hardship": Category("其他特殊困难", "Other hardship"),
    "low_income": Category("低保家庭", "Low income"),
}
