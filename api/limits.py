"""How much is allowed: the numbers of a door, each with a default and a name in the environment."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from api.guard import MOST_COST
from api.trusted import Trusted, read_trusted
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.people.buckets import Bucket

MOST_POINTS = 10_000
POINTS_PER_S = 200
USUAL = Bucket(MOST_POINTS, POINTS_PER_S)
LONGEST_S = 10.0
LONGEST_ALLOWED_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What callers have at once and each second, how long an operation may last, and which documents are trusted."""

    bucket: Bucket = USUAL
    longest_s: float = LONGEST_S
    trusted: Trusted = field(default_factory=Trusted)

    @classmethod
    def from_environment(cls) -> "Limits":
        """Read ``TIMEBANK_POINTS``, ``TIMEBANK_POINTS_PER_S``, ``TIMEBANK_LONGEST_S`` and those of trusted documents.

        ``TIMEBANK_DOCUMENTS`` is a file or folder of documents, ``TIMEBANK_DOCUMENTS_ONLY`` (1) allows no others.

        Raises
        ------
        WrongInput
            When a number is none or out of its range, or the documents cannot be read.
        """
        path = os.environ.get("TIMEBANK_DOCUMENTS", "")
        only = os.environ.get("TIMEBANK_DOCUMENTS_ONLY", "") not in ("", "0")
        if only and not path:
            raise WrongInput(field="TIMEBANK_DOCUMENTS", value="", right=Phrase("right_documents"))
        return cls(
            bucket=Bucket(
                int(_number("TIMEBANK_POINTS", MOST_POINTS, least=MOST_COST, most=10**9)),
                int(_number("TIMEBANK_POINTS_PER_S", POINTS_PER_S, least=1, most=10**6)),
            ),
            longest_s=_number("TIMEBANK_LONGEST_S", LONGEST_S, least=1, most=LONGEST_ALLOWED_S),
            trusted=read_trusted(Path(path), only=only) if path else Trusted(),
        )


def _number(name: str, usual: float, *, least: float, most: float) -> float:
    said = os.environ.get(name) or str(usual)
    try:
        number = float(said)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise WrongInput(field=name, value=said[:40], right=Phrase("right_range", least=least, most=int(most)))
    return number
