"""Plain upscalers: resampling behind the protocol of all upscalers."""

import numpy as np
import pytest
from PIL import Image
from rasters import difference, noise, pixels_of, raster_from

from imagine.stages.image import Progress
from imagine.stages.upscale import UPSCALERS, UpscaleRequest


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_nearest_makes_exact_squares(factor: int) -> None:
    pixels = noise(31, 17)
    made = UPSCALERS.create("nearest").upscale(
        raster_from(pixels),
        UpscaleRequest(width=31 * factor, height=17 * factor),
        on_progress=lambda progress: None,
    )
    expected = np.repeat(np.repeat(pixels, factor, axis=0), factor, axis=1)
    assert np.array_equal(pixels_of(made.raster), expected)
    assert made.model == "nearest"


def test_lanczos_is_pillows() -> None:
    pixels = noise(60, 50)
    made = UPSCALERS.create("lanczos").upscale(
        raster_from(pixels),
        UpscaleRequest(width=240, height=200),
        on_progress=lambda progress: None,
    )
    expected = Image.fromarray(pixels).resize((240, 200), Image.Resampling.LANCZOS)
    assert difference(pixels_of(made.raster), np.asarray(expected)) <= 1
    assert made.model == "lanczos"


def test_rows_are_counted_while_they_are_read() -> None:
    told: list[Progress] = []
    made = UPSCALERS.create("lanczos").upscale(
        raster_from(noise(60, 50)),
        UpscaleRequest(width=6000, height=5000),
        on_progress=told.append,
    )
    assert told == []
    pixels_of(made.raster)
    assert len(told) > 2
    assert told[-1] == Progress(5000, 5000, "row")
