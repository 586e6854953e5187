"""``timebank certificate`` from the counter to a stranger far away, who has a paper and the published files alone."""

import json
import stat
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from tests.honours.givers import Giver, make_plan, visit_and_credit
from tests.honours.scanned import code_on, words_of
from tests.worlds import World
from timebank.cli import app
from timebank.core.clock import day_of, now
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput
from timebank.honours.certificates import certificate_of
from timebank.honours.content import Content
from timebank.honours.keys import PublicKey, write_keys
from timebank.honours.refusals import NotPublished
from timebank.honours.revocations import write_list
from timebank.honours.statement import Statement, sign
from timebank.ledger.holds import reverse
from timebank.people.tables import Person

ISSUE = (
    *("issue", "--organisation", "EAST", "--volunteer", "V1"),
    *("--in-charge", "王主任", "--handler", "陈经办", "--contact", "021-52000000"),
)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> Path:
    """The folder of a district, which has the test's database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TIMEBANK_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "certificates"


@pytest.fixture
def number(home: Path, giver: Giver) -> str:
    """The number of a certificate that the counter has just issued."""
    assert giver.transfers
    assert run(*ISSUE).exit_code == 0
    return f"EAST-{day_of(now()).year}-000001"


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path, number: str) -> Path:
    """A folder elsewhere with the PDF and the two published files, and nothing of the district to be reached."""
    folder = tmp_path / "stranger"
    folder.mkdir()
    for path in home.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("TIMEBANK_HOME", str(tmp_path / "nowhere"))
    assert (folder / f"{number}.pdf").exists()
    return folder


@pytest.fixture
def shelf(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, signer: Ed25519PrivateKey, public: PublicKey, noon: datetime
) -> Path:
    """A folder with the two published files of a district that is far away."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("TIMEBANK_HOME", str(tmp_path / "nowhere"))
    (tmp_path / "keys.json").write_text(write_keys([public], now=noon))
    (tmp_path / "revocations.json").write_text(write_list([], key_id=public.key_id, signer=signer, now=noon))
    return tmp_path


def run(*arguments: str) -> Result:
    """Type a command of the certificates."""
    return CliRunner().invoke(app, ["certificate", *arguments])


def test_paper_is_checked_end_to_end(stranger: Path, number: str) -> None:
    """From the books to a PDF, from its code to a verdict, with nothing but the published keys."""
    pdf = (stranger / f"{number}.pdf").read_bytes()

    checked = run("verify", code_on(pdf), "--keys", str(stranger / "keys.json"), "--json")

    said = json.loads(checked.stdout)
    assert (checked.exit_code, said["verdict"]) == (0, "valid")
    assert (said["statement"]["number"], said["statement"]["service_min"]) == (number, 105)
    assert "1小时45分钟1h45min" in words_of(pdf)


def test_file_itself_can_be_checked(stranger: Path, number: str) -> None:
    """A PDF that came by mail says in both languages what it is."""
    paths = (str(stranger / name) for name in ("keys.json", "revocations.json"))

    checked = run("verify", str(stranger / f"{number}.pdf"), *zip_options(*paths))

    assert checked.exit_code == 0
    assert "有效：内容与签名一致" in checked.stdout
    assert "VALID: what it says is what a published key signed" in checked.stdout
    assert "The list of revocations is 0 days old" in checked.stdout
    assert f"证明编号 No: {number}" in checked.stdout
    assert "服务时间 Time of service: 1 小时 45 分钟 / 1 h 45 min" in checked.stdout


def zip_options(keys: str, revocations: str) -> list[str]:
    """Return the options that name the two published files."""
    return ["--keys", keys, "--revocations", revocations]


@pytest.mark.parametrize(("name", "ends_with"), [("李志愿1", 0), ("李冒名", 1)])
def test_name_is_checked_with_the_code_of_its_paper(
    engine: Engine, stranger: Path, number: str, name: str, ends_with: int
) -> None:
    """A good paper in the wrong hands is found at the counter of a stranger too."""
    with transaction(engine, read_only=True) as session:
        code = Content.from_json(certificate_of(session, number).content).check_code

    checked = run(
        *("verify", str(stranger / f"{number}.pdf"), "--keys", str(stranger / "keys.json")),
        *("--name", name, "--code", code),
    )

    assert checked.exit_code == ends_with


def test_altered_text_ends_with_one(shelf: Path, signer: Ed25519PrivateKey, statement: Statement) -> None:
    """A script that checks a pile of papers reads the exit code."""
    text = sign(statement, signer)

    checked = run("verify", text[:-3] + "AAA", "--keys", str(shelf / "keys.json"))

    assert checked.exit_code == 1
    assert checked.stdout.startswith("不符：")


@pytest.mark.parametrize("content", [b"\xff\x00HHC1." * 150_000, b"Q" * 1_000_000, b""], ids=range(3))
def test_garbage_in_a_file_is_altered(shelf: Path, content: bytes) -> None:
    """A megabyte of anything is answered in words, at once."""
    (shelf / "garbage").write_bytes(content)

    checked = run("verify", str(shelf / "garbage"), "--keys", str(shelf / "keys.json"))

    assert (checked.exit_code, checked.exception.__class__) == (1, SystemExit)
    assert "ALTERED" in checked.stdout


