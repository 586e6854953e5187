"""Documents that are trusted: known by their SHA-256, so that a caller sends the hash alone, and may be bound to them.

They come from a folder of ``.graphql`` files, one document each, or from the one file that is made of such a folder:
a JSON object of documents by their hashes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from timebank.core.errors import Refusal, WrongInput
from timebank.core.texts import Phrase

PREFIX = "sha256:"
SUFFIX = ".graphql"
LONGEST_ID = 80


class DocumentUnknown(Refusal):
    """No trusted document has the hash."""

    def __init__(self, *, key: str) -> None:
        self.key = key[:LONGEST_ID]
        super().__init__(f"No trusted document is {self.key}.")


class DocumentNotTrusted(Refusal):
    """Only trusted documents are run here, and this is none."""

    def __init__(self) -> None:
        super().__init__("Only trusted documents are run here; send the documentId of one.")


def id_of(document: str) -> str:
    """Return the id of a document: the SHA-256 of its text, byte for byte."""
    return PREFIX + hashlib.sha256(document.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """The documents by their ids; with ``only`` no others are run."""

    by_id: Mapping[str, str] = field(default_factory=dict)
    only: bool = False

    def text(self, query: str | None, document_id: str | None) -> str:
        """Return the document that is asked for.

        Raises
        ------
        DocumentUnknown
            When no document has the id.
        DocumentNotTrusted
            When it is none of those that alone are run.
        """
        if document_id is not None:
            found = self.by_id.get(document_id)
            if found is None:
                raise DocumentUnknown(key=document_id)
            return found
        text = query or ""
        if self.only and id_of(text) not in self.by_id:
            raise DocumentNotTrusted
        return text


def read_folder(folder: Path) -> dict[str, str]:
    """Read the documents of a folder by their ids; those of folders in it too.

    Raises
    ------
    WrongInput
        When it has none, or one is no text.
    """
    documents = {}
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as fault:
            raise WrongInput(field="documents", value=str(path), right=Phrase("right_documents")) from fault
        documents[id_of(text)] = text
    if not documents:
        raise WrongInput(field="documents", value=str(folder), right=Phrase("right_documents"))
    return documents


def read_trusted(path: Path, *, only: bool = False) -> Trusted:
    """Read trusted documents from a folder, or from the file made of one.

    Raises
    ------
    WrongInput
        When it cannot be read, or an id is not that of its document.
    """
    if path.is_dir():
        return Trusted(by_id=read_folder(path), only=only)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise WrongInput(field="documents", value=str(path), right=Phrase("right_documents")) from fault
    if not isinstance(found, dict) or not found:
        raise WrongInput(field="documents", value=str(path), right=Phrase("right_documents"))
    for key, text in found.items():
        if not isinstance(text, str) or key != id_of(text):
            raise WrongInput(field="documents", value=key[:LONGEST_ID], right=Phrase("right_document_id"))
    return Trusted(by_id=found, only=only)


def write_trusted(documents: Mapping[str, str], path: Path) -> None:
    """Write documents into the one file that a server reads."""
    path.write_text(json.dumps(dict(sorted(documents.items())), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
