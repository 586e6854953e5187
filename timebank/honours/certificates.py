"""Certificates: issued once for each key, numbered without gaps, filed with every record they rest on.

Source of who may certify what: 《志愿服务记录与证明出具办法(试行)》, 民政部令第67号: who records certifies, who
certifies is responsible.
"""

import hashlib
import json
import unicodedata
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import insert
from sqlmodel import Session, col, func, select

from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import KeyConflict, NotFound, WrongInput
from timebank.core.texts import Phrase
from timebank.honours.content import Content, by_service, masked
from timebank.honours.hours import Served, served_records, standing_on, total_min
from timebank.honours.keys import current_key, signer_of
from timebank.honours.refusals import NoHours, NotItsHours
from timebank.honours.statement import Statement, name_mark, new_check_code, sign
from timebank.honours.tables import Certificate, CertificateRecord, SigningKey
from timebank.people.tables import Organisation, Person, Volunteer

RESTS_ON = table_of(CertificateRecord)
OFFICES = ("charity_office", "subdistrict_office")
"""Kinds of organisation that may certify hours with all organisations."""
BOUNDS = {
    "idempotency_key": (1, 200),
    "in_charge": (1, 60),
    "handler": (1, 60),
    "contact": (1, 120),
    "evaluation": (0, 200),
    "notes": (0, 200),
}
"""Least and most characters of what an applicant writes."""
HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Kinds of character that do not show on paper, or change what is read there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What is asked for: whose hours, by which issuer, from a day to a day (half-open), and who answers for it.

    Without days it is everything until now. ``counts_all`` asks for hours with all organisations, else only the
    issuer's own count. ``shows_identity`` prints the identity number whole, as the person asked.
    """

    organisation_id: int
    person_id: int
    idempotency_key: str
    in_charge: str
    handler: str
    contact: str
    from_day: date | None = None
    to_day: date | None = None
    counts_all: bool = False
    shows_identity: bool = False
    evaluation: str = ""
    notes: str = ""

    def __post_init__(self) -> None:
        """Refuse words that no paper can carry.

        Raises
        ------
        WrongInput
            Naming the field, and how long it may be.
        """
        for name, (least, most) in BOUNDS.items():
            said: str = getattr(self, name)
            is_blank = least > 0 and not said.strip()
            hides = any(unicodedata.category(letter) in HIDDEN for letter in said)
            if is_blank or hides or len(said) > most:
                right = Phrase("right_shown_length", least=least, most=most)
                raise WrongInput(field=name, value=said[:20], right=right)

    def fingerprint(self) -> bytes:
        """Return the SHA-256 of what is asked, shape (32,) bytes; the key is no part of it."""
        said = {name: value for name, value in asdict(self).items() if name != "idempotency_key"}
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=date.isoformat).encode()).digest()


class Issued(NamedTuple):
    """The certificate that stands for an application, and whether it stood before."""

    certificate: Certificate
    is_replay: bool


class Parties(NamedTuple):
    """Who certifies, and who is certified."""

    issuer: Organisation
    volunteer: Volunteer
    person: Person


def issue(session: Session, application: Application, *, now: datetime) -> Issued:
    """Issue a certificate, or return the one that the same key issued before.

    Raises
    ------
    KeyConflict
        When the key issued another certificate.
    NotFound
        When there is no such issuer or volunteer.
    NotItsHours
        When a social organisation is asked to certify hours with all organisations.
    NoHours
        When no credited service stands in that time.
    WrongInput
        For days that cannot be.
    """
    wait_turn(session, f"certificates of organisation {application.organisation_id}")
    standing = _issued_before(session, application)
    if standing is not None:
        return Issued(standing, is_replay=True)
    parties = _parties(session, application)
    records, from_day, to_day = _records(session, application, parties, day_of(now))
    key = current_key(session, now=now)
    content = _content(session, application, parties, records, (from_day, to_day), now)
    certificate = _file(session, application, content, records, key, now)
    return Issued(certificate, is_replay=False)


def _issued_before(session: Session, application: Application) -> Certificate | None:
    wanted = select(Certificate).where(
        Certificate.organisation_id == application.organisation_id,
        Certificate.idempotency_key == application.idempotency_key,
    )
    standing = session.exec(wanted).first()
    if standing is not None and bytes(standing.request_hash) != application.fingerprint():
        raise KeyConflict(key=application.idempotency_key)
    return standing


def _parties(session: Session, application: Application) -> Parties:
    issuer = session.get(Organisation, application.organisation_id)
    if issuer is None:
        raise NotFound(kind="organisation", key=str(application.organisation_id))
    volunteer, person = (session.get(kind, application.person_id) for kind in (Volunteer, Person))
    if not isinstance(volunteer, Volunteer) or not isinstance(person, Person):
        raise NotFound(kind="volunteer", key=str(application.person_id))
    if application.counts_all and issuer.kind not in OFFICES:
        raise NotItsHours(organisation=issuer.name_zh)
    return Parties(issuer, volunteer, person)


def _records(
    session: Session, application: Application, parties: Parties, today: date
) -> tuple[list[Served], date, date]:
    """Return the records that count, and the days they are certified for: from the first one on when none is asked."""
    tomorrow = today + timedelta(days=1)
    to_day = application.to_day or tomorrow
    if to_day > tomorrow:
        raise WrongInput(field="to_day", value=str(to_day), right=Phrase("right_until_today", day=tomorrow))
    if application.from_day is not None and application.from_day >= to_day:
        raise WrongInput(field="from_day", value=str(application.from_day), right=Phrase("right_before", day=to_day))
    records = served_records(
        session,
        application.person_id,
        from_day=application.from_day,
        to_day=to_day,
        organisation_id=None if application.counts_all else application.organisation_id,
    )
    from_day = application.from_day or min((record.day for record in records), default=to_day)
    if not records:
        last_day = to_day - timedelta(days=1)
        first_day = application.from_day.isoformat() if application.from_day else "-"
        raise NoHours(volunteer=parties.volunteer.external_ref, from_day=first_day, last_day=last_day.isoformat())
    return records, from_day, to_day


def _content(
    session: Session,
    application: Application,
    parties: Parties,
    records: list[Served],
    days: tuple[date, date],
    now: datetime,
) -> Content:
    issuer, volunteer, person = parties
    from_day, to_day = days
    issued_on = day_of(now)
    level = standing_on(session, application.person_id, to_day - timedelta(days=1)).level
    identity = person.identity_number or ""
    trained_on = volunteer.trained_on
    serial = _next_serial(session, application.organisation_id, issued_on.year)
    return Content(
        number=f"{issuer.code}-{issued_on.year}-{serial:06d}",
        issued_on=issued_on,
        notes=application.notes,
        check_code=new_check_code(),
        name=person.name,
        identity=identity if application.shows_identity else masked(identity),
        volunteer_number=volunteer.external_ref,
        from_day=from_day,
        to_day=to_day,
        service_min=total_min(records),
        credit_min=sum(record.credit_min for record in records),
        services=by_service(records),
        counts_all=application.counts_all,
        trained_on=trained_on if trained_on and trained_on <= issued_on else None,
        stars=level.stars if level else 0,
        level_hours=level.hours if level else 0,
        evaluation=application.evaluation,
        issuer_code=issuer.code,
        issuer_zh=issuer.name_zh,
        issuer_en=issuer.name_en,
        in_charge=application.in_charge,
        handler=application.handler,
        contact=application.contact,
    )


def _next_serial(session: Session, organisation_id: int, year: int) -> int:
    """Return the serial after the last one; the issuer's turn is taken, so no other takes it too."""
    last = select(func.max(Certificate.serial)).where(
        Certificate.organisation_id == organisation_id, Certificate.year == year
    )
    return (session.exec(last).one() or 0) + 1


