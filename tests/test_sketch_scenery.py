"""Backgrounds fill their size, follow hour and weather, and keep off the user's subjects."""

from dataclasses import replace
from random import Random

import pytest
from PIL import Image, ImageStat

from imagine.stages.generate.sketch.art import find
from imagine.stages.generate.sketch.cast import Actor
from imagine.stages.generate.sketch.dressing import Dresser, dresser_for
from imagine.stages.generate.sketch.gazetteer import Hour, Weather, place_called, places
from imagine.stages.generate.sketch.light import Light, light_of
from imagine.stages.generate.sketch.place import Backdrop, Scene
from imagine.stages.generate.sketch.scenery import paint_scenery
from imagine.stages.generate.sketch.sky import paint_sky
from imagine.stages.generate.sketch.weather import lay_weather


def paint(scene: Scene, *, size: tuple[int, int] = (96, 96), seed: int = 1) -> Image.Image:
    random = Random(seed)
    light = light_of(scene, random)
    dresser = dresser_for((), (), light)
    canvas = paint_scenery(scene, light, dresser, random, size=size, horizon=scene.place.horizon)
    lay_weather(canvas, scene, light, random)
    return canvas


def brightness(image: Image.Image) -> float:
    return float(ImageStat.Stat(image.convert("L")).mean[0])


@pytest.mark.parametrize("key", [place.key for place in places()])
def test_every_place_fills_any_shape_by_day_and_by_night(key: str) -> None:
    hours: tuple[Hour, ...] = ("day", "night")
    for hour in hours:
        for size in ((64, 64), (256, 32), (32, 256)):
            image = paint(Scene(place_called(key), hour=hour), size=size)
            assert (image.size, image.mode) == (size, "RGB")


@pytest.mark.parametrize("weather", ["clear", "cloudy", "rain", "storm", "snowfall", "fog"])
def test_every_weather_looks_different_and_repeats_itself(weather: Weather) -> None:
    scene = Scene(place_called("meadow"), weather=weather)
    assert paint(scene).tobytes() == paint(scene).tobytes()
    assert paint(scene).tobytes() != paint(scene, seed=2).tobytes()
    if weather != "clear":
        assert paint(scene).tobytes() != paint(Scene(place_called("meadow"))).tobytes()


def test_night_is_darker_than_day_and_fog_has_less_contrast() -> None:
    meadow = place_called("meadow")
    assert brightness(paint(Scene(meadow, hour="night"))) < 0.5 * brightness(paint(Scene(meadow)))
    clear, fog = paint(Scene(meadow)), paint(Scene(meadow, weather="fog"))
    spread = [ImageStat.Stat(image.convert("L")).stddev[0] for image in (clear, fog)]
    assert spread[1] < spread[0]


def test_a_plain_background_has_its_colour() -> None:
    image = paint(Scene(place_called("studio"), color=(200, 30, 40)))
    red, green, blue = ImageStat.Stat(image).mean
    assert red > 2 * max(green, blue)


@pytest.mark.parametrize("backdrop", ["floor", "bokeh", "drape", "disc", "rays"])
def test_a_backdrop_is_dressed_in_its_own_colour(backdrop: Backdrop) -> None:
    scene = Scene(place_called("studio"), color=(150, 190, 240))
    dressed = paint(replace(scene, backdrop=backdrop))
    assert dressed.tobytes() != paint(scene).tobytes()
    red, _, blue = ImageStat.Stat(dressed).mean
    assert blue > red


@pytest.mark.parametrize("hour", ["dawn", "sunset", "night"])
def test_no_hour_tints_a_white_background(hour: Hour) -> None:
    scene = Scene(place_called("studio"), color=(246, 247, 249))
    assert paint(replace(scene, hour=hour)).tobytes() == paint(scene).tobytes()


def test_a_white_background_is_white() -> None:
    image = paint(Scene(place_called("studio"), color=(255, 255, 255)))
    assert image.getcolors() == [(96 * 96, (255, 255, 255))]


def test_a_table_top_has_its_colour_in_the_foreground() -> None:
    scene = Scene(place_called("studio"), table=(30, 60, 220))
    random = Random(1)
    light = light_of(scene, random)
    image = paint_scenery(
        scene, light, dresser_for((), (), light), random,
        size=(100, 100), horizon=0.5, table=(0.6, 0.9),
    )  # fmt: skip
    red, green, blue = image.getpixel((50, 80))  # type: ignore[misc]
    assert blue > 1.5 * max(red, green)
    red, green, blue = image.getpixel((50, 20))  # type: ignore[misc]
    assert blue < 1.2 * max(red, green)


def test_dressing_never_repeats_a_subject_or_shows_what_is_excluded() -> None:
    light: Light = light_of(Scene(place_called("meadow")), Random(1))
    match = find("cactus")
    assert match is not None
    cactus = Actor("a", "cactus", match.cutout, 1, 1.0)
    dresser: Dresser = dresser_for([cactus], ("flowers", "trees"), light)
    assert not dresser.allows("cactus")
    assert dresser.allows("cactus", far=True)
    assert not dresser.allows("deciduous tree", far=True)
    assert not dresser.allows("tulip")
    assert dresser.allows("spiral shell")
    counted = dresser_for([replace(cactus, counted=True)], (), light)
    assert not counted.allows("cactus", far=True)
    canvas = Image.new("RGB", (64, 64))
    dresser.place(canvas, "cactus", foot=(32, 60), height=40)
    assert canvas.getbbox() is None
    dresser.place(canvas, "spiral shell", foot=(32, 60), height=40)
    assert canvas.getbbox() is not None


def test_a_sky_without_clouds_sun_and_stars_is_a_bare_gradient() -> None:
    scene = Scene(place_called("sky"), hour="night")
    light = light_of(scene, Random(1))
    bare = Image.new("RGB", (64, 64))
    nothing = frozenset({"cloud", "moon", "star"})
    paint_sky(bare, scene, light, Random(1), horizon=64, without=nothing)
    assert all(len(bare.crop((0, y, 64, y + 1)).getcolors() or ()) == 1 for y in range(64))
    full = Image.new("RGB", (64, 64))
    paint_sky(full, scene, light, Random(1), horizon=64)
    assert full.tobytes() != bare.tobytes()
