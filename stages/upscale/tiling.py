"""Tiling: a raster and a neural network in, the raster enlarged tile by tile out."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from imagine.stages.errors import UsageError
from imagine.stages.image import Progress
from imagine.stages.processors import processors
from imagine.stages.upscale import OnProgress
from imagine.stages.upscale.network import Network
from imagine.stages.upscale.passes import passes
from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.resample import resized
from imagine.stages.upscale.window import Window

if TYPE_CHECKING:
    from imagine.stages.upscale.network import Tile
    from imagine.stages.upscale.raster import Strip

# Bytes of a row of finished tiles; tiles of pictures that are very wide are made less high.
_BAND = 3 * 2**24
# Bytes of the strips that a row of tiles is handed on in, so that it goes as it is used.
_STRIP = 2**22
# Each thread holds the layers of a tile: of `photo` 60 MB, half a gigabyte in all.
_MAX_THREADS = 8


@dataclass(frozen=True, slots=True)
class Span:
    """Pixels of a row of tiles, or of a column, without the halo.

    Attributes:
        start, stop: from which to before which.
        before, after: how many of them are blended with the neighbour's; 0 at a border.
    """

    start: int
    stop: int
    before: int
    after: int


def spans(length: int, side: int, feather: int) -> tuple[Span, ...]:
    """Tiles of at most `side` pixels and nearly the same, that overlap by `feather`.

    `side` is at least three times `feather`, so that no more than two meet at a pixel.
    """
    number = max(1, -(-(length - feather) // (side - feather)))
    edges = [index * (length - feather) // number for index in range(number)]
    stops = [edge + feather for edge in edges[1:]] + [length]
    return tuple(
        Span(
            start=start,
            stop=stop,
            before=feather if start else 0,
            after=feather if stop < length else 0,
        )
        for start, stop in zip(edges, stops, strict=True)
    )


def enlarged(
    raster: Raster,
    network: Network,
    size: tuple[int, int],
    *,
    on_progress: OnProgress,
    tile: int,
    threads: int | None = None,
    called: str = "The network",
    on_stop: Callable[[], None] = lambda: None,
) -> Raster:
    """The RGB raster in exactly `size`, computed while its strips are read.

    Equal input gives equal bits, however many threads there are.

    Args:
        size: in pixels, of nearly the raster's shape. It takes as many passes of the network as
            are needed, and shrinking (Lanczos) in between and after; what is to be smaller is
            only shrunk.
        on_progress: told of each tile, of all passes; called where the strips are read.
        tile: a tile's side in pixels of what goes into the network, without the halo; no tile is
            larger.
        threads: tiles that are computed at the same time; by default as many as the processors
            that this process may use are enough for, and at most 8.
        called: what a message calls the network, as it begins.
        on_stop: called when the strips are not read to their end, before the tiles under way are
            waited for: of a network that takes minutes for one, it can end that.

    Raises:
        LocalBackendError: the network failed; while the strips are read.
        UsageError: it gives no numbers for this picture; while the strips are read.
    """
    sizes = passes(raster.size, network.factor, size)
    grids = [_grid(entering, raster, network, tile) for entering in sizes]
    total = sum(grid.tiles for grid in grids)
    workers = threads or max(1, min(_MAX_THREADS, processors() // network.threads))

    def strips() -> "Iterator[Strip]":
        numbers = count(1)

        def done() -> None:
            on_progress(Progress(next(numbers), total, "tile"))

        pool = ThreadPoolExecutor(workers, thread_name_prefix="tile")
        stopped = True
        try:
            current = raster
            for entering, grid in zip(sizes, grids, strict=True):
                source = resized(current, entering, "lanczos")
                current = _pass(source, network, grid, pool, done, ahead=workers + 1)
            yield from resized(current, size, "lanczos").strips()
            stopped = False
        except _NoNumbersError as error:
            raise UsageError(
                f"{called} gives values that are no numbers for this picture; its weights are "
                "damaged or are not meant for this runtime, so use another."
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            if stopped:
                on_stop()
            pool.shutdown()

    return Raster(*size, raster.channels, raster.depth, strips)


def number_of_tiles(raster: Raster, network: Network, size: tuple[int, int], *, tile: int) -> int:
    """How many tiles `enlarged` computes, in all passes."""
    sizes = passes(raster.size, network.factor, size)
    return sum(_grid(entering, raster, network, tile).tiles for entering in sizes)


@dataclass(frozen=True, slots=True)
class _Grid:
    """The tiles of a picture.

    Attributes:
        feather: the network's, or less where tiles are too small for it.
    """

    rows: tuple[Span, ...]
    columns: tuple[Span, ...]
    feather: int

    @property
    def tiles(self) -> int:
        return len(self.rows) * len(self.columns)


def _grid(size: tuple[int, int], raster: Raster, network: Network, tile: int) -> _Grid:
    """Tiles of at most `tile` pixels; of fewer rows where one row of tiles would be too large."""
    width, height = size
    row = width * raster.channels * (raster.depth // 8) * network.factor**2
    least = max(16, 2 * network.halo, 3 * network.feather)
    side = min(tile, max(least, _BAND // row))
    feather = min(network.feather, side // 3)
    return _Grid(spans(height, side, feather), spans(width, tile, feather), feather)


def _pass(
    source: Raster,
    network: Network,
    grid: _Grid,
    pool: ThreadPoolExecutor,
    done: Callable[[], None],
    *,
    ahead: int,
) -> Raster:
    """The source enlarged by the network's factor."""

    def strips() -> "Iterator[Strip]":
        tiles = _tiles(source, network, grid, pool, ahead=ahead)
        return _joined(tiles, source, network, grid, done)

    width, height = source.width * network.factor, source.height * network.factor
    return Raster(width, height, source.channels, source.depth, strips)


