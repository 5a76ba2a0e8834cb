"""How large the results will be: --scale, --to or --long-edge in, a target for each picture out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagine.stages.enlargement import FACTORS
from imagine.stages.errors import UsageError

if TYPE_CHECKING:
    from imagine.stages.upscale.enlarge import Target

DEFAULT_FACTOR = 2


@dataclass(frozen=True, slots=True)
class Sizing:
    """The size that is wanted of every picture; exactly one of the three is set.

    Attributes:
        factor: times as wide and as high.
        exact: width and height, the picture's middle where the shapes differ.
        long_edge: pixels of the longer side.
    """

    factor: int | None = None
    exact: tuple[int, int] | None = None
    long_edge: int | None = None

    def target(self, size: tuple[int, int]) -> "Target":
        """What a picture of `size` is enlarged to.

        Raises:
            UsageError: the result would be too large.
        """
        from imagine.stages.upscale.enlarge import covering, scaled, to_long_edge

        if self.factor is not None:
            return scaled(size, self.factor)
        if self.exact is not None:
            return covering(size, self.exact)
        return to_long_edge(size, self.long_edge or 0)

    def is_reached(self, size: tuple[int, int], target: "Target") -> bool:
        """Whether nothing is to be done; an exact size is made by shrinking, too."""
        if self.exact is not None:
            return self.exact == size
        return target.full_width <= size[0] and target.full_height <= size[1]

    def label(self, target: "Target") -> str:
        """What the result's name says of its size: "4x", or "4096x4096"."""
        return f"{self.factor}x" if self.factor else f"{target.width}x{target.height}"

    def told(self) -> str:
        """As messages name it: "--to 4096x4096"."""
        if self.factor is not None:
            return f"--scale {self.factor}"
        if self.exact is not None:
            return f"--to {self.exact[0]}x{self.exact[1]}"
        return f"--long-edge {self.long_edge}"


def sizing_of(scale: int | None, to: str | None, long_edge: int | None) -> Sizing:
    """What the options ask for; twice the size where none is given.

    Raises:
        UsageError: more than one, or a value that is none.
    """
    given = {
        f"--scale {scale}": scale,
        f"--to {to}": to,
        f"--long-edge {long_edge}": long_edge,
    }
    told = [name for name, value in given.items() if value is not None]
    if len(told) > 1:
        raise UsageError(f"{' and '.join(told)} exclude each other; give one.")
    if to is not None:
        return Sizing(exact=_exact(to))
    if long_edge is not None:
        if long_edge < 1:
            raise UsageError(f"--long-edge {long_edge} is no length in pixels; give 1 or more.")
        return Sizing(long_edge=long_edge)
    factor = DEFAULT_FACTOR if scale is None else scale
    if factor not in FACTORS:
        raise UsageError(
            f"--scale {factor} is none of {', '.join(map(str, FACTORS))}; choose one, or give the "
            "size with --to or --long-edge."
        )
    return Sizing(factor=factor)


def _exact(text: str) -> tuple[int, int]:
    from imagine.stages.image import parse_size

    width, height = parse_size(text)
    if not (width and height):
        raise UsageError(f"--to {text} has a side of 0 pixels; give both from 1.")
    return width, height
