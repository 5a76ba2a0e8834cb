"""The offline enhancer adds what fits, adds no things, and gives the same bytes everywhere."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagine.stages.enhance.offline import OfflineEnhancer
from imagine.stages.enhance.scene import class_of, scene_of
from imagine.stages.errors import UsageError
from imagine.stages.guard import compare
from imagine.stages.intent import parse_intent
from imagine.stages.language import lexicon
from imagine.stages.language.lexicon import color_family, singular
from imagine.stages.rules.contradiction import colorful_words
from imagine.stages.spec import Medium, PromptSpec, clean_prompt

ROOT = Path(__file__).resolve().parents[1]
SLOTS = ("setting", "composition", "lighting", "camera", "mood")


def enhance(prompt: str, *, seed: int = 0) -> PromptSpec:
    return OfflineEnhancer().enhance(parse_intent(prompt), seed=seed).spec


def added_words(spec: PromptSpec) -> str:
    slots = [getattr(spec, slot) or "" for slot in SLOTS]
    return " ".join([*slots, spec.style.detail or "", *spec.palette]).lower()


def test_same_prompt_and_seed_give_the_same_spec() -> None:
    assert enhance("a red fox in snow", seed=7) == enhance("a red fox in snow", seed=7)


def test_seeds_give_different_descriptions() -> None:
    assert len({added_words(enhance("a fox", seed=seed)) for seed in range(20)}) > 15


def test_prompts_that_differ_in_one_letter_get_different_phrases() -> None:
    assert len({added_words(enhance(f"a fox {letter}")) for letter in "bcdefgh"}) > 3


def test_a_short_prompt_is_filled_in_every_open_slot() -> None:
    spec = enhance("a corgi")
    assert spec.style.medium is Medium.PHOTOGRAPH
    assert spec.style.detail
    assert all(getattr(spec, slot) for slot in SLOTS if slot != "setting")


@pytest.mark.parametrize("seed", range(5))
def test_only_what_the_user_named_becomes_a_subject(seed: int) -> None:
    spec = enhance("three red apples and a blue bowl on a table", seed=seed)
    assert [(s.name, s.count, s.colors, s.origin) for s in spec.subjects] == [
        ("apple", 3, ("red",), "user"),
        ("bowl", None, ("blue",), "user"),
        ("table", None, (), "user"),
    ]


@pytest.mark.parametrize(
    ("prompt", "medium"),
    [
        ("an oil painting of a fox", Medium.PAINTING),
        ("a pencil sketch of a fox", Medium.DRAWING),
        ("pixel art of a fox", Medium.PIXEL_ART),
        ("a photo of a dragon", Medium.PHOTOGRAPH),
        ("a dragon", None),
        ("a logo of a fox", Medium.GRAPHIC_DESIGN),
        ("love", Medium.ILLUSTRATION),
        ("a bowl of ramen", Medium.PHOTOGRAPH),
    ],
)
def test_the_stated_medium_holds_and_an_unsaid_one_fits(prompt: str, medium: Medium | None) -> None:
    fantastic = {Medium.ILLUSTRATION, Medium.RENDER_3D}
    assert enhance(prompt).style.medium in ({medium} if medium else fantastic)


@pytest.mark.parametrize("medium", ["an oil painting", "a watercolor", "a drawing", "pixel art"])
@pytest.mark.parametrize("seed", range(8))
def test_media_without_a_lens_get_no_camera(medium: str, seed: int) -> None:
    spec = enhance(f"{medium} of a fox", seed=seed)
    assert spec.camera is None
    assert "photograph" not in added_words(spec)


@pytest.mark.parametrize("seed", range(8))
def test_light_follows_the_stated_time(seed: int) -> None:
    lighting = enhance("a lighthouse at night", seed=seed).lighting
    assert lighting in lexicon.table("enhance_lighting.phrases")["night"]


@pytest.mark.parametrize(
    "prompt",
    ["a small boat", "a bicycle leaning on a wall", "a train in the mountains", "an airplane"],
)
@pytest.mark.parametrize("seed", range(8))
def test_what_has_no_bonnet_is_not_photographed_like_a_car(prompt: str, seed: int) -> None:
    spec = enhance(prompt, seed=seed)
    cars = lexicon.table("enhance_camera.phrases")["motor"]
    assert spec.camera not in cars
    assert not re.search(r"headlight|automotive|paint and metal", added_words(spec))


@pytest.mark.parametrize("prompt", ["a red car", "an old truck", "a motorcycle", "a city bus"])
@pytest.mark.parametrize("seed", range(4))
def test_what_has_one_is(prompt: str, seed: int) -> None:
    assert enhance(prompt, seed=seed).camera in lexicon.table("enhance_camera.phrases")["motor"]


@pytest.mark.parametrize(
    "prompt", ["my grandmother's kitchen", "a plant for Mother's Day", "a dancer's shoes"]
)
@pytest.mark.parametrize("seed", range(8))
def test_an_owner_is_no_subject_and_sits_for_no_portrait(prompt: str, seed: int) -> None:
    spec = enhance(prompt, seed=seed)
    assert len(spec.subjects) == 1
    assert not re.search(r"portrait|figure|skin|eyes|they share", added_words(spec))


@pytest.mark.parametrize("seed", range(8))
def test_left_and_right_get_no_centered_framing(seed: int) -> None:
    composition = enhance("a dog to the left of a cat", seed=seed).composition
    assert composition in lexicon.table("enhance_composition.phrases")["horizontal"]
    assert not re.search(r"\bcent", composition or "")


@pytest.mark.parametrize("seed", range(8))
def test_stated_colors_leave_the_rest_without_color_words(seed: int) -> None:
    spec = enhance("a red car on a beach", seed=seed)
    assert spec.palette == ()
    assert colorful_words(added_words(spec)) == []


@pytest.mark.parametrize("seed", range(8))
def test_monochrome_prompts_get_no_color(seed: int) -> None:
    assert colorful_words(added_words(enhance("a black-and-white photo of a fox", seed=seed))) == []


@pytest.mark.parametrize("seed", range(8))
def test_what_is_excluded_is_not_in_the_light(seed: int) -> None:
    spec = enhance("a chair without shadows", seed=seed)
    assert spec.exclude == ("shadows",)
    assert "shadow" not in added_words(spec)


@pytest.mark.parametrize(
    "prompt", ["an animated wombat with a sword", "a surreal garden", "two foxes, Pixar, with hats"]
)
def test_a_prompt_that_hints_at_a_made_picture_gets_no_photograph(prompt: str) -> None:
    assert "photograph" not in added_words(enhance(prompt))


def test_a_named_style_gets_no_second_finish() -> None:
    assert enhance("a fox in the style of Hokusai").style.detail is None


def test_a_long_prompt_gets_style_and_light_alone() -> None:
    spec = enhance("a fox walks past a barn and then " * 10)
    assert spec.style.medium is Medium.PHOTOGRAPH
    assert (spec.composition, spec.camera, spec.mood, spec.palette) == (None, None, None, ())


@pytest.mark.parametrize(
    "prompt", ["雪の中の赤い狐", "лиса в снегу", "ein Fuchs und eine Katze im Schnee"]
)
def test_other_languages_get_no_english_words(prompt: str) -> None:
    spec = enhance(prompt)
    assert spec.language != "en"
    assert added_words(spec).strip() == ""
    assert spec.assumptions == ()


def test_quotes_exclusions_ratio_and_place_come_from_the_prompt() -> None:
    prompt = 'a sign that says "Open Late" in a dark street --no cars --ar 16:9'
    spec = enhance(prompt)
    assert [(item.content, item.placement, item.typeface) for item in spec.text] == [
        ("Open Late", None, None)
    ]
    assert spec.exclude == ("cars",)
    assert spec.aspect_ratio == "16:9"
    assert spec.setting is not None
    assert "street" in spec.setting


def test_assumptions_name_every_addition() -> None:
    spec = enhance("a corgi")
    named = {line.partition(":")[0] for line in spec.assumptions}
    assert named == {"medium", "style", "lighting", "composition", "camera", "mood"}
    assert f"lighting: {spec.lighting}" in spec.assumptions


@settings(max_examples=150, deadline=None)
@given(st.text(min_size=1, max_size=300), st.integers(0, 2**32 - 1))
def test_any_text_gives_a_spec_that_the_guard_accepts(text: str, seed: int) -> None:
    try:
        prompt = clean_prompt(text)
    except UsageError:
        return
    assert compare(enhance(prompt, seed=seed), parse_intent(prompt)) == ()


WORDS = st.lists(
    st.sampled_from(
        [
            "a",
            "two",
            "red",
            "blue",
            "dog",
            "cats",
            "on",
            '"Hi"',
            "in",
            "left",
            "of",
            "the",
            "without",
            "hat",
            "no",
            ".",
            ",",
            "night",
            "photo",
            "of",
            "painting",
            "--no",
            "cars",
            "forest",
            "and",
            "wearing",
            "3",
            "Paris",
            "says",
            "style",
            "black",
            "white",
            "ball",
        ]
    ),
    min_size=1,
    max_size=14,
).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(WORDS, st.integers(0, 2**32 - 1))
def test_any_order_of_telling_words_gives_a_spec_that_the_guard_accepts(
    prompt: str, seed: int
) -> None:
    assert compare(enhance(prompt, seed=seed), parse_intent(prompt)) == ()


@pytest.mark.parametrize(
    ("prompt", "source"),
    [
        ("five friends around a campfire under the stars", "campfire"),
        ("a cozy living room with a fireplace and a sleeping cat", "hearth"),
        ('a neon sign that says "OPEN LATE" above a diner door at night', "neon"),
        ("an astronaut playing chess with an octopus on the moon", "moonscape"),
        ("loneliness in a big city, 3am, rain on the window", "rain_window"),
        ("a monk reading by candlelight", "candle"),
        ("a band on stage", "stage"),
        ("a shark in an aquarium", "aquarium"),
        ("a road in the headlights of a car", "headlights"),
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_light_comes_from_what_the_prompt_lights(prompt: str, source: str, seed: int) -> None:
    assert enhance(prompt, seed=seed).lighting in lexicon.table("enhance_lighting.phrases")[source]


@pytest.mark.parametrize("prompt", ["a fire hydrant", "a fire truck", "a neon sign at noon"])
def test_light_of_its_own_is_not_given_to_what_gives_none(prompt: str) -> None:
    pools = lexicon.table("enhance_lighting.phrases")
    assert enhance(prompt).lighting not in [*pools["fire"], *pools["campfire"], *pools["neon"]]


def test_light_that_the_prompt_words_itself_gets_no_second_one() -> None:
    assert enhance("a bookstore, warm afternoon light").lighting is None


@pytest.mark.parametrize(
    "prompt",
    [
        "a giraffe and a penguin shaking hands",
        "a knight riding a snail through a desert",
        "an astronaut playing chess with an octopus on the moon, earth in the sky",
        "a robot reading a book",
        "a panda cooking",
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_what_no_camera_could_meet_is_no_photograph(prompt: str, seed: int) -> None:
    spec = enhance(prompt, seed=seed)
    assert spec.style.medium in {Medium.ILLUSTRATION, Medium.RENDER_3D}
    assert spec.camera is None
    assert "photograph" not in added_words(spec)


@pytest.mark.parametrize(
    "prompt", ["a man riding a horse", "a woman reading with a dog beside her"]
)
def test_what_people_do_with_animals_stays_a_photograph(prompt: str) -> None:
    assert enhance(prompt).style.medium is Medium.PHOTOGRAPH


@pytest.mark.parametrize(
    "prompt",
    [
        "a minimalist logo of a fox and a coffee bean",
        "flat vector icon of a paper plane",
        "a Bauhaus poster for a jazz night",
        "a seamless pattern of lemons",
        "a sticker of a sleeping cat",
        "a diagram of the water cycle",
        "a dashboard mockup for a bank",
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_flat_design_gets_neither_lens_nor_light(prompt: str, seed: int) -> None:
    spec = enhance(prompt, seed=seed)
    assert spec.style.medium is Medium.GRAPHIC_DESIGN
    assert (spec.camera, spec.lighting) == (None, None)
    assert not re.search(r"photograph|\blens\b|moonlight|\bnight", added_words(spec))


@pytest.mark.parametrize("seed", range(6))
def test_counted_things_get_no_shallow_focus(seed: int) -> None:
    words = added_words(enhance("three red apples and two green pears on a plate", seed=seed))
    assert not re.search(r"macro|shallow|soft background|off-center", words)


@pytest.mark.parametrize(
    ("prompt", "voice"),
    [("a cozy kitchen", "cozy"), ("a spooky barn", "spooky"), ("a cute puppy", "cute")],
)
def test_a_word_of_mood_decides_the_finish(prompt: str, voice: str) -> None:
    said = lexicon.document("enhance_voices")[voice]
    assert enhance(prompt).style.detail in said["photograph"]


@pytest.mark.parametrize("seed", range(6))
def test_bauhaus_brings_its_primaries(seed: int) -> None:
    spec = enhance("a Bauhaus poster for a jazz night", seed=seed)
    assert {"red", "blue", "yellow"} <= {color_family(color) for color in spec.palette}


def test_quoted_words_decide_neither_voice_nor_light() -> None:
    scene = scene_of(parse_intent('a wooden sign that says "spooky campfire"'))
    assert (scene.voice, scene.source) == (None, None)


def phrases() -> Iterator[tuple[str, str, str]]:
    """Slot, pool and phrase, of everything the enhancer can say."""
    for slot in ("lighting", "composition", "camera", "mood", "palette", "setting"):
        for pool, lines in lexicon.table(f"enhance_{slot}.phrases").items():
            yield from ((slot, pool, line) for line in lines)
    for voice, slots in lexicon.document("enhance_voices").items():
        for key, lines in slots.items():
            slot = key if key in (*SLOTS, "palette") else "style"
            if key not in ("match", "media"):
                yield from ((slot, voice, line) for line in lines)
    for medium in Medium:
        for pool, lines in lexicon.document("enhance_style").get(medium, {}).items():
            yield from (("style", f"{medium}.{pool}", line) for line in lines)


def test_phrases_are_many_and_fit_their_assumption_line() -> None:
    assert len({phrase for _, _, phrase in phrases()}) > 300
    assert [line for slot, _, line in phrases() if len(f"{slot}: {line}") > 80] == []


def test_no_phrase_speaks_of_layout_like_a_form() -> None:
    stiff = r"readable|hidden|overlap|outline[s ]*(?:apart|clear)|contact clearly|equal visual|gap "
    assert [
        line for slot, _, line in phrases() if re.search(stiff, line) and slot != "lighting"
    ] == []


def test_no_phrase_names_a_thing() -> None:
    # Words that the lists count as things and that tell of light, framing or finish here, or that
    # follow only where the prompt names them (light through its window).
    figurative = {
        *[
            "portrait",
            "lens",
            "book",
            "catalog",
            "brush",
            "mirror",
            "coat",
            "key",
            "model",
            "museum",
            "patient",
            "pen",
        ],
        *[
            "plane",
            "glass",
            "lantern",
            "window",
            "city",
            "orange",
            "rose",
            "room",
            "sculpture",
            "square",
            "pencil",
            "camera",
            "figure",
            "food",
            "street",
            "leaf",
            "animal",
        ],
    }
    kinds = {
        "person",
        "mammal",
        "bird",
        "vehicle",
        "motor",
        "object",
        "food",
        "architecture",
        "plant",
    }
    classes = lexicon.table("enhance_subjects.classes")
    listed = {word for text in classes.values() for word in text.split()}
    things = set()
    for slot, pool, phrase in phrases():
        if slot == "palette":
            continue
        for word in re.findall(r"[a-z]+", phrase.lower()):
            noun = singular(word)
            if class_of(noun) in kinds and noun in listed and noun not in figurative:
                things.add((pool, noun))
    assert things == set()


def test_palettes_are_colors() -> None:
    schemes = [line.split(", ") for slot, _, line in phrases() if slot == "palette"]
    assert [c for scheme in schemes for c in scheme if color_family(c) is None] == []


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("a bowl of ramen", "food"),
        ("a teddy bear", "object"),
        ("a baseball bat", "object"),
        ("a toy train", "object"),
        ("a Styracosaurus", "reptile"),
        ("a snowman", "person"),
        ("a hummingbird", "bird"),
        ("qwertyuiop", "any"),
    ],
)
def test_the_main_subject_is_classed(prompt: str, kind: str) -> None:
    assert scene_of(parse_intent(prompt)).kind == kind


def run_benchmark(script: str, *arguments: str, hash_seed: str = "0") -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / script), "--json", *arguments],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_nothing_is_lost_on_real_prompts(
    read_eval: Callable[[str], Iterator[dict[str, Any]]],
) -> None:
    next(read_eval("prompts/geneval"))
    numbers = run_benchmark("enhance_quality.py", "--every", "10")
    assert numbers["prompts"] > 1500
    assert {name: count for name, count in numbers.items() if name.startswith("lost")} == {
        "lost: words": 0,
        "lost: text": 0,
        "lost: count": 0,
        "lost: color": 0,
        "lost: negation": 0,
        "lost: relation": 0,
        "lost: check": 0,
        "lost: over 75 tokens": 0,
    }
    assert numbers["guard findings"] == 0


def test_two_processes_with_different_hash_seeds_give_the_same_bytes(
    read_eval: Callable[[str], Iterator[dict[str, Any]]],
) -> None:
    next(read_eval("prompts/geneval"))
    one, other = (
        run_benchmark("enhance_quality.py", "--every", "40", hash_seed=seed)["digest"]
        for seed in ("1", "4242")
    )
    assert one == other


@pytest.mark.parametrize(
    ("prompt", "language"),
    [
        ("eine Katze auf einem Stuhl", "German"),
        # Kanji alone may be either.
        ("日本語 🦊 émoji", "Chinese or Japanese"),
        ("雪の中の鳥居", "Japanese"),
    ],
)
def test_a_prompt_in_another_language_is_told_to_be_left_alone(prompt: str, language: str) -> None:
    made = OfflineEnhancer().enhance(parse_intent(prompt), seed=0)
    assert made.notes == (
        f"The prompt seems to be in {language}: the offline enhancer knows English only, so it "
        "added nothing.",
    )
    assert OfflineEnhancer().enhance(parse_intent("a cat on a chair"), seed=0).notes == ()
