"""Refusals of certificates."""

from timebank.core.errors import Refusal


class NoHours(Refusal):
    """A certificate is asked for a time in which no credited service stands."""

    def __init__(self, *, volunteer: str, from_day: str, last_day: str) -> None:
        self.volunteer, self.from_day, self.last_day = volunteer, from_day, last_day
        super().__init__(
            f"{volunteer} has no confirmed and credited service from {from_day} to {last_day}; there is nothing to "
            "certify. Confirm and credit the visits first, or ask for another time."
        )


class NotItsHours(Refusal):
    """An organisation is asked to certify what others recorded."""

    def __init__(self, *, organisation: str) -> None:
        self.organisation = organisation
        super().__init__(
            f"{organisation} certifies what it recorded itself; hours with all organisations are certified by the "
            "charity office or a sub-district office."
        )


class RevokedAlready(Refusal):
    """A certificate was revoked before, for another reason."""

    def __init__(self, *, number: str, day: str, revoked_for: str) -> None:
        self.number, self.day, self.revoked_for = number, day, revoked_for
        super().__init__(f"Certificate {number} was revoked on {day} ({revoked_for}); it is revoked once.")


class NotPublished(Refusal):
    """A file is not what the district publishes: not its shape, or changed since it was signed."""

    def __init__(self, *, file: str, right: str) -> None:
        self.file, self.right = file, right
        super().__init__(f"{file} is not a published file: {right}.")