def _file(
    session: Session,
    application: Application,
    content: Content,
    records: list[Served],
    key: SigningKey,
    now: datetime,
) -> Certificate:
    """Sign the statement and file the certificate with every record it rests on."""
    statement = Statement(
        number=content.number,
        issuer=content.issuer_zh,
        service_min=content.service_min,
        from_day=content.from_day,
        to_day=content.to_day,
        issued_on=content.issued_on,
        name_mark=name_mark(content.name, content.check_code),
        key_id=key.key_id,
    )
    certificate = Certificate(
        organisation_id=application.organisation_id,
        year=content.issued_on.year,
        serial=int(content.number.rsplit("-", 1)[1]),
        number=content.number,
        idempotency_key=application.idempotency_key,
        request_hash=application.fingerprint(),
        person_id=application.person_id,
        from_day=content.from_day,
        to_day=content.to_day,
        service_min=content.service_min,
        credit_min=content.credit_min,
        issued_on=content.issued_on,
        issued_at=now,
        key_id=key.key_id,
        statement=sign(statement, signer_of(key)),
        content=content.to_json(),
    )
    session.add(certificate)
    session.flush()
    rows = [
        {
            "certificate_id": certificate.id,
            "line": line,
            "visit_id": record.visit_id,
            "group_id": record.group_id,
            "transfer_id": record.transfer_id,
            "service_min": record.service_min,
            "credit_min": record.credit_min,
        }
        for line, record in enumerate(records, 1)
    ]
    session.connection().execute(insert(RESTS_ON), rows)
    return certificate


def certificate_of(session: Session, number: str) -> Certificate:
    """Return a certificate by its number.

    Raises
    ------
    NotFound
        When there is none.
    """
    found = session.exec(select(Certificate).where(col(Certificate.number) == number)).first()
    if found is None:
        raise NotFound(kind="certificate", key=number[:64])
    return found
