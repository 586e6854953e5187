"""Revocations: once for each certificate, and published as a signed, dated list of numbers, days and reasons."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlmodel import Session, col, select

from timebank.core.clock import day_of
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound, WrongInput
from timebank.core.texts import Phrase
from timebank.honours.keys import PublicKey, read_published
from timebank.honours.refusals import NotPublished, RevokedAlready
from timebank.honours.tables import REASONS, Certificate, CertificateRevocation

FORMAT = "timebank-certificate-revocations-1"
DOMAIN = b"timebank certificate revocations 1\0"
LONGEST_NOTE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """What is published of a revocation."""

    number: str
    day: date
    reason: str


class RevocationList(NamedTuple):
    """A list as it was published: when, and every revocation until then by number."""

    made_at: datetime
    by_number: dict[str, Revoked]


def revoke(session: Session, number: str, *, reason: str, note: str = "", now: datetime) -> Revoked:
    """Revoke a certificate; the same again changes nothing.

    Raises
    ------
    NotFound
        When there is no such certificate.
    WrongInput
        For a reason that is no category, or a note that is too long.
    RevokedAlready
        When it was revoked for another reason.
    """
    if reason not in REASONS:
        raise WrongInput(field="reason", value=reason[:40], right=Phrase("right_one_of", known=", ".join(REASONS)))
    if len(note) > LONGEST_NOTE:
        right = Phrase("right_length", least=0, most=LONGEST_NOTE)
        raise WrongInput(field="note", value=f"{note[:20]}...", right=right)
    wait_turn(session, "certificate revocations")
    certificate = session.exec(select(Certificate).where(Certificate.number == number)).first()
    if certificate is None:
        raise NotFound(kind="certificate", key=number[:64])
    standing = session.get(CertificateRevocation, certificate.id)
    if standing is None:
        standing = CertificateRevocation(
            certificate_id=certificate.id or 0, reason=reason, note=note or None, revoked_at=now
        )
        session.add(standing)
        session.flush()
    day = day_of(standing.revoked_at)
    if standing.reason != reason:
        raise RevokedAlready(number=number, day=day.isoformat(), revoked_for=standing.reason)
    return Revoked(number=number, day=day, reason=reason)


def revocation_of(session: Session, number: str) -> Revoked | None:
    """Return the revocation of a certificate, or nothing."""
    wanted = _revocations().where(Certificate.number == number)
    return next((_revoked(row) for row in session.exec(wanted)), None)


def revocations(session: Session) -> tuple[Revoked, ...]:
    """Return every revocation, in the order of the numbers."""
    return tuple(_revoked(row) for row in session.exec(_revocations().order_by(col(Certificate.number))))


def _revocations() -> Any:
    return select(Certificate.number, CertificateRevocation.revoked_at, CertificateRevocation.reason).join(
        CertificateRevocation, col(CertificateRevocation.certificate_id) == col(Certificate.id)
    )


def _revoked(row: tuple[str, datetime, str]) -> Revoked:
    number, revoked_at, reason = row
    return Revoked(number=number, day=day_of(revoked_at), reason=reason)


def write_list(found: Iterable[Revoked], *, key_id: str, signer: Ed25519PrivateKey, now: datetime) -> str:
    """Write and sign the list that anyone may have."""
    said = {
        "format": FORMAT,
        "made_at": now.isoformat(),
        "key_id": key_id,
        "revoked": [[one.number, one.day.isoformat(), one.reason] for one in found],
    }
    signature = base64.b64encode(signer.sign(_signed_bytes(said))).decode()
    return json.dumps({**said, "signature": signature}, ensure_ascii=False, indent=1) + "\n"


def read_list(text: str, keys: Iterable[PublicKey], *, file: str) -> RevocationList:
    """Read a list and check its signature.

    Raises
    ------
    NotPublished
        When it is no such list, or was changed after it was signed, or is signed by no published key of its day.
    """
    said = read_published(text, file=file, form=FORMAT)
    try:
        signature = base64.b64decode(said.pop("signature"), validate=True)
        made_at = datetime.fromisoformat(said["made_at"])
        day = day_of(made_at)
        key = next((key for key in keys if key.key_id == said["key_id"] and key.signed_on(day)), None)
        if key is None:
            raise NotPublished(file=file, right=Phrase("right_key_known", key_id=str(said["key_id"])[:20]))
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, _signed_bytes(said))
        rows = [Revoked(number=number, day=date.fromisoformat(on), reason=why) for number, on, why in said["revoked"]]
    except InvalidSignature as fault:
        raise NotPublished(file=file, right=Phrase("right_unchanged")) from fault
    except (KeyError, TypeError, ValueError) as fault:
        raise NotPublished(file=file, right=Phrase("right_list_file")) from fault
    return RevocationList(made_at, {row.number: row for row in rows})


def _signed_bytes(said: dict[str, Any]) -> bytes:
    plain = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return DOMAIN + plain.encode()
