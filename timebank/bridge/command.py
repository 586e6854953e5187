"""``timebank bridge ...``: offers and needs of resources, consents and referrals, good practice."""

from datetime import datetime
from typing import Annotated
from uuid import uuid4

import typer

from timebank.bridge.desk import By, Day, Key, Many, Number, at_desk, told
from timebank.bridge.offers import OfferDraft, give_back, offer, offers_seen, take, withdraw_offer
from timebank.bridge.practice_command import app as practice_app
from timebank.bridge.referral_command import app as referral_app
from timebank.bridge.resource_needs import NeedDraft, choose, close_need, needs_seen, state_need
from timebank.bridge.tables import OfferTaking, ResourceNeed, ResourceOffer
from timebank.bridge.upkeep import keep_bridge
from timebank.core.clock import now
from timebank.core.opening import opened

app = typer.Typer(no_args_is_help=True, help="Between organisations: resources, referrals, good practice. 组织间协作")
app.add_typer(referral_app, name="referral")
app.add_typer(practice_app, name="practice")


def _offer(row: ResourceOffer) -> None:
    told("bridge_offer", number=row.id, state=row.status, **row.model_dump(include=set(SHOWN_OF_OFFER)))


def _need(row: ResourceNeed) -> None:
    told("bridge_need", number=row.id, state=row.status, **row.model_dump(include=set(SHOWN_OF_NEED)))


def _taking(row: OfferTaking, key: str) -> None:
    told(key, number=row.id, offer=row.offer_id, quantity=row.quantity)


SHOWN_OF_OFFER = ("what", "quantity", "unit", "taken", "from_day", "to_day")
SHOWN_OF_NEED = ("what", "quantity", "unit", "chosen")


@app.command(name="offer")
def make_offer(
    what: Annotated[str, typer.Argument(help="What is offered. 资源名称")],
    quantity: Many,
    unit: Annotated[str, typer.Argument(help="Of which unit. 单位")],
    organisation: By,
    from_day: Annotated[datetime, Day],
    to_day: Annotated[datetime, Day],
    area: Annotated[str, typer.Option(help="Code of a sub-district; else the whole district.")] = "",
    service: Annotated[str, typer.Option(help="Code of a service that it is for.")] = "",
    conditions: Annotated[str, typer.Option(help="On which conditions.")] = "",
    answers: Annotated[int | None, typer.Option(help="Number of the need that it answers.")] = None,
    key: Key = "",
) -> None:
    """Offer something to other organisations, from a day until before another."""
    draft = OfferDraft(
        what=what,
        unit=unit,
        quantity=quantity,
        from_day=from_day.date(),
        to_day=to_day.date(),
        area=area,
        service=service,
        conditions=conditions,
        answers=answers,
    )
    with at_desk(organisation) as desk:
        _offer(offer(desk.session, desk.organisation_id, draft, idempotency_key=key or str(uuid4()), now=now()))


@app.command(name="take")
def take_some(
    number: Number,
    quantity: Many,
    organisation: By,
    purpose: Annotated[str, typer.Option(help="What for. 用途")] = "",
    key: Key = "",
) -> None:
    """Take some of another's offer."""
    with at_desk(organisation) as desk:
        row = take(
            desk.session,
            desk.organisation_id,
            number,
            quantity,
            purpose=purpose,
            idempotency_key=key or str(uuid4()),
            now=now(),
        )
        _taking(row, "bridge_taking")


@app.command(name="back")
def bring_back(number: Number, organisation: By) -> None:
    """Give back what was taken."""
    with at_desk(organisation) as desk:
        _taking(give_back(desk.session, desk.organisation_id, number, now=now()), "bridge_returned")


@app.command(name="withdraw")
def take_away(number: Number, organisation: By) -> None:
    """Withdraw what is left of an own offer."""
    with at_desk(organisation) as desk:
        _offer(withdraw_offer(desk.session, desk.organisation_id, number))


@app.command(name="offers")
def list_offers(organisation: By) -> None:
    """List the offers that an organisation may see, the newest first, a hundred at most."""
    with at_desk(organisation, is_reading=True) as desk:
        rows = offers_seen(desk.session, desk.organisation_id, first=100)
        for row in rows:
            _offer(row)
        told("bridge_count", count=len(rows))


@app.command(name="need")
def make_need(
    what: Annotated[str, typer.Argument(help="What is lacking. 所需资源")],
    quantity: Many,
    unit: Annotated[str, typer.Argument(help="Of which unit. 单位")],
    organisation: By,
    to_day: Annotated[datetime, Day],
    project: Annotated[int | None, typer.Option(help="Number of an own project.")] = None,
    area: Annotated[str, typer.Option(help="Code of an own sub-district instead.")] = "",
    service: Annotated[str, typer.Option(help="Code of a service that it is for.")] = "",
    words: Annotated[str, typer.Option(help="More about it.")] = "",
    key: Key = "",
) -> None:
    """State what a project or a street lacks."""
    draft = NeedDraft(
        what=what,
        unit=unit,
        quantity=quantity,
        to_day=to_day.date(),
        project_id=project,
        area=area,
        service=service,
        words=words,
    )
    with at_desk(organisation) as desk:
        _need(state_need(desk.session, desk.organisation_id, draft, idempotency_key=key or str(uuid4()), now=now()))


@app.command(name="choose")
def choose_answer(
    number: Number,
    offered: Annotated[int, typer.Argument(help="Number of an offer that answers it.")],
    quantity: Many,
    organisation: By,
    key: Key = "",
) -> None:
    """Choose some of an offer that answers an own need."""
    with at_desk(organisation) as desk:
        row = choose(
            desk.session,
            desk.organisation_id,
            number,
            offered,
            quantity,
            idempotency_key=key or str(uuid4()),
            now=now(),
        )
        _taking(row, "bridge_taking")


@app.command(name="close")
def close_own_need(
    number: Number, words: Annotated[str, typer.Argument(help="What came of it.")], organisation: By
) -> None:
    """Close an own need."""
    with at_desk(organisation) as desk:
        _need(close_need(desk.session, desk.organisation_id, number, words=words, now=now()))


@app.command(name="needs")
def list_needs(organisation: By) -> None:
    """List the needs that an organisation may see, the newest first, a hundred at most."""
    with at_desk(organisation, is_reading=True) as desk:
        rows = needs_seen(desk.session, desk.organisation_id, first=100)
        for row in rows:
            _need(row)
        told("bridge_count", count=len(rows))


@app.command()
def keep() -> None:
    """End offers whose days are over, and tell referrers of late answers, as the worker does."""
    with opened() as engine:
        offers, late = keep_bridge(engine, now=now())
    told("bridge_kept", offers=offers, told=late)
