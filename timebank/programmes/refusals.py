"""How programmes say no."""

from timebank.core.errors import Refusal
from timebank.core.texts import Phrase


class QuotaFull(Refusal):
    """A programme has as many seniors of a sub-district as were contracted."""

    def __init__(self, *, programme: str, area: str, seniors: int) -> None:
        self.programme, self.area, self.seniors = programme, area, seniors
        super().__init__(
            f"Programme {programme} has its {seniors} seniors of {area}; end one first, or raise the quota."
        )


class NotInTarget(Refusal):
    """A senior is not of those whom a programme is for."""

    def __init__(self, *, programme: str, senior: str, why: Phrase) -> None:
        self.programme, self.senior, self.why = programme, senior, why
        super().__init__(f"Senior {senior} cannot be in programme {programme}: {why}.")


class AnsweredAlready(Refusal):
    """One side said otherwise before, and that stays."""

    def __init__(self, *, pair: int, answered: str) -> None:
        self.pair, self.answered = pair, answered
        super().__init__(f"This side has answered for pair {pair} already: {answered}.")


class PairedAlready(Refusal):
    """A need has an agreed pair; that one is ended or replaced first."""

    def __init__(self, *, pair: int) -> None:
        self.pair = pair
        super().__init__(f"The need of pair {pair} has an agreed volunteer; replace or end that pair first.")


class SaidOtherwise(Refusal):
    """One party said something else of a visit before, and that stays."""

    def __init__(self, *, visit: int) -> None:
        self.visit = visit
        super().__init__(f"This party has said something else of visit {visit} before; what was said stays.")
