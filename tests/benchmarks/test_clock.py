"""Works are measured in turn, and compared within a round."""

from benchmarks.clock import Rounds


def test_rounds_change_who_begins() -> None:
    """Whoever always goes second finds warm caches, or a busy machine."""
    order: list[str] = []
    rounds = Rounds()

    for _ in range(2):
        rounds.play({"one": lambda: order.append("one"), "other": lambda: order.append("other")})

    assert order == ["one", "other", "other", "one"]


def test_ratio_is_taken_within_a_round() -> None:
    """A machine that is slow for one round is slow for both works of it."""
    rounds = Rounds()
    rounds.seconds = {"one": [1.0, 10.0, 4.0], "other": [2.0, 20.0, 4.0]}

    assert rounds.ratios("one", "other") == [0.5, 0.5, 1.0]
    assert rounds.median_s("one") == 4.0


def test_rounds_return_what_the_works_return() -> None:
    """Costs are compared on the very answers that were timed."""
    assert Rounds().play({"one": lambda: 1, "other": lambda: 2}) == {"one": 1, "other": 2}
