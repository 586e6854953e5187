"""iCalendar (RFC 5545), as little of it as a feed of visits needs: pure, the same events make the same bytes.

Lines end with CRLF and are folded at 75 octets without cutting a character; texts are escaped. Times are of
Asia/Shanghai, with the zone written out, so that a phone abroad shows the hour of the door.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from timebank.core.clock import SHANGHAI

LONGEST_OCTETS = 75
PRODUCT = "-//Hu-Help Time Bank//Visits//ZH"
ZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Asia/Shanghai",
    "BEGIN:STANDARD",
    "DTSTART:19910915T010000",
    "TZOFFSETFROM:+0900",
    "TZOFFSETTO:+0800",
    "TZNAME:CST",
    "END:STANDARD",
    "END:VTIMEZONE",
)
"""Since the last summer time ended in 1991 the clock of Shanghai has stood still at eight hours before UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event: ``uid`` is the same for ever, ``sequence`` grows with each change, moments are aware."""

    uid: str
    sequence: int
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    is_cancelled: bool = False


def escape(text: str) -> str:
    """Write a text value: backslash, semicolon, comma and line breaks escaped, other control characters left out."""
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    plain = plain.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(sign for sign in plain if sign == "\t" or sign.isprintable() or ord(sign) > 0x9F)


def fold(line: str) -> bytes:
    """Write a line with its CRLF, folded so that no part has more than 75 octets; no character is cut in two."""
    parts, part = [], b""
    for sign in line:
        octets = sign.encode()
        if len(part) + len(octets) > LONGEST_OCTETS:
            parts.append(part)
            part = b" "  # the space that begins a folded line counts
        part += octets
    return b"\r\n".join([*parts, part]) + b"\r\n"


def calendar(name: str, events: Sequence[Event]) -> bytes:
    """Write a calendar of events, in the order given."""
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN")
    shown = (f"NAME:{escape(name)}", f"X-WR-CALNAME:{escape(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT6H")
    lines = [*head, *shown, *ZONE, *(line for event in events for line in _lines(event)), "END:VCALENDAR"]
    return b"".join(map(fold, lines))


def _lines(event: Event) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{event.uid}"
    yield f"DTSTAMP:{event.changed_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"SEQUENCE:{event.sequence}"
    yield f"STATUS:{'CANCELLED' if event.is_cancelled else 'CONFIRMED'}"
    for name, moment in (("DTSTART", event.starts_at), ("DTEND", event.ends_at)):
        yield f"{name};TZID=Asia/Shanghai:{moment.astimezone(SHANGHAI):%Y%m%dT%H%M%S}"
    yield f"SUMMARY:{escape(event.summary)}"
    yield f"LOCATION:{escape(event.location)}"
    yield "CLASS:PRIVATE"
    yield "END:VEVENT"
