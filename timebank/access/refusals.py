"""How a way in says no."""

from timebank.core.errors import Refusal


class GrantRefused(Refusal):
    """No token is given; ``error`` is the word of RFC 6749 for it, and ``flaw`` what was wrong."""

    def __init__(self, *, error: str, flaw: str) -> None:
        self.error, self.flaw = error, flaw
        super().__init__(f"{error}: {flaw}.")


class CredentialsFull(Refusal):
    """A client has as many living secrets, or keys, as it may have: one in use, and the one that takes its place."""

    def __init__(self, *, client: str, most: int) -> None:
        self.client, self.most = client, most
        super().__init__(f"The client {client} has {most} of these alive; revoke the older one first.")


class KeyTooNew(Refusal):
    """The key that signs next was published a moment ago; who keeps the keys for a while does not know it yet."""

    def __init__(self, *, key: str, ready_at: str) -> None:
        self.key, self.ready_at = key, ready_at
        super().__init__(f"The key {key} signs from {ready_at} on, when everyone has read it.")


class SubjectTaken(Refusal):
    """The provider's account is linked to another person already."""

    def __init__(self, *, issuer: str) -> None:
        self.issuer = issuer
        super().__init__(f"This account of {issuer} is another person's; take that link back first.")


class TooManyCodes(Refusal):
    """A person was given as many codes as they may be in an hour."""

    def __init__(self, *, most: int, minutes: int) -> None:
        self.most, self.minutes = most, minutes
        super().__init__(f"A person is given at most {most} codes in {minutes} minutes.")
