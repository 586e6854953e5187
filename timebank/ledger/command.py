"""``timebank ledger ...``: the books prove themselves, are sealed and published, and are looked after."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Engine
from sqlmodel import Session, select

from timebank.core.clock import day_of, now
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput
from timebank.core.guards import missing_triggers
from timebank.core.opening import opened, reading, writing
from timebank.core.terminal import tell
from timebank.core.texts import LOCALES, Phrase, say
from timebank.ledger.accounts import account_id, balance_of, statement
from timebank.ledger.checkpoints import Checkpoint, first_fault
from timebank.ledger.consistency import FORMAT as CONSISTENCY
from timebank.ledger.consistency import consistency_file, prove_consistency
from timebank.ledger.expiry import expire_coins
from timebank.ledger.findings import Finding
from timebank.ledger.levels import look, notices, set_level
from timebank.ledger.notes import VerifierKey, read_verifier_key
from timebank.ledger.proofs import FORMAT as STATEMENT
from timebank.ledger.proofs import statement_file
from timebank.ledger.proving import MOST_TEXT, prove, read_proof
from timebank.ledger.publishing import checkpoints_of, digests_of, first_parting, publish, read_file
from timebank.ledger.rebuild import rebuild
from timebank.ledger.reconcile import reconcile
from timebank.ledger.seal_keys import log_name
from timebank.ledger.seals import seal_transfers
from timebank.ledger.tables import Book, Notice
from timebank.ledger.upkeep import sweep

app = typer.Typer(no_args_is_help=True, help="The books 账簿.")
MOST_SHOWN = 20
"""Most differences that are shown one by one."""
ForBook = Annotated[str, typer.Option("--book", help="Code of the book; needed when there is more than one.")]
Published = Annotated[Path | None, typer.Option("--published", help="File of published seals.")]
Key = Annotated[str, typer.Option("--key", help="Public key that the bank made known; else that of the file.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Write the JSON file here.")]


@app.command()
def verify(published: Published = None, key: Key = "") -> None:
    """Run the seven checks over every book, look for every trigger, and compare with what was published.

    Ends with 1 when one does not hold, and names its first row: table, key, what it says and what it should say.
    """
    notes = read_file(published) if published else None
    wanted = read_verifier_key(key) if key else None
    with opened() as engine, transaction(engine, read_only=True) as session:
        missing = missing_triggers(engine)
        broken = bool(missing)
        tell("ledger_unguarded" if missing else "ledger_guarded", names=", ".join(sorted(missing)))
        for book in _books(session):
            own = None if notes is None else checkpoints_of(notes, log_name(book.code))
            findings = reconcile(session, book.id or 0, published=digests_of(own or ()))
            broken = broken or bool(findings)
            tell("ledger_broken" if findings else "ledger_holds", book=book.code)
            _tell(findings)
            if own is not None:
                broken = _compare(session, book, own, wanted) or broken
    raise typer.Exit(int(broken))


def _compare(session: Session, book: Book, own: list[Checkpoint], key: VerifierKey | None) -> bool:
    """Say whether a book is what was published of it; returns whether it is not."""
    parting = first_parting(session, book, own, key)
    if parting is not None:
        for locale in LOCALES:
            said = say(f"published_{parting.how}", locale, key=parting.finding.key)
            typer.echo(f"  {say('kind_seal_file', locale)}: {said}")
        _tell([parting.finding])
        return True
    tell("published_same", count=own[-1].size if own else 0, key=own[-1].key if own else "-")
    return False


@app.command(name="rebuild")
def rebuild_tables(
    apply: Annotated[bool, typer.Option("--apply", help="Write what is right.")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Fold accounts and open holds anew from what was posted; without --apply only say what differs, and end with 1."""
    different = False
    with opened() as engine, transaction(engine, read_only=not apply) as session:
        for book in _books(session):
            found, is_applied = rebuild(session, book.id or 0, apply=apply)
            different = different or bool(found and not apply)
            words = "ledger_rebuilt" if is_applied else "ledger_would_rebuild" if found else "ledger_nothing_to_rebuild"
            tell(words, book=book.code, count=len(found))
            _tell(found)
    raise typer.Exit(int(different))


