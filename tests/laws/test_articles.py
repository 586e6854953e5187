"""Every rule that a pack has from a source is shown by an example, under the words of that source."""

from tests.laws.articles import all_examples
from timebank.rules.pack import load_packs


def test_every_sourced_rule_has_an_example() -> None:
    """A rule that is read into a pack tomorrow is shown from a visit to a balance, or it is not told as law."""
    sourced = {
        (pack.name, name) for pack in load_packs() for name, rule in pack.rules.items() if rule.status == "sourced"
    }

    assert set(all_examples()) == sourced


def test_examples_quote_the_source_as_the_pack_does() -> None:
    """Who reads an example reads the article that decides, and not what it said before it was corrected."""
    sources = {(pack.name, name): rule.source for pack in load_packs() for name, rule in pack.rules.items()}

    quoted = {key: set(examples.values()) for key, examples in all_examples().items()}

    assert quoted == {key: {sources[key]} for key in quoted}
