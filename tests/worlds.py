"""A small district that tests share: two social organisations, an office, eight seniors, five volunteers."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypedDict

from sqlmodel import Session

from timebank.ledger.accounts import book_id, ensure_book
from timebank.needs.catalogue import ensure_services
from timebank.needs.tables import Need
from timebank.people.tables import (
    Area,
    Organisation,
    OrganisationArea,
    Person,
    Senior,
    SeniorCategory,
    Volunteer,
    VolunteerSkill,
)
from timebank.projects.projects import (
    ProjectDraft,
    ResourceDraft,
    SlotPattern,
    create_project,
    project_number,
    start_project,
)


class Asked(TypedDict):
    """What the demo is asked for."""

    seed: int
    scale: float
    starts_on: date
    now: datetime


MONDAY = date(2026, 3, 2)
DISTRICT: Asked = {"seed": 7, "scale": 0.01, "starts_on": MONDAY, "now": datetime(2026, 3, 30, 4, 0, tzinfo=UTC)}
"""What the generated district is asked for: a hundredth of the published one, in the first week after its 28 days."""
GANQUAN, ZHENRU = (31.2640, 121.4300), (31.2510, 121.4000)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Numbers of what stands: areas and organisations by code, people and needs by reference."""

    book: int
    areas: dict[str, int]
    organisations: dict[str, int]
    services: dict[str, int]
    seniors: dict[str, int]
    volunteers: dict[str, int]
    needs: dict[str, int]
    project: int


def small_district(session: Session, now: datetime) -> World:
    """Build it in the caller's transaction.

    Seniors S1 to S4 live in Ganquan (organisation EAST), S5 to S8 in Zhenru (WEST). V1 and V2 greet in Ganquan,
    V3 and V4 in Zhenru, V5 visits at the door. Each senior has a greeting every two days, S1 a weekly visit too,
    S2 a monthly bath that the project of the office gives.
    """
    areas = _areas(session)
    organisations = _organisations(session, areas)
    services = {code: service.id or 0 for code, service in ensure_services(session).items()}
    seniors = {f"S{n}": _senior(session, areas, n) for n in range(1, 9)}
    volunteers = {f"V{n}": _volunteer(session, areas, organisations, services, n) for n in range(1, 6)}
    needs = {
        f"{ref}-greeting": _need(session, ref, "greeting", seniors, services, organisations, ("every_n_days", 2, 10))
        for ref in seniors
    }
    needs["S1-door_visit"] = _need(session, "S1", "door_visit", seniors, services, organisations, ("per_week", 1, 45))
    needs["S2-bath"] = _need(session, "S2", "bath", seniors, services, organisations, ("per_month", 1, 60))
    session.add(SeniorCategory(senior_id=seniors["S2"], category="severe_functional_impairment", from_day=MONDAY))
    session.flush()
    return World(
        book=book_id(ensure_book(session, "test", "测试账簿", now)),
        areas=areas,
        organisations=organisations,
        services=services,
        seniors=seniors,
        volunteers=volunteers,
        needs=needs,
        project=_project(session, organisations["CF1"], now),
    )


def bath_project(**changes: object) -> ProjectDraft:
    """Return a draft of a bath project in Ganquan, with some parts changed."""
    bath = ResourceDraft(
        code="BATH-1",
        name_zh="甘泉助浴点",
        service="bath",
        subdistrict="310107004",
        lat_deg=GANQUAN[0],
        lon_deg=GANQUAN[1],
        slots=(SlotPattern(weekdays=0b0001001, starts_min=540, ends_min=600, places=2),),
    )
    parts: dict[str, object] = {
        "title_zh": "助浴",
        "title_en": "Baths",
        "budget_cents": 100_000,
        "starts_on": MONDAY,
        "ends_on": date(2026, 6, 1),
        "categories": ("severe_functional_impairment",),
        "min_age": 60,
        "resources": (bath,),
    }
    return ProjectDraft(**(parts | changes))  # type: ignore[arg-type]  # parts of a draft, by name


