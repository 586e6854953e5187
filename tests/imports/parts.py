"""Workbooks written part by part, as no library would write them."""

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET = f'<worksheet xmlns="{MAIN}"><sheetData>%s</sheetData>%s</worksheet>'
HEADER = '<row r="1"><c r="A1" t="str"><v>编号</v></c><c r="B1" t="str"><v>姓名</v></c></row>'


def sheet(rows: str, after: str = "") -> str:
    """Return a sheet with a header of 编号 and 姓名, and what is written below and behind."""
    return SHEET % (HEADER + rows, after)


def write_parts(
    path: Path, content: str | Iterable[bytes], *, changed: Mapping[str, str | bytes] | None = None
) -> Path:
    """Write a workbook of one sheet; ``changed`` replaces parts or adds them."""
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
            '<sheet name="名册" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": relations(
            {
                "rId1": ("worksheet", "worksheets/sheet1.xml"),
                "rId2": ("sharedStrings", "sharedStrings.xml"),
                "rId3": ("styles", "styles.xml"),
            }
        ),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in (parts | dict(changed or {})).items():
            archive.writestr(name, part)
        with archive.open("xl/worksheets/sheet1.xml", "w") as stream:
            for piece in [content.encode()] if isinstance(content, str) else content:
                stream.write(piece)
    return path


def relations(targets: Mapping[str, tuple[str, str]]) -> str:
    """Return the relations of a part: kind and target by key."""
    told = "".join(
        f'<Relationship Id="{key}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for key, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{told}</Relationships>'
