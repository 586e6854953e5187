"""Refusals between organisations."""

from timebank.core.errors import Refusal


class TooFewLeft(Refusal):
    """Of an offer less is left than somebody wants to take."""

    def __init__(self, *, offer_id: int, left: int, asked: int) -> None:
        self.offer_id, self.left, self.asked = offer_id, left, asked
        super().__init__(f"Offer {offer_id} has {left} left, not {asked}.")


class NeedsLess(Refusal):
    """A need lacks less than somebody wants to choose for it."""

    def __init__(self, *, need_id: int, lacking: int, asked: int) -> None:
        self.need_id, self.lacking, self.asked = need_id, lacking, asked
        super().__init__(f"Need {need_id} lacks {lacking}, not {asked}.")


class ConsentGone(Refusal):
    """A consent was revoked, or its day has passed: nothing of it may be known any more."""

    def __init__(self, *, consent_id: int, until: str) -> None:
        self.consent_id, self.until = consent_id, until
        super().__init__(f"Consent {consent_id} ended on {until}; ask the senior again.")


class FigureMoved(Refusal):
    """A figure of good practice is not what its rows say now."""

    def __init__(self, *, query: str, stated: int, counted: int) -> None:
        self.query, self.stated, self.counted = query, stated, counted
        super().__init__(f"The figure {query} says {stated}; its rows say {counted}.")
