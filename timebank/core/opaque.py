"""Opaque ids: what they hold is our business alone; the same thing has the same id for ever."""

import base64


def encode(kind: str, *parts: int) -> str:
    """Make the id of a thing from its kind and the numbers of its key: they stand in it as JSON."""
    plain = f'["{kind}",{",".join(map(str, parts))}]' if parts else f'["{kind}"]'
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")
