"""A day that is credited at once leaves the rows of its records credited one after the other."""

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.visits.giving import gave, gave_together, make_plan, set_rules
from tests.visits.test_credit import BOOKS
from tests.worlds import MONDAY, World, small_district
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.ledger.accounts import POOL, account_id, member_code, open_accounts
from timebank.visits.credit import credit_day, credit_visit
from timebank.visits.groups import credit_group

EVENING = moment_at(MONDAY, 21 * 60)
CLAIMS = (
    *BOOKS,
    "SELECT visit_id, becomes, service_min FROM visit_claim ORDER BY 1",
    "SELECT group_id, volunteer_id, becomes, service_min FROM group_claim ORDER BY 1, 2",
    "SELECT g.group_id, g.volunteer_id, t.idem_key FROM group_giver g LEFT JOIN transfer t ON t.id = g.transfer_id",
)
SHARES = '{ app = "1/1", qr = "1/1", nfc = "1/1", landline = "3/4", paper = "1/2", witness = "0/1" }'
CAPS = {"daily_cap_min": "100", "total_cap_min": "400", "stored_cap_min": "130"}
NEEDS = [f"S{n}-greeting" for n in range(1, 9)]
VISITS = st.lists(
    st.tuples(
        st.sampled_from(["V1", "V2"]),
        st.sampled_from([480, 540, 600, 840]),
        st.integers(1, 90),
        st.sampled_from(["app", "landline", "paper", "witness"]),
    ),
    max_size=8,
)
GROUPS = st.lists(
    st.tuples(
        st.sampled_from([510, 540, 900]),
        st.dictionaries(st.sampled_from(["V1", "V2", "V3"]), st.integers(0, 70), min_size=1),
    ),
    max_size=2,
)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Follow the neutral pack with every cap set at once, and group hours of one's own."""
    path = set_rules(
        tmp_path_factory.mktemp("strict"),
        "default-1",
        **CAPS,
        rounding_min="5",
        group_hours='"own"',
        evidence_share=SHARES,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMEBANK_JURISDICTION", "haikou")
        patch.setenv("TIMEBANK_RULES", path)
        yield


@pytest.fixture(scope="module")
def shared_world(shared_engine: Engine) -> World:
    """The small district with an account for everybody, in the database that this file shares."""
    with transaction(shared_engine) as session:
        world = small_district(session, EVENING)
        people = sorted(world.volunteers.values())
        members = [{"code": member_code(one), "kind": "member", "person_id": one} for one in people]
        open_accounts(session, world.book, members)
    return world


def rows_of(session: Session) -> list[list[tuple[object, ...]]]:
    """Return the rows of books and claims, without numbers that another attempt has used up."""
    return [sorted(tuple(row) for row in session.connection().execute(text(sql))) for sql in CLAIMS]


@settings(max_examples=12, deadline=None)
@given(visits=VISITS, groups=GROUPS)
def test_day_equals_its_records_one_by_one(
    shared_engine: Engine,
    shared_world: World,
    strict: None,
    visits: list[tuple[str, int, int, str]],
    groups: list[tuple[int, dict[str, int]]],
) -> None:
    """Caps of a day, of the store and in all are used up in one order: by the hour, visits before groups, by number."""
    with transaction(shared_engine) as session:
        world, outer = shared_world, session.begin_nested()
        pool = account_id(session, world.book, POOL)
        order = _give(session, world, visits, groups)

        attempt = session.begin_nested()
        for is_group, number in order:
            if is_group:
                credit_group(session, world.book, number, now=EVENING, donation_id=pool)
            else:
                credit_visit(session, world.book, number, now=EVENING, donation_id=pool)
        singly = rows_of(session)
        attempt.rollback()
        credit_day(session, world.book, MONDAY, now=EVENING, donation_id=pool)

        assert rows_of(session) == singly
        outer.rollback()


def _give(
    session: Session,
    world: World,
    visits: list[tuple[str, int, int, str]],
    groups: list[tuple[int, dict[str, int]]],
) -> list[tuple[bool, int]]:
    """Store the records; returns them in the order of the day: whether it is a group, and its number."""
    plan, order = make_plan(session, date(2026, 3, 1)), []
    for need, (giver, starts_min, served_min, evidence) in zip(NEEDS, visits, strict=False):
        parts = {"need": need, "giver": giver, "starts_min": starts_min, "served_min": served_min, "evidence": evidence}
        number = gave(session, world, plan, day=MONDAY, **parts)  # type: ignore[arg-type]  # parts by name
        order.append((starts_min, False, number))
    for n, (starts_min, minutes) in enumerate(groups):
        number = gave_together(
            session, world, day=MONDAY, served_min_by_giver=minutes, starts_min=starts_min, key=f"k{n}"
        )
        order.append((starts_min, True, number))
    return [(is_group, number) for _, is_group, number in sorted(order)]
