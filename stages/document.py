"""Text in JSON, YAML or TOML goes in, plain values come out; and back.

Written by hand or by strangers, so it is read as data and nothing else: YAML without tags,
aliases and guessed types, every syntax without endless nesting.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

from imagine.stages.errors import SpecError, shown, unreadable

Syntax = Literal["json", "yaml", "toml"]

MAX_NESTING = 30
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_NUMBER = re.compile(r"[-+]?[0-9]{1,18}")
_AT_LINE = re.compile(r"(.*) \(at line (\d+), column (\d+)\)")


def read_text(path: Path, *, limit: int) -> str:
    """The text of a regular file, with line ends as "\\n".

    Args:
        path: never waited for: what is no regular file is refused.
        limit: bytes.

    Raises:
        SpecError: it cannot be read, is a pipe or device, is larger than `limit` or not UTF-8.
    """
    check_regular(path)
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise SpecError(unreadable(path, error)) from error
    if len(data) > limit:
        raise SpecError(
            f"'{shown(path, limit=240)}' is larger than {limit // 10**6} MB; "
            "name the file of a description or recipe."
        )
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise SpecError(f"'{shown(path, limit=240)}' is not UTF-8 text; save it as UTF-8.") from error


