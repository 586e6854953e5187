"""The chapters in the order in which a day is played."""

from timebank.demo.year.bookings import CHAPTER as BOOKINGS
from timebank.demo.year.bridge import CHAPTER as BRIDGE
from timebank.demo.year.calls import CHAPTER as CALLS
from timebank.demo.year.care import CHAPTER as CARE
from timebank.demo.year.chapter import Chapter
from timebank.demo.year.meters import CHAPTER as METERS
from timebank.demo.year.programmes import CHAPTER as PROGRAMMES
from timebank.demo.year.projects import CHAPTER as PROJECTS
from timebank.demo.year.registry import CHAPTER as REGISTRY

CHAPTERS: tuple[Chapter, ...] = (CARE, REGISTRY, PROGRAMMES, BOOKINGS, CALLS, METERS, BRIDGE, PROJECTS)
