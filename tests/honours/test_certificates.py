"""A certificate is issued once, numbered without gaps, frozen, and only for hours that stand."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from tests.honours.conftest import Issue
from tests.honours.givers import Giver, application, visit_and_credit
from tests.together import at_once
from tests.worlds import World
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, WrongInput
from timebank.core.texts import say_refusal
from timebank.honours.certificates import Application, certificate_of, issue
from timebank.honours.content import Content, ServiceLine, masked
from timebank.honours.refusals import NoHours, NotItsHours
from timebank.honours.statement import is_name_of, read
from timebank.honours.tables import Certificate
from timebank.people.tables import Person, Volunteer

IDENTITY = "310107196501011234"
SKIPS_A_NUMBER = """
    INSERT INTO certificate (organisation_id, year, serial, number, idempotency_key, request_hash, person_id, from_day,
        to_day, service_min, credit_min, issued_on, issued_at, key_id, statement, content)
    SELECT organisation_id, year, 3, 'gap', 'gap', request_hash, person_id, from_day,
        to_day, service_min, credit_min, issued_on, issued_at, key_id, statement, content FROM certificate"""
RESTS_ON = "SELECT transfer_id, service_min, credit_min FROM certificate_record ORDER BY 1"


def content_of(certificate: Certificate) -> Content:
    """Read what stands on a certificate."""
    return Content.from_json(certificate.content)


def test_content_is_the_national_field_set(engine: Engine, giver: Giver, issue_now: Issue) -> None:
    """Each of the four groups is there, from what is recorded."""
    with transaction(engine) as session:
        session.get_one(Person, giver.person).identity_number = IDENTITY
        session.get_one(Volunteer, giver.person).trained_on = date(2026, 1, 5)

    content = content_of(issue_now(evaluation="认真负责", notes="用于升学"))

    assert content == Content(
        number="EAST-2026-000001",
        issued_on=date(2026, 3, 2),
        notes="用于升学",
        check_code=content.check_code,
        name="李志愿1",
        identity="**************1234",
        volunteer_number="V1",
        from_day=date(2026, 2, 23),
        to_day=date(2026, 3, 3),
        service_min=105,
        credit_min=105,
        services=(ServiceLine(code="greeting", name_zh="两天一问候", name_en="Greeting", visits=2, service_min=105),),
        counts_all=False,
        trained_on=date(2026, 1, 5),
        stars=0,
        level_hours=0,
        evaluation="认真负责",
        issuer_code="EAST",
        issuer_zh="EAST组织",
        issuer_en="EAST",
        in_charge="王主任",
        handler="陈经办",
        contact="021-52000000",
    )


def test_figures_are_the_sum_of_filed_transfers(engine: Engine, giver: Giver, issue_now: Issue) -> None:
    """A figure without the transfers behind it could not be checked by an auditor."""
    certificate = issue_now()

    with transaction(engine, read_only=True) as session:
        filed = [tuple(row) for row in session.connection().execute(text(RESTS_ON))]

    assert filed == [(giver.transfers[0], 60, 60), (giver.transfers[1], 45, 45)]
    assert (certificate.service_min, certificate.credit_min) == (105, 105)


def test_statement_says_what_the_certificate_says(issue_now: Issue) -> None:
    """The code and the paper must not tell two stories."""
    certificate = issue_now()

    said = read(certificate.statement).statement

    assert (said.number, said.issuer, said.service_min) == ("EAST-2026-000001", "EAST组织", 105)
    assert (said.from_day, said.to_day, said.issued_on) == (date(2026, 2, 23), date(2026, 3, 3), date(2026, 3, 2))
    assert said.key_id == certificate.key_id
    assert is_name_of(said, "李志愿1", content_of(certificate).check_code)


@pytest.mark.parametrize(
    ("organisation", "counts_all", "minutes"),
    [("EAST", False, 105), ("WEST", False, 30), ("CF1", True, 135)],
)
def test_organisation_certifies_its_own_and_the_office_all(
    issue_now: Issue,
    world: World,
    organisation: str,
    counts_all: bool,  # noqa: FBT001  # as it is asked
    minutes: int,
) -> None:
    """Who records certifies; only an office sees the whole."""
    certificate = issue_now(organisation_id=world.organisations[organisation], counts_all=counts_all)

    assert certificate.service_min == minutes
    assert content_of(certificate).counts_all == counts_all


def test_social_organisation_cannot_certify_hours_of_others(shared_engine: Engine, shared_giver: Giver) -> None:
    """It would answer for what it never saw."""
    with transaction(shared_engine) as session, pytest.raises(NotItsHours) as refusal:
        issue(session, application(shared_giver.world, counts_all=True), now=datetime(2026, 3, 2, 4, tzinfo=UTC))

    assert say_refusal(refusal.value) == (
        "“EAST组织”只能证明自己记录的时长（谁记录、谁证明）；全部组织的时长由代表处或街镇证明。"
    )


def test_level_of_the_last_day_is_an_honour(engine: Engine, giver: Giver, issue_now: Issue, noon: datetime) -> None:
    """A star is printed with the hours it begins at."""
    with transaction(engine) as session:
        for day in range(1, 8):
            visit_and_credit(
                session, giver.world, giver.plan, "S4-greeting", day=date(2026, 1, day), served_min=900, now=noon
            )

    before = content_of(issue_now(to_day=date(2026, 1, 7)))
    after = content_of(issue_now(idempotency_key="second", to_day=date(2026, 1, 8)))

    assert (before.stars, before.level_hours) == (0, 0)
    assert (after.stars, after.level_hours) == (1, 100)


def test_identity_is_whole_when_the_person_asks(engine: Engine, giver: Giver, issue_now: Issue) -> None:
    """Some authorities want the whole number; without being asked it is never printed."""
    with transaction(engine) as session:
        session.get_one(Person, giver.person).identity_number = IDENTITY

    assert content_of(issue_now(shows_identity=True)).identity == IDENTITY


@pytest.mark.parametrize(
    ("identity", "shown"), [(IDENTITY, "**************1234"), ("12345", "*2345"), ("1234", "****"), ("", "")]
)
def test_masked_identity_shows_four_places(identity: str, shown: str) -> None:
    """Four places tell two people apart and steal nobody's identity; of a short number nothing is left."""
    assert masked(identity) == shown


