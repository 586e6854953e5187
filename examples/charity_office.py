"""The charity office: finds where seats in accessible vehicles are missing, brings a vehicle, and sees what it changed.

Run it: .venv/bin/python examples/charity_office.py
It builds a small district of its own; give the address of an empty database to build it there instead.
"""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine
from sqlmodel import Session, select

from timebank.core.database import database, transaction
from timebank.demo.run import run_demo
from timebank.people.belonging import areas_of
from timebank.people.tables import Organisation
from timebank.planning.pairs import shortage_rows
from timebank.planning.problem_rows import Question
from timebank.planning.runs import make_plan
from timebank.planning.storing import publish_plan
from timebank.projects.eligibility import count_eligible
from timebank.projects.listing import bookings_of, resources_of
from timebank.projects.projects import (
    ProjectDraft,
    ResourceDraft,
    SlotPattern,
    create_project,
    project_number,
    start_project,
)

NOW = datetime(2026, 3, 30, 1, 0, tzinfo=UTC)
NEXT_PERIOD = date(2026, 4, 27)


def main(url: str | None = None) -> None:
    """Tell the story on a small district of its own."""
    with TemporaryDirectory() as folder, database(url or f"sqlite:///{Path(folder) / 'district.sqlite'}") as engine:
        run_demo(engine, seed=7, scale=0.02, starts_on=date(2026, 3, 2), now=NOW, progress=lambda *_: None)
        with transaction(engine) as session:
            office = session.exec(select(Organisation.id).where(Organisation.code == "CF1")).one() or 0
            tell_shortage(session, office, "Seats in accessible vehicles")
            project = bring_a_vehicle(session, office)
        plan_again(engine)
        with transaction(engine, read_only=True) as session:
            tell_shortage(session, office, "After the project")
            print(f"Places of the project given out: {bookings_of(session, [project])[project]}")


def tell_shortage(session: Session, office: int, title: str) -> None:
    """Print how many trips are unmet, and in which sub-districts."""
    rows = [row for row in shortage_rows(session, areas_of(office)) if row.service == "trip"]
    print(f"{title}: {sum(row.unmet for row in rows)} of {sum(row.needs for row in rows)} unmet")
    for row in rows:
        if row.unmet:
            print(f"  {row.area_zh} {row.area_en}: {row.unmet} of {row.needs}")


def bring_a_vehicle(session: Session, office: int) -> int:
    """Create a project with one vehicle and a rule of who may ride, and let it run; returns its number."""
    van = ResourceDraft(
        code="VAN-WANLI",
        name_zh="万里无障碍车",
        service="trip",
        subdistrict="310107008",
        lat_deg=31.2685,
        lon_deg=121.3985,
        slots=(SlotPattern(weekdays=0b0011111, starts_min=540, ends_min=720, places=2),),  # Monday to Friday, 9 to 12
    )
    draft = ProjectDraft(
        title_zh="北片出行",
        title_en="Trips in the north",
        aims="让重残老人每月能出门一次",
        budget_cents=8_000_000,
        starts_on=NEXT_PERIOD,
        ends_on=date(2026, 7, 27),
        categories=("severe_registered_disability",),
        min_age=60,
        resources=(van,),
    )
    project = create_project(session, office, draft, idempotency_key="north-2026", now=NOW)
    again = create_project(session, office, draft, idempotency_key="north-2026", now=NOW)
    number = project_number(project)
    start_project(session, office, number)
    print(f"Project {project.title_en}: {project.status}, {project.budget_cents / 100:,.0f} yuan")
    for brought in resources_of(session, [number])[number]:
        print(f"  brings {brought.code} in {brought.subdistrict}: {brought.slots} slots, {brought.places} places")
    print(f"  open to {project.eligibility}: {count_eligible(session, project, NEXT_PERIOD)} seniors")
    print(f"  the same key again is the same project: {again.id == number}")
    return number


def plan_again(engine: Engine) -> None:
    """Plan the next four weeks with the new vehicle, and put the plan into force."""
    number = make_plan(engine, Question(starts_on=NEXT_PERIOD, horizon_days=28), now=NOW)
    with transaction(engine) as session:
        plan = publish_plan(session, number)
        print(f"Plan from {plan.starts_on}: {plan.status}, {plan.state}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
