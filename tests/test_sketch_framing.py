"""The camera comes nearer, steps back or aside, and what the description fixes stays."""

from random import Random
from typing import Any

import pytest

from imagine.stages.generate.sketch.art import find
from imagine.stages.generate.sketch.camera import Shot, shot_of
from imagine.stages.generate.sketch.cast import Actor, softened
from imagine.stages.generate.sketch.group import Frame
from imagine.stages.generate.sketch.layout import Placement, arrange
from imagine.stages.spec import Position, PromptSpec, Relation, RelationKind, spec_from_dict

SQUARE = Frame(width=1000, height=1000, stands=True)


def actor(name: str, **changes: Any) -> Actor:
    match = find(name)
    assert match is not None
    return Actor(name, name, match.cutout, 1, softened(match.cutout), **changes)


def shown(
    *actors: Actor, seed: int = 1, shot: Shot = "full", links: tuple[Relation, ...] = ()
) -> tuple[Placement, ...]:
    return arrange(actors, links, SQUARE, Random(seed), shot=shot).placements


def spec(prompt: str, **fields: Any) -> PromptSpec:
    subjects = [{"id": "a", "name": "cat"}]
    style = {"medium": "illustration"}
    return spec_from_dict({"source_prompt": prompt, "subjects": subjects, "style": style, **fields})


@pytest.mark.parametrize(
    ("prompt", "shot"),
    [
        ("a portrait of a cat", "close"),
        ("close-up of a cat", "close"),
        ("a closeup photo of a cat", "close"),
        ("headshot of a cat", "close"),
        ("a wide shot of a cat", "wide"),
        ("a cat seen from afar", "wide"),
        ("a cat", "full"),
        ("a cat beside a portrait", "full"),
    ],
)
def test_the_words_set_the_distance(prompt: str, shot: Shot) -> None:
    assert shot_of(spec(prompt)) == shot


def test_the_camera_of_the_description_counts_too() -> None:
    assert shot_of(spec("a cat", camera="close-up at eye level")) == "close"


def test_close_shows_a_larger_head_and_cuts_the_legs() -> None:
    (full,), (close,) = shown(actor("man")), shown(actor("man"), shot="close")
    assert close.height > 1.5 * full.height
    assert close.top >= 0
    assert close.top + close.height > 1000


def test_close_keeps_the_hat_in_the_frame() -> None:
    wearing = Relation(a="man", kind=RelationKind.WEARING, b="crown")
    placements = shown(actor("man"), actor("crown"), shot="close", links=(wearing,))
    (hat,) = (item for item in placements if item.actor.id == "crown")
    assert hat.top >= 0


def test_wide_shows_less_of_the_subject_and_more_around_it() -> None:
    (full,), (wide,) = shown(actor("house")), shown(actor("house"), shot="wide")
    assert wide.height < 0.7 * full.height


def test_seeds_move_a_lone_subject_and_keep_it_inside() -> None:
    boxes = [shown(actor("dog"), seed=seed)[0] for seed in range(24)]
    middles = [(box.left + box.width / 2) / 1000 for box in boxes]
    assert max(middles) - min(middles) > 0.1
    assert max(box.height for box in boxes) > 1.1 * min(box.height for box in boxes)
    assert {box.mirrored for box in boxes} == {True, False}
    for box in boxes:
        assert box.left >= 0
        assert box.left + box.width <= 1000
        assert box.top >= 0
        assert box.top + box.height <= 1000


def test_what_looks_aside_has_room_before_it() -> None:
    for seed in range(24):
        (box,) = shown(actor("dog"), seed=seed)
        middle = box.left + box.width / 2
        # The dog of the art looks to the left.
        assert middle <= 501 if box.mirrored else middle >= 499


def test_a_position_is_kept_by_every_seed() -> None:
    for seed in range(12):
        (box,) = shown(actor("dog", position=Position.LEFT), seed=seed)
        assert box.left + box.width / 2 < 400


def test_left_of_is_kept_by_every_seed_and_a_bare_pair_is_not() -> None:
    link = Relation(a="dog", kind=RelationKind.LEFT_OF, b="cat")

    def dog_first(seed: int, links: tuple[Relation, ...]) -> bool:
        at = {item.actor.id: item.left for item in shown(actor("dog"), actor("cat"), seed=seed,
                                                         links=links)}  # fmt: skip
        return at["dog"] < at["cat"]

    assert all(dog_first(seed, (link,)) for seed in range(12))
    assert {dog_first(seed, ()) for seed in range(12)} == {True, False}
