"""A referral has two organisations and one consent: steps in their order, fields as consented, readings kept."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from tests.bridge.filled import consented
from tests.together import at_once
from tests.worlds import MONDAY, World
from timebank.bridge.consents import consent_of, consents_of, record_consent, revoke_consent, revoked_at
from timebank.bridge.fields import FIELDS
from timebank.bridge.referrals import (
    Actor,
    ReferralDraft,
    accept,
    begin,
    close,
    decline,
    events_of,
    read_senior,
    readings_of,
    refer,
    referral_of,
    referrals_of,
    withdraw,
)
from timebank.bridge.refusals import ConsentGone
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, WrongInput, WrongState

Step = Callable[[Session, int], Any]


@pytest.fixture
def consent(engine: Engine, world: World, east: Actor, noon: datetime) -> int:
    """S1 lets WEST know name and telephone."""
    with transaction(engine) as session:
        row = record_consent(session, east.organisation_id, consented(world), idempotency_key="c", now=noon)
        return row.id or 0


@pytest.fixture
def referral(engine: Engine, consent: int, east: Actor, noon: datetime) -> int:
    """EAST refers S1 to WEST for a bath."""
    with transaction(engine) as session:
        draft = ReferralDraft(consent_id=consent, reason="需要助浴", service="bath")
        return refer(session, east, draft, idempotency_key="r", now=noon).id or 0


def test_referral_runs_from_sent_to_closed(
    session: Session, referral: int, east: Actor, west: Actor, noon: datetime
) -> None:
    """Each step once, by whose turn it is; the referrer reads how it ended."""
    for _ in range(2):
        accept(session, west, referral, now=noon)
    begin(session, west, referral, now=noon)
    close(session, west, referral, outcome="helped", feedback="每周一次助浴", now=noon)

    row = referral_of(session, east.organisation_id, referral)
    assert (row.status, row.outcome, row.feedback, row.ended_at) == ("closed", "helped", "每周一次助浴", noon)
    told = [(event.kind, event.actor) for event in events_of(session, east.organisation_id, referral)]
    assert told == [
        ("sent", east.name),
        *((kind, west.name) for kind in ("accepted", "in_service", "closed")),
    ]


def test_receiver_reads_just_what_was_consented_to(
    session: Session, referral: int, east: Actor, west: Actor, noon: datetime
) -> None:
    """Name and telephone, no address; each reading is kept with who and when, and the referrer sees it."""
    found = read_senior(session, west, referral, now=noon)
    read_senior(session, west, referral, now=noon + timedelta(days=1))

    assert found == {"name": "王老人1", "phone": "17000000000"}
    kept = [(one.actor, one.fields, one.read_at) for one in readings_of(session, east.organisation_id, referral)]
    assert kept == [(west.name, ["name", "phone"], noon + timedelta(days=1)), (west.name, ["name", "phone"], noon)]


def test_every_field_can_be_consented_to_and_read(
    session: Session, world: World, east: Actor, west: Actor, noon: datetime
) -> None:
    """What the list offers is what can be read; an identity number is not among it."""
    draft = consented(world, fields=tuple(FIELDS), senior_id=world.seniors["S2"])
    row = record_consent(session, east.organisation_id, draft, idempotency_key="all", now=noon)
    number = refer(
        session, east, ReferralDraft(consent_id=row.id or 0, reason="评估"), idempotency_key="r", now=noon
    ).id

    assert read_senior(session, west, number or 0, now=noon) == {
        "name": "王老人2",
        "phone": "17000000000",
        "address": "王老人2的家",
        "born_on": "1945-01-02",
        "gender": "male",
        "languages": "zh",
        "subdistrict": "甘泉路街道",
        "committee": "甘泉第1居委会",
        "categories": "severe_functional_impairment",
        "needs": "bath, greeting",
    }


def test_nobody_else_sees_a_referral(
    session: Session, world: World, referral: int, east: Actor, west: Actor, noon: datetime
) -> None:
    """Not even the office over both: to it there is no referral; and the referrer does not act as the receiver."""
    office = Actor(world.organisations["CF1"], "office")
    assert [row.id for row in referrals_of(session, west.organisation_id, side="received", first=10)] == [referral]
    assert referrals_of(session, west.organisation_id, side="sent", first=10) == []
    assert referrals_of(session, office.organisation_id, first=10) == []
    steps: list[Step] = [
        lambda s, n: referral_of(s, office.organisation_id, n),
        lambda s, n: events_of(s, office.organisation_id, n),
        lambda s, n: readings_of(s, office.organisation_id, n),
        lambda s, n: accept(s, office, n, now=noon),
        lambda s, n: accept(s, east, n, now=noon),
        lambda s, n: read_senior(s, east, n, now=noon),
        lambda s, n: withdraw(s, west, n, words="x", now=noon),
    ]
    for step in steps:
        with pytest.raises(NotFound) as refused:
            step(session, referral)
        assert refused.value.kind == "referral"


def test_revoked_consent_ends_everything_at_once(
    session: Session, consent: int, referral: int, east: Actor, west: Actor, noon: datetime
) -> None:
    """The next reading is refused, the unanswered referral is withdrawn, and a second word changes nothing."""
    read_senior(session, west, referral, now=noon)

    first = revoke_consent(session, consent, actor="person:1", now=noon)
    again = revoke_consent(session, consent, actor="person:1", now=noon + timedelta(days=2))

    assert first == again == revoked_at(session, consent) == noon
    assert referral_of(session, east.organisation_id, referral).status == "withdrawn"
    assert [event.kind for event in events_of(session, east.organisation_id, referral)] == ["sent", "consent_revoked"]
    with pytest.raises(WrongState):
        read_senior(session, west, referral, now=noon)
    with pytest.raises(ConsentGone):
        refer(session, east, ReferralDraft(consent_id=consent, reason="再"), idempotency_key="again", now=noon)


def test_service_goes_on_without_the_fields(
    session: Session, consent: int, referral: int, west: Actor, noon: datetime
) -> None:
    """Who revokes while being served is served on, and nothing more is read."""
    accept(session, west, referral, now=noon)
    begin(session, west, referral, now=noon)

    revoke_consent(session, consent, actor="person:1", now=noon)

    with pytest.raises(ConsentGone):
        read_senior(session, west, referral, now=noon)
    assert close(session, west, referral, outcome="gone", feedback="停止", now=noon).status == "closed"


def test_reading_and_revoking_at_once_leave_no_reading_after_the_word(
    engine: Engine, consent: int, referral: int, west: Actor, noon: datetime
) -> None:
    """Whoever reads while the word is being written waits for it, and is refused."""
    _, second = at_once(
        engine,
        lambda s: revoke_consent(s, consent, actor="person:1", now=noon),
        lambda s: read_senior(s, west, referral, now=noon),
    )

    assert isinstance(second, ConsentGone | WrongState)


def test_consent_ends_on_its_day(session: Session, referral: int, west: Actor, noon: datetime) -> None:
    """Its last day is the day before; on the day itself nothing is read, and nothing accepted."""
    last, day = noon + timedelta(days=29), noon + timedelta(days=30)

    assert read_senior(session, west, referral, now=last)
    for step in (
        lambda: read_senior(session, west, referral, now=day),
        lambda: accept(session, west, referral, now=day),
    ):
        with pytest.raises(ConsentGone):
            step()


@pytest.mark.parametrize("reason", ["no_capacity", "not_eligible", "out_of_area"])
def test_declined_with_a_reason(
    session: Session, referral: int, east: Actor, west: Actor, noon: datetime, reason: str
) -> None:
    """The referrer is told why; what is declined is over."""
    decline(session, west, referral, reason=reason, now=noon)

    row = referral_of(session, east.organisation_id, referral)
    assert (row.status, row.decline_reason, row.answered_at) == ("declined", reason, noon)
    with pytest.raises(WrongState, match="declined"):
        accept(session, west, referral, now=noon)
    with pytest.raises(WrongState):
        read_senior(session, west, referral, now=noon)


@pytest.mark.parametrize(("reason", "words", "field"), [("busy", "", "reason"), ("other", " ", "words")])
def test_decline_without_a_reason_is_refused(
    session: Session, referral: int, west: Actor, noon: datetime, reason: str, words: str, field: str
) -> None:
    """A no without a why sends the referrer on blind."""
    with pytest.raises(WrongInput) as refused:
        decline(session, west, referral, reason=reason, words=words, now=noon)

    assert refused.value.field == field


STEPS: dict[str, Callable[[Session, Actor, Actor, int, datetime], Any]] = {
    "accept": lambda s, _east, west, n, now: accept(s, west, n, now=now),
    "begin": lambda s, _east, west, n, now: begin(s, west, n, now=now),
    "close": lambda s, _east, west, n, now: close(s, west, n, outcome="helped", feedback="好", now=now),
    "decline": lambda s, _east, west, n, now: decline(s, west, n, reason="no_capacity", now=now),
    "withdraw": lambda s, east, _west, n, now: withdraw(s, east, n, words="误", now=now),
}


@pytest.mark.parametrize(
    ("done", "then"),
    [
        ([], "begin"),
        ([], "close"),
        (["accept"], "close"),
        (["accept"], "decline"),
        (["accept", "begin"], "accept"),
        (["accept", "begin"], "withdraw"),
        (["accept", "begin", "close"], "withdraw"),
        (["decline"], "withdraw"),
        (["withdraw"], "accept"),
    ],
)
def test_step_out_of_turn_is_refused(
    session: Session, referral: int, east: Actor, west: Actor, noon: datetime, done: list[str], then: str
) -> None:
    """What the state does not allow changes nothing and leaves no event."""
    for name in done:
        STEPS[name](session, east, west, referral, noon)

    with pytest.raises(WrongState):
        STEPS[then](session, east, west, referral, noon)

    assert len(events_of(session, east.organisation_id, referral)) == 1 + len(done)


def test_accepting_and_declining_at_once_leave_one_answer(
    engine: Engine, referral: int, west: Actor, noon: datetime
) -> None:
    """Two clerks of the receiver: the second is told what the first said."""
    _, second = at_once(
        engine,
        lambda s: accept(s, west, referral, now=noon),
        lambda s: decline(s, west, referral, reason="no_capacity", now=noon),
    )

    assert (type(second), second.state) == (WrongState, "accepted")


def test_same_key_refers_once(session: Session, consent: int, referral: int, east: Actor, noon: datetime) -> None:
    """A lost answer is asked for again."""
    same = ReferralDraft(consent_id=consent, reason="需要助浴 ", service="bath")

    assert refer(session, east, same, idempotency_key="r", now=noon).id == referral
    with pytest.raises(KeyConflict):
        refer(session, east, ReferralDraft(consent_id=consent, reason="别的"), idempotency_key="r", now=noon)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"fields": ()}, "fields"),
        ({"fields": ("identity_number",)}, "fields"),
        ({"purpose": ""}, "purpose"),
        ({"until_day": MONDAY}, "untilDay"),
        ({"until_day": MONDAY + timedelta(days=367)}, "untilDay"),
        ({"given_by": "neighbour"}, "givenBy"),
        ({"given_by": "guardian"}, "guardianName"),
        ({"guardian_name": "王小红"}, "guardianName"),
        ({"manner": "thought"}, "manner"),
        ({"receiver": "EAST"}, "receiver"),
    ],
)
def test_consent_that_cannot_be_names_its_field(
    session: Session, world: World, east: Actor, noon: datetime, changes: dict[str, Any], field: str
) -> None:
    """A consent without an end, a purpose or a giver is none."""
    with pytest.raises(WrongInput) as refused:
        record_consent(session, east.organisation_id, consented(world, **changes), idempotency_key="c", now=noon)

    assert refused.value.field == field


def test_consent_is_taken_down_of_own_seniors(session: Session, world: World, east: Actor, noon: datetime) -> None:
    """S5 lives in Zhenru: EAST has nothing to hand on."""
    with pytest.raises(NotFound):
        record_consent(
            session,
            east.organisation_id,
            consented(world, senior_id=world.seniors["S5"]),
            idempotency_key="c",
            now=noon,
        )


def test_guardian_gives_consent_and_it_is_kept_whole(
    session: Session, world: World, east: Actor, west: Actor, noon: datetime
) -> None:
    """Both organisations and the senior find it; a third does not; the guardian's name is not readable in the file."""
    draft = consented(world, given_by="guardian", guardian_name="王小红", manner="spoken")
    row = record_consent(session, east.organisation_id, draft, idempotency_key="g", now=noon)
    number, senior = row.id or 0, world.seniors["S1"]

    assert consent_of(session, number, organisation_id=west.organisation_id).guardian_name == "王小红"
    assert [one.id for one in consents_of(session, senior, first=5)] == [number]
    with pytest.raises(NotFound):
        consent_of(session, number, senior_id=world.seniors["S2"])
    stored = session.connection().execute(text("SELECT guardian_name FROM consent")).scalar_one()
    assert "王小红".encode() not in bytes(stored)


@pytest.mark.parametrize("table", ["consent", "referral_reading", "referral_event"])
def test_what_was_consented_and_read_stays(
    engine: Engine, referral: int, west: Actor, noon: datetime, table: str
) -> None:
    """Who read what is not to be made unseen."""
    with transaction(engine) as session:
        read_senior(session, west, referral, now=noon)

    with pytest.raises(DBAPIError, match="append-only"), transaction(engine) as session:
        session.connection().execute(text(f"DELETE FROM {table}"))
