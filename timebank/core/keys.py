"""Idempotency keys: the same key and content is the same act, whatever is retried."""

import hashlib
import json

from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase

LONGEST_KEY = 200


def check_key(key: str, *, field: str = "idempotencyKey") -> None:
    """Refuse a key that is empty, or longer than 200 characters.

    Raises
    ------
    WrongInput
        Naming the field.
    """
    if not 1 <= len(key) <= LONGEST_KEY:
        right = Phrase("right_length", least=1, most=LONGEST_KEY)
        raise WrongInput(field=field, value=f"{key[:20]}...", right=right)


def digest_of(content: object) -> bytes:
    """Return the hash by which what a key stands for is compared with what comes again; shape (32,) bytes."""
    return hashlib.sha256(json.dumps(content, default=str, sort_keys=True, ensure_ascii=False).encode()).digest()
