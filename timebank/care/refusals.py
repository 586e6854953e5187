"""Refusals of the care team: who may not do something yet, or not any more, and what would change that."""

from datetime import date

from timebank.core.errors import Refusal


class RoleMissing(Refusal):
    """Somebody has none of the roles that an act takes, on that day."""

    def __init__(self, *, act: str, roles: str, day: date) -> None:
        self.act, self.roles, self.day = act, roles, day
        super().__init__(f"On {day} {act} takes one of the roles {roles}.")


class TrainingMissing(Refusal):
    """Somebody has never had the training that an act takes."""

    def __init__(self, *, act: str, training: str) -> None:
        self.act, self.training = act, training
        super().__init__(f"{act} takes the training {training}, which is not recorded.")


class TrainingExpired(Refusal):
    """The training that an act takes has ended; it is to be renewed."""

    def __init__(self, *, act: str, training: str, expired_on: date) -> None:
        self.act, self.training, self.expired_on = act, training, expired_on
        super().__init__(f"{act} takes the training {training}, which ended on {expired_on}: renew it.")
