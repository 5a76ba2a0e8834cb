"""True colours: a network in; one whose result, shrunk again, has the colours of the picture, out.

`art` makes 131 of middle grey, 128, and (16, 209, 99) of (10, 200, 90); `photo` makes 254 of white.
So what each pixel of the picture is off by, seen in the mean of the square that came of it, is
added back, blended from pixel to pixel: a step of back-projection (Irani and Peleg, Improving
Resolution by Image Registration, 1991). Lines stay as crisp.

It would add back dirt that a network took away too. That is fine detail, and a shift of colours is
not: where the difference is evened out first, the step brings back the one and not the other.
"""

from typing import TYPE_CHECKING

from imagine.stages.upscale.network import Network

if TYPE_CHECKING:
    from imagine.stages.upscale.network import Tile


class TrueColours:
    """A Network of RGB that corrects the colours of another.

    It looks further than the other by a pixel and by as many as the difference is evened out over.

    Attributes:
        factor, halo, feather, threads: see imagine.stages.upscale.network.
    """

    def __init__(self, network: Network, *, radius: int = 0) -> None:
        """Correct the colours of `network`.

        Args:
            radius: pixels of the picture, to each side, over which the difference is evened out;
                0 for a network that is to keep whatever the picture shows.
        """
        self.factor = network.factor
        self.halo = network.halo + radius + 1
        self.feather = network.feather
        self.threads = network.threads
        self._network = network
        self._radius = radius

    def run(self, tile: "Tile") -> "Tile":
        result = self._network.run(tile)
        inset = self._network.halo
        rows, columns = (side - inset for side in tile.shape[1:])
        missing = tile[:, inset:rows, inset:columns] - _shrunk(result, self.factor)
        edge = (self._radius + 1) * self.factor
        even = _evened(missing, self._radius)
        return result[:, edge:-edge, edge:-edge] + _spread(even, self.factor)


def _shrunk(planes: "Tile", factor: int) -> "Tile":
    """The means of squares of `factor` times `factor`."""
    import numpy as np

    total = np.zeros_like(planes[:, ::factor, ::factor])
    for row in range(factor):
        for column in range(factor):
            total += planes[:, row::factor, column::factor]
    return total / np.float32(factor * factor)


def _evened(planes: "Tile", radius: int) -> "Tile":
    """The means of the squares around each pixel; without those whose squares are not whole.

    Added up pixel by pixel, so that it does not matter where a tile begins.
    """
    side = 2 * radius + 1
    for axis in (1, 2):
        length = planes.shape[axis] - side + 1
        parts = [
            planes[:, first : first + length] if axis == 1 else planes[:, :, first : first + length]
            for first in range(side)
        ]
        planes = sum(parts[1:], parts[0]) / planes.dtype.type(side)
    return planes


def _spread(planes: "Tile", factor: int) -> "Tile":
    """`factor` times as large, blended between the middles of pixels; without those at the edge."""
    import numpy as np

    for axis in (1, 2):
        before, here, after = (
            np.take(planes, range(first, planes.shape[axis] - 2 + first), axis)
            for first in (0, 1, 2)
        )
        places = [(phase + 0.5) / factor - 0.5 for phase in range(factor)]
        phases = [
            here + (here - before if place < 0 else after - here) * np.float32(place)
            for place in places
        ]
        shape = list(here.shape)
        shape[axis] *= factor
        planes = np.stack(phases, axis + 1).reshape(shape)
    return planes
