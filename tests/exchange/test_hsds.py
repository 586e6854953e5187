"""The directory is HSDS 3.1: required fields, types, references, live capacity; rough places and nobody's name."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.bridge.filled import fill_bridge, offered
from tests.exchange.hsds_schemas import SHAPE_BY_TABLE, faults
from tests.worlds import GANQUAN, World
from timebank.bridge.offers import offer, take
from timebank.core.database import transaction
from timebank.exchange.hsds import PLACE_GRID_DEG, TABLES, Package, build_package, rough
from timebank.exchange.hsds_views import (
    LISTS,
    organization_whole,
    page_of,
    service_at_location_whole,
    service_whole,
)
from timebank.projects.projects import SLOT
from timebank.projects.tables import Booking

REFERENCES = {
    ("services", "organization_id"): "organizations",
    ("service_at_locations", "service_id"): "services",
    ("service_at_locations", "location_id"): "locations",
    ("schedules", "service_at_location_id"): "service_at_locations",
    ("service_areas", "service_id"): "services",
    ("service_capacities", "service_id"): "services",
    ("service_capacities", "unit_id"): "units",
    ("taxonomy_terms", "taxonomy_id"): "taxonomies",
    ("attributes", "link_id"): "services",
    ("attributes", "taxonomy_term_id"): "taxonomy_terms",
}


@pytest.fixture
def session(engine: Engine, world: World, noon: datetime) -> Any:
    """A district with the bridge's rows, in one transaction."""
    with transaction(engine) as opened:
        fill_bridge(opened, world, noon)
        yield opened


@pytest.fixture
def package(session: Session, noon: datetime) -> Package:
    """The directory of the district."""
    return build_package(session, now=noon)


def test_every_row_of_every_table_is_as_the_standard_asks(package: Package) -> None:
    """Who reads HSDS reads ours: nothing required is missing, nothing has another type."""
    found = [
        fault
        for table, rows in package.items()
        for row in rows
        for fault in faults(SHAPE_BY_TABLE[table], row, is_table=True)
    ]

    assert found == []
    assert {table for table, rows in package.items() if not rows} == set()
    assert set(package) == set(TABLES) == set(SHAPE_BY_TABLE)


def test_every_reference_leads_to_a_row(package: Package) -> None:
    """An identifier that leads nowhere is found by nobody but the reader; each row has one of its own."""
    ids = {table: {row["id"] for row in rows} for table, rows in package.items()}

    lost = {
        (table, field, row[field])
        for (table, field), target in REFERENCES.items()
        for row in package[table]
        if row[field] not in ids[target]
    }
    assert lost == set()
    assert {table: len(found) for table, found in ids.items()} == {table: len(rows) for table, rows in package.items()}


def test_capacity_is_what_is_free_now(session: Session, world: World, noon: datetime) -> None:
    """A booking takes a place, a taking takes a wheelchair; what was cancelled is free again."""

    def free() -> dict[str, tuple[int, int]]:
        rows = build_package(session, now=noon)["service_capacities"]
        return {row["description"].split(",")[0]: (row["available"], row["maximum"]) for row in rows}

    before = free()
    slot = session.connection().execute(SLOT.select().order_by(SLOT.c.day).limit(1)).one().id
    booking = Booking(slot_id=slot, need_id=world.needs["S2-bath"])
    session.add(booking)
    session.flush()
    take(session, world.organisations["EAST"], 1, 4, purpose="", idempotency_key="t", now=noon)
    after = free()
    booking.status = "cancelled"
    session.flush()

    places = "Places of the coming 28 days"
    assert before == {places: (16, 16), "轮椅": (10, 10)}
    assert after == {places: (15, 16), "轮椅": (6, 10)}
    assert free()[places] == (16, 16)


def test_places_are_rough(package: Package) -> None:
    """A place on the grid tells the neighbourhood, not the door."""
    [place] = package["locations"]

    assert (place["latitude"], place["longitude"]) == (rough(GANQUAN[0]), rough(GANQUAN[1]))
    steps = [place[side] / PLACE_GRID_DEG for side in ("latitude", "longitude")]
    assert [round(step, 6) for step in steps] == [round(step) for step in steps]


