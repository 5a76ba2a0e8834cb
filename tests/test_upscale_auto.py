"""Which upscaler `auto` chooses, and the reason that is told."""

import pytest

from imagine.stages.spec import Medium, Style
from imagine.stages.styles import load_styles
from imagine.stages.upscale import UPSCALERS
from imagine.stages.upscale.auto import choose

CHOSEN = [
    (Style(medium=Medium.PHOTOGRAPH), "photo"),
    (Style(medium=Medium.PAINTING, detail="thick oil"), "photo"),
    (Style(medium=Medium.RENDER_3D, detail="glossy clay"), "photo"),
    (Style(medium=Medium.RENDER_3D, detail="cel-shaded"), "art"),
    (Style(medium=Medium.OTHER, detail="anime key visual"), "art"),
    (Style(medium=Medium.DRAWING), "art"),
    (Style(medium=Medium.ILLUSTRATION), "art"),
    (Style(medium=Medium.ILLUSTRATION, preset="embroidery", detail="embroidery"), "photo"),
    (Style(medium=Medium.GRAPHIC_DESIGN, detail="minimal logo"), "art"),
    (Style(medium=Medium.PIXEL_ART), "nearest"),
    (Style(medium=Medium.OTHER, preset="pixel-handheld"), "nearest"),
    (None, "photo"),
]


@pytest.mark.parametrize(("style", "name"), CHOSEN)
def test_the_upscaler_suits_what_the_picture_is_made_as(style: Style | None, name: str) -> None:
    chosen, why = choose(style, networks=True)
    assert chosen == name
    assert why
    assert not why.endswith(".")


@pytest.mark.parametrize(("style", "name"), CHOSEN)
def test_without_a_runtime_it_is_resampled_and_said(style: Style | None, name: str) -> None:
    chosen, why = choose(style, networks=False)
    assert chosen == ("nearest" if name == "nearest" else "lanczos")
    assert chosen == "nearest" or "pip install ncnn" in why


def test_cut_outs_are_drawings_whatever_the_description_says() -> None:
    style = Style(medium=Medium.PHOTOGRAPH)
    assert choose(style, drawn_by="sketch", networks=True) == ("art", "sketch draws cut-outs")
    assert choose(style, drawn_by="gemini", networks=True)[0] == "photo"


def test_every_preset_gets_an_upscaler_that_is_embedded() -> None:
    presets = load_styles()
    chosen = {}
    for name, preset in presets.items():
        style = Style(medium=preset.medium, preset=name)
        chosen[name] = choose(style, networks=True)[0]
    assert set(chosen.values()) == {"photo", "art", "nearest"} <= set(UPSCALERS.built_in)
    assert (chosen["anime"], chosen["photo-portrait"], chosen["pixel-art"]) == (
        "art",
        "photo",
        "nearest",
    )
