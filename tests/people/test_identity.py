"""Identity numbers are checked as the standard says, and never repeated in a fault."""

from datetime import date

import pytest

from timebank.people.identity import check_digit, read_identity

BODY = "31010719400101123"


@pytest.mark.parametrize(
    ("body", "digit"),
    [("11010519491231002", "X"), ("44052418800101001", "4"), (BODY, "X")],
    ids=["example of the standard", "second example", "synthetic"],
)
def test_check_digit_is_that_of_the_standard(body: str, digit: str) -> None:
    """GB 11643 prints numbers with their digits; ours agree."""
    assert check_digit(body) == digit


@pytest.mark.parametrize(
    ("number", "born_on", "gender"),
    [
        ("11010519491231002X", date(1949, 12, 31), "female"),
        ("11010519491231002x", date(1949, 12, 31), "female"),
        ("440524188001010014", date(1880, 1, 1), "male"),
    ],
)
def test_number_says_birth_and_gender(number: str, born_on: date, gender: str) -> None:
    """An import compares them with the other columns; a small x is an X."""
    assert read_identity(number) == (born_on, gender)


@pytest.mark.parametrize("digit", "0123456789")
def test_every_other_check_digit_is_refused(digit: str) -> None:
    """One wrong digit finds another person, or none."""
    with pytest.raises(ValueError, match="check digit does not fit"):
        read_identity(f"{BODY}{digit}")


@pytest.mark.parametrize("at", range(16))
def test_neighbours_changed_about_are_noticed(at: int) -> None:
    """The commonest slip of a hand that types."""
    body = "11010519491231002"
    swapped = body[:at] + body[at + 1] + body[at] + body[at + 2 :]

    assert check_digit(swapped) != "X" or body[at] == body[at + 1]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("", "17 digits and a check digit"),
        ("310107194001011", "17 digits and a check digit"),
        ("3101071940010112399", "17 digits and a check digit"),
        ("３１０１０７１９４００１０１１２３9", "17 digits and a check digit"),
        ("31010719400101A239", "17 digits and a check digit"),
        (f"{BODY[:6]}19401301123{check_digit(BODY[:6] + '19401301123')}", "is no day"),
        (f"{BODY[:6]}19400230123{check_digit(BODY[:6] + '19400230123')}", "is no day"),
        (f"{BODY[:6]}00000101123{check_digit(BODY[:6] + '00000101123')}", "is no day"),
    ],
)
def test_fault_says_what_is_wrong_and_not_whose(number: str, words: str) -> None:
    """The clerk learns what to look at; the number itself appears in no log."""
    with pytest.raises(ValueError, match=words) as caught:
        read_identity(number)

    assert not number or number[:17] not in str(caught.value)
