"""Words go to the thing that is named before them, and never over words that are there."""

from typing import Any

import pytest

from imagine.stages.generate.sketch.cast import cast_of
from imagine.stages.generate.sketch.inscription import inscribe
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
