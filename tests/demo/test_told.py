"""What a coordinator reads in the terminal: whole at 80 columns, wide at 120, plain in a pipe."""

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console
from sqlalchemy import Engine, text

from timebank.core.database import transaction
from timebank.demo.run import Tokens, report_of
from timebank.demo.told import tell, to_paste
from timebank.reports.comparison import walk_note


def told(played: Engine, width: int) -> str:
    """Return what the demo prints of its district on a terminal of a width, without colours."""
    console = Console(file=io.StringIO(), width=width)
    for part in tell(*report_of(played, 1), width=width):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def numbers(line: str) -> list[int]:
    """Return the whole numbers of a line."""
    return [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", line)]


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_cut_or_too_wide(played: Engine, width: int) -> None:
    """A figure that is cut short is a wrong figure; a Chinese character takes two columns."""
    lines = told(played, width).splitlines()

    assert max(cell_len(line) for line in lines) <= width
    assert [line for line in lines if "…" in line or "\x1b" in line] == []


def test_narrow_names_stand_on_two_lines(played: Engine) -> None:
    """At 80 columns both names of a street are whole, one under the other."""
    lines = told(played, 80).splitlines()

    first = next(n for n, line in enumerate(lines) if line.strip().startswith("曹杨新村街道"))

    assert lines[first + 1].strip() == "Caoyang Xincun"


def test_wide_names_stand_on_one_line(played: Engine) -> None:
    """At 120 columns a street takes one line."""
    assert "曹杨新村街道 Caoyang Xincun" in told(played, 120)


def test_totals_are_those_of_the_rows(played: Engine) -> None:
    """The last line is what the coordinator reports upwards: met and asked by service, and all unmet."""
    query = text(
        "SELECT x.id, COUNT(*), COUNT(u.need_id) FROM need n JOIN service x ON x.id = n.service_id "
        "LEFT JOIN unmet u ON u.need_id = n.id AND u.plan_id = 1 GROUP BY x.id ORDER BY x.id"
    )
    with transaction(played, read_only=True) as session:
        rows = [tuple(row) for row in session.connection().execute(query)]

    last = next(line for line in told(played, 80).splitlines() if line.strip().startswith("合计 All"))

    pairs = [[needs - unmet, needs] for _, needs, unmet in rows]
    assert numbers(last) == [number for pair in pairs for number in pair] + [sum(row[2] for row in rows)]


def test_both_ways_count_what_they_leave_unmet(played: Engine) -> None:
    """A mean walk without the number of the unmet beside it praises whoever helps fewer people."""
    figures, _ = report_of(played, 1)
    lines = told(played, 80).splitlines()

    unmet = next(line for line in lines if "Needs unmet" in line)
    walks = next(line for line in lines if "Mean walk" in line)

    asked = figures.engine["needs_by_volunteer"]
    assert numbers(unmet) == [asked - figures.engine[way]["met"] for way in ("pairs", "by_hand")]
    assert numbers(walks) == [round(figures.engine[way]["mean_m"]) for way in ("pairs", "by_hand")]


def test_means_are_kept_from_being_misread(played: Engine) -> None:
    """Where the baseline serves fewer, the page and the terminal say that the two means do not compare."""
    figures, _ = report_of(played, 1)
    more = figures.engine["pairs"]["met"] - figures.engine["by_hand"]["met"]

    said = " ".join(told(played, 120).split())

    assert more > 0
    assert walk_note(figures) == ("walk_note", {"more": f"{more}"})
    assert f"By hand leaves {more} more unmet" in said
    assert "the two means do not compare" in said


def test_a_small_district_says_so(played: Engine) -> None:
    """Figures of a hundredth of the district must not be read as the district's."""
    assert told(played, 80).startswith("人物与住址均为合成数据；规模为公开数据的 1%，各项数字不代表全区。")


def test_queries_carry_the_tokens_and_no_shell_surprises() -> None:
    """Three commands to paste as they stand: one line each, quoted for the shell, with the right token."""
    said = to_paste(Tokens("office-token", "volunteer-token", "social-token"))

    commands = [line for line in said.splitlines() if line.startswith("curl ")]

    assert [re.findall(r"Bearer ([\w-]+)", command)[0] for command in commands] == [
        "office-token",
        "volunteer-token",
        "social-token",
    ]
    assert all(command.count("'") == 6 for command in commands)
