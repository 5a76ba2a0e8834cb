"""The shape of a model's answer: minimal schemas written by hand, and their JSON Schema form.

ENHANCE_SCHEMA is PromptSpec without what code fills; REFINE_SCHEMA is a set of changes to one. Both
use only the keys that every interface accepts (google-generativeai 0.8 refuses `maxItems`, `title`
and `anyOf`), and tell limits in words: a counted list inside a list is what makes Gemini refuse a
schema as having too many states. `imagine.stages.enhance.answer` enforces them. What the model has
to find out stands before what it derives from that, since it writes in this order.
"""

from typing import Any, get_args

from imagine.stages.enhance import Question
from imagine.stages.spec import PHRASES, AspectRatio, Medium, Position, RelationKind

Schema = dict[str, Any]


def schema_for(question: Question) -> Schema:
    """The schema that the answer to `question` has to fit."""
    return ENHANCE_SCHEMA if question.revision is None else REFINE_SCHEMA


def json_schema(schema: Schema) -> dict[str, Any]:
    """A minimal schema as JSON Schema: for `responseJsonSchema`, and OpenAI's strict mode.

    Every field is required and no other is allowed, as the strict mode demands; what may be left
    open is a union with null.
    """
    fitting: Schema = {"type": schema["type"].lower()}
    fitting |= {key: value for key, value in schema.items() if key in ("description", "enum")}
    if schema["type"] == "OBJECT":
        fields = {name: json_schema(field) for name, field in schema["properties"].items()}
        fitting |= {"properties": fields, "required": [*fields], "additionalProperties": False}
    if schema["type"] == "ARRAY":
        fitting["items"] = json_schema(schema["items"])
        if "min_items" in schema:
            fitting["minItems"] = schema["min_items"]
    return {"anyOf": [fitting, {"type": "null"}]} if schema.get("nullable") else fitting


def _text(about: str, most: int | None = None, **more: Any) -> Schema:
    limit = "" if most is None else f"; at most {most} characters"
    return {"type": "STRING", "description": about + limit, **more}


def _open(about: str, most: int, **more: Any) -> Schema:
    """A text that may be left open."""
    return _text(about, most, nullable=True, **more)


def _list(about: str, most: int, items: Schema, **more: Any) -> Schema:
    return {"type": "ARRAY", "description": f"{about}; at most {most}", "items": items, **more}


def _object(properties: dict[str, Schema], *, required: list[str], **more: Any) -> Schema:
    return {"type": "OBJECT", "properties": properties, "required": required, **more}


def _choice(about: str, values: list[str], **more: Any) -> Schema:
    return {"type": "STRING", "description": about, "enum": values, **more}


_SUBJECT_FIELDS = {
    "id": _text("lower-case name for relations, such as red-fox", 60),
    "name": _text("what it is in the user's words, singular, no article, number or colour", 60),
    "source_span": _text("the words of the prompt that name it, copied; null if added")
    | {"nullable": True},
    "origin": _choice("user: the prompt names it; added: you brought it in", ["user", "added"]),
    "count": {
        "type": "INTEGER",
        "description": "1 to 100, only if the prompt says how many",
        "nullable": True,
    },
    "colors": _list("colour words or #RRGGBB", 4, _text("one colour", 30)),
    "attributes": _list("looks, material, clothes", 8, _text("one attribute", 40)),
    "action": _open("what it does", 80),
    "pose": _open("how it holds itself", 80),
    "position": _choice(
        "where in the frame", [position.value for position in Position], nullable=True
    ),
}

_RELATION = _object(
    {
        "a": _text("id of a subject", 60),
        "kind": _choice("how a stands to b", [kind.value for kind in RelationKind]),
        "b": _text("id of a subject", 60),
    },
    required=["a", "kind", "b"],
)

_TEXT_ITEM = _object(
    {
        "content": _text("the quoted words, copied letter for letter", 120),
        "placement": _open("where they stand", 60),
        "typeface": _open("what the letters look like", 60),
    },
    required=["content", "placement", "typeface"],
)

