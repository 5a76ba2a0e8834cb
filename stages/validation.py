"""What pydantic found wrong goes in, a sentence in the program's own words comes out."""

from typing import TYPE_CHECKING, Any, get_args

from imagine.stages.errors import did_you_mean, shown

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

_WANTED = {
    "text": ["string_type"],
    "a whole number": ["int_type", "int_parsing", "int_parsing_size", "int_from_float"],
    "a number": ["float_type", "float_parsing", "finite_number"],
    "true or false": ["bool_type", "bool_parsing"],
    "a list": ["tuple_type"],
    "a table of fields": ["dict_type", "model_type", "model_attributes_type"],
    "{allowed}": ["enum", "literal_error"],
}
# What follows the name of the field, by pydantic's type of error.
_RULES = {
    "missing": "is missing",
    "value_error": "{error}",
    "string_too_short": "is empty",
    "string_unicode": "contains a lone surrogate",
    "string_too_long": "has {characters} characters, and {max_length} is the most",
    "too_short": "has {entries} entries, and {min_length} is the least",
    "too_long": "has {entries} entries, and {max_length} is the most",
    "greater_than_equal": "is {value}, and {ge} is the least",
    "less_than_equal": "is {value}, and {le} is the most",
    "less_than": "is {value}, and must be below {lt}",
} | {
    kind: f"must be {wanted}, got {{value}}" for wanted, kinds in _WANTED.items() for kind in kinds
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
        hint = did_you_mean(str(first["loc"][-1]), _fields_at(model, first["loc"][:-1]))
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
    value, limits = fault["input"], fault.get("ctx", {})
    facts = {
        "value": value_shown(value),
        "allowed": _one_of(limits.get("expected", "")),
        "characters": len(value.strip()) if isinstance(value, str) else 0,
        "entries": len(value) if isinstance(value, list | tuple) else 0,
    }
    return _RULES.get(fault["type"], "cannot be {value}").format(**facts | limits)


def _one_of(expected: str) -> str:
    """pydantic's "'a', 'b' or 'c'" as "one of a, b, c"."""
    names = expected.replace("'", "").replace(" or ", ", ")
    return f"one of {names}" if ", " in names else names


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
