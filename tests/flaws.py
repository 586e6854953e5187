"""What is wrong with a token that is not taken."""

from datetime import datetime

import pytest
from sqlmodel import Session

from timebank.people.tokens import TokenRefused, holder_of


def flaw_of(session: Session, plain: str, now: datetime) -> str:
    """Return what is wrong with a token; a token that is good fails the test."""
    with pytest.raises(TokenRefused) as refused:
        holder_of(session, plain, now=now)
    return refused.value.flaw
