"""Refusals of charity projects."""

from datetime import date

from timebank.core.errors import Refusal
from timebank.core.texts import Phrase
from timebank.projects.tables import Project


class OverBudget(Refusal):
    """It would cost more than is left of a line, a commitment or the whole budget."""

    def __init__(self, *, of: str, left_cents: int, asked_cents: int) -> None:
        self.of, self.left_cents, self.asked_cents = of, left_cents, asked_cents
        self.left_yuan, self.asked_yuan = f"{left_cents / 100:,.2f}", f"{asked_cents / 100:,.2f}"
        super().__init__(f"{of} has {self.left_yuan} yuan left, not {self.asked_yuan}.")


class OutsidePeriod(Refusal):
    """The day is not within the project's period."""

    def __init__(self, *, project: str, day: date, starts_on: date, ends_on: date) -> None:
        self.project, self.day, self.starts_on, self.ends_on = project, day, starts_on, ends_on
        super().__init__(f"Project {project} runs from {starts_on} until before {ends_on}, not on {day}.")


class NotEligible(Refusal):
    """A person is not of those whom a project, or something that it was given, is for."""

    def __init__(self, *, project: str, reason: str) -> None:
        self.project, self.reason = project, reason
        super().__init__(f"Project {project} is not for this person: {reason}.")


class OwnDecision(Refusal):
    """Who submitted a project does not decide on it."""

    def __init__(self, *, project: str) -> None:
        self.project = project
        super().__init__(f"Project {project} was submitted by the same hand; somebody else decides on it.")


class StillOpen(Refusal):
    """A project is not closed while something of it is open."""

    def __init__(self, *, project: str, commitments: int, places: int) -> None:
        self.project, self.commitments, self.places = project, commitments, places
        super().__init__(f"Project {project} has {commitments} open commitments and {places} booked places.")


class StreetNotYours(Refusal):
    """An organisation asks about a street in which it does not work."""

    def __init__(self, *, street: str, yours: str) -> None:
        self.street, self.yours = street, yours
        super().__init__(f"{street} is not among the sub-districts of this organisation: {yours}.")


class NothingLeft(Refusal):
    """A contribution has less left than is to be given."""

    def __init__(self, *, contribution: int, left: int, asked: int) -> None:
        self.contribution, self.left, self.asked = contribution, left, asked
        super().__init__(f"Contribution {contribution} has {left} left, not {asked}.")


class NoShortage(Refusal):
    """There is nothing missing of a service in the streets and week asked about."""

    def __init__(self, *, service: str, week: date) -> None:
        self.service, self.week = service, week
        super().__init__(f"Nothing is missing of {service} there in the week of {week}.")


def require_within(project: Project, day: date, *, from_start: bool = True) -> None:
    """Refuse a day past a project's period; with ``from_start`` one before it too.

    Raises
    ------
    OutsidePeriod
        With the period.
    """
    if day >= project.ends_on or (from_start and day < project.starts_on):
        raise OutsidePeriod(project=str(project.id), day=day, starts_on=project.starts_on, ends_on=project.ends_on)


def not_eligible(project: Project, why: str, **values: object) -> NotEligible:
    """Return the refusal of a person whom a project is not for."""
    return NotEligible(project=str(project.id), reason=Phrase(f"not_eligible_{why}", **values))
