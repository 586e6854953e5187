"""A database with a row in every table."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from tests.access.filled import fill_access
from tests.bookings.filled import fill_bookings
from tests.bridge.filled import fill_bridge
from tests.care.filled import fill_care
from tests.coins.conftest import Town
from tests.coins.filled import fill_coins
from tests.planning.filled import fill_planning
from tests.programmes.filled import fill_programmes
from tests.registry.filled import fill_registry
from tests.worlds import MONDAY, World
from timebank.alarms.devices import register_device
from timebank.alarms.inbox import take_message
from timebank.alarms.meters import take_readings
from timebank.alarms.readings import Reading
from timebank.alarms.sources import open_source
from timebank.core.database import transaction
from timebank.core.jobs import enqueue
from timebank.core.signatures import sign
from timebank.core.tables import Milestone
from timebank.honours.certificates import Application, issue
from timebank.honours.revocations import revoke
from timebank.imports.tables import ImportBatch, ImportChange
from timebank.ledger.accounts import ISSUANCE, account_id, open_accounts
from timebank.ledger.holds import hold
from timebank.ledger.levels import look, set_level
from timebank.ledger.posting import Posting, post
from timebank.ledger.seal_keys import current_signer
from timebank.ledger.seals import seal_transfers
from timebank.ledger.tables import Account, Transfer
from timebank.needs.tables import RequestEvent, ServiceRequest
from timebank.outbox.events import Happened, emit
from timebank.outbox.tables import WebhookAttempt, WebhookDelivery
from timebank.outbox.webhooks import WebhookDraft, create_webhook
from timebank.people.tables import (
    AdvicePoint,
    CallBucket,
    Guardian,
    NeverTogether,
    Residence,
    VolunteerSkill,
)
from timebank.planning.tables import (
    Pair,
    Plan,
    Unmet,
)
from timebank.projects.projects import SLOT
from timebank.projects.tables import (
    Booking,
    BudgetEntry,
    BudgetLine,
    Commitment,
    Contribution,
    Handout,
    ProjectApplication,
    ProjectGoal,
    ProjectHours,
    ProjectOrigin,
    ProjectStep,
)
from timebank.visits.audit_tables import AuditSample, SampledVisit, Suspicion
from timebank.visits.claim_tables import GroupClaim, VisitClaim
from timebank.visits.group_tables import GroupEvent, GroupGiver, GroupServed, GroupService
from timebank.visits.tables import (
    HomeBefore,
    NeedBefore,
    Offer,
    Reminder,
    Visit,
    VisitEnding,
    VisitEvent,
    VisitStatement,
)

NEXT_WEEK = datetime.fromisoformat("2026-03-09T12:00:00+08:00")


@pytest.fixture
def full(engine: Engine, world: World, noon: datetime) -> World:
    """The small district with something of everything: books, a plan, visits, an import, a job, a certificate."""
    with transaction(engine) as session:
        _keep_books(session, world, noon)
        _plan_and_visit(session, world, noon)
        _administer(session, world, noon)
        _ask_and_offer(session, world, noon)
        _look_back(session, world, noon)
        fill_planning(session, world, noon)
        fill_care(session, world, noon)
        fill_registry(session, world, noon)
        _alarm(session, world, noon)
        fill_programmes(session, world, noon)
        _tell(session, world, noon)
        _certify(session, world, noon)
        _do_good(session, world, noon)
        fill_coins(session, Town(world, noon))
        fill_bookings(session, world, noon)
        fill_bridge(session, world, noon)
    return world


def _keep_books(session: Session, world: World, now: datetime) -> None:
    rows = [{"code": f"member:{person}", "kind": "member", "person_id": person} for person in world.volunteers.values()]
    first, second, *_ = open_accounts(session, world.book, rows).values()
    issuing = account_id(session, world.book, ISSUANCE)
    parts: dict[str, Any] = {"book_id": world.book, "reason": "earn", "effective_at": now}
    post(session, Posting(idem_key="a", debit_id=issuing, credit_id=first, amount_min=60, **parts), now=now)
    promise: dict[str, Any] = {"kind": "hold", "expires_at": NEXT_WEEK, "amount_min": 10}
    hold(session, Posting(idem_key="h", debit_id=first, credit_id=second, **promise, **parts), now=now)
    seal_transfers(session, world.book, now=now)
    set_level(session, world.book, kind="member", low_min=None, high_min=10, now=now)
    post(session, Posting(idem_key="b", debit_id=issuing, credit_id=second, amount_min=20, **parts), now=now)
    look(session, world.book, now=now)
    current_signer(session, now=now)


def _plan_and_visit(session: Session, world: World, now: datetime) -> None:
    plan = Plan(
        input_hash="h",
        starts_on=MONDAY,
        horizon_days=28,
        status="OPTIMAL",
        objective=1,
        bound=1,
        seed=1,
        method="exact",
        payload=b"plan",
        created_at=now,
    )
    session.add(plan)
    session.flush()
    number, giver = plan.id or 0, world.volunteers["V1"]
    need, other, bath = (world.needs[ref] for ref in ("S1-greeting", "S2-greeting", "S2-bath"))
    session.add(Pair(plan_id=number, need_id=need, volunteer_id=giver, distance_m=40, rank=1, candidates=3))
    session.add(Unmet(plan_id=number, need_id=other, reason="no_one", remaining=1))
    visit = Visit(plan_id=number, need_id=need, volunteer_id=giver, day=MONDAY, starts_min=540, planned_min=10)
    session.add(visit)
    session.flush()
    session.add(VisitEvent(visit_id=visit.id or 0, kind="missed", actor="S1", happened_at=now))
    slot = session.connection().execute(SLOT.select().limit(1)).one()
    session.add(Booking(slot_id=slot.id, need_id=bath, plan_id=number))
    session.flush()


def _administer(session: Session, world: World, now: datetime) -> None:
    session.add(CallBucket(holder="organisation 1", left_milli=1, at_ms=1))
    session.add(Milestone(name="step", reached_at=now))
    minor, senior = world.volunteers["V1"], world.seniors["S1"]
    session.add(Residence(person_id=senior, from_day=MONDAY, tie="registered", recorded_by="a", recorded_at=now))
    session.add(Guardian(minor_id=minor, guardian_id=senior, from_day=MONDAY, recorded_by="a", recorded_at=now))
    session.add(NeverTogether(senior_id=world.seniors["S1"], volunteer_id=world.volunteers["V2"]))
    area = world.areas["310107004"]
    session.add(AdvicePoint(area_id=area, code="P1", name_zh="顾问点", lat_deg=31.26, lon_deg=121.43))
    batch = ImportBatch(kind="seniors", file_name="a.csv", digest="d", created_at=now)
    session.add(batch)
    session.flush()
    session.add(ImportChange(batch_id=batch.id or 0, n=1, table_name="senior", before=b"sealed"))
    enqueue(session, "match", {"starts_on": "2026-03-02"}, idempotency_key="k", now=now)
    fill_access(session, world, now)


def _ask_and_offer(session: Session, world: World, now: datetime) -> None:
    request = ServiceRequest(
        organisation_id=world.organisations["EAST"],
        senior_id=world.seniors["S1"],
        service_id=world.services["greeting"],
        source="phone",
        recorded_by="organisation:1",
        asker_relation="self",
        from_day=MONDAY,
        to_day=NEXT_WEEK.date(),
        window_start_min=480,
        window_end_min=1080,
        minutes=10,
        idempotency_key="k",
        request_hash=b"hash",
        received_at=now,
    )
    session.add(request)
    session.flush()
    number = request.id or 0
    session.add(RequestEvent(request_id=number, kind="received", actor="organisation:1", happened_at=now))
    parts: dict[str, Any] = {
        "request_id": number,
        "volunteer_id": world.volunteers["V1"],
        "day": MONDAY,
        "starts_min": 540,
    }
    session.add(Offer(round=1, rank=1, open_min=60, **parts))
    session.flush()


def _look_back(session: Session, world: World, now: datetime) -> None:
    """Leave a row in every table of what follows a visit."""
    visit = session.exec(select(Visit)).one()
    number, giver, senior = visit.id or 0, world.volunteers["V1"], world.seniors["S1"]
    area, committee = world.areas["310107004"], world.areas["310107004001"]
    session.add(
        VisitEnding(visit_id=number, kind="missed", side="served", is_late=True, notice_min=0, actor="a", ended_at=now)
    )
    session.add(VisitStatement(visit_id=number, side="senior", minutes=10, actor="a", stated_at=now))
    session.add(Reminder(visit_id=number, role="giver", lead_min=60, person_id=giver, claimed_at=now))
    place: dict[str, Any] = {"subdistrict_id": area, "committee_id": committee, "lat_deg": 31.2, "lon_deg": 121.4}
    session.add(HomeBefore(senior_id=senior, until_at=now, **place))
    parts = {"senior_id": senior, "service_id": world.services["greeting"]}
    session.add(NeedBefore(need_id=visit.need_id, until_at=now, **parts))
    session.add(Suspicion(kind="pair", key="pair:1", giver_id=giver, area_id=area, day=MONDAY, found_at=now))
    east = world.organisations["EAST"]
    days: dict[str, Any] = {"from_day": MONDAY, "to_day": NEXT_WEEK.date()}
    sample = AuditSample(organisation_id=east, seed=1, quota=1, drawn_by="a", drawn_at=now, **days)
    group = GroupService(
        organisation_id=east,
        service_id=world.services["greeting"],
        area_id=area,
        day=MONDAY,
        starts_min=540,
        planned_min=60,
        idempotency_key="k",
        request_hash=b"hash",
    )
    session.add_all((sample, group))
    session.flush()
    session.add(SampledVisit(sample_id=sample.id or 0, visit_id=number, evidence="app", rank=1, stratum_size=1))
    session.add(GroupGiver(group_id=group.id or 0, volunteer_id=giver))
    session.flush()
    session.add(GroupServed(group_id=group.id or 0, senior_id=senior))
    session.add(GroupClaim(group_id=group.id or 0, volunteer_id=giver, becomes="honour", chosen_by="a", chosen_at=now))
    session.add(GroupEvent(group_id=group.id or 0, kind="planned", actor="a", happened_at=now))
    session.flush()


def _alarm(session: Session, world: World, now: datetime) -> None:
    """Leave a row in every table of alarms: a signed call for rescue."""
    session.add(VolunteerSkill(volunteer_id=world.volunteers["V1"], service_id=world.services["door_visit"]))
    session.flush()
    register_device(session, "call", "C1", world.seniors["S1"], now=now)
    secret = open_source(session, "centre", world.organisations["EAST"], actor="organisation:1", now=now)
    body = b'{"type": "call.received", "data": {"kind": "rescue", "device": "C1"}}'
    take_message(session, "centre", sign([secret], "m", body, now=now), body, now=now)
    meter = register_device(session, "meter", "M1", world.seniors["S1"], now=now).id or 0
    take_readings(session, [Reading(meter, now - timedelta(hours=hour), 1000) for hour in range(13)], now=now)


def _tell(session: Session, world: World, noon: datetime) -> None:
    """An event on its way to a webhook, tried once."""
    organisation = world.organisations["EAST"]
    draft = WebhookDraft(address="https://partner.example/", kinds=frozenset({"match_run.finished"}))
    create_webhook(session, organisation, draft, idempotency_key="full", actor="test", now=noon)
    emit(session, Happened("match_run.finished", organisation, 1, {"status": "done"}), now=noon)
    delivery = session.exec(select(WebhookDelivery)).one()
    session.add(WebhookAttempt(delivery_id=delivery.id or 0, tried_at=noon, answered=500))
    session.flush()


def _certify(session: Session, world: World, now: datetime) -> None:
    plan = session.exec(select(Plan)).one()
    earned = session.exec(select(Transfer).where(Transfer.idem_key == "a")).one()
    giver = session.get_one(Account, earned.credit_id).person_id or 0
    visit = Visit(
        plan_id=plan.id or 0,
        need_id=world.needs["S3-greeting"],
        volunteer_id=giver,
        day=MONDAY,
        starts_min=600,
        planned_min=60,
        served_min=60,
        status="confirmed",
        evidence="app",
        transfer_id=earned.id,
    )
    session.add(visit)
    session.flush()
    session.add(VisitClaim(visit_id=visit.id or 0, becomes="coin", service_min=60, settled_at=now))
    session.flush()
    application = Application(
        organisation_id=world.organisations["EAST"],
        person_id=giver,
        idempotency_key="k",
        in_charge="王主任",
        handler="李经办",
        contact="021-00000000",
    )
    revoke(session, issue(session, application, now=now).certificate.number, reason="error", now=now)


def _do_good(session: Session, world: World, now: datetime) -> None:
    """Leave a row in every table of a charity project."""
    senior, area, bath = world.seniors["S2"], world.areas["310107004"], world.services["bath"]
    of: dict[str, Any] = {"project_id": world.project}
    keyed: dict[str, Any] = {"idempotency_key": "k"}
    line = BudgetLine(**of, code="staff", name_zh="人员", planned_cents=100)
    given = _rice(world.project, now)
    session.add_all((line, given))
    session.flush()
    promise = Commitment(
        **of, **keyed, line_id=line.id or 0, what="护理", party="社", amount_cents=50, request_hash=b"hash"
    )
    session.add(promise)
    session.flush()
    who: dict[str, Any] = {"actor": "a", "note": "因故"}
    origin: dict[str, Any] = {"week": MONDAY, "needed_min": 60, "served_min": 0, "unmet_min": 60}
    transfer = session.exec(select(Transfer.id).limit(1)).one() or 0
    session.add_all(
        (
            BudgetEntry(
                commitment_id=promise.id or 0,
                kind="commit",
                amount_cents=50,
                on_day=MONDAY,
                entered_at=now,
                **who,
                **keyed,
            ),
            Handout(
                contribution_id=given.id or 0,
                senior_id=senior,
                quantity=1,
                given_on=MONDAY,
                given_by="a",
                recorded_at=now,
                **keyed,
            ),
            ProjectHours(transfer_id=transfer, senior_id=senior, minutes=10, drawn_on=MONDAY, drawn_by="a", **of),
            ProjectStep(from_stage="draft", to_stage="running", taken_at=now, **who, **of),
            ProjectGoal(area_id=area, service_id=bath, weekly_min=60, **of),
            ProjectOrigin(area_id=area, service_id=bath, recorded_by="a", recorded_at=now, **origin, **of),
            ProjectApplication(
                volunteer_id=world.volunteers["V1"], applied_at=now, request_hash=b"hash", **keyed, **of
            ),
        )
    )
    session.flush()


def _rice(project: int, now: datetime) -> Contribution:
    """Return what a company brings."""
    return Contribution(
        project_id=project,
        idempotency_key="k",
        donor_kind="company",
        donor="沪光",
        kind="goods",
        what="大米",
        unit="袋",
        quantity=2,
        value_cents=10,
        received_on=MONDAY,
        recorded_by="a",
        recorded_at=now,
        request_hash=b"hash",
    )
