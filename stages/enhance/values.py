"""Single values of a model's answer: whatever stands there goes in, what the field holds comes out.

Nothing here raises: what cannot be read is None, or missing from the list.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, get_args

from imagine.stages.demands import MAX_COUNT, shorten
from imagine.stages.language import lexicon
from imagine.stages.spec import UNSTORABLE, AspectRatio, Medium, Position, RelationKind

# How models write that they leave something open.
_OPEN = frozenset(
    {"", "-", "n/a", "na", "nil", "none", "null", "undefined", "unknown", "unspecified"}
    | {"not specified", "not applicable", "not stated"}
)
# Some models close a field with a remark of their own: "soft light. End of texture answer."
_DEBRIS = re.compile(r"[\s.]*\bend of (?:the )?(?:[\w-]+ ){0,2}answer\b\.?\s*$", re.IGNORECASE)
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}|[^\W\d_][\w -]{0,29}")
_SHORT_HEX = re.compile(r"#[0-9A-Fa-f]{3}")
_RATIO = re.compile(r"\s*(\d{1,2})\s*(?:[:x×/]|to)\s*(\d{1,2})\s*", re.IGNORECASE)
_POSITIONS = {
    "middle": Position.CENTER,
    "centre": Position.CENTER,
    "centered": Position.CENTER,
    "upper": Position.TOP,
    "lower": Position.BOTTOM,
    "middle_ground": Position.MIDGROUND,
    "front": Position.FOREGROUND,
    "back": Position.BACKGROUND,
}
_KINDS = {
    "left": RelationKind.LEFT_OF,
    "right": RelationKind.RIGHT_OF,
    "in": RelationKind.INSIDE,
    "front_of": RelationKind.IN_FRONT_OF,
}

Choice = TypeVar("Choice", bound=StrEnum)


def as_text(value: Any, limit: int) -> str | None:
    """One line of at most `limit` characters, cut between words; None when it is left open."""
    if isinstance(value, list):
        value = ", ".join(filter(None, (as_text(item, limit) for item in value)))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = _line(str(value))
    if text.lower().strip(".") in _OPEN:
        return None
    return shorten(text, limit) or None


def _line(text: str) -> str:
    text = unicodedata.normalize("NFC", UNSTORABLE.sub(" ", text))
    return " ".join(_DEBRIS.sub("", text).split())


def as_texts(value: Any, *, limit: int, most: int, parted: str = ",;\n") -> tuple[str, ...]:
    """A list of texts, each once whatever its case; a single text is split at `parted`."""
    return _once(filter(None, (as_text(item, limit) for item in _items(value, parted))), most)


def as_colors(value: Any, *, most: int) -> tuple[str, ...]:
    """Colour words and #RRGGBB, each once."""
    return _once(filter(None, map(_as_color, _items(value, ",;\n"))), most)


def _as_color(value: Any) -> str | None:
    text = as_text(value, 60)
    if text is None:
        return None
    if _SHORT_HEX.fullmatch(text):
        return "#" + "".join(digit * 2 for digit in text[1:])
    # "navy blue (#000080)" is navy blue.
    text = text.split("(")[0].strip().rstrip(".") or text
    return text if _COLOR.fullmatch(text) else None


def _items(value: Any, parted: str) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, str):
        return re.split(f"[{re.escape(parted)}]", value)
    return value if isinstance(value, list) else [value]


def _once(texts: Iterable[str], most: int) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for text in texts:
        kept.setdefault(text.casefold(), text)
    return tuple(kept.values())[:most]


def as_count(value: Any) -> int | None:
    """1 to 100, also from "3", "three" and 3.0."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        word = value.strip().lower()
        value = lexicon.table("grammar.numbers").get(word)
        if re.fullmatch(r"[0-9]{1,3}(?:\.0)?", word):
            value = float(word)
    if not isinstance(value, int | float) or value != value // 1 or not 1 <= value <= MAX_COUNT:
        return None
    return int(value)


def as_objects(value: Any, *, key: str, named: str | None = None) -> Iterator[dict[str, Any]]:
    """The objects of a list; a text stands for an object with that `key` alone.

    Args:
        value: a list, one of its items, or an object of items by name.
        key: the field that a text gives.
        named: the field that the name gives, where items are given by name.
    """
    if isinstance(value, dict) and value and all(isinstance(item, dict) for item in value.values()):
        value = [({named: name} if named else {}) | item for name, item in value.items()]
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield item
        elif isinstance(item, str) and item.strip():
            yield {key: item}


def as_medium(value: Any) -> Medium | None:
    """A medium, also from words for it: "photo", "digital illustration"."""
    text = as_text(value, 80)
    if text is None:
        return None
    said = (medium for noun, medium in _medium_nouns() if re.search(rf"\b{noun}\b", text.lower()))
    return _as_choice(text, Medium) or next(said, None)


@cache
def _medium_nouns() -> tuple[tuple[str, Medium], ...]:
    """Every noun for a medium, the longest first: "3d illustration" before "illustration"."""
    nouns = [
        (re.escape(noun), Medium(name))
        for name, lines in lexicon.phrase_lists("media.nouns").items()
        for noun in lines
    ]
    return tuple(sorted(nouns, key=lambda pair: (-len(pair[0]), pair)))


def as_position(value: Any) -> Position | None:
    """A place in the frame, also from "upper left" and "on the left side"."""
    text = as_text(value, 80)
    if text is None:
        return None
    plain = _plain(text.lower().replace("upper", "top").replace("lower", "bottom"))
    plain = re.sub(r"^(?:in|on|at)_|^the_|_(?:side|of_the_frame|corner|part)$", "", plain)
    plain = re.sub(r"^the_", "", plain)
    return _as_choice(plain, Position) or _POSITIONS.get(plain)


def as_kind(value: Any) -> RelationKind | None:
    """A relation, also from "on top of", "sitting on" and other words for it."""
    text = as_text(value, 80)
    if text is None:
        return None
    plain = _plain(text)
    return _as_choice(plain, RelationKind) or _KINDS.get(plain) or _kind_of_words(plain)


def _kind_of_words(plain: str) -> RelationKind | None:
    known = _relation_words()
    words = plain.split("_")
    # "sitting on" is on; "is to the left of" is to the left of.
    tails = (" ".join(words[start:]) for start in range(len(words)))
    found = next((known[tail] for tail in tails if tail in known), None)
    return RelationKind(found) if found else None


@cache
def _relation_words() -> dict[str, str]:
    phrases = {
        line: kind
        for kind, lines in lexicon.phrase_lists("relations.kinds").items()
        for line in lines
    }
    return {**lexicon.verb_relations(), **phrases}


def as_ratio(value: Any) -> str | None:
    """An aspect ratio that a description can hold, also from "16x9" and 16/9."""
    found = _RATIO.fullmatch(value) if isinstance(value, str) else None
    ratio = f"{int(found[1])}:{int(found[2])}" if found else None
    return ratio if ratio in get_args(AspectRatio) else None


def _as_choice(text: str, choices: type[Choice]) -> Choice | None:
    plain = _plain(text)
    return next((choice for choice in choices if choice.value == plain), None)


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", "_", text.strip(" .").lower())
