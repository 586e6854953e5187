"""Pages of docs/ as code: the blocks of a page are run in its order, and it says below each what it prints."""

import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def renewed(text: str, name: str, **names: Any) -> str:
    """Run every block of the page ``name`` in one namespace, and return the page with what each of them prints."""

    def run(block: re.Match[str]) -> str:
        said = io.StringIO()
        with redirect_stdout(said):
            exec(compile(block[1], name, "exec"), names)  # noqa: S102  # the page's own code
        return f"```python\n{block[1]}```\n\n```text\n{said.getvalue()}```"

    return BLOCK.sub(run, text)
