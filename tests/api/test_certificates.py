"""The page that checks a certificate: open to everyone, in Chinese first, within bounds."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from sqlalchemy import Engine, text
from starlette.applications import Starlette

from api.app import create_app
from api.certificates import FORM_TYPE, MOST_AT_ONCE
from tests.honours.givers import application, make_plan, visit_and_credit
from tests.worlds import small_district
from timebank.core.database import database, transaction
from timebank.honours.certificates import issue
from timebank.honours.content import Content
from timebank.honours.revocations import revoke
from timebank.honours.tables import Certificate

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
PATH = "/certificates/check"


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        """Tell the moment."""
        return self.moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The application over a district that has issued one certificate: to V1, for an hour with EAST."""

    page: Starlette
    engine: Engine
    certificate: Certificate


def shown(engine: Engine) -> Shown:
    """Issue it in a database in which nothing is yet."""
    with transaction(engine) as session:
        world = small_district(session, NOON)
        plan = make_plan(session, NOON)
        visit_and_credit(session, world, plan, "S1-greeting", day=date(2026, 2, 23), served_min=60, now=NOON)
        certificate = issue(session, application(world), now=NOON).certificate
    return Shown(page=create_app(engine, clock=Clock()), engine=engine, certificate=certificate)


@pytest.fixture(scope="module")
def window(shared_engine: Engine) -> Shown:
    """The page, for tests that only look."""
    return shown(shared_engine)


@pytest.fixture
def door(engine: Engine) -> Shown:
    """The page, for tests that change what stands behind it."""
    return shown(engine)


@pytest.fixture(scope="module")
def empty() -> Iterator[Starlette]:
    """The application over nothing: what is answered before any database is asked."""
    with database("sqlite://") as engine:
        yield create_app(engine, clock=lambda: NOON)


def send(page: Starlette, method: str = "GET", **parts: object) -> httpx.Response:
    """Send a request to the page; ``parts`` are those of httpx."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=page)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            return await client.request(method, PATH, **parts)  # type: ignore[arg-type]  # parts of httpx, by name

    return asyncio.run(ask())


def test_form_is_shown_without_a_login(empty: Starlette) -> None:
    """Whoever holds a paper comes without a token."""
    answer = send(empty)

    assert answer.status_code == 200
    assert '<html lang="zh-CN">' in answer.text
    assert "志愿服务记录证明核验" in answer.text
    assert "Check a certificate of voluntary service" in answer.text
    assert "<section" not in answer.text


def test_page_runs_nothing_and_is_kept_nowhere(empty: Starlette) -> None:
    """It shows what strangers send: no script runs, no cache keeps it, no other site learns of it."""
    headers = send(empty).headers

    assert headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")


def test_code_that_is_a_link_opens_the_verdict(window: Shown) -> None:
    """A phone scans, the page says it: valid, and what to compare."""
    answer = send(window.page, params={"statement": window.certificate.statement})

    assert answer.status_code == 200
    assert '<section class="valid"' in answer.text
    assert "有效：内容与签名一致，登记簿中有此证明" in answer.text
    assert "VALID: what it says was signed, and is in the register" in answer.text
    assert "<dd>EAST-2026-000001</dd>" in answer.text
    assert '1 小时 <span class="en" lang="en">1 h</span>' in answer.text


def test_page_never_says_a_name(window: Shown) -> None:
    """Who scans a code that lies about learns hours, and nobody's name."""
    answer = send(window.page, params={"statement": window.certificate.statement})

    assert "李志愿" not in answer.text


def test_revoked_is_said_with_day_and_reason(door: Shown) -> None:
    """The page knows in the same minute."""
    with transaction(door.engine) as session:
        revoke(session, door.certificate.number, reason="own_request", note="秘密", now=NOON)

    answer = send(door.page, params={"statement": door.certificate.statement})

    assert '<section class="revoked"' in answer.text
    assert "撤销日期：2026-03-02；原因：本人申请" in answer.text
    assert "秘密" not in answer.text


