"""The cast has every subject that is a thing, with its art, number, size and notes."""

from typing import Any

import pytest

from imagine.stages.generate.sketch.cast import Cast, cast_of
from imagine.stages.generate.sketch.place import read_scene
from imagine.stages.spec import PromptSpec, spec_from_dict


def cast(*subjects: dict[str, Any], **fields: Any) -> Cast:
    numbered = [{"id": f"s{i}", **subject} for i, subject in enumerate(subjects)]
    style = {"medium": "illustration"}
    prompt = fields.pop("source_prompt", "a picture")
    spec: PromptSpec = spec_from_dict(
        {"source_prompt": prompt, "subjects": numbered, "style": style, **fields}
    )
    return cast_of(spec, read_scene(spec))


def test_counts_are_kept_and_a_bare_plural_is_several() -> None:
    made = cast(
        {"name": "dog", "count": 7},
        {"name": "tulip", "source_span": "tulips"},
        {"name": "cat", "source_span": "a cat"},
        {"name": "moon", "source_span": "moon's"},
        {"name": "child", "source_span": "children"},
        source_prompt="7 dogs, tulips, children, a cat by the moon's light",
    )
    assert [actor.count for actor in made.actors] == [7, 3, 1, 1, 3]


def test_a_giant_mouse_is_larger_than_a_tiny_elephant_expects() -> None:
    plain, giant, tiny = (
        cast({"name": "mouse", "attributes": words}).actors[0].extent
        for words in ((), ("giant",), ("tiny",))
    )
    assert tiny < plain < giant


def test_real_sizes_are_softened() -> None:
    mouse, house = cast({"name": "mouse"}, {"name": "house"}).actors
    assert 1.5 < house.extent / mouse.extent < 5


@pytest.mark.parametrize("name", ["sky", "grass", "water", "wall", "busy street", "sunlight"])
def test_places_and_lights_are_no_actors(name: str) -> None:
    made = cast({"name": "dog"}, {"name": name})
    assert [actor.label for actor in made.actors] == ["dog"]
    assert made.notes == ()


def test_a_table_under_things_is_left_to_the_scenery() -> None:
    relation = [{"a": "s0", "kind": "on", "b": "s1"}]
    assert len(cast({"name": "apple"}, {"name": "table"}, relations=relation).actors) == 1
    assert len(cast({"name": "apple"}, {"name": "table"}).actors) == 2


def test_the_text_to_be_written_is_no_actor() -> None:
    made = cast({"name": "word"}, {"name": "sign"}, text=[{"content": "go"}])
    assert [actor.label for actor in made.actors] == ["sign"]


def test_placeholders_keep_colour_and_position() -> None:
    (actor,) = cast({"name": "zorgblat", "colors": ["red"], "position": "left"}).actors
    assert actor.cutout is None
    assert actor.colors == ("red",)
    assert actor.position == "left"
    assert actor.box[0] > actor.box[1]


def test_parts_are_left_to_the_thing_they_belong_to() -> None:
    made = cast({"name": "woman"}, {"name": "hair", "attributes": ["long"]})
    assert [actor.label for actor in made.actors] == ["woman"]
    assert made.notes == ("'hair' is not drawn by itself: it belongs to the woman.",)
    assert [actor.label for actor in cast({"name": "eye"}).actors] == ["eye"]


def test_what_a_part_wears_is_worn_by_its_owner() -> None:
    wearing = [{"a": "s1", "kind": "wearing", "b": "s2"}]
    made = cast({"name": "woman"}, {"name": "hair"}, {"name": "dress"}, relations=wearing)
    assert [(link.a, link.b) for link in made.relations] == [("s0", "s2")]


def test_a_worn_glass_is_a_pair_of_glasses() -> None:
    wearing = [{"a": "s0", "kind": "wearing", "b": "s1"}]
    made = cast({"name": "dog"}, {"name": "steampunk glass"}, relations=wearing)
    assert made.actors[1].cutout is not None
    assert made.actors[1].cutout.key == "glasses"


@pytest.mark.parametrize("name", ["times square", "tennis court", "city intersection"])
def test_a_place_without_art_is_scenery(name: str) -> None:
    assert cast({"name": name}).actors == ()


