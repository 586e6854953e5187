"""What the hours of givers look like when they cannot be: overlapping, too fast, always the same two.

Each pattern is one set-based query over the visits of some days and the group service between them; what it finds is
for a person to look at. Times of two grades of evidence come from two clocks, and get their slack.
"""

import math
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Date, Row, bindparam, text
from sqlmodel import Session

from timebank.visits.limits import Limits

METRES_A_DEGREE = 111_195
ROUNDING_S = 60
"""Sheets of paper tell whole minutes."""
EPOCH_S = {
    "sqlite": "CAST(strftime('%s', {}) AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM {}) AS BIGINT)",
}
DAY_S = {
    "sqlite": "CAST(strftime('%s', {}) AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM CAST({} AS timestamp)) AS BIGINT)",
}
SHANGHAI_S = 8 * 3600
"""A day begins there so many seconds before it does in UTC, summer and winter."""
PLACE = """
    COALESCE((SELECT h.{0} FROM home_before h WHERE h.senior_id = s.person_id AND h.until_at > v.checked_in_at
              ORDER BY h.until_at LIMIT 1), s.{0})"""
STINT = """
stint AS MATERIALIZED (
    SELECT 'v' || v.id AS ref, v.id AS visit_id, v.volunteer_id AS giver_id, n.senior_id, v.day, v.evidence,
        {begins} AS begins_s, {ends} AS ends_s, {lat} AS lat_deg, {lon} AS lon_deg
    FROM visit v JOIN need n ON n.id = v.need_id JOIN senior s ON s.person_id = n.senior_id
    WHERE v.day >= :from_day AND v.day < :to_day AND v.checked_out_at IS NOT NULL
        AND v.status IN ('checked_out', 'confirmed', 'disputed')
    UNION ALL
    SELECT 'g' || g.id, NULL, p.volunteer_id, NULL, g.day, g.evidence,
        {day} + p.began_min * 60, {day} + (p.began_min + p.served_min) * 60, NULL, NULL
    FROM group_service g JOIN group_giver p ON p.group_id = g.id
    WHERE g.day >= :from_day AND g.day < :to_day AND p.served_min > 0
        AND g.status IN ('held', 'confirmed', 'disputed')
)"""
OVERLAPS = """
, inside AS MATERIALIZED (
    SELECT * FROM (
        SELECT stint.*, MAX(ends_s) OVER (PARTITION BY giver_id ORDER BY begins_s, ref
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until_s
        FROM stint) t
    WHERE begins_s < until_s
)
, shared AS (
    SELECT b.giver_id, b.day, b.visit_id, a.ref AS first, b.ref AS second,
        CASE WHEN a.ends_s < b.ends_s THEN a.ends_s ELSE b.ends_s END - b.begins_s AS shared_s,
        CASE WHEN a.evidence = b.evidence THEN 0 ELSE CAST(:slack_s AS BIGINT) END AS slack_s
    FROM inside b JOIN stint a ON a.giver_id = b.giver_id AND a.ends_s > b.begins_s
        AND (a.begins_s < b.begins_s OR (a.begins_s = b.begins_s AND a.ref < b.ref))
)
SELECT * FROM shared WHERE shared_s >= CAST(:least_s AS BIGINT) + slack_s
ORDER BY day, giver_id, first, second LIMIT :most"""
SPEEDS = """
, gone AS (
    SELECT giver_id, day, visit_id, ref AS second, begins_s, lat_deg, lon_deg, evidence,
        LAG(ref) OVER w AS first, LAG(ends_s) OVER w AS left_s, LAG(lat_deg) OVER w AS from_lat,
        LAG(lon_deg) OVER w AS from_lon, LAG(evidence) OVER w AS from_evidence
    FROM stint WINDOW w AS (PARTITION BY giver_id ORDER BY begins_s, ref)
)
, way AS (
    SELECT giver_id, day, visit_id, first, second,
        begins_s - left_s AS gap_s,
        CAST(:rounding_s AS BIGINT) + CASE WHEN evidence = from_evidence THEN 0 ELSE :slack_s END AS slack_s,
        (lat_deg - from_lat) * (lat_deg - from_lat) * :lat_m * :lat_m
            + (lon_deg - from_lon) * (lon_deg - from_lon) * :lon_m * :lon_m AS square_m
    FROM gone WHERE begins_s >= left_s AND lat_deg IS NOT NULL AND from_lat IS NOT NULL
)
SELECT * FROM way
WHERE square_m > :least_m * :least_m AND square_m > (gap_s + slack_s) * (gap_s + slack_s) * :m_per_s * :m_per_s
ORDER BY day, giver_id, first, second LIMIT :most"""
PAIRS = """
, met AS (SELECT giver_id, senior_id, COUNT(*) AS visits, MAX(day) AS day, MAX(visit_id) AS visit_id
          FROM stint WHERE senior_id IS NOT NULL GROUP BY giver_id, senior_id)
, shares AS (SELECT met.*, SUM(visits) OVER (PARTITION BY giver_id) AS given,
                 SUM(visits) OVER (PARTITION BY senior_id) AS taken FROM met)
SELECT * FROM shares
WHERE visits >= :visits AND visits * 100 >= :share * given AND visits * 100 >= :share * taken
ORDER BY visits DESC, giver_id, senior_id LIMIT :most"""


