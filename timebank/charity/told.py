"""What the command line says of charity projects: lines in Chinese and English, of people by reference alone."""

from collections.abc import Iterator, Mapping, Sequence

from sqlmodel import Session, select

from timebank.charity.budget import lines_of, spoken_for
from timebank.charity.drafting import origin_of
from timebank.charity.files import Entry, Helped
from timebank.charity.life import stage_of, steps_of
from timebank.charity.outcome import Compared, Figure
from timebank.charity.shortage import Short
from timebank.charity.worth import Worth
from timebank.core.minutes import format_clock
from timebank.core.terminal import both
from timebank.core.texts import LOCALES, Locale, say
from timebank.needs.tables import Service
from timebank.people.tables import Area
from timebank.planning.project_places import Given, Left, given_reason
from timebank.projects.tables import Commitment, Contribution, Project, ProjectApplication

Names = Mapping[str, tuple[str, str]]


def yuan(cents: int) -> str:
    """Write cents as yuan."""
    return f"{cents / 100:,.2f}"


def of_step(number: int, before: str, after: str) -> Iterator[str]:
    """Say how a project moved, or that it is there already."""
    key = "charity_step_stays" if before == after else "charity_step"
    for locale in LOCALES:
        words = {"before": say(f"state_{before}", locale), "after": say(f"state_{after}", locale)}
        yield say(key, locale, number=number, **words)


def of_project(session: Session, project: Project) -> Iterator[str]:
    """Say how far a project has come, its steps and its budget."""
    stage, number = stage_of(session, project), project.id or 0
    for locale in LOCALES:
        title = project.title_zh if locale == "zh" else project.title_en or project.title_zh
        days = {"starts_on": project.starts_on, "ends_on": project.ends_on}
        yield say("charity_stage", locale, number=number, title=title, stage=say(f"state_{stage}", locale), **days)
    for step in steps_of(session, number):
        for locale in LOCALES:
            words = {"before": say(f"state_{step.from_stage}", locale), "after": say(f"state_{step.to_stage}", locale)}
            at = f"{step.taken_at:%Y-%m-%d %H:%M}"
            yield say("charity_step_line", locale, at=at, actor=step.actor, note=step.note, **words).rstrip()
    spoken = spoken_for(session, project)
    yield from both(
        "charity_budget",
        budget=yuan(spoken.budget_cents),
        lines=yuan(spoken.lines_cents),
        places=yuan(spoken.places_cents),
        left=yuan(spoken.left_cents),
    )
    for line in lines_of(session, number):
        amounts = {"planned": line.planned_cents, "committed": line.committed_cents, "spent": line.spent_cents}
        yield from both(
            "charity_line", code=line.code, name=line.name_zh, **{name: yuan(cents) for name, cents in amounts.items()}
        )


def of_commitment(row: Commitment) -> Iterator[str]:
    """Say what of a commitment is open and paid."""
    amounts = {"amount": row.amount_cents, "open": row.open_cents, "spent": row.spent_cents}
    yield from both("charity_commitment", number=row.id, **{name: yuan(cents) for name, cents in amounts.items()})


def of_contribution(row: Contribution) -> Iterator[str]:
    """Say what was brought; the donor is not named."""
    yield from both(
        "charity_received",
        number=row.id,
        what=row.what,
        quantity=row.quantity,
        unit=row.unit,
        value=yuan(row.value_cents),
    )


def of_application(row: ProjectApplication) -> Iterator[str]:
    """Say how an application stands."""
    for locale in LOCALES:
        state = say(f"application_{row.state}", locale)
        yield say("charity_applied", locale, number=row.id, state=state, reason=row.reason).rstrip()


def of_allocation(given: Sequence[Given], left: Sequence[Left]) -> Iterator[str]:
    """Say who was given a place and what spoke for them, and who was not and why."""
    for one in given:
        for locale in LOCALES:
            yield say(
                "charity_place",
                locale,
                day=one.day,
                clock=format_clock(one.starts_min),
                resource=one.resource,
                senior=one.senior_ref,
                reason=given_reason(one, locale),
            )
    for each in left:
        for locale in LOCALES:
            reason = each.zh if locale == "zh" else each.en
            yield say("charity_left", locale, senior=each.senior_ref, reason=reason)


def of_helped(found: Sequence[Helped]) -> Iterator[str]:
    """Say who was helped."""
    for one in found:
        words = {"senior": one.senior_ref, "things": one.things, "first": one.first_day, "last": one.last_day}
        yield from both("charity_helped", **words)


