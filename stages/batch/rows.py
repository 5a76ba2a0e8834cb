"""Rows: one prompt of an input with its own options, as written and checked, and back from JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imagine.stages.errors import LocalBackendError, UsageError

# Made once: `json.dumps` makes one for each call.
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True)

# Options about what becomes of a picture after it was drawn.
FINISHING = frozenset({"upscale", "upscaler", "denoise", "sharpen"})

Value = str | int | float | bool | list[str]


@dataclass(frozen=True, slots=True)
class Row:
    """One item of an input.

    Attributes:
        line: where it begins, from 1.
        prompt: the user's words; None when `spec` is given.
        id: the user's own name for it.
        options: what it sets for itself, by the names of imagine.stages.batch.columns.COLUMNS.
        extra: columns that are no option, carried along into the results.
        spec: a description that is drawn as it is, as `imagine enhance --json` writes it.
        template: the line that this row was expanded from, where that differs from the prompt.
        files: hash of the files that the options name, and of what else is to be done anew when it
            changes; "" for none. When they change, so does the item.
    """

    line: int
    prompt: str | None
    id: str | None = None
    options: Mapping[str, Value] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    spec: Mapping[str, Any] | None = None
    template: str | None = None
    files: str = ""

    @property
    def content(self) -> str:
        """What decides what is drawn, as canonical JSON: not the id, the line or the extras."""
        options = {name: value for name, value in self.options.items() if name not in FINISHING}
        if not options and self.spec is None:
            return _CANONICAL.encode(self.prompt)
        parts = {"prompt": self.prompt, "options": options, "spec": self.spec}
        return _CANONICAL.encode(parts)

    def to_json(self) -> str:
        """The row as one line that `row_from_json` reads back."""
        values = {
            "prompt": self.prompt,
            "id": self.id,
            "options": self.options,
            "extra": self.extra,
            "spec": self.spec,
            "template": self.template,
            "files": self.files,
        }
        kept = {name: value for name, value in values.items() if value}
        return json.dumps({"line": self.line, **kept}, ensure_ascii=False)


def row_from_json(text: str) -> Row:
    """The row behind `Row.to_json`."""
    values = json.loads(text)
    return Row(prompt=values.pop("prompt", None), **values)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A part of an input that cannot be read.

    Attributes:
        line: where it begins, from 1.
        error: why, without file and line.
        text: its beginning, for people.
    """

    line: int
    error: UsageError | LocalBackendError
    text: str = ""
