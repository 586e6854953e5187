"""Where events may be sent: to https addresses of the world outside, and never into a network of our own."""

import ipaddress
import socket
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from timebank.core.texts import Phrase
from timebank.outbox.refusals import AddressRefused

LONGEST = 500
HTTPS_PORT, HTTP_PORT = 443, 80


class Target(NamedTuple):
    """An address that was looked at: what to connect to, and under which name."""

    scheme: str
    host: str
    port: int
    path: str
    ip: str


def read_address(address: str, *, is_inside_allowed: bool = False) -> SplitResult:
    """Read an address without asking the network.

    ``is_inside_allowed`` lets http and hosts of our own network pass: for a receiver beside us, by the settings alone.

    Raises
    ------
    AddressRefused
        When it is not https, holds a name and password, or is too long.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise AddressRefused(reason=Phrase("address_unreadable")) from None
    is_written = len(address) <= LONGEST and address.isascii() and address.isprintable() and " " not in address
    if not is_written or not parts.hostname:
        raise AddressRefused(reason=Phrase("address_unreadable"))
    if parts.scheme != "https" and not (is_inside_allowed and parts.scheme == "http"):
        raise AddressRefused(reason=Phrase("address_not_https"))
    if parts.username is not None or parts.password is not None or parts.fragment or port == 0:
        raise AddressRefused(reason=Phrase("address_holds_more"))
    return parts


def find_target(address: str, *, is_inside_allowed: bool = False) -> Target:
    """Look up where an address leads, at the moment of sending: a name may lead elsewhere than when it was given.

    Raises
    ------
    AddressRefused
        When it is not one to send to, or any of its hosts lies in a network of our own.
    OSError
        When the name is not known.
    """
    parts = read_address(address, is_inside_allowed=is_inside_allowed)
    host = str(parts.hostname)
    port = parts.port or (HTTPS_PORT if parts.scheme == "https" else HTTP_PORT)
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not is_inside_allowed and not all(is_outside(ip) for ip in found):
        raise AddressRefused(reason=Phrase("address_inside"))
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return Target(parts.scheme, host, port, path, found[0])


def is_outside(ip: str) -> bool:
    """Tell whether an address of the network is one of the world outside; one inside another is looked at too."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    return address.is_global and not address.is_multicast and (inner is None or inner.is_global)