@pytest.mark.parametrize(
    ("spoil", "verdict"),
    [
        (lambda said: said[:100], "altered"),
        (lambda said: said[:-50] + said[-25:] + said[-50:-25], "altered"),
        (lambda _: "张三 <script>alert(1)</script>", "altered"),
        (lambda _: "\x00", "altered"),
    ],
    ids=range(4),
)
def test_spoilt_text_is_altered(window: Shown, spoil: Callable[[str], str], verdict: str) -> None:
    """Whatever is sent comes back as a verdict and as plain text, never as markup."""
    answer = send(window.page, params={"statement": spoil(window.certificate.statement)})

    assert answer.status_code == 200
    assert f'<section class="{verdict}"' in answer.text
    assert "<script" not in answer.text


def test_signed_by_another_district_is_unknown(door: Shown) -> None:
    """A register that lost its keys, or is another one, does not call a paper false."""
    with transaction(door.engine) as session:
        for table in ("certificate_record", "certificate", "signing_key"):
            _empty(session.connection(), table)

    answer = send(door.page, params={"statement": door.certificate.statement})

    assert '<section class="unknown"' in answer.text


def _empty(connection: object, table: str) -> None:
    execute = connection.execute  # type: ignore[attr-defined]  # a connection of either database
    dialect = connection.dialect.name  # type: ignore[attr-defined]  # the same
    off = {
        "sqlite": f"DROP TRIGGER {table}_no_delete",
        "postgresql": f"ALTER TABLE {table} DISABLE TRIGGER USER",
    }
    execute(text(off[dialect]))
    execute(text(f"DELETE FROM {table}"))


@pytest.mark.parametrize(("name", "said"), [("李志愿1", "姓名与核验码相符"), ("李冒名", "姓名或核验码不符")])
def test_name_is_checked_in_the_form(window: Shown, name: str, said: str) -> None:
    """A name goes in the body, where no address and no log has it, and does not come back."""
    code = Content.from_json(window.certificate.content).check_code

    answer = send(
        window.page, "POST", data={"statement": window.certificate.statement, "name": name, "code": code.lower()}
    )

    assert answer.status_code == 200
    assert said in answer.text
    assert name not in answer.text


@pytest.mark.parametrize(
    ("method", "parts", "status"),
    [
        ("GET", {"params": {"statement": "A" * 4001}}, 413),
        ("POST", {"data": {"statement": "A" * 4001}}, 413),
        ("POST", {"content": b"statement=" + b"A" * 1_000_000, "headers": {"content-type": FORM_TYPE}}, 413),
        ("POST", {"json": {"statement": "A"}}, 415),
        ("POST", {"content": b"\xff\xfe=%FF%00&statement", "headers": {"content-type": FORM_TYPE}}, 200),
        ("PUT", {}, 405),
    ],
    ids=range(6),
)
def test_requests_have_bounds(empty: Starlette, method: str, parts: dict[str, object], status: int) -> None:
    """An open page is asked anything; none of it costs more than a look."""
    assert send(empty, method, **parts).status_code == status


def test_checks_are_bounded_in_number(empty: Starlette) -> None:
    """Whoever tries codes by the thousand is asked to wait, in words, and others get their turn a moment later."""
    clock = Clock()
    with database("sqlite://") as engine:
        page = create_app(engine, clock=clock)
        answers = [send(page, params={"statement": "x"}).status_code for _ in range(MOST_AT_ONCE)]
        refused = send(page, params={"statement": "x"})
        clock.moment += timedelta(seconds=1)
        later = send(page, params={"statement": "x"})

    assert set(answers) == {503}
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert "此刻核验的人太多" in refused.text
    assert later.status_code == 503


def test_silent_register_is_told(empty: Starlette) -> None:
    """A database without its tables is our fault, not the paper's."""
    answer = send(empty, params={"statement": "HHC1.X.Y"})

    assert answer.status_code == 503
    assert "登记簿暂时无法查询" in answer.text
    assert 'section class="altered"' not in answer.text
