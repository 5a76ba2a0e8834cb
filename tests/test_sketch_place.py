"""Place, hour, weather, colour and table top are read from the words of a description."""

from typing import Any

import pytest

from imagine.stages.generate.sketch.gazetteer import place_called, places
from imagine.stages.generate.sketch.interior import PARTS
from imagine.stages.generate.sketch.landscape import LAYERS
from imagine.stages.generate.sketch.place import Scene, is_table, read_scene, surface_of
from imagine.stages.spec import Medium, PromptSpec, Relation, RelationKind, Style, Subject


def scene_of(prompt: str, *subjects: Subject, **fields: Any) -> Scene:
    return read_scene(
        PromptSpec(
            source_prompt=prompt,
            subjects=subjects or (Subject(id="fox", name="fox"),),
            style=Style(medium=Medium.ILLUSTRATION),
            **fields,
        )
    )


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ("in a dark forest", "forest"),
        ("on a sandy beach", "beach"),
        ("in a cozy kitchen", "kitchen"),
        ("in outer space", "space"),
        ("under the sea", "underwater"),
        ("on a busy city street", "street"),
        ("on top of a snowy mountain", "mountains"),
        ("in a living room", "room"),
        ("in the Sahara desert", "desert"),
        ("on a white background", "studio"),
        ("a snowman in the desert", "desert"),
        ("in front of a brick wall", "bricks"),
    ],
)
def test_the_setting_names_the_place(setting: str, key: str) -> None:
    assert scene_of("a fox", setting=setting).place.key == key


def test_a_place_in_the_prompt_counts_when_no_setting_is_given() -> None:
    assert scene_of("a fox asleep in the snow").place.key == "winter"


def test_the_longer_phrase_of_the_prompt_corrects_a_shorter_setting() -> None:
    assert scene_of("a whale under the sea", setting="the sea").place.key == "underwater"


def test_without_a_place_it_is_an_unstated_studio() -> None:
    scene = scene_of("a fox")
    assert (scene.place.key, scene.stated, scene.color) == ("studio", False, None)


def test_an_excluded_word_names_no_place() -> None:
    assert scene_of("a fox, no snow", exclude=("snow",)).place.key == "studio"


@pytest.mark.parametrize(
    ("words", "hour"),
    [("at sunset", "sunset"), ("at midnight", "night"), ("at dawn", "dawn"), ("a fox", "day")],
)
def test_the_hour_is_read(words: str, hour: str) -> None:
    assert scene_of(f"a fox {words}").hour == hour


@pytest.mark.parametrize(
    ("words", "weather"),
    [
        ("in the rain", "rain"),
        ("in a storm", "storm"),
        ("in thick fog", "fog"),
        ("under an overcast sky", "cloudy"),
        ("on a train", "clear"),
    ],
)
def test_the_weather_is_read(words: str, weather: str) -> None:
    assert scene_of(f"a fox {words}").weather == weather


def test_a_coloured_background_is_read() -> None:
    green = scene_of("three bananas on a green background").color
    assert green is not None
    assert green[1] > max(green[0], green[2])


def test_a_table_that_carries_things_becomes_the_foreground() -> None:
    subjects = (Subject(id="a", name="apple"), Subject(id="t", name="table", colors=("blue",)))
    on = (Relation(a="a", kind=RelationKind.ON, b="t"),)
    table = scene_of("an apple on a blue table", *subjects, relations=on).table
    assert table is not None
    assert table[2] > max(table[0], table[1])
    assert scene_of("an apple beside a table", *subjects).table is None


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("sky", "sky"),
        ("busy street", "street"),
        ("autumn landscape", "autumn"),
        ("sunlight", ""),
        ("fox", None),
        ("street lamp", None),
        ("traffic light", None),
    ],
)
def test_surfaces_are_told_from_things(name: str, key: str | None) -> None:
    assert surface_of(Subject(id="x", name=name)) == key


def test_tables_are_told_from_tablets() -> None:
    assert is_table(Subject(id="x", name="wooden table"))
    assert not is_table(Subject(id="x", name="tablet"))


def test_every_place_has_painters_for_all_its_layers() -> None:
    for place in places():
        painters = PARTS if place.kind == "room" else LAYERS
        assert set(place.layers) <= set(painters), place.key
        assert place_called(place.key) == place
        assert 0 < place.horizon < 1


def test_snow_lies_on_any_land_but_a_snowman_brings_none() -> None:
    snowy = scene_of("a church in a snowy village").place
    assert snowy.key == "village"
    assert min(snowy.ground[1]) > 240
    assert min(scene_of("a snowman in the desert").place.ground[1]) < 200
