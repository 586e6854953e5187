"""The triggers that keep what a project's budget is spoken for, and that guard its past.

Each sum is written by the database as the rows are that it is made of, and a check of the table refuses what would
spend more than there is: who commits at the same moment waits for the row, and is refused when nothing is left.
"""

from timebank.core.guards import DELETE, INSERT, ROW, UPDATE, list_append_only, list_guards

APPEND_ONLY = ("project_step", "project_origin", "budget_entry", "handout", "project_hours")
"""Tables whose rows are never changed or deleted."""
OF_SLOT = "FROM slot s JOIN resource r ON r.id = s.resource_id WHERE s.id = {row}.slot_id"


def known(project: str) -> str:
    """Write how a project gets the row of its sums, if it has none yet."""
    return (
        "INSERT INTO project_state (project_id, preparation, budget_cents, lines_cents, places_cents) "
        f"SELECT p.id, 'draft', p.budget_cents, 0, 0 FROM project p WHERE p.id = {project} "
        "ON CONFLICT (project_id) DO NOTHING"
    )


def place(row: str, sign: str) -> str:
    """Write how the cost of a booking's place is added or taken away; one that costs nothing changes nothing."""
    of_slot = OF_SLOT.format(row=row)
    return (
        f"UPDATE project_state SET places_cents = places_cents {sign} (SELECT r.place_cost_cents {of_slot}) "
        f"WHERE {row}.status <> 'cancelled' "
        f"AND project_id = (SELECT r.project_id {of_slot} AND r.place_cost_cents > 0)"
    )


def costs(row: str) -> str:
    """Write the project of a booking whose place costs something."""
    return f"(SELECT r.project_id {OF_SLOT.format(row=row)} AND r.place_cost_cents > 0)"


STANDING = (
    "(SELECT count(*) FROM booking b JOIN slot s ON s.id = b.slot_id "
    "WHERE s.resource_id = NEW.id AND b.status <> 'cancelled')"
)
PRICED = (
    "UPDATE project_state SET places_cents = places_cents + (NEW.place_cost_cents - OLD.place_cost_cents) "
    f"* {STANDING} WHERE project_id = NEW.project_id"
)
LINED = "UPDATE project_state SET lines_cents = lines_cents + {change} WHERE project_id = {row}.project_id"
BUDGETED = "UPDATE project_state SET budget_cents = NEW.budget_cents WHERE project_id = NEW.id"
OF_LINE = (
    "UPDATE budget_line SET committed_cents = committed_cents "
    "+ CASE NEW.kind WHEN 'commit' THEN NEW.amount_cents ELSE -NEW.amount_cents END, spent_cents = spent_cents "
    "+ CASE NEW.kind WHEN 'spend' THEN NEW.amount_cents ELSE 0 END "
    "WHERE id = (SELECT c.line_id FROM commitment c WHERE c.id = NEW.commitment_id)"
)
OF_COMMITMENT = (
    "UPDATE commitment SET open_cents = open_cents "
    "+ CASE NEW.kind WHEN 'commit' THEN NEW.amount_cents ELSE -NEW.amount_cents END, spent_cents = spent_cents "
    "+ CASE NEW.kind WHEN 'spend' THEN NEW.amount_cents ELSE 0 END WHERE id = NEW.commitment_id"
)
GIVEN = "UPDATE contribution SET given = given + NEW.quantity WHERE id = NEW.contribution_id"
KEPT: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (
    ("booking_insert", "booking", "INSERT", "", (known(costs("NEW")), place("NEW", "+"))),
    (
        "booking_update",
        "booking",
        "UPDATE OF status, slot_id",
        "NEW.status <> OLD.status OR NEW.slot_id <> OLD.slot_id",
        (place("OLD", "-"), known(costs("NEW")), place("NEW", "+")),
    ),
    ("booking_delete", "booking", "DELETE", "", (place("OLD", "-"),)),
    (
        "resource_update",
        "resource",
        "UPDATE OF place_cost_cents",
        "NEW.place_cost_cents <> OLD.place_cost_cents",
        (known(f"(SELECT NEW.project_id WHERE {STANDING} > 0)"), PRICED),
    ),
    (
        "line_insert",
        "budget_line",
        "INSERT",
        "",
        (known("NEW.project_id"), LINED.format(change="NEW.planned_cents", row="NEW")),
    ),
    (
        "line_update",
        "budget_line",
        "UPDATE OF planned_cents",
        "NEW.planned_cents <> OLD.planned_cents",
        (LINED.format(change="NEW.planned_cents - OLD.planned_cents", row="NEW"),),
    ),
    ("line_delete", "budget_line", "DELETE", "", (LINED.format(change="-OLD.planned_cents", row="OLD"),)),
    ("project_update", "project", "UPDATE OF budget_cents", "NEW.budget_cents <> OLD.budget_cents", (BUDGETED,)),
    ("entry_insert", "budget_entry", "INSERT", "", (OF_LINE, OF_COMMITMENT)),
    ("handout_insert", "handout", "INSERT", "", (GIVEN,)),
)
"""Name after ``sums_``, table, event, condition, and what is done then."""
BITS = {"INSERT": INSERT, "UPDATE": UPDATE, "DELETE": DELETE}


def of_sqlite() -> dict[str, str]:
    """Return what follows ``CREATE TRIGGER`` and the name, by name."""
    return {
        f"sums_{name}": f"AFTER {event} ON {table}{f' WHEN {when}' if when else ''} BEGIN {'; '.join(done)}; END"
        for name, table, event, when, done in KEPT
    }


def of_postgresql() -> dict[str, str]:
    """Return table, type, columns and condition of each trigger, and the body of its function, by name."""
    return {
        f"sums_{name}": (
            f"{table} {ROW | BITS[event.split()[0]]} {event.count(',') + 1 if ' OF ' in event else 0} "
            f"{'true' if when else 'false'} BEGIN {'; '.join(done)}; RETURN NULL; END "
        )
        for name, table, event, when, done in KEPT
    }


list_append_only(APPEND_ONLY)
list_guards(sqlite=of_sqlite(), postgresql=of_postgresql())
