"""How cells are read: days, hours, numbers, choices, identity numbers; each says what would be right."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from timebank.imports.faults import CellFault
from timebank.people.categories import CATEGORIES
from timebank.people.identity import read_identity

DAY = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$")
HOURS = re.compile(r"^(\d{1,2})[:：](\d{2})\s*[-–—~至到]\s*(\d{1,2})[:：](\d{2})$")
PHONE = re.compile(r"^(1\d{10}|0\d{2,3}-?\d{7,8}|\d{8})$")
SPLIT = re.compile(r"[;；,，、|/]")
REF = re.compile(r"^[\w.\-]{1,64}$")
GENDERS = {"女": "female", "男": "male", "female": "female", "male": "male", "f": "female", "m": "male"}
WISHES = GENDERS | {"不限": "any", "any": "any"}
WEEKDAYS = {word: n for n, words in enumerate(
    (("一", "mon"), ("二", "tue"), ("三", "wed"), ("四", "thu"), ("五", "fri"), ("六", "sat"), ("日", "sun", "天"))
) for word in words}  # fmt: skip
LANGUAGES = {"普通话": "zh", "上海话": "sh", "zh": "zh", "sh": "sh", "英语": "en", "en": "en"}
FREQUENCIES = (
    (re.compile(r"^(?:每?(?P<n>\d+|一|两|二|三|四|五)天一次|every (?P<k>\d+) days?)$"), "every_n_days"),
    (re.compile(r"^(?:每周(?P<n>\d+|一|两|二|三|四|五)次|(?P<k>\d+) (?:times )?(?:per|a) week)$"), "per_week"),
    (re.compile(r"^(?:每月(?P<n>\d+|一|两|二|三|四|五)次|(?P<k>\d+) (?:times )?(?:per|a) month)$"), "per_month"),
    (re.compile(r"^(?:一次|once)$"), "once"),
)  # fmt: skip
NUMBERS = {"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5}
EARLIEST_BIRTH, LATEST_YEAR = date(1900, 1, 1), 2200


def text(most: int) -> Callable[[str], str]:
    """Read a text of at most so many characters."""

    def read(cell: str) -> str:
        if len(cell) > most:
            raise CellFault("long", most=most)
        return cell

    return read


def ref(cell: str) -> str:
    """Read a number of a register: letters, digits, dots and hyphens."""
    if not REF.match(cell):
        raise CellFault("ref")
    return cell


def day(cell: str) -> date:
    """Read a day: 2026-01-31, 2026/1/31, 2026年1月31日, or a date of the workbook."""
    found = DAY.match(cell.split(" ", maxsplit=1)[0])
    try:
        read = date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        read = None
    if read is None or not read >= EARLIEST_BIRTH or read.year > LATEST_YEAR:
        raise CellFault("day")
    return read


def identity(cell: str) -> str:
    """Read an identity number whose check digit fits."""
    number = "".join(cell.split()).upper()
    try:
        read_identity(number)
    except ValueError as fault:
        raise CellFault("identity") from fault
    return number


def phone(cell: str) -> str:
    """Read a telephone number of China."""
    number = cell.replace(" ", "").removeprefix("+86")
    if not PHONE.match(number):
        raise CellFault("phone")
    return number


def whole(least: int, most: int) -> Callable[[str], int]:
    """Read a whole number between two bounds."""

    def read(cell: str) -> int:
        if not re.fullmatch(r"-?\d{1,15}", cell) or not least <= int(cell) <= most:
            raise CellFault("whole", least=least, most=most)
        return int(cell)

    return read


def degrees(cell: str) -> float:
    """Read degrees."""
    try:
        return float(cell)
    except ValueError as fault:
        raise CellFault("degrees") from fault


def cents(cell: str) -> int:
    """Read an amount in yuan with at most two decimals, as cents."""
    plain = cell.replace(",", "").removeprefix("¥").removesuffix("元")
    if not re.fullmatch(r"\d{1,12}(\.\d{1,2})?", plain):
        raise CellFault("yuan")
    yuan, _, rest = plain.partition(".")
    return int(yuan) * 100 + int(rest.ljust(2, "0") or 0)


def choice(known: Mapping[str, Any]) -> Callable[[str], Any]:
    """Read one of the words of a table; an unknown one is told the nearest."""

    def read(cell: str) -> Any:
        word = cell.strip().lower()
        if word in known:
            return known[word]
        near = get_close_matches(word, list(known), n=1)
        raise CellFault("choice_near" if near else "choice", near=near[0] if near else "", known=_some(known))

    return read


def _some(known: Mapping[str, Any]) -> str:
    return "、".join(list(known)[:8])


def several(known: Mapping[str, Any]) -> Callable[[str], tuple[Any, ...]]:
    """Read words of a table, separated by ; or 、 or a comma."""
    one = choice(known)
    return lambda cell: tuple(sorted({one(part) for part in SPLIT.split(cell) if part.strip()}))


def weekdays(cell: str) -> int:
    """Read a set of weekdays (bit 0 is Monday): 一二三, 周一、周三, Mon;Wed, 每天, daily."""
    plain = cell.lower().replace("星期", "").replace("周", "").strip()
    if plain in ("每天", "daily", "一至日"):
        return 127
    parts = [part.strip()[:3] for part in SPLIT.split(plain) if part.strip()]
    words = list(plain) if len(parts) == 1 and parts[0] not in WEEKDAYS else parts
    if not words or any(word not in WEEKDAYS for word in words):
        raise CellFault("weekdays")
    return sum(1 << n for n in {WEEKDAYS[word] for word in words})


def hours(cell: str) -> tuple[int, int]:
    """Read hours of a day, 08:30-17:00, as minutes after midnight (half-open)."""
    found = HOURS.match(cell)
    if found is None:
        raise CellFault("hours")
    start_hour, start, end_hour, end = (int(part) for part in found.groups())
    window = start_hour * 60 + start, end_hour * 60 + end
    if not 0 <= window[0] < window[1] <= 1440 or start > 59 or end > 59:
        raise CellFault("hours")
    return window


def frequency(cell: str) -> tuple[str, int]:
    """Read how often: 两天一次, 每周2次, 每月1次, 一次, every 2 days, 2 per week, 1 per month, once."""
    for pattern, kind in FREQUENCIES:
        found = pattern.match(cell.lower().strip())
        if found:
            word = next((each for each in found.groups() if each), "1")
            count = NUMBERS.get(word) or int(word)
            if 1 <= count <= 60:
                return kind, count
    raise CellFault("frequency")


def category_words() -> dict[str, str]:
    """Return the words of each category: code, Chinese and English."""
    words: dict[str, str] = {}
    for code, names in CATEGORIES.items():
        words |= {code: code, names.name_zh.lower(): code, names.name_en.lower(): code}
    return words
