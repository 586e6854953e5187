"""What HSDS 3.1 asks of each object that we write: required fields, types, closed lists; in our own words.

Source: the JSON schemas of the specification, version 3.1 (docs.openreferral.org).
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
CLOCK = re.compile(r"\d\d:\d\d([+-]\d\d:\d\d|Z)")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)")


class Shape(NamedTuple):
    """An object: fields that must be there, those needed in tables alone, texts, numbers, and fields of a form."""

    required: set[str]
    in_tables: set[str]
    texts: set[str]
    numbers: set[str]
    forms: dict[str, re.Pattern[str]]


def _one_of(*values: str) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, values)))


SHAPES: dict[str, Shape] = {
    "organization": Shape(
        {"id", "name", "description"},
        set(),
        {"name", "alternate_name", "description", "legal_status"},
        set(),
        {"id": UUID},
    ),
    "service": Shape(
        {"id", "name", "status"},
        {"organization_id"},
        {"name", "alternate_name", "description"},
        set(),
        {
            "id": UUID,
            "organization_id": UUID,
            "status": _one_of("active", "inactive", "defunct", "temporarily closed"),
            "last_modified": MOMENT,
        },
    ),
    "location": Shape(
        {"id", "location_type"},
        set(),
        {"name", "description"},
        {"latitude", "longitude"},
        {"id": UUID, "location_type": _one_of("physical", "postal", "virtual")},
    ),
    "service_at_location": Shape(
        {"id"},
        {"service_id", "location_id"},
        {"description"},
        set(),
        dict.fromkeys(("id", "service_id", "location_id"), UUID),
    ),
    "schedule": Shape(
        {"id"},
        set(),
        {"description"},
        {"timezone", "interval"},
        {
            "id": UUID,
            "service_at_location_id": UUID,
            "valid_from": DAY,
            "valid_to": DAY,
            "freq": _one_of("WEEKLY", "MONTHLY"),
            "wkst": _one_of("MO", "TU", "WE", "TH", "FR", "SA", "SU"),
            "byday": re.compile(r"(MO|TU|WE|TH|FR|SA|SU)(,(MO|TU|WE|TH|FR|SA|SU))*"),
            "opens_at": CLOCK,
            "closes_at": CLOCK,
        },
    ),
    "service_area": Shape({"id"}, set(), {"name", "description"}, set(), {"id": UUID, "service_id": UUID}),
    "unit": Shape({"id", "name"}, set(), {"name"}, set(), {"id": UUID}),
    "service_capacity": Shape(
        {"id", "available", "updated"},
        {"unit_id", "service_id"},
        {"description"},
        {"available", "maximum"},
        {"id": UUID, "unit_id": UUID, "service_id": UUID, "updated": MOMENT},
    ),
    "taxonomy": Shape({"id", "name", "description"}, set(), {"name", "description", "version"}, set(), {"id": UUID}),
    "taxonomy_term": Shape(
        {"id", "name", "description"},
        set(),
        {"code", "name", "description", "taxonomy", "language"},
        set(),
        {"id": UUID, "taxonomy_id": UUID},
    ),
    "attribute": Shape(
        {"id"},
        {"link_id", "taxonomy_term_id", "link_entity"},
        {"link_entity", "link_type", "value"},
        set(),
        dict.fromkeys(("id", "link_id", "taxonomy_term_id"), UUID),
    ),
}
SHAPE_BY_TABLE = {
    "organizations": "organization",
    "services": "service",
    "locations": "location",
    "service_at_locations": "service_at_location",
    "schedules": "schedule",
    "service_areas": "service_area",
    "units": "unit",
    "service_capacities": "service_capacity",
    "taxonomies": "taxonomy",
    "taxonomy_terms": "taxonomy_term",
    "attributes": "attribute",
}
SHAPE_BY_FIELD = {
    "organization": "organization",
    "service": "service",
    "services": "service",
    "service_areas": "service_area",
    "service_at_locations": "service_at_location",
    "location": "location",
    "schedules": "schedule",
    "capacities": "service_capacity",
    "unit": "unit",
    "attributes": "attribute",
    "taxonomy_term": "taxonomy_term",
    "taxonomy_detail": "taxonomy",
}
"""The object that a field holds, or a list of them."""


def faults(kind: str, row: dict[str, Any], *, is_table: bool) -> Iterator[str]:
    """Yield what is wrong with an object, and with everything inside it."""
    shape = SHAPES[kind]
    for field in sorted((shape.required | (shape.in_tables if is_table else set())) - set(row)):
        yield f"{kind}: {field} is missing"
    if kind == "service_capacity" and not is_table and "unit" not in row:
        yield "service_capacity: unit is missing"
    for field, value in row.items():
        if field in SHAPE_BY_FIELD and not is_table:
            for each in value if isinstance(value, list) else [value]:
                yield from faults(SHAPE_BY_FIELD[field], each, is_table=False)
        elif not _fits(shape, field, value):
            yield f"{kind}: {field} cannot be {value!r}"


def _fits(shape: Shape, field: str, value: object) -> bool:
    if field in shape.forms:
        return isinstance(value, str) and shape.forms[field].fullmatch(value) is not None
    if field in shape.numbers:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return field in shape.texts and isinstance(value, str) and value != ""
