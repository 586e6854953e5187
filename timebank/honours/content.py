"""What stands on a certificate, frozen when it is issued: the national field set, in four groups.

Source: the ministries' guidance on records and certificates of voluntary service (民发〔2015〕149号): the volunteer;
service in hours and its content, with trainings, honours and evaluation where they exist; the issuer; and the
certificate itself.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date

from timebank.honours.hours import Served

VERSION = 1
SHOWN_OF_IDENTITY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLine:
    """Visits and group services of one service, and their minutes."""

    code: str
    name_zh: str
    name_en: str
    visits: int
    service_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Every word and figure of a certificate. ``to_day`` is half-open; what does not exist is empty or 0."""

    number: str
    issued_on: date
    notes: str
    check_code: str
    name: str
    identity: str
    volunteer_number: str
    from_day: date
    to_day: date
    service_min: int
    credit_min: int
    services: tuple[ServiceLine, ...]
    counts_all: bool
    trained_on: date | None
    stars: int
    level_hours: int
    evaluation: str
    issuer_code: str
    issuer_zh: str
    issuer_en: str
    in_charge: str
    handler: str
    contact: str

    def to_json(self) -> str:
        """Write the content; what was written once is always read again."""
        return json.dumps({"version": VERSION, **asdict(self)}, ensure_ascii=False, default=date.isoformat)

    @classmethod
    def from_json(cls, text: str) -> "Content":
        """Read what :meth:`to_json` wrote.

        Raises
        ------
        ValueError
            When it was written in a shape that this version does not know.
        """
        said = json.loads(text)
        if said.pop("version") != VERSION:
            message = "This certificate was written by a newer version; bring the program up to date."
            raise ValueError(message)
        days = {name: date.fromisoformat(said[name]) for name in ("issued_on", "from_day", "to_day")}
        trained_on = date.fromisoformat(said["trained_on"]) if said["trained_on"] else None
        services = tuple(ServiceLine(**line) for line in said["services"])
        return cls(**(said | days | {"trained_on": trained_on, "services": services}))


def by_service(records: Iterable[Served]) -> tuple[ServiceLine, ...]:
    """Sum records by service, the one with most minutes first."""
    found: dict[str, list[Served]] = {}
    for record in records:
        found.setdefault(record.service_code, []).append(record)
    lines = (
        ServiceLine(
            code=code,
            name_zh=some[0].service_zh,
            name_en=some[0].service_en,
            visits=len(some),
            service_min=sum(record.service_min for record in some),
        )
        for code, some in found.items()
    )
    return tuple(sorted(lines, key=lambda line: (-line.service_min, line.code)))


def masked(identity: str) -> str:
    """Hide an identity number but for its last four places; one that short is hidden whole."""
    hidden = max(len(identity) - SHOWN_OF_IDENTITY, 0) or len(identity)
    return "*" * hidden + identity[hidden:]
