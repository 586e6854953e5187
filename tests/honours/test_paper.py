"""The paper shows every field in Chinese and English, and its code is what was signed."""

import shutil
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from tests.honours.conftest import CODE
from tests.honours.scanned import code_on, words_of
from timebank.core.errors import WrongInput
from timebank.honours.content import Content, ServiceLine
from timebank.honours.glyphs import with_codes
from timebank.honours.paper import hours_said, print_paper, qr_svg
from timebank.honours.statement import Statement, sign

POSTSCRIPT_NAME = 6
CONTENT = Content(
    number="EAST-2026-000001",
    issued_on=date(2026, 3, 2),
    notes="用于升学",
    check_code=CODE,
    name="李志愿",
    identity="**************1234",
    volunteer_number="V-000123",
    from_day=date(2026, 1, 1),
    to_day=date(2026, 3, 1),
    service_min=750,
    credit_min=750,
    services=(
        ServiceLine(code="greeting", name_zh="两天一问候", name_en="Greeting", visits=60, service_min=600),
        ServiceLine(code="door_visit", name_zh="一周一上门", name_en="Weekly door visit", visits=5, service_min=150),
    ),
    counts_all=False,
    trained_on=date(2026, 1, 5),
    stars=2,
    level_hours=300,
    evaluation="认真负责",
    issuer_code="EAST",
    issuer_zh="普陀东片为老服务中心",
    issuer_en="Putuo East Care",
    in_charge="王主任",
    handler="陈经办",
    contact="021-52000000",
)
SAID = [
    "志愿服务记录证明",
    "CertificateofVoluntaryService",
    "证明编号No:EAST-2026-000001",
    "兹证明李志愿自2026-01-01至2026-02-28，参加志愿服务12小时30分钟",
    "ThiscertifiesthatLI",
    "V-000123",
    "居民身份证Residentidentitycard",
    "**************1234",
    "12小时30分钟12h30min",
    "2026-01-01–2026-02-28",
    "本单位记录的服务。",
    "2026-01-05完成上岗培训",
    "认真负责",
    "两天一问候Greeting60次",
    "一周一上门Weeklydoorvisit5次",
    "10小时10h",
    "★★☆☆☆2星志愿者（累计300小时起）",
    "普陀东片为老服务中心PutuoEastCare",
    "王主任",
    "陈经办",
    "021-52000000",
    "用于升学",
    "K7QF-2M9X-H3T0-ZB5A",
    "2026年3月2日",
]


@pytest.fixture(scope="session")
def code(signer: Ed25519PrivateKey, statement: Statement) -> str:
    """The text of the QR code."""
    return sign(statement, signer)


@pytest.fixture(scope="session")
def pdf(code: str) -> bytes:
    """The certificate as PDF."""
    return print_paper(CONTENT, code).pdf


@pytest.fixture(scope="session")
def words(pdf: bytes) -> str:
    """The words on the certificate."""
    return words_of(pdf)


@pytest.mark.parametrize("said", [each.replace("LI", "李志愿") for each in SAID])
def test_paper_says_every_field(words: str, said: str) -> None:
    """A field that is missing makes the paper worthless to the authority that asks for it."""
    assert said in words


def test_code_on_the_paper_is_what_was_signed(pdf: bytes, code: str) -> None:
    """A scanner in any office reads it from a plain scan."""
    assert code_on(pdf) == code


def test_code_can_lead_to_the_page(code: str) -> None:
    """A phone that scans it opens the page that checks."""
    linked = print_paper(CONTENT, code, check_url="https://check.example/certificates/check").pdf

    assert code_on(linked) == f"https://check.example/certificates/check?statement={code}"


def test_longest_statement_is_still_read(signer: Ed25519PrivateKey, statement: Statement) -> None:
    """An issuer with the longest name and code has a code that a scanner reads."""
    longest = sign(replace(statement, issuer="普" * 120, number="E" * 40 + "-2026-000001"), signer)
    url = "https://check.district.example.cn/certificates/check"

    assert code_on(print_paper(CONTENT, longest, check_url=url).pdf) == f"{url}?statement={longest}"


def test_paper_is_one_page_of_a4_with_its_own_fonts(pdf: bytes) -> None:
    """It prints everywhere as it looks here: nothing is left to the fonts of a machine."""
    reader = PdfReader(BytesIO(pdf))
    (page,) = reader.pages

    resources: Any = page["/Resources"]
    fonts = [font["/DescendantFonts"][0]["/FontDescriptor"] for font in resources["/Font"].values()]

    assert [round(float(side)) for side in page.mediabox[2:]] == [595, 842]
    assert all("/FontFile3" in font for font in fonts)
    assert {str(font["/FontName"]).split("+")[1].split("-")[0] for font in fonts} == {"NotoSerifSC", "NotoSansSC"}


def test_paper_is_the_same_each_time(pdf: bytes, code: str) -> None:
    """A paper that is printed again is the same file; nothing of the moment or the machine is in it."""
    assert print_paper(CONTENT, code).pdf == pdf


def test_file_carries_its_statement(pdf: bytes, code: str) -> None:
    """Whoever gets the file by mail checks it without a scanner."""
    metadata = PdfReader(BytesIO(pdf)).metadata

    assert code.encode() in pdf
    assert metadata is not None
    assert metadata.title == "志愿服务记录证明 EAST-2026-000001"


