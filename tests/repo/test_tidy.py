"""The house stays tidy: sizes, names, reasons, and no address of a package registry."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_LINES, MOST_FUNCTION_LINES = 400, 60
EMPTY_NAMES = re.compile(r"^(utils?|helpers?|common|base|misc|managers?|services?)\.py$")
IGNORE = re.compile(r"#\s*(noqa|type: ignore)")
REASONED = re.compile(r"#\s*(noqa: ?[A-Z]+\d+(, ?[A-Z]+\d+)*|type: ignore\[[\w, -]+\])\s+#\s*\S")
REGISTRY = re.compile(r"(pypi\.org|pythonhosted|registry\.npmjs|deb\.debian|(?<!emit-)index-url|files\.python)")


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file()]


SOURCES = [path for path in _tracked() if path.suffix == ".py"]
WRITTEN = [path for path in SOURCES if "versions" not in path.parts]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", WRITTEN, ids=_name)
def test_file_holds_one_idea(path: Path) -> None:
    """Past 400 lines, or under a name that says nothing, a file holds more than one idea."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    assert not EMPTY_NAMES.match(path.name)


@pytest.mark.parametrize("path", WRITTEN, ids=_name)
def test_functions_are_short(path: Path) -> None:
    """A function past 60 lines is split, so that each can be read at a glance."""
    tree = ast.parse(path.read_text(encoding="utf-8"))

    long = [
        f"{node.name} ({node.end_lineno - node.lineno + 1})"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= MOST_FUNCTION_LINES
    ]

    assert long == []


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_every_ignore_says_its_reason(path: Path) -> None:
    """An ignore without code and reason hides the next fault too."""
    lines = path.read_text(encoding="utf-8").splitlines()

    bare = [line for line in lines if IGNORE.search(line) and not REASONED.search(line) and "re.compile" not in line]

    assert bare == []


def test_no_test_is_switched_off() -> None:
    """A test that does not run proves nothing."""
    switched_off = re.compile(r"pytest\.(mark\.)?(skip|xfail)\b|skipif|importorskip")

    found = [
        _name(path) for path in SOURCES if path.name != "test_tidy.py" and switched_off.search(path.read_text("utf-8"))
    ]

    assert found == []


def test_no_registry_is_named() -> None:
    """The lock pins versions and hashes; where packages come from is the machine's business."""
    texts = [
        path
        for path in _tracked()
        if path.suffix in {".lock", ".toml", ".md", ".txt", ".cfg", ""} or ".ci" in path.relative_to(ROOT).parts
    ]

    named = [_name(path) for path in texts if REGISTRY.search(path.read_text(encoding="utf-8", errors="ignore"))]

    assert named == []


def test_lock_holds_exact_versions_with_hashes() -> None:
    """An install next year is the install of today."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()

    packages = [line for line in lines if line and not line.startswith((" ", "#"))]

    assert len(packages) > 30
    assert all("==" in line for line in packages)
    assert sum("--hash=sha256:" in line for line in lines) >= len(packages)
