"""Characters that a paper can show: those of the fonts that come with us, and of fonts that a district adds.

The fonts are Noto Serif SC and Noto Sans SC: every character of the national list of 2013 and of the older standard.
A name with a rarer one needs a font that has it, laid into the folder ``fonts`` beside the data.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pylopdf_fonts_zh_cn as shipped
from fontTools.ttLib import TTCollection, TTFont, TTLibError

from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase

SUFFIXES = (".otf", ".ttf", ".ttc", ".otc")
MOST_FONTS = 20
ACCENTS = frozenset(range(0x0300, 0x0370))


class Face(NamedTuple):
    """A font: its family, and the characters it has."""

    family: str
    letters: frozenset[int]


def shipped_folder() -> Path:
    """Return the folder of the fonts that come with us."""
    return shipped.serif_path().parent


def added_faces(folder: Path) -> tuple[Face, ...]:
    """Return the fonts that a district added, in the order of their files; none when there is no such folder.

    Raises
    ------
    WrongInput
        Naming a file that is no font.
    """
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)[:MOST_FONTS]
    return tuple(face for path in files for face in _faces(path))


@lru_cache(maxsize=2 * MOST_FONTS)
def _faces(path: Path) -> tuple[Face, ...]:
    try:
        fonts = TTCollection(path, lazy=True).fonts if path.suffix.lower() in (".ttc", ".otc") else [TTFont(path)]
        return tuple(Face(str(font["name"].getBestFamilyName()), frozenset(font.getBestCmap())) for font in fonts)
    except (TTLibError, OSError, KeyError, AssertionError, TypeError) as fault:
        raise WrongInput(field="fonts", value=path.name, right=Phrase("right_font")) from fault


def shown_by_us() -> frozenset[int]:
    """Return the characters of the fonts that come with us, and the accents that the typesetter's own font sets."""
    return _faces(shipped.serif_path())[0].letters | _faces(shipped.sans_path())[0].letters | ACCENTS


def with_codes(text: str, faces: Iterable[Face]) -> tuple[str, str]:
    """Return a text with the codes of characters that no font has, such as ``〔U+20BB7〕``, and those characters.

    A letter and its accents are joined first, where there is one character for them.
    """
    text = unicodedata.normalize("NFC", text)
    letters = shown_by_us().union(*(face.letters for face in faces))
    missing = "".join(dict.fromkeys(letter for letter in text if ord(letter) not in letters))
    return "".join(f"〔U+{ord(letter):04X}〕" if letter in missing else letter for letter in text), missing
