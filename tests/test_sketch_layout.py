"""The layout honours counts and relations, keeps everything in the frame, and never fails."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagine.stages.generate.sketch.art import find
from imagine.stages.generate.sketch.cast import Actor, softened
from imagine.stages.generate.sketch.group import Frame
from imagine.stages.generate.sketch.layout import Layout, Placement, arrange
from imagine.stages.spec import Position, Relation, RelationKind

SQUARE = Frame(width=1000, height=1000, stands=True)
NAMES = ("dog", "house", "apple", "airplane", "car", "hat")


def actor(name: str, **changes: Any) -> Actor:
    """An actor with the art of that name; its id is the name."""
    match = find(name)
    assert match is not None
    made = Actor(name, name, match.cutout, 1, softened(match.cutout))
    return replace(made, **changes)


def lay(
    *actors: Actor, links: list[tuple[str, str, str]] | None = None, frame: Frame = SQUARE
) -> Layout:
    relations = [Relation(a=a, kind=RelationKind(kind), b=b) for a, kind, b in links or []]
    return arrange(actors, relations, frame, Random(1))


def of(layout: Layout, name: str) -> Placement:
    (found,) = (item for item in layout.placements if item.actor.id == name)
    return found


def center(item: Placement) -> tuple[float, float]:
    return item.left + item.width / 2, item.top + item.height / 2


def overlap(first: Placement, second: Placement) -> float:
    """Shared area as a share of the smaller box."""
    wide = min(first.left + first.width, second.left + second.width) - max(first.left, second.left)
    high = min(first.top + first.height, second.top + second.height) - max(first.top, second.top)
    smaller = min(first.width * first.height, second.width * second.height)
    return max(0.0, wide) * max(0.0, high) / smaller


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13, 40, 100])
def test_exactly_as_many_are_drawn_as_are_asked_for(count: int) -> None:
    assert len(lay(actor("dog", count=count)).placements) == count


@pytest.mark.parametrize("frame", [SQUARE, Frame(800, 100, True), Frame(100, 800, False)])
def test_left_and_right_hold_in_any_frame(frame: Frame) -> None:
    layout = lay(
        actor("dog"), actor("house"), actor("car"),
        links=[("dog", "right_of", "house"), ("car", "left_of", "house")], frame=frame,
    )  # fmt: skip
    x = {name: center(of(layout, name))[0] for name in ("dog", "house", "car")}
    assert x["car"] < x["house"] < x["dog"]


def test_above_and_below_stack_without_overlap() -> None:
    for kind, upper in (("above", "dog"), ("below", "car")):
        layout = lay(actor("dog"), actor("car"), links=[("dog", kind, "car")])
        (lower,) = {"dog", "car"} - {upper}
        assert of(layout, upper).top + of(layout, upper).height <= of(layout, lower).top + 1
        assert overlap(of(layout, "dog"), of(layout, "car")) < 0.01


def test_between_puts_one_in_the_middle() -> None:
    layout = lay(
        actor("dog"), actor("car"), actor("house"),
        links=[("dog", "between", "car"), ("dog", "between", "house")],
    )  # fmt: skip
    x = {name: center(of(layout, name))[0] for name in ("dog", "house", "car")}
    assert min(x["car"], x["house"]) < x["dog"] < max(x["car"], x["house"])


def test_several_relations_hold_together() -> None:
    layout = lay(
        actor("dog"), actor("hat"), actor("car"), actor("bird"),
        links=[("dog", "wearing", "hat"), ("dog", "left_of", "car"), ("bird", "above", "car")],
    )  # fmt: skip
    dog, hat, car, bird = (of(layout, name) for name in ("dog", "hat", "car", "bird"))
    assert center(dog)[0] < center(car)[0]
    assert center(bird)[1] < car.top
    assert center(hat)[1] < center(dog)[1]
    assert dog.left < center(hat)[0] < dog.left + dog.width


def test_what_is_on_something_touches_its_upper_part() -> None:
    layout = lay(actor("dog"), actor("car"), links=[("dog", "on", "car")])
    dog, car = of(layout, "dog"), of(layout, "car")
    foot = dog.top + dog.height
    assert car.top <= foot <= car.top + 0.6 * car.height
    assert car.left < center(dog)[0] < car.left + car.width


def test_behind_is_drawn_first_and_stays_visible() -> None:
    layout = lay(actor("dog"), actor("car"), links=[("dog", "behind", "car")])
    order = [item.actor.id for item in layout.placements]
    assert order.index("dog") < order.index("car")
    assert overlap(of(layout, "dog"), of(layout, "car")) < 0.7


def test_facing_things_look_at_each_other() -> None:
    layout = lay(actor("dog"), actor("elephant"), links=[("dog", "facing", "elephant")])
    first, second = sorted(layout.placements, key=lambda item: item.left)

    def looks(item: Placement) -> str:
        assert item.actor.cutout is not None
        way = item.actor.cutout.facing
        return {"left": "right", "right": "left"}.get(way, way) if item.mirrored else way

    assert (looks(first), looks(second)) == ("right", "left")


def test_a_mouse_beside_a_house_is_still_seen() -> None:
    layout = lay(actor("mouse"), actor("house"))
    assert of(layout, "mouse").height > 0.18 * of(layout, "house").height
    assert of(layout, "mouse").height < 0.6 * of(layout, "house").height


def test_neighbours_without_relations_do_not_cover_one_another() -> None:
    layout = lay(actor("dog"), actor("house"), actor("car"))
    items = layout.placements
    assert all(overlap(a, b) < 0.05 for i, a in enumerate(items) for b in items[i + 1 :])


@pytest.mark.parametrize("position", [p for p in Position if "ground" not in p.value])
def test_a_lone_subject_goes_to_the_cell_it_asks_for(position: Position) -> None:
    frame = replace(SQUARE, stands=False)
    x, y = center(of(lay(actor("apple", position=position), frame=frame), "apple"))
    column = -1 if "left" in position else 1 if "right" in position else 0
    row = -1 if "top" in position else 1 if "bottom" in position else 0
    assert (x > 520) - (x < 480) == column
    assert (y > 520) - (y < 480) == row


def test_a_flying_thing_stays_above_what_stands() -> None:
    layout = lay(actor("dog"), actor("airplane"), actor("house"))
    plane = of(layout, "airplane")
    assert plane.top + plane.height <= min(of(layout, "dog").top, of(layout, "house").top) + 20
    assert not plane.grounded


@given(
    picked=st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True),
    counts=st.lists(st.integers(1, 100), min_size=6, max_size=6),
    links=st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(RelationKind), st.sampled_from(NAMES)),
        max_size=8,
    ),
    frame=st.builds(Frame, st.integers(16, 1600), st.integers(16, 1600), st.booleans()),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_everything_is_in_the_frame_and_drawn_as_often_as_asked(
    picked: list[str],
    counts: list[int],
    links: list[tuple[str, RelationKind, str]],
    frame: Frame,
    seed: int,
) -> None:
    width, height = frame.width, frame.height
    actors = [actor(name, count=count) for name, count in zip(picked, counts, strict=False)]
    relations = [Relation(a=a, kind=k, b=b) for a, k, b in links if {a, b} <= set(picked)]
    layout = arrange(actors, relations, frame, Random(seed))
    slack_x, slack_y = 0.03 * width + 1, 0.03 * height + 1
    for item in layout.placements:
        assert item.width > 0
        assert item.height > 0
        assert -slack_x <= item.left
        assert item.left + item.width <= width + slack_x
        assert -slack_y <= item.top
        assert item.top + item.height <= height + slack_y
    free = {name for name in picked if not any(name in (r.a, r.b) for r in relations)}
    for drawn in actors:
        if drawn.id in free:
            assert sum(item.actor.id == drawn.id for item in layout.placements) == drawn.count


@pytest.mark.parametrize(("container", "count"), [("bathtub", 7), ("bowl", 3), ("teacup", 1)])
def test_what_is_in_an_open_container_is_seen_in_its_opening(container: str, count: int) -> None:
    layout = lay(
        actor("duck", count=count), actor(container), links=[("duck", "inside", container)]
    )
    holder = of(layout, container)
    ducks = [item for item in layout.placements if item.actor.id == "duck"]
    assert len(ducks) == count
    for duck in ducks:
        assert duck.depth > holder.depth
        assert holder.top < duck.top + duck.height < holder.top + 0.7 * holder.height
        assert holder.left <= center(duck)[0] <= holder.left + holder.width


def test_one_dragon_lies_on_one_heap_of_small_coins() -> None:
    heap = actor("coin", heaped=True)
    layout = lay(actor("dragon"), heap, links=[("dragon", "on", "coin")])
    dragon = of(layout, "dragon")
    coins = [item for item in layout.placements if item.actor.id == "coin"]
    assert len(coins) > 12
    assert max(coin.width for coin in coins) < 0.4 * dragon.width
    floor = max(coin.top + coin.height for coin in coins)
    assert min(coin.top for coin in coins) < dragon.top + dragon.height < floor


@pytest.mark.parametrize("seed", range(12))
def test_people_in_a_back_row_stand_behind_and_not_on_the_heads_of_others(seed: int) -> None:
    people = arrange([actor("man", count=12)], [], SQUARE, Random(seed)).placements
    feet = [item.top + item.height for item in people]
    tallest = max(item.height for item in people)
    assert max(feet) - min(feet) < tallest


@pytest.mark.parametrize("seed", range(20))
def test_a_lone_thing_is_near_the_middle(seed: int) -> None:
    frame = Frame(1000, 1000, stands=True, open=True)
    (apple,) = arrange([actor("apple")], [], frame, Random(seed)).placements
    x, y = center(apple)
    assert 400 < x < 600
    assert 380 < y < 620
