"""The district as rows: a hundredth of the published people, all of its organisations, and nothing in clear."""

import re

import pytest
from sqlalchemy import Engine, text
from sqlmodel import select

from tests.demo.test_population import PUBLISHED
from timebank.core.database import transaction
from timebank.core.places import is_in_district
from timebank.needs.tables import Need, Service
from timebank.people.tables import Person, Senior, Volunteer, VolunteerSkill

UNSERVED_AREAS = (
    "SELECT COUNT(*) FROM area a WHERE level = 'subdistrict' AND 1 <> (SELECT COUNT(*) FROM organisation_area o "
    "JOIN organisation g ON g.id = o.organisation_id WHERE o.area_id = a.id AND g.kind = 'social_organisation')"
)
STRAY_NEEDS = (
    "SELECT COUNT(*) FROM need n JOIN senior s ON s.person_id = n.senior_id WHERE NOT EXISTS (SELECT 1 FROM "
    "organisation_area o WHERE o.organisation_id = n.organisation_id AND o.area_id = s.subdistrict_id)"
)
COUNTS = {
    "sub-districts": ("SELECT COUNT(*) FROM area WHERE level = 'subdistrict'", 10),
    "advice points": ("SELECT COUNT(*) FROM advice_point", 324),
    "charities": ("SELECT COUNT(*) FROM organisation WHERE kind = 'charity'", 12),
    "charities for seniors": ("SELECT COUNT(*) FROM organisation WHERE kind = 'charity' AND serves_seniors", 2),
    "social organisations": ("SELECT COUNT(*) FROM organisation WHERE kind = 'social_organisation'", 3),
    "charity offices": ("SELECT COUNT(*) FROM organisation WHERE kind = 'charity_office'", 1),
    "committees without a point": (
        "SELECT COUNT(*) FROM area WHERE level = 'committee' AND id NOT IN (SELECT area_id FROM advice_point)",
        0,
    ),
    "sub-districts of not just one organisation": (UNSERVED_AREAS, 0),
    "seniors away from their committee's sub-district": (
        "SELECT COUNT(*) FROM senior s JOIN area c ON c.id = s.committee_id WHERE c.parent_id <> s.subdistrict_id",
        0,
    ),
    "needs of another's area": (STRAY_NEEDS, 0),
    "people with the identity number of another": (
        "SELECT COUNT(*) - COUNT(DISTINCT identity_lookup) FROM person",
        0,
    ),
}


@pytest.mark.parametrize(("query", "count"), COUNTS.values(), ids=COUNTS)
def test_rows_hold_what_is_published(played: Engine, query: str, count: int) -> None:
    """Organisations and points do not shrink with the scale, and rows of one place belong together."""
    with transaction(played, read_only=True) as session:
        counted = session.connection().execute(text(query)).scalar_one()

    assert counted == count


def test_categories_hold_their_part_of_the_published_counts(played: Engine) -> None:
    """What is shown beside the published figures is counted from rows, and is a hundredth of them."""
    query = text("SELECT category, COUNT(*) FROM senior_category GROUP BY category")

    with transaction(played, read_only=True) as session:
        counts = {str(category): int(count) for category, count in session.connection().execute(query)}

    assert counts == {category: round(count / 100) for category, count in PUBLISHED.items()}


def test_needs_have_their_frequencies(played: Engine) -> None:
    """A greeting every two days, a visit at the door every week; a bath and a trip now and then."""
    query = (
        select(Service.code, Need.frequency_kind, Need.frequency_count, Need.minutes).select_from(Need).join(Service)
    )

    with transaction(played, read_only=True) as session:
        needs = [tuple(row) for row in session.exec(query)]

    assert {need: needs.count(need) for need in set(needs)} == {
        ("greeting", "every_n_days", 2, 10): 125,
        ("door_visit", "per_week", 1, 45): 6,
        ("bath", "per_month", 1, 60): 8,
        ("trip", "per_month", 1, 120): 6,
    }


def test_old_partners_greet_and_others_visit(played: Engine) -> None:
    """The two programmes have people of their own, each with the one skill that they were trained for."""
    query = select(Volunteer.external_ref, Service.code).select_from(Volunteer).join(VolunteerSkill).join(Service)

    with transaction(played, read_only=True) as session:
        skills = [(ref[0], code) for ref, code in session.exec(query)]

    assert {skill: skills.count(skill) for skill in set(skills)} == {("V", "greeting"): 24, ("D", "door_visit"): 4}


def test_every_home_is_in_the_district(played: Engine) -> None:
    """Rows say what the population said: homes of seniors and volunteers lie inside the outline."""
    with transaction(played, read_only=True) as session:
        homes = [*session.exec(select(Senior.lat_deg, Senior.lon_deg))]
        homes += [*session.exec(select(Volunteer.lat_deg, Volunteer.lon_deg))]

    assert len(homes) == 360 + 28
    assert all(is_in_district(lat, lon) for lat, lon in homes)


def test_people_have_chinese_names(played: Engine) -> None:
    """Every name opens with its key, and is Chinese."""
    with transaction(played, read_only=True) as session:
        names = list(session.exec(select(Person.name)))

    assert len(names) == 388
    assert all(re.fullmatch(r"[\u4e00-\u9fff]{2,3}", name) for name in names)


def test_nothing_that_identifies_lies_in_clear(played: Engine) -> None:
    """Whoever takes the file away reads no name, telephone, address or identity number."""
    stored = text("SELECT name, phone, address, identity_number FROM person ORDER BY id")
    said = select(Person.name, Person.phone, Person.address, Person.identity_number).order_by(Person.id)  # type: ignore[arg-type]  # SQLModel columns are SQL columns

    with transaction(played, read_only=True) as session:
        sealed = [bytes(field) for row in session.connection().execute(stored) for field in row]
        clear = [str(field).encode() for row in session.exec(said) for field in row]

    assert len(sealed) == len(clear) == 4 * 388
    assert not any(plain in field for plain, field in zip(clear, sealed, strict=True))
    assert len(set(sealed)) == len(sealed)
