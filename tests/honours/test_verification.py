"""Four verdicts, each for its own reason, without asking anyone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.honours.conftest import CODE
from timebank.honours.keys import PublicKey, key_number
from timebank.honours.revocations import RevocationList, Revoked
from timebank.honours.statement import Statement, sign
from timebank.honours.told import facts, verdict_lines
from timebank.honours.verification import check_name, check_offline

MADE_AT = datetime(2026, 3, 9, 4, 0, tzinfo=UTC)
OTHER = Revoked(number="EAST-2026-000002", day=date(2026, 3, 3), reason="error")


@pytest.fixture
def good(signer: Ed25519PrivateKey, statement: Statement) -> str:
    """The text of a certificate's code."""
    return sign(statement, signer)


def test_signed_statement_is_valid(good: str, public: PublicKey, statement: Statement, later: datetime) -> None:
    """Whoever has the keys needs nobody else; without a list the answer says what it did not check."""
    finding = check_offline(good, [public], now=later)

    assert (finding.verdict, finding.statement) == ("valid", statement)
    assert verdict_lines(finding, "zh") == [
        "有效：内容与签名一致，签名来自公布的密钥",
        "未提供撤销名单，未核对是否撤销",
    ]


def test_change_that_can_be_read_is_altered(
    good: str, signer: Ed25519PrivateKey, public: PublicKey, statement: Statement, later: datetime
) -> None:
    """More hours under the old signature are the forgery that will be tried first."""
    more = sign(replace(statement, service_min=75_000), signer)
    forged = f"{more.rsplit('.', 1)[0]}.{good.rsplit('.', 1)[1]}"

    finding = check_offline(forged, [public], now=later)

    assert (finding.verdict, finding.why, finding.statement) == ("altered", "why_signature", None)
    assert facts(finding) == []


def test_key_that_is_not_published_is_unknown(public: PublicKey, statement: Statement, later: datetime) -> None:
    """Anyone can make a key and sign hours with it."""
    own = Ed25519PrivateKey.from_private_bytes(b"\2" * 32)
    theirs = replace(statement, key_id=key_number(own.public_key().public_bytes_raw()))

    finding = check_offline(sign(theirs, own), [public], now=later)

    assert (finding.verdict, finding.why, finding.statement) == ("unknown", "why_key_unknown", None)


def test_known_key_id_does_not_help_another_key(public: PublicKey, statement: Statement, later: datetime) -> None:
    """To claim our key is not to have it."""
    own = Ed25519PrivateKey.from_private_bytes(b"\2" * 32)

    finding = check_offline(sign(statement, own), [public], now=later)

    assert (finding.verdict, finding.why) == ("altered", "why_signature")


@pytest.mark.parametrize(
    ("issued_on", "verdict"),
    [
        (date(2025, 12, 31), "altered"),
        (date(2026, 1, 1), "valid"),
        (date(2026, 6, 30), "valid"),
        (date(2026, 7, 1), "altered"),
    ],
)
def test_key_signs_on_its_own_days(
    signer: Ed25519PrivateKey, public: PublicKey, statement: Statement, issued_on: date, verdict: str, later: datetime
) -> None:
    """A retired key that turns up again cannot sign for today."""
    text = sign(replace(statement, issued_on=issued_on), signer)

    assert check_offline(text, [public], now=later).verdict == verdict


def test_revoked_says_day_reason_and_age_of_the_list(
    good: str, public: PublicKey, statement: Statement, later: datetime
) -> None:
    """The holder learns what to ask the issuer about, and how old the answer is."""
    entry = Revoked(number=statement.number, day=date(2026, 3, 5), reason="credit_reversed")

    finding = check_offline(good, [public], RevocationList(MADE_AT, {entry.number: entry}), now=later)

    assert finding.verdict == "revoked"
    assert verdict_lines(finding, "zh") == [
        "已撤销：证明曾经有效，现已撤销",
        "撤销日期：2026-03-05；原因：所依据的时长已冲正",
        "撤销名单为 3 天前公布",
    ]


def test_other_revocations_do_not_matter(good: str, public: PublicKey, later: datetime) -> None:
    """One bad certificate does not spoil the next one."""
    finding = check_offline(good, [public], RevocationList(MADE_AT, {OTHER.number: OTHER}), now=later)

    assert (finding.verdict, finding.why, finding.list_days) == ("valid", "why_signed", 3)


def test_list_older_than_the_certificate_says_nothing(good: str, public: PublicKey, later: datetime) -> None:
    """A list of before the issue cannot know of it, and must not be taken for an all-clear."""
    old = RevocationList(datetime(2026, 3, 1, 4, tzinfo=UTC), {})

    finding = check_offline(good, [public], old, now=later)

    assert (finding.verdict, finding.why, finding.list_days) == ("valid", "why_list_older", 11)


def test_list_of_a_clock_that_is_ahead_is_no_days_old(good: str, public: PublicKey) -> None:
    """A reader whose clock is behind is not told nonsense."""
    finding = check_offline(good, [public], RevocationList(MADE_AT, {}), now=datetime(2026, 3, 8, tzinfo=UTC))

    assert finding.list_days == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda good: good[:200],
        lambda good: good[:-1],
        lambda _: "",
        lambda _: "垃圾" * 250_000,
        lambda good: good + "A",
    ],
    ids=range(5),
)
def test_garbage_is_altered(good: str, public: PublicKey, later: datetime, spoil: Callable[[str], str]) -> None:
    """Whatever is not what was signed is one thing: not ours as it is."""
    finding = check_offline(spoil(good), [public], now=later)

    assert (finding.verdict, finding.statement) == ("altered", None)


@pytest.mark.parametrize(
    ("name", "fits", "said"), [("李志愿", True, "姓名与核验码相符"), ("李冒名", False, "姓名或核验码不符")]
)
def test_name_is_told(
    good: str,
    public: PublicKey,
    later: datetime,
    name: str,
    fits: bool,  # noqa: FBT001  # the answer
    said: str,
) -> None:
    """A good certificate of another person is no certificate of this one."""
    finding = check_name(check_offline(good, [public], now=later), name, CODE)

    assert finding.name_fits == fits
    assert verdict_lines(finding, "zh")[-1] == said


def test_name_of_nothing_is_not_told(public: PublicKey, later: datetime) -> None:
    """Without a statement there is no name to compare."""
    assert check_name(check_offline("x", [public], now=later), "李志愿", CODE).name_fits is None


def test_facts_are_those_of_the_paper(good: str, public: PublicKey, later: datetime) -> None:
    """Whoever checks compares line by line; the last day is said as the paper says it."""
    told = {fact.label_en: (fact.zh, fact.en) for fact in facts(check_offline(good, [public], now=later))}

    assert told == {
        "No": ("EAST-2026-000001", ""),
        "Issuer": ("普陀东片为老服务中心", ""),
        "Time of service": ("12 小时 30 分钟", "12 h 30 min"),
        "Period": ("2026-01-01 – 2026-02-28", ""),
        "Issued on": ("2026-03-02", ""),
        "Key": (public.key_id, ""),
    }
