"""A volunteer with three credited visits, and what is asked for them; keys without any database."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine
from sqlmodel import Session

from tests.honours.givers import Giver, application, make_giver, make_plan, visit_and_credit
from tests.worlds import World, small_district
from timebank.core.database import transaction
from timebank.honours.certificates import Application, issue
from timebank.honours.keys import PublicKey, key_number
from timebank.honours.statement import Statement, name_mark
from timebank.honours.tables import Certificate

CODE = "K7QF2M9XH3T0ZB5A"
Issue = Callable[..., Certificate]


@pytest.fixture
def giver(engine: Engine, world: World, noon: datetime) -> Giver:
    """V1 with three credited visits, in a database of the test's own."""
    with transaction(engine) as session:
        return make_giver(session, world, noon)


@pytest.fixture(scope="module")
def shared_giver(shared_engine: Engine, noon: datetime) -> Giver:
    """The same for a whole file of tests, all of which are refused or only look."""
    with transaction(shared_engine) as session:
        return make_giver(session, small_district(session, noon), noon)


@pytest.fixture
def issue_now(engine: Engine, giver: Giver, noon: datetime) -> Issue:
    """Issue a certificate to V1 by EAST, in a transaction of its own; every part can be said anew."""

    def make(*, now: datetime = noon, **changes: object) -> Certificate:
        with transaction(engine) as session:
            return issue(session, application(giver.world, **changes), now=now).certificate

    return make


@pytest.fixture
def asked(giver: Giver) -> Application:
    """What V1 asks of EAST."""
    return application(giver.world)


@pytest.fixture(scope="session")
def signer() -> Ed25519PrivateKey:
    """The private half of a key that everyone knows: a test needs no secret."""
    return Ed25519PrivateKey.from_private_bytes(b"\1" * 32)


@pytest.fixture(scope="session")
def public(signer: Ed25519PrivateKey) -> PublicKey:
    """Its published half, in use from 2026-01-01 to 2026-06-30."""
    raw = signer.public_key().public_bytes_raw()
    return PublicKey(key_id=key_number(raw), public_key=raw, from_day=date(2026, 1, 1), to_day=date(2026, 6, 30))


@pytest.fixture(scope="session")
def statement(public: PublicKey) -> Statement:
    """Twelve and a half hours of January and February, certified on 2 March."""
    return Statement(
        number="EAST-2026-000001",
        issuer="普陀东片为老服务中心",
        service_min=750,
        from_day=date(2026, 1, 1),
        to_day=date(2026, 3, 1),
        issued_on=date(2026, 3, 2),
        name_mark=name_mark("李志愿", CODE),
        key_id=public.key_id,
    )


@pytest.fixture(scope="session")
def later() -> datetime:
    """Noon of 12 March, ten days after the certificate."""
    return datetime(2026, 3, 12, 4, 0, tzinfo=UTC)


@pytest.fixture
def credited(session: Session, world: World, noon: datetime) -> Callable[..., int]:
    """Credit a visit of V1 in the test's own session; returns its transfer."""
    plan = make_plan(session, noon)

    def credit(need: str = "S1-greeting", **parts: object) -> int:
        said: dict[str, object] = {"day": date(2026, 2, 23), "served_min": 60, "now": noon}
        return visit_and_credit(session, world, plan, need, **(said | parts))  # type: ignore[arg-type]  # parts by name

    return credit
