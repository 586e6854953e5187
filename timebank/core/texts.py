"""Texts that people of the district see: one catalogue, zh-CN first and English.

The catalogue is the TOML files of ``timebank/core/messages``; each key has ``zh`` and ``en``. A key of a
refusal is the name of its class, and its placeholders are the attributes of the refusal.
"""

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Literal

from timebank.core.errors import Refusal

Locale = Literal["zh", "en"]


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """Return every text by key and locale.

    Raises
    ------
    ValueError
        When two files say the same key, or a key lacks a locale.
    """
    texts: dict[str, dict[str, str]] = {}
    folder = resources.files("timebank.core") / "messages"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".toml"):
            continue
        for key, pair in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if key in texts or set(pair) != {"zh", "en"}:
                message = f"{file.name}: the text {key!r} is doubled, or has not just 'zh' and 'en'."
                raise ValueError(message)
            texts[key] = pair
    return texts


def say(key: str, locale: Locale = "zh", **values: object) -> str:
    """Write the text of ``key`` with its placeholders filled in.

    Raises
    ------
    KeyError
        When the catalogue has no such key, or the text names a value that was not given.
    """
    return catalogue()[key][locale].format(**values)


def say_refusal(refusal: Refusal, locale: Locale = "zh") -> str:
    """Write a refusal for the person who meets it."""
    return say(refusal.code, locale, **vars(refusal))
