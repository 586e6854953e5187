"""The page docs/planning.md as code: run in order; `python -m tests.planning.page` renews what it prints."""

import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "planning.md"
BLOCK = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def renewed(text: str, url: str) -> str:
    """Run every block in one namespace on a database, and return the page with what each of them prints."""
    names: dict[str, Any] = {"URL": url}

    def run(block: re.Match[str]) -> str:
        said = io.StringIO()
        with redirect_stdout(said):
            exec(compile(block[1], PAGE.name, "exec"), names)  # noqa: S102  # the page's own code
        return f"```python\n{block[1]}```\n\n```text\n{said.getvalue()}```"

    return BLOCK.sub(run, text)


if __name__ == "__main__":
    import os
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as home:
        os.environ["TIMEBANK_HOME"] = home
        PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), f"sqlite:///{home}/page.sqlite"), encoding="utf-8")
