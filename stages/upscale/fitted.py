"""Fitted: any function that enlarges pictures in, a Network that takes tiles of any size out.

What a user's model expects is found by trying it: how much it enlarges, and how many pixels its
convolutions eat at the borders.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagine.stages.errors import LocalBackendError, UsageError

if TYPE_CHECKING:
    from imagine.stages.upscale.network import Tile

    # (channels, rows, columns) in and out, of as many channels as the model has.
    Evaluate = Callable[[Tile], Tile]

# Sides of squares to try a model with: small ones, as a slow model takes half a second for 48, and
# others for models that need more around a pixel.
_TRIED = ((16, 32), (96, 112))
MAX_FACTOR = 16


@dataclass(frozen=True, slots=True)
class Fit:
    """How a model changes a picture's size.

    Attributes:
        factor: how many times as wide and as high.
        lost: pixels of the result that are missing at each border.
    """

    factor: int
    lost: int = 0


@dataclass(frozen=True, slots=True)
class FittedNetwork:
    """A Network of a model: see imagine.stages.upscale.network.

    Attributes:
        evaluate: the model itself.
        fit: how it changes sizes.
        side: rows and columns that it takes, no others, or None for any.
        multiple: of which rows and columns must be.
    """

    evaluate: "Evaluate"
    fit: Fit
    halo: int
    feather: int
    threads: int
    side: int | None = None
    multiple: int = 1

    @property
    def factor(self) -> int:
        return self.fit.factor

    def run(self, tile: "Tile") -> "Tile":
        """As the protocol says.

        Raises:
            LocalBackendError: the model failed, or gives another size than it did when tried.
        """
        import numpy as np

        rows, columns = tile.shape[1:]
        filled = np.pad(tile, ((0, 0), self._missing(rows), self._missing(columns)), "edge")
        whole = self._evaluated(np.ascontiguousarray(filled))
        border = self.halo * self.factor - self.fit.lost
        height = (rows - 2 * self.halo) * self.factor
        width = (columns - 2 * self.halo) * self.factor
        return np.ascontiguousarray(whole[:, border : border + height, border : border + width])

    def _missing(self, length: int) -> tuple[int, int]:
        """How many pixels to repeat after the last, for a length that the model takes."""
        return (0, self.side - length if self.side else -length % self.multiple)

    def _evaluated(self, part: "Tile") -> "Tile":
        result = self.evaluate(part)
        expected = [side * self.factor - 2 * self.fit.lost for side in part.shape[1:]]
        if list(result.shape) != [len(part), *expected]:
            raise LocalBackendError(
                f"The model made {_shown(result.shape)} of {_shown(part.shape)}, and not "
                f"{_shown((len(part), *expected))}; use another model."
            )
        return result


def fit_of(evaluate: "Evaluate", *, channels: int, side: int | None, name: str) -> Fit:
    """How a model changes sizes, found by giving it grey squares.

    Args:
        side: the only one that the model takes, or None.
        name: what a message calls the model.

    Raises:
        LocalBackendError: it fails with all of them.
        UsageError: it does not enlarge pictures, or not by a whole number.
    """
    if side is not None:
        made = _made(evaluate, channels, side, name)
        factor = -(-made // side)
        return _fit(factor, factor * side - made, name)
    smaller, larger = _TRIED[0]
    try:
        first, second = (_made(evaluate, channels, side, name) for side in _TRIED[0])
    except LocalBackendError:
        smaller, larger = _TRIED[1]
        first, second = (_made(evaluate, channels, side, name) for side in _TRIED[1])
    factor, rest = divmod(second - first, larger - smaller)
    return _fit(0 if rest else factor, factor * smaller - first, name)


def _made(evaluate: "Evaluate", channels: int, side: int, name: str) -> int:
    """Side of what comes of a grey square of `side` pixels."""
    import numpy as np

    shape = evaluate(np.full((channels, side, side), 0.5, np.float32)).shape
    if len(shape) != 3 or shape[0] != channels or shape[1] != shape[2] or not shape[1]:
        raise LocalBackendError(
            f"The model {name} makes {_shown(shape)} of a square of {side}, no picture; "
            "use another one."
        )
    return int(shape[1])


def _fit(factor: int, missing: int, name: str) -> Fit:
    """The fit of these numbers; `missing` counts both borders."""
    if factor == 1:
        raise UsageError(
            f"The model {name} does not enlarge (it is a 1x model); use one of 2x or more."
        )
    if not 2 <= factor <= MAX_FACTOR or missing < 0 or missing % 2:
        raise UsageError(
            f"The model {name} does not enlarge by a whole number from 2 to {MAX_FACTOR}; "
            "use another one."
        )
    return Fit(factor, missing // 2)


def _shown(shape: tuple[int, ...]) -> str:
    return "x".join(str(side) for side in shape) or "a single number"