class Found(NamedTuple):
    """A finding: of which kind, its key, whom and which visit it is about, and its numbers."""

    kind: str
    key: str
    giver_id: int
    visit_id: int | None
    day: date
    numbers: dict[str, Any]


def overlaps(session: Session, from_day: date, to_day: date, limits: Limits) -> Iterator[Found]:
    """Yield visits of one giver that share minutes."""
    parts = {"slack_s": limits.clock_slack_min * 60, "least_s": limits.overlap_min * 60}
    for row in _rows(session, OVERLAPS, from_day, to_day, limits, parts):
        numbers = {"first": row.first, "second": row.second, "shared_min": row.shared_s // 60}
        yield _found("overlap", f"overlap:{row.first}:{row.second}", row, numbers)


def speeds(session: Session, from_day: date, to_day: date, limits: Limits) -> Iterator[Found]:
    """Yield visits that follow each other faster than anybody gets from home to home."""
    middle = session.connection().execute(text("SELECT AVG(lat_deg) FROM senior")).scalar()
    parts = {
        "slack_s": limits.clock_slack_min * 60,
        "rounding_s": ROUNDING_S,
        "lat_m": float(METRES_A_DEGREE),
        "lon_m": METRES_A_DEGREE * math.cos(math.radians(middle or 0.0)),
        "least_m": float(limits.speed_least_m),
        "m_per_s": limits.speed_km_per_h / 3.6,
    }
    for row in _rows(session, SPEEDS, from_day, to_day, limits, parts):
        numbers = {
            "first": row.first,
            "second": row.second,
            "distance_m": round(math.sqrt(row.square_m)),
            "gap_min": row.gap_s // 60,
            "allowed_km_per_h": limits.speed_km_per_h,
        }
        yield _found("speed", f"speed:{row.first}:{row.second}", row, numbers)


def pairs(session: Session, from_day: date, to_day: date, limits: Limits) -> Iterator[Found]:
    """Yield two who hardly meet anybody else; the key is theirs, so that they are listed once."""
    parts = {"visits": limits.pair_visits, "share": limits.pair_share_percent}
    for row in _rows(session, PAIRS, from_day, to_day, limits, parts):
        numbers = {
            "senior_id": row.senior_id,
            "visits": row.visits,
            "of_giver": int(row.given),
            "of_served": int(row.taken),
        }
        yield _found("pair", f"pair:{row.giver_id}:{row.senior_id}", row, numbers)


def stints(dialect: str) -> str:
    """Return the SQL of every stretch of service of some days, with its seconds and its place."""
    epoch, day = EPOCH_S[dialect], DAY_S[dialect].format("g.day")
    return STINT.format(
        begins=epoch.format("v.checked_in_at"),
        ends=epoch.format("v.checked_out_at"),
        lat=PLACE.format("lat_deg"),
        lon=PLACE.format("lon_deg"),
        day=f"({day} - {SHANGHAI_S})",
    )


def _rows(
    session: Session, query: str, from_day: date, to_day: date, limits: Limits, parts: dict[str, Any]
) -> list[Row[Any]]:
    connection = session.connection()
    asked = text(f"WITH {stints(connection.dialect.name)}{query}").bindparams(
        bindparam("from_day", type_=Date), bindparam("to_day", type_=Date)
    )
    values = {"from_day": from_day, "to_day": to_day, "most": limits.findings} | parts
    return list(connection.execute(asked.columns(day=Date), values))


def _found(kind: str, key: str, row: Row[Any], numbers: dict[str, Any]) -> Found:
    return Found(kind, key, row.giver_id, row.visit_id, row.day, numbers)
