"""A series makes pictures look alike, and never against the words of a prompt."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from imagine.stages.description import Description, adopt, describe
from imagine.stages.enhance.offline import OfflineEnhancer
from imagine.stages.errors import SpecError
from imagine.stages.guard import check_prompt, compare, repair
from imagine.stages.intent import parse_intent
from imagine.stages.render import render
from imagine.stages.series import Series, load_series, series_from, series_of
from imagine.stages.series_merge import apply_series, asked_with
from imagine.stages.spec import Medium, PromptSpec, clean_prompt, format_spec, spec_from_dict
from imagine.stages.styles import load_styles

HARBOR: dict[str, Any] = {
    "style": {"medium": "painting", "detail": "loose watercolor on rough paper"},
    "setting": "a fishing village by the sea",
    "lighting": "soft haze over everything",
    "palette": ["ochre", "teal"],
    "exclude": ["cars"],
    "characters": [
        {"name": "Mira", "description": "a girl of eight with a red coat"},
        {"name": "fox", "attributes": ["torn left ear"], "colors": ["silver"]},
    ],
}
NOIR: dict[str, Any] = {
    "style": {"detail": "black and white film photograph, heavy grain"},
    "lighting": "hard noon sun",
    "composition": "centered, seen from above",
    "camera": "28mm lens",
    "mood": "lonely",
    "avoid": ["people", "text"],
    "characters": [
        {"name": "dog", "attributes": ["a blue collar"]},
        {"name": "man", "attributes": ["a tall hat"], "description": "an old man with a beard"},
    ],
}
CLAY: dict[str, Any] = {
    "style": {"medium": "render_3d", "detail": "toy-like clay render"},
    "setting": "inside a spaceship",
    "palette": ["#ff00aa", "lime green", "black"],
    "characters": [
        {"name": "Captain Nora", "always": True, "description": "a woman in a flight suit"},
        {"name": "tree", "attributes": ["glowing leaves"]},
    ],
}


def series(**fields: Any) -> Series:
    return series_from(fields, origin="'s.yaml'")


def described(prompt: str, **fields: Any) -> Description:
    return describe(prompt, enhancer=OfflineEnhancer(), series=series(**fields))


def subject(description: Description, name: str) -> dict[str, Any]:
    found = [item for item in description.spec.subjects if item.name == name]
    assert len(found) == 1, description.spec.subjects
    return found[0].model_dump()


@pytest.mark.parametrize("name", ["s.yaml", "s.yml", "s.json", "s.toml"])
def test_a_series_is_read_from_every_syntax(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    texts = {
        ".json": '{"lighting": "fog", "palette": ["teal"], "characters": [{"name": "Bibo", '
        '"always": true}]}',
        ".toml": 'lighting = "fog"\npalette = ["teal"]\n[[characters]]\nname = "Bibo"\n'
        "always = true\n",
    }
    yaml = "lighting: fog\nmood: null\npalette: [teal]\ncharacters:\n- name: Bibo\n  always: true\n"
    path.write_text(texts.get(path.suffix, yaml), encoding="utf-8")
    expected = series(
        lighting="fog", palette=["teal"], characters=[{"name": "Bibo", "always": True}]
    )
    assert load_series(path) == expected


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"stile": 1}, "'s.yaml': stile: there is no such field; did you mean 'style'?"),
        ({"lighting": 3}, "'s.yaml': lighting must be text, got 3; correct the field."),
        (
            {"characters": [{"name": "a", "colour": ["x"]}]},
            "'s.yaml': characters.0.colour: there is no such field; did you mean 'colors'?",
        ),
        (
            {"characters": [{"name": "Bo"}, {"name": "bo"}]},
            "'s.yaml': has two characters called 'bo'; correct it.",
        ),
        (
            {},
            "'s.yaml': sets nothing that pictures could share, such as style or lighting; "
            "correct it.",
        ),
        ([], "'s.yaml' holds no fields; write some such as `lighting: soft daylight`."),
        (
            {"mood": "a\x1bb"},
            "'s.yaml' contains the control character U+001B; remove it.",
        ),
        (
            {"lighting": "x" * 121},
            "'s.yaml': lighting has 121 characters, and 120 is the most; correct the field.",
        ),
    ],
)
def test_what_is_no_series_is_refused(document: object, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        series_from(document, origin="'s.yaml'")
    assert str(caught.value) == message


def test_a_style_in_one_line_is_a_preset_or_words() -> None:
    assert series(style="ukiyo-e").presets == ("ukiyo-e",)
    assert series(style="torn paper").style.detail == "torn paper"
    assert series(style={"preset": "neon + vhs"}, styles=["vhs", "comic"]).presets == (
        "neon",
        "vhs",
        "comic",
    )


def test_equal_series_have_equal_json() -> None:
    one = series(mood="calm", palette=["teal"])
    other = series(palette=["teal"], mood="calm", exclude=[])
    assert one.to_json() == other.to_json() == '{"mood": "calm", "palette": ["teal"]}'


def test_a_description_gives_its_look_and_not_its_subjects() -> None:
    spec = describe(
        "a fox by a lake", enhancer=OfflineEnhancer(), styles=[load_styles()["watercolor"]]
    ).spec
    taken = series_of(spec)
    assert taken.characters == ()
    assert taken.presets == ("watercolor",)
    assert (taken.style.detail, taken.palette) == (spec.style.detail, spec.palette)
    document = json.loads(format_spec(spec, format="json"))
    assert series_from(document) == taken
    assert series_from({"program": "imagine 0.1.0", "spec": document}) == taken


def test_a_preset_of_somebody_else_is_not_asked_for_again() -> None:
    spec = PromptSpec(
        source_prompt="a fox",
        subjects=({"id": "fox", "name": "fox"},),  # type: ignore[arg-type]
        style={"medium": "painting", "detail": "thick", "preset": "mine + vhs"},  # type: ignore[arg-type]
    )
    assert series_of(spec).presets == ("vhs",)


def test_a_series_takes_the_place_of_what_the_enhancer_added() -> None:
    description = described("the fox sleeps", **HARBOR)
    spec = description.spec
    assert (spec.style.medium, spec.style.detail) == (
        Medium.PAINTING,
        "loose watercolor on rough paper",
    )
    assert (spec.setting, spec.lighting) == (HARBOR["setting"], HARBOR["lighting"])
    assert spec.palette == ("ochre", "teal")
    assert "cars" in spec.exclude
    assert spec.camera is None
    assert [item.name for item in spec.subjects] == ["fox"]
    assert description.notes == ()


def test_what_was_added_is_told_in_the_assumptions() -> None:
    assert described("the fox sleeps", **HARBOR).spec.assumptions[:5] == (
        "style: painting, loose watercolor on rough paper",
        "setting: a fishing village by the sea",
        "lighting: soft haze over everything",
        "palette: ochre, teal",
        "subjects: fox (silver, torn left ear)",
    )


@pytest.mark.parametrize(
    ("prompt", "fields", "note"),
    [
        (
            "a fox in a forest",
            {"setting": "a village"},
            "Series: the setting is left out: the prompt has words of its own for it.",
        ),
        (
            "rolling hills",
            {"setting": "a village"},
            "Series: the setting is left out: the prompt is about a place itself.",
        ),
        (
            "a photo of a fox",
            {"style": {"medium": "painting"}},
            "Series: the style is left out: the prompt asks for another medium.",
        ),
        (
            "a fox at night",
            {"lighting": "soft morning light"},
            "Series: the lighting is left out: time: the prompt says night, the text says morning.",
        ),
        (
            "a red fox",
            {"palette": ["teal"]},
            "Series: the palette is left out: the prompt names its colors.",
        ),
        (
            "a street with cars",
            {"avoid": ["cars"]},
            "Series: 'cars' is not avoided: the prompt asks for it.",
        ),
        (
            "a white fox",
            {"characters": [{"name": "fox", "colors": ["silver"]}]},
            "Series: the colors of fox are left out: the prompt says white.",
        ),
        (
            "two foxes",
            {"characters": [{"name": "fox", "colors": ["silver"]}]},
            "Series: fox is left out: the prompt asks for several.",
        ),
        (
            "a fox beside a blue car",
            {"characters": [{"name": "fox", "colors": ["blue"]}]},
            "Series: the colors of fox are left out: the prompt has something else in blue.",
        ),
        (
            "a fox without hats",
            {"characters": [{"name": "fox", "attributes": ["a green hat"]}]},
            "Series: 'a green hat' of fox is left out: “hats” is excluded, the text mentions it.",
        ),
        (
            "a forest without robots",
            {"characters": [{"name": "robot", "always": True}]},
            "Series: robot is left out: the prompt excludes “robots”.",
        ),
    ],
)
def test_what_the_prompt_says_stays_and_the_rest_is_told(
    prompt: str, fields: dict[str, Any], note: str
) -> None:
    plain = describe(prompt, enhancer=OfflineEnhancer()).spec
    description = described(prompt, **fields)
    assert description.notes == (note,)
    assert description.guard.clean
    for name in ("setting", "lighting", "palette", "exclude", "subjects"):
        assert getattr(description.spec, name) == getattr(plain, name)


@pytest.mark.parametrize(
    "prompt",
    [
        "Mira feeds the ducks",
        "a boat with mira and a dog",
        "under the stars, Mira",
        "a portrait of Mira in a hat",
    ],
)
def test_a_character_is_explained_where_the_prompt_names_it(prompt: str) -> None:
    description = described(prompt, **HARBOR)
    found = [(item.phrase.lower(), item.meaning) for item in description.spec.resolutions]
    assert ("mira", "a girl of eight with a red coat") in found
    assert description.guard.clean
    assert description.guard.findings == ()
    final = render(description.spec, "natural", intent=description.intent).prompt
    assert "ira: a girl of eight with a red coat." in final
    assert check_prompt(final, description.intent) == ()


@pytest.mark.parametrize(
    "prompt",
    ['a sign that says "Mira"', "a beach without Mira", "the Mirage hotel", "Mira's house"],
)
def test_a_character_that_is_not_in_the_picture_is_left_out(prompt: str) -> None:
    spec = described(prompt, **HARBOR).spec
    assert spec.resolutions == ()
    assert "Mira" not in {item.name for item in spec.subjects}


def test_a_character_is_known_by_its_noun() -> None:
    found = subject(described("the sleepy fox on a bench", **HARBOR), "fox")
    assert found["attributes"] == ("sleepy", "torn left ear")
    assert found["colors"] == ("silver",)
    assert found["origin"] == "user"


def test_a_noun_that_two_characters_share_tells_nobody() -> None:
    pair = [
        {"name": "red fox", "attributes": ["tall"]},
        {"name": "blue fox", "attributes": ["small"]},
    ]
    assert "tall" not in subject(described("a fox", characters=pair), "fox")["attributes"]
    assert "small" in subject(described("a blue fox", characters=pair), "fox")["attributes"]


def test_a_name_has_no_article_in_the_final_prompt() -> None:
    looks = [{"name": "Bibo", "attributes": ["a torn ear"]}]
    description = described("Bibo on a bench", characters=looks)
    assert "Bibo: a torn ear." in render(description.spec, "natural").prompt
    assert "The Bibo" not in render(description.spec, "natural").prompt


def test_who_is_always_there_comes_before_what_the_enhancer_added() -> None:
    cast = [
        {"name": "Bibo", "always": True, "attributes": ["round head"]},
        {"name": "Nora", "always": True, "description": "a woman in a flight suit"},
    ]
    description = described("a lighthouse", characters=cast)
    names = [item.name for item in description.spec.subjects]
    assert names[:3] == ["lighthouse", "Bibo", "Nora"]
    assert subject(description, "Nora")["origin"] == "added"
    assert description.guard == describe("a lighthouse", enhancer=OfflineEnhancer()).guard


def test_who_finds_no_room_is_told() -> None:
    cast = [{"name": name, "always": True} for name in ("Ada", "Bo", "Cy", "Di")]
    description = described("a lighthouse", characters=cast)
    assert [item.name for item in description.spec.subjects] == ["lighthouse", "Ada", "Bo", "Cy"]
    assert description.notes == ("Series: Di is left out: the picture holds 4 things already.",)


def test_what_one_picture_must_not_have_comes_before_what_none_may_have() -> None:
    negative = [f"thing{number}" for number in range(11)]
    description = describe(
        "a fox",
        enhancer=OfflineEnhancer(),
        negative=negative,
        series=series(exclude=["cars", "signs"]),
    )
    assert description.spec.exclude == (*negative, "cars")
    assert description.notes == ("Series: 'signs' is not avoided: 12 things are already.",)


def test_a_series_wins_over_presets() -> None:
    description = describe(
        "a fox",
        enhancer=OfflineEnhancer(),
        styles=[load_styles()["film-noir"]],
        series=series(lighting="fog", mood="calm"),
    )
    assert (description.spec.lighting, description.spec.mood) == ("fog", "calm")
    assert description.spec.style.preset == "film-noir"


def written(**slots: Any) -> PromptSpec:
    basic = {
        "source_prompt": "the fox sleeps",
        "subjects": [
            {"id": "fox", "name": "fox", "source_span": "fox", "attributes": ["fat"]},
        ],
        "style": {"medium": "other"},
    }
    return spec_from_dict(basic | slots)


def test_of_what_a_person_wrote_only_open_slots_are_filled() -> None:
    spec = written(lighting="candles", palette=["pink"])
    description = adopt(spec, series=series(**HARBOR))
    assert (description.spec.lighting, description.spec.palette) == ("candles", ("pink",))
    assert description.spec.setting == HARBOR["setting"]
    assert description.spec.style.medium is Medium.PAINTING
    assert subject(description, "fox")["attributes"] == ("fat", "torn left ear")
    assert description.notes == (
        "Series: the lighting is left out: the description has its own.",
        "Series: the palette is left out: the description has its own.",
    )
    assert adopt(description.spec, series=series(**HARBOR)).spec == description.spec


def test_what_a_description_calls_an_assumption_is_nobodys_own() -> None:
    spec = written(lighting="candles", assumptions=["lighting: candles"])
    assert adopt(spec, series=series(**HARBOR)).spec.lighting == HARBOR["lighting"]


@pytest.mark.parametrize("fields", [HARBOR, NOIR, CLAY])
def test_a_series_never_contradicts_real_prompts_and_is_applied_once(
    fields: dict[str, Any], read_eval: Callable[[str], Iterator[dict[str, Any]]]
) -> None:
    shared = series(**fields)
    for row in [*read_eval("prompts/partiprompts")][::30]:
        intent = asked_with(parse_intent(clean_prompt(row["prompt"])), shared)
        spec = OfflineEnhancer().enhance(intent, seed=1).spec
        merged, notes = apply_series(spec, shared, intent)
        assert compare(merged, intent) == (), row["prompt"]
        assert apply_series(merged, shared, intent) == (merged, notes), row["prompt"]
        repaired, _ = repair(merged, intent)
        final = render(repaired, "natural", intent=intent).prompt
        assert check_prompt(final, intent) == (), row["prompt"]
