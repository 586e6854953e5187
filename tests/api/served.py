"""The world `served`: the small district with long lists, a plan in force, and a token of every kind."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, update
from sqlmodel import Session, select

from tests.bridge.filled import Filled, fill_bridge
from tests.worlds import GANQUAN, MONDAY, World, bath_project, small_district
from timebank.alarms.devices import register_device
from timebank.alarms.life import receive
from timebank.bookings.requests import Asked, ask_place
from timebank.bookings.rounds import decide
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.jobs import work_one
from timebank.core.tables import Job
from timebank.ledger.accounts import ISSUANCE, account_id, open_accounts
from timebank.ledger.batch import post_batch
from timebank.ledger.posting import Posting
from timebank.needs.tables import Need, Service
from timebank.people.tables import Organisation, OrganisationArea, Person, Senior, Volunteer
from timebank.people.tokens import issue_token, revoke_tokens
from timebank.planning.problem_rows import Question
from timebank.planning.runs import MATCH, make_plan, run_match, start_run
from timebank.planning.storing import publish_plan
from timebank.planning.tables import Plan
from timebank.projects.projects import ResourceDraft, create_project
from timebank.registry.surveys import make_round

LONG = 22
"""Rows of every list that a test reads page by page."""
GANQUAN_CODE, ZHENRU_CODE = "310107004", "310107007"
BRIDGE = frozenset({"bridge:read", "bridge:write", "webhooks:read", "webhooks:write"})
"""What every organisation of the world may do."""
PROGRAMMES = frozenset({"programmes:read", "programmes:write"})
READING = {
    "office": frozenset({"bookings:read", "bookings:write", "projects:read", "projects:write", "projects:approve"}),
    "organisation": frozenset(
        {
            "alarms:read",
            "alarms:write",
            "bookings:read",
            "bookings:write",
            "care:read",
            "care:write",
            "clients:read",
            "codes:write",
            "matches:read",
            "matches:run",
            "projects:apply",
            "registry:read",
            "registry:write",
            "tokens:read",
            "tokens:write",
            *PROGRAMMES,
        }
    ),
    "volunteer": frozenset(
        {
            "accounts:read",
            "alarms:read",
            "alarms:write",
            "bookings:read",
            "projects:apply",
            "tokens:read",
            "tokens:write",
            "visits:read",
            *PROGRAMMES,
        }
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What stands: the small district, and a token by the name of its kind."""

    world: World
    bridge: Filled
    tokens: dict[str, str]


def served_district(engine: Engine, now: datetime) -> Served:
    """Build it: EAST has 27 pairs, 22 unmet needs and 22 runs; CF1 22 projects; V1 25 lines; WEST and CF2 a few."""
    with transaction(engine) as session:
        world = small_district(session, now)
        _more_needs(session, world)
        _more_projects(session, world, now)
        _hours(session, world, now)
        other_office = _other_office(session, world, now)
        _round(session, world, now)
        bridge = fill_bridge(session, world, now)
        tokens = _tokens(session, world, other_office, bridge, now)
        _call(session, world, now)
    with transaction(engine) as session:
        for code in ("WEST", "EAST"):
            start_run(
                session,
                organisation_id=world.organisations[code],
                starts_on=MONDAY,
                horizon_days=14,
                idempotency_key="first",
                now=now,
            )
    work_one(engine, {MATCH: run_match}, clock=lambda: now)
    work_one(engine, {MATCH: run_match}, clock=lambda: now)
    plan = make_plan(engine, Question(starts_on=MONDAY, horizon_days=14), now=now)
    with transaction(engine) as session:
        publish_plan(session, plan)
        _more_runs(session, world.organisations["EAST"], now)
        _bath(session, world, now)
    return Served(world=world, bridge=bridge, tokens=tokens)


def _bath(session: Session, world: World, now: datetime) -> None:
    """EAST has asked for a bath for S2, the round has given it, and somebody has to call."""
    asked = Asked(
        organisation_id=world.organisations["EAST"],
        senior_id=world.seniors["S2"],
        service_id=world.services["bath"],
        source="phone",
        recorded_by="organisation:1",
        asker_relation="child",
        from_day=MONDAY + timedelta(days=3),
        to_day=MONDAY + timedelta(days=4),
    )
    ask_place(session, asked, idempotency_key="served", now=now)
    bath = session.get_one(Service, world.services["bath"])
    decide(session, bath, actor="organisation:1", now=now, until=MONDAY + timedelta(days=7))


def _more_needs(session: Session, world: World) -> None:
    """Give Ganquan 22 seniors more with a greeting each, and a trip that nobody drives; Zhenru one such trip."""
    area, committee = world.areas[GANQUAN_CODE], world.areas[f"{GANQUAN_CODE}001"]
    wanted = [(world.seniors["S5"], "S5", "trip", "WEST")]
    for n in range(1, LONG + 1):
        ref = f"G{n:02d}"
        person = Person(name=f"钱老人{n}", address=f"甘泉路{n}号", gender="female", born_on=date(1940, 1, n))
        session.add(person)
        session.flush()
        number = person.id or 0
        session.add(
            Senior(
                person_id=number,
                external_ref=ref,
                subdistrict_id=area,
                committee_id=committee,
                lat_deg=GANQUAN[0] + n * 0.0002,
                lon_deg=GANQUAN[1],
            )
        )
        wanted += [(number, ref, service, "EAST") for service in ("greeting", "trip")]
    session.flush()
    for senior, ref, service, organisation in wanted:
        session.add(
            Need(
                external_ref=f"{ref}-{service}",
                senior_id=senior,
                service_id=world.services[service],
                organisation_id=world.organisations[organisation],
                frequency_kind="per_week",
                frequency_count=1,
                minutes=10,
                from_day=date(2026, 1, 1),
            )
        )
    session.connection().execute(update(Volunteer).values(max_needs=20, weekly_cap_min=1200))


