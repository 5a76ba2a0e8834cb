"""The sketch backend draws what the description asks for, the same on every run."""

from typing import Any

import pytest
from PIL import ImageChops, ImageStat

from imagine.stages.generate import BACKENDS
from imagine.stages.generate.sketch.backend import SketchBackend
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.spec import Medium, PromptSpec, RelationKind, spec_from_dict

APPLE = {"id": "apple", "name": "apple", "colors": ["red"]}
TABLE = {"id": "table", "name": "table", "colors": ["blue"]}


def described(*subjects: dict[str, Any], **fields: Any) -> PromptSpec:
    """A spec of these subjects; `medium` and `detail` set its style."""
    style = {"medium": fields.pop("medium", "illustration"), "detail": fields.pop("detail", None)}
    prompt = fields.pop("source_prompt", "a picture")
    return spec_from_dict({"source_prompt": prompt, "subjects": subjects, "style": style, **fields})


def draw(spec: PromptSpec, *, width: int = 96, height: int = 96, seed: int = 1) -> GeneratedImage:
    request = ImageRequest(
        prompt=spec.source_prompt,
        negative_prompt=None,
        spec=spec,
        width=width,
        height=height,
        seed=seed,
    )
    *_, last = SketchBackend().generate(request)
    assert isinstance(last, GeneratedImage)
    return last


def test_the_registry_makes_it_without_arguments() -> None:
    assert BACKENDS.create("sketch").name == "sketch"


def test_progress_counts_every_step_and_the_picture_comes_last() -> None:
    request = ImageRequest("an apple", None, described(APPLE), 64, 64, 0)
    events = list(SketchBackend().generate(request))
    steps = [event for event in events if isinstance(event, Progress)]
    assert [step.step for step in steps] == [1, 2, 3, 4, 5]
    assert {step.total for step in steps} == {5}
    assert [type(event) for event in events[-2:]] == [Progress, GeneratedImage]


def test_the_same_request_gives_the_same_pixels_and_another_seed_other_ones() -> None:
    spec = described(APPLE, {"id": "dog", "name": "dog", "count": 7}, setting="in a forest at dusk")
    first, again, other = draw(spec), draw(spec), draw(spec, seed=2)
    assert first.pixels.tobytes() == again.pixels.tobytes()
    assert first.pixels.tobytes() != other.pixels.tobytes()


@pytest.mark.parametrize(
    ("width", "height"),
    [(16, 16), (16, 128), (128, 16), (17, 23), (320, 40), (40, 320), (16, 8192)],
)
def test_any_size_gives_exactly_that_many_rgb_pixels(width: int, height: int) -> None:
    made = draw(described(APPLE, TABLE, setting="on the beach"), width=width, height=height)
    assert made.pixels.size == (width, height)
    assert made.pixels.mode == "RGB"


def test_the_largest_and_smallest_sizes_are_within_its_capabilities() -> None:
    for width, height in ((16, 16), (8192, 4096), (6000, 6000)):
        SketchBackend().capabilities.sizes.check("sketch", width, height)


def test_a_red_apple_on_a_blue_table_is_red_above_blue() -> None:
    spec = described(APPLE, TABLE, relations=[{"a": "apple", "kind": "on", "b": "table"}])
    pixels = draw(spec, width=128, height=128).pixels
    red, green, blue = pixels.getpixel((64, 70))  # type: ignore[misc]
    assert red > 1.6 * max(green, blue)
    red, green, blue = pixels.getpixel((6, 108))  # type: ignore[misc]
    assert blue > 1.3 * max(red, green)


def test_an_excluded_subject_is_not_drawn() -> None:
    dog = {"id": "dog", "name": "dog"}
    without = draw(described(APPLE, dog, exclude=["dogs"]))
    assert without.pixels.tobytes() == draw(described(APPLE)).pixels.tobytes()


