"""Identity numbers of residents (GB 11643): a check digit, and the birth and gender they say."""

from datetime import date
from typing import NamedTuple

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
"""ISO 7064 MOD 11-2, as GB 11643 uses it."""


class Said(NamedTuple):
    """What an identity number says of its holder."""

    born_on: date
    gender: str


def check_digit(body: str) -> str:
    """Return the check digit of the first 17 digits."""
    return CHECK_DIGITS[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]


def read_identity(number: str) -> Said:
    """Read an identity number of 18 places.

    Raises
    ------
    ValueError
        When its form, its date or its check digit does not fit. The number itself is never repeated.
    """
    body, last = number[:17], number[17:]
    if len(number) != 18 or not (body.isascii() and body.isdigit()):
        message = "An identity number has 17 digits and a check digit."
        raise ValueError(message)
    if check_digit(body) != last.upper():
        message = "The check digit does not fit."
        raise ValueError(message)
    try:
        born_on = date(int(body[6:10]), int(body[10:12]), int(body[12:14]))
    except ValueError:
        message = "The day of birth in places 7 to 14 is no day."
        raise ValueError(message) from None
    return Said(born_on, "male" if int(body[16]) % 2 else "female")
