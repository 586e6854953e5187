"""Ways the outbox says no."""

from timebank.core.errors import Refusal


class AddressRefused(Refusal):
    """An address cannot be told of events: not https, or it leads into a network of our own."""

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
        super().__init__(f"Events are not sent to this address: {reason}.")


class TooManyWebhooks(Refusal):
    """An organisation has as many webhooks as it may have."""

    def __init__(self, *, most: int) -> None:
        self.most = most
        super().__init__(f"An organisation has at most {most} webhooks; remove one first.")
