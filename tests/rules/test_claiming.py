"""A record of service becomes one thing, and the pack says which, until when, and what it counts for."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given

from tests.rules.test_properties import FEW, PACKS, services
from tests.rules.texts import line_of, with_rule
from timebank.rules.claiming import (
    choices,
    counts_for,
    decide_record,
    last_day_to_choose,
    record_by,
    waits_for_choice,
)
from timebank.rules.decision import Service, decide_earning, earning_by
from timebank.rules.earning import CAPS, facts_asked
from timebank.rules.known import CLAIMS, USES
from timebank.rules.pack import PackRefused, load_packs, pack_in_force, parse_pack

DAY = date(2026, 3, 2)
CASE = Service(day=DAY, giver_age=70, planned_min=30, served_min=60, evidence="paper")
ASKED = {"giver_gender", "giver_residence", "is_trained", "has_guardian", "stored_min"} | {fact for _, fact in CAPS}
MIXED = with_rule("record_becomes", '{ coin = [], honour = ["honour_level"] }', text=with_rule("claim_days", "14"))


@pytest.mark.parametrize("pack", load_packs(), ids=lambda pack: pack.name)
def test_shipped_packs_certify_what_was_served(pack: Any) -> None:
    """Whoever took coins served all the same; honour hours alone make no record of a volunteer."""
    counted = {(becomes, use) for becomes in choices(pack) for use in USES if counts_for(pack, becomes, use)}

    assert choices(pack) == CLAIMS
    assert counted == {(becomes, use) for becomes in CLAIMS for use in USES} - {("honour", "certificate")}
    assert pack.value("record_default") == "coin"


def test_what_a_pack_does_not_name_counts_for_nothing() -> None:
    """An old record that became what the pack no longer knows is not counted by guess."""
    pack = parse_pack(MIXED, file="mixed.toml")

    assert choices(pack) == ("coin", "honour")
    assert not counts_for(pack, "coin", "honour_level")
    assert not counts_for(pack, "volunteer_record", "certificate")


@pytest.mark.parametrize(
    ("today", "waits"),
    [(DAY, True), (date(2026, 3, 16), True), (date(2026, 3, 17), False)],
    ids=["the day itself", "the fourteenth day", "the day after"],
)
def test_unchosen_record_waits_for_its_giver(today: date, *, waits: bool) -> None:
    """Fourteen days are fourteen days, the last one whole."""
    assert waits_for_choice(parse_pack(MIXED, file="mixed.toml"), DAY, today) is waits


def test_without_days_only_the_credit_ends_the_choice() -> None:
    """The shipped packs know no period, so the hour is credited on its evening."""
    pack = pack_in_force(DAY)

    assert last_day_to_choose(pack, DAY) is None
    assert not waits_for_choice(pack, DAY, DAY)


@pytest.mark.parametrize(
    "change",
    [
        {"giver_age": 15},
        {"earn_numerator": 3},
        {"earned_on_day_min": 1440},
        {"is_group": True},
        {"stored_min": 60_000_000},
    ],
    ids=lambda change: next(iter(change)),
)
def test_time_counts_whoever_gave_it(change: dict[str, Any]) -> None:
    """Ages, ratios and caps are for coins; an hour of a pupil is an hour of honour."""
    assert decide_record(replace(CASE, **change)).minutes == decide_record(CASE).minutes == 45


def test_time_is_counted_as_the_pack_counts_it() -> None:
    """Tolerance, unit and share of evidence hold for a record too, and it says which of them shaped it."""
    half = with_rule("rounding_min", "30")
    shares = '{ app = "1/1", qr = "1/1", nfc = "1/1", landline = "1/1", paper = "1/2", witness = "0/1" }'
    pack = parse_pack(with_rule("evidence_share", shares, text=half), file="half.toml")

    decision = record_by(pack, CASE)

    assert (decision.kind, decision.minutes) == ("record", 15)
    assert decision.reasons == ("rounding_min", "tolerance_min", "evidence_share")


def test_default_is_something_a_record_can_become() -> None:
    """A pack that turns hours into what it does not know is refused with its line."""
    text = with_rule("record_default", '"volunteer_record"', text=MIXED)

    with pytest.raises(PackRefused, match=rf"line {line_of('record_default', text=text)}: .*coin, honour"):
        parse_pack(text, file="odd.toml")


@pytest.mark.parametrize(
    "value",
    ["{}", '{ star = ["certificate"] }', '{ coin = ["nothing"] }', '{ coin = "certificate" }', "3"],
)
def test_impossible_table_of_claims_is_refused(value: str) -> None:
    """The line, and what would be right."""
    with pytest.raises(PackRefused, match=r"it is a table with a list for one or more of coin, volunteer_record"):
        parse_pack(with_rule("record_becomes", value), file="odd.toml")


@FEW
@given(pack=PACKS, service=services())
def test_facts_that_no_rule_asks_for_change_nothing(pack: Any, service: Service) -> None:
    """Crediting tells a pack only what it asks for; nobody's residence is stored where no rule wants it."""
    spare = dict.fromkeys(ASKED - facts_asked(pack))

    fewer, whole = earning_by(pack, replace(service, **spare)), earning_by(pack, service)  # type: ignore[arg-type]  # facts by name

    assert (fewer.minutes, fewer.donate_min, fewer.findings) == (whole.minutes, whole.donate_min, whole.findings)


def test_packs_ask_for_what_they_decide_by() -> None:
    """Changning asks for nearly everything, Shanghai for next to nothing."""
    by_name = {pack.name: facts_asked(pack) for pack in load_packs()}

    assert by_name["shanghai-2026"] == set()
    assert by_name["nanjing-2019"] == {"stored_min"}
    assert by_name["beijing-2022"] == {"giver_residence", "is_trained", "has_guardian"}
    assert by_name["changning-2019"] == ASKED - {"has_guardian", "stored_min"}


def test_district_says_whose_rules_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """A district elsewhere names its jurisdiction once, and every decision follows and says it."""
    monkeypatch.setenv("TIMEBANK_JURISDICTION", "nanjing")

    decision = decide_earning(Service(day=DAY, giver_age=70, planned_min=9, served_min=9, evidence="app", stored_min=0))

    assert decision.pack == "nanjing-2019"
    assert '"jurisdiction":"nanjing"' in decision.inputs
