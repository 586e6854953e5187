"""What a district sets in place of what a pack only assumes: the same checks, dated, and named in every decision."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from timebank.rules.known import RULES
from timebank.rules.lines import MOST_BYTES, PackRefused, Source
from timebank.rules.parsing import SLUG, Pack, Rule, check_days, check_sense, read_value

HEAD = {"district": str, "revision": str, "pack": str, "from_day": date}
MOST_FILES = 100
SET = "district"
"""Status of a rule that the district has set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Rules that a district sets over a pack's assumptions, from a day to a day (half-open)."""

    name: str
    pack: str
    from_day: date
    to_day: date | None
    source: Source


def parse_setting(text: str, *, file: str) -> Setting:
    """Read a setting; its rules are read when it is laid over its pack.

    Raises
    ------
    PackRefused
        For what would be refused of a pack.
    """
    source = Source(text, file=file)
    read = source.said
    source.require_keys("", set(read) - {"to_day", "rules"}, HEAD, "key")
    for key, kind in HEAD.items():
        if type(read[key]) is not kind or read[key] == "":
            raise source.refusal("", key, read[key], f"it is a {kind.__name__}, and not empty")
    for key in ("district", "revision"):
        if not SLUG.fullmatch(read[key]):
            raise source.refusal("", key, read[key], "it is small letters and digits, with single hyphens between")
    check_days(source)
    rules = read.get("rules")
    if not isinstance(rules, dict) or not rules:
        raise source.refusal("", "rules", rules, "it is a table with a table for each rule that is set")
    return Setting(
        name=f"{read['district']}-{read['revision']}",
        pack=read["pack"],
        from_day=read["from_day"],
        to_day=read.get("to_day"),
        source=source,
    )


def lay_over(packs: Iterable[Pack], settings: Iterable[Setting]) -> tuple[Pack, ...]:
    """Return the packs with the settings laid over them: each pack is parted by the days of its settings.

    Raises
    ------
    PackRefused
        When a setting names no pack, overrides a sourced rule, leaves the days of its pack or meets another setting.
    """
    stands, ordered = tuple(packs), sorted(settings, key=lambda one: one.from_day)
    names = {pack.name for pack in stands}
    for setting in ordered:
        if setting.pack not in names:
            raise setting.source.refusal("", "pack", setting.pack, f"the packs are {', '.join(sorted(names))}")
    return tuple(part for pack in stands for part in _parted(pack, [one for one in ordered if one.pack == pack.name]))


def _parted(pack: Pack, settings: list[Setting]) -> list[Pack]:
    parts, begins, used = [], pack.from_day, set()
    for setting in settings:
        if setting.from_day < begins:
            right = f"from {begins} on no other setting holds, and the pack has begun"
            raise setting.source.refusal("", "from_day", setting.from_day, right)
        if setting.name in used:
            raise setting.source.refusal(
                "", "revision", setting.name, "each setting of a pack has a revision of its own"
            )
        if pack.to_day is not None and (setting.to_day is None or setting.to_day > pack.to_day):
            raise setting.source.refusal("", "to_day", setting.to_day, f"the pack ends on {pack.to_day}")
        used.add(setting.name)
        if begins < setting.from_day:
            parts.append(replace(pack, from_day=begins, to_day=setting.from_day))
        rules = dict(pack.rules) | _rules(pack, setting)
        check_sense(setting.source, rules)
        ends = setting.to_day
        parts.append(replace(pack, from_day=setting.from_day, to_day=ends, rules=rules, set_by=setting.name))
        if ends is None or ends == pack.to_day:
            return parts
        begins = ends
    return [*parts, replace(pack, from_day=begins)]


def _rules(pack: Pack, setting: Setting) -> dict[str, Rule]:
    source, found = setting.source, {}
    for key, read in source.said["rules"].items():
        if key not in RULES:
            raise source.refusal("rules", key, "there", f"the known rules are {sorted(RULES)}")
        if pack.rules[key].status == "sourced":
            right = f"a district sets only what is assumed; this is sourced: {pack.rules[key].source}"
            raise source.refusal("rules", key, "set", right)
        shape = "a rule that is set has value and source"
        if not isinstance(read, dict) or set(read) != {"value", "source"}:
            raise source.refusal("rules", key, sorted(read) if isinstance(read, dict) else read, shape)
        if not isinstance(read["source"], str) or not read["source"].strip():
            raise source.refusal(f"rules.{key}", "source", read["source"], shape)
        words = f"{setting.name}: {read['source']}"
        found[key] = Rule(read_value(source, key, read["value"]), SET, words)
    return found


def read_settings(path: Path) -> list[Setting]:
    """Read the settings of a file, or of the TOML files of a folder.

    Raises
    ------
    PackRefused
        When there is none, a file is too long or not UTF-8, or one of them is refused.
    """
    files = sorted(path.glob("*.toml"))[: MOST_FILES + 1] if path.is_dir() else [path]
    if not files or len(files) > MOST_FILES:
        message = f"{path}: a folder of settings has 1 to {MOST_FILES} TOML files."
        raise PackRefused(message)
    return [parse_setting(read_text(file), file=file.name) for file in files]


def read_text(path: Path) -> str:
    """Return the text of a small file.

    Raises
    ------
    PackRefused
        When it cannot be read, is too long, or is not UTF-8.
    """
    try:
        with path.open("rb") as opened:
            raw = opened.read(MOST_BYTES + 1)
    except OSError as fault:
        message = f"{path}: the file cannot be read: {fault.strerror}."
        raise PackRefused(message) from fault
    if len(raw) > MOST_BYTES:
        message = f"{path.name}: it is too long; a file of rules has at most {MOST_BYTES} bytes."
        raise PackRefused(message)
    try:
        return raw.decode()
    except UnicodeDecodeError as fault:
        line = raw[: fault.start].count(b"\n") + 1
        message = f"{path.name}, line {line}: this is not UTF-8; save the file as UTF-8."
        raise PackRefused(message) from fault
