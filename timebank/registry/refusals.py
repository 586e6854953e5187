"""Refusals of the registry: what a merge, an undo or a category would break, in words that say what to do."""

from datetime import date

from timebank.core.errors import Refusal


class CategoryOverlaps(Refusal):
    """A senior is in the category already on some of those days."""

    def __init__(self, *, category: str, from_day: date, to_day: str) -> None:
        self.category, self.from_day, self.to_day = category, from_day, to_day
        super().__init__(f"The category {category} is held already, from {from_day} {to_day}.")


class MergeBreaksRule(Refusal):
    """Two registrations cannot be made one as they stand: the result would break a rule."""

    def __init__(self, *, broken: str, rows: str) -> None:
        self.broken, self.rows = broken, rows
        super().__init__(f"The merge would break a rule ({broken}): {rows}.")


class MinutesSpent(Refusal):
    """A merge cannot be undone: the minutes that went over were spent since."""

    def __init__(self, *, act_id: int, available_min: int, amount_min: int) -> None:
        self.act_id, self.available_min, self.amount_min = act_id, available_min, amount_min
        super().__init__(f"Act {act_id} cannot be undone: {amount_min} minutes must go back, {available_min} are left.")


class ActChangedSince(Refusal):
    """An act cannot be undone: a row of it was changed or taken away since."""

    def __init__(self, *, act_id: int, table: str, row: str) -> None:
        self.act_id, self.table, self.row = act_id, table, row
        super().__init__(f"Act {act_id} cannot be undone: {table} {row} was changed since.")


class DifferencesChanged(Refusal):
    """What a file would do is not what was looked at: the registry has changed meanwhile."""

    def __init__(self, *, mark: str, now: str) -> None:
        self.mark, self.now = mark, now
        super().__init__(
            f"The file would do something else now ({now}) than when it was looked at ({mark}); look again."
        )
