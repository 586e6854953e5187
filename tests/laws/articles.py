"""Which article an example stands under: its pack, its words as the source has them, and the rules it was read into."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TypeVar

Example = TypeVar("Example", bound=Callable[..., object])
EXAMPLES: dict[tuple[str, str], dict[str, str]] = {}
"""By pack and rule: the examples of it, each with the words it quotes."""


def article(pack: str, words: str, *rules: str) -> Callable[[Example], Example]:
    """Put an example under the words of a source, and under every rule of a pack that says them."""

    def mark(example: Example) -> Example:
        for rule in rules:
            EXAMPLES.setdefault((pack, rule), {})[example.__name__] = words
        return example

    return mark


def all_examples() -> dict[tuple[str, str], dict[str, str]]:
    """Return the examples of every file of this folder, whichever of them is run."""
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        import_module(f"{__package__}.{file.stem}")
    return EXAMPLES
