"""How often and when, as people write it: weekdays, hours of a day, frequencies."""

import re

from timebank.imports.cells import SPLIT, narrow
from timebank.imports.faults import CellFault

HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*(?:[-–—~到]|至)\s*(\d{1,2}):(\d{2})", re.ASCII)
WEEKDAYS = {word: n for n, words in enumerate((
    ("一", "mon", "monday"), ("二", "tue", "tues", "tuesday"), ("三", "wed", "wednesday"), ("四", "thu", "thursday"),
    ("五", "fri", "friday"), ("六", "sat", "saturday"), ("日", "天", "sun", "sunday"),
)) for word in words}  # fmt: skip
WEEKDAY_SETS = {
    "每天": 127,
    "每日": 127,
    "daily": 127,
    "every day": 127,
    "工作日": 31,
    "weekdays": 31,
    "末": 96,
    "weekend": 96,
}
"""Sets that have a name of their own; 周末 is left as 末."""
SPAN = re.compile(r"(\w+?)\s*(?:[-–—~到]|至|to)\s*(\w+)")
NUMBERS = {
    word: n
    for n, words in enumerate(("一", "两二", "三", "四", "五", "六", "七", "八", "九", "十"), 1)
    for word in words
}
NUMBER = rf"(\d{{1,3}}|[{''.join(NUMBERS)}])"
FREQUENCIES = (
    (re.compile(r"每[天日](?:[一1]次)?|daily|every day"), "every_n_days", 1),
    (re.compile(r"隔[天日](?:[一1]次)?|every other day"), "every_n_days", 2),
    (re.compile(rf"每?{NUMBER}[天日][一1]次|every {NUMBER} days?"), "every_n_days", None),
    (re.compile(r"每周|weekly"), "per_week", 1),
    (re.compile(rf"每周{NUMBER}次|{NUMBER} (?:times )?(?:per|a) week"), "per_week", None),
    (re.compile(r"每月|monthly"), "per_month", 1),
    (re.compile(rf"每月{NUMBER}次|{NUMBER} (?:times )?(?:per|a) month"), "per_month", None),
    (re.compile(r"[一1]次|once"), "once", 1),
)
"""Patterns, the kind of frequency, and its number where the words alone say it."""
MOST_COUNT = {"every_n_days": 60, "per_week": 7, "per_month": 28, "once": 1}


def weekdays(cell: str) -> int:
    """Read a set of weekdays (bit 0 is Monday): 一三五, 周一、周三, 周一至周五, 工作日, Mon;Wed, 每天, daily."""
    plain = narrow(cell).lower().replace("星期", "").replace("周", "").replace("礼拜", "").strip()
    if plain in WEEKDAY_SETS:
        return WEEKDAY_SETS[plain]
    bits = 0
    for part in filter(None, (each.strip() for each in SPLIT.split(plain))):
        span = SPAN.fullmatch(part)
        if span and span[1] in WEEKDAYS and span[2] in WEEKDAYS:
            first, last = WEEKDAYS[span[1]], WEEKDAYS[span[2]]
            bits |= sum(1 << n % 7 for n in range(first, last + 1 + (7 if last < first else 0)))
            continue
        words = [part] if part in WEEKDAYS else list(part)
        if any(word not in WEEKDAYS for word in words):
            raise CellFault("weekdays")
        bits |= sum(1 << n for n in {WEEKDAYS[word] for word in words})
    if not bits:
        raise CellFault("weekdays")
    return bits


def hours(cell: str) -> tuple[int, int]:
    """Read hours of a day, 08:30-17:00, as minutes after midnight (half-open)."""
    found = HOURS.fullmatch(narrow(cell).strip())
    if found is None:
        raise CellFault("hours")
    start_hour, start, end_hour, end = (int(part) for part in found.groups())
    window = start_hour * 60 + start, end_hour * 60 + end
    if not 0 <= window[0] < window[1] <= 1440 or start > 59 or end > 59:
        raise CellFault("hours")
    return window


def told(start_min: int, end_min: int) -> str:
    """Write hours of a day, minutes after midnight, as they are read."""
    return f"{start_min // 60:02d}:{start_min % 60:02d}-{end_min // 60:02d}:{end_min % 60:02d}"


def frequency(cell: str) -> tuple[str, int]:
    """Read how often: 每天, 两天一次, 每周2次, 每月1次, 一次, every 2 days, 2 per week, 1 per month, once."""
    plain = " ".join(narrow(cell).lower().split())
    for pattern, kind, said in FREQUENCIES:
        found = pattern.fullmatch(plain)
        if found:
            word = next((each for each in found.groups() if each), "1")
            count = said or NUMBERS.get(word) or int(word)
            if 1 <= count <= MOST_COUNT[kind]:
                return kind, count
    raise CellFault("frequency")
