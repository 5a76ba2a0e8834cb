"""A schema goes in, a value that fits it comes out; what is known fills it first.

Reads JSON Schema and Google's Schema alike.
"""

import random
from collections.abc import Mapping
from typing import Any

Path = tuple[str | int, ...]


class Filler:
    """Fills a schema: with what `known` says of a place, else with something drawn by chance."""

    def __init__(self, prompt: str, chance: random.Random, root: Any) -> None:
        self.prompt = prompt
        self.chance = chance
        self._root = root

    def known(self, path: Path) -> Any:
        """What is to stand at `path`, or None where nothing is known."""
        raise NotImplementedError

    def phrase(self, path: Path) -> str:
        """A text for a place that has to have one."""
        raise NotImplementedError

    def fill(self, schema: Any, path: Path) -> Any:
        """A value for the part of the schema that `path` leads to."""
        schema = self._resolved(schema)
        choices = schema.get("anyOf") or schema.get("oneOf")
        kind, nullable = _kind(schema)
        if choices:
            open_ones = [self._resolved(one) for one in choices]
            real = [one for one in open_ones if _kind(one)[0] != "null"]
            nullable = nullable or len(real) < len(open_ones)
            if nullable and self.known(path) is None:
                return None
            return self.fill(real[0], path)
        if "const" in schema:
            return schema["const"]
        known = self.known(path)
        if nullable and known is None:
            return None
        if schema.get("enum"):
            return self._one_of(schema["enum"], known)
        return self._of_kind(kind, schema, path, known)

    def _of_kind(self, kind: str, schema: Any, path: Path, known: Any) -> Any:
        if kind == "object":
            return self._object(schema, path)
        if kind == "array":
            return self._array(schema, path, known)
        if kind in ("integer", "number"):
            low = schema.get("minimum", 0)
            value = known if isinstance(known, int) else low + self.chance.randrange(3)
            return max(low, min(value, schema.get("maximum", value)))
        if kind == "boolean":
            return self.chance.random() < 0.5
        if kind == "null":
            return None
        text = str(known) if known is not None else self.phrase(path)
        text = text[: int(schema.get("maxLength", 4000))].strip()
        return text.ljust(int(schema.get("minLength", 0)), "o")

    def _object(self, schema: Any, path: Path) -> dict[str, Any]:
        required = schema.get("required", [])
        properties = schema.get("properties", {})
        names = [*required, *(name for name in properties if name not in required)]
        filled = {name: self.fill(properties.get(name, {}), (*path, name)) for name in names}
        return {
            name: value for name, value in filled.items() if name in required or value is not None
        }

    def _array(self, schema: Any, path: Path, known: Any) -> list[Any]:
        low = int(schema.get("minItems", schema.get("min_items", 0)))
        high = int(schema.get("maxItems", schema.get("max_items", 6)))
        wanted = len(known) if isinstance(known, list | tuple) else self.chance.randrange(2)
        items = schema.get("items", {})
        return [self.fill(items, (*path, n)) for n in range(max(low, min(wanted, high)))]

    def _one_of(self, options: list[Any], known: Any) -> Any:
        if known in options:
            return known
        told = [one for one in options if str(one).lower() in self.prompt.lower()]
        if told:
            return told[0]
        return "photograph" if "photograph" in options else self.chance.choice(options)

    def _resolved(self, schema: Any) -> Mapping[str, Any]:
        """The schema with its $ref followed."""
        seen = 0
        while isinstance(schema, Mapping) and "$ref" in schema and seen < 20:
            node: Any = self._root
            for name in schema["$ref"].removeprefix("#/").split("/"):
                node = node[name]
            schema, seen = node, seen + 1
        return schema if isinstance(schema, Mapping) else {}


# Google's Schema.type as the integers that its old SDK sends.
_TYPES = {1: "string", 2: "number", 3: "integer", 4: "boolean", 5: "array", 6: "object", 7: "null"}


def _kind(schema: Mapping[str, Any]) -> tuple[str, bool]:
    """The type's name in lower case, and whether null is allowed."""
    told = schema.get("type")
    nullable = bool(schema.get("nullable"))
    if isinstance(told, list):
        real = [name for name in told if name != "null"]
        return (real[0] if real else "null"), nullable or "null" in told
    if isinstance(told, int):
        told = _TYPES.get(told, "string")
    if told is None:
        told = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(told).lower(), nullable
