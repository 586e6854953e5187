"""The door beside its peers: processor time of one object, of a page with a nested object, and of the guard alone.

The door does all that it does for a caller: it knows the token, measures, takes from the bucket, runs, counts and gives
back. Everyone must write the same bytes.
"""

from collections.abc import Callable, Sequence
from statistics import median
from time import process_time
from typing import Any

import orjson
from graphql import get_introspection_query, parse

from api.answers import Voice
from api.guard import MOST_BYTES, MOST_TOKENS, Measure
from api.http import DOCUMENTS, GraphQL
from api.ids import encode
from api.limits import Limits
from api.requests import Asked
from benchmarks.clock import Rounds
from benchmarks.command import Tell, answer, options
from benchmarks.graphql_bank import NOON, Bank, bank
from benchmarks.graphql_peers import PEERS, Ask
from benchmarks.report import Report, Value, at_most
from timebank.access.entrance import Entrance
from timebank.access.providers import Providers
from timebank.people.buckets import Bucket

QUICK = ("--rounds", "2", "--calls", "2")
"""Sees that everything runs; figures of this size say nothing."""
FULL = Bucket(10**12, 10**6)
PLENTY = Limits(bucket=FULL)
ONE = '{{ matchRun(id: "{key}") {{ id status stage progress createdAt }} }}'
PAGE = "{ matchRuns(first: 100) { edges { cursor node { id status stage progress createdAt plan { id state } } } } }"
WORST = {
    "fragments": "{ viewer { ...F0 } } "
    + " ".join(f"fragment F{n} on Viewer {{ ...F{n + 1} ...F{n + 1} }}" for n in range(190))
    + " fragment F190 on Viewer { scopes }",
    "fields": "{ " + "viewer { scopes } " * (MOST_TOKENS // 4 - 1) + "}",
    "arguments": "{ " + "pairs(first: 1) { a } " * (MOST_TOKENS // 9) + "}",
    "inline": "{ viewer { " + "... { " * 180 + "scopes" + " }" * 180 + " } }",
}
"""Documents that keep the guard longest within its bytes and tokens."""


def door(asked: Bank) -> Ask:
    """Answer by the door itself; only what it says beside the data is left out of what is compared."""
    entrance = Entrance(asked.engine, lambda: NOON, url="http://127.0.0.1:8000", providers=Providers(()))
    served = GraphQL(asked.engine, lambda: NOON, entrance, PLENTY)
    header, voice = f"Bearer {asked.token}", Voice("en")

    def ask(query: str) -> bytes:
        body = served.answer(Asked(query=query), header, voice, is_get=False).body
        orjson.dumps(body)  # what goes out has the cost too
        return orjson.dumps(body["data"])

    return ask


def measure(*, rounds: int, calls: int, tell: Tell) -> Report:
    """Ask everyone in turn."""
    figures: dict[str, Value] = {"rounds": rounds, "calls": calls}
    with bank() as asked:
        contenders: dict[str, Ask] = {"door": door(asked)}
        for name, make in PEERS.items():
            try:
                contenders[name] = make(asked)
            except ModuleNotFoundError as missing:
                figures[f"{name}"] = f"not installed: {missing.name}"
        for what, query in (("one", ONE.format(key=encode("run", asked.run_id))), ("page", PAGE)):
            tell(what)
            figures |= _compared(what, query, contenders, rounds, calls)
    tell("guard")
    figures |= _guard(calls)
    return Report(figures=figures, targets=_targets(figures))


def _compared(what: str, query: str, contenders: dict[str, Ask], rounds: int, calls: int) -> dict[str, Value]:
    """Time a question, each contender so often in each round; all must answer in the same bytes."""
    answers = {name: ask(query) for name, ask in contenders.items()}
    if len(set(answers.values())) > 1:
        message = f"{what}: the answers differ: { {name: len(said) for name, said in answers.items()} }"
        raise RuntimeError(message)
    clock = Rounds()
    for _ in range(rounds):
        clock.play({name: _often(ask, query, calls) for name, ask in contenders.items()})
    cpu_s = {name: clock.median_cpu_s(name) / calls for name in contenders}
    found: dict[str, Value] = {f"{what}.bytes": len(answers["door"])}
    for name, seconds in cpu_s.items():
        found[f"{what}.{name}_cpu_ms"] = seconds * 1000
        ratios = [mine / other for mine, other in zip(clock.cpu_seconds["door"], clock.cpu_seconds[name], strict=True)]
        if name != "door":
            found[f"{what}.door_per_{name}"] = median(ratios)
    return found


def _often(ask: Ask, query: str, calls: int) -> Callable[[], object]:
    def work() -> None:
        for _ in range(calls):
            ask(query)

    return work


def _guard(calls: int) -> dict[str, Value]:
    """Time the guard alone, on documents it never saw: an honest page, a tool's introspection, the worst ones."""
    normal = {"page": PAGE, "introspection": get_introspection_query()}
    found: dict[str, Value] = {f"guard.{name}_ms": _measured_ms(query, calls) for name, query in normal.items()}
    worst = {name: _measured_ms(query[:MOST_BYTES], calls) for name, query in WORST.items()}
    return found | {f"guard.worst_{name}_ms": took for name, took in worst.items()}


def _measured_ms(query: str, calls: int) -> float:
    document, took = parse(query, max_tokens=MOST_TOKENS), []
    for _ in range(max(calls, 3)):
        began = process_time()
        Measure(document, {}, DOCUMENTS.prices, DOCUMENTS.roots).operations()
        took.append(process_time() - began)
    return median(took) * 1000


def _targets(figures: dict[str, Any]) -> list[Any]:
    worst = max(value for name, value in figures.items() if name.startswith("guard.worst"))
    return [
        at_most("one object per default Strawberry", figures["one.door_per_default_strawberry"], 0.4),
        at_most("page per default Strawberry", figures["page.door_per_default_strawberry"], 0.75),
        at_most("page per bare core", figures["page.door_per_bare_core"], 1.0),
        at_most("guard of a page, ms", figures["guard.page_ms"], 0.2),
        at_most("guard of the worst, ms", worst, 10),
    ]


def main(asked: Sequence[str] | None = None) -> None:
    """Measure and print."""
    answer(options("graphql", (__doc__ or "").partition("\n")[0], rounds=7, calls=30), measure, asked)


if __name__ == "__main__":
    main()
