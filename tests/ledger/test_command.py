"""An auditor types one command, and a start stops before it works on books without guards."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from tests.ledger.conftest import Pair, make_pair, tamper
from tests.rules.texts import SETTING
from timebank.cli import app
from timebank.core.clock import now
from timebank.core.database import transaction
from timebank.core.errors import Refusal, StoreDiffers, WrongInput
from timebank.ledger.posting import post


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, database_url: str) -> CliRunner:
    """The command line on the database of the test."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return CliRunner()


def test_sound_books_are_told_so(command: CliRunner, engine: Engine, books: Pair) -> None:
    """Exit code 0 is what a nightly job looks at."""
    told = command.invoke(app, ["ledger", "verify"])

    assert told.output.splitlines() == [
        "触发器齐全",
        "triggers: all in place",
        "putuo：七项检查全部成立",
        "putuo: R1 to R7 hold",
    ]
    assert told.exit_code == 0


def test_broken_books_are_told_with_their_row(command: CliRunner, engine: Engine, books: Pair) -> None:
    """Whoever is woken at night reads what to look at."""
    with transaction(engine) as session:
        tamper(session, "UPDATE account SET held = 11 WHERE code = 'anna'")

    told = command.invoke(app, ["ledger", "verify"])

    assert told.exit_code == 1
    assert "triggers missing or changed: " in told.output
    assert " account_changed, " in told.output
    assert told.output.endswith(
        f"  R5 account {books.anna}：held 为 11，应为 10\n  R5 account {books.anna}: held says 11, and should say 10\n"
    )


def ledger(command: CliRunner, *words: object) -> tuple[int, str]:
    """Type a command of the ledger; returns how it ended and what it said."""
    told = command.invoke(app, ["ledger", *map(str, words)])
    return told.exit_code, told.output or str(told.exception)


def change(engine: Engine, *statements: str) -> None:
    """Change rows by hand, past every guard."""
    with transaction(engine) as session:
        tamper(session, *statements)


def test_seals_are_published_and_compared(command: CliRunner, engine: Engine, books: Pair, tmp_path: Path) -> None:
    """Seal, publish, compare; then the books are cut short, and the file tells it."""
    file = tmp_path / "seals.txt"

    published, again = ledger(command, "publish", file), ledger(command, "publish", file)
    same = ledger(command, "verify", "--published", file)
    change(engine, "DELETE FROM seal")
    cut = ledger(command, "verify", "--published", file)
    refused = ledger(command, "publish", file)

    assert (published[0], "1 seals appended, 1 in all" in published[1]) == (0, True)
    assert (again[0], "no new seals" in again[1]) == (0, True)
    assert (same[0], "the 1 published seals are those of the books" in same[1]) == (0, True)
    assert (cut[0], "seal 1 was published and is not there" in cut[1]) == (1, True)
    assert (refused[0], "seal 1 was published and is not there" in refused[1]) == (1, True)


def test_key_that_was_made_known_is_asked_for(command: CliRunner, engine: Engine, books: Pair, tmp_path: Path) -> None:
    """A file that someone else signed is not the bank's, however well it is chained."""
    file, other = tmp_path / "seals.txt", tmp_path / "other.txt"
    ledger(command, "publish", file)
    _, told = ledger(command, "publish", other, "--new-key")
    key = told.split()[-1]

    own, strange = (ledger(command, "verify", "--published", one, "--key", key) for one in (other, file))

    assert (own[0], key in own[1]) == (0, True)
    assert (strange[0], "not signed or not in order" in strange[1]) == (1, True)


def test_what_is_posted_is_sealed_once(command: CliRunner, engine: Engine, pair: Pair, noon: datetime) -> None:
    """A timer may type it as often as it likes."""
    with transaction(engine) as session:
        post(session, pair.earn("a"), now=noon)

    first, again = ledger(command, "seal"), ledger(command, "seal")

    assert first[1].endswith("putuo: seal 1 over 1 transfers\n")
    assert again[1].endswith("putuo: nothing new to seal\n")


