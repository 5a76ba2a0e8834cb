"""A prompt, in; its words and marks with their places, out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from imagine.stages.language import lexicon

# What a word does in its clause; "number" and "color" are told from "adjective" because they bind.
Kind = Literal[
    "determiner", "number", "color", "adjective", "noun", "frame", "preposition", "relation",
    "conjunction", "comma", "stop", "subordinator", "verb", "auxiliary", "pronoun", "adverb",
    "negator", "quote", "label",
]  # fmt: skip

_TOKEN = re.compile(
    r"[fƒ]/\d+(?:\.\d+)?"
    r"|\d+(?:[.,:/×x]\d+)+\w*"
    r"|[^\W_]+(?:['’\-‑][^\W_]+)*(?:(?<=s)['’](?!\w))?"
    r"|\n|[^\w\s]|_"
)


@dataclass(slots=True)
class Word:
    """One word, or several that are read as one.

    Attributes:
        text: letter for letter.
        low: lower case, typewriter apostrophe, possessive ending removed.
        start, end: offsets in the prompt.
        kind: its part of speech.
        value: relation kind of a relation or verb, else "".
        number: of a number.
        possessive: it ends in 's.
    """

    text: str
    low: str
    start: int
    end: int
    kind: Kind = "noun"
    value: str = ""
    number: int | None = None
    possessive: bool = False


def split_words(text: str, quoted: Sequence[tuple[int, int]] = ()) -> list[Word]:
    """Every word and mark of `text`, none of them tagged yet.

    `quoted` are the spans of quoted text, in order; each becomes one word of kind "quote".
    """
    found: list[Word] = []
    position = 0
    for start, end in [*quoted, (len(text), len(text))]:
        found += _tokens(text, position, start)
        if start < end:
            found.append(Word(text[start:end], "", start, end, "quote"))
        position = max(position, end)
    return found


def _tokens(text: str, start: int, end: int) -> list[Word]:
    found = []
    for match in _TOKEN.finditer(text, start, end):
        word = match[0]
        low = word.lower().replace("’", "'").replace("‑", "-")
        possessive = low.endswith(("'s", "s'")) and low not in lexicon.words("grammar.auxiliaries")
        if possessive:
            low = low.removesuffix("'").removesuffix("'s")
        found.append(Word(word, low, match.start(), match.end(), possessive=possessive))
    return found
