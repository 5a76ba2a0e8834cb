"""Subjects without a stated place are put where they belong, or before a tint that suits them."""

from random import Random

import pytest

from imagine.stages.generate.sketch.cast import cast_of
from imagine.stages.generate.sketch.place import Scene, read_scene
from imagine.stages.generate.sketch.settle import settle
from imagine.stages.spec import Medium, PromptSpec, Style, Subject


def settled(name: str, prompt: str = "", *, palette: tuple[str, ...] = (), seed: int = 1) -> Scene:
    spec = PromptSpec(
        source_prompt=prompt or f"a {name}",
        subjects=(Subject(id="a", name=name),),
        style=Style(medium=Medium.ILLUSTRATION),
    )
    scene = read_scene(spec)
    return settle(scene, cast_of(spec, scene), Random(seed), palette=palette)


@pytest.mark.parametrize(
    ("name", "prompt", "place"),
    [
        ("sailboat", "", "boat"),
        ("fish", "", "underwater"),
        ("kite", "", "sky"),
        ("rocket", "", "space"),
        ("fox", "a fox at sunset", "meadow"),
        ("fox", "a fox in the rain", "meadow"),
        ("toaster", "a toaster at sunset", "studio"),
        ("fox", "", "studio"),
        ("sailboat", "a sailboat in the desert", "desert"),
    ],
)
def test_the_element_of_a_subject_is_its_place(name: str, prompt: str, place: str) -> None:
    assert settled(name, prompt).place.key == place


def test_a_tint_is_pale_and_changes_with_the_seed() -> None:
    tints = {tint for seed in range(24) if (tint := settled("fox", seed=seed).color) is not None}
    assert len(tints) > 2
    assert all(min(tint) > 180 for tint in tints)


def test_seeds_change_the_backdrop_and_put_some_outdoors() -> None:
    scenes = [settled("fox", seed=seed) for seed in range(24)]
    assert {scene.place.key for scene in scenes} == {"studio", "meadow"}
    assert len({scene.backdrop for scene in scenes}) > 3
    assert {settled("sofa", seed=seed).place.key for seed in range(24)} == {"studio"}
    assert {settled("truck", seed=seed).place.key for seed in range(24)} == {"studio", "road"}


def test_a_palette_and_a_stated_colour_keep_every_seed_indoors() -> None:
    for seed in range(12):
        assert settled("fox", palette=("navy",), seed=seed).place.key == "studio"
        assert settled("fox", "a fox on a red background", seed=seed).place.key == "studio"


def test_a_palette_tints_the_sweep() -> None:
    tint = settled("fox", palette=("navy", "red")).color
    assert tint is not None
    assert tint[0] > tint[1] + 30


def test_a_stated_colour_stays() -> None:
    scene = settled("fox", "a fox on a white background")
    assert scene.color is not None
    assert min(scene.color) > 240


def test_the_moon_alone_is_seen_at_night() -> None:
    assert settled("moon").hour == "night"
    assert settled("airplane").hour == "day"


def test_where_nothing_can_be_drawn_or_lettered_there_is_a_meadow_and_no_blank_block() -> None:
    assert settled("\u732b", "\u732b").place.key == "meadow"


def test_neon_hangs_before_a_dark_wall() -> None:
    color = settled("sign", "a neon sign").color
    assert color is not None
    assert max(color) < 90
