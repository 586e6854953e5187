"""Refusals of the exchange."""

from timebank.core.errors import Refusal


class TooManyRows(Refusal):
    """A table has more rows than are written at once."""

    def __init__(self, *, table: str, most: int) -> None:
        self.table, self.most = table, most
        super().__init__(f"The table {table} has more than {most} rows.")
