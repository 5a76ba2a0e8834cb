"""The recipe: out to JSON and back, and what is refused on the way in."""

import json
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError
from recipes import any_recipe, make_recipe

from imagine.stages.errors import SpecError
from imagine.stages.image import HiresFix, ImageRequest, Lora
from imagine.stages.recipe import Recipe, parse_recipe


def altered(**changes: Any) -> str:
    return json.dumps(json.loads(make_recipe().to_json()) | changes)


@given(any_recipe())
def test_json_gives_an_equal_recipe_back(recipe: Recipe) -> None:
    for indent in (None, 2):
        again = parse_recipe(recipe.to_json(indent=indent))
        assert again == recipe
        assert again.to_json() == recipe.to_json()


@given(any_recipe())
def test_the_request_is_byte_identical_after_json(recipe: Recipe) -> None:
    drawn = ImageRequest(
        prompt=recipe.prompt,
        negative_prompt=recipe.negative_prompt,
        spec=recipe.spec,
        width=int(recipe.backend.parameters["width"] or 0),
        height=int(recipe.backend.parameters["height"] or 0),
        seed=int(recipe.backend.parameters["seed"] or 0),
    )
    assert parse_recipe(recipe.to_json()).to_request().to_json() == drawn.to_json()


def test_fields_of_a_newer_version_are_ignored() -> None:
    document = json.loads(make_recipe().to_json())
    document["mood_board"] = {"a": 1}
    document["backend"]["region"] = "moon"
    assert parse_recipe(json.dumps(document)) == make_recipe()


def test_an_unknown_field_of_the_spec_is_refused() -> None:
    spec = json.loads(make_recipe().to_json())["spec"] | {"vibe": "cosy"}
    with pytest.raises(SpecError) as caught:
        parse_recipe(altered(spec=spec), origin="fox.json")
    assert str(caught.value) == "fox.json: spec: vibe: there is no such field; leave it out."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{",
            "The recipe is not valid JSON: line 1, column 2: expecting property name enclosed in "
            "double quotes; correct it.",
        ),
        ("[1]", "The recipe holds no recipe; name a picture or sidecar made by imagine."),
        ('{"spec": 3}', "The recipe holds no recipe; name a picture or sidecar made by imagine."),
        (
            altered(schema_version=2),
            "The recipe has recipe schema version 2, this program reads version 1; "
            "use the version of imagine that wrote it.",
        ),
        (
            altered(profile="prose"),
            "The recipe: profile must be one of natural, clip75, json, got 'prose'; "
            "correct the field.",
        ),
        (
            altered(created="yesterday", prompt=None),
            "The recipe: created must be a time in UTC such as 2026-11-22T01:02:03Z, "
            "got 'yesterday' (and 1 more); correct the field.",
        ),
    ],
)
def test_a_broken_recipe_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_recipe(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("seed", "told"),
    [
        (None, "null"),
        ("7", "'7'"),
        (7.0, "7.0"),
        (True, "true"),
        (-1, "-1"),
        (2**32, "4294967296"),
    ],
)
def test_a_seed_that_cannot_be_drawn_again_is_refused(seed: object, told: str) -> None:
    backend = json.loads(make_recipe().to_json())["backend"]
    backend["parameters"]["seed"] = seed
    with pytest.raises(SpecError) as caught:
        parse_recipe(altered(backend=backend))
    assert str(caught.value) == (
        f"The recipe: backend.parameters holds {told} as seed, no whole number from 0 to "
        "4294967295; correct the field."
    )


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 2000 + "]" * 2000,
        altered(spec={"source_prompt": "a fox", "subjects": json.loads("[" * 300 + "]" * 300)}),
        altered(notes=["\ud800"]),
        altered(notes=["\x1b]0;title\x07"]),
        altered(unknown=[{"\x9b31m": 1}]),
        altered(dropped=["a\rb"]),
        altered(timings={"\udfff": 1}),
        altered().replace('"timings": {}', '"timings": {"draw": NaN}'),
        altered().replace('"seed": 7', '"seed": 7, "guidance": 1e999'),
        altered().replace('"seed": 7', f'"seed": {"9" * 5000}'),
    ],
    ids=[
        "deep",
        "deep list",
        "deep spec",
        "surrogate",
        "escape",
        "control key",
        "carriage return",
        "surrogate key",
        "nan",
        "infinity",
        "long number",
    ],
)
def test_hostile_json_is_refused_as_a_recipe(text: str) -> None:
    with pytest.raises(SpecError):
        parse_recipe(text)


def test_a_message_stays_one_short_printable_line_whatever_the_file_says() -> None:
    backend = json.loads(make_recipe().to_json())["backend"]
    backend["parameters"]["\x1b[31m\n" + "x" * 1000] = []
    for text in (altered(backend=backend), altered(schema_version="9" * 1000)):
        with pytest.raises(SpecError) as caught:
            parse_recipe(text)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 250


def test_a_control_character_in_a_recipe_is_named() -> None:
    with pytest.raises(SpecError) as caught:
        parse_recipe(altered(prompt="a \x1b[31m fox"), origin="'fox.json'")
    assert str(caught.value) == (
        "'fox.json' contains the control character U+001B; use the original file."
    )


def test_control_characters_in_the_words_of_a_backend_do_not_cost_the_picture() -> None:
    recipe = make_recipe(notes=("done\x1b[31m",))
    assert recipe.notes == ("done\ufffd[31m",)
    assert parse_recipe(recipe.to_json()) == recipe


@pytest.mark.parametrize("value", [[], {"a": 1}])
def test_a_parameter_is_a_plain_value(value: object) -> None:
    backend = json.loads(make_recipe().to_json())["backend"]
    backend["parameters"]["steps"] = value
    what = "a list" if value == [] else "a table of fields"
    with pytest.raises(SpecError) as caught:
        parse_recipe(altered(backend=backend))
    assert str(caught.value) == (
        f"The recipe: backend.parameters holds {what} as 'steps', no text and no number; "
        "correct the field."
    )


def test_everything_that_a_picture_was_drawn_with_comes_back() -> None:
    backend = json.loads(make_recipe().to_json())["backend"]
    backend["parameters"] |= {"scheduler": "ddim", "hires_scale": 2, "hires_strength": 0.3}
    backend["loras"] = [{"name": "ink", "weight": -0.5}, {"name": "oil.safetensors"}]
    recipe = parse_recipe(altered(backend=backend, mask={"sha256": "a" * 64}))
    request = recipe.to_request()
    assert request.scheduler == "ddim"
    assert request.hires_fix == HiresFix(2, 0.3)
    assert request.loras == (Lora("ink", -0.5), Lora("oil.safetensors", 1.0))
    assert recipe.mask is not None
    assert parse_recipe(recipe.to_json()) == recipe


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("hires_scale", "twice", "holds 'twice' as hires_scale, no number"),
        ("scheduler", 5, "holds 5 as scheduler, no text"),
    ],
)
def test_what_no_request_can_be_made_of_is_refused(name: str, value: object, told: str) -> None:
    backend = json.loads(make_recipe().to_json())["backend"]
    backend["parameters"][name] = value
    with pytest.raises(SpecError) as caught:
        parse_recipe(altered(backend=backend))
    assert str(caught.value) == f"The recipe: backend.parameters {told}; correct the field."


def test_a_recipe_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        make_recipe().prompt = "another"  # type: ignore[misc]
