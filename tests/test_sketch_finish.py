"""Each treatment keeps the size, repeats itself, and leaves the mark that it is known by."""

from random import Random

import pytest
from PIL import Image, ImageDraw

from imagine.stages.generate.sketch.finish import (
    TREATMENTS,
    finish_name,
    finish_notes,
    is_monochrome,
    treat,
)
from imagine.stages.spec import Medium, Style


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    """A red disc with a blue square on a light gradient."""
    image = Image.linear_gradient("L").resize((160, 120)).point([255 - v // 4 for v in range(256)])
    image = image.convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.ellipse([30, 20, 110, 100], fill=(210, 40, 40))
    draw.rectangle([90, 60, 140, 110], fill=(40, 80, 200))
    return image


@pytest.mark.parametrize("name", TREATMENTS)
def test_a_treatment_keeps_the_size_and_repeats_itself(name: str, picture: Image.Image) -> None:
    first, again = (treat(picture, name, Random(3)) for _ in range(2))
    assert (first.size, first.mode) == (picture.size, "RGB")
    assert first.tobytes() == again.tobytes()
    assert (first.tobytes() == picture.tobytes()) == (name == "render")


@pytest.mark.parametrize("name", TREATMENTS)
def test_a_treatment_works_on_a_few_pixels(name: str) -> None:
    assert treat(Image.new("RGB", (5, 3), "teal"), name, Random(1)).size == (5, 3)


def test_pixel_art_has_a_real_grid_and_few_colours(picture: Image.Image) -> None:
    large = treat(picture.resize((640, 480)), "pixel", Random(1))
    colors = large.getcolors()
    assert colors is not None
    assert len(colors) <= 28
    whole = large.crop((0, 0, 636, 480))
    cells = whole.resize((106, 80), Image.Resampling.NEAREST)
    assert cells.resize((636, 480), Image.Resampling.NEAREST).tobytes() == whole.tobytes()


def test_pencil_ink_and_mono_have_no_strong_colour(picture: Image.Image) -> None:
    for name in ("pencil", "ink", "mono", "noir", "mark"):
        saturation = treat(picture, name, Random(1)).convert("HSV").getchannel("S")
        spread = saturation.histogram()
        assert sum(spread[100:]) < 0.2 * sum(spread), name


def test_flat_has_few_colours_and_neon_is_dark(picture: Image.Image) -> None:
    dark = treat(picture, "neon", Random(1)).convert("L").histogram()
    assert sum(dark[:90]) > 0.5 * sum(dark)
    busy = len(picture.resize((320, 240)).getcolors(1 << 20) or ())
    flat = len(treat(picture.resize((320, 240)), "flat", Random(1)).getcolors(1 << 20) or ())
    assert busy > 50
    assert flat > 2


def test_outlines_are_drawn_in_ink_where_they_are_given(picture: Image.Image) -> None:
    contours = Image.new("L", picture.size)
    ImageDraw.Draw(contours).line([(0, 10), (160, 10)], fill=255, width=3)
    inked = treat(picture, "ink", Random(1), contours=contours)
    red, green, blue = inked.getpixel((80, 10))  # type: ignore[misc]
    assert max(red, green, blue) < 90


def test_large_pictures_are_treated_at_a_bounded_size() -> None:
    large = Image.new("RGB", (3000, 2500), "orange")
    assert treat(large, "watercolor", Random(1)).size == (3000, 2500)


@pytest.mark.parametrize(
    ("medium", "detail", "prompt", "name"),
    [
        (Medium.ILLUSTRATION, None, "", "render"),
        (Medium.PHOTOGRAPH, None, "", "photo"),
        (Medium.PHOTOGRAPH, "black and white film", "", "mono"),
        (Medium.PHOTOGRAPH, "a photo of an oil rig", "", "photo"),
        (Medium.PAINTING, None, "", "oil"),
        (Medium.PAINTING, "loose watercolour on rough paper", "", "watercolor"),
        (Medium.DRAWING, "ink line drawing", "", "ink"),
        (Medium.DRAWING, None, "", "pencil"),
        (Medium.PIXEL_ART, "16-bit", "", "pixel"),
        (Medium.ILLUSTRATION, "flat vector", "", "flat"),
        (Medium.ILLUSTRATION, "comic book", "", "comic"),
        (Medium.ILLUSTRATION, None, "a stained glass drawing of a fox", "stained"),
        (Medium.ILLUSTRATION, None, "a fox boiling water on canvas shoes", "render"),
        (Medium.SCULPTURE, None, "", "clay"),
        (Medium.PAINTING, "oil painting with strong chiaroscuro", "", "oil"),
        (Medium.PHOTOGRAPH, "black-and-white film still with inky shadows", "", "mono"),
        (Medium.RENDER_3D, "low-poly render in flat-shaded facets", "", "facets"),
        (Medium.GRAPHIC_DESIGN, "technical blueprint in white line", "", "blueprint"),
        (Medium.PHOTOGRAPH, "black-and-white film noir still", "", "noir"),
        (Medium.PHOTOGRAPH, "macro photograph", "", "macro"),
        (Medium.ILLUSTRATION, "hand-drawn anime key frame", "", "anime"),
        (Medium.ILLUSTRATION, "ukiyo-e woodblock print", "", "woodblock"),
        (Medium.GRAPHIC_DESIGN, "Bauhaus design", "", "bauhaus"),
        (Medium.GRAPHIC_DESIGN, "vector logo mark", "", "mark"),
    ],
)
def test_the_style_chooses_the_treatment(
    medium: Medium, detail: str | None, prompt: str, name: str
) -> None:
    assert finish_name(Style(medium=medium, detail=detail), prompt=prompt) == name


def test_black_and_white_is_heard() -> None:
    assert is_monochrome("a Black-and-White photo")
    assert not is_monochrome("a black cat and a white dog")


def test_bauhaus_prints_five_inks_and_noir_is_darker_than_mono(picture: Image.Image) -> None:
    printed = treat(picture.resize((320, 240)), "bauhaus", Random(1))
    inks = [count for count, _ in printed.getcolors(1 << 20) or () if count > 800]
    assert 1 < len(inks) <= 5
    mean = {
        name: sum(treat(picture, name, Random(1)).convert("L").resize((1, 1)).tobytes())
        for name in ("mono", "noir")
    }
    assert mean["noir"] < 0.8 * mean["mono"]


def test_macro_is_sharp_in_the_middle_only() -> None:
    stripes = Image.new("RGB", (300, 300), "white")
    for x in range(0, 300, 10):
        stripes.paste((0, 0, 0), (x, 0, x + 5, 300))
    made = treat(stripes, "macro", Random(1)).convert("L")

    def contrast(row: int) -> int:
        low, high = made.crop((40, row, 260, row + 1)).getextrema()
        assert isinstance(low, (int, float))
        assert isinstance(high, (int, float))
        return round(high - low)

    corner_low, corner_high = made.crop((10, 10, 30, 30)).getextrema()
    assert contrast(150) > 150
    assert isinstance(corner_low, (int, float))
    assert isinstance(corner_high, (int, float))
    assert corner_high - corner_low < 120


def test_a_style_that_is_only_near_is_told() -> None:
    folded = Style(medium=Medium.SCULPTURE, preset="origami")
    assert finish_notes(folded, "paper") == ("sketch draws 'origami' as cut paper.",)
    assert finish_notes(Style(medium=Medium.PAINTING, preset="oil-painting"), "oil") == ()
    logo = Style(medium=Medium.GRAPHIC_DESIGN, preset="logo-mark")
    assert finish_notes(logo, "mark") == ()
    assert len(finish_notes(logo, "mark", place=True)) == 1
