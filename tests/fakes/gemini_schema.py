"""What generateContent takes: its fields and their types, and the rules for response schemas."""

from typing import Any

from fakes.google import invalid
from fakes.service import refuse
from fakes.shapes import Cached, Enum, Map, Shape

_TYPE = Enum(
    "Type",
    TYPE_UNSPECIFIED=0, STRING=1, NUMBER=2, INTEGER=3, BOOLEAN=4, ARRAY=5, OBJECT=6, NULL=7,
)  # fmt: skip
_MODALITY = Enum("Modality", TEXT=1, IMAGE=2, AUDIO=3)
_LEVEL = Enum("ThinkingLevel", LOW=1, HIGH=2, MEDIUM=3, MINIMAL=4)
_CATEGORY = Enum(
    "HarmCategory",
    HARM_CATEGORY_HARASSMENT=7,
    HARM_CATEGORY_HATE_SPEECH=8,
    HARM_CATEGORY_SEXUALLY_EXPLICIT=9,
    HARM_CATEGORY_DANGEROUS_CONTENT=10,
    HARM_CATEGORY_CIVIC_INTEGRITY=11,
)
_THRESHOLD = Enum(
    "SafetySetting.HarmBlockThreshold",
    HARM_BLOCK_THRESHOLD_UNSPECIFIED=0,
    BLOCK_LOW_AND_ABOVE=1,
    BLOCK_MEDIUM_AND_ABOVE=2,
    BLOCK_ONLY_HIGH=3,
    BLOCK_NONE=4,
    OFF=5,
)
_RESOLUTION = Enum(
    "MediaResolution",
    MEDIA_RESOLUTION_LOW=1,
    MEDIA_RESOLUTION_MEDIUM=2,
    MEDIA_RESOLUTION_HIGH=3,
)


class _Properties(Map):
    @staticmethod
    def of() -> Shape:
        return SCHEMA


SCHEMA: dict[str, Shape] = {
    "type": _TYPE,
    "format": "TYPE_STRING",
    "title": "TYPE_STRING",
    "description": "TYPE_STRING",
    "nullable": "TYPE_BOOL",
    "enum": ["TYPE_STRING"],
    "maxItems": "TYPE_INT64",
    "minItems": "TYPE_INT64",
    "properties": _Properties,
    "required": ["TYPE_STRING"],
    "minProperties": "TYPE_INT64",
    "maxProperties": "TYPE_INT64",
    "minLength": "TYPE_INT64",
    "maxLength": "TYPE_INT64",
    "pattern": "TYPE_STRING",
    "example": "any",
    "anyOf": lambda: [SCHEMA],
    "propertyOrdering": ["TYPE_STRING"],
    "default": "any",
    "items": lambda: SCHEMA,
    "minimum": "TYPE_FLOAT",
    "maximum": "TYPE_FLOAT",
}
_JSON_SCHEMA_WORDS = {
    "$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum", "items",
    "prefixItems", "minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf", "properties",
    "additionalProperties", "required", "propertyOrdering",
}  # fmt: skip
_JSON_TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")


def check_schema(  # noqa: PLR0912  a branch for each rule
    schema: dict[str, Any], path: str
) -> None:
    """Refuse a responseSchema whose fields are known but do not go together."""

    def no(field: str, why: str) -> Exception:
        where = f"GenerateContentRequest.generation_config.{path}{field}"
        return refuse(invalid(f"* {where}: {why}\n"))

    kind = schema.get("type")
    if kind is None and not schema.get("anyOf"):
        raise no(".type", "must be specified")
    if kind == "OBJECT" and not schema.get("properties"):
        raise no(".properties", "should be non-empty for OBJECT type")
    if kind == "ARRAY" and "items" not in schema:
        raise no(".items", "missing field.")
    if kind != "OBJECT" and schema.get("properties"):
        raise no(".properties", "only allowed for OBJECT type")
    if schema.get("enum") and kind != "STRING":
        raise no(".enum", "only allowed for STRING type")
    for number, value in enumerate(schema.get("enum", [])):
        if not value:
            raise no(f".enum[{number}]", "cannot be empty")
    if kind == "STRING" and schema.get("format") not in (None, "", "enum", "date-time"):
        raise no(".format", "only 'enum' and 'date-time' are supported for STRING type")
    for field in ("required", "propertyOrdering"):
        for number, name in enumerate(schema.get(field, [])):
            if name not in schema.get("properties", {}):
                raise no(f".{field}[{number}]", "property is not defined")
    for name, inner in schema.get("properties", {}).items():
        check_schema(inner, f"{path}.properties[{name}]")
    if "items" in schema:
        check_schema(schema["items"], f"{path}.items")
    for number, inner in enumerate(schema.get("anyOf", [])):
        check_schema(inner, f"{path}.any_of[{number}]")


