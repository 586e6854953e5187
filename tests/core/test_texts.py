"""One catalogue holds every text that people see, in both languages."""

import importlib
import inspect
import pkgutil
import string

import pytest

import timebank
from timebank.core.errors import BalanceTooLow, Refusal, WrongInput, WrongState
from timebank.core.texts import Locale, Phrase, catalogue, gather, say, say_refusal


def _placeholders(text: str) -> set[str]:
    return {name.split(".")[0] for _, name, _, _ in string.Formatter().parse(text) if name}


def refusals() -> list[type[Refusal]]:
    """Return every kind of refusal, of every room."""
    for module in pkgutil.walk_packages(timebank.__path__, "timebank."):
        importlib.import_module(module.name)
    waiting, found = [Refusal], []
    while waiting:
        kind = waiting.pop()
        found += kind.__subclasses__()
        waiting += kind.__subclasses__()
    return [kind for kind in found if kind.__module__.startswith("timebank.")]


def test_both_languages_say_the_same_values() -> None:
    """A value that only one language shows is lost on half of the readers."""
    uneven = {key for key, pair in catalogue().items() if _placeholders(pair["zh"]) - _placeholders(pair["en"])}

    assert uneven == set()


def test_every_refusal_has_its_text() -> None:
    """A no without words leaves the person who meets it alone."""
    missing = {kind.__name__ for kind in refusals()} - set(catalogue())

    assert missing == set()


CODES = {"reason": "already", "why": "missing"}
"""Parts of refusals that are codes of texts."""


def _made(kind: type[Refusal]) -> Refusal:
    """Make a refusal with a value for each of its parts."""
    parts = inspect.signature(kind).parameters.values()
    return kind(**{part.name: 7 if part.annotation is int else CODES.get(part.name, "x") for part in parts})


@pytest.mark.parametrize("kind", refusals(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_refusal_can_be_said(kind: type[Refusal], locale: Locale) -> None:
    """A text that breaks while it is written turns a plain no into a fault of ours."""
    refusal = _made(kind)

    said = say_refusal(refusal, locale)

    assert said
    assert "{" not in said


def test_words_inside_a_refusal_follow_the_language() -> None:
    """A Chinese sentence with its important half in English helps nobody."""
    wrong = WrongInput(field="first", value="0", right=Phrase("right_range", least=1, most=100))
    late = WrongState(kind="plan", key="7", state="superseded", allowed="proposed")

    assert say_refusal(wrong, "zh") == "first 不能为“0”；应为 1 到 100。"
    assert say_refusal(wrong, "en") == "first cannot be '0'; 1 to 100 would be right."
    assert say_refusal(late, "zh") == "匹配方案 7 当前状态为“已被替代”，此操作要求：待发布。"
    assert (wrong.right, late.state) == ("1 to 100 would be right", "superseded")


def test_refusal_is_said_in_chinese_first() -> None:
    """The district reads Chinese; English is there on request."""
    refusal = BalanceTooLow(account_id=1, available_min=30, amount_min=60)

    assert say_refusal(refusal) == "账户可用余额为 30 分钟，不足 60 分钟。"
    assert "30 minutes" in say_refusal(refusal, "en")


@pytest.mark.parametrize(
    "pages",
    [
        [("a.toml", '[Busy]\nzh = "忙"\nen = "busy"'), ("b.toml", '[Busy]\nzh = "忙"\nen = "busy"')],
        [("b.toml", '[Busy]\nzh = "忙"')],
        [("b.toml", '[Busy]\nzh = "忙"\nen = "busy"\nfr = "occupé"')],
    ],
    ids=["doubled", "half", "a third language"],
)
def test_faulty_page_is_refused(pages: list[tuple[str, str]]) -> None:
    """Of two texts of one key only one would ever be read, and nobody would know which."""
    with pytest.raises(ValueError, match=r"b\.toml: the text 'Busy'"):
        gather(pages)


def test_unknown_text_or_missing_value_is_a_mistake() -> None:
    """A page with a hole in it must not be shown."""
    with pytest.raises(KeyError):
        say("NoSuchText")
    with pytest.raises(KeyError):
        say("BalanceTooLow", "en", available_min=1)


def test_value_with_braces_is_shown_as_it_is() -> None:
    """What people type is never taken for a part of the text."""
    refusal = WrongInput(field="{field}", value="{key.__class__}", right="{0}")

    assert say_refusal(refusal, "en") == "{field} cannot be '{key.__class__}'; {0}."
