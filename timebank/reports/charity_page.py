"""A project's outcome, and what is missing in a week on a map, as HTML files that open offline, Chinese first."""

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup
from sqlmodel import Session

from timebank.charity.budget import lines_of, spoken_for
from timebank.charity.life import steps_of
from timebank.charity.outcome import Figure, Outcome
from timebank.charity.shortage import Short
from timebank.charity.told import figure_name, figure_value, gains_said, remedies_said, service_names, yuan
from timebank.charity.worth import Worth
from timebank.core.clock import SHANGHAI
from timebank.core.places import district_outline
from timebank.core.texts import LOCALES, catalogue, say
from timebank.reports.charts import REDS, Region, outline_map, shades
from timebank.reports.figures import Street
from timebank.reports.page import bilingual, environment_of, in_both

TILES = ("persons", "spent", "cost_per_person", "contributions", "handouts")


def render_outcome(session: Session, found: Outcome, *, now: datetime) -> str:
    """Return the page of a project's outcome as text; every figure has the key under which its rows are found."""
    project, services = found.project, service_names(session)
    number = project.id or 0
    spoken = spoken_for(session, project)
    return (
        environment_of()
        .get_template("outcome.html.jinja")
        .render(
            project=project,
            title=in_both(project.title_zh, project.title_en or project.title_zh),
            stage=in_both(*(say(f"state_{found.stage}", locale) for locale in LOCALES)),
            made_at=f"{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            tiles=[
                (key, figure_value(found[key]), bilingual(f"outcome_{key}", service=""), _unit(found[key]))
                for key in TILES
            ],
            figures=[
                (figure.key, in_both(*figure_name(figure, services)), figure_value(figure), _unit(figure), figure.parts)
                for figure in found.figures
            ],
            lines=[
                (line.name_zh, *(yuan(cents) for cents in (line.planned_cents, line.committed_cents, line.spent_cents)))
                for line in lines_of(session, number)
            ],
            spoken=[
                (key, yuan(cents))
                for key, cents in (
                    ("outcome_budget", spoken.budget_cents),
                    ("outcome_places", spoken.places_cents),
                    ("outcome_left", spoken.left_cents),
                )
            ],
            steps=[
                (
                    f"{step.taken_at.astimezone(SHANGHAI):%Y-%m-%d}",
                    in_both(*(say(f"state_{step.to_stage}", locale) for locale in LOCALES)),
                    step.actor,
                    step.note,
                )
                for step in steps_of(session, number)
            ],
        )
    )


def _unit(figure: Figure) -> Markup:
    return bilingual(f"outcome_unit_{figure.unit}")


def render_shortage(
    short: Sequence[Short], streets: Sequence[Street], worth: Sequence[Worth], *, title: str, now: datetime
) -> str:
    """Return the page of a week's shortage as text: a map by street, and what is missing, why and what would help.

    The map shows streets by their middle on a coarse grid; no home is on it.
    """
    by_place = {(one.street, one.service): one for one in worth}
    rows = sorted((row for row in short if row.unmet_min), key=lambda row: -row.unmet_min)
    return (
        environment_of()
        .get_template("shortage.html.jinja")
        .render(
            week=title,
            made_at=f"{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            tiles=[
                (f"short_{name}", _hours(sum(getattr(row, f"{name}_min") for row in short)))
                for name in ("needed", "served", "planned", "unmet")
            ],
            drawn=_map(short, streets),
            legend=shades(_by_street(short, streets), REDS),
            rows=[
                {
                    "street": in_both(row.street_zh, row.street_en),
                    "service": in_both(row.service_zh, row.service_en),
                    "hours": [_hours(minutes) for minutes in _minutes(row)],
                    "unmet": row.unmet,
                    "reasons": [
                        (reason_name(reason), _hours(minutes), 100 * minutes / row.unmet_min)
                        for reason, minutes in row.by_reason.items()
                    ],
                    "worth": _worth(by_place.get((row.street, row.service))),
                }
                for row in rows
            ],
            has_worth=bool(worth),
        )
    )


def reason_name(reason: str) -> Markup:
    """Return a reason in both languages; one without words stands for itself."""
    key = f"reason_{reason}"
    return bilingual(key) if key in catalogue() else in_both(reason, reason)


def _minutes(row: Short) -> tuple[int, int, int, int]:
    return row.needed_min, row.served_min, row.planned_min, row.unmet_min


def _hours(minutes: int) -> str:
    return f"{minutes / 60:,.1f}"


def _worth(one: Worth | None) -> Markup:
    if one is None:
        return in_both("", "")
    return in_both(*(f"{gains_said(one, locale)} · {remedies_said(one, locale)}" for locale in LOCALES))


def _by_street(short: Sequence[Short], streets: Sequence[Street]) -> list[int]:
    """Return hours missing by street, in the order of the streets."""
    return [round(sum(row.unmet_min for row in short if row.area_id == street.area_id) / 60) for street in streets]


def _map(short: Sequence[Short], streets: Sequence[Street]) -> Markup:
    regions = [
        Region(
            centre=street.centre,
            name_zh=street.name_zh.removesuffix("街道").removesuffix("新村"),
            name_en=street.name_en.removesuffix(" Xincun").removesuffix(" Road"),
            count=hours,
        )
        for street, hours in zip(streets, _by_street(short, streets), strict=True)
    ]
    if not regions:
        return Markup("")
    title = " / ".join(say("short_map", locale) for locale in LOCALES)
    drawn = outline_map(district_outline(), regions, title=title, colours=REDS)
    return Markup(drawn)  # noqa: S704  # made of numbers and escaped names alone
