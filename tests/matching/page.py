"""The page docs/matching.md as code: run in order; `python -m tests.matching.page` renews what it prints."""

import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "matching.md"
BLOCK = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def renewed(text: str) -> str:
    """Run every block in one namespace, and return the page with what each of them prints."""
    names: dict[str, Any] = {}

    def run(block: re.Match[str]) -> str:
        said = io.StringIO()
        with redirect_stdout(said):
            exec(compile(block[1], PAGE.name, "exec"), names)  # noqa: S102  # the page's own code
        return f"```python\n{block[1]}```\n\n```text\n{said.getvalue()}```"

    return BLOCK.sub(run, text)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