def _more_projects(session: Session, world: World, now: datetime) -> None:
    for n in range(2, LONG + 1):
        draft = bath_project(
            title_zh=f"助浴{n}", title_en=f"Baths {n}", resources=(_resource(f"BATH-{n}", GANQUAN_CODE),)
        )
        create_project(session, world.organisations["CF1"], draft, idempotency_key=f"world-{n}", now=now)


def _resource(code: str, subdistrict: str) -> ResourceDraft:
    return ResourceDraft(
        code=code,
        name_zh=f"助浴点{code}",
        service="bath",
        subdistrict=subdistrict,
        lat_deg=GANQUAN[0],
        lon_deg=GANQUAN[1],
        slots=(),
    )


def _other_office(session: Session, world: World, now: datetime) -> int:
    office = Organisation(kind="charity_office", code="CF2", name_zh="CF2代表处", name_en="CF2")
    session.add(office)
    session.flush()
    session.add(OrganisationArea(organisation_id=office.id or 0, area_id=world.areas[ZHENRU_CODE]))
    session.flush()
    draft = bath_project(resources=(_resource("ZHENRU-BATH", ZHENRU_CODE),))
    create_project(session, office.id or 0, draft, idempotency_key="world", now=now)
    return office.id or 0


def _round(session: Session, world: World, now: datetime) -> None:
    """Begin a survey round of March in the whole district."""
    days = {"from_day": MONDAY, "to_day": MONDAY + timedelta(days=28)}
    every = {"childless": 7, "severe_functional_impairment": 28}
    area = world.areas["310107"]
    make_round(session, "SERVED", area_id=area, every_days=every, actor="organisation:3", now=now, **days)


def _hours(session: Session, world: World, now: datetime) -> None:
    """Credit 25 hours to V1 and one to V3."""
    codes = {f"member:{world.volunteers[ref]}": world.volunteers[ref] for ref in ("V1", "V3")}
    rows: list[dict[str, object]] = [{"code": code, "kind": "member", "person_id": n} for code, n in codes.items()]
    accounts = open_accounts(session, world.book, rows)
    issuing = account_id(session, world.book, ISSUANCE)
    credited = [(f"member:{world.volunteers['V1']}", n) for n in range(25)]
    credited.append((f"member:{world.volunteers['V3']}", 25))
    postings = [
        Posting(
            book_id=world.book,
            idem_key=f"hour {n}",
            debit_id=issuing,
            credit_id=accounts[code],
            amount_min=60,
            reason="earn",
            effective_at=moment_at(MONDAY - timedelta(days=30 - n), 0),
        )
        for code, n in credited
    ]
    post_batch(session, postings, now=now)


def _more_runs(session: Session, organisation: int, now: datetime) -> None:
    """Add runs of EAST that are done, each with a plan of its own."""
    first = session.exec(select(Plan).where(Plan.organisation_id == organisation)).one()
    for n in range(2, LONG + 1):
        plan = Plan(**first.model_dump(exclude={"id", "input_hash"}), input_hash=f"copy {n}")
        session.add(plan)
        session.flush()
        session.add(
            Job(
                kind=MATCH,
                scope=f"organisation:{organisation}",
                organisation_id=organisation,
                idempotency_key=f"run {n}",
                status="done",
                progress_ppm=1_000_000,
                result={"plan_id": plan.id},
                created_at=now,
                finished_at=now,
            )
        )
    session.flush()


def _call(session: Session, world: World, now: datetime) -> None:
    """Let S1 ask for a taxi."""
    register_device(session, "call", "C1", world.seniors["S1"], now=now)
    receive(session, key="served", kind="taxi", code="C1", actor="source:centre", now=now)


def _tokens(session: Session, world: World, other_office: int, bridge: Filled, now: datetime) -> dict[str, str]:
    """Issue a token of every kind, dead ones too."""
    east, people = world.organisations["EAST"], world.volunteers
    long_ago = now - timedelta(days=60)
    dead = {
        "revoked": issue_token(session, scopes=READING["organisation"], now=now, organisation_id=east),
        "expired": issue_token(session, scopes=READING["organisation"], now=long_ago, organisation_id=east),
    }
    revoke_tokens(session, now=now, organisation_id=east)
    organisations = {
        "east": ("organisation", east),
        "west": ("organisation", world.organisations["WEST"]),
        "office": ("office", world.organisations["CF1"]),
        "other_office": ("office", other_office),
        "company": ("organisation", bridge.company),
        "bureau": ("organisation", bridge.bureau),
    }
    volunteers = {"volunteer": people["V1"], "other_volunteer": people["V3"], "new_volunteer": people["V4"]}
    people_asked = volunteers | {"senior": world.seniors["S1"]}
    return (
        dead
        | {"mistyped": f"{dead['revoked'][:-1]}~", "wrong": "hhtb_" + "A" * 32 + "_00000000"}
        | {
            name: issue_token(session, scopes=READING[kind] | BRIDGE, now=now, organisation_id=number)
            for name, (kind, number) in organisations.items()
        }
        | {
            name: issue_token(
                session, scopes=READING["volunteer"] | BRIDGE | {"calendar:write"}, now=now, person_id=number
            )
            for name, number in people_asked.items()
        }
    )
