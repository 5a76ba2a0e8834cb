"""Rasters and windows: pictures pass through them unchanged, whatever their strips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rasters import noise, pixels_of, raster_from

from imagine.stages.upscale.raster import Raster, cropped, eight_bits, image_of, raster_of
from imagine.stages.upscale.window import Window


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)])
def test_pictures_come_back_as_they_went_in(mode: str, channels: int) -> None:
    pixels = noise(1500, 900, channels)
    image = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
    raster = raster_of(image)
    assert (raster.size, raster.channels, raster.depth) == ((1500, 900), channels, 8)
    assert np.array_equal(pixels_of(raster), pixels)
    back = image_of(raster)
    assert back.mode == mode
    assert np.array_equal(np.asarray(back), np.asarray(image))


def test_grey_of_sixteen_bits_comes_back_as_it_went_in() -> None:
    pixels = noise(900, 800, 1, depth=16)
    raster = raster_of(Image.fromarray(pixels[:, :, 0]))
    assert (raster.channels, raster.depth) == (1, 16)
    assert np.array_equal(pixels_of(raster), pixels)
    assert np.array_equal(np.asarray(image_of(raster)), pixels[:, :, 0])


def test_colours_of_sixteen_bits_become_a_picture_of_eight() -> None:
    pixels = np.array([[[0, 128, 129], [32767, 32896, 65535]]], np.uint16)
    assert np.asarray(image_of(raster_from(pixels))).tolist() == [[[0, 0, 1], [127, 128, 255]]]


def test_every_value_of_eight_bits_survives_sixteen() -> None:
    values = np.arange(256, dtype=np.uint8)
    assert np.array_equal(eight_bits(values.astype(np.uint16) * 257), values)


@given(st.data())
def test_a_crop_is_the_same_part_for_any_strips(data: st.DataObject) -> None:
    pixels = noise(20, 30)
    left, top = data.draw(st.integers(0, 19)), data.draw(st.integers(0, 29))
    width, height = data.draw(st.integers(1, 20 - left)), data.draw(st.integers(1, 30 - top))
    raster = raster_from(pixels, rows=data.draw(st.integers(1, 30)))
    part = cropped(raster, left, top, width, height)
    assert part.size == (width, height)
    assert np.array_equal(pixels_of(part), pixels[top : top + height, left : left + width])


@given(st.lists(st.tuples(st.integers(0, 29), st.integers(1, 30)), min_size=1), st.integers(1, 30))
def test_a_window_gives_any_rows_in_order(asked: list[tuple[int, int]], rows: int) -> None:
    pixels = noise(3, 30)
    with Window(raster_from(pixels, rows=rows)) as window:
        top = bottom = 0
        for one, other in sorted(asked):
            top = max(top, min(one, other - 1))
            bottom = max(bottom, other, top + 1)
            assert np.array_equal(window.rows(top, bottom), pixels[top:bottom])


def test_leaving_a_window_ends_what_makes_the_strips() -> None:
    ended = []

    def strips():  # type: ignore[no-untyped-def]
        try:
            yield np.zeros((1, 1, 3), np.uint8)
            yield np.zeros((1, 1, 3), np.uint8)
        finally:
            ended.append(True)

    with Window(Raster(1, 2, 3, 8, strips)) as window:
        window.rows(0, 1)
        assert not ended
    assert ended
