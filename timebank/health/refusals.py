"""Refusals of the health of a bank."""

from timebank.core.errors import Refusal


class TooFewPersons(Refusal):
    """So few persons stand behind a figure that its lines would tell what each of them has."""

    def __init__(self, *, figure: str, least: int) -> None:
        self.figure, self.least = figure, least
        super().__init__(
            f"Fewer than {least} persons stand behind {figure}; only the district's own office looks at its lines."
        )
