"""Bytes of a calendar as RFC 5545 has them: folded, escaped, with the zone, the same for the same events."""

from datetime import UTC, datetime, timedelta

import pytest

from timebank.exchange.icalendar import LONGEST_OCTETS, Event, calendar, escape, fold

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def _event(**changes: object) -> Event:
    parts: dict[str, object] = {
        "uid": "u-1",
        "sequence": 2,
        "changed_at": NOON,
        "starts_at": NOON,
        "ends_at": NOON + timedelta(minutes=45),
        "summary": "一周一上门 王阿姨",
        "location": "甘泉路街道 第1居委会",
    }
    return Event(**(parts | changes))  # type: ignore[arg-type]  # parts of an event, by name


def unfolded(content: bytes) -> list[str]:
    """Read the lines of a calendar as a reader does."""
    return content.decode().replace("\r\n ", "").split("\r\n")


def test_event_is_written_as_the_standard_says() -> None:
    """Every property that a phone asks for, once, in local time with its zone."""
    lines = unfolded(calendar("我的服务", [_event()]))

    assert lines[lines.index("BEGIN:VEVENT") : lines.index("END:VEVENT") + 1] == [
        "BEGIN:VEVENT",
        "UID:u-1",
        "DTSTAMP:20260302T040000Z",
        "SEQUENCE:2",
        "STATUS:CONFIRMED",
        "DTSTART;TZID=Asia/Shanghai:20260302T120000",
        "DTEND;TZID=Asia/Shanghai:20260302T124500",
        "SUMMARY:一周一上门 王阿姨",
        "LOCATION:甘泉路街道 第1居委会",
        "CLASS:PRIVATE",
        "END:VEVENT",
    ]
    assert lines[:3] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Hu-Help Time Bank//Visits//ZH"]
    assert lines[-2:] == ["END:VCALENDAR", ""]
    zone = lines[lines.index("BEGIN:VTIMEZONE") : lines.index("END:VTIMEZONE")]
    assert "TZID:Asia/Shanghai" in zone
    assert "TZOFFSETTO:+0800" in zone


def test_cancelled_visit_says_so() -> None:
    """A phone strikes it out instead of waiting at the door."""
    assert "STATUS:CANCELLED" in unfolded(calendar("n", [_event(is_cancelled=True)]))


@pytest.mark.parametrize("length", [1, 74, 75, 76, 300])
@pytest.mark.parametrize("sign", ["a", "王", "𬭎"])
def test_lines_are_folded_between_characters(sign: str, length: int) -> None:
    """No part has more than 75 octets, none is cut inside a character, and put together they say the same."""
    folded = fold(sign * length)

    parts = folded.split(b"\r\n")
    assert parts.pop() == b""
    assert max(len(part) for part in parts) <= LONGEST_OCTETS
    assert [part.decode() for part in parts]
    assert folded.decode().replace("\r\n ", "") == sign * length + "\r\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a;b,c\\d", "a\\;b\\,c\\\\d"),
        ("一\r\n二\n三\r四", "一\\n二\\n三\\n四"),
        ("x\x00\x07y", "xy"),
        ("BEGIN:VEVENT\nEND", "BEGIN:VEVENT\\nEND"),
    ],
)
def test_text_cannot_leave_its_line(text: str, written: str) -> None:
    """A name with a line break in it makes no property of its own."""
    assert escape(text) == written


def test_same_events_make_the_same_bytes() -> None:
    """A phone that asks every hour is told that nothing changed."""
    assert calendar("n", [_event()]) == calendar("n", [_event()])
