"""Resampling by strips: what Pillow makes of the whole picture, without the whole picture."""

import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rasters import Pixels, difference, noise, pixels_of, raster_from

from imagine.stages.upscale import resample
from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.resample import Filter, resized

PILLOW = {"lanczos": Image.Resampling.LANCZOS, "bicubic": Image.Resampling.BICUBIC}
SIZES = [
    ((50, 40), (77, 93)),
    ((50, 40), (100, 80)),
    ((64, 48), (256, 192)),
    ((90, 100), (25, 33)),
    ((100, 300), (170, 501)),
    ((33, 200), (34, 201)),
    ((33, 200), (66, 33)),
    ((200, 33), (33, 66)),
    ((10, 500), (3, 123)),
    ((7, 1), (21, 3)),
    ((1, 90), (3, 270)),
    ((1, 1), (5, 5)),
    ((60, 60), (1, 1)),
]


@pytest.fixture(autouse=True)
def many_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that every picture takes several strips."""
    monkeypatch.setattr(resample, "_STRIP", 2000)


def whole(pixels: Pixels, size: tuple[int, int], filter_: str) -> Any:
    """Pillow's result, across and then down, a channel at a time."""
    planes = [
        Image.fromarray(np.ascontiguousarray(pixels[:, :, channel]))
        .resize((size[0], len(pixels)), PILLOW[filter_])
        .resize(size, PILLOW[filter_])
        for channel in range(pixels.shape[2])
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=2)


@pytest.mark.parametrize(("before", "after"), SIZES)
@pytest.mark.parametrize("filter_", ["lanczos", "bicubic"])
@pytest.mark.parametrize(("channels", "depth"), [(1, 8), (3, 8), (3, 16)])
def test_strips_are_what_pillow_makes_of_the_whole_picture(
    before: tuple[int, int],
    after: tuple[int, int],
    filter_: Filter,
    channels: int,
    depth: int,
) -> None:
    pixels = noise(*before, channels, depth=depth)
    result = pixels_of(resized(raster_from(pixels), after, filter_))
    assert difference(result, whole(pixels, after, filter_)) <= 1


def test_colours_keep_their_values_under_transparent_pixels() -> None:
    pixels = noise(30, 20, 4)
    pixels[:, :, 3] = 0
    pixels[:, :, 0] = 200
    result = pixels_of(resized(raster_from(pixels), (61, 44), "lanczos"))
    assert np.unique(result[:, :, 0]) == [200]


@pytest.mark.parametrize(("before", "after"), SIZES)
@pytest.mark.parametrize("depth", [8, 16])
def test_nearest_is_the_mean_of_what_a_pixel_covers_of_squares(
    before: tuple[int, int], after: tuple[int, int], depth: int
) -> None:
    if after[0] < before[0] or after[1] < before[1]:
        return
    pixels = noise(*before, depth=depth)
    # Each pixel repeated as often as the result has sides, of which means are taken.
    wide = pixels.repeat(after[0], 1).reshape(before[1], after[0], before[0], 3).mean(2)
    high = np.rint(wide).repeat(after[1], 0).reshape(after[1], before[1], after[0], 3).mean(1)
    result = pixels_of(resized(raster_from(pixels), after, "nearest"))
    assert difference(result, np.rint(high)) <= 1


def test_lines_of_pixel_art_stay_of_one_width_at_any_factor() -> None:
    pixels = np.zeros((10, 100, 3), np.uint8)
    pixels[:, ::4] = 255
    result = pixels_of(resized(raster_from(pixels), (141, 14), "nearest"))
    # Between two lines there is at least a black pixel.
    begins = np.flatnonzero(np.diff(result[5, :, 0] > 0, prepend=False, append=False))[::2]
    widths = np.add.reduceat(result[5, :, 0] / 255, begins)
    assert len(widths) == 25
    assert widths == pytest.approx(np.full(25, 1.41), abs=0.01)


@pytest.mark.parametrize(
    ("before", "after"), [((90, 100), (25, 33)), ((33, 200), (66, 33)), ((60, 60), (1, 1))]
)
@pytest.mark.parametrize("depth", [8, 16])
def test_nearest_takes_the_pixel_that_each_middle_falls_on_where_it_shrinks(
    before: tuple[int, int], after: tuple[int, int], depth: int
) -> None:
    pixels = noise(*before, depth=depth)
    down = [(2 * row + 1) * before[1] // (2 * after[1]) for row in range(after[1])]
    across = [(2 * column + 1) * before[0] // (2 * after[0]) for column in range(after[0])]
    result = pixels_of(resized(raster_from(pixels), after, "nearest"))
    assert np.array_equal(result, pixels[down][:, across])


@pytest.mark.parametrize("filter_", ["lanczos", "bicubic", "nearest"])
@pytest.mark.parametrize("value", [0, 1, 127, 254, 255])
def test_one_colour_stays_that_colour(filter_: Filter, value: int) -> None:
    pixels = np.full((40, 30, 3), value, np.uint8)
    for size in ((61, 99), (17, 11)):
        assert np.unique(pixels_of(resized(raster_from(pixels), size, filter_))) == [value]


def test_a_raster_that_has_the_size_is_returned_itself() -> None:
    raster = raster_from(noise(8, 8))
    assert resized(raster, (8, 8), "lanczos") is raster


def test_memory_does_not_grow_with_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    def strips() -> Iterator[Pixels]:
        for _ in range(40):
            yield np.full((100, 3000, 3), 90, np.uint8)

    raster = Raster(3000, 4000, 3, 8, strips)
    tracemalloc.start()
    try:
        rows = sum(len(strip) for strip in resized(raster, (4500, 6000), "lanczos").strips())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == 6000
    # The result has 81 MB; what Pillow holds is not counted, and is as much as a strip.
    assert peak < 30e6
