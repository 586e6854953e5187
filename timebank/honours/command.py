"""``timebank certificate ...``: issue, verify, trace, revoke, publish, and rotate the keys."""

import json
import sys
from dataclasses import asdict
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session, col, select

from timebank.core.clock import day_of, now
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput
from timebank.core.opening import opened, reading, writing
from timebank.core.schema import upgrade
from timebank.core.settings import Settings
from timebank.core.terminal import tell
from timebank.core.texts import Phrase, say
from timebank.honours.certificates import Application, issue
from timebank.honours.content import Content
from timebank.honours.keys import MOST_FILE, read_keys, rotate_keys
from timebank.honours.paper import hours_said, print_paper
from timebank.honours.publishing import KEYS_FILE, lay_out, published, write_whole
from timebank.honours.register import shaken, trace
from timebank.honours.revocations import read_list, revoke
from timebank.honours.statement import MOST_TEXT
from timebank.honours.told import facts, verdict_lines
from timebank.honours.verification import Finding, check_name, check_offline
from timebank.people.tables import Organisation, Volunteer

app = typer.Typer(no_args_is_help=True, help="Certificates of voluntary service.")
keys_app = typer.Typer(no_args_is_help=True, help="The keys that sign certificates.")
app.add_typer(keys_app, name="keys")
LONGEST_NAME = 255
"""Longest text that can be the name of a file."""


class Reason(StrEnum):
    """Why a certificate is revoked."""

    ERROR = "error"
    CREDIT_REVERSED = "credit_reversed"
    FALSE_CLAIM = "false_claim"
    REPLACED = "replaced"
    OWN_REQUEST = "own_request"


Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]
Number = Annotated[str, typer.Argument(help="Number of the certificate.")]


@app.command(name="issue")
def issue_one(
    organisation: Annotated[str, typer.Option(help="Code of the issuer.")],
    volunteer: Annotated[str, typer.Option(help="Number of the volunteer.")],
    in_charge: Annotated[str, typer.Option(help="Person in charge.")],
    handler: Annotated[str, typer.Option(help="Who handles it.")],
    contact: Annotated[str, typer.Option(help="How the issuer is reached.")],
    first_day: Day = None,
    last_day: Day = None,
    counts_all: Annotated[bool, typer.Option("--all-hours", help="Count every organisation; offices only.")] = False,  # noqa: FBT002  # a switch of the command line
    shows_identity: Annotated[bool, typer.Option("--full-identity", help="As the person asked.")] = False,  # noqa: FBT002  # a switch of the command line
    evaluation: Annotated[str, typer.Option(help="What the issuer says of the service.")] = "",
    notes: Annotated[str, typer.Option(help="Other notes.")] = "",
    key: Annotated[
        str, typer.Option(help="The same key is the same certificate; else the day and the volunteer.")
    ] = "",
    check_url: Annotated[str, typer.Option(envvar="TIMEBANK_CHECK_URL", help="Page that the QR code leads to.")] = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The PDF file.")] = None,
) -> None:
    """Issue a certificate and print it as PDF; the same command on the same day prints the same one again."""
    settings, moment = Settings.from_environment(), now()
    with opened() as engine:
        upgrade(engine)
        with transaction(engine) as session:
            application = Application(
                organisation_id=_organisation(session, organisation),
                person_id=_volunteer(session, volunteer),
                idempotency_key=key or f"{day_of(moment)} {volunteer}",
                in_charge=in_charge,
                handler=handler,
                contact=contact,
                from_day=first_day.date() if first_day else None,
                to_day=_after(last_day),
                counts_all=counts_all,
                shows_identity=shows_identity,
                evaluation=evaluation,
                notes=notes,
            )
            issued = issue(session, application, now=moment)
            files = published(session, now=moment)
    certificate = issued.certificate
    paper = print_paper(
        Content.from_json(certificate.content),
        certificate.statement,
        fonts=settings.home / "fonts",
        check_url=check_url,
    )
    path = out or _folder() / f"{certificate.number}.pdf"
    write_whole(path, paper.pdf)
    keys, _ = lay_out(files, _folder())
    words = {"number": certificate.number, "path": path, "keys": keys}
    tell("cert_issued_again" if issued.is_replay else "cert_issued", **words)
    if paper.missing:
        tell("cert_missing", letters=paper.missing, folder=settings.home / "fonts")


