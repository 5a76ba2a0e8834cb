"""Hair and beard that the description speaks of pick the art that shows them."""

from typing import Any

import pytest

from imagine.stages.generate.sketch.cast import Cast, cast_of
from imagine.stages.generate.sketch.place import read_scene
from imagine.stages.spec import spec_from_dict


def cast(*subjects: dict[str, Any]) -> Cast:
    numbered = [{"id": f"s{i}", **subject} for i, subject in enumerate(subjects)]
    spec = spec_from_dict(
        {"source_prompt": "a portrait", "subjects": numbered, "style": {"medium": "painting"}}
    )
    return cast_of(spec, read_scene(spec))


@pytest.mark.parametrize(
    ("subjects", "key"),
    [
        (({"name": "woman"}, {"name": "hair", "colors": ["red"]}), "red-haired woman"),
        (({"name": "young woman"}, {"name": "hair", "colors": ["auburn"]}), "red-haired woman"),
        (({"name": "man"}, {"name": "hair", "attributes": ["curly"]}), "curly-haired man"),
        (({"name": "man"}, {"name": "beard", "attributes": ["long"]}), "bearded man"),
        (({"name": "woman", "attributes": ["silver-haired"]},), "white-haired woman"),
        (({"name": "man", "attributes": ["bald"]},), "bald man"),
        (({"name": "dog"}, {"name": "hair", "colors": ["red"]}), "dog"),
    ],
)
def test_the_variant_is_found(subjects: tuple[dict[str, Any], ...], key: str) -> None:
    actor, *others = cast(*subjects).actors
    assert others == []
    assert actor.cutout is not None
    assert actor.cutout.key == key


def test_hair_that_is_drawn_needs_no_note_and_what_it_lacks_does() -> None:
    red = cast({"name": "woman"}, {"name": "hair", "colors": ["red"]})
    curly = cast({"name": "woman"}, {"name": "hair", "colors": ["red"], "attributes": ["curly"]})
    assert red.notes == ()
    assert curly.notes == ("'curly hair' is not drawn: no art shows all of it.",)


def test_hair_belongs_to_the_one_named_before_it() -> None:
    man, woman = cast(
        {"name": "man"}, {"name": "woman"}, {"name": "hair", "colors": ["red"]}
    ).actors
    assert man.cutout is not None
    assert woman.cutout is not None
    assert (man.cutout.key, woman.cutout.key) == ("man", "red-haired woman")


def test_hair_named_after_a_hat_is_still_that_of_the_wearer() -> None:
    subjects = [
        {"id": "a", "name": "woman"},
        {"id": "b", "name": "hat"},
        {"id": "c", "name": "hair", "colors": ["white"]},
    ]
    spec = spec_from_dict({
        "source_prompt": "a portrait", "subjects": subjects, "style": {"medium": "painting"},
        "relations": [{"a": "a", "kind": "wearing", "b": "b"}],
    })  # fmt: skip
    made = cast_of(spec, read_scene(spec))
    assert [actor.label for actor in made.actors] == ["woman", "hat"]
    assert made.actors[0].cutout is not None
    assert made.actors[0].cutout.key == "white-haired woman"
    assert made.notes == ()
