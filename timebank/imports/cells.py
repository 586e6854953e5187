"""How cells are read: days, numbers, choices, identity numbers; each says what would be right."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from timebank.imports.columns import WIDE
from timebank.imports.faults import CellFault
from timebank.people.categories import CATEGORIES
from timebank.people.identity import read_identity

DAY = re.compile(
    r"(\d{4})(?:(\d\d)(\d\d)|\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?)(?:[T\s]\s*\d{1,2}:\d\d[:.\d]*)?",
    re.ASCII,
)
SERIAL = re.compile(r"\d{5}(\.\d+)?", re.ASCII)
"""A day as a spreadsheet counts it: from 1900 or from 1904, which the number does not say."""
LOST = re.compile(r"\d(\.\d+)?e\+?\d+", re.ASCII | re.IGNORECASE)
"""A number that a spreadsheet shortened, such as 1.1E+17: its last digits are gone."""
PHONE = re.compile(r"1\d{10}|0\d{9,11}|\d{8}", re.ASCII)
DEGREES = re.compile(r"-?\d{1,3}(\.\d{1,15})?", re.ASCII)
YUAN = re.compile(r"(\d{1,12})(?:\.(\d{1,2}))?", re.ASCII)
WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)
SPLIT = re.compile(r"[;；,，、|/\n]")
REF = re.compile(r"[\w.\-]{1,64}")
GENDERS = {"女": "female", "男": "male", "female": "female", "male": "male", "f": "female", "m": "male"}
WISHES = {"不限": "any", "any": "any"} | GENDERS
LANGUAGES = {"普通话": "zh", "上海话": "sh", "英语": "en", "zh": "zh", "sh": "sh", "en": "en"}
NONE = ("无", "没有", "none")
EARLIEST, LATEST_YEAR = date(1900, 1, 1), 2200
MOST_GUESSED = 100
"""Unknown words that are told the nearest known one; past that a file is of another kind, not of slips."""


def narrow(cell: str) -> str:
    """Return a cell with every sign of full width as a plain one."""
    return cell if cell.isascii() else cell.translate(WIDE)


def text(most: int) -> Callable[[str], str]:
    """Read a text of at most so many characters; breaks between its lines become spaces."""

    def read(cell: str) -> str:
        words = " ".join(cell.split())
        if len(words) > most:
            raise CellFault("long", most=most)
        return words

    return read


def ref(cell: str) -> str:
    """Read a number of a register: letters, digits, dots and hyphens."""
    _refuse_lost(cell)
    if not REF.fullmatch(narrow(cell)):
        raise CellFault("ref")
    return narrow(cell)


def _refuse_lost(cell: str) -> None:
    if LOST.fullmatch(cell):
        raise CellFault("lost")


def day(cell: str) -> date:
    """Read a day: 2026-01-31, 2026/1/31, 2026.1.31, 20260131, 2026年1月31日, or a date of the workbook."""
    plain = narrow(cell)
    found = DAY.fullmatch(plain)
    try:
        read = date(*(int(part) for part in found.groups() if part)) if found else None
    except ValueError:
        read = None
    if read is None or not read >= EARLIEST or read.year > LATEST_YEAR:
        raise CellFault("day_serial" if SERIAL.fullmatch(plain) else "day")
    return read


def identity(cell: str) -> str:
    """Read an identity number whose check digit fits."""
    _refuse_lost(cell)
    number = "".join(narrow(cell).split()).upper()
    try:
        read_identity(number)
    except ValueError as fault:
        raise CellFault("identity") from fault
    return number


def phone(cell: str) -> str:
    """Read a telephone number of China, as digits alone."""
    _refuse_lost(cell)
    number = re.sub(r"[\s()\-]", "", narrow(cell)).removeprefix("+86")
    if not PHONE.fullmatch(number):
        raise CellFault("phone")
    return number


def whole(least: int, most: int) -> Callable[[str], int]:
    """Read a whole number between two bounds."""

    def read(cell: str) -> int:
        plain = narrow(cell)
        if not WHOLE.fullmatch(plain) or not least <= int(plain) <= most:
            raise CellFault("whole", least=least, most=most)
        return int(plain)

    return read


def degrees(cell: str) -> float:
    """Read degrees as a decimal, from -180 to 180."""
    plain = narrow(cell)
    if not DEGREES.fullmatch(plain) or abs(float(plain)) > 180:
        raise CellFault("degrees")
    return float(plain)


def cents(cell: str) -> int:
    """Read an amount in yuan with at most two decimals, as cents."""
    found = YUAN.fullmatch(
        narrow(cell).replace(",", "").removeprefix("¥").removeprefix("￥").removesuffix("元").strip()
    )
    if not found:
        raise CellFault("yuan")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def choice(known: Mapping[str, Any]) -> Callable[[str], Any]:
    """Read one of the words of a table, whatever their case; an unknown one is told the nearest, or some of the table.

    The first word of each value is the one that is told.
    """
    word_by_lower = {word.lower(): word for word in known}
    first_words = {repr(value): word for word, value in reversed(list(known.items()))}
    told = list(reversed(first_words.values()))
    guessed: dict[str, str] = {}

    def read(cell: str) -> Any:
        word = narrow(cell).strip().lower()
        if word in word_by_lower:
            return known[word_by_lower[word]]
        if not known:
            raise CellFault("choice_none")
        if word not in guessed and len(guessed) < MOST_GUESSED:
            guessed[word] = next(iter(get_close_matches(word, list(word_by_lower), n=1)), "")
        if near := guessed.get(word):
            raise CellFault("choice_near", near=word_by_lower[near])
        raise CellFault("choice", known="、".join(told[:8]) + ("…" if len(told) > 8 else ""))

    return read


def several(known: Mapping[str, Any]) -> Callable[[str], tuple[Any, ...]]:
    """Read words of a table, separated by ; or 、 or a comma or a new line."""
    one = choice(known)
    return lru_cache(maxsize=MOST_GUESSED)(
        lambda cell: tuple(sorted({one(part) for part in SPLIT.split(cell) if part.strip()}))
    )


def or_none(read: Callable[[str], Any], nothing: Any = None) -> Callable[[str], Any]:
    """Read what a cell holds, or that there is none of it: an empty cell would leave what stands."""
    return lambda cell: nothing if cell.lower() in NONE else read(cell)


def category_words() -> dict[str, str]:
    """Return the words of each category: Chinese, English and code."""
    words: dict[str, str] = {}
    for code, names in CATEGORIES.items():
        words |= {names.name_zh: code, names.name_en: code, code: code}
    return words
