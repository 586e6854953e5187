"""Signed messages: whoever does not know the secret, or comes too late, is not heard."""

from datetime import UTC, datetime, timedelta

import pytest

from timebank.core.signatures import (
    ID,
    SIGNATURE,
    TIMESTAMP,
    ClockOff,
    SignatureWrong,
    check,
    make_secret,
    read_secret,
    sign,
)

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SECRET, OTHER = "whsec_" + "A" * 32, "whsec_" + "B" * 32
BODY = '{"device":"中文"}'.encode()


def test_signature_is_that_of_the_specification() -> None:
    """The example that the specification's own libraries are tested with: other senders make the same signature."""
    headers = {
        ID: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        TIMESTAMP: "1614265330",
        SIGNATURE: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret, moment = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", datetime.fromtimestamp(1614265330, UTC)
    body = b'{"test": 2432232314}'

    assert check(headers, body, secrets_held=[secret], now=moment).message_id == headers[ID]
    assert sign([secret], headers[ID], body, now=moment) == headers


def test_any_of_several_secrets_is_enough() -> None:
    """While a secret is changed both sides may already use the new one, or still the old one."""
    told = sign([OTHER, SECRET], "m", BODY, now=NOON)

    assert check(told, BODY, secrets_held=[SECRET], now=NOON).sent_at == NOON
    assert check(sign([SECRET], "m", BODY, now=NOON), BODY, secrets_held=[OTHER, SECRET], now=NOON).message_id == "m"


@pytest.mark.parametrize("minutes", [-5, 5])
def test_five_minutes_are_let_pass(minutes: int) -> None:
    """Clocks differ a little."""
    at = NOON + timedelta(minutes=minutes)

    assert check(sign([SECRET], "m", BODY, now=at), BODY, secrets_held=[SECRET], now=NOON).sent_at == at


@pytest.mark.parametrize("minutes", [-10, 10, 10**9])
def test_clock_ten_minutes_off_is_told_both_clocks(minutes: int) -> None:
    """Whoever has to set a clock needs to see which."""
    headers = sign([SECRET], "m", BODY, now=NOON)
    sent = int(NOON.timestamp()) + min(minutes * 60, 10**11)
    headers |= sign_at(sent)

    with pytest.raises(ClockOff) as told:
        check(headers, BODY, secrets_held=[SECRET], now=NOON)

    assert told.value.received_at == "2026-03-02T04:00:00+00:00"
    assert told.value.sent_at != told.value.received_at


def sign_at(second: int) -> dict[str, str]:
    """Sign the body at a second of any length."""

    class Second(datetime):
        def timestamp(self) -> float:
            return second

    return sign([SECRET], "m", BODY, now=Second(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "change",
    [
        {ID: "other"},
        {TIMESTAMP: "1772424001"},
        {SIGNATURE: "v1,AAAA"},
        {SIGNATURE: ""},
        {SIGNATURE: "v1a,AAAA"},
        {SIGNATURE: "v1,中文"},
        {SIGNATURE: " ".join(["v1,AAAA"] * 11)},
        {ID: ""},
        {ID: "x" * 121},
        {ID: "a b"},
        {TIMESTAMP: "noon"},
        {TIMESTAMP: "-1"},
        {TIMESTAMP: "٣"},
        {TIMESTAMP: "1" * 13},
    ],
)
def test_what_was_changed_on_the_way_is_refused(change: dict[str, str]) -> None:
    """Every part is signed, and what cannot be read is no signature."""
    headers = sign([SECRET], "m", BODY, now=NOON) | change

    with pytest.raises(SignatureWrong):
        check(headers, BODY, secrets_held=[SECRET], now=NOON)


def test_other_body_and_other_secret_are_refused() -> None:
    """A stolen signature fits its own body alone."""
    headers = sign([SECRET], "m", BODY, now=NOON)

    with pytest.raises(SignatureWrong, match="no signature fits"):
        check(headers, BODY + b" ", secrets_held=[SECRET], now=NOON)
    with pytest.raises(SignatureWrong, match="no signature fits"):
        check(headers, BODY, secrets_held=[OTHER], now=NOON)
    with pytest.raises(SignatureWrong, match="no signature fits"):
        check(headers, BODY, secrets_held=[], now=NOON)


def test_stranger_does_not_learn_our_clock() -> None:
    """The clock is spoken of only to whoever signs rightly."""
    with pytest.raises(SignatureWrong):
        check(sign([OTHER], "m", BODY, now=NOON), BODY, secrets_held=[SECRET], now=NOON + timedelta(hours=1))


def test_secrets_are_never_twice_the_same() -> None:
    """And each can be read."""
    made = {make_secret() for _ in range(20)}

    assert len(made) == 20
    assert {len(read_secret(secret)) for secret in made} == {32}


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "whsec_!", "A" * 32, "whsec_" + "A" * 200, "whsec_中"])
def test_what_is_no_secret_is_never_repeated(secret: str) -> None:
    """An error goes into logs."""
    with pytest.raises(ValueError, match="base64 of 24 to 64") as told:
        read_secret(secret)

    assert "AAAA" not in str(told.value)


@pytest.mark.parametrize(("secrets_held", "message_id"), [([], "m"), ([SECRET], ""), ([SECRET], "a b")])
def test_what_cannot_be_signed_is_a_mistake(secrets_held: list[str], message_id: str) -> None:
    """A message without a signature would only be refused far away."""
    with pytest.raises(ValueError, match="message"):
        sign(secrets_held, message_id, BODY, now=NOON)