def test_same_key_is_one_certificate(engine: Engine, issue_now: Issue, asked: Application, noon: datetime) -> None:
    """A clerk who clicks twice, or whose answer was lost, prints the same paper again, also tomorrow."""
    first = issue_now()

    with transaction(engine) as session:
        again = issue(session, asked, now=noon + timedelta(days=1))

    assert again.is_replay
    assert (again.certificate.number, again.certificate.statement) == (first.number, first.statement)


@pytest.mark.parametrize("change", [{"notes": "x"}, {"from_day": date(2026, 2, 24)}, {"shows_identity": True}])
def test_same_key_with_other_content_is_a_conflict(
    engine: Engine, giver: Giver, issue_now: Issue, noon: datetime, change: dict[str, object]
) -> None:
    """A key that stands for one paper cannot stand for another."""
    issue_now()

    with transaction(engine) as session, pytest.raises(KeyConflict):
        issue(session, application(giver.world, **change), now=noon)


def test_key_belongs_to_its_issuer(issue_now: Issue, world: World) -> None:
    """Two organisations that number their requests alike do not get each other's papers."""
    east, west = issue_now(), issue_now(organisation_id=world.organisations["WEST"])

    assert (east.number, west.number) == ("EAST-2026-000001", "WEST-2026-000001")


def test_numbers_have_no_gap_after_a_refusal(engine: Engine, giver: Giver, issue_now: Issue, noon: datetime) -> None:
    """A number that was never given looks like a paper that disappeared."""
    first = issue_now()
    with pytest.raises(NoHours), transaction(engine) as session:
        issue(session, application(giver.world, idempotency_key="no", to_day=date(2026, 2, 1)), now=noon)
    with pytest.raises(RuntimeError), transaction(engine) as session:
        issue(session, application(giver.world, idempotency_key="lost"), now=noon)
        raise RuntimeError

    second = issue_now(idempotency_key="second")

    assert (first.number, second.number) == ("EAST-2026-000001", "EAST-2026-000002")


def test_two_at_once_have_numbers_after_each_other(engine: Engine, giver: Giver, noon: datetime) -> None:
    """Two counters that issue at the same moment never give one number twice, nor leave one out."""
    one, other = at_once(
        engine,
        lambda session: issue(session, application(giver.world, idempotency_key="a"), now=noon).certificate.number,
        lambda session: issue(session, application(giver.world, idempotency_key="b"), now=noon).certificate.number,
    )

    assert (one, other) == ("EAST-2026-000001", "EAST-2026-000002")


def test_same_key_at_once_is_one_certificate(engine: Engine, asked: Application, noon: datetime) -> None:
    """A double click is a race too."""
    one, other = at_once(
        engine, lambda session: issue(session, asked, now=noon), lambda session: issue(session, asked, now=noon)
    )

    assert (one.is_replay, other.is_replay) == (False, True)
    assert one.certificate.number == other.certificate.number


def test_numbers_begin_anew_with_the_year_of_shanghai(issue_now: Issue) -> None:
    """At eight in the evening of London it is already next year at the counter."""
    last = issue_now(now=datetime(2026, 12, 31, 15, 59, tzinfo=UTC))
    first = issue_now(now=datetime(2026, 12, 31, 16, 0, tzinfo=UTC), idempotency_key="second")

    assert (last.number, first.number) == ("EAST-2026-000001", "EAST-2027-000001")


