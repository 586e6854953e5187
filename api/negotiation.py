"""What a caller wishes to read: the media type of the answer, and the language of its texts."""

from timebank.core.texts import Locale

JSON_TYPE = "application/json"
ANSWER_TYPE = "application/graphql-response+json"
MOST_WISHES = 20
"""Parts of a header that are read; no honest client sends more."""

Wishes = list[tuple[str, float]]


def media_of(accept: str) -> str | None:
    """Return the media type to answer in, or nothing when neither of ours is accepted.

    ``application/graphql-response+json`` is for those who name it; whoever takes anything, or says nothing, gets
    ``application/json``, as older clients expect.
    """
    wishes = _wishes(accept)
    if not wishes:
        return JSON_TYPE
    named = _weight(wishes, ANSWER_TYPE)
    plain = _weight(wishes, JSON_TYPE, "application/*", "*/*")
    if named > 0 and named >= plain:
        return ANSWER_TYPE
    return JSON_TYPE if plain > 0 else None


def locale_of(accept_language: str) -> Locale:
    """Return the language that is wished most: Chinese, unless English is wished more."""
    wishes = [(tag.split("-")[0], weight) for tag, weight in _wishes(accept_language)]
    return "en" if _weight(wishes, "en") > _weight(wishes, "zh", "*") else "zh"


def _weight(wishes: Wishes, *names: str) -> float:
    """Return how much the first of the names that is wished is wished; 0 is not at all."""
    for name in names:
        weights = [weight for wish, weight in wishes if wish == name]
        if weights:
            return max(weights)
    return 0.0


def _wishes(header: str) -> Wishes:
    """Read a header of wishes with weights, such as ``en;q=0.8, zh``; the earlier of two that weigh the same is first.

    A weight that is none counts as 1, as if it were not there.
    """
    found = []
    for part in header.split(",")[:MOST_WISHES]:
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name:
            quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
            found.append((name, _number(quality)))
    return found


def _number(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 1.0
    return weight if 0 <= weight <= 1 else 1.0
