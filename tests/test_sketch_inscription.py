"""Words go to the thing that is named before them, and never over words that are there."""

from typing import Any

import pytest
from PIL import Image

from imagine.stages.generate.sketch.cast import cast_of
from imagine.stages.generate.sketch.inscription import inscribe
from imagine.stages.generate.sketch.lettering import paint_neon
from imagine.stages.generate.sketch.place import read_scene
from imagine.stages.spec import spec_from_dict


def bearers(prompt: str, names: list[str], texts: list[str]) -> dict[str, str]:
    """Name of the bearer to its words."""
    subjects: list[dict[str, Any]] = [
        {"id": f"s{index}", "name": name, "source_span": name} for index, name in enumerate(names)
    ]
    spec = spec_from_dict({
        "source_prompt": prompt, "subjects": subjects, "style": {"medium": "illustration"},
        "text": [{"content": text} for text in texts],
    })  # fmt: skip
    made = inscribe(spec, cast_of(spec, read_scene(spec)))
    return {names[int(actor[1:])]: item.content for actor, item in made.borne.items()}


def test_a_stop_sign_keeps_its_own_word() -> None:
    prompt = 'a stop sign and a poster that says "HELLO WORLD"'
    assert bearers(prompt, ["stop sign", "poster"], ["HELLO WORLD"]) == {"poster": "HELLO WORLD"}
    assert bearers('a stop sign that says "GO"', ["stop sign"], ["GO"]) == {}


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ('a sign that says "OPEN" next to a book titled "MAGIC"',
         {"sign": "OPEN", "book": "MAGIC"}),
        ('a book titled "MAGIC" next to a sign that says "OPEN"',
         {"sign": "OPEN", "book": "MAGIC"}),
    ],
)  # fmt: skip
def test_every_text_goes_to_the_nearest_thing_before_it(
    prompt: str, expected: dict[str, str]
) -> None:
    texts = sorted(expected.values(), key=prompt.index)
    assert bearers(prompt, ["sign", "book"], texts) == expected


def test_neon_words_glow_in_their_colour_and_others_do_not() -> None:
    def tubes(prompt: str) -> tuple[int, int, int] | None:
        spec = spec_from_dict({
            "source_prompt": prompt, "subjects": [{"id": "a", "name": "sign"}],
            "style": {"medium": "illustration"}, "text": [{"content": "BAR"}],
        })  # fmt: skip
        return inscribe(spec, cast_of(spec, read_scene(spec))).neon

    assert tubes("a wooden sign that says 'BAR'") is None
    pink, blue = tubes("a neon sign that says 'BAR'"), tubes("a blue neon sign saying 'BAR'")
    assert pink is not None
    assert blue is not None
    assert pink[0] > pink[2]
    assert blue[2] > blue[0]


def test_neon_letters_are_light_on_dark_and_shine_beyond_their_panel() -> None:
    canvas = Image.new("RGB", (300, 200), (30, 24, 44))
    paint_neon(canvas, "BAR", box=(80, 60, 220, 140), face="sans", tube=(60, 120, 255))
    low, high = canvas.crop((80, 60, 220, 140)).convert("L").getextrema()
    assert isinstance(low, (int, float))
    assert isinstance(high, (int, float))
    assert low < 60
    assert high > 180
    near = canvas.getpixel((150, 50))
    assert isinstance(near, tuple)
    assert near[2] > 48
    assert canvas.getpixel((2, 2)) == (30, 24, 44)
