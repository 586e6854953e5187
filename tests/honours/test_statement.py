"""A statement says what was signed, or nothing at all."""

import base64
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.honours.conftest import CODE
from tests.honours.test_docs import EXAMPLE
from timebank.honours.keys import PublicKey
from timebank.honours.statement import (
    DOMAIN,
    SHAPE,
    Statement,
    Unreadable,
    is_name_of,
    is_signed_by,
    name_mark,
    new_check_code,
    read,
    sign,
)

ALNUM = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
FACTS = ["N-1", "某组织", 60, "2026-01-01", "2026-02-01", "2026-02-02", "AAAA", "KEY"]


def spelled(payload: bytes, signer: Ed25519PrivateKey) -> str:
    """Sign any bytes with the right key, as whoever has it could."""
    parts = (payload, signer.sign(DOMAIN + payload))
    return "HHC1." + ".".join(base64.b32encode(part).decode().rstrip("=") for part in parts)


def is_good(text: str, public_key: bytes) -> bool:
    """Tell whether a text is read and signed."""
    try:
        return is_signed_by(read(text), public_key)
    except Unreadable:
        return False


def test_statement_comes_back(signer: Ed25519PrivateKey, public: PublicKey, statement: Statement) -> None:
    """What was signed is what is read."""
    signed = read(sign(statement, signer))

    assert signed.statement == statement
    assert is_signed_by(signed, public.public_key)


def test_statement_fits_the_densest_letters_of_a_code(signer: Ed25519PrivateKey, statement: Statement) -> None:
    """A letter outside them would make the QR code half as large again."""
    assert set(sign(statement, signer)) <= ALNUM


def test_statement_holds_no_name(statement: Statement) -> None:
    """Whoever scans a code in passing learns hours and an issuer, and nobody's name."""
    assert "李志愿" not in statement.payload().decode()


@settings(deadline=None)
@given(at=st.integers(0, len(EXAMPLE) - 1), letter=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567."))
def test_no_letter_can_be_changed(signer: Ed25519PrivateKey, at: int, letter: str) -> None:
    """Every single change is seen, wherever it is."""
    changed = EXAMPLE[:at] + letter + EXAMPLE[at + 1 :]

    assert is_good(changed, signer.public_key().public_bytes_raw()) == (changed == EXAMPLE)


@pytest.mark.parametrize("kept", [0, 4, 5, 60, 250, -103, -2, -1])
def test_cut_off_statement_is_never_good(
    signer: Ed25519PrivateKey, public: PublicKey, statement: Statement, kept: int
) -> None:
    """Half a code says nothing."""
    assert not is_good(sign(statement, signer)[:kept], public.public_key)


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "https://check.example/certificates/check?statement={}",
        "Certificate:\n{}\nKEEP SAFE",
        "<rdf:li>{}</rdf:li>",
        "核验：{}。",
    ],
)
def test_statement_is_found_in_what_surrounds_it(signer: Ed25519PrivateKey, statement: Statement, around: str) -> None:
    """A scanner gives a link, a person pastes a letter, a program reads a PDF."""
    assert read(around.format(sign(statement, signer))).statement == statement


def test_typed_statement_may_be_broken_into_lines(signer: Ed25519PrivateKey, statement: Statement) -> None:
    """Whoever types four hundred letters types them small, and in groups."""
    text = sign(statement, signer).lower()

    typed = "\n".join(text[at : at + 40] for at in range(0, len(text), 40))

    assert read(typed).statement == statement


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "why_no_statement"),
        ("李志愿 60 小时", "why_no_statement"),
        ("\x00\ud800HHC", "why_no_statement"),
        ("HHC1.ABC", "why_cut_off"),
        ("HHC1." * 200_000, "why_cut_off"),
        ("Q" * 1_000_000, "why_no_statement"),
        ("é€龘" * 400_000, "why_no_statement"),
        ("Q" * 8_000_001, "why_too_long"),
        (f"HHC1.{'A' * 41}.{'A' * 103}", "why_mistyped"),
        (f"HHC1.{'A' * 40}.{'A' * 102}B", "why_mistyped"),
    ],
    ids=range(10),
)
def test_text_without_a_statement_says_why(text: str, why: str) -> None:
    """Whatever is pasted, the answer is a reason and never a fault of ours."""
    with pytest.raises(Unreadable) as fault:
        read(text)

    assert fault.value.why == why


