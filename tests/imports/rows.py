"""Right rows of every kind of file, and what a file did to the rows that stand."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from timebank.core.database import transaction
from timebank.imports.batches import KINDS, Outcome
from timebank.imports.columns import Column
from timebank.imports.faults import Faults, FileRefused
from timebank.imports.files import read_file
from timebank.imports.sheets import Line, read_lines
from timebank.imports.templates import NOTHING_KNOWN
from timebank.needs.tables import Need
from timebank.people.identity import check_digit
from timebank.people.tables import Person, Senior, SeniorCategory, Volunteer, VolunteerSkill
from timebank.projects.tables import Project, Resource, Slot

HEAD = ["编号", "姓名", "身份证号", "电话", "街镇", "居委", "纬度", "经度", "类别"]
VOLUNTEER_HEAD = ["编号", "姓名", "出生日期", "性别", "组织", "街镇", "纬度", "经度", "服务项目"]
NEED_HEAD = ["需求编号", "老人编号", "服务项目", "组织", "频次", "希望性别", "开始日期", "结束日期"]
PROJECT_HEAD = [
    "项目编号", "组织", "项目名称", "预算", "开始日期", "结束日期", "帮助类别", "最低年龄",
    "资源编号", "资源名称", "服务项目", "街镇", "纬度", "经度", "开放星期", "开放时段", "名额",
]  # fmt: skip
TABLES = (Person, Senior, SeniorCategory, Volunteer, VolunteerSkill, Need, Project, Resource, Slot)
COLUMNS: tuple[Column, ...] = KINDS["seniors"].columns(NOTHING_KNOWN)


def identity(n: int, *, born: str = "19450101") -> str:
    """Return a right identity number of a woman."""
    body = f"310107{born}{2 * n:03d}"
    return body + check_digit(body)


def senior(n: int) -> list[object]:
    """Return a right row of a file of seniors."""
    return [
        f"L{n}",
        f"张老人{n}",
        identity(n),
        "17000000001",
        "甘泉路街道",
        "甘泉第1居委会",
        31.264,
        121.43,
        "孤老;独居老年人",
    ]


def volunteer(ref: str) -> list[object]:
    """Return a right row of a file of volunteers."""
    return [ref, "赵新来", "1970-05-05", "男", "EAST", "甘泉路街道", 31.264, 121.431, "一周一上门"]


def need(ref: str, senior_ref: str) -> list[object]:
    """Return a right row of a file of needs."""
    return [ref, senior_ref, "两天一问候", "EAST", "两天一次", "女", "2026-03-01", ""]


def project(key: str, code: str) -> list[object]:
    """Return a right row of a file of projects."""
    head: list[object] = [key, "CF1", "甘泉助浴", "50000", "2026-12-01", "2026-12-31", "重度失能", 70]
    return [*head, code, "助浴点", "助浴", "甘泉路街道", 31.264, 121.43, "一四", "09:00-10:00", 2]


def snapshot(engine: Engine) -> dict[str, list[str]]:
    """Return every row of the tables that an import may touch."""
    with transaction(engine, read_only=True) as session:
        return {
            table.__name__: sorted(repr(row.model_dump()) for row in session.exec(select(table)).all())
            for table in TABLES
        }


def codes(outcome: Outcome) -> list[tuple[int, str, str]]:
    """Return row, column and code of each fault."""
    return [(fault.row, fault.column, fault.code) for fault in outcome.faults]


def read(path: Path) -> tuple[list[Line], Faults]:
    """Read a file of seniors whole, without a database."""
    faults = Faults()
    return list(read_lines(read_file(path), COLUMNS, faults)), faults


def why(path: Path) -> str:
    """Return why a file is refused."""
    with pytest.raises(FileRefused) as refused:
        read(path)
    return refused.value.why
