"""What a file may name: sub-districts, committees, organisations, services, as the database has them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, select

from timebank.core.places import PlaceSystem, is_in_district, to_wgs84
from timebank.imports.faults import CellFault
from timebank.needs.tables import Service
from timebank.people.tables import Area, Organisation, OrganisationArea

SYSTEMS: dict[str, PlaceSystem] = {
    "WGS-84": "WGS-84",
    "WGS84": "WGS-84",
    "GCJ-02": "GCJ-02",
    "GCJ02": "GCJ-02",
    "高德": "GCJ-02",
    "腾讯": "GCJ-02",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Words of a file to rows: each table has Chinese and English name and code."""

    subdistricts: dict[str, int]
    committees: dict[str, tuple[int, ...]]
    parent_by_area: dict[int, int]
    code_by_area: dict[int, str]
    organisations: dict[str, int]
    offices: frozenset[int]
    areas_by_organisation: dict[int, frozenset[int]]
    services: dict[str, Service]
    today: date
    system: PlaceSystem

    def committee_in(self, word: tuple[int, ...], subdistrict: int) -> int:
        """Return the committee of that name in a sub-district."""
        inside = [area for area in word if self.parent_by_area[area] == subdistrict]
        if len(inside) != 1:
            raise CellFault("committee_elsewhere")
        return inside[0]

    def word_of(self, table: Mapping[str, object], value: object) -> str:
        """Return what a table calls a value first."""
        return next((word for word, each in table.items() if each == value), "")

    def works_in(self, organisation: int, subdistrict: int) -> bool:
        """Tell whether an organisation works in a sub-district."""
        return subdistrict in self.areas_by_organisation.get(organisation, ())

    def place(self, lat_deg: float, lon_deg: float, system: PlaceSystem | None) -> tuple[float, float]:
        """Return a place in WGS-84 that lies in the district."""
        lat, lon = to_wgs84(lat_deg, lon_deg, system or self.system)
        if is_in_district(lat, lon):
            return round(lat, 7), round(lon, 7)
        if is_in_district(*to_wgs84(lat_deg, lon_deg, "GCJ-02")):
            raise CellFault("outside_gcj")
        if is_in_district(*to_wgs84(lat_deg, lon_deg, "WGS-84")):
            raise CellFault("outside_wgs")
        raise CellFault("swapped" if is_in_district(lon_deg, lat_deg) else "outside")


def load_known(session: Session, *, today: date, system: PlaceSystem) -> Known:
    """Read everything that a file may name."""
    areas = list(session.exec(select(Area).order_by(Area.code)))
    committees: dict[str, list[int]] = defaultdict(list)
    for area in areas:
        if area.level == "committee":
            for word in _words(area):
                committees[word].append(area.id or 0)
    organisations = list(session.exec(select(Organisation).order_by(Organisation.code)))
    own: dict[int, set[int]] = defaultdict(set)
    for link in session.exec(select(OrganisationArea)):
        own[link.organisation_id].add(link.area_id)
    return Known(
        subdistricts=_by_word(area for area in areas if area.level == "subdistrict"),
        committees={word: tuple(ids) for word, ids in committees.items()},
        parent_by_area={area.id or 0: area.parent_id or 0 for area in areas},
        code_by_area={area.id or 0: area.code for area in areas},
        organisations=_by_word(organisations),
        offices=frozenset(one.id or 0 for one in organisations if one.kind == "charity_office"),
        areas_by_organisation={number: frozenset(ids) for number, ids in own.items()},
        services={
            word: service
            for service in session.exec(select(Service).order_by(Service.code))
            for word in _words(service)
        },
        today=today,
        system=system,
    )


def _words(row: Any) -> list[str]:
    return list(dict.fromkeys((row.name_zh, row.name_en, row.code)))


def _by_word(rows: Iterable[Any]) -> dict[str, int]:
    return {word: row.id or 0 for row in rows for word in _words(row)}
