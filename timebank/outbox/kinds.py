"""The kinds of events that partners can be told of, and the facts that each carries; none is personal data."""

from typing import NamedTuple


class Kind(NamedTuple):
    """What an event says: the kind of thing it is about, and the names of its facts."""

    subject: str
    facts: frozenset[str]


KINDS: dict[str, Kind] = {
    "match_run.finished": Kind("run", frozenset({"status"})),
    "webhook.test": Kind("webhook", frozenset()),
}
"""Every kind by its name. A receiver asks for more by the id of the subject, with a token of its own."""