@app.command()
def seal() -> None:
    """Seal everything that was posted since the last seal."""
    with writing() as session:
        for book in _books(session):
            made = seal_transfers(session, book.id or 0, now=now())
            words = {"n": made.n, "transfers": made.transfers} if made else {}
            tell("ledger_sealed" if made else "ledger_nothing_to_seal", book=book.code, **words)


@app.command(name="publish")
def publish_seals(
    file: Annotated[Path, typer.Argument(help="File to append to; give copies of it to others.")],
    new_key: Annotated[bool, typer.Option("--new-key", help="Sign with a new key from now on.")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Append the newest seals to a file as a signed note; what is in the file is compared, and never rewritten."""
    with writing() as session:
        for book in _books(session):
            made = publish(session, book, file, now=now(), new_key=new_key)
            words = {"added": made.added, "size": made.size, "key": made.key} if made else {}
            tell("ledger_published" if made else "ledger_nothing_to_publish", path=file, **words)


@app.command(name="statement")
def statement_of(
    account: Annotated[str, typer.Argument(help="Code of the account, such as member:17.")],
    book: ForBook = "",
    first: Annotated[int, typer.Option(min=1, max=100, help="Lines that are shown.")] = 20,
    out: Out = None,
) -> None:
    """Show the newest lines of an account and its notices; with --out, write its whole statement with every proof."""
    with reading() as session:
        stands = _book(session, book)
        number = account_id(session, stands, account)
        balance = balance_of(session, number)
        tell("ledger_account", account=account, balance=balance.balance_min, available=balance.available_min)
        for line in statement(session, number, first=first):
            words: dict[str, Any] = {"seq": line.seq, "day": day_of(line.created_at), "amount": f"{line.amount_min:+d}"}
            tell("ledger_line", **words, balance=line.balance_after_min, reason=line.reason)
        for notice in notices(session, stands, first=first, account=number):
            _tell_notice(notice)
        said = statement_file(session, number, now=now()) if out else None
    if out and said:
        _write(out, said)


@app.command()
def consistency(
    earlier: Annotated[int, typer.Argument(help="How many seals there were.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Write the JSON file here.")],
    later: Annotated[int | None, typer.Option(help="How many there were later; else all there are.")] = None,
    book: ForBook = "",
) -> None:
    """Write the proof that the seals of today only add to those of before."""
    with reading() as session:
        said = consistency_file(session, _book(session, book), earlier, later)
    _write(out, said)


@app.command(name="prove")
def prove_file(
    file: Annotated[Path, typer.Argument(help="A statement, or a proof of consistency.")],
    published: Published = None,
    key: Key = "",
) -> None:
    """Check a statement offline, without any database; says what is proven and what is not. Ends with 1 when wrong."""
    said = read_proof(_text(file), file=file.name, forms=(STATEMENT, CONSISTENCY))
    notes = None
    if published is not None:
        notes = [one for one in read_file(published) if one.book_id == said.get("book_id")]
        fault = first_fault(notes, read_verifier_key(key) if key else None)
        if fault is not None:
            tell("prove_bad_file", line=fault.line)
            raise typer.Exit(1)
    check = prove if said["format"] == STATEMENT else prove_consistency
    verdict = check(said, file=file.name, published=notes)
    if notes is not None and not key:
        verdict.open.append(("prove_key_of_file", {}))
    for line in (*verdict.told("zh"), *verdict.told("en")):
        typer.echo(line)
    raise typer.Exit(int(bool(verdict.wrong)))


@app.command(name="sweep")
def sweep_holds() -> None:
    """End the holds whose moment has passed, up to a thousand of each book; a worker does the same all the time."""
    with opened() as engine:
        for book in _all_books(engine):
            count = sweep(engine, book.id or 0, now=now())
            tell("ledger_swept", book=book.code, count=count)


@app.command(name="notices")
def list_notices(
    first: Annotated[int, typer.Option(min=1, max=100)] = 20,
    before: Annotated[int | None, typer.Option(help="Go on before the notice of this number.")] = None,
) -> None:
    """Look for balances that have crossed a warning level, and list the notices, newest first."""
    with writing() as session:
        for book in _books(session):
            look(session, book.id or 0, now=now())
            found = notices(session, book.id or 0, first=first, before=before)
            for notice in found:
                _tell_notice(notice)
            if not found:
                tell("ledger_no_notices", book=book.code)


@app.command()
def warn(
    below: Annotated[int | None, typer.Option(help="Warn when a balance falls under so many minutes.")] = None,
    above: Annotated[int | None, typer.Option(help="Warn when it rises over so many.")] = None,
    kind: Annotated[str | None, typer.Option(help="Of a kind of account, such as member.")] = None,
    account: Annotated[str | None, typer.Option(help="Of one account, by its code.")] = None,
    book: ForBook = "",
) -> None:
    """Set warning levels; they refuse nothing. Without --below and --above there is no warning any more."""
    with writing() as session:
        stands = _book(session, book)
        number = None if account is None else account_id(session, stands, account)
        set_level(session, stands, low_min=below, high_min=above, kind=kind, account=number, now=now())
        what = account or kind or "-"
        low, high = ("-" if level is None else level for level in (below, above))
        code = next(one.code for one in _books(session) if one.id == stands)
        tell("ledger_level_set", book=code, what=what, low=low, high=high)


@app.command(name="expire-coins")
def expire(
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; else today.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would expire.")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Let coins expire that have reached their term, first in first out, when the rule pack of the day says so."""
    moment = now()
    day = on.date() if on else day_of(moment)
    with opened() as engine:
        for book in _all_books(engine):
            done = expire_coins(engine, book.id or 0, day=day, now=moment, apply=not dry_run)
            words = "ledger_would_expire" if dry_run else "ledger_expired"
            words = "ledger_never_expires" if done.cutoff is None else words
            tell(words, book=book.code, accounts=done.accounts, minutes=done.minutes, pack=done.pack)
            if done.frozen:
                tell("ledger_expiry_left", book=book.code, accounts=done.frozen)


def _books(session: Session) -> list[Book]:
    return list(session.exec(select(Book).order_by(Book.code)))


def _all_books(engine: Engine) -> list[Book]:
    with transaction(engine, read_only=True) as session:
        return _books(session)


def _book(session: Session, code: str) -> int:
    """Return the number of a book by its code, or of the only one."""
    books = [book for book in _books(session) if code in ("", book.code)]
    if len(books) > 1:
        codes = ", ".join(book.code for book in books)
        raise WrongInput(field="book", value=code, right=Phrase("right_book", codes=codes))
    if not books:
        raise NotFound(kind="book", key=code)
    return books[0].id or 0


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_TEXT + 1).decode(errors="replace")
    except OSError as fault:
        raise WrongInput(field="file", value=file.name, right=Phrase("right_file")) from fault


def _write(path: Path, said: dict[str, Any]) -> None:
    """Write a file for its owner alone: a statement is a member's own."""
    path.touch(mode=0o600)
    path.write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    tell("ledger_written", path=path)


def _tell(findings: list[Finding]) -> None:
    for finding in findings[:MOST_SHOWN]:
        typer.echo(f"  {finding.told('zh')}\n  {finding.told('en')}")
    if len(findings) > MOST_SHOWN:
        tell("ledger_more", count=len(findings) - MOST_SHOWN)


def _tell_notice(notice: Notice) -> None:
    words: dict[str, Any] = {"number": notice.id, "day": day_of(notice.noticed_at), "account": notice.account_id}
    tell(f"ledger_notice_{notice.side}", **words, balance=notice.balance_min, level=notice.level_min)
