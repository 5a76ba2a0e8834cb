"""The schema that models get, held against PromptSpec field by field."""

import types
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from annotated_types import MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.types import StringConstraints

from imagine.stages.enhance import Question, Revision
from imagine.stages.enhance.schema import (
    CLEARABLE,
    CLEARABLE_OF_SUBJECT,
    ENHANCE_SCHEMA,
    REFINE_SCHEMA,
    json_schema,
    schema_for,
)
from imagine.stages.intent import parse_intent
from imagine.stages.spec import (
    PromptSpec,
    Relation,
    Resolution,
    Style,
    Subject,
    TextItem,
    parse_spec,
)

# What a model is never asked for.
BY_CODE = {
    PromptSpec: {"schema_version", "source_prompt", "language"},
    Style: {"preset"},
    Subject: set(),
    Relation: set(),
    TextItem: set(),
    Resolution: set(),
}
# What google-generativeai 0.8 takes in a schema.
KNOWN_KEYS = {
    "type",
    "description",
    "nullable",
    "enum",
    "items",
    "properties",
    "required",
    "min_items",
}


def unwrapped(annotation: Any) -> tuple[Any, list[Any], bool]:
    """The type itself, the constraints around it, and whether it may be null."""
    constraints: list[Any] = []
    nullable = False
    while True:
        if hasattr(annotation, "__metadata__"):
            constraints += annotation.__metadata__
            annotation = annotation.__origin__
        elif get_origin(annotation) in (Union, types.UnionType):
            nullable = True
            (annotation,) = [arm for arm in get_args(annotation) if arm is not type(None)]
        else:
            return annotation, constraints, nullable


def agree(schema: dict[str, Any], annotation: Any, metadata: list[Any], where: str) -> None:
    """Fails where a schema and a field differ in type, limits, values or nullability."""
    kind, constraints, nullable = unwrapped(annotation)
    constraints = [*constraints, *metadata]
    assert schema.get("nullable", False) == nullable, where
    if isinstance(kind, type) and issubclass(kind, Enum):
        assert schema["enum"] == [member.value for member in kind], where
    elif get_origin(kind) is Literal:
        assert schema["enum"] == list(get_args(kind)), where
    elif get_origin(kind) is tuple:
        most = next(item.max_length for item in map(flat, constraints) if item.max_length)
        assert schema["type"] == "ARRAY", where
        assert schema["description"].endswith(f"; at most {most}"), where
        least = next((item.min_length for item in map(flat, constraints) if item.min_length), None)
        assert schema.get("min_items") == least, where
        agree(schema["items"], get_args(kind)[0], [], f"{where}[]")
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        agree_model(schema, kind, where)
    elif kind is str:
        assert schema["type"] == "STRING", where
        limit = next(
            (item.max_length for item in constraints if isinstance(item, StringConstraints)), None
        )
        if limit is not None:
            assert schema["description"].endswith(f"; at most {limit} characters"), where
    else:
        assert (kind, schema["type"]) == (int, "INTEGER"), where


class Limits(BaseModel):
    min_length: int | None = None
    max_length: int | None = None


def flat(item: Any) -> Limits:
    """The length limits of one constraint, in whatever pydantic keeps them."""
    inner = item.metadata if isinstance(item, FieldInfo) else [item]
    return Limits(
        min_length=next((part.min_length for part in inner if isinstance(part, MinLen)), None),
        max_length=next((part.max_length for part in inner if isinstance(part, MaxLen)), None),
    )


def agree_model(schema: dict[str, Any], model: type[BaseModel], where: str) -> None:
    fields = {
        name: field for name, field in model.model_fields.items() if name not in BY_CODE[model]
    }
    assert set(schema["properties"]) == set(fields), where
    for name, field in fields.items():
        # A set of fields that are missing is open, and a model may leave it out.
        assert not field.is_required() or name in schema["required"], f"{where}.{name}"
        agree(schema["properties"][name], field.annotation, field.metadata, f"{where}.{name}")


