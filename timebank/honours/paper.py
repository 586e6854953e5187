"""The paper: a certificate as PDF on A4, in Chinese and English, the same to the byte each time it is made."""

import json
from datetime import date, timedelta
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import segno
import typst

from timebank.core.clock import moment_at
from timebank.core.texts import say
from timebank.honours.content import Content, ServiceLine
from timebank.honours.glyphs import added_faces, shipped_folder, with_codes

Pair = dict[str, str]
"""Words in Chinese and English; English is empty where it would say the same again."""
QR_ERROR = "m"
"""A QR code of ours is read while 15 % of it cannot be seen."""
CODE_GROUP = 4


class Paper(NamedTuple):
    """A PDF, and the characters that no font at hand has: they stand on it as their codes."""

    pdf: bytes
    missing: str


def print_paper(content: Content, statement: str, *, fonts: Path | None = None, check_url: str = "") -> Paper:
    """Print a certificate.

    Parameters
    ----------
    content
        What stands on it.
    statement
        The signed statement for the QR code.
    fonts
        Folder of fonts that a district added for rare characters.
    check_url
        Address of the page that checks; the QR code is then a link to it that carries the statement.

    Raises
    ------
    WrongInput
        When a font of the district cannot be read.
    """
    faces = added_faces(fonts) if fonts else ()
    said, missing = with_codes(json.dumps(_data(content), ensure_ascii=False), faces)
    data = json.loads(said) | {
        "statement": statement,
        "qr": qr_svg(f"{check_url}?statement={statement}" if check_url else statement),
        "fonts": [face.family for face in faces],
        "missing": f"{say('paper_missing', 'zh')} {say('paper_missing', 'en')}" if missing else "",
    }
    template = (resources.files("timebank.honours") / "paper" / "certificate.typ").read_bytes()
    folders = [str(shipped_folder()), *([str(fonts)] if faces else [])]
    pdf: bytes = typst.compile(
        template,
        format="pdf",
        font_paths=typst.Fonts(include_system_fonts=False, font_paths=folders),
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        timestamp=moment_at(content.issued_on, 0),
        pdf_standards="a-2b",
    )
    return Paper(pdf, missing)


def qr_svg(text: str) -> str:
    """Draw a QR code (ISO/IEC 18004) with its quiet zone."""
    drawing = BytesIO()
    segno.make_qr(text, error=QR_ERROR, boost_error=False).save(drawing, kind="svg", border=4, xmldecl=False)
    return drawing.getvalue().decode()


def hours_said(minutes: int) -> tuple[str, str]:
    """Write minutes in hours, exactly, in Chinese and English: ``12 小时 30 分钟``, ``12 h 30 min``."""
    hours, rest = divmod(minutes, 60)
    key = "paper_hours_minutes" if rest else "paper_hours"
    return say(key, "zh", hours=f"{hours:,}", minutes=rest), say(key, "en", hours=f"{hours:,}", minutes=rest)


def _data(content: Content) -> dict[str, Any]:
    """Arrange what is said; the template only sets it."""
    last_day = content.to_day - timedelta(days=1)
    period = {"first": content.from_day.isoformat(), "last": last_day.isoformat()}
    hours_zh, hours_en = hours_said(content.service_min)
    code = content.check_code
    groups = [_volunteer(content), _service(content, period), _issuer(content)]
    if content.notes:
        groups.append(
            {"head": _pair("paper_group_certificate"), "rows": [[_cell("paper_notes", _plain(content.notes))]]}
        )
    return {
        "title": _pair("paper_title"),
        "number": content.number,
        "issued": [content.issued_on.year, content.issued_on.month, content.issued_on.day],
        "issued_on": content.issued_on.isoformat(),
        "issued_zh": _day_zh(content.issued_on),
        "issuer": {"zh": content.issuer_zh, "en": content.issuer_en},
        "sentence": {
            "zh": say("paper_sentence", "zh", name=content.name, hours=hours_zh, **period),
            "en": say("paper_sentence", "en", name=content.name, hours=hours_en, **period),
        },
        "groups": groups,
        "labels": {name: _pair(f"paper_{name}") for name in ("number", "issued_on", "check_code", "seal")},
        "how": _pair("paper_how"),
        "check_code": "-".join(code[at : at + CODE_GROUP] for at in range(0, len(code), CODE_GROUP)),
    }


def _volunteer(content: Content) -> dict[str, Any]:
    unknown = _pair("paper_not_recorded")
    kind = _pair("paper_identity_card") if content.identity else unknown
    identity = _plain(content.identity) if content.identity else unknown
    return {
        "head": _pair("paper_group_volunteer"),
        "rows": [
            [
                _cell("paper_name", _plain(content.name)),
                _cell("paper_volunteer_number", _plain(content.volunteer_number)),
            ],
            [_cell("paper_identity_kind", kind), _cell("paper_identity_number", identity)],
        ],
    }


def _service(content: Content, period: dict[str, str]) -> dict[str, Any]:
    hours, days = _hours(content.service_min), _plain("{first} – {last}".format(**period))
    scope = _pair("paper_all_hours" if content.counts_all else "paper_own_hours")
    group: dict[str, Any] = {
        "head": _pair("paper_group_service"),
        "rows": [
            [_cell("paper_service_time", hours), _cell("paper_period", days)],
            [_cell("paper_scope", scope)],
        ],
        "services": {"label": _pair("paper_services"), "lines": [_line(line) for line in content.services]},
    }
    if content.trained_on:
        group["rows"].append([_cell("paper_training", _pair("paper_trained", day=content.trained_on.isoformat()))])
    if content.evaluation:
        group["rows"].append([_cell("paper_evaluation", _plain(content.evaluation))])
    if content.stars:
        level = _pair("paper_level", stars=content.stars, hours=f"{content.level_hours:,}")
        group["stars"] = {"count": content.stars, "label": _pair("paper_honours")} | level
    return group


def _line(line: ServiceLine) -> dict[str, Pair]:
    return {
        "name": {"zh": line.name_zh, "en": line.name_en if line.name_en != line.name_zh else ""},
        "visits": _pair("paper_visits", count=f"{line.visits:,}"),
        "hours": _hours(line.service_min),
    }


def _issuer(content: Content) -> dict[str, Any]:
    name = {"zh": content.issuer_zh, "en": content.issuer_en if content.issuer_en != content.issuer_zh else ""}
    return {
        "head": _pair("paper_group_issuer"),
        "rows": [
            [_cell("paper_issuer", name)],
            [_cell("paper_in_charge", _plain(content.in_charge)), _cell("paper_handler", _plain(content.handler))],
            [_cell("paper_contact", _plain(content.contact))],
        ],
    }


def _cell(key: str, value: Pair) -> dict[str, Pair]:
    return {"label": _pair(key), "value": value}


def _plain(words: str) -> Pair:
    """Say words that are the same in both languages, once."""
    return {"zh": words, "en": ""}


def _hours(minutes: int) -> Pair:
    zh, en = hours_said(minutes)
    return {"zh": zh, "en": en}


def _pair(key: str, **values: object) -> Pair:
    return {"zh": say(key, "zh", **values), "en": say(key, "en", **values)}


def _day_zh(day: date) -> str:
    return say("paper_day", "zh", year=day.year, month=day.month, day=day.day)