def test_groups_that_do_not_exist_are_left_out(code: str) -> None:
    """An empty line invites someone to fill it in."""
    bare = replace(CONTENT, identity="", trained_on=None, stars=0, evaluation="", notes="", issuer_en=CONTENT.issuer_zh)

    words = words_of(print_paper(bare, code).pdf)

    assert [label for label in ("培训情况", "表彰奖励", "评价情况", "备注", "★") if label in words] == []
    assert words.count("未登记") == 2


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("𬱖䶮㛃", "𬱖䶮㛃"),
        ("买买提·吐尔逊", "买买提·吐尔逊"),
        ("Ni\u0301co", "Níco"),
        ("<b>#x[*]$", "<b>#x[*]$"),
        ('"\\{name}', '"\\{name}'),
        ("王" * 60, "王" * 20),
        ("𠮷野", "〔U+20BB7〕野"),
        ("a\u202eb", "a〔U+202E〕b"),
        ("😀", "〔U+1F600〕"),
    ],
)
def test_any_name_can_be_printed(code: str, name: str, shown: str) -> None:
    """Names have rare characters; none may break the paper, become markup, or turn into an empty box."""
    paper = print_paper(replace(CONTENT, name=name), code)

    assert shown in words_of(paper.pdf)
    assert (paper.missing != "") == ("U+" in shown)


def test_accents_without_a_joined_letter_are_set(code: str) -> None:
    """The typesetter's own font carries marks that ours lack."""
    paper = print_paper(replace(CONTENT, name="q\u0303"), code)

    assert paper.missing == ""
    assert len(PdfReader(BytesIO(paper.pdf)).pages) == 1


def test_many_services_go_on_to_a_second_page(code: str) -> None:
    """A long life of service is not cut off at the foot of a page."""
    services = tuple(
        ServiceLine(code=str(n), name_zh=f"服务{n}", name_en=f"Service {n}", visits=1, service_min=10)
        for n in range(40)
    )

    pdf = print_paper(replace(CONTENT, services=services), code).pdf

    assert len(PdfReader(BytesIO(pdf)).pages) == 2
    assert "服务39Service39" in words_of(pdf)


@pytest.fixture
def district_fonts(tmp_path: Path) -> Path:
    """A folder with a font that has one rare character, as a square."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((0, 800))
    pen.lineTo((800, 800))
    pen.lineTo((800, 0))
    pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "rare"])
    builder.setupCharacterMap({0x20BB7: "rare"})
    builder.setupGlyf({".notdef": pen.glyph(), "rare": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "rare": (1000, 0)})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": "District Rare", "styleName": "Regular", "psName": "DistrictRare"})
    builder.setupOS2()
    builder.setupPost()
    folder = tmp_path / "fonts"
    folder.mkdir()
    builder.save(folder / "rare.ttf")
    return folder


def test_district_can_add_a_font_for_rare_names(code: str, district_fonts: Path) -> None:
    """Whoever is called so has a right to a paper with the real name."""
    paper = print_paper(replace(CONTENT, name="𠮷野"), code, fonts=district_fonts)

    assert paper.missing == ""
    assert "𠮷野" in words_of(paper.pdf)


def test_folder_without_fonts_changes_nothing(code: str, pdf: bytes, tmp_path: Path) -> None:
    """Most districts add none."""
    assert print_paper(CONTENT, code, fonts=tmp_path / "none").pdf == pdf


@pytest.mark.parametrize("name", ["broken.ttf", "broken.ttc", "broken.otf"])
def test_file_that_is_no_font_is_named(code: str, district_fonts: Path, name: str) -> None:
    """Whoever laid it there learns which file it is."""
    (district_fonts / name).write_bytes(b"not a font")

    with pytest.raises(WrongInput, match=name):
        print_paper(CONTENT, code, fonts=district_fonts)


def test_font_that_is_cut_off_is_named(code: str, district_fonts: Path) -> None:
    """Half a download is the usual broken font."""
    whole = (district_fonts / "rare.ttf").read_bytes()
    shutil.rmtree(district_fonts)
    district_fonts.mkdir()
    (district_fonts / "half.ttf").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(WrongInput, match=r"half\.ttf"):
        print_paper(CONTENT, code, fonts=district_fonts)


def test_font_without_its_own_name_is_named(code: str, district_fonts: Path) -> None:
    """What one program takes for a font another cannot set; the paper is refused in words, not half-way."""
    font = TTFont(district_fonts / "rare.ttf")
    font["name"].names = [name for name in font["name"].names if name.nameID != POSTSCRIPT_NAME]
    font.save(district_fonts / "rare.ttf")

    with pytest.raises(WrongInput, match=r"rare\.ttf"):
        print_paper(replace(CONTENT, name="𠮷野"), code, fonts=district_fonts)


def test_missing_characters_are_named_once() -> None:
    """The message to the clerk lists what a font is needed for."""
    assert with_codes("𠮷王𠮷", []) == ("〔U+20BB7〕王〔U+20BB7〕", "𠮷")


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (60, ("1 小时", "1 h")),
        (20, ("0 小时 20 分钟", "0 h 20 min")),
        (61_830, ("1,030 小时 30 分钟", "1,030 h 30 min")),
    ],
)
def test_hours_are_said_exactly(minutes: int, said: tuple[str, str]) -> None:
    """Rounded hours would not add up to the sum below them."""
    assert hours_said(minutes) == said


def test_code_has_its_quiet_zone() -> None:
    """Without four modules of white around it many scanners see nothing."""
    assert 'width="29"' in qr_svg("HHC1")
