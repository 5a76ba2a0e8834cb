"""Crop: how little of a picture need be enlarged, when only the middle of the result is kept."""

from dataclasses import dataclass
from math import gcd

# Pixels beyond what is kept that are enlarged too, more than networks look at to any effect.
_MARGIN = 32


@dataclass(frozen=True, slots=True)
class Crop:
    """Pixels along one side.

    Attributes:
        start, length: what is taken of the picture.
        full: what that is enlarged to, by the same factor as the whole picture.
        skip: how many of those come before what is kept.
    """

    start: int
    length: int
    full: int
    skip: int


def middle(length: int, full: int, kept: int) -> Crop:
    """What is needed for the middle `kept` pixels of a side of `length` enlarged to `full`.

    It begins and ends where a pixel of the result does, so that none moves; where the factor is
    such that there is no place near for that, it is all.
    """
    skip = (full - kept) // 2
    common = gcd(length, full)
    # So many pixels of the picture are so many of the result.
    step, larger = length // common, full // common
    first = max(0, skip * length // full - _MARGIN) // step
    last = min(common, -(-(-(-(skip + kept) * length // full) + _MARGIN) // step))
    return Crop(
        start=first * step,
        length=(last - first) * step,
        full=(last - first) * larger,
        skip=skip - first * larger,
    )
