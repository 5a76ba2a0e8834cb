"""Network: what the tiler asks of a neural upscaler, whatever runs it."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    # (3, rows, columns), RGB of 0 to 1, contiguous.
    Tile = NDArray[np.float32]


class Network(Protocol):
    """Enlarges one tile; several threads may do so at the same time.

    Attributes:
        factor: how many times as wide and as high the result is.
        halo: pixels around a tile that go in and of which nothing comes out: as far as the
            network looks, or as far as what it sees there matters.
        feather: pixels (of the input) over which neighbouring tiles are blended, beside the
            halo; 0 where the halo is all that the network looks at.
        threads: that one `run` keeps busy.
    """

    @property
    def factor(self) -> int: ...
    @property
    def halo(self) -> int: ...
    @property
    def feather(self) -> int: ...
    @property
    def threads(self) -> int: ...

    def run(self, tile: "Tile") -> "Tile":
        """The tile enlarged: (3, h, w) in, (3, (h - 2 halo) factor, (w - 2 halo) factor) out.

        Values outside of 0 to 1 may come out. The caller changes what it gets in place.

        Raises:
            LocalBackendError: it cannot run here, as when memory is short.
        """
