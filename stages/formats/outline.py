"""Outline: what a picture file says of itself without being decoded."""

from dataclasses import dataclass

CUT = "it ends in the middle"


@dataclass(frozen=True, slots=True)
class Outline:
    """Read by `outline_of` of each format's module.

    Attributes:
        width, height: pixels.
        signed: it carries a C2PA manifest.
    """

    width: int
    height: int
    signed: bool