def test_statement_is_shown_and_proven_without_the_database(
    command: CliRunner, engine: Engine, books: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member takes two files home; the program that checks them opens no database."""
    file, seals = tmp_path / "anna.json", tmp_path / "seals.txt"
    ledger(command, "publish", seals)
    ended, shown = ledger(command, "statement", "anna", "--out", file)
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")

    proven = ledger(command, "prove", file, "--published", seals)
    file.write_text(file.read_text().replace("earn", "gift", 1))
    forged = ledger(command, "prove", file)

    assert (ended, "3 · 2026-03-02 · -20 · balance 45 · gift" in shown) == (0, True)
    assert file.stat().st_mode & 0o077 == 0
    assert proven[0] == 0
    assert "已证明： 3 条分录逐条相连，合计余额 45 分钟" in proven[1]
    assert "not proven: that no other transfer of this account was left out" in proven[1]
    assert "not proven: that the key of the published file is the bank's own" in proven[1]
    assert (forged[0], "WRONG: transfer" in forged[1]) == (1, True)


def test_consistency_is_written_and_proven(command: CliRunner, engine: Engine, books: Pair, tmp_path: Path) -> None:
    """A partner with an old note is sent one small file."""
    file, seals = tmp_path / "c.json", tmp_path / "seals.txt"
    ledger(command, "publish", seals)

    ledger(command, "consistency", 1, "--out", file)
    proven = ledger(command, "prove", file, "--published", seals)

    assert json.loads(file.read_text())["later"]["size"] == 1
    assert (proven[0], "the root over 1 seals was published" in proven[1]) == (0, True)


def test_torn_publication_is_refused(command: CliRunner, engine: Engine, books: Pair, tmp_path: Path) -> None:
    """A published file that was changed proves nothing."""
    file, seals = tmp_path / "anna.json", tmp_path / "seals.txt"
    ledger(command, "publish", seals)
    ledger(command, "statement", "anna", "--out", file)
    seals.write_text(seals.read_text().replace("accounts 4", "accounts 5"))

    told = ledger(command, "prove", file, "--published", seals)

    assert (told[0], "not in order, from line 1 on" in told[1]) == (1, True)


@pytest.mark.parametrize("words", [("prove", "nowhere.json"), ("statement", "nobody"), ("verify", "--key", "x")])
def test_slip_is_told_in_words(command: CliRunner, engine: Engine, books: Pair, words: tuple[str, ...]) -> None:
    """Nobody meets a traceback for a mistyped name."""
    told = command.invoke(app, ["ledger", *words])

    assert isinstance(told.exception, Refusal)


def test_derived_rows_are_rebuilt(command: CliRunner, engine: Engine, books: Pair) -> None:
    """First it is said what differs, then it is mended, and the checks hold again."""
    change(engine, "UPDATE account SET credits = 66 WHERE code = 'anna'", "DELETE FROM hold_open")

    looked = ledger(command, "rebuild")
    mended = ledger(command, "rebuild", "--apply")
    again = ledger(command, "rebuild")

    assert (looked[0], f"R2 account {books.anna}: credits says 66, and should say 65" in looked[1]) == (1, True)
    assert "putuo: 2 differences; --apply writes what is right" in looked[1]
    assert (mended[0], "putuo: 2 differences mended" in mended[1]) == (0, True)
    assert (again[0], "derived tables are what they should be" in again[1]) == (0, True)


def test_holds_are_swept_and_levels_warn(command: CliRunner, engine: Engine, books: Pair, noon: datetime) -> None:
    """The command does what a worker does: holds of March have ended long since, and crossings are told."""
    level = ledger(command, "warn", "--kind", "member", "--above", 100)
    with transaction(engine) as session:
        post(session, books.earn("much", 100), now=now())

    swept, noticed = ledger(command, "sweep"), ledger(command, "notices")
    shown = ledger(command, "statement", "anna", "--first", 1)

    assert (level[0], "putuo: levels for member: under -, over 100" in level[1]) == (0, True)
    assert swept[1].endswith("putuo: 1 holds expired\n")
    assert f"account {books.anna}: balance 145 minutes, over the level of 100" in noticed[1]
    assert "over the level of 100" in shown[1]


def test_no_notice_is_told_so(command: CliRunner, engine: Engine, books: Pair) -> None:
    """Silence would leave open whether it looked."""
    assert ledger(command, "notices")[1].endswith("putuo: no notices\n")


def test_coins_expire_by_the_pack(
    command: CliRunner, engine: Engine, books: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Shanghai's rules none does; where a district sets a term they do, and it can be seen before."""
    never = ledger(command, "expire-coins")
    setting = SETTING.partition("[rules.")[0].replace("to_day = 2026-06-01\n", "")
    (tmp_path / "putuo.toml").write_text(f"{setting}[rules.expiry_days]\nvalue = 30\nsource = 'a trial'\n")
    monkeypatch.setenv("TIMEBANK_RULES", str(tmp_path / "putuo.toml"))

    would, did = ledger(command, "expire-coins", "--dry-run"), ledger(command, "expire-coins")

    assert "coins do not expire, by shanghai-2026" in never[1]
    assert "putuo: 55 minutes of 2 accounts would expire" in would[1]
    assert "putuo: 55 minutes of 2 accounts have expired" in did[1]


def test_book_is_asked_for_when_there_are_two(command: CliRunner, engine: Engine, books: Pair, noon: datetime) -> None:
    """A statement of the wrong book's Anna would be someone else's."""
    with transaction(engine) as session:
        make_pair(session, noon, code="other")

    told = command.invoke(app, ["ledger", "statement", "anna"])
    named = ledger(command, "statement", "anna", "--book", "other")

    assert isinstance(told.exception, WrongInput)
    assert (named[0], "Account anna: 0 minutes" in named[1]) == (0, True)


@pytest.mark.parametrize("verb", ["upgrade", "serve"])
def test_start_without_guards_is_refused(command: CliRunner, engine: Engine, verb: str) -> None:
    """A server that works on for months would find the books rewritten."""
    with transaction(engine) as session:
        tamper(session)

    told = command.invoke(app, [verb])

    assert isinstance(told.exception, StoreDiffers)
    assert "account_stays" in str(told.exception)


def test_upgrade_of_a_sound_database_says_so(command: CliRunner, engine: Engine) -> None:
    """Every start may upgrade."""
    told = command.invoke(app, ["upgrade"])

    with engine.connect() as connection:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    assert (told.output, told.exit_code, bool(revision)) == ("The database is up to date.\n", 0, True)
