"""``timebank rules compare``: what other rules would change for the accounts that stand, on both databases."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from tests.rules.texts import with_rule
from tests.worlds import MONDAY, World
from timebank.cli import app
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.ledger.accounts import account_id, open_accounts
from timebank.ledger.holders import holder_pages
from timebank.ledger.holds import hold, reverse
from timebank.ledger.posting import Posting, post
from timebank.rules.compare import Change, Comparison, Holder, cutoffs, differences
from timebank.rules.pack import Pack, pack_named, parse_pack

MOMENT = moment_at(MONDAY, 600)
SHANGHAI = pack_named("shanghai-2026")
RETIRED = Holder(
    born_on=date(1960, 5, 1),
    gender="male",
    in_hardship=False,
    is_trained=True,
    is_volunteer=True,
    balance_min=1000,
    available_min=900,
    debits_min=200,
    earned_min=1200,
    first_earned_on=date(2025, 6, 1),
    credits_until_min={MONDAY - timedelta(days=90): 500},
)


def changed(rule: str, value: str) -> Pack:
    """Return Shanghai's pack of 2026 with another value of one rule."""
    return parse_pack(with_rule(rule, value), file="changed.toml")


@pytest.mark.parametrize(
    ("rule", "value", "changes"),
    [
        ("min_age_to_redeem", "66", [Change("redeem_lost", 1, 900)]),
        ("redeem_after_served_min", "1201", [Change("redeem_lost", 1, 900)]),
        ("redeem_after_served_min", "1200", []),
        ("redeem_after_days", "365", [Change("redeem_lost", 1, 900)]),
        ("min_age_to_earn", "66", [Change("earn_lost", 1, 1000)]),
        ("training_required", "true", []),
        ("stored_cap_min", "600", [Change("over_stored_cap", 1, 400)]),
        ("stored_cap_min", "1000", []),
        ("total_cap_min", "1000", [Change("total_reached", 1, 200)]),
        ("expiry_days", "90", [Change("expires_more", 1, 300)]),
        ("gift_circle", "'none'", [Change("gift_lost", 1, 900)]),
        ("gift_circle", "'direct_relatives'", [Change("gift_lost", 1, 900)]),
        ("tolerance_min", "20", []),
    ],
)
def test_each_kind_of_change_is_counted(rule: str, value: str, changes: list[Change]) -> None:
    """Accounts and minutes by kind: a number that can be spoken of before the rules are changed."""
    comparison = Comparison(SHANGHAI, changed(rule, value), MONDAY)

    comparison.add([RETIRED])

    assert comparison.changes == changes
    assert [one.rule for one in differences(comparison.before, comparison.after)] == [rule]


@pytest.mark.parametrize(
    ("rule", "value", "kind"),
    [
        ("min_age_to_redeem", "66", "redeem_gained"),
        ("min_age_to_earn", "66", "earn_gained"),
        ("expiry_days", "90", "expires_less"),
        ("gift_circle", "'none'", "gift_gained"),
    ],
)
def test_change_back_is_a_gain(rule: str, value: str, kind: str) -> None:
    """What the stricter rules take, the milder ones give: the same accounts, the other way round."""
    comparison = Comparison(changed(rule, value), SHANGHAI, MONDAY)

    comparison.add([RETIRED])

    assert [change.kind for change in comparison.changes] == [kind]


def test_pages_are_summed() -> None:
    """However the accounts are paged, the counts are those of all of them; who has nothing loses nothing."""
    comparison = Comparison(SHANGHAI, changed("min_age_to_redeem", "66"), MONDAY)
    poor = replace(RETIRED, balance_min=0, available_min=0)

    comparison.add([RETIRED, poor])
    comparison.add([RETIRED])

    assert comparison.holders == 3
    assert comparison.changes == [Change("redeem_lost", 2, 1800)]


