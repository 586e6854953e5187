"""'Why may I not?' is answered for every kind of decision, in both languages."""

import ast
from pathlib import Path

import pytest

import timebank.rules
from timebank.core.texts import catalogue
from timebank.rules.cases import KINDS, decide_case
from timebank.rules.told import explained

HEAD = 'kind = "{kind}"\n\n[case]\nday = {day}\n'
NOT_ENOUGH = "minutes = 90\navailable_min = 60\n"
REFUSED: dict[str, list[tuple[str, str, str, str]]] = {
    "earn": [
        (
            "2026-03-02",
            'giver_age = 17\nplanned_min = 60\nserved_min = 60\nevidence = "app"\n',
            "17 岁，个人须满 18 岁",
            "Aged 17; alone the least age is 18",
        ),
    ],
    "record": [
        (
            "2026-03-02",
            'giver_age = 30\nplanned_min = 60\nserved_min = 0\nevidence = "app"\n',
            "按每 1 分钟计",
            "Counted in units of 1 minutes",
        ),
    ],
    "redeem": [
        (
            "2026-03-02",
            f'holder_age = 62\nholder_in_hardship = false\nresidence = "resident"\n{NOT_ENOUGH}',
            "62 岁，须满 65 岁；特殊困难老人须满 60 岁",
            "in special hardship",
        ),
        (
            "2026-03-02",
            f'holder_age = 70\nresidence = "resident"\n{NOT_ENOUGH}',
            "需要 90 分钟，可用 60 分钟",
            "90 minutes are asked, 60 are available",
        ),
    ],
    "gift": [
        (
            "2026-03-02",
            f'relation = "stranger"\n{NOT_ENOUGH}',
            "转赠范围：亲属和朋友",
            "Gifts may go to relatives and friends",
        ),
    ],
    "donate": [
        (
            "2026-03-02",
            f'target = "project"\n{NOT_ENOUGH}',
            "不能捐赠给此去向",
            "Donations do not go to this target",
        ),
    ],
    "grant": [
        (
            "2021-03-01",
            'age = 70\njurisdiction = "nanjing"\nin_hardship = false\nin_empty_nest = true\n',
            "70 岁，须满 80 岁",
            "Aged 70; the least age is 80",
        ),
        ("2023-03-01", 'age = 70\njurisdiction = "beijing"\n', "本规则不发放初始时间币", "no initial"),
    ],
    "expire": [
        (
            "2026-03-02",
            "credits_until_min = 9\ndebits_min = 0\navailable_min = 9\n",
            "时间币不过期",
            "do not expire",
        ),
    ],
    "undo": [
        (
            "2026-03-20",
            "accepted_on = 2026-03-02\nminutes = 60\n",
            "接受后 7 天内可收回，已过 2026-03-08",
            "until 2026-03-08",
        )
    ],
    "family": [
        ("2026-03-02", f'relation = "stranger"\n{NOT_ENOUGH}', "户主的直系亲属及配偶", "the head's direct relatives")
    ],
    "leave": [
        (
            "2026-03-02",
            "available_min = 60\nput_in_min = 0\nput_in_total_min = 60\n",
            "按投入比例 0/60 取回",
            "The part of 0 in 60 minutes",
        )
    ],
    "aid": [("2026-03-02", f"in_hardship = false\n{NOT_ENOUGH}", "不属特殊困难", "Is not in special hardship")],
    "move": [("2026-03-02", f"has_moved = false\n{NOT_ENOUGH}", "住处没有迁往该区", "The home has not moved there")],
    "inherit": [
        (
            "2026-03-02",
            'is_heir = true\nheirs = 0\nrelation = "friend"\nminutes = 60\n',
            "继承人范围：亲属",
            "Heirs can be: relatives",
        )
    ],
}
"""Cases that are refused, by kind: the day, the facts, and words of the answer in Chinese and in English."""
CASES = [pytest.param(kind, *case, id=f"{kind}-{n}") for kind, cases in REFUSED.items() for n, case in enumerate(cases)]
ROOM = Path(timebank.rules.__path__[0])


def test_every_kind_is_asked_why_not() -> None:
    """A new kind of decision needs its answer too."""
    assert set(REFUSED) == set(KINDS)


@pytest.mark.parametrize(("kind", "day", "facts", "zh", "en"), CASES)
def test_why_not_is_answered_in_both_languages(kind: str, day: str, facts: str, zh: str, en: str) -> None:
    """Chinese first: no, by which rules, each reason with what would be needed, and where it stands; then English."""
    decided = decide_case(HEAD.format(kind=kind, day=day) + facts, file="case.toml")

    chinese, english = "\n".join(explained(decided.decision, decided.pack, day)).split("\n\n")[:2]
    assert not decided.decision.allowed
    assert chinese.startswith("不可以")
    assert english.startswith("No ")
    assert zh in chinese
    assert en in english
    reasons = len(decided.decision.findings)
    assert (chinese.count("需要："), english.count("Needed: ")) == (reasons, reasons)
    assert chinese.count("\n  依据：") + chinese.count("账本规定") == reasons
    assert not set("年岁分钟可") & set(english.partition("\n")[2].replace("：", ""))


def test_every_finding_has_words() -> None:
    """A reason without words would break the answer just when somebody asks for it."""
    calls = [
        node
        for path in ROOM.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "found"
    ]
    second = [call.args[1] for call in calls]
    said = [one.value for one in second if isinstance(one, ast.Constant) and isinstance(one.value, str)]

    assert len(said) > 30
    assert [one for one in said if f"finding_{one}" not in catalogue()] == []
