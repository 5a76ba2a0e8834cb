"""The bundled cut-outs: what is found for a name, and what its picture is like."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagine.stages.generate.sketch import art
from imagine.stages.generate.sketch.art import (
    Facing,
    Habitat,
    Kind,
    cutout,
    find,
    keys,
    knows,
    picture,
)

ASSETS = files("imagine.stages.generate.sketch").joinpath("assets")


def key_of(name: str, *attributes: str) -> str | None:
    match = find(name, attributes=attributes)
    return match.cutout.key if match else None


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("dog", "dog"),
        ("puppies", "dog"),
        ("A Dog", "dog"),
        ("corgi", "corgi"),
        ("fluffy corgis", "corgi"),
        ("sofa", "couch"),
        ("couch", "couch"),
        ("aeroplane", "airplane"),
        ("lorries", "delivery truck"),
        ("mice", "mouse"),
        ("computer mouse", "computer mouse"),
        ("geese", "goose"),
        ("wolves", "wolf"),
        ("children", "child"),
        ("glasses", "glasses"),
        ("glass of water", "drinking glass"),
        ("glass of wine", "wine glass"),
        ("cherries", "cherries"),
        ("traffic lights", "traffic light"),
        ("baseball bat", "baseball bat"),
        ("fruit bats", "bat"),
        ("hair drier", "hair dryer"),
        ("tv remote", "remote control"),
        ("spaceship", "rocket"),
        ("knight’s shield", "shield"),
    ],
)
def test_names_plurals_and_spellings_lead_to_their_own_art(name: str, key: str) -> None:
    match = find(name)
    assert match is not None
    assert (match.cutout.key, match.exact) == (key, True)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("beagle", "dog"),
        ("fluffy beagles", "dog"),
        ("Porsche", "car"),
        ("cheetah", "leopard"),
        ("cello", "violin"),
        ("samurai", "man"),
        ("cathedral", "church"),
    ],
)
def test_a_relative_stands_in_and_says_so(name: str, key: str) -> None:
    match = find(name)
    assert match is not None
    assert (match.cutout.key, match.exact) == (key, False)


@pytest.mark.parametrize(
    ("name", "attribute", "key"),
    [
        ("dog", "sitting", "sitting dog"),
        ("kitten", "sitting", "sitting cat"),
        ("beagle", "seated", "sitting dog"),
        ("sleeping kitten", "", "sleeping cat"),
        ("puppy", "lying", "sleeping dog"),
        ("house", "sitting", "house"),
    ],
)
def test_a_pose_picks_the_art_that_has_it(name: str, attribute: str, key: str) -> None:
    assert key_of(name, attribute) == key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("wooden chair", "chair"),
        ("red city bus", "bus"),
        ("bunch of grapes", "grapes"),
        ("herd of elephants", "elephant"),
        ("map of Japan", "world map"),
        ("face of a dog", "face of a dog"),
        ("statue of a lion", "statue"),
        ("man reading a newspaper", "man"),
        ("woman with an umbrella", "woman"),
        ("cat wearing a tiny crown", "cat"),
        ("brick building", "office building"),
        ("red flying saucer", "ufo"),
    ],
)
def test_of_a_phrase_the_right_word_decides(name: str, key: str) -> None:
    assert key_of(name) == key


@pytest.mark.parametrize(
    ("name", "attributes", "key"),
    [
        ("man", ("old",), "old man"),
        ("woman", ("tall", "elderly"), "old woman"),
        ("doctor", ("female",), "female doctor"),
        ("apple", ("green",), "green apple"),
        ("cat", ("black",), "black cat"),
        ("house", ("white",), "house"),
        ("dog", ("old",), "dog"),
        ("steampunk glasses", ("",), "glasses"),
    ],
)
def test_an_attribute_picks_the_variant_if_there_is_one(
    name: str, attributes: tuple[str, ...], key: str
) -> None:
    assert key_of(name, *attributes) == key


@pytest.mark.parametrize(
    "name",
    ["justice", "inertia", "corn maze", "Times Square", "gingerbread man", "eagle head",
     "traffic jam", "photo", "", "of", "the", "🦊", "xyzzy"],
)  # fmt: skip
def test_what_has_no_honest_art_is_not_found(name: str) -> None:
    assert find(name) is None


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("sign", "peace sign"), ("stop sign", "sign"), ("portrait photo", "camera"), ("bus", "sun")],
)
def test_a_look_alike_word_never_gives_the_wrong_thing(name: str, wrong: str) -> None:
    assert key_of(name) != wrong


def test_a_natural_colour_is_told_from_a_wish() -> None:
    assert knows("red fox")
    assert knows("black cat")
    assert not knows("purple fox")


@given(st.text(max_size=80), st.lists(st.text(max_size=20), max_size=3))
def test_any_text_is_looked_up_without_error(name: str, attributes: list[str]) -> None:
    match = find(name, attributes=attributes)
    assert match is None or match.cutout.key in keys()


@given(st.sampled_from(keys()))
def test_every_cutout_is_found_by_its_own_key_or_by_a_variant_of_it(key: str) -> None:
    match = find(key)
    assert match is not None
    assert match.exact


def test_every_cutout_is_complete_and_in_range() -> None:
    for key in keys():
        one = cutout(key)
        assert one.key == key
        assert one.label
        assert one.kind in get_args(Kind)
        assert one.habitat in get_args(Habitat)
        assert one.facing in get_args(Facing)
        assert 0.01 <= one.scale <= 100
        assert 0.05 <= one.aspect <= 10
        for anchor in (one.head, one.hand, one.seat, one.panel):
            assert anchor is None or all(0 <= fraction <= 1 for fraction in anchor)
        if one.panel:
            left, top, right, bottom = one.panel
            assert left < right
            assert top < bottom


@pytest.mark.parametrize("name", ["sign", "poster", "t-shirt", "blackboard", "billboard", "banner"])
def test_what_bears_words_has_room_for_them(name: str) -> None:
    match = find(name)
    assert match is not None
    assert match.cutout.panel is not None


@pytest.mark.parametrize("name", ["dog", "cat", "fox", "man", "woman", "astronaut", "robot"])
def test_what_can_wear_a_hat_has_a_head(name: str) -> None:
    match = find(name)
    assert match is not None
    assert match.cutout.head is not None


@pytest.mark.parametrize("name", ["horse", "bicycle", "table", "bed", "cushion", "bench", "couch"])
def test_what_carries_something_has_a_seat(name: str) -> None:
    match = find(name)
    assert match is not None
    assert match.cutout.seat is not None


@pytest.mark.parametrize(("width", "height"), [(1, 1), (40, 300), (300, 40), (700, 700)])
@pytest.mark.parametrize("key", ["dog", "giraffe", "street sign", "fork"])
def test_a_picture_fits_its_box_and_keeps_its_aspect(key: str, width: int, height: int) -> None:
    one = cutout(key)
    drawn = picture(one, width=width, height=height)
    assert drawn.mode == "RGBA"
    assert drawn.width <= width
    assert drawn.height <= height
    assert drawn.width == width or drawn.height == height
    if min(drawn.size) > 30:
        assert drawn.width / drawn.height == pytest.approx(one.aspect, rel=0.05)


@pytest.mark.parametrize("key", ["dog", "table", "astronaut", "fox"])
def test_a_picture_is_trimmed_and_transparent_around_the_thing(key: str) -> None:
    drawn = picture(cutout(key), width=200, height=200)
    solid = drawn.getchannel("A").point(lambda alpha: 255 if alpha > 40 else 0)
    left, top, right, bottom = solid.getbbox() or (0, 0, 0, 0)
    assert left <= 3
    assert top <= 3
    assert right >= drawn.width - 3
    assert bottom >= drawn.height - 3
    assert drawn.getchannel("A").getextrema()[0] == 0


def test_a_picture_is_the_callers_own() -> None:
    first = picture(cutout("dog"), width=64, height=64)
    first.paste((255, 0, 0, 255), (0, 0, *first.size))
    second = picture(cutout("dog"), width=64, height=64)
    assert first.tobytes() != second.tobytes()


def test_every_picture_of_the_pack_opens() -> None:
    for key in keys():
        drawn = picture(cutout(key), width=16, height=16)
        assert drawn.getchannel("A").getextrema()[1] > 60, key


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(KeyError):
        cutout("no such thing")


def test_the_index_and_the_pack_belong_together() -> None:
    index = json.loads(ASSETS.joinpath("art.json").read_text(encoding="utf-8"))
    size = len(ASSETS.joinpath("art.pack").read_bytes())
    assert sum(row["bytes"][1] for row in index["art"].values()) == size
    named = {*index["names"].values(), *index["like"].values()}
    assert named <= set(index["art"])
    assert not set(index["names"]) & {*index["like"], *index["none"]}


def test_the_art_stays_small_and_its_licence_is_there() -> None:
    size = sum(len(ASSETS.joinpath(name).read_bytes()) for name in ("art.pack", "art.json"))
    assert size < 8 * 2**20
    licence = ASSETS.joinpath("LICENSE-fluent-emoji.txt").read_text(encoding="utf-8")
    assert "Copyright (c) Microsoft Corporation" in licence
    assert "Permission is hereby granted" in licence


def test_importing_art_loads_neither_pillow_nor_json() -> None:
    code = "import imagine.stages.generate.sketch.art, sys; print('PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_lookup_is_the_same_in_every_process() -> None:
    code = (
        "from imagine.stages.generate.sketch.art import find\n"
        "print([find(n) for n in ('corgi', 'old man', 'herd of cows', 'wooden chair')])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1


def test_every_class_of_geneval_has_art(
    read_eval: Callable[[str], Iterator[dict[str, Any]]],
) -> None:
    named = [part["class"] for row in read_eval("prompts/geneval") for part in row["include"]]
    missing = sorted({name for name in named if find(name) is None})
    assert missing == []


def test_a_picture_is_decoded_once() -> None:
    art._trimmed.cache_clear()
    for _ in range(3):
        picture(cutout("dog"), width=32, height=32)
    assert art._trimmed.cache_info().misses == 1
