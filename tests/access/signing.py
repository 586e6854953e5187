"""Tokens as friends and thieves write them: signed by any key, in any way, or not at all."""

import base64
import hashlib
import hmac
import json
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

KEYS: dict[str, Key] = {
    "Ed25519": OKPKey.generate_key("Ed25519", {"kid": "one"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "one"}),
    "RS256": RSAKey.generate_key(2048, {"kid": "one"}),
}
"""A key for each algorithm, made once: one of RSA takes a while."""
OTHER = OKPKey.generate_key("Ed25519", {"kid": "one"})
Claims = dict[str, Any]


def signed(claims: Claims, algorithm: str = "Ed25519", key: Key | None = None, **header: object) -> str:
    """Sign claims, by a key of the algorithm unless one is given."""
    said = {"alg": algorithm, "kid": "one"} | header
    return jwt.encode(said, claims, key or KEYS[algorithm], algorithms=[algorithm])


def unsigned(claims: Claims, algorithm: str = "none", signature: bytes = b"", **header: object) -> str:
    """Write a token whose signature is made up."""
    parts = ({"alg": algorithm, "kid": "one"} | header, claims)
    return ".".join([*(_coded(json.dumps(part).encode()) for part in parts), _coded(signature)])


def signed_with_public_half(claims: Claims) -> str:
    """Sign with HS256 and the public half of a key as the secret, which everyone knows."""
    body = unsigned(claims, "HS256").rsplit(".", 1)[0]
    secret = json.dumps(KEYS["Ed25519"].as_dict(private=False)).encode()
    return f"{body}.{_coded(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"


def _coded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")
