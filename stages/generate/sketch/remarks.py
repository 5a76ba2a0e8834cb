"""What was drawn and what was asked in; the sentences that tell the user of the difference out."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Up to the first of these a label names the thing; what follows tells about it.
_TELLING = re.compile(r": | (?:with|of|in|and|on|blowing|holding)\b")
_SINGULAR_S = ("ss", "us", "is", "ros")
_UNCOUNTED = frozenset(
    ("bacon", "bread", "butter", "cheese", "coffee", "corn", "earth", "fire", "fog", "garlic",
     "ginger", "grass", "honey", "ice", "lava", "milk", "money", "popcorn", "rice", "salt",
     "seaweed", "snow", "spaghetti", "sushi", "tofu", "water")
)  # fmt: skip
_CONSONANT = re.compile(r"eu|uni|one\b|om\b", re.IGNORECASE)
_SILENT_H = re.compile(r"h(?:our|onest|eir)", re.IGNORECASE)
ENGLISH_ONLY = "sketch reads English only: say it in English to have it drawn."
# What cannot be left off: it is part of the art.
_SHOWS = {
    "hamburger": "cheese, lettuce, tomato, bun, meat",
    "cheeseburger": "cheese, lettuce, tomato, bun, meat",
    "pizza": "cheese, pepperoni, salami, olive, tomato",
    "taco": "meat, lettuce, tomato",
    "sandwich": "cheese, lettuce, tomato, meat",
    "hot dog": "mustard, bun, sausage",
    "spaghetti": "sauce, tomato sauce, fork",
    "pancakes": "butter, syrup",
    "birthday cake": "candle, frosting, cream",
    "cupcake": "cherry, frosting, cream, sprinkle",
    "shortcake": "strawberry, cream",
    "bowl": "spoon",
    "plate": "fork, knife, cutlery",
    "bathtub": "water, foam, bubble, faucet",
    "coffee": "saucer",
    "sailboat": "water, sail",
    "nest": "branch, leaf",
    "santa claus": "beard, hat",
    "bearded man": "beard",
}


def stand_in(name: str, label: str) -> str:
    """That art called `label` was drawn for `name`."""
    return f"Drew {with_article(label)} for '{name}'."


def with_article(label: str) -> str:
    """ "an old man", "a dog"; "beans" and "ice" stay as they are."""
    thing = _TELLING.split(label)[0].split()[-1].lower()
    several = thing.endswith("s") and not thing.endswith(_SINGULAR_S)
    if several or thing in _UNCOUNTED or thing == "claus":
        return label
    vowel = label[0].lower() in "aeiou" and not _CONSONANT.match(label)
    return f"{'an' if vowel or _SILENT_H.match(label) else 'a'} {label}"


def unlettered(name: str) -> str:
    """That nothing at all stands for `name`."""
    return (
        f"'{name}' is not drawn: sketch reads English only, and the bundled fonts cannot letter it."
    )


def left_to(part: str, owner: str) -> str:
    """That a part was not drawn for itself."""
    return f"'{part}' is not drawn by itself: it belongs to the {owner}."


def baked_in(key: str, label: str, exclude: Sequence[str]) -> tuple[str, ...]:
    """A sentence for every excluded thing that the art of that key shows."""
    shown = _SHOWS.get(key, "").split(", ")
    return tuple(
        f"'{term}' cannot be left out: it is part of the art of the {label}."
        for term in exclude
        if term.lower() in shown or term.lower().removesuffix("s") in shown
    )
