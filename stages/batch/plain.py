"""Plain values go in; they are found fit to be kept as JSON and in the journal, or refused."""

import re
from math import isfinite
from typing import Any

from imagine.stages.document import MAX_NESTING
from imagine.stages.errors import UsageError
from imagine.stages.spec import unstorable_shown

# Null characters and halves of surrogate pairs: the journal keeps neither.
_UNKEEPABLE = re.compile(r"[\0\ud800-\udfff]")


def check_plain(value: Any) -> None:
    """Refuse what JSON or the journal cannot keep.

    Raises:
        UsageError: a number without end, half a surrogate pair, a null character, or endless
            nesting.
    """
    level = [value]
    for _ in range(MAX_NESTING + 2):
        for item in level:
            if isinstance(item, float) and not isfinite(item):
                raise UsageError("The row holds a number that is not finite; correct it.")
            if isinstance(item, str):
                check_text(item)
        inner = [(*item, *item.values()) for item in level if isinstance(item, dict)]
        level = [each for items in inner for each in items] + [
            each for item in level if isinstance(item, list) for each in item
        ]
        if not level:
            return
    raise UsageError("The row is nested too deeply; take out what is not needed.")


def check_text(text: str) -> None:
    """Refuse a text that the journal cannot keep.

    Raises:
        UsageError: it holds half a surrogate pair or a null character.
    """
    found = _UNKEEPABLE.search(text)
    if found:
        raise UsageError(f"The row contains {unstorable_shown(found[0])}; remove it.")