def test_a_red_fox_keeps_the_colour_of_foxes_and_a_blue_one_is_painted() -> None:
    red, blue = cast({"name": "fox", "colors": ["red"]}, {"name": "fox", "colors": ["blue"]}).actors
    assert red.colors == ()
    assert blue.colors == ("blue",)


@pytest.mark.parametrize(
    ("prompt", "colors"),
    [
        ("a photo of a panda made of water", ("light blue",)),
        ("a panda made out of solid gold", ("gold",)),
        ("a panda made of thoughts", ()),
        ("a panda", ()),
    ],
)
def test_what_a_thing_is_made_of_colours_it(prompt: str, colors: tuple[str, ...]) -> None:
    (actor,) = cast({"name": "panda"}, source_prompt=prompt).actors
    assert actor.colors == colors


def test_a_stated_colour_wins_over_the_material() -> None:
    made = cast({"name": "owl", "colors": ["red"]}, source_prompt="a red owl made of ice")
    assert made.actors[0].colors == ("red",)


def test_a_word_for_the_camera_is_no_subject() -> None:
    made = cast({"name": "headshot"}, {"name": "fox"}, source_prompt="a headshot of a fox")
    assert [actor.label for actor in made.actors] == ["fox"]


def test_from_close_by_an_animal_looks_at_us() -> None:
    (actor,) = cast({"name": "cat"}, source_prompt="a close-up of a cat").actors
    assert actor.cutout is not None
    assert actor.cutout.key == "sitting cat"


def test_a_king_wears_one_crown_and_a_wizard_a_hat_of_another_colour() -> None:
    wearing = [{"a": "s0", "kind": "wearing", "b": "s1"}]
    king = cast({"name": "king"}, {"name": "crown"}, relations=wearing)
    assert [actor.label for actor in king.actors] == ["king"]
    assert king.notes == ("'crown' is not drawn by itself: it belongs to the king.",)
    wizard = cast({"name": "wizard"}, {"name": "hat", "colors": ["red"]}, relations=wearing)
    assert [actor.label for actor in wizard.actors] == ["wizard", "hat"]
    corgi = cast({"name": "corgi"}, {"name": "crown"}, relations=wearing)
    assert [actor.label for actor in corgi.actors] == ["corgi", "crown"]


def test_a_pile_of_coins_is_one_thing_and_bare_coins_are_several() -> None:
    coin = {"name": "coin", "source_span": "coins"}
    (heap,) = cast(coin, source_prompt="a pile of old gold coins").actors
    (loose,) = cast(coin, source_prompt="some gold coins").actors
    assert (heap.count, heap.heaped) == (1, True)
    assert (loose.count, loose.heaped) == (3, False)


def test_several_around_a_thing_stand_on_both_sides_of_it() -> None:
    made = cast(
        {"name": "friend", "count": 5},
        {"name": "campfire"},
        source_prompt="five friends around a campfire",
    )
    assert [(actor.label, actor.count) for actor in made.actors] == [
        ("friend", 3), ("campfire", 1), ("friend", 2),
    ]  # fmt: skip
    assert {link.kind for link in made.relations} == {"between"}
    assert len({actor.id for actor in made.actors}) == 3


def test_what_no_font_can_letter_is_no_blank_block_but_a_note() -> None:
    made = cast({"name": "桜の木の下の猫"}, source_prompt="桜の木の下の猫")
    assert made.actors == ()
    assert made.notes == (
        "'桜の木の下の猫' is not drawn: sketch reads English only, "
        "and the bundled fonts cannot letter it.",
    )


def test_an_excluded_thing_that_the_art_shows_is_told() -> None:
    made = cast({"name": "hamburger"}, exclude=["cheese", "bacon"])
    assert made.notes == ("'cheese' cannot be left out: it is part of the art of the hamburger.",)


def test_soup_in_a_bowl_is_one_bowl() -> None:
    inside = [{"a": "s0", "kind": "inside", "b": "s1"}]
    made = cast({"name": "soup"}, {"name": "bowl"}, relations=inside)
    assert [actor.label for actor in made.actors] == ["bowl"]
    assert made.notes == ("'soup' is not drawn by itself: it belongs to the bowl.",)
