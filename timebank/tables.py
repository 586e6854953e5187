"""Every table of every room in one place, for migrations and for whoever needs the whole metadata."""

from sqlmodel import SQLModel

from timebank.core import tables as core
from timebank.honours import tables as honours
from timebank.imports import tables as imports
from timebank.ledger import tables as ledger
from timebank.needs import tables as needs
from timebank.people import tables as people
from timebank.planning import tables as planning
from timebank.projects import tables as projects
from timebank.visits import tables as visits

METADATA = SQLModel.metadata
"""Tables, constraints and indexes as the code knows them; ``alembic check`` compares a database with it."""

__all__ = ["METADATA", "core", "honours", "imports", "ledger", "needs", "people", "planning", "projects", "visits"]
