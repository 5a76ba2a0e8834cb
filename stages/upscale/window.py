"""Window: a raster in, any of its rows out, in order, without holding more than is asked for."""

from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING, Self

from imagine.stages.upscale.raster import Raster

if TYPE_CHECKING:
    from imagine.stages.upscale.raster import Strip


class Window:
    """Rows of a raster, asked for from top to bottom; those above are let go.

    A context manager: leaving it ends whatever makes the raster's strips.
    """

    def __init__(self, raster: Raster) -> None:
        self._strips = raster.strips()
        self._held: deque[Strip] = deque()
        self._top = 0
        self._bottom = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._held.clear()
        if isinstance(self._strips, Generator):
            self._strips.close()

    def rows(self, top: int, bottom: int) -> "Strip":
        """Rows from `top` to before `bottom`: (bottom - top, width, channels), not to be changed.

        Neither `top` nor `bottom` may be less than in the call before; `top` is less than
        `bottom`, and that at most the raster's height.
        """
        import numpy as np

        self._let_go(top)
        while self._bottom < bottom:
            strip = next(self._strips)
            self._held.append(strip)
            self._bottom += len(strip)
            self._let_go(top)
        above = self._top
        parts = []
        for strip in self._held:
            part = strip[max(0, top - above) : max(0, bottom - above)]
            parts.append(part)
            above += len(strip)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _let_go(self, top: int) -> None:
        while self._held and self._top + len(self._held[0]) <= top:
            self._top += len(self._held.popleft())