def check_json_schema(schema: Any, path: str) -> None:  # noqa: PLR0912  a branch for each rule
    """Refuse a responseJsonSchema with words that are not supported."""

    def no(why: str) -> Exception:
        return refuse(invalid(f"Invalid value at 'generation_config.{path}': {why}"))

    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise no("a schema is an object")
    unknown = [word for word in schema if word not in _JSON_SCHEMA_WORDS]
    if unknown:
        raise no(f'unsupported keyword "{unknown[0]}"')
    if "$ref" in schema and [word for word in schema if not word.startswith("$")]:
        raise no('no other fields, except those that start with "$", may be set beside "$ref"')
    told = schema.get("type", [])
    for kind in told if isinstance(told, list) else [told]:
        if kind not in _JSON_TYPES:
            raise no(f'unknown type "{kind}"')
    for name in schema.get("required", []):
        if name not in schema.get("properties", {}):
            raise no(f'required property "{name}" is not defined')
    for field in ("properties", "$defs"):
        for name, inner in schema.get(field, {}).items():
            check_json_schema(inner, f"{path}.{field}.{name}")
    for field in ("anyOf", "oneOf", "prefixItems"):
        for number, inner in enumerate(schema.get(field, [])):
            check_json_schema(inner, f"{path}.{field}[{number}]")
    for field in ("items", "additionalProperties"):
        if field in schema:
            check_json_schema(schema[field], f"{path}.{field}")


_PART = {
    "text": "TYPE_STRING",
    "inlineData": {"mimeType": "TYPE_STRING", "data": "TYPE_BYTES"},
    "fileData": {"mimeType": "TYPE_STRING", "fileUri": "TYPE_STRING"},
    "thought": "TYPE_BOOL",
    "thoughtSignature": "TYPE_BYTES",
    "videoMetadata": "any",
    "mediaResolution": "any",
}
_CONTENT = {"role": "TYPE_STRING", "parts": [_PART]}
_CONFIG = {
    "candidateCount": "TYPE_INT32",
    "stopSequences": ["TYPE_STRING"],
    "maxOutputTokens": "TYPE_INT32",
    "temperature": "TYPE_FLOAT",
    "topP": "TYPE_FLOAT",
    "topK": "TYPE_INT32",
    "seed": "TYPE_INT32",
    "presencePenalty": "TYPE_FLOAT",
    "frequencyPenalty": "TYPE_FLOAT",
    "responseLogprobs": "TYPE_BOOL",
    "logprobs": "TYPE_INT32",
    "responseMimeType": "TYPE_STRING",
    "responseSchema": Cached(SCHEMA, lambda schema: check_schema(schema, "response_schema")),
    "responseJsonSchema": "any",
    "responseModalities": [_MODALITY],
    "speechConfig": "any",
    "thinkingConfig": {
        "includeThoughts": "TYPE_BOOL",
        "thinkingBudget": "TYPE_INT32",
        "thinkingLevel": _LEVEL,
    },
    "imageConfig": {"aspectRatio": "TYPE_STRING", "imageSize": "TYPE_STRING"},
    "mediaResolution": _RESOLUTION,
}
REQUEST: dict[str, Shape] = {
    "model": "TYPE_STRING",
    "systemInstruction": _CONTENT,
    "contents": [_CONTENT],
    "tools": "any",
    "toolConfig": "any",
    "safetySettings": [{"category": _CATEGORY, "threshold": _THRESHOLD}],
    "generationConfig": _CONFIG,
    "cachedContent": "TYPE_STRING",
    "store": "TYPE_BOOL",
    "serviceTier": "TYPE_STRING",
}