_RESOLUTION = _object(
    {
        "phrase": _text("words of the prompt, copied", 120),
        "meaning": _text("what they stand for, in visible terms", 120),
    },
    required=["phrase", "meaning"],
)

_MEDIUM = _choice("what the picture is made as", [medium.value for medium in Medium])
_COLOR = _text("colour word or #RRGGBB", 30)
_RATIO = _choice("shape of the picture", list(get_args(AspectRatio)), nullable=True)

_ABOUT = {
    "setting": "place, time, weather",
    "composition": "framing and arrangement",
    "lighting": "light: source, direction, quality",
    "camera": "lens, angle, depth of field; only for photograph and render_3d",
    "mood": "atmosphere",
}
_PHRASES = {slot: _open(_ABOUT[slot], most) for slot, most in PHRASES.items()}

ENHANCE_SCHEMA: Schema = _object(
    {
        "resolutions": _list("phrases that need knowledge", 4, _RESOLUTION),
        "subjects": _list(
            "the things to see, most important first",
            6,
            _object(
                _SUBJECT_FIELDS,
                required=["id", "name", "source_span", "origin", "count", "colors", "attributes"],
            ),
            min_items=1,
        ),
        "relations": _list("only those the prompt states", 8, _RELATION),
        "text": _list("words to render: only what the prompt quotes", 6, _TEXT_ITEM),
        "exclude": _list("what the prompt does not want", 12, _text("one thing, no 'no'", 40)),
        "style": _object(
            {"medium": _MEDIUM, "detail": _open("the finer style", 80)},
            required=["medium", "detail"],
        ),
        **_PHRASES,
        "palette": _list("main colours of the whole", 6, _COLOR),
        "aspect_ratio": _RATIO,
        "assumptions": _list("what you added, for the user", 8, _text("a few words", 80)),
    },
    required=[
        "resolutions",
        "subjects",
        "relations",
        "text",
        "exclude",
        "style",
        *_PHRASES,
        "palette",
        "aspect_ratio",
        "assumptions",
    ],
)

# Slots that a change can empty; the others always hold something or are lists given whole.
CLEARABLE = (*_PHRASES, "style_detail", "palette", "text", "exclude", "aspect_ratio")
CLEARABLE_OF_SUBJECT = ("count", "colors", "attributes", "action", "pose", "position")

_CHANGED_SUBJECT = _object(
    {
        "id": _text("of the subject to change; a new one to add a subject", 60),
        **{
            name: field | {"nullable": True}
            for name, field in _SUBJECT_FIELDS.items()
            if name not in ("id", "origin")
        },
        "clear": _list(
            "fields to empty", 6, _choice("a field", list(CLEARABLE_OF_SUBJECT)), nullable=True
        ),
    },
    required=["id"],
)


def _changed(field: Schema) -> Schema:
    """The field in a set of changes, where null leaves it as it is."""
    return field | {"nullable": True}


_ENHANCED = ENHANCE_SCHEMA["properties"]

REFINE_SCHEMA: Schema = _object(
    {
        "source_prompt": _text(
            "the user's prompt with the smallest edit that makes the change true, same language"
        ),
        "remove_subjects": _list("ids", 6, _text("id of a subject", 60)),
        "subjects": _list("changed or new subjects, changed fields only", 6, _CHANGED_SUBJECT),
        "remove_relations": _list("relations that no longer hold", 8, _RELATION),
        "add_relations": _list("new relations", 8, _RELATION),
        "text": _changed(_ENHANCED["text"]),
        "exclude": _changed(_ENHANCED["exclude"]),
        "style": _object(
            {"medium": _changed(_MEDIUM), "detail": _open("the finer style", 80)},
            required=["medium", "detail"],
            nullable=True,
        ),
        **_PHRASES,
        "palette": _changed(_ENHANCED["palette"]),
        "aspect_ratio": _RATIO,
        "clear": _list("slots to empty", 10, _choice("a slot", list(CLEARABLE))),
        "assumptions": _list("what you chose yourself", 8, _text("a few words", 80)),
    },
    required=["source_prompt", "remove_subjects", "subjects"],
)
