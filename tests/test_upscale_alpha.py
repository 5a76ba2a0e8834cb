"""Alpha: what is seen through it has no rim of what was hidden."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasters import Blurring, noise, pixels_of, raster_from

from imagine.stages.upscale import (
    UPSCALERS,
    Enlarged,
    OnProgress,
    UpscaleCapabilities,
    Upscaler,
    UpscaleRequest,
    alpha,
)
from imagine.stages.upscale.alpha import alpha_of, colours_of, joined
from imagine.stages.upscale.enlarge import enlarge, scaled
from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.tiling import enlarged

RED = (220, 30, 30)


def disc(*, soft: bool) -> Any:
    """A red disc of 40 pixels on transparent black, 64 by 64."""
    down, across = np.mgrid[0:64, 0:64] - 31.5
    inside = np.clip(20.5 - np.hypot(down, across), 0, 1)
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, :, 3] = inside * 255 if soft else (inside > 0.5) * 255
    pixels[pixels[:, :, 3] > 0, :3] = RED
    return pixels


def on_white(pixels: Any) -> Any:
    share = pixels[:, :, 3:] / 255
    return pixels[:, :, :3] * share + 255 * (1 - share)


class Neural:
    """Looks 7 pixels far, as the embedded networks do."""

    name = "neural"
    model = ""
    capabilities = UpscaleCapabilities()

    def upscale(
        self, raster: Raster, request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        network = Blurring(factor=4, halo=7, reach=7)
        size = (request.width, request.height)
        return Enlarged(enlarged(raster, network, size, on_progress=on_progress, tile=32), "blur")


@pytest.mark.parametrize("upscaler", [UPSCALERS.create("lanczos"), Neural()])
@pytest.mark.parametrize("soft", [False, True])
def test_a_red_disc_on_transparent_black_gets_no_dark_rim(upscaler: Upscaler, soft: bool) -> None:
    pixels = disc(soft=soft)
    result = pixels_of(enlarge(raster_from(pixels), upscaler, scaled((64, 64), 4)).raster)
    seen = on_white(result)
    # Between red and white there is no red of less than the disc's.
    assert seen[:, :, 0].min() >= RED[0] - 1
    assert seen[128, 128].tolist() == list(RED)
    bare = upscaler.upscale(
        raster_from(np.ascontiguousarray(pixels[:, :, :3])),
        UpscaleRequest(256, 256),
        on_progress=lambda progress: None,
    )
    rimmed = np.concatenate((pixels_of(bare.raster), result[:, :, 3:]), axis=2)
    assert on_white(rimmed)[:, :, 0].min() < RED[0] - 30


def test_a_hard_mask_has_no_faint_line_beside_its_edge() -> None:
    result = pixels_of(
        enlarge(
            raster_from(disc(soft=False)), UPSCALERS.create("lanczos"), scaled((64, 64), 4)
        ).raster
    )[:, :, 3].astype(int)
    inside = result[128, 128:]
    # From the middle outwards it falls once and stays at nothing.
    assert (np.diff(inside) <= 0).all()
    assert (inside[0], inside[-1]) == (255, 0)


def test_nearest_keeps_a_hard_mask_hard() -> None:
    result = pixels_of(
        enlarge(
            raster_from(disc(soft=False)), UPSCALERS.create("nearest"), scaled((64, 64), 3)
        ).raster
    )
    expected = np.repeat(np.repeat(disc(soft=False), 3, axis=0), 3, axis=1)
    assert np.array_equal(result[:, :, 3], expected[:, :, 3])
    seen = expected[:, :, 3] > 0
    assert np.array_equal(result[seen], expected[seen])


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_that_is_the_same_everywhere_stays_so(value: int, channels: int) -> None:
    pixels = noise(40, 30, channels)
    pixels[:, :, -1] = value
    target = scaled((40, 30), 3)
    result = pixels_of(enlarge(raster_from(pixels), UPSCALERS.create("lanczos"), target).raster)
    assert np.unique(result[:, :, -1]) == [value]
    # Nothing is seen of it, or all: there is nothing to spread.
    colours = np.ascontiguousarray(pixels[:, :, :-1])
    assert np.array_equal(pixels_of(colours_of(raster_from(pixels))), colours)


def test_what_is_seen_keeps_its_colours() -> None:
    pixels = noise(60, 50, 4)
    pixels[:, :, 3] = noise(60, 50, 1, seed=1)[:, :, 0] // 250 * 40
    seen = pixels[:, :, 3] > 0
    assert np.array_equal(pixels_of(colours_of(raster_from(pixels)))[seen], pixels[seen, :3])


def test_hidden_pixels_take_the_colour_nearest_to_them() -> None:
    pixels = np.zeros((9, 60, 4), np.uint8)
    pixels[4, 20] = (200, 100, 50, 1)
    pixels[4, 26] = (10, 20, 30, 255)
    colours = pixels_of(colours_of(raster_from(pixels)))
    assert colours[3, 19].tolist() == colours[4, 21].tolist() == [200, 100, 50]
    assert colours[3, 27].tolist() == colours[5, 25].tolist() == [10, 20, 30]
    assert colours[8, 5].tolist() == [200, 100, 50]
    assert colours[8, 41].tolist() == [10, 20, 30]
    assert colours[8, 4].tolist() == colours[8, 42].tolist() == [0, 0, 0]


@given(rows=st.integers(1, 80), area=st.integers(1, 4000), depth=st.sampled_from([8, 16]))
@settings(deadline=None, max_examples=30)
def test_strips_make_no_difference(rows: int, area: int, depth: int) -> None:
    pixels = noise(40, 80, 4, depth=depth)
    pixels[noise(40, 80, 1, seed=1)[:, :, 0] < 252, 3] = 0
    with pytest.MonkeyPatch.context() as patch:
        whole = pixels_of(colours_of(raster_from(pixels, rows=80)))
        patch.setattr(alpha, "_AREA", area)
        result = pixels_of(colours_of(raster_from(pixels, rows=rows)))
    assert np.array_equal(result, whole)


@pytest.mark.parametrize("channels", [2, 4])
def test_apart_and_joined_is_the_same_picture(channels: int) -> None:
    pixels = noise(30, 40, channels)
    pixels[:, :, -1] |= 1
    raster = raster_from(pixels, rows=9)
    again = joined(colours_of(raster), alpha_of(raster_from(pixels, rows=4)))
    assert np.array_equal(pixels_of(again), pixels)
