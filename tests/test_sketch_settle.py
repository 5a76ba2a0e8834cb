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
    tints = {settled("fox", seed=seed).color for seed in range(12)}
    assert len(tints) > 2
    assert all(tint is not None and min(tint) > 180 for tint in tints)


def test_a_palette_tints_the_sweep() -> None:
    tint = settled("fox", palette=("navy", "red")).color
    assert tint is not None
    assert tint[0] > tint[1] + 30


def test_a_stated_colour_stays() -> None:
    scene = settled("fox", "a fox on a white background")
    assert scene.color is not None
    assert min(scene.color) > 240
