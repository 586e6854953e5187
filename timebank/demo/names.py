"""Synthetic people: Chinese names, valid identity numbers, telephone numbers that reach nobody."""

from datetime import date

import numpy as np

from timebank.people.identity import check_digit

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕"
    "丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严"
)
GIVEN_FEMALE = "秀英芳娜敏静丽艳娟霞兰凤玉梅珍莲桂琴云洁萍红月香菊仙美华慧巧"
GIVEN_MALE = "伟强磊军洋勇杰涛明超国建德福林根宝祥荣生海山志文平龙良忠信义"


def name(random: np.random.Generator, *, female: bool) -> str:
    """Return a name of two or three characters."""
    given = GIVEN_FEMALE if female else GIVEN_MALE
    count = 1 if random.random() < 0.2 else 2
    return SURNAMES[random.integers(len(SURNAMES))] + "".join(given[random.integers(len(given))] for _ in range(count))


def identity_number(born_on: date, sequence: int, *, female: bool) -> str:
    """Return an identity number of the district with a right check digit; ``sequence`` keeps them apart."""
    order = sequence % 500 * 2 + (0 if female else 1)
    body = f"310107{born_on:%Y%m%d}{order:03d}"
    return body + check_digit(body)


def phone(sequence: int) -> str:
    """Return a number of the 170-0000 range, eleven digits; they are made up."""
    return f"1700{sequence:07d}"
