"""A refusal is said in one language: no English word stands inside a Chinese sentence, but names and units."""

import ast
import re
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, Table

from tests.core.test_texts import refusals
from timebank.core.texts import catalogue
from timebank.tables import METADATA

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for room in ("timebank", "api") for path in (ROOT / room).rglob("*.py"))
NAMES_OF_PARTS = {"field", "action", "error"}
"""Parts that are names of the API or of the code, the same in either language."""
PARTS = ("kind", "key", "state", "allowed", "needed", "right", "value", "why", "reason")
NAMES = {
    *(
        "CSV",
        "DATABASE_URL",
        "Ed25519",
        "Excel",
        "HHC1",
        "JSON",
        "MB",
        "TIMEBANK_HOME",
        "TIMEBANK_KEYS",
        "TOML",
        "AS",  # the beginning of a published key of seals
        "UTF-8",
        "XML",
    ),
    *(
        "WGS-84",
        "GCJ-02",
        "base64url",
        "base64",
        "csv",
        "xlsx",
        "xls",
        "otf",
        "ttf",
        "ttc",
        "hhtb_",
        "NUL",
        "QR",
        "PDF",
    ),
    *("JWK", "RSA", "P-256", "https", "issuer", "audience", "algorithms", "keys", "scopes", "provider", "stolen"),
    *("Authorization", "Bearer", "GraphQL", "POST", "GET", "startsOn", "endCursor", "port", "post", "query"),
    *("sqlite", "postgresql", "timebank", "certificate", "publish", "import", "undo", "upgrade", "serve", "make"),
}
"""Names of formats, settings, commands and fields: what a reader types or looks for letter by letter."""
LATIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
PLACEHOLDER = re.compile(r"\{[^}]*\}")
STATE = re.compile(r"(?:status|state) IN \((.*)\)$")
REFUSALS = {kind.__name__ for kind in refusals()}
SAID_IN_REFUSALS = sorted(
    key for key in catalogue() if key in REFUSALS or key.startswith(tuple(f"{part}_" for part in PARTS))
)


def english_words(text: str) -> set[str]:
    """Return the Latin words of a text that are no names, without what its placeholders stand for."""
    return set(LATIN.findall(PLACEHOLDER.sub("", text))) - NAMES


def _has_words(name: str, said: str) -> bool:
    """Tell whether a code has its words; those of a file that is refused are a text of their own."""
    return not {f"{name}_{said}", f"refused_{said}"}.isdisjoint(catalogue())


def wordless(path: Path) -> list[str]:
    """Return the literal parts of refusals in a file that have no words of their own in the catalogue."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    refused = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in REFUSALS]
    parts = [(call, part) for call in refused for part in call.keywords if part.arg not in NAMES_OF_PARTS]
    literal = [
        (call.lineno, part.arg, part.value.value)
        for call, part in parts
        if isinstance(part.value, ast.Constant) and isinstance(part.value.value, str) and part.value.value
    ]
    composed = [(call.lineno, part.arg) for call, part in parts if isinstance(part.value, ast.JoinedStr)]
    return [
        *(f"line {line}: {name}={said!r}" for line, name, said in literal if not _has_words(name or "", said)),
        *(f"line {line}: {name} is composed" for line, name in composed if name in {"right", "needed", "state"}),
    ]


def test_chinese_texts_have_no_english_words() -> None:
    """Half of a sentence in another language is half of an answer."""
    mixed = {key: words for key in SAID_IN_REFUSALS if (words := english_words(catalogue()[key]["zh"]))}

    assert mixed == {}


def test_what_is_put_into_a_refusal_has_words() -> None:
    """A literal inside a refusal is a code of the catalogue or a phrase, so that it follows the language."""
    found = {str(path.relative_to(ROOT)): lines for path in SOURCES if (lines := wordless(path))}

    assert found == {}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('WrongInput(field="day", right="a good day")', ["line 1: right='a good day'"]),
        ('WrongState(kind="plan", state="asleep", allowed="draft")', ["line 1: state='asleep'"]),
        ('NotAllowed(action="me", needed=f"the scope {x}")', ["line 1: needed is composed"]),
        ('WrongState(kind="plan", state="superseded", allowed="proposed")', []),
    ],
)
def test_english_part_is_noticed(tmp_path: Path, line: str, said: list[str]) -> None:
    """The search itself can fail: what it passes over would be passed over for ever."""
    path = tmp_path / "rooms.py"
    path.write_text(line, encoding="utf-8")

    assert wordless(path) == said


@pytest.mark.parametrize("table", METADATA.sorted_tables, ids=lambda table: str(table.name))
def test_every_state_has_words(table: Table) -> None:
    """What a thing is when it refuses is what a reader asks first; a state has words for all things, or for its own."""
    checks = [str(check.sqltext) for check in table.constraints if isinstance(check, CheckConstraint)]
    states = [
        state for check in checks if (found := STATE.match(check)) for state in re.findall(r"'([^']*)'", found[1])
    ]

    wordless_states = [state for state in states if {f"state_{state}", f"{table.name}_{state}"}.isdisjoint(catalogue())]
    assert wordless_states == []
