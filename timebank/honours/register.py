"""The register: whether a certificate is in it as it was signed, and whether its figures still equal their entries."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import and_, exists, func, select
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.core.columns import table_of
from timebank.honours.certificates import RESTS_ON, certificate_of
from timebank.honours.hours import GROUP, GROUP_CLAIM, VISIT, VISIT_CLAIM
from timebank.honours.keys import published_keys
from timebank.honours.revocations import revocation_of
from timebank.honours.statement import read
from timebank.honours.tables import Certificate, CertificateRevocation
from timebank.honours.verification import Finding, check_text
from timebank.ledger.accounts import ACCOUNT, ENTRY
from timebank.ledger.posting import TRANSFER

CERTIFICATE = table_of(Certificate)
REVOCATION = table_of(CertificateRevocation)
MOST_SHAKEN = 1000
"""Most certificates that are named at once as resting on what was reversed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedLine:
    """A record that a certificate rests on: what it says, what its claim and entry say, whether it was reversed since.

    ``becomes`` is what the record has become; ``transfer_id`` is empty where that is no coins.
    """

    visit_id: int | None
    group_id: int | None
    transfer_id: int | None
    day: date
    becomes: str
    service_min: int
    claimed_min: int
    credit_min: int
    entry_min: int
    is_reversed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Every record behind a certificate, and whether its figures are their sums."""

    certificate: Certificate
    lines: tuple[TracedLine, ...]

    @property
    def adds_up(self) -> bool:
        """Tell whether register, signed statement, claims and entries say the same minutes."""
        service_min = sum(line.service_min for line in self.lines)
        entry_min = sum(line.entry_min for line in self.lines)
        said = read(self.certificate.statement).statement.service_min
        return (
            service_min == self.certificate.service_min == said
            and entry_min == self.certificate.credit_min
            and all(line.credit_min == line.entry_min for line in self.lines)
            and all(line.service_min == line.claimed_min for line in self.lines)
        )

    @property
    def reversed_lines(self) -> tuple[TracedLine, ...]:
        """Return what was reversed since: a reason to revoke."""
        return tuple(line for line in self.lines if line.is_reversed)


def check_registered(session: Session, text: str) -> Finding:
    """Check a text by its signature, and by what the register says of its number."""
    finding = check_text(text, published_keys(session))
    if finding.statement is None:
        return finding
    number = finding.statement.number
    stored = session.exec(pick(Certificate.statement).where(col(Certificate.number) == number)).first()
    if stored is None or read(stored).statement != finding.statement:
        return Finding(verdict="unknown", why="why_not_registered")
    revoked = revocation_of(session, number)
    if revoked is not None:
        return replace(finding, verdict="revoked", why="why_revoked", revoked=revoked)
    return replace(finding, why="why_registered")


def trace(session: Session, number: str) -> Trace:
    """Follow a certificate to its entries.

    Raises
    ------
    NotFound
        When there is none of that number.
    """
    certificate = certificate_of(session, number)
    visits, groups = VISIT_CLAIM.c, GROUP_CLAIM.c
    own = and_(ACCOUNT.c.id == TRANSFER.c.credit_id, ACCOUNT.c.kind == "member")
    part = and_(groups.group_id == RESTS_ON.c.group_id, groups.volunteer_id == certificate.person_id)
    names = ("visit_id", "group_id", "transfer_id", "service_min", "credit_min")
    wanted = (
        select(
            *(RESTS_ON.c[name] for name in names),
            func.coalesce(VISIT.c.day, GROUP.c.day).label("day"),
            func.coalesce(visits.becomes, groups.becomes, "").label("becomes"),
            func.coalesce(visits.service_min, groups.service_min, 0).label("claimed_min"),
            func.coalesce(ENTRY.c.amount_min, 0).label("entry_min"),
            _is_reversed().label("is_reversed"),
        )
        .select_from(RESTS_ON)
        .outerjoin(VISIT, VISIT.c.id == RESTS_ON.c.visit_id)
        .outerjoin(GROUP, GROUP.c.id == RESTS_ON.c.group_id)
        .outerjoin(VISIT_CLAIM, visits.visit_id == RESTS_ON.c.visit_id)
        .outerjoin(GROUP_CLAIM, part)
        .outerjoin(TRANSFER, TRANSFER.c.id == RESTS_ON.c.transfer_id)
        .outerjoin(ACCOUNT, own)
        .outerjoin(ENTRY, and_(ENTRY.c.transfer_id == TRANSFER.c.id, ENTRY.c.account_id == ACCOUNT.c.id))
        .where(RESTS_ON.c.certificate_id == certificate.id)
        .order_by(RESTS_ON.c.line)
    )
    rows = session.connection().execute(wanted).mappings()
    lines = tuple(TracedLine(**(dict(row) | {"is_reversed": bool(row["is_reversed"])})) for row in rows)
    return Trace(certificate=certificate, lines=lines)


def shaken(session: Session) -> list[str]:
    """Return the numbers of certificates, not revoked, of which a credit was reversed since; they are to be revoked."""
    is_revoked = exists().where(REVOCATION.c.certificate_id == CERTIFICATE.c.id)
    wanted = (
        select(CERTIFICATE.c.number)
        .join(RESTS_ON, RESTS_ON.c.certificate_id == CERTIFICATE.c.id)
        .where(_is_reversed(), ~is_revoked)
        .distinct()
        .order_by(CERTIFICATE.c.number)
        .limit(MOST_SHAKEN)
    )
    return list(session.connection().execute(wanted).scalars())


def _is_reversed() -> Any:
    reversal = TRANSFER.alias("reversal")
    return exists().where(reversal.c.reverses_id == RESTS_ON.c.transfer_id)
