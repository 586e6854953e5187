"""Trusted documents on the command line: made into the one file of a server, and checked against the schema."""

from collections.abc import Mapping
from pathlib import Path

from graphql import GraphQLError

from api.guard import DocumentTooLarge
from api.http import DOCUMENTS
from api.trusted import read_folder, read_trusted, write_trusted
from timebank.core.texts import say

Told = tuple[bool, list[str]]
"""Whether all is well, and the lines that say so or what is wrong."""


def faults_in(documents: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what the schema and the limits have against documents, by their ids; nothing for those that can run.

    A document holds one operation.
    """
    found = {}
    for key, text in documents.items():
        try:
            read = DOCUMENTS.read(text, {}, None)
        except (GraphQLError, DocumentTooLarge) as wrong:
            found[key] = [str(wrong)]
            continue
        faults = DOCUMENTS.faults(read)
        if faults:
            found[key] = [fault.message for fault in faults]
    return found


def make_trusted(folder: Path, target: Path) -> Told:
    """Make the file of a folder of documents; nothing is written while one of them cannot run.

    Raises
    ------
    WrongInput
        When the folder has no documents, or one is no text.
    """
    documents = read_folder(folder)
    wrong = _told(faults_in(documents))
    if wrong:
        return False, wrong
    write_trusted(documents, target)
    return True, [say("documents_made", locale, count=len(documents), path=target) for locale in ("zh", "en")]


def check_trusted(path: Path) -> Told:
    """Check the documents of a folder or file; each is listed with what it costs at most.

    Raises
    ------
    WrongInput
        When they cannot be read, or an id is not that of its document.
    """
    documents = read_trusted(path).by_id
    wrong = _told(faults_in(documents))
    if wrong:
        return False, wrong
    costs = {key: DOCUMENTS.read(text, {}, None).cost for key, text in documents.items()}
    return True, [say("documents_cost", "en", key=key, points=cost) for key, cost in sorted(costs.items())]


def _told(faults: Mapping[str, list[str]]) -> list[str]:
    return [f"{key}: {fault}" for key, said in sorted(faults.items()) for fault in said]
