"""Tokens that are signed (RFC 7519): written with one algorithm, read with a fixed list of them, each claim looked at.

Only EdDSA (Ed25519), ES256 and RS256 are read. A key fits one of them alone, so a public key is never taken for a
secret, and a token that names no algorithm is none.
"""

import base64
import json
import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.errors import JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import Key, OKPKey, import_key
from joserfc.jws import JWSRegistry, deserialize_compact, serialize_compact

from timebank.people.tokens import TokenRefused

ALGORITHMS = ("EdDSA", "Ed25519", "ES256", "RS256")
"""What is read; the first two are the same signature under its older and its newer name."""
SIGNED_WITH = "EdDSA"
LONGEST = 8 * 1024
LONGEST_CLAIM = 255
LEEWAY = timedelta(seconds=60)
"""How far the clock of another machine may be off."""
RSA_BITS = (2048, 4096)
PARTS = {"OKP": ("crv", "x"), "EC": ("crv", "x", "y"), "RSA": ("n", "e")}
CURVES: dict[str, tuple[str | None, ...]] = {"OKP": ("Ed25519",), "EC": ("P-256",), "RSA": (None,)}
SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
Claims = dict[str, Any]


class _EdDsa(JWSAlgModel):
    """The older name of Ed25519, which most programs write; the library warns of it, for it is a curve's too."""

    name = SIGNED_WITH
    description = "EdDSA with Ed25519"
    key_type = "OKP"
    same = JWSRegistry.algorithms["Ed25519"]

    def check_key(self, key: Any) -> None:
        self.same.check_key(key)

    def sign(self, msg: bytes, key: Any) -> bytes:
        return self.same.sign(msg, key)

    def verify(self, msg: bytes, sig: bytes, key: Any) -> bool:
        return self.same.verify(msg, sig, key)


class _Registry(JWSRegistry):
    """The algorithms that are read, and no other."""

    algorithms = {name: JWSRegistry.algorithms[name] for name in ALGORITHMS[1:]} | {SIGNED_WITH: _EdDsa()}
    max_header_length = 4 * 1024
    max_payload_length = LONGEST


class Said(NamedTuple):
    """What a token says, before anyone knows whether it is true."""

    header: Claims
    claims: Claims

    @property
    def key_id(self) -> str:
        """Number of the key that it says it was signed with; empty when it says none."""
        return text_of(self.header, "kid", may_lack=True)


def look_into(token: str, *, kinds: Collection[str] = ("", "jwt", "at+jwt")) -> Said:
    """Read a token without believing it: its form, its kind and its algorithm must be among ours.

    Raises
    ------
    TokenRefused
        For what is no such token, or is signed in another way, or not at all.
    """
    if len(token) > LONGEST or SHAPE.fullmatch(token) is None:
        raise TokenRefused(flaw="unknown")
    header, claims, _ = token.split(".")
    said = Said(_object(header), _object(claims))
    if said.header.get("alg") not in ALGORITHMS:
        raise TokenRefused(flaw="algorithm")
    kind = text_of(said.header, "typ", may_lack=True).lower().removeprefix("application/")
    if kind not in kinds or "crit" in said.header:
        raise TokenRefused(flaw="unknown")
    return said


def _object(part: str) -> Claims:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError) as fault:
        raise TokenRefused(flaw="unknown") from fault
    if not isinstance(found, dict):
        raise TokenRefused(flaw="unknown")
    return found


def verify(token: str, key: Key, algorithms: Collection[str] = ALGORITHMS) -> Claims:
    """Return the claims of a token that a key signed.

    Raises
    ------
    TokenRefused
        When it did not, or with another algorithm.
    """
    try:
        read = deserialize_compact(
            token, key, registry=_Registry(algorithms=list(algorithms), strict_check_header=False)
        )
    except (JoseError, ValueError, TypeError) as fault:
        raise TokenRefused(flaw="signature") from fault
    claims: Claims = json.loads(read.payload or b"")
    return claims


def sign(private: Ed25519PrivateKey, key_id: str, claims: Claims, *, kind: str = "at+jwt") -> str:
    """Write a token."""
    header = {"typ": kind, "alg": SIGNED_WITH, "kid": key_id}
    return serialize_compact(
        header, json.dumps(claims), OKPKey.import_key(private), registry=_Registry(algorithms=[SIGNED_WITH])
    )


def public_key(parts: Claims) -> Key:
    """Return the key of a JSON Web Key: Ed25519, P-256, or RSA of 2048 to 4096 bits. Private parts are not looked at.

    Raises
    ------
    ValueError
        When it is none of these.
    """
    kind = parts.get("kty")
    names = PARTS.get(kind, ()) if isinstance(kind, str) else ()
    said = {name: value for name in names if isinstance(value := parts.get(name), str) and len(value) <= LONGEST}
    if not names or len(said) != len(names):
        raise ValueError("A key is one of Ed25519, P-256 or RSA, with all its parts.")
    if said.get("crv") not in CURVES[str(kind)]:
        raise ValueError("A key of a curve is one of Ed25519 or P-256.")
    if kind == "RSA" and not RSA_BITS[0] <= _whole(said["n"]).bit_length() <= RSA_BITS[1]:
        raise ValueError(f"A key of RSA has {RSA_BITS[0]} to {RSA_BITS[1]} bits.")
    try:
        return import_key({"kty": str(kind), **said})
    except JoseError as fault:
        raise ValueError("The parts of the key do not fit each other.") from fault


def _whole(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def text_of(claims: Claims, name: str, *, may_lack: bool = False) -> str:
    """Return a claim that is a text of 1 to 255 characters.

    Raises
    ------
    TokenRefused
        When it is none.
    """
    value = claims.get(name)
    if may_lack and value is None:
        return ""
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_CLAIM:
        raise TokenRefused(flaw="claims")
    return value


def check_words(claims: Claims, *, issuer: str, audiences: Collection[str]) -> None:
    """Refuse a token that another gave, or that was given for somebody else.

    Raises
    ------
    TokenRefused
        When the issuer is another, or no audience is one of ours.
    """
    if claims.get("iss") != issuer:
        raise TokenRefused(flaw="issuer")
    said = claims.get("aud")
    named = said if isinstance(said, list) else [said]
    if not any(isinstance(one, str) and one in audiences for one in named):
        raise TokenRefused(flaw="audience")


def check_times(
    claims: Claims, *, now: datetime, leeway: timedelta = LEEWAY, longest: timedelta | None = None
) -> datetime:
    """Refuse a token that is past its end, not begun, or longer than it may be; returns its end.

    Raises
    ------
    TokenRefused
        When it is, or says no end.
    """
    ends, issued, begins = (_moment(claims, name) for name in ("exp", "iat", "nbf"))
    if ends is None:
        raise TokenRefused(flaw="claims")
    if ends + leeway <= now:
        raise TokenRefused(flaw="expired")
    if any(moment is not None and moment - LEEWAY > now for moment in (issued, begins)):
        raise TokenRefused(flaw="not_yet")
    if longest is not None and ends - max(issued or now, now - LEEWAY) > longest + LEEWAY:
        raise TokenRefused(flaw="too_long")
    return ends


def _moment(claims: Claims, name: str) -> datetime | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not (isfinite(value) and 0 <= value < 2**35):
        raise TokenRefused(flaw="claims")
    return datetime.fromtimestamp(value, UTC)
