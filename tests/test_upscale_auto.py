"""Which upscaler `auto` chooses, and the reason that is told."""

import pytest

from imagine.stages.errors import LocalBackendError
from imagine.stages.spec import Medium, Style
from imagine.stages.styles import load_styles
from imagine.stages.upscale import UPSCALERS, auto
from imagine.stages.upscale.auto import Known, check_numpy, choose

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
    chosen, why = choose(Known(style), networks=True)
    assert chosen == name
    assert why
    assert not why.endswith(".")


@pytest.mark.parametrize(("style", "name"), CHOSEN)
def test_without_a_runtime_it_is_resampled_and_said(style: Style | None, name: str) -> None:
    chosen, why = choose(Known(style), networks=False)
    assert chosen == ("nearest" if name == "nearest" else "lanczos")
    assert chosen == "nearest" or "pip install ncnn" in why


DRAWINGS = [
    "anime girl",
    "comic book hero",
    "a manga panel of a duel",
    "cartoon dog",
    "a very cute little cartoon dog in a garden",
    "pen and ink drawing of a ship",
    "a coloring page of a castle",
    "ukiyo-e wave",
    "a comic strip about a cat",
    "a red fox, line art",
    "masterpiece, best quality, 1girl, silver hair",
    "(anime:1.2), castle at night",
    "chibi wizard",
    "Studio Ghibli landscape",
    "a meadow, ghibli style",
    "animated film still of a knight",
    "storybook illustration of a mouse",
    "storybook-style village",
]
NO_DRAWINGS = [
    "a photograph of an anime figurine",
    "an anime figurine",
    "a kid in a cartoon costume, photo",
    "a kid with a cartoon backpack",
    "a girl reading a comic book, photo",
    "a boy holding a comic book",
    "a logo on a truck",
    "1girl, photorealistic, raw photo",
    "a red fox in snow",
    "a chibi figurine",
    "the Ghibli museum at dusk",
    "3d animated movie still",
    "an animated conversation",
    "a storybook on a table",
    "a storybook cottage",
]
# What descriptions say of pictures whose prompt does not tell.
OPEN = (None, Style(medium=Medium.OTHER), Style(medium=Medium.PHOTOGRAPH, detail="sharp"))


@pytest.mark.parametrize("style", OPEN)
def test_drawings_are_known_by_the_words_of_the_prompt(style: Style | None) -> None:
    chosen = {words: choose(Known(style, words), networks=True)[0] for words in DRAWINGS}
    assert chosen == dict.fromkeys(DRAWINGS, "art")
    chosen = {words: choose(Known(style, words), networks=True)[0] for words in NO_DRAWINGS}
    assert chosen == dict.fromkeys(NO_DRAWINGS, "photo")
    assert choose(Known(style, "8-bit knight"), networks=True)[0] == "nearest"


@pytest.mark.parametrize(
    "style",
    [
        Style(medium=Medium.PAINTING),
        Style(medium=Medium.RENDER_3D),
        Style(medium=Medium.PHOTOGRAPH, preset="photo-portrait"),
    ],
)
def test_a_medium_that_was_chosen_wins_over_the_words(style: Style) -> None:
    assert choose(Known(style, "cartoon dog"), networks=True)[0] == "photo"


def test_a_small_picture_of_few_colours_is_taken_for_pixel_art() -> None:
    few = "few colours, as pixel art has"
    assert choose(Known(size=(256, 100), colours=64), networks=True) == ("nearest", few)
    unknown = "nothing is known of this picture; --upscaler art for drawings"
    for known in (
        Known(size=(257, 100), colours=64),
        Known(size=(256, 100), colours=65),
        Known(size=(256, 100)),
    ):
        assert choose(known, networks=True) == ("photo", unknown)
    sketched = Known(words="cartoon dog", size=(64, 64), colours=8)
    assert choose(sketched, networks=True)[0] == "art"


def test_cut_outs_are_drawings_whatever_the_description_says() -> None:
    style = Style(medium=Medium.PHOTOGRAPH)
    drawn = Known(style, drawn_by="sketch")
    assert choose(drawn, networks=True) == ("art", "sketch draws cut-outs")
    assert choose(Known(style, drawn_by="gemini"), networks=True)[0] == "photo"


def test_a_cut_out_that_hardly_grows_is_resampled() -> None:
    little = Known(drawn_by="sketch", growth=1.24)
    assert choose(little, networks=True) == ("lanczos", "the picture grows by little")
    assert choose(Known(drawn_by="sketch", growth=1.25), networks=True)[0] == "art"
    assert choose(Known(drawn_by="gemini", growth=1.1), networks=True)[0] == "photo"


def test_every_preset_gets_an_upscaler_that_is_embedded() -> None:
    presets = load_styles()
    chosen = {}
    for name, preset in presets.items():
        style = Style(medium=preset.medium, preset=name)
        chosen[name] = choose(Known(style), networks=True)[0]
    assert set(chosen.values()) == {"photo", "art", "nearest"} <= set(UPSCALERS.built_in)
    assert (chosen["anime"], chosen["photo-portrait"], chosen["pixel-art"]) == (
        "art",
        "photo",
        "nearest",
    )


def test_without_numpy_nothing_is_enlarged_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    check_numpy()
    monkeypatch.setattr(auto, "find_spec", lambda name: None)
    with pytest.raises(LocalBackendError) as caught:
        check_numpy()
    assert str(caught.value) == (
        "Enlarging and shrinking pictures needs numpy, which is not installed; run "
        "`pip install numpy`."
    )
