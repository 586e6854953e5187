"""Every way the bank says no, and the one way the world fails.

    Refusal                      expected; nothing has changed; says what would be right
    +-- NotFound                 there is no such thing, or it may not be seen
    +-- NotAllowed               the token or the role does not reach this
    +-- WrongState               the thing is not in a state that allows this
    +-- WrongInput               a value cannot be, with the field and what would be right
    +-- KeyConflict              the same idempotency key came with other content
    +-- BalanceTooLow            an account would fall under its floor
    +-- BalanceTooHigh           an account would rise over its ceiling
    StoreUnavailable             the database does not answer; try again
    +-- StoreBusy                others were at the same rows; the same again does help, soon
    +-- StoreTimeout             the work lasted longer than it may; ask for less
    +-- StoreDiffers             the database is not what the code expects; trying again does not help
    PersonalDataUnreadable       a field does not open with the keys at hand

Rooms add their own refusals beside the code that raises them, always as subclasses of ``Refusal``.
"""


class Refusal(Exception):
    """An expected no. Nothing has changed.

    Attributes are typed and named by each subclass; ``code`` is the name of the class, which is also the
    key of its texts in the catalogue of messages.
    """

    @property
    def code(self) -> str:
        """Name of the fact, such as ``BalanceTooLow``."""
        return type(self).__name__


class NotFound(Refusal):
    """There is no such thing, or it may not be seen; the two are never told apart."""

    def __init__(self, *, kind: str, key: str) -> None:
        self.kind, self.key = kind, key
        super().__init__(f"There is no {kind} {key} here.")


class NotAllowed(Refusal):
    """The token or the role does not reach this."""

    def __init__(self, *, action: str, needed: str) -> None:
        self.action, self.needed = action, needed
        super().__init__(f"{action} needs {needed}.")


class WrongState(Refusal):
    """The thing is not in a state that allows this."""

    def __init__(self, *, kind: str, key: str, state: str, allowed: str) -> None:
        self.kind, self.key, self.state, self.allowed = kind, key, state, allowed
        super().__init__(f"The {kind} {key} is {state}; this takes one that is {allowed}.")


class WrongInput(Refusal):
    """A value cannot be."""

    def __init__(self, *, field: str, value: str, right: str) -> None:
        self.field, self.value, self.right = field, value, right
        super().__init__(f"{field} cannot be {value!r}; {right}.")


class KeyConflict(Refusal):
    """The same idempotency key came with other content."""

    def __init__(self, *, key: str) -> None:
        self.key = key
        super().__init__(f"The key {key!r} was used for something else; use a new key for new content.")


class BalanceTooLow(Refusal):
    """An account would fall under its floor; what is held counts as spent."""

    def __init__(self, *, account_id: int, available_min: int, amount_min: int) -> None:
        self.account_id, self.available_min, self.amount_min = account_id, available_min, amount_min
        super().__init__(f"Account {account_id} has {available_min} minutes to spend, not {amount_min}.")


class BalanceTooHigh(Refusal):
    """An account would rise over its ceiling."""

    def __init__(self, *, account_id: int, ceiling_min: int, amount_min: int) -> None:
        self.account_id, self.ceiling_min, self.amount_min = account_id, ceiling_min, amount_min
        super().__init__(f"Account {account_id} stores at most {ceiling_min} minutes; {amount_min} are too many.")


class StoreUnavailable(Exception):
    """The database does not answer, or is locked for too long. Nothing has changed; try again."""


class StoreBusy(StoreUnavailable):
    """Others were at the same rows for too long, or each waited for the other. The same again helps, soon."""


class StoreTimeout(StoreUnavailable):
    """The database was stopped, for the work had lasted as long as it may. Nothing has changed; ask for less."""


class StoreDiffers(StoreUnavailable):
    """The database is not what the code expects: another shape, a file that is none, or a past without its guards."""


class PersonalDataUnreadable(Exception):
    """A field does not open: its key is missing, or its bytes were changed."""

    def __init__(self, *, field: str, reason: str) -> None:
        self.field, self.reason = field, reason
        super().__init__(f"The field {field} cannot be read: {reason}.")
