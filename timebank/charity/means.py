"""What donors and companies bring to a project, what seniors are given of it, and hours drawn from the pool."""

from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.charity.budget import By
from timebank.charity.life import GIVING, LIVE, locked_project, require_stage
from timebank.charity.reach import require_reached, senior_of
from timebank.charity.refusals import NothingLeft, require_within
from timebank.coins.acts import Act
from timebank.coins.donations import give_aid
from timebank.coins.refusals import NotTheirs
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import KeyConflict, NotFound, WrongInput
from timebank.core.keys import digest_of
from timebank.core.naming import number_of
from timebank.core.texts import Phrase
from timebank.ledger.refusals import broke
from timebank.people.categories import CATEGORIES
from timebank.people.tables import Area
from timebank.projects.projects import PROJECT, project_of
from timebank.projects.tables import Contribution, Handout, ProjectHours

HANDOUT = table_of(Handout)
HOURS = table_of(ProjectHours)
DONOR_KINDS = ("person", "company", "organisation", "foundation")
KINDS = ("money", "goods", "service")
MOST_QUANTITY, MOST_VALUE_CENTS = 10**9, 10**13


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What somebody brings: who (kind and name), what, how much of which unit, its value, and for which group.

    ``for_category`` and ``for_street`` (code) are empty for everyone whom the project is for. Money counts in cents.
    """

    donor_kind: str
    donor: str
    kind: str
    what: str
    unit: str = ""
    quantity: int = 1
    value_cents: int = 0
    for_category: str = ""
    for_street: str = ""
    received_on: date


def receive(session: Session, office: int, project_id: int, brought: Brought, by: By) -> Contribution:
    """Write down what a project was given; money for nobody in particular raises its budget.

    The same key and content is the same contribution.

    Raises
    ------
    NotFound
        When there is no such project of the office, or no such street.
    WrongInput
        When a part of it cannot be.
    WrongState
        When the project is over.
    KeyConflict
        When the key was used for other content.
    """
    _check(brought, by.key)
    project = locked_project(session, office, project_id)
    digest = digest_of(asdict(brought))
    own = pick(Contribution).where(Contribution.project_id == project_id)
    standing = session.exec(own.where(Contribution.idempotency_key == by.key)).first()
    if standing is not None:
        if standing.request_hash != digest:
            raise KeyConflict(key=by.key)
        return standing
    require_stage(session, project, LIVE)
    area = number_of(session, Area, brought.for_street, level="subdistrict") if brought.for_street else None
    is_money = brought.kind == "money"
    row = Contribution(
        project_id=project_id,
        donor_kind=brought.donor_kind,
        donor=brought.donor,
        kind=brought.kind,
        what=brought.what,
        unit="分" if is_money else brought.unit,
        quantity=brought.value_cents if is_money else brought.quantity,
        value_cents=brought.value_cents,
        for_category=brought.for_category,
        for_area_id=area,
        received_on=brought.received_on,
        recorded_by=by.actor,
        recorded_at=by.now,
        idempotency_key=by.key,
        request_hash=digest,
    )
    session.add(row)
    session.flush()
    if raises_budget(row):
        more = PROJECT.c.budget_cents + row.value_cents
        session.connection().execute(update(PROJECT).where(PROJECT.c.id == project_id).values(budget_cents=more))
        session.refresh(project)
    return row


def raises_budget(row: Contribution) -> bool:
    """Tell whether a contribution went into the budget: money that is for no group."""
    return row.kind == "money" and not row.for_category and row.for_area_id is None


def contributions_of(session: Session, project_id: int, *, first: int, after: int = 0) -> list[Contribution]:
    """Return up to ``first`` (1 to 100) contributions of a project by number, after one.

    Raises
    ------
    ValueError
        When ``first`` is out of its bounds.
    """
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 contributions, not {first}."
        raise ValueError(message)
    own = pick(Contribution).where(Contribution.project_id == project_id, col(Contribution.id) > after)
    own = own.order_by(col(Contribution.id)).limit(first)
    return list(session.exec(own.execution_options(populate_existing=True)))


def contribution_of(session: Session, office: int, contribution_id: int) -> Contribution:
    """Return a contribution to an office's project as it is now.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    """
    row = session.get(Contribution, contribution_id, populate_existing=True)
    if row is not None:
        try:
            project_of(session, office, row.project_id)
        except NotFound:
            row = None
    if row is None:
        raise NotFound(kind="contribution", key=str(contribution_id))
    return row


