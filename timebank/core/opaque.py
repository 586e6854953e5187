"""Opaque ids: what they hold is our business alone; the same thing has the same id for ever."""

import base64
import json


def encode(kind: str, *parts: int) -> str:
    """Make the id of a thing from its kind and the numbers of its key."""
    return base64.urlsafe_b64encode(json.dumps([kind, *parts], separators=(",", ":")).encode()).decode().rstrip("=")
