"""Which plan speaks for a need today.

The district's plan covers everybody. An organisation that publishes a plan of its own speaks for the needs in it
from then on; a plan of the district that is published later takes the place of all.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, Table, select

from timebank.core.columns import table_of
from timebank.planning.tables import Pair, Plan, Unmet

PAIR = table_of(Pair)
UNMET = table_of(Unmet)
PLAN = table_of(Plan)
DISTRICT = "district"


def needs_of(plans: ColumnElement[bool]) -> Any:
    """Return the query of the needs that some plans pair or leave unmet; ``plans`` is a condition on plans."""
    chosen = select(PLAN.c.id).where(plans)
    pairs, unmet = (select(table.c.need_id).where(table.c.plan_id.in_(chosen)) for table in (PAIR, UNMET))
    return pairs.union(unmet)


def is_in_force(table: Table) -> ColumnElement[bool]:
    """Return the condition that a row of ``table`` (pair or unmet), joined with its plan, speaks for its need."""
    published = PLAN.c.state == "published"
    own = PLAN.alias("own")
    spoken_for: list[Select[Any]] = [
        select(rows.c.need_id)
        .join(own, own.c.id == rows.c.plan_id)
        .where(own.c.state == "published", own.c.scope != DISTRICT)
        for rows in (PAIR.alias(), UNMET.alias())
    ]
    return published & ((PLAN.c.scope != DISTRICT) | table.c.need_id.not_in(spoken_for[0].union(spoken_for[1])))