def test_file_past_its_bound_is_not_read(shelf: Path) -> None:
    """A disk image by mistake does not fill the memory."""
    (shelf / "huge").write_bytes(b"Q" * 8_000_001)

    checked = run("verify", str(shelf / "huge"), "--keys", str(shelf / "keys.json"))

    assert isinstance(checked.exception, WrongInput)


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        (["--keys", "nowhere.json"], WrongInput),
        (["--keys", "{}/revocations.json"], NotPublished),
        (["--keys", "{}/keys.json", "--revocations", "{}/keys.json"], NotPublished),
        ([], WrongInput),
    ],
    ids=range(4),
)
def test_wrong_published_file_is_refused(shelf: Path, options: list[str], refusal: type[Exception]) -> None:
    """A check with the wrong file must not end in a verdict about the paper."""
    checked = run("verify", "HHC1.X.Y", *(option.format(shelf) for option in options))

    assert isinstance(checked.exception, refusal)


def test_same_command_prints_the_same_paper(home: Path, number: str) -> None:
    """A printer that jams costs no number."""
    before = (home / f"{number}.pdf").read_bytes()

    again = run(*ISSUE)

    assert again.exit_code == 0
    assert "Certificate" in again.stdout
    assert "printed again" in again.stdout
    assert [path.name for path in home.glob("*.pdf")] == [f"{number}.pdf"]
    assert (home / f"{number}.pdf").read_bytes() == before


def test_paper_is_for_its_owner_and_keys_for_all(home: Path, number: str) -> None:
    """A PDF has a name on it; what is published is for everyone."""
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}

    assert modes == {f"{number}.pdf": 0o600, "keys.json": 0o644, "revocations.json": 0o644}


def test_rotation_leaves_old_papers_good(home: Path, number: str) -> None:
    """Two rotations later the first paper is still checked with the published file."""
    rotated = [run("keys", "rotate").exit_code, run("keys", "rotate").exit_code]

    checked = run("verify", str(home / f"{number}.pdf"))

    assert rotated == [0, 0]
    assert len(json.loads((home / "keys.json").read_text())["keys"]) == 3
    assert (checked.exit_code, checked.stdout.split("：")[0]) == (0, "有效")


def test_revocation_reaches_a_stranger_with_the_list(home: Path, number: str) -> None:
    """Revoked, published, read: day and reason are told where the paper is shown."""
    revoked = run("revoke", number, "--reason", "replaced", "--note", "换发")

    checked = run("verify", str(home / f"{number}.pdf"), "--revocations", str(home / "revocations.json"))

    assert (revoked.exit_code, checked.exit_code) == (0, 1)
    assert "已撤销" in checked.stdout
    assert f"Revoked on {day_of(now())}; reason: replaced by a new one" in checked.stdout


def test_trace_shows_every_transfer(giver: Giver, home: Path, number: str) -> None:
    """An auditor sees the lines and their sum, and what was taken back since."""
    traced = run("trace", number)

    assert home.exists()
    assert traced.exit_code == 0
    assert f"transfer {giver.transfers[0]}" in traced.stdout
    assert "2 transfers make 1 h 45 min, as registered and signed" in traced.stdout


def test_publish_names_what_should_be_revoked(engine: Engine, giver: Giver, home: Path, number: str) -> None:
    """Whoever publishes learns which papers rest on hours that are no more."""
    with transaction(engine) as session:
        reverse(session, giver.world.book, giver.transfers[0], idem_key="undo", reason="error", now=now())

    published, traced = run("publish", "--folder", str(home / "web")), run("trace", number)

    assert published.exit_code == 0
    assert {path.name for path in (home / "web").iterdir()} == {"keys.json", "revocations.json"}
    assert f"应予撤销：{number}" in published.stdout
    assert "reversed since" in traced.stdout


def test_last_day_is_part_of_the_time(home: Path, giver: Giver) -> None:
    """People say until the 24th and mean that day too."""
    issued = run(*ISSUE, "--first-day", "2026-02-24", "--last-day", "2026-02-24", "--out", str(home / "one.pdf"))

    assert giver.transfers
    assert issued.exit_code == 0
    assert "0小时45分钟" in words_of((home / "one.pdf").read_bytes())


def test_missing_character_is_told_with_the_folder(engine: Engine, home: Path, world: World) -> None:
    """The clerk learns where to lay a font, while the person is still at the counter."""
    with transaction(engine) as session:
        session.get_one(Person, world.volunteers["V3"]).name = "𠮷野"
        plan = make_plan(session, now())
        visit_and_credit(
            session, world, plan, "S5-greeting", day=day_of(now()), served_min=60, now=now(), volunteer="V3"
        )

    issued = run(*ISSUE, "--organisation", "WEST", "--volunteer", "V3")

    assert issued.exit_code == 0
    assert f"字体缺字：𠮷。请把含有该字的字体放入 {home.parent / 'fonts'}" in issued.stdout


@pytest.mark.parametrize("options", [["--organisation", "NONE"], ["--volunteer", "NONE"]])
def test_unknown_codes_are_refused(home: Path, giver: Giver, options: list[str]) -> None:
    """A typing fault is named; nothing is issued."""
    issued = run(*ISSUE, *options)

    assert giver.transfers
    assert isinstance(issued.exception, NotFound)
    assert not home.exists()