def _project(session: Session, office: int, now: datetime) -> int:
    number = project_number(create_project(session, office, bath_project(), idempotency_key="world", now=now))
    start_project(session, office, number)
    return number


def _areas(session: Session) -> dict[str, int]:
    def add(code: str, level: str, parent: int | None, zh: str, en: str) -> int:
        area = Area(code=code, level=level, parent_id=parent, name_zh=zh, name_en=en)
        session.add(area)
        session.flush()
        return area.id or 0

    district = add("310107", "district", None, "普陀区", "Putuo")
    found = {"310107": district}
    for code, zh, en in (("310107004", "甘泉路街道", "Ganquan Road"), ("310107007", "真如镇街道", "Zhenru")):
        found[code] = add(code, "subdistrict", district, zh, en)
        found[f"{code}001"] = add(f"{code}001", "committee", found[code], f"{zh[:2]}第1居委会", f"{en} committee 1")
    return found


def _organisations(session: Session, areas: dict[str, int]) -> dict[str, int]:
    found = {}
    for code, kind, own in (
        ("EAST", "social_organisation", ("310107004",)),
        ("WEST", "social_organisation", ("310107007",)),
        ("CF1", "charity_office", ("310107004", "310107007")),
    ):
        organisation = Organisation(kind=kind, code=code, name_zh=f"{code}组织", name_en=code, serves_seniors=True)
        session.add(organisation)
        session.flush()
        found[code] = organisation.id or 0
        session.add_all(OrganisationArea(organisation_id=found[code], area_id=areas[area]) for area in own)
    session.flush()
    return found


def _person(session: Session, name: str, gender: str, born_on: date) -> int:
    person = Person(name=name, phone="17000000000", address=f"{name}的家", gender=gender, born_on=born_on)
    session.add(person)
    session.flush()
    return person.id or 0


def _senior(session: Session, areas: dict[str, int], n: int) -> int:
    code, (lat, lon) = ("310107004", GANQUAN) if n <= 4 else ("310107007", ZHENRU)
    who = _person(session, f"王老人{n}", "female" if n % 2 else "male", date(1945, 1, n))
    session.add(
        Senior(
            person_id=who,
            external_ref=f"S{n}",
            subdistrict_id=areas[code],
            committee_id=areas[f"{code}001"],
            lat_deg=lat + n * 0.0005,
            lon_deg=lon,
        )
    )
    session.flush()
    return who


def _volunteer(
    session: Session, areas: dict[str, int], organisations: dict[str, int], services: dict[str, int], n: int
) -> int:
    east = n in (1, 2, 5)
    lat, lon = GANQUAN if east else ZHENRU
    who = _person(session, f"李志愿{n}", "female" if n % 2 else "male", date(1965, 1, n))
    session.add(
        Volunteer(
            person_id=who,
            external_ref=f"V{n}",
            organisation_id=organisations["EAST" if east else "WEST"],
            subdistrict_id=areas["310107004" if east else "310107007"],
            lat_deg=lat,
            lon_deg=lon + n * 0.0005,
            max_needs=3,
            weekly_cap_min=300,
        )
    )
    session.flush()
    session.add(VolunteerSkill(volunteer_id=who, service_id=services["door_visit" if n == 5 else "greeting"]))
    session.flush()
    return who


def _need(
    session: Session,
    ref: str,
    service: str,
    seniors: dict[str, int],
    services: dict[str, int],
    organisations: dict[str, int],
    frequency: tuple[str, int, int],
) -> int:
    kind, count, minutes = frequency
    need = Need(
        external_ref=f"{ref}-{service}",
        senior_id=seniors[ref],
        service_id=services[service],
        organisation_id=organisations["EAST" if int(ref[1:]) <= 4 else "WEST"],
        frequency_kind=kind,
        frequency_count=count,
        minutes=minutes,
        from_day=date(2026, 1, 1),
    )
    session.add(need)
    session.flush()
    return need.id or 0
