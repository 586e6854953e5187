"""Refusals of requests."""

from timebank.core.errors import Refusal


class AlreadyAsked(Refusal):
    """The same senior has a live request for the same service on some of these days."""

    def __init__(self, *, request_id: int) -> None:
        self.request_id = request_id
        super().__init__(
            f"Request {request_id} asks for the same service on these days already; say so if this is another one."
        )
