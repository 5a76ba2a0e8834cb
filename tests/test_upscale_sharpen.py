"""Sharpening: edges become steeper, and nothing else changes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasters import difference, noise, pixels_of, raster_from, smooth

from imagine.stages.upscale import sharpen
from imagine.stages.upscale.sharpen import sharpened


def expected(pixels: Any, amount: float) -> Any:
    """The same of the whole picture at once, in double precision."""
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    padded = np.pad(luma, 3, "edge")
    kernel = np.array([1, 6, 15, 20, 15, 6, 1]) / 64
    height, width = luma.shape
    down = sum(part * padded[row : row + height] for row, part in enumerate(kernel))
    around = sum(part * down[:, column : column + width] for column, part in enumerate(kernel))
    full = np.iinfo(pixels.dtype).max
    return np.clip(pixels + amount * (luma - around)[:, :, None], 0, full)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("amount", [0.3, 1.0, 2.0])
def test_it_is_an_unsharp_mask_of_the_brightness(depth: int, amount: float) -> None:
    pixels = noise(70, 50, depth=depth)
    result = pixels_of(sharpened(raster_from(pixels), amount))
    assert np.abs(result - expected(pixels, amount)).max() <= 0.51 + (0.1 if depth == 16 else 0)


@given(rows=st.integers(1, 50), area=st.integers(1, 4000), height=st.integers(1, 60))
@settings(deadline=None)
def test_strips_make_no_difference(rows: int, area: int, height: int) -> None:
    pixels = noise(40, height)
    with pytest.MonkeyPatch.context() as patch:
        whole = pixels_of(sharpened(raster_from(pixels, rows=height), 1.5))
        patch.setattr(sharpen, "_AREA", area)
        result = pixels_of(sharpened(raster_from(pixels, rows=rows), 1.5))
    assert np.array_equal(result, whole)


def test_an_edge_becomes_steeper_and_keeps_its_colour() -> None:
    pixels = np.zeros((9, 40, 3), np.uint8)
    ramp = np.clip(np.arange(40) * 10 - 140, 60, 180)
    pixels[:] = ramp[None, :, None] // np.array([1, 2, 3])
    result = pixels_of(sharpened(raster_from(pixels), 1.0)).astype(int)
    assert np.diff(result[4, :, 0]).max() > np.diff(pixels[4, :, 0].astype(int)).max()
    shift = result - pixels
    assert difference(shift, shift[:, :, :1]) <= 1


def test_values_are_clipped_and_never_wrap_around() -> None:
    pixels = np.zeros((20, 20, 3), np.uint8)
    pixels[:, 10:] = 255
    assert np.array_equal(pixels_of(sharpened(raster_from(pixels), 2.0)), pixels)


def test_flat_colour_stays_as_it_is() -> None:
    for pixels in (
        np.full((30, 30, 3), (7, 130, 255), np.uint8),
        np.full((30, 30, 3), (7, 40_000, 65_535), np.uint16),
    ):
        assert np.array_equal(pixels_of(sharpened(raster_from(pixels), 2.0)), pixels)


def test_nothing_is_done_for_an_amount_of_zero() -> None:
    raster = raster_from(smooth(20, 20))
    assert sharpened(raster, 0) is raster


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 30), (30, 1), (2, 2)])
def test_pictures_smaller_than_the_blur_are_sharpened(width: int, height: int) -> None:
    pixels = noise(width, height)
    result = pixels_of(sharpened(raster_from(pixels), 1.0))
    assert np.abs(result - expected(pixels, 1.0)).max() <= 0.51
