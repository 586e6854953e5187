"""The district's published figures of 2025, read from the data file beside this module."""

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple

from timebank.people.categories import CATEGORIES


class Subdistrict(NamedTuple):
    """A sub-district: names, middle (WGS-84, to about 500 m), and its assumed share of the seniors."""

    name_zh: str
    name_en: str
    lat_deg: float
    lon_deg: float
    share: float


@lru_cache(maxsize=1)
def published() -> dict[str, Any]:
    """Return the file as it is."""
    text = (resources.files("timebank.demo") / "data" / "putuo_2025.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def subdistricts() -> tuple[Subdistrict, ...]:
    """Return the ten sub-districts."""
    return tuple(Subdistrict(*row) for row in published()["subdistricts"]["rows"])


def category_counts(scale: float) -> dict[str, int]:
    """Return seniors by category, as published at scale 1."""
    return {key: round(published()["seniors"][key] * scale) for key in CATEGORIES}
