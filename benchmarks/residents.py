"""The people, needs and one plan of a bare problem as rows: all that a stored visit refers to."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, text
from sqlmodel import Session

from benchmarks.instances import MOST_NEEDS, WEEKLY_CAP_MIN
from matching.problem import Problem
from timebank.needs.catalogue import ensure_services
from timebank.needs.tables import Need
from timebank.people.tables import Area, Organisation, Senior, Volunteer
from timebank.planning.tables import Plan

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PLAN_ID = 1_000_000
"""Number of a plan that bare visits refer to, far from those that the database gives."""
AREA = {"id": 1, "level": "district", "code": "310107", "name_zh": "普陀区", "name_en": "Putuo"}
OFFICE = {
    "id": 1,
    "kind": "social_organisation",
    "code": "SO1",
    "name_zh": "为老服务中心",
    "name_en": "Elder service",
    "serves_seniors": True,
}
LIVES = {"subdistrict_id": AREA["id"], "languages": "zh", "status": "active"}


def insert_residents(session: Session, problem: Problem) -> None:
    """Insert them with the ids of the problem; persons have no names, for nobody reads them."""
    _insert(session, Area, [AREA])
    _insert(session, Organisation, [OFFICE])
    greeting = ensure_services(session)["greeting"].id or 0
    person = text("INSERT INTO person (id, name, gender, born_on) VALUES (:id, :name, 'unknown', '1950-01-01')")
    people = [*problem.needs.senior_ids.tolist(), *problem.volunteers.ids.tolist()]
    session.connection().execute(person, [{"id": number, "name": b""} for number in people])
    _insert(session, Senior, _seniors(problem))
    _insert(session, Volunteer, _volunteers(problem))
    _insert(session, Need, _needs(problem, greeting))
    _insert(session, Plan, [_plan(problem)])


def _insert(session: Session, model: Any, rows: list[dict[str, Any]]) -> None:
    session.connection().execute(insert(model.__table__), rows)


def _seniors(problem: Problem) -> list[dict[str, Any]]:
    homes = zip(
        problem.needs.senior_ids.tolist(), problem.needs.lats_deg.tolist(), problem.needs.lons_deg.tolist(), strict=True
    )
    return [
        {"person_id": who, "external_ref": f"S{who}", "lat_deg": lat, "lon_deg": lon, "committee_id": AREA["id"]}
        | LIVES
        for who, lat, lon in homes
    ]


def _volunteers(problem: Problem) -> list[dict[str, Any]]:
    people = problem.volunteers
    starts = zip(people.ids.tolist(), people.lats_deg.tolist(), people.lons_deg.tolist(), strict=True)
    return [
        {"person_id": who, "external_ref": f"V{who}", "lat_deg": lat, "lon_deg": lon, "organisation_id": OFFICE["id"]}
        | {"max_needs": MOST_NEEDS, "weekly_cap_min": WEEKLY_CAP_MIN, "window_start_min": 480, "window_end_min": 1080}
        | {"weekdays": 127}
        | LIVES
        for who, lat, lon in starts
    ]


def _needs(problem: Problem, service: int) -> list[dict[str, Any]]:
    return [
        {"id": need, "external_ref": f"N{need}", "senior_id": senior, "service_id": service}
        | {"organisation_id": OFFICE["id"], "frequency_kind": "every_n_days", "frequency_count": 2, "minutes": 10}
        | {"weekdays": 127, "window_start_min": 480, "window_end_min": 1080, "from_day": problem.starts_on}
        for need, senior in zip(problem.needs.ids.tolist(), problem.needs.senior_ids.tolist(), strict=True)
    ]


def _plan(problem: Problem) -> dict[str, Any]:
    """Return a plan of no scope, without a payload."""
    return {
        "id": PLAN_ID,
        "scope": "none",
        "input_hash": "",
        "state": "superseded",
        "starts_on": problem.starts_on,
        "horizon_days": problem.horizon_days,
        "status": "FEASIBLE",
        "objective": 0,
        "bound": 0,
        "seed": 0,
        "method": "",
        "figures": {},
        "payload": b"",
        "created_at": NOW,
    }
