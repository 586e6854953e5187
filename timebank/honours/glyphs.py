"""Characters that a paper can show: those of the fonts that come with us, and of fonts that a district adds.

The fonts are Noto Serif SC and Noto Sans SC: every character of the national list of 2013 and of the older standard.
A name with a rarer one needs a font that has it, laid into the folder ``fonts`` beside the data.
"""

import struct
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pylopdf_fonts_zh_cn as shipped
import typst
from fontTools.ttLib import TTFont, TTLibError

from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase

SUFFIXES = (".otf", ".ttf", ".ttc", ".otc")
FAULTS = (TTLibError, OSError, KeyError, ValueError, AssertionError, TypeError, struct.error)
"""What a file that is no font, or half of one, makes its reader raise."""
MOST_FONTS = 40
"""Most fonts whose characters are kept in mind."""
ACCENTS = frozenset(range(0x0300, 0x0370))


class Face(NamedTuple):
    """A font: its family, and the characters it has."""

    family: str
    letters: frozenset[int]


def shipped_folder() -> Path:
    """Return the folder of the fonts that come with us."""
    return shipped.serif_path().parent


def added_faces(folder: Path) -> tuple[Face, ...]:
    """Return the fonts that a district added, as the typesetter knows them; none when there is no such folder.

    Raises
    ------
    WrongInput
        Naming a file that is no font, or one that the typesetter cannot use.
    """
    files = {path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES}
    if not files:
        return ()
    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)]).fonts()
    known = sorted((font.path, font.index, font.family) for font in found if font.path)
    for path in sorted(files - {Path(path) for path, _, _ in known}):
        raise WrongInput(field="fonts", value=path.name, right=Phrase("right_font"))
    return tuple(Face(family, _letters(Path(path), index)) for path, index, family in known)


@lru_cache(maxsize=MOST_FONTS)
def _letters(path: Path, index: int = 0) -> frozenset[int]:
    try:
        with path.open("rb") as file:
            return frozenset(TTFont(file, fontNumber=index).getBestCmap())
    except FAULTS as fault:
        raise WrongInput(field="fonts", value=path.name, right=Phrase("right_font")) from fault


def shown_by_us() -> frozenset[int]:
    """Return the characters of the fonts that come with us, and the accents that the typesetter's own font sets."""
    return _letters(shipped.serif_path()) | _letters(shipped.sans_path()) | ACCENTS


def with_codes(text: str, faces: Iterable[Face]) -> tuple[str, str]:
    """Return a text with the codes of characters that no font has, such as ``〔U+20BB7〕``, and those characters.

    A letter and its accents are joined first, where there is one character for them.
    """
    text = unicodedata.normalize("NFC", text)
    letters = shown_by_us().union(*(face.letters for face in faces))
    missing = "".join(dict.fromkeys(letter for letter in text if ord(letter) not in letters))
    return "".join(f"〔U+{ord(letter):04X}〕" if letter in missing else letter for letter in text), missing
