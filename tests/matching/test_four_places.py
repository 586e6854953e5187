"""A rule of matching stands in four places under one name: model, judge, docs/model.md and test."""

import ast
import re
from pathlib import Path

import pytest

from matching.verify import RULE_BY_NAME, RULES

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| ([^|]+) \| ([^|]+) \| \[(\w+\.py)\]\(([^)]+)\) \|$", re.MULTILINE)
FUNCTION = re.compile(r"`(matching\.\w+)\.(\w+)`")
MODEL = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
ROWS = ROW.findall(MODEL)


def _built() -> dict[str, tuple[str, ...]]:
    """Return the rules that each module which builds a plan says it keeps, read from its source."""
    found = {}
    for path in sorted((ROOT / "matching").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [ast.unparse(target) for target in node.targets] if isinstance(node, ast.Assign) else []
            if isinstance(node, ast.Assign) and names == ["RULES"] and not path.stem.startswith("verify"):
                found[path.stem] = ast.literal_eval(node.value)
    return found


def _functions(module: str) -> set[str]:
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_model_keeps_every_rule_of_the_judge() -> None:
    """A rule that nobody keeps rejects every plan; one that nobody judges is kept on trust."""
    built = _built()

    assert {rule for rules in built.values() for rule in rules} == set(RULES)
    assert {"candidates", "pairing", "slots", "calendar", "solve"} <= set(built)


@pytest.mark.parametrize(("module", "rules"), _built().items(), ids=list(_built()))
def test_modules_name_their_rules_in_the_judges_order(module: str, rules: tuple[str, ...]) -> None:
    """Whoever reads model and judge side by side finds the rules in one order."""
    assert list(rules) == [rule for rule in RULES if rule in rules]


def test_page_has_every_rule_in_the_judges_order() -> None:
    """The page is what people read; it leaves nothing out and adds nothing."""
    assert [row[0] for row in ROWS] == list(RULES)


def test_every_rule_has_its_test() -> None:
    """A rule without a test is a sentence; a test without a rule is a leftover."""
    files = {path.name for path in (ROOT / "tests" / "matching" / "rules").glob("test_*.py")}

    assert files == {f"test_{rule}.py" for rule in RULES}


@pytest.mark.parametrize(("rule", "kept_by", "judged_by", "test", "link"), ROWS, ids=[row[0] for row in ROWS])
def test_page_leads_to_what_it_names(rule: str, kept_by: str, judged_by: str, test: str, link: str) -> None:
    """Module, function and test behind a rule are where the page says they are."""
    keepers, judges = FUNCTION.findall(kept_by), FUNCTION.findall(judged_by)

    assert keepers
    assert all(name in _functions(module) for module, name in keepers)
    assert any(rule in _built()[module.partition(".")[2]] for module, _ in keepers)
    assert judges == [(RULE_BY_NAME[rule].__module__, rule)]
    assert (test, (ROOT / "docs" / link).resolve()) == (
        f"test_{rule}.py",
        ROOT / "tests" / "matching" / "rules" / f"test_{rule}.py",
    )


@pytest.mark.parametrize("rule", RULES)
def test_judge_says_each_rule_in_the_words_of_the_page(rule: str) -> None:
    """One sentence a rule, the same for those who read code and those who do not."""
    sentence = next(line for line in MODEL.splitlines() if line.startswith(f"| `{rule}` |")).split("|")[2].strip()
    said = (RULE_BY_NAME[rule].__doc__ or "").partition("\n")[0]

    assert said.split(" (")[0].rstrip(".") in sentence
