"""A month of an organisation's programmes as one HTML file that opens offline, Chinese first."""

from markupsafe import Markup

from timebank.core.clock import SHANGHAI
from timebank.programmes.month_report import Line, MonthReport
from timebank.reports.page import environment_of, in_both

COLUMNS = (
    "enrolled",
    "met",
    "due",
    "held",
    "rate",
    "phone",
    "door",
    "video",
    "missed",
    "unrecorded",
    "called_off",
    "hours",
)
CARE_COLUMNS = ("follow_ups", "in_time", "late", "open", "committee", "unwell")


def render_month(report: MonthReport) -> str:
    """Return the page as text."""
    total = report.total
    return (
        environment_of()
        .get_template("month.html.jinja")
        .render(
            report=report,
            name=in_both(report.name_zh, report.name_en),
            made_at=f"{report.made_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            tiles=_tiles(total),
            columns=COLUMNS,
            care_columns=CARE_COLUMNS,
            streets=[
                (in_both(one.area_zh, one.area_en), in_both(one.programme_zh, one.programme_en), one.line)
                for one in report.streets
            ],
            total=total,
            cell=cell,
            days=_days(report),
        )
    )


def cell(line: Line, column: str) -> str:
    """Write a figure of a line as people read it."""
    if column == "rate":
        return "—" if line.rate is None else f"{line.rate:.1%}"
    if column == "hours":
        return f"{line.served_min / 60:,.1f}"
    return f"{getattr(line, column):,}"


def _tiles(total: Line) -> list[tuple[str, str]]:
    """Key and value of the figures at the top."""
    return [(f"month_{column}", cell(total, column)) for column in ("met", "held", "rate", "missed", "open")]


def _days(report: MonthReport) -> list[tuple[str, Line, float, float, Markup]]:
    """Each day with the lengths of its bars (held, not held) in percent of the fullest day, and its weekday."""
    most = max((line.due for _, line in report.days), default=0) or 1
    return [
        (
            f"{day.month}-{day.day}",
            line,
            100 * line.held / most,
            100 * (line.due - line.held) / most,
            in_both("一二三四五六日"[day.weekday()], ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")[day.weekday()]),
        )
        for day, line in report.days
    ]
