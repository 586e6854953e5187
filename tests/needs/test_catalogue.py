"""Every district starts with the standard services; its own changes to them stay."""

from sqlalchemy import Engine
from sqlmodel import Session, select

from tests.together import at_once
from timebank.needs.catalogue import STANDARD, ensure_services
from timebank.needs.tables import Service


def test_standard_services_are_made(session: Session) -> None:
    """An empty district can take its first need."""
    services = ensure_services(session)

    assert set(services) == {"greeting", "door_visit", "bath", "trip"} == {entry.code for entry in STANDARD}
    assert {service.code: service.served_by for service in services.values()} == {
        "greeting": "volunteer",
        "door_visit": "volunteer",
        "bath": "slot",
        "trip": "slot",
    }
    assert all(service.id and service.name_zh and service.name_en for service in services.values())


def test_asking_again_changes_nothing(session: Session) -> None:
    """A district that pays more for baths, or added a service, keeps both over every start."""
    first = ensure_services(session)
    first["bath"].minutes, first["bath"].earn_numerator = 90, 2
    session.add(Service(code="haircut", name_zh="理发", name_en="Haircut", served_by="volunteer", minutes=30))
    session.flush()
    session.expire_all()

    again = ensure_services(session)

    assert (again["bath"].minutes, again["bath"].earn_numerator) == (90, 2)
    assert set(again) == {"greeting", "door_visit", "bath", "trip", "haircut"}
    assert len(session.exec(select(Service)).all()) == 5


def test_two_starts_at_once_make_one_catalogue(engine: Engine) -> None:
    """The later of two processes finds the services of the earlier one, and no fault."""

    def numbers(session: Session) -> dict[str, int | None]:
        return {code: service.id for code, service in ensure_services(session).items()}

    first, second = at_once(engine, numbers, numbers)

    assert first == second


def test_hour_is_an_hour_unless_a_district_says_otherwise(session: Session) -> None:
    """One minute served is one minute of credit in every standard service."""
    ratios = {service.earn_numerator / service.earn_denominator for service in ensure_services(session).values()}

    assert ratios == {1.0}
