"""Checks JSON against the messages of a Google API, and refuses in its words."""

import base64
import binascii
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from fakes.google import invalid
from fakes.service import refuse

# A message is a mapping from field names to what may stand there: a type's name, another message,
# an Enum, a Map, a list of one of these for a repeated field, a Cached one, or a function that
# gives one, for messages that contain themselves.
Shape = Any


class Enum:
    """An enum of the API: names, and the integers that the old SDK sends in their place."""

    def __init__(self, name: str, **values: int) -> None:
        self.name = name
        self.values = values
        self.names = {number: name for name, number in values.items()}


class Cached:
    """A shape whose values come again and again; each is checked once, then by `then` as well."""

    def __init__(self, shape: Shape, then: Callable[[Any], None]) -> None:
        self.shape = shape
        self.then = then
        self.checked: dict[str, Any] = {}


def check_shape(value: Any, shape: Shape, *, path: str = "") -> Any:
    """`value` with camelCase names and enum names, once it fits `shape`.

    Refuses unknown fields and wrong types in Google's words.
    """
    if isinstance(shape, list):
        if not isinstance(value, list):
            # Google takes a single message for a list of one.
            value = [value]
        return [
            check_shape(item, shape[0], path=f"{path}[{number}]")
            for number, item in enumerate(value)
        ]
    if isinstance(shape, dict):
        return _check_message(value, shape, path)
    if isinstance(shape, Enum):
        return _check_enum(value, shape, path)
    if isinstance(shape, Cached):
        key = repr(value)
        if key not in shape.checked:
            checked = check_shape(value, shape.shape, path=path)
            shape.then(checked)
            shape.checked[key] = checked
        return shape.checked[key]
    return _check_scalar(value, shape, path)


def _check_message(value: Any, shape: dict[str, Shape], path: str) -> dict[str, Any]:
    if isinstance(value, list):
        raise refuse(
            invalid(
                f'Invalid JSON payload received. Unknown name "{path.rpartition(".")[2]}" at '
                f"'{path.rpartition('.')[0]}': Proto field is not repeating, cannot start list.",
                field=path,
            )
        )
    if not isinstance(value, dict):
        raise refuse(invalid(f"Invalid value at '{path}' (message), {_quoted(value)}", field=path))
    checked: dict[str, Any] = {}
    for name, item in value.items():
        camel = _camel(name)
        if camel not in shape:
            at = f" at '{path}'" if path else ""
            raise refuse(
                invalid(
                    f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.',
                    field=path,
                )
            )
        if camel in checked:
            raise refuse(invalid(f"Invalid value at '{path}': {camel} is given twice.", field=path))
        if item is None:
            continue
        inner = f"{path}.{snake(camel)}" if path else snake(camel)
        inner_shape = shape[camel]
        if isinstance(inner_shape, type) and issubclass(inner_shape, Map):
            checked[camel] = _check_map(item, inner_shape, inner)
        else:
            if callable(inner_shape) and not isinstance(inner_shape, type):
                inner_shape = inner_shape()
            checked[camel] = check_shape(item, inner_shape, path=inner)
    return checked


class Map:
    """Base of shapes that map any name to `of()`."""

    @staticmethod
    def of() -> Shape:
        raise NotImplementedError


def _check_map(value: Any, shape: type[Map], path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refuse(invalid(f"Invalid value at '{path}' (Map), {_quoted(value)}", field=path))
    return {
        name: check_shape(item, shape.of(), path=f"{path}[{number}].value")
        for number, (name, item) in enumerate(value.items())
    }


def _check_enum(value: Any, shape: Enum, path: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value in shape.names:
        return shape.names[value]
    if isinstance(value, str) and value.upper() in shape.values:
        return value.upper()
    raise refuse(
        invalid(
            f"Invalid value at '{path}' (type.googleapis.com/google.ai.generativelanguage.v1beta."
            f"{shape.name}), {_quoted(value)}",
            field=path,
        )
    )


def _check_scalar(value: Any, kind: str, path: str) -> Any:
    if kind == "any":
        return value
    fits = {
        "TYPE_STRING": isinstance(value, str),
        "TYPE_BOOL": isinstance(value, bool),
        "TYPE_INT32": _integer(value, 2**31),
        "TYPE_INT64": _integer(value, 2**63),
        "TYPE_FLOAT": isinstance(value, int | float) and not isinstance(value, bool),
        "TYPE_BYTES": isinstance(value, str),
    }[kind]
    if not fits:
        raise refuse(invalid(f"Invalid value at '{path}' ({kind}), {_quoted(value)}", field=path))
    if kind == "TYPE_BYTES":
        try:
            return base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            raise refuse(
                invalid(
                    f"Invalid value at '{path}' (TYPE_BYTES), Base64 decoding failed for "
                    f"{_quoted(value[:40])}",
                    field=path,
                )
            ) from None
    return int(value) if kind in ("TYPE_INT32", "TYPE_INT64") else value


def _integer(value: Any, bound: int) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        return bool(re.fullmatch(r"-?\d{1,19}", value)) and -bound <= int(value) < bound
    return isinstance(value, int | float) and value == int(value) and -bound <= value < bound


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


@lru_cache
def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


@lru_cache
def snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)
