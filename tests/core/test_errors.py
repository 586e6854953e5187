"""Errors are facts with typed parts; the page at the head of the module lists them all."""

import inspect
import re

import pytest

from timebank.core import errors
from timebank.core.errors import (
    BalanceTooHigh,
    BalanceTooLow,
    KeyConflict,
    NotAllowed,
    NotFound,
    PersonalDataUnreadable,
    Refusal,
    StoreDiffers,
    StoreUnavailable,
    WrongInput,
    WrongState,
)

REFUSALS = [
    (NotFound, {"kind": "need", "key": "7"}),
    (NotAllowed, {"action": "createProject", "needed": "projects:write"}),
    (WrongState, {"kind": "plan", "key": "7", "state": "published", "allowed": "proposed"}),
    (WrongInput, {"field": "days", "value": "0", "right": "1 to 366"}),
    (KeyConflict, {"key": "visit:7"}),
    (BalanceTooLow, {"account_id": 3, "available_min": 30, "amount_min": 31}),
    (BalanceTooHigh, {"account_id": 4, "ceiling_min": 1000, "amount_min": 1001}),
]


@pytest.mark.parametrize(("kind", "parts"), REFUSALS, ids=lambda value: getattr(value, "__name__", ""))
def test_refusal_keeps_and_says_its_parts(kind: type[Refusal], parts: dict[str, object]) -> None:
    """Code reads the attributes, a log reads the sentence; both have every part."""
    refusal = kind(**parts)

    assert vars(refusal) == parts
    assert refusal.code == kind.__name__
    assert all(str(value) in str(refusal) for value in parts.values())


def test_page_lists_every_error() -> None:
    """Whoever adds an error adds it to the tree that readers look at."""
    listed = set(re.findall(r"^ +(?:\+-- )?([A-Z]\w+)  ", inspect.getdoc(errors) or "", re.MULTILINE)) | {"Refusal"}
    defined = {
        name for name, kind in vars(errors).items() if inspect.isclass(kind) and kind.__module__ == errors.__name__
    }

    assert listed == defined


def test_failures_of_the_world_are_no_refusals() -> None:
    """A caller that handles a no must not take an outage for one."""
    assert not issubclass(StoreUnavailable, Refusal)
    assert not issubclass(PersonalDataUnreadable, Refusal)
    assert issubclass(StoreDiffers, StoreUnavailable)
