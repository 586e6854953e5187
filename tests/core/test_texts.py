"""One catalogue holds every text that people see, in both languages."""

import importlib
import pkgutil
import string

import timebank
from timebank.core.errors import BalanceTooLow, Refusal
from timebank.core.texts import catalogue, say_refusal


def _placeholders(text: str) -> set[str]:
    return {name.split(".")[0] for _, name, _, _ in string.Formatter().parse(text) if name}


def _refusals() -> list[type[Refusal]]:
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
    missing = {kind.__name__ for kind in _refusals()} - set(catalogue())

    assert missing == set()


def test_refusal_is_said_in_chinese_first() -> None:
    """The district reads Chinese; English is there on request."""
    refusal = BalanceTooLow(account_id=1, available_min=30, amount_min=60)

    assert say_refusal(refusal) == "账户可用余额为 30 分钟，不足 60 分钟。"
    assert "30 minutes" in say_refusal(refusal, "en")
