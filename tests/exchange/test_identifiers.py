"""An identifier is the bank's own: the same for ever here, another in every other bank."""

import pytest

from timebank.core import personal_data
from timebank.exchange.identifiers import uid

OTHER_KEYS = "1:" + "B" * 43 + "="


def test_identifier_stays_and_is_the_banks_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Directories of two districts are read into one; a key that is added for rotation changes nothing."""
    here = uid("service", 1, 2)
    found = []
    for keys in (f"1:{'A' * 43}=,2:{'B' * 43}=", OTHER_KEYS):
        monkeypatch.setenv("TIMEBANK_KEYS", keys)
        personal_data.forget_keys()
        found.append(uid("service", 1, 2))
    monkeypatch.undo()
    rotated, elsewhere = found
    personal_data.forget_keys()

    assert uid("service", 1, 2) == here == rotated
    assert here != elsewhere
    assert len({here, uid("service", 2, 1), uid("service", 1), uid("place", 1, 2), uid("service", 12)}) == 5
