"""Rasters and small networks for tests: strips from arrays, arrays from strips."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagine.stages.upscale.raster import Raster

Pixels = NDArray[np.uint8 | np.uint16]
Tile = NDArray[np.float32]


def raster_from(pixels: Any, *, rows: int = 7) -> Raster:
    """A raster of (height, width, channels), in strips of `rows` but for the last."""

    def strips() -> Iterator[Pixels]:
        for top in range(0, len(pixels), rows):
            yield pixels[top : top + rows]

    height, width, channels = pixels.shape
    return Raster(width, height, channels, 8 * pixels.dtype.itemsize, strips)


def pixels_of(raster: Raster) -> Pixels:
    """The whole picture, whose strips are checked against what the raster says of itself."""
    strips = list(raster.strips())
    kind = np.uint16 if raster.depth == 16 else np.uint8
    for strip in strips:
        assert len(strip) > 0
        assert strip.shape[1:] == (raster.width, raster.channels)
        assert strip.dtype == kind
        assert strip.flags.c_contiguous
    pixels = np.concatenate(strips)
    assert len(pixels) == raster.height
    return pixels


def noise(width: int, height: int, channels: int = 3, *, depth: int = 8, seed: int = 0) -> Pixels:
    kind = np.uint16 if depth == 16 else np.uint8
    return np.random.default_rng(seed).integers(0, 2**depth, (height, width, channels), kind)


def smooth(width: int, height: int) -> Pixels:
    """A picture without edges: waves of three lengths."""
    down, across = np.mgrid[0:height, 0:width]
    waves = [np.sin(across / 9 + down / 23), np.cos(across / 31), np.sin(down / 13)]
    return (np.stack(waves, axis=2) * 100 + 128).astype(np.uint8)


def difference(one: Any, other: Any) -> int:
    """The largest difference of a sample."""
    return int(np.abs(one.astype(np.int64) - other.astype(np.int64)).max())


@dataclass
class Repeating:
    """Repeats each pixel; what is within the halo has no effect."""

    factor: int = 2
    halo: int = 3
    feather: int = 0
    threads: int = 1

    def run(self, tile: Tile) -> Tile:
        inner = tile[:, self.halo : tile.shape[1] - self.halo]
        inner = inner[:, :, self.halo : tile.shape[2] - self.halo]
        return np.repeat(np.repeat(inner, self.factor, axis=1), self.factor, axis=2)


@dataclass
class Blurring:
    """A mean over `reach` pixels to each side, then repeated; `reach` may be more than the halo.

    Beyond the tile it sees nothing, as a network that pads with zeros.
    """

    factor: int = 2
    halo: int = 3
    feather: int = 0
    reach: int = 3
    threads: int = 1

    def run(self, tile: Tile) -> Tile:
        extra = max(0, self.reach - self.halo)
        padded = np.pad(tile, ((0, 0), (extra, extra), (extra, extra)))
        side = 2 * self.reach + 1
        rows = padded.shape[1] - side + 1
        down = np.add.reduce([padded[:, top : top + rows] for top in range(side)])
        columns = padded.shape[2] - side + 1
        mean = np.add.reduce([down[:, :, left : left + columns] for left in range(side)])
        margin = self.halo - self.reach + extra
        height, width = mean.shape[1] - margin, mean.shape[2] - margin
        mean = mean[:, margin:height, margin:width] / np.float32(side * side)
        return np.repeat(np.repeat(mean, self.factor, axis=1), self.factor, axis=2)