def _tiles(
    source: Raster, network: Network, grid: _Grid, pool: ThreadPoolExecutor, *, ahead: int
) -> "Iterator[Tile]":
    """What the network makes of each tile, row by row, with `ahead` of them under way.

    So threads have work while the caller uses what is finished, at the end of a row too.
    """
    halo = network.halo
    pending: deque[Future[Tile]] = deque()
    with Window(source) as window:
        for row in grid.rows:
            top, bottom = max(0, row.start - halo), min(source.height, row.stop + halo)
            band = window.rows(top, bottom)
            above, below = top - (row.start - halo), row.stop + halo - bottom
            for column in grid.columns:
                pending.append(pool.submit(_run, network, band, column, (above, below)))
                if len(pending) > ahead:
                    yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


class _NoNumbersError(Exception):
    """A network's result has values that are not finite."""


def _run(network: Network, band: "Strip", column: Span, missing: tuple[int, int]) -> "Tile":
    """One tile through the network; the picture's borders are repeated outwards.

    Args:
        band: the rows of the tile and of its halo, as far as the picture goes.
        missing: rows that the picture lacks for the halo above and below.
    """
    import numpy as np

    halo, width = network.halo, band.shape[1]
    left, right = max(0, column.start - halo), min(width, column.stop + halo)
    beside = left - (column.start - halo), column.stop + halo - right
    part = np.pad(band[:, left:right], (missing, beside, (0, 0)), "edge")
    full = np.iinfo(band.dtype).max
    planes = np.empty((part.shape[2], *part.shape[:2]), np.float32)
    np.divide(part.transpose(2, 0, 1), full, out=planes, dtype=np.float32)
    result = network.run(planes)
    if not np.isfinite(result.sum()):
        raise _NoNumbersError
    return result


def _joined(
    tiles: "Iterator[Tile]",
    source: Raster,
    network: Network,
    grid: _Grid,
    done: Callable[[], None],
) -> "Iterator[Strip]":
    """Strips of the tiles, their overlaps blended across and then down."""
    import numpy as np

    factor, feather = network.factor, grid.feather * network.factor
    kind = np.dtype(np.uint16 if source.depth == 16 else np.uint8)
    width = source.width * factor
    most = max(1, _STRIP // (width * source.channels * kind.itemsize))
    rise = (np.arange(feather, dtype=np.float32) + np.float32(0.5)) / np.float32(max(1, feather))
    fall = 1 - rise
    under: Tile = np.empty((source.channels, feather, width), np.float32)
    beside: Tile = under[:, :, :0]
    for row in grid.rows:
        rows = (row.stop - row.after - row.start) * factor
        strips: deque[Strip] = deque(
            np.empty((min(most, rows - top), width, source.channels), kind)
            for top in range(0, rows, most)
        )
        for column in grid.columns:
            tile = next(tiles)
            if column.before:
                tile[:, :, :feather] *= rise
                tile[:, :, :feather] += beside * fall
            if column.after:
                beside = tile[:, :, -feather:].copy()
                tile = tile[:, :, :-feather]
            left = column.start * factor
            right = left + tile.shape[2]
            if row.before:
                tile[:, :feather] *= rise[:, None]
                tile[:, :feather] += under[:, :, left:right] * fall[:, None]
            if row.after:
                under[:, :, left:right] = tile[:, -feather:]
            _write(tile, strips, left)
            done()
        while strips:
            yield strips.popleft()


def _write(tile: "Tile", strips: "deque[Strip]", left: int) -> None:
    """Round the tile into the strips, from their column `left` on."""
    import numpy as np

    top = 0
    for strip in strips:
        full = np.iinfo(strip.dtype).max
        values = tile[:, top : top + len(strip)] * np.float32(full)
        values += np.float32(0.5)
        np.clip(values, 0, full, out=values)
        for channel, plane in enumerate(values):
            strip[:, left : left + plane.shape[1], channel] = plane
        top += len(strip)
