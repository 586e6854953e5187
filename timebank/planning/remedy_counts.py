"""Which changes would meet the unmet needs of a street and service, counted by kind: each is tried by the engine."""

from collections import Counter

import numpy as np
from sqlmodel import Session

from timebank.planning.reasons import AREA, SERVICE, Recalled, codes_of, what_would_meet


def remedies_there(session: Session, recalled: Recalled, *, street: str, service: str, most: int) -> dict[str, int]:
    """Count the kinds of the least changes that meet the first ``most`` unmet needs there, the most frequent first."""
    needs = recalled.problem.needs
    areas, services = codes_of(session, AREA), codes_of(session, SERVICE)
    area = [number for number, code in areas.items() if code == street]
    skill = [skill for number, skill in recalled.codes.skills.items() if services[number] == service]
    there = needs.ids[np.isin(needs.areas, area) & np.isin(needs.skills, skill)]
    unmet = np.intersect1d(there, recalled.answer.unmet.need_ids)[:most]
    kinds = Counter(one.kind for need in unmet.tolist() for one in what_would_meet(session, recalled, need))
    return dict(kinds.most_common())
