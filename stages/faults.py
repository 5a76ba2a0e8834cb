"""What pydantic found wrong goes in, a sentence in the program's own words comes out."""

from typing import TYPE_CHECKING, Any, get_args

from imagine.stages.errors import did_you_mean, shown

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table of fields",
    "model_type": "a table of fields",
    "model_attributes_type": "a table of fields",
}


def fault_sentence(error: "ValidationError", model: "type[BaseModel]", *, origin: str) -> str:
    """One line: the document, the first broken rule with the field and its value, what to do.

    Args:
        error: what pydantic raised for a document.
        model: what the document should have been.
        origin: what to call the document, usually its file name.
    """
    first, *others = _distinct(error)
    where = shown(".".join(str(part) for part in first["loc"]))
    more = f" (and {len(others)} more)" if others else ""
    if first["type"] == "extra_forbidden":
        hint = did_you_mean(str(first["loc"][-1])[:40], _fields_at(model, first["loc"][:-1]))
        return f"{origin}: {where}: there is no such field{more}{hint or '; leave it out.'}"
    if where:
        return f"{origin}: {where} {_broken_rule(first)}{more}; correct the field."
    return f"{origin}: {_broken_rule(first)}{more}; correct it."


def value_shown(value: Any) -> str:
    """A value as its document writes it, short enough for a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return shown(value, limit=30)
    if isinstance(value, dict):
        return "a table of fields"
    if isinstance(value, list | tuple):
        return "a list"
    return f"'{shown(value)}'"


def _broken_rule(fault: Any) -> str:
    kind, value, limits = fault["type"], fault["input"], fault.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(limits["error"])
    if kind in _WANTED:
        return f"must be {_WANTED[kind]}, got {value_shown(value)}"
    if kind in ("enum", "literal_error"):
        allowed = limits["expected"].replace("'", "").replace(" or ", ", ")
        one_of = "one of " if ", " in allowed else ""
        return f"must be {one_of}{allowed}, got {value_shown(value)}"
    if kind == "string_too_short":
        return "is empty"
    if kind == "string_too_long":
        return f"has {len(value.strip())} characters, and {limits['max_length']} is the most"
    if kind == "too_short":
        return f"has {limits['actual_length']} entries, and {limits['min_length']} is the least"
    if kind == "too_long":
        return f"has {len(value)} entries, and {limits['max_length']} is the most"
    return f"{_beyond(limits)}, got {value_shown(value)}"


def _beyond(limits: dict[str, Any]) -> str:
    words = {"le": "must be at most", "lt": "must be below", "ge": "must be at least"}
    for name, told in words.items():
        if name in limits:
            return f"{told} {limits[name]}"
    return "cannot be read"


def _distinct(error: "ValidationError") -> list[Any]:
    """The faults without those that only follow from one further inside."""
    faults = error.errors(include_url=False)
    inside = [other["loc"][:depth] for other in faults for depth in range(1, len(other["loc"]))]
    return [found for found in faults if found["loc"] not in inside]


def _fields_at(model: "type[BaseModel]", place: tuple[int | str, ...]) -> list[str]:
    """The names of the fields that a document of `model` has at `place`."""
    for name in place:
        if isinstance(name, str) and name in model.model_fields:
            model = next(_models_in(model.model_fields[name].annotation), model)
    return list(model.model_fields)


def _models_in(annotation: Any) -> Any:
    """The models that a field's type is made of: Subject of `tuple[Subject, ...]`."""
    if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
