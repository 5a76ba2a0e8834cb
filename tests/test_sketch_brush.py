"""The painting tools keep to their ranges and are the same on every run."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imagine.stages.generate.sketch.brush import (
    RGB,
    brightness,
    fade,
    glow,
    grain,
    mix,
    mottle,
    multiply,
    noise,
    polygon,
    soften,
    vertical,
)

CHANNEL = st.integers(0, 255)
COLOR: st.SearchStrategy[RGB] = st.tuples(CHANNEL, CHANNEL, CHANNEL)


@given(COLOR, COLOR, st.floats(0, 1))
def test_a_mixture_lies_between_its_colours(first: RGB, second: RGB, share: float) -> None:
    for a, b, mixed in zip(first, second, mix(first, second, share), strict=True):
        assert min(a, b) <= mixed <= max(a, b)


@given(COLOR, st.floats(0, 3))
def test_a_lit_colour_stays_a_colour(color: RGB, strength: float) -> None:
    assert all(0 <= part <= 255 for part in multiply(color, (strength, strength, strength)))


def test_brightness_orders_black_blue_green_white() -> None:
    order: list[RGB] = [(0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 255, 255)]
    assert sorted(order, key=brightness) == order
    assert brightness((255, 255, 255)) == pytest.approx(1)


def test_a_gradient_starts_and_ends_with_its_stops() -> None:
    image = vertical((8, 300), ((255, 0, 0), (0, 255, 0), (0, 0, 255)))
    assert image.getpixel((4, 0))[0] > 250  # type: ignore[index]
    assert image.getpixel((4, 150))[1] > 245  # type: ignore[index]
    assert image.getpixel((4, 299))[2] > 250  # type: ignore[index]


def test_a_glow_is_strongest_in_its_middle_and_ends_at_its_radius() -> None:
    canvas = Image.new("RGB", (100, 100))
    glow(canvas, (50, 50), 30, (255, 255, 255), 0.8)
    values = [canvas.getpixel((x, 50))[0] for x in (50, 60, 70, 84)]  # type: ignore[index]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(204, abs=10)
    assert values[-1] == 0
    edge = canvas.crop((20, 20, 80, 21)).getextrema()
    assert max(high for _, high in edge) <= 2


def test_a_polygon_has_smooth_edges() -> None:
    mask = polygon((40, 40), [(0, 0), (40, 0), (0, 37)])
    tones = {value for _, value in mask.getcolors() or ()}
    assert {0, 255} < tones


@pytest.mark.parametrize("radius", [0.1, 1, 12])
def test_a_blur_keeps_size_and_mean(radius: float) -> None:
    mask = polygon((120, 90), [(30, 20), (90, 20), (90, 70), (30, 70)])
    blurred = soften(mask, radius)
    assert blurred.size == mask.size
    mean = [sum(v * n for n, v in image.getcolors() or ()) / 10800 for image in (mask, blurred)]
    assert mean[1] == pytest.approx(mean[0], rel=0.03)


def test_noise_and_grain_repeat_with_the_seed_and_change_with_it() -> None:
    first, again, other = (noise((50, 30), Random(s), cell=6) for s in (1, 1, 2))
    assert first.tobytes() == again.tobytes() != other.tobytes()
    sheet = grain((300, 280), Random(1))
    assert sheet.size == (300, 280)
    assert sheet.tobytes() == grain((300, 280), Random(1)).tobytes()


def test_fading_and_mottling_keep_black() -> None:
    assert fade(Image.new("L", (4, 4), 200), 0.5).getextrema() == (100, 100)
    black = Image.new("RGB", (20, 20))
    assert mottle(black, noise((20, 20), Random(1), cell=3), 0.5).getbbox() is None
