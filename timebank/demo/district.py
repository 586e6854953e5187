"""The synthetic district as rows: areas, organisations, people, needs, projects; set-based."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import func, insert, select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.core.personal_data import lookup_hash
from timebank.demo.names import identity_number, name, phone
from timebank.demo.population import (
    GENDER_WISH,
    SHANGHAINESE_WISH,
    People,
    Population,
    make_population,
)
from timebank.demo.published import Subdistrict, published, subdistricts
from timebank.needs.catalogue import ensure_services
from timebank.needs.tables import Need
from timebank.people.tables import (
    AdvicePoint,
    Area,
    NeverTogether,
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

SOCIAL_ORGANISATIONS = (
    ("SO1", "普陀东片为老服务中心", "East Putuo Elder Service", (2, 3, 5, 7)),
    ("SO2", "普陀中片邻里互助社", "Central Putuo Neighbours", (0, 4, 6)),
    ("SO3", "普陀西片银龄关爱社", "West Putuo Silver Care", (1, 8, 9)),
)
"""Code, names and sub-districts (positions) of the three social organisations."""
OFFICE = "CF1"
HALF = 0.5
"""From this scale on, vehicles run on two days a week."""
FREQUENCIES = {
    "greeting": ("every_n_days", 2),
    "door_visit": ("per_week", 1),
    "bath": ("per_month", 1),
    "trip": ("per_month", 1),
}
VOLUNTEER_HOURS, VISIT_HOURS, RESOURCE_HOURS = (480, 1080), (540, 1020), (420, 1140)
"""When volunteers can come, when seniors want to be visited, and when they can be fetched; minutes of the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """Ids that later rows refer to: areas by position, organisations by code, services by code."""

    subdistricts: list[int]
    committees: list[int]
    organisations: dict[str, int]
    services: dict[str, int]

    def organisation_of(self, subdistrict: int) -> int:
        """Return the social organisation of a sub-district (position)."""
        return next(self.organisations[code] for code, _, _, own in SOCIAL_ORGANISATIONS if subdistrict in own)


def build_district(session: Session, *, seed: int, scale: float, starts_on: date, now: datetime) -> dict[str, int]:
    """Build everything in the caller's transaction; returns counts of what was built."""
    population = make_population(seed=seed, scale=scale, today=starts_on)
    random = np.random.default_rng([seed, 1])
    built = _ground(session, population)
    used: dict[date, int] = {}
    seniors = _insert_people(session, random, population.seniors, 0, used)
    _insert_seniors(session, population, built, seniors)
    partners = _insert_people(session, random, population.old_partners, len(seniors), used)
    visitors = _insert_people(session, random, population.door_visitors, len(seniors) + len(partners), used)
    _insert_volunteers(session, random, population, built, (partners, visitors))
    needs = _insert_needs(session, random, population, built, seniors, starts_on)
    _insert_never(session, random, seniors, partners)
    _insert_projects(session, built, scale, starts_on, now)
    return {"seniors": len(seniors), "volunteers": len(partners) + len(visitors), "needs": needs}


