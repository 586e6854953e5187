"""Numbers of services, languages and traits in one question: the engine knows them as bits of a set."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from matching.tables import MOST_SKILLS

MOST_BITS = 64
"""Languages and traits are a bit set in the engine."""


def words(text: str) -> set[str]:
    """Split languages, which are written with commas between, and now and then with blanks."""
    return {word for part in text.split(",") if (word := part.strip())}


@dataclass(frozen=True, slots=True)
class Codes:
    """Position of every service, language and trait that makes a difference.

    Raises
    ------
    ValueError
        When there are more than the engine tells apart.
    """

    services: tuple[int, ...]
    languages: tuple[str, ...]
    traits: tuple[str, ...]
    skills: dict[int, int] = field(init=False, repr=False)
    bits: dict[str, int] = field(init=False, repr=False)
    trait_bits: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Number them in their order."""
        for what, count, most in (
            ("services", len(self.services), MOST_SKILLS),
            ("languages that are wished", len(self.languages), MOST_BITS),
            ("traits that somebody minds", len(self.traits), MOST_BITS),
        ):
            if count > most:
                message = f"A plan tells at most {most} {what} apart, not {count}; plan for one organisation at a time."
                raise ValueError(message)
        object.__setattr__(self, "skills", {service: number for number, service in enumerate(self.services)})
        object.__setattr__(self, "bits", {word: 1 << number for number, word in enumerate(self.languages)})
        object.__setattr__(self, "trait_bits", {code: 1 << number for number, code in enumerate(self.traits)})

    def of_languages(self, text: str) -> int:
        """Return the set of languages in a text; those that nobody wishes make no difference."""
        return sum(self.bits.get(word, 0) for word in words(text))

    def of_services(self, services: Iterable[int]) -> int:
        """Return the set of services."""
        return sum(1 << self.skills[service] for service in set(services) if service in self.skills)

    def of_traits(self, traits: Iterable[str]) -> int:
        """Return the set of traits; those that nobody minds make no difference."""
        return sum(self.trait_bits.get(code, 0) for code in set(traits))
