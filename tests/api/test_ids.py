"""Ids and cursors: only what was given out is one, whatever is made up."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.ids import cursor, decode, decode_as, encode, read_cursor
from timebank.core.errors import NotFound, WrongInput

KINDS = st.sampled_from(["project", "plan", "run", "pair", "after:visits"])
NUMBERS = st.lists(st.integers(1, 2**63 - 1), min_size=1, max_size=3)


def coded(value: object) -> str:
    """Return a value as an id would hold it."""
    text = json.dumps(value, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@given(kind=KINDS, numbers=NUMBERS)
def test_an_id_leads_back_to_what_it_was_made_from(kind: str, numbers: list[int]) -> None:
    """An id that is kept for a year finds the same thing."""
    assert decode(encode(kind, *numbers)) == (kind, tuple(numbers))


@given(text=st.text(max_size=60))
def test_a_made_up_text_is_no_id(text: str) -> None:
    """Whatever is sent, the answer is a no, never a fault of ours."""
    with pytest.raises(NotFound):
        decode(text)


@pytest.mark.parametrize(
    "text",
    [
        coded(["plan", True]),
        coded(["plan", 1.0]),
        coded(["plan", 0]),
        coded(["plan", -1]),
        coded(["plan", 2**63]),
        coded(["plan", "1"]),
        coded(["plan", None]),
        coded([["plan"], 1]),
        coded({"plan": 1}),
        coded("plan"),
        coded(1),
        coded(None),
        f"{encode('plan', 1)}=",
        f" {encode('plan', 1)}",
        encode("plan", 1).replace("W", "w", 1),
        base64.urlsafe_b64encode(b'["plan", 1]').decode().rstrip("="),
        base64.urlsafe_b64encode(b"[" * 140).decode().rstrip("="),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    ],
    ids=lambda text: str(text)[:24],
)
def test_what_is_nearly_an_id_is_none(text: str) -> None:
    """One thing has one id; numbers that are bent, padded or nested into one are refused."""
    with pytest.raises(NotFound):
        decode(text)


@pytest.mark.parametrize(("kind", "text"), [("plan", encode("run", 1)), ("plan", encode("plan", 1, 2)), ("plan", "x")])
def test_an_id_of_another_kind_is_not_found(kind: str, text: str) -> None:
    """A run is no plan, and the refusal names the kind that was looked for and the id as it was given."""
    with pytest.raises(NotFound) as refusal:
        decode_as(kind, text)

    assert (refusal.value.kind, refusal.value.key) == (kind, text)


@pytest.mark.parametrize("text", ["", "x", cursor("runs", 1), encode("projects", 1), cursor("projects", 1, 2)])
def test_a_cursor_of_another_list_is_refused(text: str) -> None:
    """A cursor mixed up between lists would start in the middle of nowhere."""
    with pytest.raises(WrongInput):
        read_cursor("projects", text)


def test_no_cursor_is_the_beginning() -> None:
    """A list is read from its start when nothing is said."""
    assert read_cursor("projects", None) is None
    assert read_cursor("projects", cursor("projects", 7)) == (7,)