def hand_out(session: Session, office: int, contribution_id: int, *, senior: str, quantity: int, by: By) -> int:
    """Give a senior (by reference) some of a contribution; returns the number of the handout.

    The same key and content is the same handout; the database never lets more be given than there is.

    Raises
    ------
    NotFound
        When there is no such contribution, or no such senior in the office's streets.
    WrongInput
        When the quantity or the key cannot be, or it is money that went into the budget.
    WrongState, OutsidePeriod
        When the project does not run, or not on that day.
    NotEligible
        When the senior is not of those whom the project, or the contribution, is for.
    NothingLeft
        When less is left.
    KeyConflict
        When the key was used for something else.
    """
    row = contribution_of(session, office, contribution_id)
    _check_words("idempotencyKey", by.key, 200)
    if not 0 < quantity <= MOST_QUANTITY or raises_budget(row):
        right = Phrase("right_range", least=1, most=0 if raises_budget(row) else row.quantity)
        raise WrongInput(field="quantity", value=str(quantity), right=right)
    project = locked_project(session, office, row.project_id)
    number = senior_of(session, project, senior)
    stood = _given_before(session, contribution_id, by.key)
    if stood is not None:
        if stood[1:] != (number, quantity):
            raise KeyConflict(key=by.key)
        return stood[0]
    require_stage(session, project, GIVING)
    require_within(project, by.day)
    require_reached(session, project, number, by.day, row)
    values = {
        "contribution_id": contribution_id,
        "senior_id": number,
        "quantity": quantity,
        "given_on": by.day,
        "given_by": by.actor,
        "idempotency_key": by.key,
        "recorded_at": by.now,
    }
    try:
        with session.begin_nested():
            return int(session.connection().execute(insert(HANDOUT).returning(HANDOUT.c.id), values).scalar_one())
    except IntegrityError as fault:
        if not broke(fault, "ck_contribution_given"):
            raise
        session.refresh(row)
        left = row.quantity - row.given
        raise NothingLeft(contribution=contribution_id, left=left, asked=quantity) from fault


def draw_hours(session: Session, office: int, project_id: int, act: Act, *, senior: str, minutes: int) -> int:
    """Draw minutes of the pool for a senior whom a project helps, by the rules of the day; returns the transfer.

    Raises
    ------
    NotFound
        When there is no such project of the office, or no such senior in its streets.
    NotTheirs
        When the act is not the office's own.
    WrongState, OutsidePeriod
        When the project does not run, or not on that day.
    NotEligible
        When the project is not for this senior.
    NotByRules
        When the pack does not allow it: no hardship, enough this year, or too little in the pool.
    WrongInput
        When it is not said why.
    """
    if act.actor != f"organisation:{office}":
        raise NotTheirs(kind="project", key=str(project_id), who=Phrase("who_office"))
    project = locked_project(session, office, project_id)
    number = senior_of(session, project, senior)
    require_stage(session, project, GIVING)
    require_within(project, act.day)
    require_reached(session, project, number, act.day)
    transfer = give_aid(session, act, person_id=number, minutes=minutes)
    row = {
        "transfer_id": transfer,
        "project_id": project_id,
        "senior_id": number,
        "minutes": minutes,
        "drawn_on": act.day,
        "drawn_by": act.actor,
    }
    gate = insert_or_skip(session.connection(), HOURS).values(**row)
    session.connection().execute(gate.on_conflict_do_nothing(index_elements=["transfer_id"]))
    return transfer


def _given_before(session: Session, contribution_id: int, key: str) -> tuple[int, int, int] | None:
    h = HANDOUT.c
    wanted = select(h.id, h.senior_id, h.quantity).where(h.contribution_id == contribution_id, h.idempotency_key == key)
    found = session.connection().execute(wanted).first()
    return None if found is None else (found.id, found.senior_id, found.quantity)


def _check(brought: Brought, key: str) -> None:
    for field, words, most in (
        ("donor", brought.donor, 120),
        ("what", brought.what, 200),
        ("idempotencyKey", key, 200),
    ):
        _check_words(field, words, most)
    for field, word, known in (
        ("donor_kind", brought.donor_kind, DONOR_KINDS),
        ("kind", brought.kind, KINDS),
        ("for_category", brought.for_category, ("", *CATEGORIES)),
    ):
        if word not in known:
            right = Phrase("right_one_of", known=", ".join(one for one in known if one))
            raise WrongInput(field=field, value=word[:20], right=right)
    least = 1 if brought.kind == "money" else 0
    if not least <= brought.value_cents <= MOST_VALUE_CENTS:
        right = Phrase("right_range", least=least, most=MOST_VALUE_CENTS)
        raise WrongInput(field="value_cents", value=str(brought.value_cents), right=right)
    if not 1 <= brought.quantity <= MOST_QUANTITY or len(brought.unit) > 20:
        right = Phrase("right_range", least=1, most=MOST_QUANTITY)
        raise WrongInput(field="quantity", value=f"{brought.quantity} {brought.unit[:20]}", right=right)


def _check_words(field: str, words: str, most: int) -> None:
    if not words.strip() or len(words) > most:
        raise WrongInput(field=field, value=words[:20], right=Phrase("right_length", least=1, most=most))
