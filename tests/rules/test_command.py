"""``timebank rules``: which packs there are, what they say, why not, and what others would change."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.rules.texts import SETTING
from timebank.cli import app
from timebank.core.errors import NotFound
from timebank.core.texts import catalogue
from timebank.rules.known import RULES
from timebank.rules.pack import PackRefused

YOUNG = """\
kind = "redeem"

[case]
day = 2026-03-02
holder_age = 62
holder_in_hardship = false
residence = "resident"
minutes = 120
available_min = 60
"""


def run(*words: str) -> Result:
    """Run ``timebank rules`` with some words."""
    return CliRunner().invoke(app, ["rules", *words])


def explain(folder: Path, case: str) -> Result:
    """Explain a case that is written to a file."""
    (folder / "case.toml").write_text(case, encoding="utf-8")
    return run("explain", str(folder / "case.toml"))


def test_list_tells_every_pack_in_both_languages() -> None:
    """Who reads the list sees how much of each pack is known, and how much is only assumed."""
    lines = run("list").stdout.splitlines()

    assert len(lines) == 12
    assert lines[8] == (
        "shanghai-2026｜上海市“沪助养老时光汇”项目管理办法（2026）｜自 2026-01-01 起（[A][B] in force from 2026）"
        "｜有出处 10 项，假定 46 项，区里设定 0 项"
    )
    assert lines[9].endswith("10 sourced, 46 assumed, 0 set by the district")


def test_show_tells_every_rule_with_its_standing() -> None:
    """Nothing of a pack is hidden: value, standing and source of each rule, and the sources in words."""
    shown = run("show", "changning-2019").stdout

    assert all(f"\n{rule} = " in shown for rule in RULES)
    assert "daily_cap_min = 120\n  每日存入上限（分钟）: 120 (有出处)" in shown
    assert "gift_circle = none\n  转赠范围: 无 (系统假定，区里可调整)" in shown
    assert "来源 [C] account of the Changning pilot of 2019" in shown


def test_unknown_pack_is_told() -> None:
    """A mistyped name is a refusal with its own text, in both languages."""
    caught = run("show", "shanghai-1926").exception

    assert isinstance(caught, NotFound)
    assert (caught.kind, caught.key) == ("pack", "shanghai-1926")


def test_explain_says_why_not_and_what_would_be_needed(tmp_path: Path) -> None:
    """Chinese first, then English: each rule, its figures, what would be needed, and where it stands."""
    told = explain(tmp_path, YOUNG)

    chinese, english = told.stdout.split("\n\n")[:2]
    assert told.exit_code == 1
    assert chinese.startswith(
        "不可以兑换。规则：上海市“沪助养老时光汇”项目管理办法（2026）（shanghai-2026），适用日 2026-03-02。"
    )
    assert (
        "62 岁，须满 65 岁；特殊困难老人须满 60 岁。\n  需要：满 65 岁；或属特殊困难且满 60 岁。\n  依据：有出处：[C]"
        in chinese
    )
    assert "账户余额: 需要 120 分钟，可用 60 分钟。\n  需要：可用时间达到 120 分钟（2 个时间币）。" in chinese
    assert (
        "Needed: To be 65 or over, or in special hardship and 60 or over.\n  Source: sourced: [C] lives in" in english
    )
    assert "来源 [C] 江苏文明网" in told.stdout


def test_explain_says_why_when_it_is_allowed(tmp_path: Path) -> None:
    """Whoever may hears what it costs, and by which rule."""
    told = explain(tmp_path, YOUNG.replace("62", "65").replace("120", "60"))

    assert told.exit_code == 0
    assert told.stdout.startswith("可以兑换：60 分钟（1 个时间币）。")
    assert "需要：" not in told.stdout


EARN = 'kind = "earn"\n[case]\nday = 2021-03-01\nplanned_min = 60\nserved_min = 60\nevidence = "qr"\n'
GRANT = 'kind = "grant"\n[case]\nday = 2021-03-01\nage = 70\njurisdiction = "nanjing"\n'


GIFT = (
    'kind = "gift"\n[case]\nday = 2023-05-08\nrelation = "friend"\nminutes = 9\navailable_min = 9\n'
    'jurisdiction = "beijing"'
)


@pytest.mark.parametrize(
    ("case", "line"),
    [
        (EARN + 'giver_age = 45\njurisdiction = "nanjing"\nstored_min = 0\nis_group = true', "另有 60 分钟只能捐赠。"),
        (EARN + 'giver_age = 45\njurisdiction = "nanjing"', "需要：请补充“账户存量分钟”。"),
        (EARN + "giver_age = 17", "17 岁，须满 18 岁。"),
        (EARN.replace("qr", "rumour") + "giver_age = 18", "凭证为以下之一：手机应用, 二维码"),
        (EARN.replace("2021", "2026") + "giver_age = 17", "满 18 岁；未成年人可参加团体活动。"),
        (EARN.replace("2021", "2019") + 'giver_age = 71\njurisdiction = "changning"', "71 岁，上限为 70 岁。"),
        (GRANT + "in_hardship = false\nin_empty_nest = true", "满 80 岁；或属特殊困难且满 60 岁。"),
        (GRANT.replace("nanjing", "beijing") + "", "本规则不发放初始时间币。"),
        (
            GIFT,
            "转赠给范围内的人：父母、祖父母、外祖父母。",
        ),
        (
            'kind = "donate"\n[case]\nday = 2026-03-02\ntarget = "project"\nminutes = 9\navailable_min = 9',
            "捐赠去向为：公益池, 特殊困难老人, 非营利养老机构。",
        ),
        (
            'kind = "expire"\n[case]\nday = 2026-03-02\ncredits_until_min = 9\ndebits_min = 0\navailable_min = 9',
            "时间币不过期。",
        ),
    ],
)
def test_explain_knows_every_kind_of_case(tmp_path: Path, case: str, line: str) -> None:
    """Every kind of decision answers in words of its own."""
    assert line in explain(tmp_path, case).stdout


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "holder_age = 62",
            "holder_age = 62\nhair = 'grey'",
            "case.toml, line 6: 'hair' cannot be 'grey'; the known facts",
        ),
        ("holder_age = 62", "holder_age = '62'", "case.toml, line 5: 'holder_age' cannot be '62'; it is a int"),
        ("holder_age = 62", "holder_age = true", "it is a int"),
        ("holder_age = 62", "holder_age = -1", "case.toml, line 5: 'holder_age' cannot be -1"),
        ("holder_age = 62\n", "", "the fact 'holder_age' is missing"),
        ('"resident"', '"moon"', "it is one of none, resident, registered"),
        ('"redeem"', '"steal"', "case.toml, line 1: 'kind' cannot be 'steal'; it is one of earn, redeem"),
        ("2026-03-02", "1999-01-01", "case.toml, line 4: 'day' cannot be"),
        ("[case]", "[cases]", "the known keys are ['case', 'kind']"),
        (YOUNG, 'kind = "redeem"\ncase = 1', "it is a table with the facts of the case"),
    ],
)
def test_faulty_case_is_refused_with_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    """Whoever writes a case down learns where it cannot be."""
    caught = explain(tmp_path, YOUNG.replace(old, new, 1)).exception

    assert isinstance(caught, PackRefused)
    assert words in str(caught)


def test_setting_shows_in_the_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The district sees that its setting is read, and when it holds."""
    (tmp_path / "putuo.toml").write_text(SETTING, encoding="utf-8")
    monkeypatch.setenv("TIMEBANK_RULES", str(tmp_path / "putuo.toml"))

    assert "shanghai-2026+putuo-1 | Shanghai time bank measures (2026) | from 2026-03-01" in run("list").stdout


def test_every_rule_has_its_words() -> None:
    """A rule without a name in the catalogue would break the page that shows it."""
    assert {f"rule_{rule}" for rule in RULES} <= set(catalogue())
