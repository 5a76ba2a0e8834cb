"""Whatever a document holds wrongly is told in one line of our own words."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recipes import make_recipe

from imagine.stages.errors import SpecError
from imagine.stages.recipe import parse_recipe
from imagine.stages.spec import PromptSpec, Subject, spec_from_dict
from imagine.stages.validation import value_shown

MACHINERY = re.compile(
    r"Input should|Field required|pydantic|String should|Tuple|Value error|NoneType|\bstr\b|\bint\b"
    r"|dictionary|<class|validation|\^|\\d"
)
FULL: dict[str, Any] = {
    "source_prompt": "a fox",
    "language": "en",
    "subjects": [{"id": "fox", "name": "fox", "count": 1, "colors": ["red"], "origin": "user"}],
    "relations": [{"a": "fox", "kind": "on", "b": "fox"}],
    "style": {"medium": "photograph", "detail": "soft"},
    "palette": ["red"],
    "text": [{"content": "Hi", "placement": "top"}],
    "exclude": ["fog"],
    "aspect_ratio": "1:1",
    "resolutions": [{"phrase": "a", "meaning": "b"}],
    "assumptions": ["c"],
}
any_value = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=300)
    | st.sampled_from(["{value}", "a{", "%s", "#12", "\x1b[31m", "x" * 5000]),
    lambda inner: (
        st.lists(inner, max_size=14) | st.dictionaries(st.text(max_size=200), inner, max_size=3)
    ),
    max_leaves=12,
)


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything in plain values."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    deeper = [
        place
        for key, inner in items
        for place in [(*path, key)]
        + (places_in(inner, (*path, key)) if isinstance(inner, dict | list) else [])
    ]
    return deeper


def broken(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A copy of `document` with `value` put at `place`."""
    copy = json.loads(json.dumps(document))
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return copy


RECIPE = json.loads(make_recipe(guard={"findings": [], "clean": True}).to_json())


@settings(max_examples=300)
@given(st.sampled_from([*places_in(FULL), ("colour",), ("subjects", 0, "colour")]), any_value)
def test_a_broken_description_is_told_in_one_plain_line(place: Any, value: Any) -> None:
    try:
        spec_from_dict(broken(FULL, place, value))
    except SpecError as error:
        message = str(error)
    else:
        message = "the description: fine."
    assert message.isprintable()
    assert len(message) < 400
    assert not MACHINERY.search(re.sub(r"'[^']*'?", "", message))
    assert re.match(r"the description(:| contains) ", message)
    assert message[-1] in ".?"


@settings(max_examples=300)
@given(st.sampled_from(places_in(RECIPE)), any_value)
def test_a_broken_recipe_is_told_in_one_plain_line(place: Any, value: Any) -> None:
    try:
        parse_recipe(json.dumps(broken(RECIPE, place, value)), origin="'x.png'")
    except SpecError as error:
        message = str(error)
    else:
        message = "'x.png' is fine."
    assert message.isprintable()
    assert len(message) < 400
    assert not MACHINERY.search(re.sub(r"'[^']*'?", "", message))
    assert message.startswith("'x.png'")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        (10**50, "1" + "0" * 28 + "…"),
        ({}, "a table of fields"),
        ([], "a list"),
        ("x" * 100, f"'{'x' * 79}…'"),
    ],
)
def test_a_value_is_told_as_its_document_writes_it(value: object, told: str) -> None:
    assert value_shown(value) == told


def test_a_wrong_field_is_held_against_those_of_its_place() -> None:
    for place, wrong, meant in (
        ((), "colour_palette", "palette"),
        (("subjects", 0), "colour", "colors"),
        (("style",), "presets", "preset"),
    ):
        with pytest.raises(SpecError) as caught:
            spec_from_dict(broken(FULL, (*place, wrong), "x"))
        assert str(caught.value).endswith(
            f"{wrong}: there is no such field; did you mean '{meant}'?"
        )
    assert "colors" in Subject.model_fields
    assert "colors" not in PromptSpec.model_fields
