"""What a stranger sees of a certificate's PDF: its words, its pages, and what the QR code on it says."""

from io import BytesIO

import pypdfium2
import zxingcpp
from pypdf import PdfReader

SCAN_DPI = 200
"""What an ordinary office scanner gives."""


def words_of(pdf: bytes) -> str:
    """Return the words of every page, without the spaces that setting them put between."""
    return "".join("".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages)


def code_on(pdf: bytes) -> str:
    """Look at the first page as a scanner does, and read the one QR code on it."""
    with pypdfium2.PdfDocument(pdf) as document:
        picture = document[0].render(scale=SCAN_DPI / 72).to_numpy()
    (found,) = zxingcpp.read_barcodes(picture)
    return str(found.text)