@app.command()
def verify(
    what: Annotated[str, typer.Argument(help="The text of the QR code, or a file that holds it, such as the PDF.")],
    keys: Annotated[Path | None, typer.Option(help="File of published keys; else that of this district.")] = None,
    revocations: Annotated[Path | None, typer.Option(help="Published list of revocations.")] = None,
    name: Annotated[str, typer.Option(help="Name on the paper, to be checked too.")] = "",
    code: Annotated[str, typer.Option(help="Check code of the name on the paper.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Check a certificate offline, without any database; ends with 0 when it is valid, with 1 otherwise."""
    text, file = _published_file(keys or _folder() / KEYS_FILE, "keys")
    known = read_keys(text, file=file)
    listed = None
    if revocations is not None:
        text, file = _published_file(revocations, "revocations")
        listed = read_list(text, known, file=file)
    finding = check_offline(_text_of(what), known, listed, now=now())
    if name:
        finding = check_name(finding, name, code)
    if as_json:
        sys.stdout.write(json.dumps(_as_json(finding), ensure_ascii=False, default=_plain) + "\n")
    else:
        _tell(finding)
    is_good = finding.verdict == "valid" and finding.name_fits is not False
    raise typer.Exit(0 if is_good else 1)


@app.command(name="trace")
def trace_one(number: Number) -> None:
    """Follow a certificate to the records and transfers it rests on; ends with 1 when a figure is not their sum."""
    with reading() as session:
        found = trace(session, number)
        for line in found.lines:
            mark = f"  {say('cert_reversed', 'zh')} {say('cert_reversed', 'en')}" if line.is_reversed else ""
            record = f"visit {line.visit_id}" if line.visit_id else f"group {line.group_id}"
            credit = f"transfer {line.transfer_id}  entry {line.entry_min} min" if line.transfer_id else line.becomes
            typer.echo(f"{record}  {line.day}  {line.service_min} min  {credit}{mark}")
    hours_zh, hours_en = hours_said(found.certificate.service_min)
    for locale, hours in (("zh", hours_zh), ("en", hours_en)):
        key = "cert_adds_up" if found.adds_up else "cert_differs"
        typer.echo(say(key, locale, count=len(found.lines), hours=hours))  # type: ignore[arg-type]  # the two locales
    raise typer.Exit(0 if found.adds_up else 1)


@app.command(name="revoke")
def revoke_one(
    number: Number,
    reason: Annotated[Reason, typer.Option(help="Why; the category is published.")],
    note: Annotated[str, typer.Option(help="More words, for the issuer alone.")] = "",
) -> None:
    """Revoke a certificate and publish the list anew."""
    moment = now()
    with writing() as session:
        revoked = revoke(session, number, reason=reason.value, note=note, now=moment)
        files = published(session, now=moment)
    _, listed = lay_out(files, _folder())
    tell("cert_revoked", number=number, day=revoked.day, list=listed)


@app.command()
def publish(
    folder: Annotated[Path | None, typer.Option(help="Folder to lay the two files into.")] = None,
) -> None:
    """Write the public keys and the signed list of revocations anew, and name certificates that should be revoked."""
    with writing() as session:
        files = published(session, now=now())
        due = shaken(session)
    for path in lay_out(files, folder or _folder()):
        typer.echo(str(path))
    if due:
        tell("cert_shaken", numbers=", ".join(due))


@keys_app.command()
def rotate() -> None:
    """Sign with a new key from now on; what the old one signed stays good."""
    moment = now()
    with opened() as engine:
        upgrade(engine)
        with transaction(engine) as session:
            key_id = rotate_keys(session, now=moment).key_id
            files = published(session, now=moment)
    keys, _ = lay_out(files, _folder())
    tell("cert_rotated", key_id=key_id, keys=keys)


def _folder() -> Path:
    return Settings.from_environment().home / "certificates"


def _organisation(session: Session, code: str) -> int:
    found = session.exec(select(Organisation.id).where(col(Organisation.code) == code)).first()
    if found is None:
        raise NotFound(kind="organisation", key=code)
    return found


def _volunteer(session: Session, external_ref: str) -> int:
    found = session.exec(select(Volunteer.person_id).where(col(Volunteer.external_ref) == external_ref)).first()
    if found is None:
        raise NotFound(kind="volunteer", key=external_ref)
    return found


def _after(last_day: datetime | None) -> date | None:
    return last_day.date() + timedelta(days=1) if last_day else None


def _published_file(path: Path, field: str) -> tuple[str, str]:
    """Read a published file, up to a bound; returns its text and its name."""
    raw = _bytes_of(path, field, MOST_FILE)
    return raw.decode("utf-8", errors="replace"), path.name


def _text_of(what: str) -> str:
    """Return the text to look into: of a file when there is one of that name, else as it is."""
    if len(what) > LONGEST_NAME or "\0" in what or not Path(what).is_file():
        return what
    return _bytes_of(Path(what), "file", MOST_TEXT).decode("latin-1")


def _bytes_of(path: Path, field: str, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except OSError as fault:
        raise WrongInput(field=field, value=str(path), right=Phrase("right_file")) from fault
    if len(raw) > most:
        raise WrongInput(field=field, value=str(path), right=Phrase("right_at_most", most=most))
    return raw


def _tell(finding: Finding) -> None:
    for line in (*verdict_lines(finding, "zh"), *verdict_lines(finding, "en")):
        typer.echo(line)
    for fact in facts(finding):
        shown = f"{fact.zh} / {fact.en}" if fact.en else fact.zh
        typer.echo(f"  {fact.label_zh} {fact.label_en}: {shown}")
    if finding.statement is not None:
        tell("told_compare")


def _as_json(finding: Finding) -> dict[str, object]:
    return asdict(finding) | {"words_zh": say(finding.why, "zh"), "words_en": say(finding.why, "en")}


def _plain(value: date | bytes) -> str:
    return value.isoformat() if isinstance(value, date) else value.hex()
