"""``timebank bridge referral ...``: consents written down and revoked, referrals sent, answered, served and closed."""

from datetime import datetime
from typing import Annotated
from uuid import uuid4

import typer

from timebank.bridge.consents import ConsentDraft, consent_of, record_consent, revoke_consent
from timebank.bridge.desk import By, Day, Desk, Key, Number, at_desk, told
from timebank.bridge.fields import FIELDS
from timebank.bridge.referrals import (
    Actor,
    ReferralDraft,
    accept,
    begin,
    close,
    decline,
    read_senior,
    refer,
    referrals_of,
    withdraw,
)
from timebank.bridge.tables import Referral
from timebank.bridge.terms import overdue_of, set_term
from timebank.core.clock import day_of, now
from timebank.core.naming import number_of
from timebank.core.opening import writing
from timebank.core.texts import LOCALES, say
from timebank.people.tables import Organisation, Senior

app = typer.Typer(no_args_is_help=True, help="Referrals with consent. 转介与知情同意")
Words = Annotated[str, typer.Argument(help="In words. 说明")]


@app.command()
def consent(
    senior: Annotated[str, typer.Argument(help="Number of the senior in the registry. 老年人编号")],
    receiver: Annotated[str, typer.Argument(help="Code of the organisation that may know. 接收组织")],
    organisation: By,
    fields: Annotated[str, typer.Option(help=f"Of {', '.join(FIELDS)}; commas between.")],
    purpose: Annotated[str, typer.Option(help="What for. 用途")],
    until_day: Annotated[datetime, Day],
    given_by: Annotated[str, typer.Option(help="senior or guardian.")] = "senior",
    manner: Annotated[str, typer.Option(help="paper, spoken or signed_on_screen.")] = "paper",
    guardian: Annotated[str, typer.Option(help="Name of the guardian who gave it.")] = "",
    proof: Annotated[str, typer.Option(help="Where the paper lies, or who was there.")] = "",
    key: Key = "",
) -> None:
    """Write down a consent as it was given."""
    with at_desk(organisation) as desk:
        draft = ConsentDraft(
            senior_id=number_of(desk.session, Senior, senior, name="external_ref", number="person_id"),
            receiver=receiver,
            fields=tuple(part.strip() for part in fields.split(",")),
            purpose=purpose,
            until_day=until_day.date(),
            given_by=given_by,
            manner=manner,
            guardian_name=guardian,
            proof=proof,
        )
        row = record_consent(desk.session, desk.organisation_id, draft, idempotency_key=key or str(uuid4()), now=now())
        for locale in LOCALES:
            names = [FIELDS[code][0 if locale == "zh" else 1] for code in row.fields]
            typer.echo(
                say("bridge_consent", locale, number=row.id, fields=", ".join(map(str, names)), until=row.until_day)
            )


@app.command()
def revoke(number: Number, organisation: By) -> None:
    """End a consent at once, by the word of the senior or the guardian."""
    with at_desk(organisation) as desk:
        row = consent_of(desk.session, number, organisation_id=desk.organisation_id)
        revoke_consent(desk.session, row.id or 0, actor=_actor(desk).name, now=now())
        told("bridge_consent_revoked", number=number)


@app.command()
def send(
    number: Annotated[int, typer.Argument(help="Number of the consent. 知情同意编号")],
    reason: Words,
    organisation: By,
    service: Annotated[str, typer.Option(help="Code of a service that is asked for.")] = "",
    key: Key = "",
) -> None:
    """Refer a senior to the organisation that the consent names."""
    with at_desk(organisation) as desk:
        draft = ReferralDraft(consent_id=number, reason=reason, service=service)
        _said(desk, refer(desk.session, _actor(desk), draft, idempotency_key=key or str(uuid4()), now=now()))


@app.command(name="accept")
def accept_one(number: Number, organisation: By) -> None:
    """Accept a referral."""
    with at_desk(organisation) as desk:
        _said(desk, accept(desk.session, _actor(desk), number, now=now()))


@app.command(name="decline")
def decline_one(
    number: Number,
    reason: Annotated[str, typer.Argument(help="no_capacity, not_eligible, out_of_area or other.")],
    organisation: By,
    words: Annotated[str, typer.Option(help="In words; needed for other.")] = "",
) -> None:
    """Decline a referral with a reason."""
    with at_desk(organisation) as desk:
        _said(desk, decline(desk.session, _actor(desk), number, reason=reason, words=words, now=now()))


@app.command(name="begin")
def begin_one(number: Number, organisation: By) -> None:
    """Say that the service has begun."""
    with at_desk(organisation) as desk:
        _said(desk, begin(desk.session, _actor(desk), number, now=now()))


@app.command(name="close")
def close_one(
    number: Number,
    outcome: Annotated[str, typer.Argument(help="helped, partly, not_helped or gone.")],
    feedback: Words,
    organisation: By,
) -> None:
    """Close a referral with feedback to who referred."""
    with at_desk(organisation) as desk:
        _said(desk, close(desk.session, _actor(desk), number, outcome=outcome, feedback=feedback, now=now()))


@app.command(name="withdraw")
def withdraw_one(number: Number, words: Words, organisation: By) -> None:
    """Withdraw an own referral before the service begins."""
    with at_desk(organisation) as desk:
        _said(desk, withdraw(desk.session, _actor(desk), number, words=words, now=now()))


@app.command()
def read(number: Number, organisation: By) -> None:
    """Read what was consented to, as the receiver; the reading is kept."""
    with at_desk(organisation) as desk:
        found = read_senior(desk.session, _actor(desk), number, now=now())
        for locale in LOCALES:
            for code, value in found.items():
                typer.echo(say("bridge_field", locale, name=FIELDS[code][0 if locale == "zh" else 1], value=value))


@app.command(name="list")
def list_referrals(organisation: By) -> None:
    """List the referrals that an organisation sent or received, the newest first, a hundred at most."""
    with at_desk(organisation, is_reading=True) as desk:
        rows = referrals_of(desk.session, desk.organisation_id, first=100)
        for row in rows:
            _said(desk, row)
        told("bridge_count", count=len(rows))


@app.command()
def overdue(organisation: By) -> None:
    """List the own referrals of which the answer is late, the longest waiting first."""
    with at_desk(organisation, is_reading=True) as desk:
        rows = overdue_of(desk.session, desk.organisation_id)
        for row, _ in rows:
            told("bridge_overdue", number=row.id, by=day_of(row.answer_by))
        told("bridge_count", count=len(rows))


@app.command()
def term(
    days: Annotated[int, typer.Argument(min=1, max=90, help="Days that an answer may take. 天数")],
    by: Annotated[str, typer.Option(help="Who says so. 记录人")],
    from_day: Annotated[datetime | None, Day] = None,
    service: Annotated[str, typer.Option(help="Code of a service; else all.")] = "",
) -> None:
    """Say how many days an answer may take, from a day on."""
    first = from_day.date() if from_day else day_of(now())
    with writing() as session:
        row = set_term(session, days, from_day=first, service=service, actor=by, now=now())
        told("bridge_term", number=row.id, days=row.days, from_day=row.from_day)


def _actor(desk: Desk) -> Actor:
    return Actor(desk.organisation_id, f"organisation:{desk.organisation_id}")


def _said(desk: Desk, row: Referral) -> None:
    sender, receiver = (
        desk.session.get_one(Organisation, number).code for number in (row.organisation_id, row.receiver_id)
    )
    by = day_of(row.answer_by)
    told("bridge_referral", number=row.id, sender=sender, receiver=receiver, state=row.status, by=by)
