"""What a holder of tokens may still ask: a bucket of points that fills by itself and that every call takes from.

One statement fills the bucket up to the moment and takes from it, or finds that there is too little; so two workers at
once never give out more than there is. Points are kept in thousandths, so that whole milliseconds fill whole ones.
"""

from typing import NamedTuple

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from timebank.core.columns import big_int

THOUSANDTHS = 1000


class CallBucket(SQLModel, table=True):
    """Points that are left to a holder, in thousandths, and when that was."""

    __tablename__ = "call_bucket"
    __table_args__ = (CheckConstraint("left_milli >= 0 AND at_ms >= 0", name="amounts"),)

    holder: str = Field(max_length=40, primary_key=True)
    left_milli: int = big_int()
    at_ms: int = big_int()


class Bucket(NamedTuple):
    """How much a bucket holds at most, in points, and how many of them come back each second."""

    most: int
    rate_per_s: int


FULL = "call_bucket.left_milli + CASE WHEN :now > call_bucket.at_ms THEN (:now - call_bucket.at_ms) * :rate ELSE 0 END"
LEFT = f"CASE WHEN {FULL} > :most THEN :most ELSE {FULL} END"
LATER = "CASE WHEN :now > call_bucket.at_ms THEN :now ELSE call_bucket.at_ms END"
TAKE = (
    "INSERT INTO call_bucket (holder, left_milli, at_ms) VALUES (:holder, :most - :cost, :now)"
    f" ON CONFLICT (holder) DO UPDATE SET left_milli = {LEFT} - :cost, at_ms = {LATER} WHERE {LEFT} >= :cost"
    " RETURNING left_milli"
)
"""Take what a call costs; no row when there is too little."""
BACK = (
    "UPDATE call_bucket SET left_milli = CASE WHEN left_milli + :back > :most THEN :most"
    " WHEN left_milli + :back < 0 THEN 0 ELSE left_milli + :back END WHERE holder = :holder RETURNING left_milli"
)
"""Give back what was not used; what was used beyond is taken, down to nothing."""
LOOK = f"SELECT {LEFT} FROM call_bucket WHERE holder = :holder"
