"""Synthetic people have Chinese names, valid identity numbers, and telephones that reach nobody."""

import re
from datetime import date

import numpy as np
import pytest

from timebank.demo.names import identity_number, name, phone
from timebank.people.identity import read_identity


@pytest.mark.parametrize("female", [True, False])
def test_names_are_two_or_three_chinese_characters(*, female: bool) -> None:
    """Names go through forms, certificates and search as real ones do."""
    random = np.random.default_rng(1)

    names = {name(random, female=female) for _ in range(200)}

    assert len(names) > 100
    assert all(re.fullmatch(r"[\u4e00-\u9fff]{2,3}", one) for one in names)


@pytest.mark.parametrize(("female", "gender"), [(True, "female"), (False, "male")])
def test_identity_numbers_say_birth_and_gender(*, female: bool, gender: str) -> None:
    """Our own import would refuse a number that contradicts its holder, or whose check digit does not fit."""
    born_on = date(1941, 5, 17)

    numbers = [identity_number(born_on, sequence, female=female) for sequence in range(500)]

    assert len(set(numbers)) == 500
    assert {read_identity(number) for number in numbers} == {(born_on, gender)}


def test_telephones_have_eleven_digits_and_are_unlike() -> None:
    """A look-up by telephone must find one person."""
    phones = {phone(sequence) for sequence in range(0, 40_000, 97)}

    assert len(phones) == len(range(0, 40_000, 97))
    assert all(re.fullmatch(r"1700\d{7}", one) for one in phones)
