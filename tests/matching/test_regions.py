"""A city in areas: nothing is lost by cutting, whatever the executor, and rounds only make it better."""

from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from matching.columns import Floats, Ints
from matching.flow import rooms, solve
from matching.network import UNPAIRED, Network, faults, rank
from matching.regions import AreaAnswer, Cut, cut_areas, solve_in_areas

NOTHING = np.empty(0, dtype=np.int64)


def answer_of(chosen: Ints) -> AreaAnswer:
    """Say nothing of what a left is worth."""
    return AreaAnswer(chosen=chosen, multipliers=np.zeros(len(chosen), dtype=np.int64))


def by_flow(network: Network, current: Ints, seed: int) -> AreaAnswer:
    """Solve an area of equal loads exactly."""
    room_counts = rooms(network)
    if room_counts is None:
        message = f"Area {seed} has unlike loads."
        raise ValueError(message)
    return answer_of(solve(network, room_counts))


def nobody(network: Network, current: Ints, seed: int) -> AreaAnswer:
    """Pair nobody, whatever the seed."""
    return answer_of(np.full(network.left_count, UNPAIRED, dtype=np.int64))


def everybody(network: Network, current: Ints, seed: int) -> AreaAnswer:
    """Break every capacity."""
    first = np.full(network.left_count, UNPAIRED, dtype=np.int64)
    first[network.lefts[::-1]] = np.arange(len(network.lefts))[::-1]
    return answer_of(first)


def town(*, lefts: int = 400, rights: int = 80, seed: int = 1) -> tuple[Network, Floats]:
    """Return a town of equal loads: every left may go to its ten nearest rights; and the places of the rights."""
    random = np.random.default_rng(seed)
    homes, starts = random.uniform(0, 5_000, (lefts, 2)), random.uniform(0, 5_000, (rights, 2))
    metres = np.hypot(*(homes[:, None] - starts[None]).transpose(2, 0, 1))
    reach = min(10, rights)
    nearest = np.argsort(metres, axis=1)[:, :reach]
    left = np.repeat(np.arange(lefts), reach)
    right = nearest.reshape(-1)
    network = Network(
        lefts=left,
        rights=right,
        costs=np.rint(metres[left, right]).astype(np.int64),
        weights_min=np.full(len(left), 30),
        penalties=np.full(lefts, 20_000),
        tiers=np.zeros(lefts, dtype=np.int64),
        capacities_min=np.full(rights, 180),
        max_lefts=np.full(rights, 6),
    )
    return network, starts


@pytest.mark.parametrize("areas", [1, 2, 8])
def test_cutting_loses_little(areas: int) -> None:
    """One area is the whole; eight lose at most one per cent in four rounds, and every rule holds."""
    network, places = town(lefts=2_000, rights=400)
    whole = rank(network, by_flow(network, NOTHING, 0).chosen)

    with ThreadPoolExecutor(2) as executor:
        joined = solve_in_areas(network, places, Cut(areas=areas, rounds=4), by_flow, executor=executor)

    assert faults(network, joined.chosen) == ()
    assert whole[-1] <= joined.rank[-1] <= whole[-1] * 1.01
    assert areas > 1 or joined.rank == whole


def test_rounds_never_lose() -> None:
    """Each round keeps an area's answer only where it is better."""
    network, places = town(seed=2)

    with ThreadPoolExecutor(2) as executor:
        joined = solve_in_areas(network, places, Cut(areas=8, rounds=5), by_flow, executor=executor)

    assert list(joined.ranks_by_round) == sorted(joined.ranks_by_round, reverse=True)
    assert joined.ranks_by_round[-1] < joined.ranks_by_round[0]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_answer_does_not_depend_on_workers(kind: type[Executor], workers: int) -> None:
    """One thread, two threads, one process, two processes: the same pairs."""
    network, places = town(lefts=120, rights=30)
    with ThreadPoolExecutor(1) as executor:
        expected = solve_in_areas(network, places, Cut(areas=4), by_flow, executor=executor).chosen

    with kind(workers) as executor:  # type: ignore[call-arg]  # both take a number of workers
        found = solve_in_areas(network, places, Cut(areas=4), by_flow, executor=executor).chosen

    assert found.tolist() == expected.tolist()


def test_areas_are_even_and_turn() -> None:
    """Areas of a round have equal numbers of rights, and the next round cuts elsewhere."""
    _, places = town(rights=64)

    first, second = (cut_areas(places, Cut(areas=4), number) for number in (0, 2))

    assert np.bincount(first).tolist() == [16, 16, 16, 16]
    assert first.tolist() != second.tolist()


def test_preset_pairs_stay() -> None:
    """A pair that was set beforehand stands after every round."""
    network, places = town(lefts=60, rights=20)
    last = np.flatnonzero(network.lefts == 0)[-1:]
    preset = Network(**{name: getattr(network, name) for name in COLUMNS} | {"fixed": last})

    with ThreadPoolExecutor(1) as executor:
        joined = solve_in_areas(preset, places, Cut(areas=4), by_fixed_flow, executor=executor)

    assert joined.chosen[0] == last[0]


COLUMNS = ("lefts", "rights", "costs", "weights_min", "penalties", "tiers", "capacities_min", "max_lefts")


def by_fixed_flow(network: Network, current: Ints, seed: int) -> AreaAnswer:
    """Solve an area with pairs set beforehand: the rest by flow."""
    rest, arcs = network.free()
    chosen = by_flow(rest, current, seed).chosen
    answer = np.where(chosen == UNPAIRED, UNPAIRED, np.append(arcs, UNPAIRED)[chosen])
    answer[network.lefts[network.fixed]] = network.fixed
    return answer_of(answer)


def test_wrong_answer_of_an_area_is_found() -> None:
    """A solver's answer is never believed."""
    network, places = town(lefts=120, rights=4)

    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="breaks a rule: right"):
        solve_in_areas(network, places, Cut(areas=2), everybody, executor=executor)


def test_worse_answer_is_not_kept() -> None:
    """A solver that pairs nobody leaves what stands: here nobody, at the cost of the penalties."""
    network, places = town(lefts=10, rights=4)

    with ThreadPoolExecutor(1) as executor:
        joined = solve_in_areas(network, places, Cut(areas=2), nobody, executor=executor)

    assert joined.rank == (200_000,)


def test_cancelled_after_a_round() -> None:
    """Whoever asks to stop gets what was reached so far; progress is told to the end of that round."""
    network, places = town(lefts=60, rights=20)
    told: list[float] = []

    with ThreadPoolExecutor(1) as executor:
        joined = solve_in_areas(
            network, places, Cut(areas=2), by_flow, executor=executor, progress=told.append, is_cancelled=lambda: True
        )

    assert len(joined.ranks_by_round) == 1
    assert told == pytest.approx([1 / 6, 1 / 3])


def test_empty_city_is_solved() -> None:
    """No lefts, no rights, nothing to lose."""
    nothing = np.empty(0, dtype=np.int64)
    network = Network(**dict.fromkeys(COLUMNS, nothing))

    with ThreadPoolExecutor(1) as executor:
        joined = solve_in_areas(network, np.empty((0, 2)), Cut(areas=4), by_flow, executor=executor)

    assert joined.rank == (0,)


def test_absurd_cut_is_refused() -> None:
    """Areas are halves of halves; places and rights are equal in number."""
    network, places = town(lefts=10, rights=4)

    with pytest.raises(ValueError, match="1, 2, 4, 8"):
        Cut(areas=3)
    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="Places of 4 rights"):
        solve_in_areas(network, places[:2], Cut(areas=2), by_flow, executor=executor)
