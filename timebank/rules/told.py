"""Decisions and packs in words, Chinese first and English: why, where it stands, and what would be needed."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from timebank.core.minutes import format_coins
from timebank.core.texts import LOCALES, Locale, catalogue, say
from timebank.rules.compare import Comparison, Difference
from timebank.rules.decision import Decision
from timebank.rules.findings import Finding
from timebank.rules.pack import Pack


def explained(decision: Decision, pack: Pack, day: str) -> Iterator[str]:
    """Yield the lines that answer 'why' or 'why not', in Chinese and then in English, and the hash of the inputs."""
    for locale in LOCALES:
        yield _verdict(decision, pack, day, locale)
        if decision.donate_min:
            yield say("rules_donate", locale, minutes=decision.donate_min)
        for finding in decision.findings:
            yield from _reason(finding, pack, locale, is_allowed=decision.allowed)
        yield ""
    named = "".join(decision.articles)
    for letter, words in pack.sources.items():
        if f"[{letter}]" in named:
            yield say("rules_sources", "zh", letter=letter, words=words)
    yield say("rules_inputs", "en", digest=decision.inputs_sha256)


def _verdict(decision: Decision, pack: Pack, day: str, locale: Locale) -> str:
    kind, title = say(f"rules_kind_{decision.kind}", locale), _title(pack, locale)
    if not decision.allowed:
        return say("rules_no", locale, kind=kind, title=title, pack=pack.name, day=day)
    coins = format_coins(decision.minutes)
    minutes = decision.minutes
    return say("rules_yes", locale, kind=kind, minutes=minutes, coins=coins, title=title, pack=pack.name, day=day)


def reasons_said(decision: Decision, pack: Pack, locale: Locale) -> Iterator[str]:
    """Yield each reason of a decision in one line: what was found, what would be needed, and where it stands."""
    for finding in decision.findings:
        lines = [line.strip(" -") for line in _reason(finding, pack, locale, is_allowed=decision.allowed)]
        yield " ".join(lines)


def _reason(finding: Finding, pack: Pack, locale: Locale, *, is_allowed: bool) -> Iterator[str]:
    values = {name: _word(name, value, locale) for name, value in finding.values}
    values |= {f"{name}_coins": format_coins(value) for name, value in finding.values if isinstance(value, int)}
    yield f"- {say(f'rule_{finding.rule}', locale)}: {say(f'finding_{finding.says}', locale, **values)}"
    if not is_allowed and f"needed_{finding.says}" in catalogue():
        yield f"  {say('rules_needed', locale, needed=say(f'needed_{finding.says}', locale, **values))}"
    yield f"  {_article(finding.rule, pack, locale)}"


def _article(rule: str, pack: Pack, locale: Locale) -> str:
    if rule not in pack.rules:
        return say("rules_ledger", locale)
    stands = pack.rules[rule]
    return say("rules_article", locale, status=say(f"rules_status_{stands.status}", locale), source=stands.source)


def _title(pack: Pack, locale: Locale) -> str:
    return pack.title_zh if locale == "zh" else pack.title_en


def _word(name: str, value: int | str, locale: Locale) -> str:
    """Say a fact by its name, a list of codes by their words, and anything else as it is."""
    if name == "fact":
        return say(f"fact_{value}", locale)
    return ", ".join(_said(part, locale) for part in str(value).split(", "))


def _said(code: object, locale: Locale) -> str:
    pair = catalogue().get(f"word_{code}")
    return pair[locale] if pair else str(code)


def value_said(value: object, locale: Locale) -> str:
    """Say the value of a rule."""
    if isinstance(value, Mapping):
        return ", ".join(f"{_said(key, locale)} {_listed(one, locale)}" for key, one in value.items()) or "-"
    if isinstance(value, tuple):
        return ", ".join(_said(one, locale) for one in value) or "-"
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    return _said("none" if value is None else value, locale)


def _listed(value: object, locale: Locale) -> str:
    """Say a value that stands in a list; one that is a list itself in brackets."""
    said = value_said(value, locale)
    return f"({said})" if isinstance(value, tuple) else said


def listed(pack: Pack, locale: Locale) -> str:
    """Say a pack in a line: its name and title, its days, and how much of it is known."""
    standing = [rule.status for rule in pack.rules.values()]
    counts = {status: standing.count(status) for status in ("sourced", "assumed", "district")}
    return say("rules_listed", locale, name=pack.name, title=_title(pack, locale), days=_days(pack, locale), **counts)


def _days(pack: Pack, locale: Locale) -> str:
    if pack.to_day is None:
        return say("rules_days_open", locale, from_day=pack.from_day, dates=pack.dates)
    return say("rules_days", locale, from_day=pack.from_day, to_day=pack.to_day, dates=pack.dates)


def shown(pack: Pack) -> Iterator[str]:
    """Yield a whole pack: each rule with its value, its standing and its source; then the sources in words."""
    for locale in LOCALES:
        yield listed(pack, locale)
    for name, rule in pack.rules.items():
        yield ""
        yield f"{name} = {value_said(rule.value, 'en')}"
        for locale in LOCALES:
            standing = say(f"rules_status_{rule.status}", locale)
            yield f"  {say(f'rule_{name}', locale)}: {value_said(rule.value, locale)} ({standing})"
        yield f"  {rule.source}"
    yield ""
    yield from (say("rules_sources", "zh", letter=letter, words=words) for letter, words in pack.sources.items())


def compared(differing: Sequence[Difference], comparison: Comparison) -> Iterator[str]:
    """Yield which rules differ, and what would change for the accounts, in Chinese and then in English."""
    for locale in LOCALES:
        yield say("rules_differ", locale, count=len(differing)) if differing else say("rules_same", locale)
        for one in differing:
            before, after = value_said(one.before, locale), value_said(one.after, locale)
            yield f"- {one.rule}: {say(f'rule_{one.rule}', locale)}: {before} -> {after}"
        yield say("rules_accounts", locale, day=comparison.day, count=comparison.holders)
        for change in comparison.changes:
            what = say(f"change_{change.kind}", locale)
            yield f"- {say('rules_change', locale, what=what, count=change.accounts, minutes=change.minutes)}"
        if not comparison.changes:
            yield f"- {say('rules_no_change', locale)}"
        yield ""
