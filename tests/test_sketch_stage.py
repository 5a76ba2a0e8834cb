"""Actors are dressed in their colours, mirrored, lettered, traced and set on their shadows."""

from typing import Any

import pytest
from PIL import Image, ImageOps, ImageStat

from imagine.stages.generate.sketch.art import find
from imagine.stages.generate.sketch.cast import Actor
from imagine.stages.generate.sketch.layout import Placement
from imagine.stages.generate.sketch.light import Light
from imagine.stages.generate.sketch.stage import Wardrobe, paint_actor, panel_box, tint_of

DAY = Light(((90, 160, 230),), (200, 220, 240))


def actor(name: str, *colors: str) -> Actor:
    match = find(name)
    return Actor(name, name, match.cutout if match else None, 1, 1.0, colors=colors)


def placed(who: Actor, **changes: Any) -> Placement:
    fields: dict[str, Any] = {"left": 20.0, "top": 20.0, "width": 60.0, "height": 60.0}
    fields |= {"mirrored": False, "grounded": False, "depth": (0.0, 0)} | changes
    return Placement(actor=who, **fields)


def mean(image: Image.Image) -> list[float]:
    """Mean red, green and blue of what is opaque."""
    opaque = image.getchannel("A").point([0] * 200 + [255] * 56)
    return ImageStat.Stat(image.convert("RGB"), mask=opaque).mean


def test_colours_are_worn() -> None:
    wardrobe = Wardrobe.under(DAY)
    red = mean(wardrobe.dress(actor("car", "red"), 90, 90, mirrored=False))
    blue = mean(wardrobe.dress(actor("car", "blue"), 90, 90, mirrored=False))
    assert red[0] > blue[0]
    assert blue[2] > red[2]


def test_a_mirrored_actor_is_its_own_mirror_image() -> None:
    plain, mirrored = (
        Wardrobe.under(DAY).dress(actor("dog"), 100, 100, mirrored=turned) for turned in (0, 1)
    )
    assert ImageOps.mirror(plain).tobytes() == mirrored.tobytes()


def test_art_can_be_enlarged_far_beyond_its_size_without_a_rim() -> None:
    image = Wardrobe.under(DAY).dress(actor("apple"), 1200, 1200, mirrored=False)
    assert max(image.size) == 1200
    alpha = image.getchannel("A").histogram()
    assert sum(alpha[20:236]) < 0.05 * sum(alpha)


def test_night_darkens_what_stands_in_it() -> None:
    night = Light(DAY.sky, DAY.haze, actor=(0.5, 0.5, 0.6))
    bright = mean(Wardrobe.under(DAY).dress(actor("dog"), 80, 80, mirrored=False))
    dark = mean(Wardrobe.under(night).dress(actor("dog"), 80, 80, mirrored=False))
    assert all(a > 1.4 * b for a, b in zip(bright, dark, strict=True))


def test_only_what_stands_throws_a_shadow() -> None:
    shadows = []
    for grounded in (False, True):
        canvas = Image.new("RGB", (100, 100), "white")
        paint_actor(canvas, placed(actor("apple"), grounded=grounded), Wardrobe.under(DAY))
        shadows.append(canvas.crop((0, 81, 100, 100)).convert("L").getextrema()[0])
    assert shadows[0] == 255
    assert isinstance(shadows[1], int)
    assert shadows[1] < 240


def test_contours_follow_the_outline_and_hide_what_is_behind() -> None:
    contours = Image.new("L", (100, 100))
    canvas = Image.new("RGB", (100, 100), "white")
    wardrobe = Wardrobe.under(DAY)
    paint_actor(canvas, placed(actor("apple")), wardrobe, contours=contours)
    assert contours.getbbox() is not None
    assert contours.getpixel((50, 55)) == 0
    paint_actor(canvas, placed(actor("apple"), left=25.0), wardrobe, contours=contours)
    assert contours.getpixel((55, 55)) == 0


def test_in_water_the_foot_fades() -> None:
    canvas = Image.new("RGB", (100, 100), "white")
    paint_actor(canvas, placed(actor("dog"), grounded=True), Wardrobe.under(DAY), floats=True)
    dry = Image.new("RGB", (100, 100), "white")
    paint_actor(dry, placed(actor("dog")), Wardrobe.under(DAY))
    row = (20, 78, 80, 79)
    assert min(ImageStat.Stat(canvas.crop(row)).mean) > min(ImageStat.Stat(dry.crop(row)).mean)


@pytest.mark.parametrize("name", ["sign", "dog", "zorgblat"])
def test_the_panel_lies_within_the_placement(name: str) -> None:
    left, top, right, bottom = panel_box(placed(actor(name), mirrored=True))
    assert 20 <= left < right <= 80
    assert 20 <= top < bottom <= 80


def test_a_placeholder_takes_the_colour_asked_for() -> None:
    assert tint_of(actor("zorgblat", "red"))[0] > 180
    assert tint_of(actor("zorgblat")) == tint_of(actor("zorgblat"))