@pytest.fixture
def accounts(engine: Engine, world: World) -> dict[str, int]:
    """Accounts: S1 of 81 was given 300, V1 of 61 earned 40,000 of which 30 are held, V2's only credit was reversed."""
    people = {"S1": world.seniors["S1"], "V1": world.volunteers["V1"], "V2": world.volunteers["V2"]}
    rows = [{"code": ref, "kind": "member", "person_id": person} for ref, person in people.items()]
    with transaction(engine) as session:
        found = open_accounts(session, world.book, rows)
        issuing = account_id(session, world.book, "issuance")

        def posting(ref: str, amount: int, reason: str) -> Posting:
            return Posting(
                book_id=world.book,
                idem_key=f"{reason}:{ref}",
                debit_id=issuing,
                credit_id=found[ref],
                amount_min=amount,
                reason=reason,
                effective_at=MOMENT,
            )

        post(session, posting("S1", 300, "grant"), now=MOMENT)
        post(session, posting("V1", 40_000, "earn"), now=MOMENT)
        wrong = post(session, posting("V2", 60, "earn"), now=MOMENT)
        reverse(session, world.book, wrong.transfer_id, idem_key="back", reason="mistake", now=MOMENT)
        booked = replace(
            posting("V1", 30, "book"),
            kind="hold",
            debit_id=found["V1"],
            credit_id=found["S1"],
            expires_at=MOMENT + timedelta(days=7),
        )
        hold(session, booked, now=MOMENT)
    return found


def test_holders_are_read_in_pages(engine: Engine, world: World, accounts: dict[str, int]) -> None:
    """Each account once, in bounded pages, with what its person earned, and none of what was reversed."""
    assert len(accounts) == 3
    day, tomorrow = MONDAY, MONDAY + timedelta(days=1)

    with transaction(engine, read_only=True) as session:
        pages = list(holder_pages(session, world.book, day=day, cutoffs={day, tomorrow}, page_size=2))

    assert [len(page) for page in pages] == [2, 1]
    senior, giver, reversed_one = [holder for page in pages for holder in page]
    assert (senior.balance_min, senior.earned_min, senior.is_volunteer) == (300, 0, False)
    assert (giver.balance_min, giver.available_min, giver.earned_min) == (40_000, 39_970, 40_000)
    assert (giver.is_volunteer, giver.is_trained, giver.first_earned_on) == (True, False, MONDAY)
    assert giver.credits_until_min == {day: 0, tomorrow: 40_000}
    assert (reversed_one.balance_min, reversed_one.earned_min, reversed_one.first_earned_on) == (0, 0, None)


def test_hardship_is_that_of_the_day(engine: Engine, world: World) -> None:
    """S2 is registered in hardship from Monday on, and not before."""
    with transaction(engine) as session:
        row = {"code": "S2", "kind": "member", "person_id": world.seniors["S2"]}
        open_accounts(session, world.book, [row])
        found = [
            next(holder_pages(session, world.book, day=day, cutoffs=()))[0].in_hardship
            for day in (MONDAY - timedelta(days=1), MONDAY)
        ]

    assert found == [False, True]


def test_command_tells_differences_and_changes(
    database_url: str, engine: Engine, accounts: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From Shanghai to Changning on that day: one redeems from 60, 600 coins are the most, and nobody may give them."""
    assert accounts
    monkeypatch.setenv("DATABASE_URL", database_url)

    told = CliRunner().invoke(app, ["rules", "compare", "shanghai-2026", "changning-2019", "--on", "2026-03-02"])

    lines = told.stdout.splitlines()
    assert "- total_cap_min: 累计存入上限（分钟）: 无 -> 36000" in lines
    assert "2026-03-02 共看 3 个账户；登记册没有户籍信息，一律按本地户籍计：" in lines
    assert "- 变为可以兑换：1 个账户，39970 分钟" in lines
    assert "- could no longer earn: 2 accounts, 40000 minutes" in lines
    assert "- past the cap on what is earned in all: 1 accounts, 4000 minutes" in lines
    assert "- gifts to fewer people: 2 accounts, 40270 minutes" in lines


def test_equal_packs_change_nothing(
    database_url: str, engine: Engine, accounts: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pack beside itself differs in nothing, and says so."""
    assert accounts
    monkeypatch.setenv("DATABASE_URL", database_url)

    told = CliRunner().invoke(app, ["rules", "compare", "shanghai-2026", "shanghai-2026"])

    assert "两套规则没有不同。" in told.stdout
    assert "- Nothing changes for the existing accounts." in told.stdout


def test_only_what_a_pack_needs_is_asked_for() -> None:
    """Where coins do not expire, no past credits are read."""
    assert cutoffs(SHANGHAI, SHANGHAI, MONDAY) == set()
    assert cutoffs(SHANGHAI, changed("expiry_days", "90"), MONDAY) == {MONDAY - timedelta(days=90)}
