"""The one place that sends to the world outside: no redirect is followed, no answer is read past its status."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import httpx

from timebank.outbox.addresses import Target, find_target
from timebank.outbox.refusals import AddressRefused

PATIENCE_S = 15.0


class Reply(NamedTuple):
    """What came of a try: the status of HTTP, or why there was none."""

    answered: int | None
    fault: str


Send = Callable[[str, Mapping[str, str], bytes], Reply]
"""Sends a body with headers to an address."""


def send(
    address: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    is_inside_allowed: bool = False,
    patience_s: float = PATIENCE_S,
) -> Reply:
    """Send a body to an address; whatever happens is told as a reply, in words without the address.

    The connection goes to the very address of the network that was looked at, so that a name cannot lead
    elsewhere between the look and the sending; the certificate must be for the name.
    """
    try:
        target = find_target(address, is_inside_allowed=is_inside_allowed)
    except AddressRefused:
        return Reply(None, "refused")
    except OSError:
        return Reply(None, "unknown host")
    try:
        return _posted(target, headers, body, patience_s)
    except httpx.TimeoutException:
        return Reply(None, "no answer in time")
    except httpx.HTTPError as fault:
        return Reply(None, _word(fault))


def _posted(target: Target, headers: Mapping[str, str], body: bytes, patience_s: float) -> Reply:
    ip = f"[{target.ip}]" if ":" in target.ip else target.ip
    is_usual = (target.scheme, target.port) in (("https", 443), ("http", 80))
    named = target.host if is_usual else f"{target.host}:{target.port}"
    with (
        httpx.Client(timeout=patience_s, follow_redirects=False, trust_env=False) as client,
        client.stream(
            "POST",
            f"{target.scheme}://{ip}:{target.port}{target.path}",
            headers={**headers, "host": named, "content-type": "application/json", "user-agent": "hu-help-time-bank"},
            content=body,
            extensions={"sni_hostname": target.host},
        ) as response,
    ):
        return Reply(response.status_code, "")


def _word(fault: httpx.HTTPError) -> str:
    """Name the kind of a fault; its words hold the address and are left out."""
    if isinstance(fault, httpx.ConnectError):
        return "no connection"
    return "broken answer" if isinstance(fault, httpx.RemoteProtocolError) else "broken off"
