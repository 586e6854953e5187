"""Texts that people of the district see: one catalogue, zh-CN first and English.

The catalogue is the TOML files of ``timebank/core/messages``; each key has ``zh`` and ``en``. A key of a
refusal is the name of its class, and its placeholders are the attributes of the refusal.
"""

import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from typing import Literal, Self

from timebank.core.errors import PersonalDataUnreadable, Refusal

Locale = Literal["zh", "en"]
LOCALES: tuple[Locale, Locale] = ("zh", "en")
"""Both languages, the district's own first."""


class Phrase(str):
    """A part of a refusal that is said in either language, such as what would be right; as a text it is English."""

    __slots__ = ("key", "values")
    key: str
    values: dict[str, object]

    def __new__(cls, key: str, /, **values: object) -> Self:
        """Take the text of ``key`` with its placeholders filled in."""
        phrase = super().__new__(cls, say(key, "en", **values))
        phrase.key, phrase.values = key, values
        return phrase


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """Return every text by key and locale."""
    folder = resources.files("timebank.core") / "messages"
    pages = sorted((page for page in folder.iterdir() if page.name.endswith(".toml")), key=lambda page: page.name)
    return gather((page.name, page.read_text(encoding="utf-8")) for page in pages)


def gather(pages: Iterable[tuple[str, str]]) -> dict[str, dict[str, str]]:
    """Read pages of the catalogue, each with its name, into one.

    Raises
    ------
    ValueError
        When two pages say the same key, or a key lacks a locale.
    """
    texts: dict[str, dict[str, str]] = {}
    for name, page in pages:
        for key, pair in tomllib.loads(page).items():
            if key in texts or set(pair) != {"zh", "en"}:
                message = f"{name}: the text {key!r} is doubled, or has not just 'zh' and 'en'."
                raise ValueError(message)
            texts[key] = pair
    return texts


def say(key: str, locale: Locale = "zh", /, **values: object) -> str:
    """Write the text of ``key`` with its placeholders filled in.

    Raises
    ------
    KeyError
        When the catalogue has no such key, or the text names a value that was not given.
    """
    return catalogue()[key][locale].format(**values)


def say_refusal(refusal: Refusal | PersonalDataUnreadable, locale: Locale = "zh") -> str:
    """Write a refusal, or why a field does not open, for the person who meets it; the words inside it too."""
    parts = {name: _worded(name, value, locale) for name, value in vars(refusal).items()}
    return say(type(refusal).__name__, locale, **parts)


def _worded(name: str, value: object, locale: Locale) -> object:
    """Say a phrase in the language, a code (``kind`` plan) by its word (``kind_plan``) if it has one, else as it is."""
    if isinstance(value, Phrase):
        return say(value.key, locale, **{part: _worded(part, said, locale) for part, said in value.values.items()})
    word = catalogue().get(f"{name}_{value}")
    return word[locale] if word else value
