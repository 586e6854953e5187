"""Volunteers and organisations ask to take part; the office answers each once, and says why not."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.charity.conftest import Office
from tests.together import at_once
from timebank.charity.applications import answer, applications_of, apply, open_projects, withdraw
from timebank.core.errors import KeyConflict, NotFound, WrongInput, WrongState
from timebank.core.texts import say_refusal
from timebank.projects.tables import ProjectApplication


def ask(session: Session, office: Office, ref: str = "V1", key: str = "a", project: int = 0) -> ProjectApplication:
    """Apply as a volunteer to the running project, or another."""
    who = office.world.volunteers[ref]
    return apply(session, project or office.running, key=key, now=office.noon, volunteer_id=who, offer="周一可来")


def say(
    session: Session, office: Office, row: ProjectApplication, *, is_accepted: bool, reason: str = ""
) -> ProjectApplication:
    """Answer as the office."""
    return answer(
        session, office.number, row.id or 0, is_accepted=is_accepted, reason=reason, actor="王", now=office.noon
    )


def test_one_is_accepted_and_one_declined_with_the_reason(session: Session, office: Office) -> None:
    """Who is declined is told why; who answered is written down."""
    say(session, office, ask(session, office, "V1"), is_accepted=True)
    say(session, office, ask(session, office, "V3"), is_accepted=False, reason="名额已满")

    rows = applications_of(session, office.running, first=10)
    assert [(row.state, row.reason, row.answered_by) for row in rows] == [
        ("accepted", "", "王"),
        ("declined", "名额已满", "王"),
    ]
    assert [row.volunteer_id for row in applications_of(session, office.running, first=10, after=rows[0].id or 0)] == [
        office.world.volunteers["V3"]
    ]


def test_organisation_applies_too(session: Session, office: Office) -> None:
    """A social organisation offers its people."""
    row = apply(session, office.running, key="o", now=office.noon, organisation_id=office.world.organisations["EAST"])

    assert (row.organisation_id, row.volunteer_id, row.state) == (office.world.organisations["EAST"], None, "applied")


def test_same_key_is_the_same_application(session: Session, office: Office) -> None:
    """A retry asks once; the same word of somebody else is another key."""
    first = [ask(session, office).id for _ in range(2)]
    other = ask(session, office, "V3")

    assert first[0] == first[1] != other.id
    with pytest.raises(KeyConflict):
        apply(
            session,
            office.running,
            key="a",
            now=office.noon,
            volunteer_id=office.world.volunteers["V1"],
            offer="另一句",
        )


def test_one_application_stands_at_a_time(session: Session, office: Office) -> None:
    """Who waits for an answer does not ask twice; who was declined may ask again."""
    row = ask(session, office)
    with pytest.raises(WrongState) as refused:
        ask(session, office, key="again")
    say(session, office, row, is_accepted=False, reason="未受训")

    again = ask(session, office, key="later")

    assert "待答复" in say_refusal(refused.value)
    assert again.id != row.id


def test_two_applications_at_once_are_one(engine: Engine, office: Office, session: Session) -> None:
    """Two devices of one volunteer: the second is told that the first stands."""
    session.commit()

    _, second = at_once(
        engine, lambda one: ask(one, office, key="phone").id, lambda other: ask(other, office, key="desk").id
    )

    assert isinstance(second, WrongState)


def test_an_answer_stands(session: Session, office: Office) -> None:
    """The same answer again is harmless; another one is refused."""
    row = ask(session, office)
    for _ in range(2):
        say(session, office, row, is_accepted=True)

    with pytest.raises(WrongState):
        say(session, office, row, is_accepted=False, reason="改主意")


def test_declining_needs_a_reason(session: Session, office: Office) -> None:
    """Nobody is sent away without a word."""
    with pytest.raises(WrongInput, match="reason"):
        say(session, office, ask(session, office), is_accepted=False, reason=" ")


def test_applicant_takes_back_their_own_alone(session: Session, office: Office) -> None:
    """An application is its applicant's until it is answered."""
    row, other = ask(session, office), ask(session, office, "V3")

    with pytest.raises(NotFound):
        withdraw(session, row.id or 0, actor="V3", now=office.noon, volunteer_id=office.world.volunteers["V3"])
    withdraw(session, row.id or 0, actor="V1", now=office.noon, volunteer_id=office.world.volunteers["V1"])
    say(session, office, other, is_accepted=True)

    assert row.state == "withdrawn"
    with pytest.raises(WrongState):
        withdraw(session, other.id or 0, actor="V3", now=office.noon, volunteer_id=office.world.volunteers["V3"])


def test_draft_takes_no_applications(session: Session, office: Office) -> None:
    """What was not approved is nobody's to see; when it recruits it is."""
    with pytest.raises(NotFound):
        ask(session, office, project=office.draft)
    for to, actor in (("submitted", "王"), ("approved", "李"), ("recruiting", "王")):
        office.step(session, to, actor=actor)

    row = ask(session, office, project=office.draft)

    assert row.state == "applied"
    assert [one.id for one in open_projects(session, now=office.noon, first=10)] == [office.draft, office.running]
    assert open_projects(session, now=office.noon + timedelta(days=200), first=10) == []


def test_anothers_application_is_not_there(session: Session, office: Office) -> None:
    """Another office answers nothing here."""
    row = ask(session, office)

    with pytest.raises(NotFound, match=f"application {row.id}"):
        answer(
            session,
            office.world.organisations["WEST"],
            row.id or 0,
            is_accepted=True,
            reason="",
            actor="x",
            now=office.noon,
        )


@pytest.mark.parametrize("who", [{}, {"volunteer_id": 1, "organisation_id": 1}])
def test_applicant_is_one(session: Session, office: Office, who: dict[str, Any]) -> None:
    """Neither nobody nor two."""
    with pytest.raises(WrongInput):
        apply(session, office.running, key="k", now=office.noon, **who)