def test_a_subject_without_art_becomes_a_placeholder_that_is_said_so() -> None:
    made = draw(described(APPLE, {"id": "z", "name": "zorgblat"}))
    assert made.notes == ("No art for 'zorgblat': drawn as a labelled placeholder.",)
    assert made.pixels.tobytes() != draw(described(APPLE)).pixels.tobytes()


def test_a_stand_in_is_named_once() -> None:
    made = draw(described({"id": "a", "name": "beagle"}, {"id": "b", "name": "beagle"}))
    assert made.notes == ("Drew a dog for 'beagle'.",)


def test_an_abstract_prompt_becomes_a_card_of_its_words() -> None:
    made = draw(described({"id": "a", "name": "zorgblat"}, source_prompt="the essence of zorgblat"))
    assert made.notes == ("Nothing in the prompt could be drawn: set its words on a card.",)
    darkest, brightest = made.pixels.convert("L").crop((20, 20, 76, 76)).getextrema()
    assert isinstance(darkest, int)
    assert isinstance(brightest, int)
    assert darkest < 80
    assert brightest > 240


def test_a_place_is_scenery_and_no_placeholder() -> None:
    made = draw(described({"id": "a", "name": "forest"}, source_prompt="a forest"))
    assert made.notes == ()


def test_a_script_without_letters_in_the_fonts_is_left_out_and_said_so() -> None:
    made = draw(described(APPLE, text=[{"content": "日本"}]))
    assert made.notes == ("The bundled fonts lack characters of '日本': left out.",)
    assert made.pixels.tobytes() == draw(described(APPLE)).pixels.tobytes()


def test_text_changes_the_picture_where_its_bearer_is() -> None:
    from PIL import ImageChops

    sign = {"id": "sign", "name": "sign"}
    plain = draw(described(sign), width=256, height=256).pixels
    spec = described(sign, text=[{"content": "OPEN", "placement": "on the sign"}])
    lettered = draw(spec, width=256, height=256).pixels
    box = ImageChops.difference(plain, lettered).getbbox()
    assert box is not None
    left, top, right, bottom = box
    assert left > 25
    assert right < 231
    assert top > 25
    assert bottom < 231


@pytest.mark.parametrize("medium", list(Medium))
def test_every_medium_draws(medium: Medium) -> None:
    made = draw(described(APPLE, medium=medium.value, setting="in a meadow"))
    assert made.pixels.size == (96, 96)


def test_every_relation_draws_even_between_a_thing_and_itself() -> None:
    dog, hat = {"id": "a", "name": "dog", "count": 2}, {"id": "b", "name": "hat"}
    for kind in RelationKind:
        relations = [
            {"a": "a", "kind": kind.value, "b": "b"},
            {"a": "b", "kind": kind.value, "b": "a"},
            {"a": "a", "kind": kind.value, "b": "a"},
        ]
        assert draw(described(dog, hat, relations=relations), width=64, height=64)


def test_black_and_white_has_no_colour() -> None:
    spec = described(APPLE, setting="in a park", detail="black and white watercolour")
    red, green, blue = draw(spec).pixels.split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()


def test_seeds_draw_one_subject_in_visibly_different_pictures() -> None:
    spec = described({"id": "corgi", "name": "corgi", "action": "sitting"})
    thumbs = [draw(spec, seed=seed).pixels.resize((8, 8)) for seed in range(6)]
    for index, first in enumerate(thumbs):
        for second in thumbs[index + 1 :]:
            difference = ImageStat.Stat(ImageChops.difference(first, second)).mean
            assert sum(difference) / 3 > 4


def test_the_name_on_a_placeholder_is_sharp_in_every_style() -> None:
    plain, pixels = (
        draw(described({"id": "a", "name": "hovercraft"}, APPLE, detail=detail), width=512,
             height=512).pixels.convert("L")
        for detail in (None, "pixel art")
    )  # fmt: skip
    # Letters of the font have hundreds of shades and edges that a grid of large pixels lacks.
    columns = [len(set(picture.resize((128, 128)).tobytes())) for picture in (plain, pixels)]
    assert columns[1] > 40
