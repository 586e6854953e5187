"""A one-time code opens once, for its person, for ten minutes and five tries; a desk gives only so many."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from tests.access.asking import URL
from tests.together import at_once
from tests.worlds import World
from timebank.access.codes import make_code
from timebank.access.grants import BY_CODE, Asked, Given, give_token
from timebank.access.links import link_subject, person_of_subject, unlink_person
from timebank.access.providers import Subject
from timebank.access.refusals import GrantRefused, SubjectTaken, TooManyCodes
from timebank.access.tables import LinkedSubject, OneTimeCode
from timebank.core.database import transaction
from timebank.people.tokens import holder_of

ISSUER = "https://login.example"
V1 = Subject(ISSUER, "42", frozenset())


def code_of(session: Session, person: int, now: datetime) -> str:
    """Give a person a code at a desk."""
    return make_code(session, person, actor="organisation:1", now=now)


def show(
    session: Session, login: str, code: str, now: datetime, subject: Subject | None = None
) -> Given | GrantRefused:
    """Show a code."""
    return give_token(session, Asked(grant=BY_CODE, login=login, code=code, subject=subject), url=URL, now=now)


def flaw(session: Session, login: str, code: str, now: datetime) -> str:
    """Return why a code opens nothing; empty when it does."""
    given = show(session, login, code, now)
    return given.flaw if isinstance(given, GrantRefused) else ""


def wrong(code: str) -> str:
    """Return another code."""
    return f"{(int(code) + 1) % 10**8:08}"


def test_code_opens_for_its_person_for_an_hour(session: Session, stored: World, noon: datetime) -> None:
    """The token is a person's like any other, and can be listed and revoked."""
    given = show(session, "V1", code_of(session, stored.volunteers["V1"], noon), noon)

    assert isinstance(given, Given)
    holder = holder_of(session, given.token, now=noon + timedelta(minutes=59))
    assert (holder.person_id, holder.organisation_id) == (stored.volunteers["V1"], None)
    assert given.life == timedelta(hours=1)


def test_code_is_good_once(session: Session, stored: World, noon: datetime) -> None:
    """Who looks over a shoulder comes too late."""
    code = code_of(session, stored.volunteers["V1"], noon)

    assert [flaw(session, "V1", code, noon) for _ in range(2)] == ["", "code"]


@pytest.mark.parametrize(("login", "later_s"), [("V2", 0), ("nobody", 0), ("", 0), ("V1", 600)])
def test_code_is_good_for_its_person_and_its_time(
    session: Session, stored: World, noon: datetime, login: str, later_s: int
) -> None:
    """Nobody else's number fits it, and at its end it is dead; the answers are alike."""
    code = code_of(session, stored.volunteers["V1"], noon)

    assert flaw(session, login, code, noon + timedelta(seconds=later_s)) == "code"


def test_code_is_dead_after_five_wrong_tries(session: Session, stored: World, noon: datetime) -> None:
    """Eight digits are not guessed in five tries."""
    code = code_of(session, stored.volunteers["V1"], noon)

    tries = [flaw(session, "V1", wrong(code), noon) for _ in range(5)]

    assert tries == ["code"] * 5
    assert flaw(session, "V1", code, noon) == "code"


def test_four_wrong_tries_are_forgiven(session: Session, stored: World, noon: datetime) -> None:
    """Fingers slip."""
    code = code_of(session, stored.volunteers["V1"], noon)

    assert [flaw(session, "V1", wrong(code), noon) for _ in range(4)] == ["code"] * 4
    assert flaw(session, "V1", code, noon) == ""


def test_new_code_ends_the_one_before(session: Session, stored: World, noon: datetime) -> None:
    """Of two slips of paper only the last one counts."""
    first, second = (code_of(session, stored.volunteers["V1"], noon) for _ in range(2))

    assert flaw(session, "V1", first, noon) == "code"
    assert flaw(session, "V1", second, noon) == ""


def test_desk_gives_five_codes_an_hour(session: Session, stored: World, noon: datetime) -> None:
    """A desk that gives codes one after the other would give tries one after the other."""
    for _ in range(5):
        code_of(session, stored.volunteers["V1"], noon)

    with pytest.raises(TooManyCodes):
        code_of(session, stored.volunteers["V1"], noon + timedelta(minutes=59))

    assert code_of(session, stored.volunteers["V2"], noon)
    assert code_of(session, stored.volunteers["V1"], noon + timedelta(minutes=60))


def test_code_is_not_stored(session: Session, stored: World, noon: datetime) -> None:
    """A hash of eight digits with no key is eight digits."""
    code = code_of(session, stored.volunteers["V1"], noon)

    digest = session.exec(select(OneTimeCode.digest)).one()
    assert code.encode() not in digest
    assert len(digest) == 32


def test_of_two_who_show_one_code_at_once_one_is_first(engine: Engine, world: World, noon: datetime) -> None:
    """A code is good once, however quick two are."""
    with transaction(engine) as session:
        code = code_of(session, world.volunteers["V1"], noon)

    both = at_once(
        engine, lambda session: flaw(session, "V1", code, noon), lambda session: flaw(session, "V1", code, noon)
    )

    assert both == ("", "code")


def test_code_links_the_account_that_came_with_it(session: Session, stored: World, noon: datetime) -> None:
    """The code says who, the provider's token says which account."""
    given = show(session, "V1", code_of(session, stored.volunteers["V1"], noon), noon, V1)

    assert isinstance(given, Given)
    assert person_of_subject(session, issuer=ISSUER, subject="42") == stored.volunteers["V1"]
    assert person_of_subject(session, issuer="https://other.example", subject="42") is None


def test_account_is_one_persons(session: Session, stored: World, noon: datetime) -> None:
    """Nobody takes over another's account, by a desk or by a code of their own."""
    one, other = stored.volunteers["V1"], stored.volunteers["V2"]
    parts = {"issuer": ISSUER, "subject": "42"}
    first = link_subject(session, one, actor="organisation:1", now=noon, **parts)
    again = link_subject(session, one, actor="organisation:1", now=noon, **parts)

    with pytest.raises(SubjectTaken):
        link_subject(session, other, actor="organisation:1", now=noon, **parts)
    by_code = show(session, "V2", code_of(session, other, noon), noon, V1)

    assert first.id == again.id
    assert isinstance(by_code, GrantRefused)
    assert by_code.flaw == "subject_taken"


def test_link_that_is_taken_back_can_be_made_to_another(session: Session, stored: World, noon: datetime) -> None:
    """What was linked by mistake is mended; the old link stays told."""
    one, other = stored.volunteers["V1"], stored.volunteers["V2"]
    link_subject(session, one, issuer=ISSUER, subject="42", actor="organisation:1", now=noon)

    assert unlink_person(session, one, actor="organisation:1", now=noon) == 1
    link_subject(session, other, issuer=ISSUER, subject="42", actor="organisation:1", now=noon)

    assert person_of_subject(session, issuer=ISSUER, subject="42") == other
    assert len(session.exec(select(LinkedSubject)).all()) == 2


def test_subjects_that_differ_in_case_are_two(session: Session, stored: World, noon: datetime) -> None:
    """A provider's subject is taken letter by letter; a look-alike is somebody else."""
    link_subject(session, stored.volunteers["V1"], issuer=ISSUER, subject="a-b", actor="organisation:1", now=noon)

    found = [person_of_subject(session, issuer=ISSUER, subject=subject) for subject in ("A-B", "ab", " a-b")]
    assert found == [None, None, None]
