"""Every table of every room in one place, and every trigger that guards one: for migrations and for every start."""

from sqlmodel import SQLModel

from timebank.access import guards as access_guards
from timebank.access import tables as access
from timebank.alarms import guards as alarms_guards
from timebank.alarms import tables as alarms
from timebank.bookings import guards as bookings_guards
from timebank.bookings import tables as bookings
from timebank.bridge import guards as bridge_guards
from timebank.bridge import tables as bridge
from timebank.care import guards as care_guards
from timebank.care import tables as care
from timebank.coins import guards as coins_guards
from timebank.coins import tables as coins
from timebank.core import tables as core
from timebank.exchange import tables as exchange
from timebank.honours import guards as honours_guards
from timebank.honours import tables as honours
from timebank.imports import tables as imports
from timebank.ledger import guards as ledger_guards
from timebank.ledger import tables as ledger
from timebank.needs import guards as needs_guards
from timebank.needs import tables as needs
from timebank.outbox import guards as outbox_guards
from timebank.outbox import tables as outbox
from timebank.people import guards as people_guards
from timebank.people import tables as people
from timebank.planning import tables as planning
from timebank.programmes import guards as programmes_guards
from timebank.programmes import tables as programmes
from timebank.projects import guards as projects_guards
from timebank.projects import tables as projects
from timebank.registry import guards as registry_guards
from timebank.registry import tables as registry
from timebank.visits import guards as visits_guards
from timebank.visits import tables as visits

METADATA = SQLModel.metadata
"""Tables, constraints and indexes as the code knows them; ``alembic check`` compares a database with it."""

GUARDS = (
    outbox_guards,
    ledger_guards,
    needs_guards,
    projects_guards,
    people_guards,
    access_guards,
    coins_guards,
    visits_guards,
    honours_guards,
    care_guards,
    bridge_guards,
    alarms_guards,
    programmes_guards,
    bookings_guards,
    registry_guards,
)
"""Rooms that list triggers (:func:`timebank.core.guards.list_guards`); to be imported is what lists them."""

__all__ = [
    "GUARDS",
    "METADATA",
    "access",
    "alarms",
    "bookings",
    "bridge",
    "care",
    "coins",
    "core",
    "exchange",
    "honours",
    "imports",
    "ledger",
    "needs",
    "outbox",
    "people",
    "planning",
    "programmes",
    "projects",
    "registry",
    "visits",
]
