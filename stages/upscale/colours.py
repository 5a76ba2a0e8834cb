"""True colours: a network in; one whose result, shrunk again, has the colours of the picture, out.

`art` makes 131 of middle grey, 128, and (16, 209, 99) of (10, 200, 90); `photo` makes 254 of white.
So what each pixel of the picture is off by, seen in the mean of the square that came of it, is
added back, blended from pixel to pixel: a step of back-projection (Irani and Peleg, Improving
Resolution by Image Registration, 1991). Lines stay as crisp; twenty photographs enlarged with `art`
come 2.0 dB nearer to the truth, with `photo` neither nearer nor farther (benchmarks/
upscale_quality.py).
"""

from typing import TYPE_CHECKING

from imagine.stages.upscale.network import Network

if TYPE_CHECKING:
    from imagine.stages.upscale.network import Tile


class TrueColours:
    """A Network of RGB that corrects the colours of another; it looks one pixel further.

    Attributes:
        factor, halo, feather, threads: see imagine.stages.upscale.network.
    """

    def __init__(self, network: Network) -> None:
        self.factor = network.factor
        self.halo = network.halo + 1
        self.feather = network.feather
        self.threads = network.threads
        self._network = network

    def run(self, tile: "Tile") -> "Tile":
        result = self._network.run(tile)
        inset = self._network.halo
        rows, columns = (side - inset for side in tile.shape[1:])
        missing = tile[:, inset:rows, inset:columns] - _shrunk(result, self.factor)
        edge = self.factor
        return result[:, edge:-edge, edge:-edge] + _spread(missing, self.factor)


def _shrunk(planes: "Tile", factor: int) -> "Tile":
    """The means of squares of `factor` times `factor`."""
    import numpy as np

    total = np.zeros_like(planes[:, ::factor, ::factor])
    for row in range(factor):
        for column in range(factor):
            total += planes[:, row::factor, column::factor]
    return total / np.float32(factor * factor)


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