def _bulk(session: Session, model: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(insert(table_of(model)), rows)


def _numbered(session: Session, model: Any, rows: list[dict[str, Any]]) -> list[int]:
    """Insert rows and return the ids they got, in their order."""
    table = table_of(model)
    connection = session.connection()
    before = connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
    _bulk(session, model, rows)
    return list(connection.execute(select(table.c.id).where(table.c.id > before).order_by(table.c.id)).scalars())


def _ground(session: Session, population: Population) -> Built:
    """Areas, organisations, advice points and the service catalogue."""
    district = _numbered(
        session,
        Area,
        [{"parent_id": None, "level": "district", "code": "310107", "name_zh": "普陀区", "name_en": "Putuo District"}],
    )[0]
    areas = subdistricts()
    streets = _numbered(session, Area, [_street(n, area, district) for n, area in enumerate(areas)])
    each = len(set(population.compounds.committees)) // len(areas)
    committees = _numbered(
        session,
        Area,
        [
            {
                "parent_id": streets[n],
                "level": "committee",
                "code": f"310107{n + 1:03d}{committee + 1:03d}",
                "name_zh": f"{area.name_zh[:2]}第{committee + 1}居委会",
                "name_en": f"{area.name_en} committee {committee + 1}",
            }
            for n, area in enumerate(areas)
            for committee in range(each)
        ],
    )
    organisations = _organisations(session, streets)
    services = {code: service.id or 0 for code, service in ensure_services(session).items()}
    built = Built(subdistricts=streets, committees=committees, organisations=organisations, services=services)
    _advice_points(session, population, built)
    return built


def _street(number: int, area: Subdistrict, district: int) -> dict[str, Any]:
    names = {"name_zh": area.name_zh, "name_en": area.name_en}
    return {"parent_id": district, "level": "subdistrict", "code": f"310107{number + 1:03d}", **names}


def _organisations(session: Session, streets: list[int]) -> dict[str, int]:
    force = published()["care_force"]
    rows = [
        {"kind": "social_organisation", "code": code, "name_zh": zh, "name_en": en, "serves_seniors": True}
        for code, zh, en, _ in SOCIAL_ORGANISATIONS
    ]
    office = {"code": OFFICE, "name_zh": "慈善基金会普陀代表处", "name_en": "Charity foundation, Putuo office"}
    rows.append({"kind": "charity_office", "serves_seniors": True, **office})
    rows += [
        {
            "kind": "charity",
            "code": f"CH{n + 1:02d}",
            "name_zh": f"普陀慈善组织{n + 1:02d}",
            "name_en": f"Putuo charity {n + 1:02d}",
            "serves_seniors": n < force["charities_for_seniors"],
        }
        for n in range(force["charities"])
    ]
    codes = [str(row["code"]) for row in rows]
    ids = dict(zip(codes, _numbered(session, Organisation, rows), strict=True))
    own = [(ids[code], streets[area]) for code, _, _, areas in SOCIAL_ORGANISATIONS for area in areas]
    own += [(ids[OFFICE], street) for street in streets]
    _bulk(session, OrganisationArea, [{"organisation_id": a, "area_id": b} for a, b in own])
    return ids


def _advice_points(session: Session, population: Population, built: Built) -> None:
    """Each committee has a point, the rest stand in turn; their places are public."""
    compounds = population.compounds
    first = {int(committee): n for n, committee in reversed(list(enumerate(compounds.committees)))}
    rows = []
    for n in range(published()["care_force"]["advice_points"]):
        committee = n % len(built.committees)
        lat, lon = compounds.middles_deg[first[committee]]
        names = {"code": f"AP{n + 1:03d}", "name_zh": f"养老顾问点{n + 1:03d}"}
        rows.append({"area_id": built.committees[committee], "lat_deg": lat, "lon_deg": lon, **names})
    _bulk(session, AdvicePoint, rows)


def _insert_people(
    session: Session, random: np.random.Generator, people: People, offset: int, used: dict[date, int]
) -> list[int]:
    """Insert people; ``used`` counts identity numbers by birthday, so that no two are equal."""
    rows = []
    for n, (born_on, female) in enumerate(zip(people.born_on, people.females.tolist(), strict=True)):
        used[born_on] = used.get(born_on, -1) + 1
        identity = identity_number(born_on, used[born_on], female=female)
        number = phone(offset + n)
        building, room = random.integers(1, 60), random.integers(101, 1899)
        rows.append(
            {
                "name": name(random, female=female),
                "phone": number,
                "address": f"普陀区第{people.compounds[n] + 1}小区{building}号{room}室",
                "identity_number": identity,
                "phone_lookup": lookup_hash("phone", number),
                "identity_lookup": lookup_hash("identity", identity),
                "gender": "female" if female else "male",
                "born_on": born_on,
            }
        )
    return _numbered(session, Person, rows)


def _insert_seniors(session: Session, population: Population, built: Built, ids: list[int]) -> None:
    compounds, people = population.compounds, population.seniors
    rows = [
        {
            "person_id": person,
            "external_ref": f"S{n + 1:05d}",
            "subdistrict_id": built.subdistricts[compounds.subdistricts[people.compounds[n]]],
            "committee_id": built.committees[compounds.committees[people.compounds[n]]],
            "lat_deg": float(people.homes_deg[n, 0]),
            "lon_deg": float(people.homes_deg[n, 1]),
            "languages": "zh",
            "status": "active",
        }
        for n, person in enumerate(ids)
    ]
    _bulk(session, Senior, rows)
    held = [
        {
            "senior_id": ids[n],
            "category": category,
            "from_day": date(2025, 1, 1),
            "to_day": None,
            "proof": "2025 survey",
        }
        for category, members in population.members_by_category.items()
        for n in members.tolist()
    ]
    _bulk(session, SeniorCategory, held)


def _insert_volunteers(
    session: Session,
    random: np.random.Generator,
    population: Population,
    built: Built,
    ids: tuple[list[int], list[int]],
) -> None:
    groups = (
        ("greeting", "V", population.old_partners, ids[0], 6, 300),
        ("door_visit", "D", population.door_visitors, ids[1], 2, 120),
    )
    for service, letter, people, numbers, most, cap_min in groups:
        areas = population.compounds.subdistricts[people.compounds]
        rows = [
            {
                "person_id": person,
                "external_ref": f"{letter}{n + 1:04d}",
                "organisation_id": built.organisation_of(int(areas[n])),
                "subdistrict_id": built.subdistricts[areas[n]],
                "lat_deg": float(people.homes_deg[n, 0]),
                "lon_deg": float(people.homes_deg[n, 1]),
                "languages": "zh,sh" if random.random() < 0.7 else "zh",
                "weekdays": 127 if random.random() < 0.7 else 127 & ~(1 << int(random.integers(7))),
                "window_start_min": VOLUNTEER_HOURS[0],
                "window_end_min": VOLUNTEER_HOURS[1],
                "max_needs": most - (1 if random.random() < 0.4 and most > 2 else 0),
                "weekly_cap_min": cap_min,
                "trained_on": date(2025, 12, 1),
                "status": "active",
            }
            for n, person in enumerate(numbers)
        ]
        _bulk(session, Volunteer, rows)
        skills = [{"volunteer_id": person, "service_id": built.services[service]} for person in numbers]
        _bulk(session, VolunteerSkill, skills)


def _insert_needs(
    session: Session,
    random: np.random.Generator,
    population: Population,
    built: Built,
    ids: list[int],
    starts_on: date,
) -> int:
    minutes = {code: service.minutes for code, service in ensure_services(session).items()}
    rows = []
    for service, members in population.seniors_by_service.items():
        kind, count = FREQUENCIES[service]
        by_hand = service in ("greeting", "door_visit")
        window = VISIT_HOURS if by_hand else RESOURCE_HOURS
        for n in members.tolist():
            area = int(population.compounds.subdistricts[population.seniors.compounds[n]])
            rows.append(
                {
                    "external_ref": f"S{n + 1:05d}-{service}",
                    "senior_id": ids[n],
                    "service_id": built.services[service],
                    "organisation_id": built.organisation_of(area),
                    "frequency_kind": kind,
                    "frequency_count": count,
                    "minutes": minutes[service],
                    "weekdays": 127,
                    "window_start_min": window[0],
                    "window_end_min": window[1],
                    "gender_wish": "female" if by_hand and random.random() < GENDER_WISH else "any",
                    "language_wish": "sh" if by_hand and random.random() < SHANGHAINESE_WISH else "",
                    "from_day": starts_on - timedelta(days=60),
                    "to_day": None,
                    "status": "open",
                }
            )
    _bulk(session, Need, rows)
    return len(rows)


def _insert_never(session: Session, random: np.random.Generator, seniors: list[int], volunteers: list[int]) -> None:
    count = max(2, len(volunteers) // 50)
    pairs = {(int(random.choice(seniors)), int(random.choice(volunteers))) for _ in range(count)}
    _bulk(session, NeverTogether, [{"senior_id": a, "volunteer_id": b} for a, b in sorted(pairs)])


def _insert_projects(session: Session, built: Built, scale: float, starts_on: date, now: datetime) -> None:
    """Two projects of the charity office: bath stations and accessible vehicles, running from the first day."""
    ends_on, areas = starts_on + timedelta(days=364), subdistricts()
    bath_places, vans = max(1, round(2 * scale)), max(1, round(3 * scale))
    trip_days = 0b01010 if scale >= HALF else 0b00010
    baths = tuple(
        _resource(f"BATH{n + 1}", f"{areas[n].name_zh}助浴点", "bath", n, areas[n], (0b10101, 540, 600, bath_places))
        for n in (0, 1, 2, 4, 6, 8)
    )
    trips = tuple(
        _resource(f"VAN{n + 1}", f"{areas[n].name_zh}无障碍车", "trip", n, areas[n], (trip_days, 540, 720, 1))
        for n in (0, 3, 9)[:vans]
    )
    for key, title, english, categories, resources in (
        ("demo-bath", "普陀助浴快车", "Bath bus of Putuo", ("severe_functional_impairment",), baths),
        ("demo-trip", "夕阳出行无忧", "Accessible trips", ("severe_registered_disability",), trips),
    ):
        draft = ProjectDraft(
            title_zh=title,
            title_en=english,
            aims="把名额给最需要的老人",
            budget_cents=50_000_000,
            starts_on=starts_on,
            ends_on=ends_on,
            categories=categories,
            resources=resources,
        )
        office = built.organisations[OFFICE]
        project = create_project(session, office, draft, idempotency_key=key, now=now)
        start_project(session, office, project_number(project))


def _resource(
    code: str, title: str, service: str, number: int, area: Subdistrict, pattern: tuple[int, int, int, int]
) -> ResourceDraft:
    return ResourceDraft(
        code=code,
        name_zh=title,
        service=service,
        subdistrict=f"310107{number + 1:03d}",
        lat_deg=area.lat_deg,
        lon_deg=area.lon_deg,
        slots=(SlotPattern(weekdays=pattern[0], starts_min=pattern[1], ends_min=pattern[2], places=pattern[3]),),
    )