def test_hours_are_those_of_the_slots(package: Package) -> None:
    """Mondays and Thursdays from nine to ten, over the coming four weeks, in Shanghai's time."""
    [schedule] = package["schedules"]

    assert {name: schedule[name] for name in ("byday", "opens_at", "closes_at", "valid_from", "valid_to")} == {
        "byday": "MO,TH",
        "opens_at": "09:00+08:00",
        "closes_at": "10:00+08:00",
        "valid_from": "2026-03-02",
        "valid_to": "2026-03-26",
    }


def test_offer_of_a_service_counts_with_the_service(session: Session, world: World, noon: datetime) -> None:
    """An offer for baths is capacity of the company's baths; what answers a need alone is not told."""
    company = 4
    offer(session, company, offered(service="bath", what="助浴车"), idempotency_key="b", now=noon)

    package = build_package(session, now=noon)

    names = {row["id"]: row["name"] for row in package["services"]}
    told = sorted((names[row["service_id"]], row["available"]) for row in package["service_capacities"])
    assert told == [("助浴", 10), ("助浴", 16), ("轮椅", 10)]
    assert build_package(session, now=noon + timedelta(days=31))["units"] == [
        {"id": package["units"][0]["id"], "name": "名额"}
    ]


def test_identifiers_are_the_same_for_ever_and_tell_no_number(
    package: Package, session: Session, noon: datetime
) -> None:
    """A reader who comes back next year finds the same things."""
    again = build_package(session, now=noon + timedelta(hours=1))

    assert [row["id"] for row in again["services"]] == [row["id"] for row in package["services"]]


def test_nobody_who_is_served_is_in_it(package: Package) -> None:
    """The directory is for everyone; no senior and no volunteer is."""
    told = str(package)

    for secret in ("王老人", "李志愿", "17000000000", "的家", "S1", "V1"):
        assert secret not in told


def test_whole_things_are_as_the_standard_asks(package: Package) -> None:
    """A service, an organisation and a service at its place, each with everything inside it."""
    [at] = package["service_at_locations"]
    service = service_whole(package, at["service_id"]) or {}
    here = service_at_location_whole(package, at["id"]) or {}
    organization = organization_whole(package, service["organization"]["id"]) or {}

    assert list(faults("service", service, is_table=False)) == []
    assert list(faults("service_at_location", here, is_table=False)) == []
    assert list(faults("organization", organization, is_table=False)) == []
    assert [capacity["unit"]["name"] for capacity in service["capacities"]] == ["名额"]
    assert service["attributes"][0]["taxonomy_term"]["taxonomy_detail"]["version"] == "1"
    assert here["schedules"][0]["freq"] == "WEEKLY"
    assert [one["name"] for one in organization["services"]] == ["助浴"]
    for whole in (service_whole, organization_whole, service_at_location_whole):
        assert whole(package, "unknown") is None


@pytest.mark.parametrize("name", LISTS)
def test_list_is_read_page_by_page(package: Package, name: str) -> None:
    """Pages together are the list; the last says so, and one past it is empty."""
    count = len(package[name])

    pages = [page_of(package, name, page=number, per_page=2) for number in range(1, -(-count // 2) + 2)]

    assert [row["id"] for page in pages for row in page["contents"]] == [row["id"] for row in package[name]]
    assert [(page["first_page"], page["last_page"], page["empty"]) for page in (pages[0], pages[-2], pages[-1])] == [
        (True, count <= 2, False),
        (len(pages) == 2, True, False),
        (False, True, True),
    ]
    assert {(page["total_items"], page["total_pages"]) for page in pages} == {(count, len(pages) - 1)}


@pytest.mark.parametrize(("page", "per_page"), [(0, 10), (1, 0), (1, 101)])
def test_page_past_its_bounds_is_a_mistake(package: Package, page: int, per_page: int) -> None:
    """No page is without an end."""
    with pytest.raises(ValueError, match="1 to 100 rows"):
        page_of(package, "services", page=page, per_page=per_page)


def test_a_fault_is_noticed() -> None:
    """The comparison with the standard can fail."""
    row = {"id": "1", "status": "open", "name": "", "capacities": [{"available": "2"}], "owner": "x"}

    assert list(faults("service", row, is_table=False)) == [
        "service: id cannot be '1'",
        "service: status cannot be 'open'",
        "service: name cannot be ''",
        "service_capacity: id is missing",
        "service_capacity: updated is missing",
        "service_capacity: unit is missing",
        "service_capacity: available cannot be '2'",
        "service: owner cannot be 'x'",
    ]