def test_the_schema_and_the_spec_agree_field_by_field() -> None:
    agree_model(ENHANCE_SCHEMA, PromptSpec, "spec")


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("mood", {"nullable": False}),
        ("mood", {"description": "atmosphere; at most 81 characters"}),
        ("palette", {"description": "colours; at most 7"}),
        ("subjects", {"min_items": 2}),
        ("aspect_ratio", {"enum": ["1:1"]}),
        ("extra", {"type": "STRING"}),
    ],
)
def test_the_comparison_sees_every_kind_of_difference(path: str, change: dict[str, Any]) -> None:
    fields = ENHANCE_SCHEMA["properties"]
    broken = ENHANCE_SCHEMA | {"properties": fields | {path: fields.get(path, {}) | change}}
    with pytest.raises(AssertionError):
        agree_model(broken, PromptSpec, "spec")


def every(schema: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [*schema.get("properties", {}).values(), *filter(None, [schema.get("items")])]
    return [schema, *(found for part in inner for found in every(part))]


@pytest.mark.parametrize("schema", [ENHANCE_SCHEMA, REFINE_SCHEMA])
def test_only_the_keys_that_every_interface_takes_are_used(schema: dict[str, Any]) -> None:
    for part in every(schema):
        assert set(part) <= KNOWN_KEYS
        assert part["type"] in ("OBJECT", "ARRAY", "STRING", "INTEGER")
        if part["type"] == "OBJECT":
            # Models write in the order of `required`.
            assert [name for name in part["properties"] if name in part["required"]] == (
                part["required"]
            )


def test_what_is_found_out_is_written_before_what_follows_from_it() -> None:
    order = ENHANCE_SCHEMA["required"]
    assert order == list(ENHANCE_SCHEMA["properties"])
    assert order[0] == "resolutions"
    assert order.index("subjects") < order.index("relations") < order.index("style")
    assert order[-1] == "assumptions"


@pytest.mark.parametrize("schema", [ENHANCE_SCHEMA, REFINE_SCHEMA])
def test_as_json_schema_every_field_is_required_and_no_other_allowed(
    schema: dict[str, Any],
) -> None:
    def check(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
        if ours.get("nullable"):
            assert theirs.keys() == {"anyOf"}
            theirs, null = theirs["anyOf"]
            assert null == {"type": "null"}
        assert theirs["type"] == ours["type"].lower()
        assert theirs.get("enum") == ours.get("enum")
        assert theirs.get("description") == ours.get("description")
        assert theirs.get("minItems") == ours.get("min_items")
        if "properties" in ours:
            assert theirs["required"] == list(ours["properties"]) == list(theirs["properties"])
            assert theirs["additionalProperties"] is False
            for name, part in ours["properties"].items():
                check(part, theirs["properties"][name])
        if "items" in ours:
            check(ours["items"], theirs["items"])

    check(schema, json_schema(schema))


def test_changes_are_of_the_same_fields_and_may_all_be_left_out() -> None:
    ours, changes = ENHANCE_SCHEMA["properties"], REFINE_SCHEMA["properties"]
    own = {"source_prompt", "remove_subjects", "remove_relations", "add_relations", "clear"}
    assert set(changes) - own == set(ours) - {"relations", "resolutions"}
    for name in set(ours) - {"subjects", "relations", "resolutions", "assumptions"}:
        assert changes[name].get("nullable"), name
    fields = ours["subjects"]["items"]["properties"]
    changed = changes["subjects"]["items"]["properties"]
    assert set(changed) - {"clear"} == set(fields) - {"origin"}
    assert all(changed[name].get("nullable") for name in changed if name != "id")
    assert set(CLEARABLE_OF_SUBJECT) < set(Subject.model_fields)
    assert set(CLEARABLE) - {"style_detail"} < set(PromptSpec.model_fields)


def test_a_question_with_a_revision_is_answered_with_changes() -> None:
    spec = parse_spec(
        '{"source_prompt": "a fox", "subjects": [{"id": "fox", "name": "fox"}], '
        '"style": {"medium": "photograph"}}',
        format="json",
    )
    question = Question(parse_intent("a fox"))
    assert schema_for(question) is ENHANCE_SCHEMA
    revised = Question(parse_intent("a fox"), revision=Revision(spec, "bigger"))
    assert schema_for(revised) is REFINE_SCHEMA
