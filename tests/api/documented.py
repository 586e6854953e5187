"""The queries of the pages in docs: read from their fenced blocks, and played in the order of each page."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from tests.api.conftest import NOON
from tests.api.door import Door, Json
from timebank.core.jobs import work_one
from timebank.planning.runs import MATCH, run_match

DOCS = Path(__file__).parents[2] / "docs"
LINE = 140
WORKER = "<!-- the worker does the run -->"
STEP = re.compile(rf"^```graphql (\w+)\n(.*?)^```\n\n```json\n(.*?)^```$|^({WORKER})$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A query of a page with who asks it and the answer beside it; without a query, the worker does a job."""

    who: str
    query: str
    answer: str
    page: str = ""

    def __str__(self) -> str:
        return " ".join(self.query.split())[:60]


def steps(text: str, page: str = "") -> list[Step]:
    """Read the steps of a page in their order."""
    return [
        Step(who=found[1] or "", query=found[2] or "", answer=(found[3] or "").strip(), page=page)
        for found in STEP.finditer(text)
    ]


STEPS_BY_PAGE = {
    str(path.relative_to(DOCS)): found
    for path in sorted(DOCS.glob("**/*.md"))
    if (found := steps(path.read_text(encoding="utf-8"), str(path.relative_to(DOCS))))
}
"""Every page of docs that holds a query; each is played over a district of its own."""
STORIES = {"stories/office.md": "office", "stories/volunteer.md": "volunteer", "stories/organisation.md": "east"}
"""The page of each of the three, and the token that asks there."""
QUERIES = [step for found in STEPS_BY_PAGE.values() for step in found if step.query]


def play(door: Door, played: list[Step]) -> list[Json]:
    """Play steps in order; returns the answer to each query, without what it cost: that depends on the calls before."""
    answers: list[Json] = []
    for step in played:
        if step.query:
            answer = door.ask(step.who, step.query).json()
            answer.pop("extensions", None)
            answers.append(answer)
        else:
            work_one(door.engine, {MATCH: run_match}, clock=lambda: NOON)
    return answers


def shown(value: object, indent: str = "") -> str:
    """Write an answer as it stands on the page: on one line what is short enough for one."""
    on_one_line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(on_one_line) <= LINE or not isinstance(value, dict | list):
        return on_one_line
    inner = f"{indent}  "
    parts = (
        [f"{json.dumps(name)}: {shown(part, inner)}" for name, part in value.items()]
        if isinstance(value, dict)
        else [shown(part, inner) for part in value]
    )
    begins, ends = "{}" if isinstance(value, dict) else "[]"
    return f"{begins}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{ends}"


def renewed(text: str, answers: list[Json]) -> str:
    """Return the page with other answers beside its queries."""
    waiting = iter(answers)
    return STEP.sub(
        lambda found: (
            found[0] if found[4] else f"```graphql {found[1]}\n{found[2]}```\n\n```json\n{shown(next(waiting))}\n```"
        ),
        text,
    )
