"""The directory as the HSDS API answers it: whole objects with what belongs to them inside, and pages of lists.

Pure: everything is read from a package (:func:`timebank.exchange.hsds.build_package`).
"""

from collections.abc import Callable, Sequence
from typing import Any

from timebank.exchange.hsds import Package, Row

MOST_A_PAGE = 100
USUAL_A_PAGE = 25


def _where(rows: Sequence[Row], field: str, value: str) -> list[Row]:
    return [{name: part for name, part in row.items() if name != field} for row in rows if row.get(field) == value]


def _one(rows: Sequence[Row], number: str) -> Row | None:
    return next((row for row in rows if row["id"] == number), None)


def _attributes(package: Package, link: str) -> list[Row]:
    found = []
    for row in _where(package["attributes"], "link_id", link):
        term = _one(package["taxonomy_terms"], row.pop("taxonomy_term_id"))
        detail = _one(package["taxonomies"], term["taxonomy_id"]) if term else None
        inside = {name: part for name, part in (term or {}).items() if name != "taxonomy_id"}
        found.append(row | {"taxonomy_term": inside | {"taxonomy_detail": detail}})
    return found


def _capacities(package: Package, service: str) -> list[Row]:
    rows = _where(package["service_capacities"], "service_id", service)
    return [row | {"unit": _one(package["units"], row.pop("unit_id"))} for row in rows]


def _at_locations(package: Package, field: str, value: str) -> list[Row]:
    found = []
    for row in [row for row in package["service_at_locations"] if row[field] == value]:
        inside = {name: part for name, part in row.items() if name not in ("service_id", "location_id")}
        inside["location"] = _one(package["locations"], row["location_id"])
        inside["schedules"] = _where(package["schedules"], "service_at_location_id", row["id"])
        found.append(inside)
    return found


def _plain_service(package: Package, row: Row) -> Row:
    """Return a service with what there is one of."""
    inside = {name: part for name, part in row.items() if name != "organization_id"}
    return inside | {"organization": _one(package["organizations"], row["organization_id"])}


def service_whole(package: Package, number: str) -> Row | None:
    """Return a service with everything that belongs to it; nothing when there is none."""
    row = _one(package["services"], number)
    if row is None:
        return None
    return _plain_service(package, row) | {
        "service_areas": _where(package["service_areas"], "service_id", number),
        "service_at_locations": _at_locations(package, "service_id", number),
        "capacities": _capacities(package, number),
        "attributes": _attributes(package, number),
    }


def organization_whole(package: Package, number: str) -> Row | None:
    """Return an organisation with its services, each with its identifier and name; nothing when there is none."""
    row = _one(package["organizations"], number)
    if row is None:
        return None
    mine = _where(package["services"], "organization_id", number)
    return row | {"services": [{name: each[name] for name in ("id", "name", "status")} for each in mine]}


def service_at_location_whole(package: Package, number: str) -> Row | None:
    """Return a service at a place with both, and its hours; nothing when there is none."""
    row = _one(package["service_at_locations"], number)
    if row is None:
        return None
    [inside] = _at_locations(package, "id", number)
    return inside | {"service": service_whole(package, row["service_id"])}


def _plain_at_location(package: Package, row: Row) -> Row:
    inside = {name: part for name, part in row.items() if name not in ("service_id", "location_id")}
    service = _one(package["services"], row["service_id"])
    return inside | {
        "location": _one(package["locations"], row["location_id"]),
        "service": _plain_service(package, service) if service else None,
    }


def _as_it_is(_package: Package, row: Row) -> Row:
    return row


LISTS: dict[str, Callable[[Package, Row], Row]] = {
    "services": _plain_service,
    "organizations": _as_it_is,
    "service_at_locations": _plain_at_location,
    "taxonomy_terms": _as_it_is,
}
"""Lists that can be read page by page, and how a row of each is shown: with what there is one of."""
WHOLE: dict[str, Callable[[Package, str], Row | None]] = {
    "services": service_whole,
    "organizations": organization_whole,
    "service_at_locations": service_at_location_whole,
}
"""Things that can be read whole by their identifier."""


def page_of(package: Package, name: str, *, page: int, per_page: int) -> dict[str, Any]:
    """Return a page of a list, from 1 on; a page past the last is empty.

    Raises
    ------
    ValueError
        When the page is less than 1, or has not 1 to 100 rows.
    """
    if page < 1 or not 1 <= per_page <= MOST_A_PAGE:
        message = f"A page is from 1 on and has 1 to {MOST_A_PAGE} rows: {page}, {per_page}."
        raise ValueError(message)
    rows = package[name]
    shown = rows[(page - 1) * per_page : page * per_page]
    pages = -(-len(rows) // per_page)
    return {
        "total_items": len(rows),
        "total_pages": pages,
        "page_number": page,
        "size": len(shown),
        "first_page": page == 1,
        "last_page": page >= pages,
        "empty": not shown,
        "contents": [LISTS[name](package, row) for row in shown],
    }
