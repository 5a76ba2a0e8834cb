"""Tests of stages/intent.py: what the words of a prompt demand."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagine.stages.intent import Entity, Intent, SuffixFlags, parse_intent, split_flags
from imagine.stages.spec import Medium

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from intent_quality import kept_under_suffix, score_geneval, score_mutations

ReadEval = Callable[[str], Iterator[dict[str, Any]]]


def entity(prompt: str, name: str) -> Entity:
    found = [entity for entity in parse_intent(prompt).entities if entity.name == name]
    assert len(found) == 1, [entity.name for entity in parse_intent(prompt).entities]
    return found[0]


def names(prompt: str) -> list[str]:
    return [entity.name for entity in parse_intent(prompt).entities]


def relations(prompt: str) -> list[str]:
    intent = parse_intent(prompt)
    return [
        f"{intent.entities[relation.a].name} {relation.kind} {intent.entities[relation.b].name}"
        for relation in intent.relations
    ]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a stop sign and a baseball bat", ["stop sign", "baseball bat"]),
        ("a teddy bear, a hot dog and a potted plant", ["teddy bear", "hot dog", "potted plant"]),
        ("a fluffy corgi", ["corgi"]),
        ("my grandmother's kitchen", ["kitchen"]),
        ("a plant for Mother's Day", ["plant"]),
        ("a cat in Hokusai's garden", ["cat", "garden"]),
        ("a girl's smile", ["girl", "smile"]),
        ("a dog's bone", ["dog", "bone"]),
        ("the baker's", ["baker"]),
        ("a photo of a view of a castle on the left side", ["castle"]),
        ("a group of people", ["person"]),
        ("the Statue of Liberty next to the Eiffel Tower", ["statue of liberty", "eiffel tower"]),
        ("A smiling sloth wearing a hat. The sloth is holding a cup.", ["sloth", "hat", "cup"]),
        ("a dog named Max", ["dog"]),
        ("a golden retriever", ["golden retriever"]),
        ("an oil painting of a house", ["house"]),
        ("two paintings and a cat", ["painting", "cat"]),
        ("anger", ["anger"]),
        ("a family", ["family"]),
        ("The Statue of Liberty", ["statue of liberty"]),
        ("a logo. Soft light.", ["logo"]),
        ("the inside of a temple", ["temple"]),
        ("a bird made out of paper", ["bird"]),
        ("the words 'KEEP OFF' on a sign", ["sign"]),
        ("a beautiful sunset", ["sunset"]),
        ("a rainbow over a waterfall", ["rainbow", "waterfall"]),
        ("a unicorn in a meadow with a rainbow", ["unicorn", "meadow", "rainbow"]),
        ("rainbow over mountains", ["rainbow", "mountain"]),
        ("rainbow colored hair on a girl", ["hair", "girl"]),
        ("a big blue circle above a small red square", ["circle", "square"]),
        ("a black background with a large yellow square", ["square"]),
        ("a town square", ["town square"]),
        ("a square table", ["table"]),
        ("a baby", ["baby"]),
        ("a baby elephant", ["elephant"]),
        ("a young adult and a baby eating cake", ["adult", "baby", "cake"]),
        ("a couch and a round coffee table", ["couch", "coffee table"]),
        ("a large, open suitcase", ["suitcase"]),
        ("a cozy, dimly lit living room", ["living room"]),
        ("a rugged, aged wooden table", ["table"]),
        ("a person in winter", ["person"]),
        ("two cats doing research", ["cat"]),
        ("a train going to a city", ["train", "city"]),
        ("a dog jumping up to hug a woman", ["dog", "woman"]),
        ("a rocket blasts off", ["rocket"]),
        ("a bear with its mouth wide open", ["bear", "mouth"]),
        ("a Salvador Dalí style clock", ["clock"]),
        ("Ghibli style cat", ["cat"]),
        ("two zebras next to each other in a box", ["zebra", "box"]),
    ],
)
def test_entities_are_the_things_of_the_picture_by_name(prompt: str, expected: list[str]) -> None:
    assert names(prompt) == expected


def test_adjectives_and_materials_become_attributes() -> None:
    assert entity("a fluffy old corgi", "corgi").attributes == ("fluffy", "old")
    assert entity("a leather jacket", "jacket").attributes == ("leather",)
    assert entity("a teapot made of glass", "teapot").attributes == ("made of glass",)
    assert entity("a horse with a mane made of rope", "mane").attributes == ("made of rope",)
    assert entity("a man holding a cup made of ice", "cup").attributes == ("made of ice",)


def test_a_span_is_the_users_words() -> None:
    assert entity("A Photo of a Fluffy RED corgi", "corgi").span == "Fluffy RED corgi"


@pytest.mark.parametrize(
    ("prompt", "name", "action"),
    [
        ("a cat on a box sleeping", "cat", "sleeping"),
        ("a man watching a dog running", "dog", "running"),
        ("a cat with green eyes sitting on a chair", "cat", "sitting"),
        ("a cat with green eyes sitting on a chair", "eye", None),
        ("a man with a camera standing in a field", "man", "standing"),
        ("a machine for making coffee", "machine", None),
        ("a plane lands on a road", "plane", "lands"),
        ("a cat looking at a dog", "cat", "looking"),
        ("a truck missing its wheels", "truck", None),
        ("a man riding down the street", "man", "riding"),
    ],
)
def test_an_action_belongs_to_the_one_that_acts(prompt: str, name: str, action: str | None) -> None:
    assert entity(prompt, name).action == action


@pytest.mark.parametrize(
    "prompt",
    [
        "a man wearing a hat",
        "a man holding a cup",
        "a man riding a horse",
        "a sign that says hello",
        'a sign that reads "hello"',
        "a box containing a cup",
    ],
)
def test_what_a_relation_or_a_quote_says_is_no_action_as_well(prompt: str) -> None:
    assert [entity.action for entity in parse_intent(prompt).entities if entity.action] == []


@pytest.mark.parametrize(
    ("prompt", "name", "count"),
    [
        ("three cats", "cat", 3),
        ("12 birds", "bird", 12),
        ("twenty-three birds", "bird", 23),
        ("a dozen eggs", "egg", 12),
        ("two dozen eggs", "egg", 24),
        ("a pair of shoes", "shoe", 2),
        ("a couple of dogs", "dog", 2),
        ("a trio of cats", "cat", 3),
        ("both dogs", "dog", 2),
        ("one dog", "dog", 1),
        ("three slices of pizza", "pizza", 3),
        ("two wine glasses", "wine glass", 2),
    ],
)
def test_numbers_before_a_thing_count_it(prompt: str, name: str, count: int) -> None:
    assert entity(prompt, name).count == count


@pytest.mark.parametrize(
    "prompt",
    [
        "a car from the 1980s",
        "a car in 1950",
        "a dog at 35mm f/1.8",
        "a dog, 16:9",
        "an 8-bit dog",
        "a dog in 4k",
        "the first dog",
        "a sign with number 5",
        "a car on route 66",
        "a pair of scissors",
        "a dog 5 feet from a wall",
    ],
)
def test_other_numbers_are_no_counts(prompt: str) -> None:
    assert [entity.count for entity in parse_intent(prompt).entities if entity.count] == []


@pytest.mark.parametrize(
    ("prompt", "name", "colors"),
    [
        ("a red and blue striped shirt", "shirt", ("red", "blue")),
        ("three triangles in blue, red and white", "triangle", ("blue", "red", "white")),
        ("a woman with a shirt that is red", "shirt", ("red",)),
        ("a bench painted blue", "bench", ("blue",)),
        ("the car is black and white", "car", ("black", "white")),
        ("a grey cat", "cat", ("grey",)),
        ("a dark blue car", "car", ("dark blue",)),
        ("a cream-colored sofa", "sofa", ("cream",)),
        ("a tan colored bear", "bear", ("tan",)),
        ("a green-eyed cat", "cat", ()),
        ("an orange", "orange", ()),
        ("a yellow orange", "orange", ("yellow",)),
        ("an orange cat", "cat", ("orange",)),
        ("a rose next to an olive tree", "olive tree", ()),
        ("a gold ring", "ring", ("gold",)),
        ("a lavender backpack", "backpack", ("lavender",)),
        ("a rusty car", "car", ()),
    ],
)
def test_colors_bind_to_their_thing(prompt: str, name: str, colors: tuple[str, ...]) -> None:
    assert entity(prompt, name).colors == colors


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat left of a dog", ["cat left_of dog"]),
        ("a cat on the right of a dog", ["cat right_of dog"]),
        ("a cat above a dog", ["cat above dog"]),
        ("a cat under a table", ["cat below table"]),
        ("a cat behind a sofa", ["cat behind sofa"]),
        ("a cat in front of a house", ["cat in_front_of house"]),
        ("a cat in a box", ["cat inside box"]),
        ("a cat sitting on a sofa", ["cat on sofa"]),
        ("a cat on top of a car", ["cat on car"]),
        ("a cat beside a dog", ["cat next_to dog"]),
        ("a cup between a fork and a knife", ["cup between fork", "cup between knife"]),
        ("a man wearing a hat and a scarf", ["man wearing hat", "man wearing scarf"]),
        ("a man in a black suit", ["man wearing suit"]),
        ("a woman with sunglasses", ["woman wearing sunglasses"]),
        ("a man carrying a box", ["man holding box"]),
        ("a man with a sword in his hand", ["man holding sword"]),
        ("a robot riding a horse", ["robot riding horse"]),
        ("a cat facing a dog", ["cat facing dog"]),
        ("a box with a cat on it", ["cat on box"]),
        ("a flag with a drawing of a cat on it", ["drawing on flag"]),
        ("On the left of the table is a ball", ["ball left_of table"]),
        ("a cat and a dog on a sofa", ["cat on sofa", "dog on sofa"]),
        ("a man holding an umbrella next to a car", ["man holding umbrella", "man next_to car"]),
        ("a bowl of soup on a table", ["bowl on table"]),
        ("a truck with a horse on its left", ["horse left_of truck"]),
        ("a cat in a hat and a dog in a coat", ["cat wearing hat", "dog wearing coat"]),
        ("a cat on a sofa and a dog on a chair", ["cat on sofa", "dog on chair"]),
        ("a dog wearing a hat while riding a bike", ["dog wearing hat", "dog riding bike"]),
        ("a plate that is not on the table", []),
        ("a man doing a trick on a skateboard", ["man on skateboard"]),
        ("a woman with red hair wearing a blue dress", ["woman wearing dress"]),
        ("a man with a beard riding a horse", ["man riding horse"]),
        ("a cat with green eyes sitting on a chair", ["cat on chair"]),
        ("a mug with a handle sitting on a table", ["mug on table"]),
        ("a horse with a mane tied to a tree", []),
        (
            "a lion to the left of a tiger, with a monkey above them",
            ["lion left_of tiger", "monkey above lion", "monkey above tiger"],
        ),
        ("two dogs and a cat with a bird above them", ["bird above dog"]),
        ("a boy on the back of an elephant", ["boy on elephant"]),
        ("a boy riding on the back of an elephant", ["boy riding elephant"]),
        ("a girl with a red umbrella", ["girl holding umbrella"]),
        ("a knight fighting a dragon with a sword", ["knight holding sword"]),
        ("a dragon fighting a knight with a sword", ["knight holding sword"]),
        ("a table with a book", []),
        ("a man with a dog", []),
        ("a man with a book on his head", ["book on head"]),
        ("a woman with a baby on her lap", ["woman holding baby"]),
        ("a woman with straight hair and glasses", ["woman wearing glasses"]),
        ("a woman with an umbrella and a hat", ["woman holding umbrella", "woman wearing hat"]),
        ("a man with a beard and a woman with a hat", ["woman wearing hat"]),
        (
            "a man in a hat and a visor standing by a car",
            ["man wearing hat", "man wearing visor", "man next_to car"],
        ),
        ("a radish in a tutu", ["radish wearing tutu"]),
        ("a coin in a shoe", ["coin inside shoe"]),
        ("a person in winter", []),
        ("a man reading a book with a prism on its cover", ["prism on cover"]),
        ('a robot holding a sign with "STOP" written on it', ["robot holding sign"]),
        ("green pants standing up with nobody inside them", []),
        ("a dog between a bush and a box standing up", ["dog between bush", "dog between box"]),
        ("a boat reflected in a window", []),
        ("a man looking over a valley", []),
        ("a cake in the shape of a car", []),
        ("a man wearing a hat, painting in pop art style", ["man wearing hat"]),
    ],
)
def test_relations_link_the_right_things(prompt: str, expected: list[str]) -> None:
    assert relations(prompt) == expected


@pytest.mark.parametrize(
    ("prompt", "setting"),
    [
        ("a fox in a dark misty forest", "in a dark misty forest"),
        ("a dog on the beach", "on the beach"),
        ("children playing at the park", "at the park"),
        ("a cat in Paris", "in Paris"),
        ("an astronaut in space", "in space"),
        ("a cat on a white background", "on a white background"),
        ("a kitchen with a stove", "kitchen"),
        ("a fox on a velvet cushion", None),
        ("a cup on a table", None),
        ("a forest", None),
        ("a man on a street corner", "on a street corner"),
        ("a house on a mountain top", "on a mountain top"),
        ("a person in winter", "in winter"),
        ("a person in winter on a beach", "on a beach"),
    ],
)
def test_the_setting_is_the_phrase_that_says_where(prompt: str, setting: str | None) -> None:
    intent = parse_intent(prompt)
    assert intent.setting == setting
    assert ("setting" in intent.stated) == (setting is not None)


def test_underwater_is_a_setting_of_one_word() -> None:
    assert parse_intent("a cat sleeping underwater").setting == "underwater"


@pytest.mark.parametrize(
    ("prompt", "quotes"),
    [
        ('a sign that says "Hello, World!"', ("Hello, World!",)),
        ("a sign that says “Hello”", ("Hello",)),
        ("a sign with 'don't stop' on it", ("don't stop",)),
        ("the dogs' owner and the cat's tail", ()),
        ("une affiche «Bonjour»", ("Bonjour",)),
        ("一只猫坐在「你好」桌子上", ("你好",)),
        ("a sign that says Deep Learning on a wall", ("Deep Learning",)),
        ("graffiti spelling BE KIND on white subway tile", ("BE KIND",)),
        ("a shirt that reads I love you on a man", ("I love you",)),
        ("a mug with the word COFFEE on it", ("COFFEE",)),
        ("a bottle labeled poison, on a shelf", ("poison",)),
        ("a woman who reads the newspaper", ()),
        ('a 5" nail and a 6" nail', ()),
        ('"A" and "B" and "A"', ("A", "B")),
    ],
)
def test_text_to_render_is_found_letter_for_letter(prompt: str, quotes: tuple[str, ...]) -> None:
    assert parse_intent(prompt).quotes == quotes


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a sky with no clouds", [("clouds", "with no clouds")]),
        ("a street without cars", [("cars", "without cars")]),
        ("a man not wearing a hat", [("hat", "not wearing a hat")]),
        ("a girl who doesn't have shoes", [("shoes", "doesn't have shoes")]),
        ("a sky free of clouds", [("clouds", "free of clouds")]),
        (
            "a plinth without a statue of a horse on it",
            [("statue of a horse", "without a statue of a horse")],
        ),
        ("no people, a quiet street", [("people", "no people")]),
        ("a house no longer red", []),
        ("a cat looking at a dog, not looking amused", [("amused", "not looking amused")]),
        ("a girl who is not smiling", [("smiling", "is not smiling")]),
        ("a statue not moving", [("moving", "not moving")]),
        (
            "a girl not looking at the camera",
            [("looking at the camera", "not looking at the camera")],
        ),
        ("a girl not holding anything", []),
        ("a house that is not red", []),
        ("the table wasn't level", []),
        ("a house, no red", [("red", "no red")]),
        ("the water is not paint of red", []),
        ("there is not snow", [("snow", "is not snow")]),
    ],
)
def test_exclusions_keep_the_users_clause(prompt: str, expected: list[tuple[str, str]]) -> None:
    intent = parse_intent(prompt)
    assert [(negation.term, negation.clause) for negation in intent.negations] == expected
    heads = {entity.name for entity in intent.entities}
    assert not heads & {"cloud", "car", "hat", "shoe", "person"}


def test_a_list_of_exclusions_is_read_to_its_end() -> None:
    intent = parse_intent("a street without cars, dogs or people")
    assert [negation.term for negation in intent.negations] == ["cars", "dogs", "people"]
    assert names("a street without cars, dogs or people") == ["street"]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("A photo of the Eiffel Tower", ("Eiffel Tower",)),
        ("Old dogs in New York City", ("New York City",)),
        ("Anubis in the desert", ("Anubis",)),
        ("A Dog And A Cat", ()),
        ("A DOG AND A CAT", ()),
        ("Dogs on the beach", ()),
        ("a helicopter over Times Square", ("Times Square",)),
        ("A dog. Mount Rushmore is in the background.", ("Mount Rushmore",)),
    ],
)
def test_names_are_told_from_capitals(prompt: str, expected: tuple[str, ...]) -> None:
    assert parse_intent(prompt).proper_nouns == expected


@pytest.mark.parametrize(
    ("prompt", "medium", "phrase"),
    [
        ("an oil painting of a cat", Medium.PAINTING, "oil painting"),
        ("a cat, detailed pencil sketch", Medium.DRAWING, "detailed pencil sketch"),
        ("a cat in watercolor", Medium.PAINTING, "watercolor"),
        ("a photo of a cat", Medium.PHOTOGRAPH, "photo"),
        ("a cat, studio ghibli style", Medium.ILLUSTRATION, "studio ghibli style"),
        ("pixel art of a cat", Medium.PIXEL_ART, "pixel art"),
        ("a logo of a cat", Medium.GRAPHIC_DESIGN, "logo"),
        ("a 3d render of a cat", Medium.RENDER_3D, "3d render"),
        ("a cat in the style of Zork", Medium.OTHER, "style of Zork"),
        ("a Salvador Dalí style clock", Medium.PAINTING, "Salvador Dalí style"),
        ("Salvador Dalí style clock", Medium.PAINTING, "Salvador Dalí style"),
        ("Picasso style portrait of a dog", Medium.PAINTING, "Picasso style"),
        ("Ghibli style cat", Medium.ILLUSTRATION, "Ghibli style"),
        ("Zork style castle", Medium.OTHER, "Zork style"),
    ],
)
def test_the_stated_medium_is_read_with_its_words(prompt: str, medium: Medium, phrase: str) -> None:
    intent = parse_intent(prompt)
    assert (intent.media, intent.medium_phrase) == (frozenset({medium}), phrase)


@pytest.mark.parametrize(
    "prompt",
    ["a man painting a wall", "a cat next to a painting", "a box with a drawing of a fox on it"],
)
def test_a_picture_within_the_picture_states_no_medium(prompt: str) -> None:
    assert parse_intent(prompt).media == frozenset()


def test_times_of_day_are_read_and_their_namesakes_are_not() -> None:
    assert parse_intent("a city at night").times == {"night"}
    assert parse_intent("a beach at sunset").times == {"dusk"}
    assert parse_intent("a lake at dawn").times == {"dawn"}
    assert parse_intent("a man on a sunny day").times == {"day"}
    assert parse_intent("a woman in an evening gown").times == frozenset()
    for prompt in ("a castle and the setting sun", "the sun setting", "the sun is setting"):
        assert parse_intent(prompt).times == {"dusk"}
    for prompt in ("a castle and the rising sun", "the sun is rising"):
        assert parse_intent(prompt).times == {"dawn"}


def test_monochrome_is_asked_of_the_picture_and_not_of_a_cat() -> None:
    assert parse_intent("a black and white photo of a cat").monochrome
    assert parse_intent("a cat, black-and-white").monochrome
    assert not parse_intent("a black and white cat").monochrome


@pytest.mark.parametrize(
    ("prompt", "ratio"),
    [
        ("a cat --ar 16:9", "16:9"),
        ("a cat, aspect ratio of 2:3", "2:3"),
        ("a cat, 16:9", "16:9"),
        ("a square image of a cat", "1:1"),
        ("a clock showing 9:16", None),
        ("a cat --ar 7:5", None),
    ],
)
def test_an_aspect_ratio_is_read_when_the_spec_knows_it(prompt: str, ratio: str | None) -> None:
    assert parse_intent(prompt).aspect_ratio == ratio


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ("a cat", "en"),
        ("一只猫", "zh"),
        ("猫がいる", "ja"),
        ("고양이", "ko"),
        ("кошка на столе", "ru"),
        ("قطة", "ar"),
        ("बिल्ली", "hi"),
        ("แมว", "th"),
        ("γάτα", "el"),
        ("חתול", "he"),
        ("ein roter Hund sitzt auf einem Stuhl im Garten", "de"),
        ("un chat rouge sur une chaise dans le jardin", "fr"),
        ("un perro rojo sobre una silla en el jardín", "es"),
        ("eine Katze auf einem Stuhl", "de"),
        ("zwei Hunde im Park", "de"),
        ("un chat sur une chaise", "fr"),
        ("un gato en una silla", "es"),
        ("un gatto su una sedia", "it"),
        ("um gato em uma cadeira", "pt"),
        ("a mesa in a desert", "en"),
        ("123", "und"),
    ],
)
def test_the_language_is_guessed(prompt: str, code: str) -> None:
    intent = parse_intent(prompt)
    assert intent.language == code
    assert code == "en" or intent.entities == ()


def test_stated_slots_are_those_the_prompt_speaks_about() -> None:
    stated = parse_intent("a foggy street, soft light, wide shot, bokeh, gloomy mood").stated
    assert stated >= {"weather", "lighting", "composition", "camera", "mood"}
    assert parse_intent("a cat").stated == frozenset()
    assert parse_intent("a light blue car").stated == frozenset()


def test_flags_at_the_end_are_split_off() -> None:
    assert split_flags("a fox --ar 16:9 --no people, cars --seed 7 --v 6 --tile") == (
        "a fox",
        SuffixFlags(
            text="--ar 16:9 --no people, cars --seed 7 --v 6 --tile",
            aspect_ratio="16:9",
            exclude=("people", "cars"),
            seed=7,
            ignored=("--v 6", "--tile"),
        ),
    )


@pytest.mark.parametrize(
    ("prompt", "ignored"),
    [
        ("a fox --ar wide", ("--ar wide",)),
        ("a fox --seed -1", ("--seed -1",)),
        ("a fox --no people --zzz", ("--zzz",)),
        ("a fox --no people --zzz 5 --seed 99999999999", ("--zzz 5", "--seed 99999999999")),
    ],
)
def test_a_malformed_or_unknown_flag_of_a_suffix_is_ignored_and_named(
    prompt: str, ignored: tuple[str, ...]
) -> None:
    core, flags = split_flags(prompt)
    assert (core, flags.ignored) == ("a fox", ignored)
    assert flags.exclude == (("people",) if "people" in prompt else ())


def test_an_em_dash_stands_for_two_hyphens() -> None:
    core, flags = split_flags("a fox —ar 3:2")
    assert (core, flags.aspect_ratio, flags.text) == ("a fox", "3:2", "—ar 3:2")


@pytest.mark.parametrize(
    "prompt",
    [
        "a fox --foo 3",
        "a --tile fox",
        "a fox -- a dog",
        "--v 6",
    ],
)
def test_what_is_no_known_flag_stays_text(prompt: str) -> None:
    assert split_flags(prompt) == (prompt, SuffixFlags())


def check_laws(intent: Intent, prompt: str) -> None:
    """What holds for every prompt in the world."""
    assert intent.source == prompt
    assert intent.core in prompt
    for quote in intent.quotes:
        assert quote in prompt
        assert quote == quote.strip() != ""
    for entity in intent.entities:
        assert entity.span in intent.core
        assert entity.name
        assert entity.head
        assert entity.count is None or entity.count > 0
    for negation in intent.negations:
        assert negation.clause in intent.core
        assert negation.term
    for name in intent.proper_nouns:
        assert name in intent.core
    for relation in intent.relations:
        assert relation.a != relation.b
        assert max(relation.a, relation.b) < len(intent.entities)
    if intent.medium_phrase is not None:
        assert intent.medium_phrase in intent.core
    assert (intent.medium_phrase is None) == (not intent.media)


_WORDS = st.sampled_from(
    [
        "a",
        "the",
        "two",
        "red",
        "dark",
        "orange",
        "cat",
        "dogs",
        "hat",
        "box",
        "left",
        "right",
        "of",
        "on",
        "in",
        "with",
        "and",
        "or",
        "no",
        "not",
        "without",
        "is",
        "that",
        ",",
        ".",
        '"',
        "'",
        "“",
        "”",
        "'s",
        "says",
        "reads",
        "the",
        "word",
        "painting",
        "photo",
        "style",
        "wearing",
        "riding",
        "his",
        "it",
        "them",
        "standing",
        "glasses",
        "Paris",
        "New",
        "pair",
        "dozen",
        "12",
        "—",
        "--ar",
        "16:9",
        "--no",
        "\n",
        ";",
        "-",
        ":",
        "(",
        ")",
        "named",
        "made",
        "free",
        "painted",
        "who",
        "between",
    ]
)


@given(st.text(min_size=1, max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_without_an_error(prompt: str) -> None:
    check_laws(parse_intent(prompt), prompt)


@given(st.lists(_WORDS, min_size=1, max_size=40).map(" ".join))
@settings(max_examples=300, deadline=None)
def test_any_mix_of_meaningful_words_is_read_without_an_error(prompt: str) -> None:
    check_laws(parse_intent(prompt), prompt)
    assert parse_intent(prompt) == parse_intent(prompt)


@pytest.mark.parametrize(
    "unit",
    [
        "red, ",
        "orange ",
        "painted ",
        "and ",
        '"',
        "'a ",
        "says ",
        "--no ",
        "dog's ",
        "in a box ",
        "x",
    ],
)
def test_time_grows_with_length_and_not_with_its_square(unit: str) -> None:
    def seconds(length: int) -> float:
        prompt = (unit * length)[:length]
        taken = []
        for _ in range(3):
            begin = time.process_time()
            parse_intent(prompt)
            taken.append(time.process_time() - begin)
        return min(taken)

    parse_intent(unit)
    # Linear would be 8, the square 64; between them leaves room for a noisy machine, and what is
    # noise does not come every time.
    assert any(seconds(4000) < 30 * seconds(500) + 0.005 for _ in range(5))


def test_every_evaluation_prompt_is_read(read_eval: ReadEval) -> None:
    for name in ("geneval", "partiprompts", "dpg_bench", "tifa_v1", "t2i_compbench"):
        for row in read_eval(f"prompts/{name}"):
            check_laws(parse_intent(row["prompt"]), row["prompt"])


def test_every_sampled_change_of_a_prompt_changes_its_parse(read_eval: ReadEval) -> None:
    prompts = [row["prompt"] for row in read_eval("prompts/partiprompts")][::4]
    for kind, (seen, made) in score_mutations(prompts).items():
        assert made > 5, kind
        assert seen >= 0.98 * made, kind
    assert kept_under_suffix(prompts) >= 0.98


@pytest.mark.parametrize(
    ("kind", "floor"),
    [("entities", 0.98), ("counts", 0.96), ("colors", 0.97), ("relations", 0.98)],
)
def test_geneval_is_read_as_its_metadata_says(kind: str, floor: float, read_eval: ReadEval) -> None:
    score = score_geneval(read_eval("prompts/geneval"))[kind]
    assert score.hits > 50
    assert score.precision >= floor, score.wrong
    assert score.recall >= floor, score.wrong