def test_two_statements_are_not_chosen_from(signer: Ed25519PrivateKey, statement: Statement) -> None:
    """A paper that carries another's statement beside its own must not be read as either."""
    two = f"{sign(statement, signer)} {sign(replace(statement, number='EAST-2026-000002'), signer)}"

    with pytest.raises(Unreadable) as fault:
        read(two)

    assert fault.value.why == "why_many"


@pytest.mark.parametrize(
    "payload",
    [
        b"\xff" * 40,
        b'{"number":"N-1","minutes":60,"padding":"padding"}',
        json.dumps(FACTS[:-1], ensure_ascii=False, separators=(",", ":")).encode(),
        json.dumps([*FACTS, "more"], ensure_ascii=False, separators=(",", ":")).encode(),
        json.dumps(FACTS, ensure_ascii=False).encode(),
        json.dumps(FACTS, separators=(",", ":")).encode(),
        json.dumps([*FACTS[:2], "60", *FACTS[3:]], ensure_ascii=False, separators=(",", ":")).encode(),
        json.dumps([*FACTS[:2], True, *FACTS[3:]], ensure_ascii=False, separators=(",", ":")).encode(),
        json.dumps([*FACTS[:2], 60.0, *FACTS[3:]], ensure_ascii=False, separators=(",", ":")).encode(),
        json.dumps([*FACTS[:3], "20260101", *FACTS[4:]], ensure_ascii=False, separators=(",", ":")).encode(),
        json.dumps([*FACTS[:6], "A", "KEY"], ensure_ascii=False, separators=(",", ":")).encode(),
        json.dumps(["\ud800", *FACTS[1:]], separators=(",", ":")).encode(),
        b"[" * 1500,
    ],
    ids=range(13),
)
def test_signed_bytes_of_another_shape_are_not_read(signer: Ed25519PrivateKey, payload: bytes) -> None:
    """Facts have one spelling: what has two could be signed as one and read as the other."""
    with pytest.raises(Unreadable) as fault:
        read(spelled(payload, signer))

    assert fault.value.why == "why_mistyped"


def test_own_spelling_is_read(signer: Ed25519PrivateKey) -> None:
    """The refusals above are of their changes, not of the way they are made."""
    plain = json.dumps(FACTS, ensure_ascii=False, separators=(",", ":")).encode()

    assert read(spelled(plain, signer)).statement.service_min == 60


def test_signature_of_another_purpose_does_not_serve(
    signer: Ed25519PrivateKey, public: PublicKey, statement: Statement
) -> None:
    """A key also signs lists; nothing that it signs there can become a certificate."""
    bare = signer.sign(statement.payload())
    letters = base64.b32encode(bare).decode().rstrip("=")

    forged = f"{sign(statement, signer).rsplit('.', 1)[0]}.{letters}"

    assert SHAPE.search(forged)
    assert not is_good(forged, public.public_key)


@pytest.mark.parametrize(
    ("name", "code", "fits"),
    [
        ("李志愿", CODE, True),
        (" 李 志愿\u3000", CODE, True),
        ("李志愿", "k7qf-2m9x-h3t0-zb5a", True),
        ("李志原", CODE, False),
        ("", CODE, False),
        ("李志愿", CODE[:-1] + "B", False),
        ("李志愿", "", False),
    ],
)
def test_name_is_proved_by_its_paper(statement: Statement, name: str, code: str, fits: bool) -> None:  # noqa: FBT001  # the expected answer
    """Whoever holds the paper can check the name on it without asking anyone."""
    assert is_name_of(statement, name, code) == fits


def test_accents_are_one_however_composed() -> None:
    """Two spellings that look alike on paper are one name."""
    assert name_mark("Niọlá", CODE) == name_mark("Nio\u0323la\u0301", CODE)


def test_check_codes_differ() -> None:
    """A code that could be guessed would make the name guessable."""
    codes = {new_check_code() for _ in range(100)}

    assert len(codes) == 100
    assert {len(code) for code in codes} == {16}
