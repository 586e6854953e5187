"""The page about certificates says what is so: another program could be written from it."""

import base64
import hashlib
import hmac
import json
import re
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.main import get_command

from timebank.honours.command import app
from timebank.honours.levels import ladder_in_force
from timebank.honours.statement import Statement, read, sign
from timebank.honours.tables import REASONS

PAGE = (Path(__file__).parents[2] / "docs" / "certificates.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"HHC1\.[A-Z2-7]{40,}\.[A-Z2-7]{103}", PAGE)


def plain(letters: str) -> bytes:
    """Decode base32 without padding, as step 1 says."""
    return base64.b32decode(letters + "=" * (-len(letters) % 8))


def test_example_is_checked_by_the_page_alone(signer: Ed25519PrivateKey) -> None:
    """Whoever writes a checker in another language has a signature to try it on."""
    _, payload, signature = EXAMPLE.split(".")

    signer.public_key().verify(plain(signature), b"timebank certificate 1\0" + plain(payload))
    number, issuer, minutes, first, after, issued, mark, _ = json.loads(plain(payload))

    code, name = b"K7QF2M9XH3T0ZB5A", "李志愿".encode()
    assert (number, issuer, minutes) == ("EAST-2026-000001", "普陀东片为老服务中心", 750)
    assert (first, after, issued) == ("2026-01-01", "2026-03-01", "2026-03-02")
    assert base64.b64decode(mark) == hmac.new(code, b"name\0" + name, hashlib.sha256).digest()[:16]


def test_example_is_what_we_sign(signer: Ed25519PrivateKey, statement: Statement) -> None:
    """A change of the format would make every paper that is out unreadable."""
    assert sign(statement, signer) == EXAMPLE
    assert read(EXAMPLE).statement == statement


def test_commands_can_be_typed() -> None:
    """A command that a page prints and a program does not know costs a reader an afternoon."""
    typed = set(re.findall(r"^timebank certificate (\w+)", PAGE, re.MULTILINE))
    known = set(get_command(app).commands)  # type: ignore[attr-defined]  # a group of commands has them

    assert typed == known


def test_levels_and_reasons_are_those_of_the_code() -> None:
    """A table that is copied goes stale; this one is compared."""
    levels = [f"| {one.stars} | {one.hours:,} | {one.status} |" for one in ladder_in_force(date(2026, 3, 2)).levels]

    assert [line for line in levels if line not in PAGE] == []
    assert [reason for reason in REASONS if f"`{reason}`" not in PAGE] == []
