"""A call finds the nearest able person at once, and the index follows who moves, comes and goes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.dispatch import Call, Responders
from matching.tables import Gender, Volunteers

HERE = Call(lat_deg=31.25, lon_deg=121.4, skill=2, weekday=0, minute=600)


def people(count: int, *, seed: int = 1) -> Volunteers:
    """Return volunteers round the place of the call, all able and free all day."""
    random = np.random.default_rng(seed)
    return Volunteers(
        ids=np.arange(1, count + 1),
        lats_deg=31.25 + random.uniform(-0.02, 0.02, count),
        lons_deg=121.4 + random.uniform(-0.02, 0.02, count),
        areas=np.ones(count, dtype=np.int64),
        skills=np.full(count, 0b100, dtype=np.uint64),
        languages=np.ones(count, dtype=np.uint64),
        genders=random.integers(1, 3, count),
        weekdays=np.full(count, 127),
        window_starts_min=np.full(count, 480),
        window_ends_min=np.full(count, 1080),
        max_needs=np.full(count, 5),
        weekly_caps_min=np.full(count, 300),
    )


@settings(max_examples=30, deadline=None)
@given(count=st.integers(0, 60), seed=st.integers(0, 1_000), asked=st.integers(1, 8))
def test_nearest_come_first(count: int, seed: int, asked: int) -> None:
    """The answer is what sorting everyone by metres gives."""
    who = people(count, seed=seed)
    north = (who.lats_deg - 31.25) * 111_195
    east = (who.lons_deg - 121.4) * 111_195 * np.cos(np.radians(31.25))
    by_hand = np.argsort(np.hypot(north, east), kind="stable")[:asked]

    found = Responders(who).nearest(HERE, count=asked)

    metres = [responder.distance_m for responder in found]
    assert metres == sorted(metres)
    assert {responder.volunteer_id for responder in found} == set(who.ids[by_hand].tolist())


UNABLE: dict[str, dict[str, float]] = {
    "skill": {"skills": 0b011},
    "weekday": {"weekdays": 0b1111110},
    "hours": {"window_starts_min": 601},
    "end": {"window_ends_min": 629},
    "gender": {"genders": 1},
    "language": {"languages": 0b10},
    "trait": {"traits": 0b10},
    "refusal": {"refuses": 0b1},
    "place": {"lats_deg": 31.31},
}


@pytest.mark.parametrize("reason", UNABLE)
def test_who_cannot_come_is_not_called(reason: str) -> None:
    """Each rule takes away the nearest person, and the next one is called."""
    call = replace(HERE, gender=Gender.MALE, languages=0b1, refuses=0b10, traits=0b1)
    near = {"lats_deg": 31.2501, "lons_deg": 121.4001, "genders": 2}
    who = people(2)
    able = replace(who, **{name: np.full(2, value) for name, value in near.items()})
    changed = {name: with_first(getattr(able, name), value) for name, value in UNABLE[reason].items()}

    found = Responders(replace(able, **changed)).nearest(call)  # type: ignore[arg-type]  # columns by name

    assert [responder.volunteer_id for responder in Responders(able).nearest(call)] == [1, 2]
    assert [responder.volunteer_id for responder in found] == [2]


def with_first(
    column: "np.ndarray[tuple[int], np.dtype[np.float64]]", value: float
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return the column with its first value changed."""
    changed = column.copy()
    changed[0] = value
    return changed


def test_required_trait_is_asked_for() -> None:
    """Who has no health certificate does not answer where one is needed."""
    who = replace(people(2), traits=np.array([0b01, 0b11], dtype=np.uint64))

    found = Responders(who).nearest(replace(HERE, requires=0b10))

    assert [responder.volunteer_id for responder in found] == [2]


def test_index_follows_changes() -> None:
    """Busy, free again, moved, gone and new: each is seen by the next question."""
    index = Responders(people(3))
    first = index.nearest(HERE)[0].volunteer_id

    index.set_free(first, is_free=False)
    assert first not in [one.volunteer_id for one in index.nearest(HERE)]
    index.set_free(first, is_free=True)
    last = index.nearest(HERE)[-1].volunteer_id
    index.move(last, 31.25, 121.4)
    assert index.nearest(HERE)[0].volunteer_id == last
    index.leave(last)
    assert last not in [one.volunteer_id for one in index.nearest(HERE)]
    index.join(replace(people(1), ids=np.array([9]), lats_deg=np.array([31.25]), lons_deg=np.array([121.4])))
    assert (index.nearest(HERE)[0].volunteer_id, index.nearest(HERE)[0].distance_m, len(index)) == (9, 0, 3)


def test_asked_ones_are_not_asked_again() -> None:
    """Who declined is passed over, and the next ones behind are called."""
    index = Responders(people(6))
    first, second = (one.volunteer_id for one in index.nearest(HERE, count=2))

    found = index.nearest(replace(HERE, not_ids=(first,)), count=1)

    assert found[0].volunteer_id == second


@pytest.mark.parametrize(
    ("change", "right"),
    [
        ({"lat_deg": float("nan")}, "place on the map"),
        ({"skill": 64}, "numbered 0 to 63"),
        ({"minute": 1440}, "minute of the day"),
    ],
)
def test_absurd_call_is_refused(change: dict[str, float], right: str) -> None:
    """What cannot be is said in words, without the caller's place."""
    with pytest.raises(ValueError, match=right):
        replace(HERE, **change)  # type: ignore[arg-type]  # wrong on purpose


def test_unknown_person_is_said() -> None:
    """A change to somebody who is not there is a mistake of the caller; nobody can be taken in twice."""
    index = Responders(people(1))

    with pytest.raises(ValueError, match="7 is not in the index"):
        index.move(7, 31.25, 121.4)
    with pytest.raises(ValueError, match="1 is in the index already"):
        index.join(people(1))
