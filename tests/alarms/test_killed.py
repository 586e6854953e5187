"""Every order is accounted for at any moment, whenever the power goes."""

import json
import signal
from pathlib import Path

from tests.alarms.conftest import Alarmed
from tests.alarms.killing import WHOLE, kill_everywhere


def test_order_killed_before_any_statement_is_whole_and_goes_on(
    alarmed: Alarmed, database_url: str, tmp_path: Path
) -> None:
    """For each statement of a life a process is killed there: no message without its order, no half step, none lost."""
    told = tmp_path / "told"
    people = alarmed.world.seniors | alarmed.world.volunteers

    ended = kill_everywhere(database_url, alarmed.secret, people, told)

    lines = [json.loads(line) for line in told.read_text().splitlines()]
    left = [line["left"] for line in lines]
    assert ended == 0
    assert [line["ended"] for line in lines] == [signal.SIGKILL] * (len(lines) - 1) + [0]
    assert len(lines) > 60
    assert all(one["is_balanced"] for one in left)
    assert all(one["orders"] == one["messages"] == int(one["n"] > 0) for one in left)
    assert [one["n"] for one in left if one["n"] != len(one["steps"])] == []
    assert sorted({one["n"] for one in left}) == [0, *WHOLE]
    assert {json.dumps(line["after"]) for line in lines} == {json.dumps(lines[-1]["after"])}
    assert lines[-1]["after"] == {
        "orders": 1,
        "messages": 1,
        "n": WHOLE[-1],
        "state": "closed",
        "steps": [
            *("received", "settled", "no_answer", "asked", "declined", "asked"),
            *("accepted", "overdue", "escalated", "accepted", "closed"),
        ],
        "is_balanced": True,
    }