def of_file(entries: Sequence[Entry]) -> Iterator[str]:
    """Say what somebody was given, when and by whom."""
    for one in entries:
        yield from both("charity_entry", **one._asdict())


def service_names(session: Session) -> Names:
    """Return the names of every service in both languages, by code."""
    return {row.code: (row.name_zh, row.name_en) for row in session.exec(select(Service))}


def figure_name(figure: Figure, services: Names) -> tuple[str, str]:
    """Return what a figure is called in both languages."""
    name, _, what = figure.key.partition("/")
    zh, en = services.get(what, (what, what))
    return (
        say(f"outcome_{name}", "zh", service=zh),
        say(f"outcome_{name}", "en", service=en),
    )


def figure_value(figure: Figure) -> str:
    """Write a figure as people read it: money in yuan, minutes as hours."""
    if figure.value is None:
        return "—"
    by_unit = {"cents": yuan(figure.value), "min": f"{figure.value / 60:,.1f}"}
    return by_unit.get(figure.unit, f"{figure.value:,}")


def of_figure(figure: Figure, services: Names) -> Iterator[str]:
    """Say a figure with the key under which its rows are found, a line for each language."""
    for locale, name in zip(LOCALES, figure_name(figure, services), strict=True):
        unit = say(f"outcome_unit_{figure.unit}", locale) if figure.value is not None else ""
        yield f"  {figure.key}  {name} {figure_value(figure)} {unit}".rstrip()


def of_comparison(found: Sequence[Compared]) -> Iterator[str]:
    """Say what projects spent, whom they helped, and what a person helped cost."""
    for one in found:
        for locale in LOCALES:
            cost = say("charity_nobody", locale) if one.cost_cents is None else yuan(one.cost_cents)
            yield say(
                "charity_compared",
                locale,
                number=one.project.id,
                title=one.project.title_zh if locale == "zh" else one.project.title_en or one.project.title_zh,
                stage=say(f"state_{one.stage}", locale),
                persons=one.persons,
                spent=yuan(one.spent_cents),
                cost=cost,
            )


def of_shortage(found: Sequence[Short], worth: Sequence[Worth]) -> Iterator[str]:
    """Say what is missing where and why, and what one more would be worth; what is whole is left out."""
    by_place = {(one.street, one.service): one for one in worth}
    short = [row for row in found if row.unmet_min]
    if not short:
        yield from both("charity_no_short")
    for row in short:
        for locale in LOCALES:
            yield say(
                "charity_short",
                locale,
                street=row.street_zh if locale == "zh" else row.street_en,
                service=row.service_zh if locale == "zh" else row.service_en,
                needed=row.needed_min,
                served=row.served_min,
                planned=row.planned_min,
                unmet=row.unmet_min,
                needs=row.unmet,
            )
            for reason, minutes in row.by_reason.items():
                yield say("charity_why", locale, reason=say(f"reason_{reason}", locale), minutes=minutes)
            one = by_place.get((row.street, row.service))
            if one is not None:
                yield say("charity_worth", locale, gains=gains_said(one, locale), remedies=remedies_said(one, locale))


def gains_said(one: Worth, locale: Locale) -> str:
    """Say how many needs one more of each kind would meet."""
    said = [say(f"charity_gain_{kind}", locale, met=gain[1]) for kind, gain in one.gains.items()]
    return ("；" if locale == "zh" else "; ").join(said) or say("charity_none", locale)


def remedies_said(one: Worth, locale: Locale) -> str:
    """Say which changes would meet the needs that were tried, and how many of them."""
    said = [f"{say(f'charity_remedy_{kind}', locale)} {count}" for kind, count in one.remedies.items()]
    return ("；" if locale == "zh" else "; ").join(said) or say("charity_none", locale)


def of_draft(session: Session, project: Project) -> Iterator[str]:
    """Say what was drafted, and from which shortage."""
    words = {"budget": yuan(project.budget_cents), "starts_on": project.starts_on, "ends_on": project.ends_on}
    yield from both("charity_drafted", number=project.id, title=project.title_zh, **words)
    for row in origin_of(session, project.id or 0):
        area = session.get_one(Area, row.area_id)
        for locale in LOCALES:
            street = area.name_zh if locale == "zh" else area.name_en
            yield say(
                "charity_origin", locale, week=row.week, street=street, needed=row.needed_min, unmet=row.unmet_min
            )
