"""The district as bare columns is the same wherever it is made."""

from benchmarks.instances import district


def test_instance_is_of_its_seed() -> None:
    """A figure can be measured again only on the same district."""
    same = district(seniors=50, volunteers=10, seed=3).to_json()

    assert district(seniors=50, volunteers=10, seed=3).to_json() == same
    assert district(seniors=50, volunteers=10, seed=4).to_json() != same