def test_person_without_hours_is_refused_in_words(shared_engine: Engine, shared_giver: Giver, noon: datetime) -> None:
    """An empty certificate is worth less than the reason why there is none."""
    with transaction(shared_engine) as session, pytest.raises(NoHours) as refusal:
        issue(session, application(shared_giver.world, person_id=shared_giver.world.volunteers["V2"]), now=noon)

    assert say_refusal(refusal.value) == (
        "志愿者 V2 自 - 至 2026-03-02 没有已确认并入账的服务，无从证明。请先确认上门并入账，或选择其他时段。"
    )


@pytest.mark.parametrize("changes", [{"person_id": 10**9}, {"organisation_id": 10**9}])
def test_strangers_are_not_found(
    shared_engine: Engine, shared_giver: Giver, noon: datetime, changes: dict[str, object]
) -> None:
    """Nobody is certified by nobody."""
    with transaction(shared_engine) as session, pytest.raises(NotFound):
        issue(session, application(shared_giver.world, **changes), now=noon)


def test_senior_is_no_volunteer(shared_engine: Engine, shared_giver: Giver, noon: datetime) -> None:
    """A person alone is not enough: hours are given by volunteers."""
    with transaction(shared_engine) as session, pytest.raises(NotFound, match="no volunteer"):
        issue(session, application(shared_giver.world, person_id=shared_giver.world.seniors["S1"]), now=noon)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"to_day": date(2026, 3, 4)}, "to_day"),
        ({"from_day": date(2026, 3, 3)}, "from_day"),
        ({"from_day": date(2026, 2, 2), "to_day": date(2026, 2, 2)}, "from_day"),
    ],
)
def test_days_that_cannot_be_are_refused(
    shared_engine: Engine, shared_giver: Giver, noon: datetime, changes: dict[str, object], field: str
) -> None:
    """What has not happened yet cannot be certified."""
    with transaction(shared_engine) as session, pytest.raises(WrongInput) as refusal:
        issue(session, application(shared_giver.world, **changes), now=noon)

    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("in_charge", ""),
        ("in_charge", " \u3000"),
        ("handler", "陈" * 61),
        ("contact", "021\n52000000"),
        ("notes", "a\u202eb"),
        ("evaluation", "\u200b"),
        ("notes", "好" * 201),
        ("idempotency_key", ""),
        ("idempotency_key", "k" * 201),
    ],
)
def test_words_that_no_paper_carries_are_refused(field: str, said: str) -> None:
    """Letters that hide, or turn a line around, could make a paper say what it does not."""
    world = World(
        book=1, areas={}, organisations={"EAST": 1}, services={}, seniors={}, volunteers={"V1": 1}, needs={}, project=1
    )

    with pytest.raises(WrongInput) as refusal:
        application(world, **{field: said})

    assert refusal.value.field == field


def test_content_is_unreadable_at_rest(engine: Engine, issue_now: Issue) -> None:
    """A register of names and identity numbers is what thieves look for."""
    issue_now()

    with transaction(engine, read_only=True) as session:
        content, statement = session.connection().execute(text("SELECT content, statement FROM certificate")).one()

    assert "李志愿".encode() not in bytes(content)
    assert "李志愿" not in statement


def test_content_stays_as_it_was_issued(engine: Engine, giver: Giver, issue_now: Issue) -> None:
    """A name that changes later does not change a paper that is already out."""
    number = issue_now().number
    with transaction(engine) as session:
        session.get_one(Person, giver.person).name = "李新名"

    with transaction(engine, read_only=True) as session:
        assert content_of(certificate_of(session, number)).name == "李志愿1"


def test_newer_content_is_not_guessed_at() -> None:
    """An older program that meets a newer paper says so instead of leaving parts out."""
    with pytest.raises(ValueError, match="newer version"):
        Content.from_json('{"version": 2}')


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE certificate SET service_min = 6000",
        "DELETE FROM certificate_record",
        "UPDATE certificate_record SET service_min = 6000",
        SKIPS_A_NUMBER,
    ],
)
def test_database_keeps_the_register(engine: Engine, issue_now: Issue, statement: str) -> None:
    """Not only the code: whoever has a connection cannot rewrite a certificate or skip a number."""
    issue_now()

    with (
        pytest.raises(DBAPIError, match=r"append-only|the number after the last"),
        transaction(engine) as session,
    ):
        session.connection().execute(text(statement))


def test_register_is_not_deleted(session: Session, giver: Giver, asked: Application, noon: datetime) -> None:
    """A certificate that vanishes leaves a number that nobody can explain."""
    issue(session, asked, now=noon)

    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.connection().execute(text("DELETE FROM certificate"))

    assert len(session.exec(select(Certificate.id)).all()) == 1
