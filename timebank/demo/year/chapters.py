"""The chapters in the order in which a day is played."""

from timebank.demo.year.bridge import CHAPTER as BRIDGE
from timebank.demo.year.chapter import Chapter

CHAPTERS: tuple[Chapter, ...] = (BRIDGE,)
from timebank.demo.year import projects

CHAPTERS: tuple[Chapter, ...] = (projects.CHAPTER,)
