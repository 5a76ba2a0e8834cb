"""A prompt's words, in; the names among them, out."""

import re
from collections.abc import Sequence

from imagine.stages.language import lexicon
from imagine.stages.language.tagging import shape
from imagine.stages.language.words import Word

_CLOSED = frozenset(
    ("determiner", "conjunction", "preposition", "pronoun", "auxiliary", "subordinator", "negator")
)


def find_names(words: Sequence[Word]) -> list[tuple[int, int]]:
    """Runs of capitalised words, as index ranges, where capitals mean something.

    At the start of a sentence a capital is no evidence unless the lexicon does not know the word;
    in a title-case or all-caps prompt no capital is. "Statue of Liberty" is one name.
    """
    letters = [word for word in words if word.kind != "quote" and word.text[:1].isalpha()]
    capitals = sum(word.text[0].isupper() for word in letters)
    if len(letters) >= 3 and capitals > 0.7 * len(letters):
        return []
    small = {word.low for word in letters if word.text[0].islower()}
    runs: list[tuple[int, int]] = []
    opens = True
    for i, word in enumerate(words):
        inside = bool(runs) and runs[-1][1] == i and not words[i - 1].possessive
        capital = word.kind != "quote" and word.text[:1].isupper() and word.text != "I"
        if capital and (inside or _is_name(words, i, opens, small)):
            runs[-1:] = [(runs[-1][0], i + 1)] if inside else [*runs[-1:], (i, i + 1)]
        opens = word.text in ".!?:\n" or (opens and not word.text[:1].isalnum())
    return _joined(words, runs)


def _is_name(words: Sequence[Word], i: int, opens: bool, small: set[str]) -> bool:
    word = words[i]
    what = shape(word.low)
    if what in _CLOSED:
        return False
    common = lexicon.singular(word.low) in lexicon.common_nouns()
    followed = i + 1 < len(words) and words[i + 1].text[:1].isupper()
    if not opens:
        return followed or not (common and lexicon.is_plural(word.low))
    known = word.low in small or what != "noun" or common
    return not known or (followed and word.low not in small and what in ("noun", "color", "either"))


def _joined(words: Sequence[Word], runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in runs:
        if joined and joined[-1][1] == start - 1 and words[start - 1].low == "of":
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return [
        run for run in joined if run[1] == run[0] + 1 or not _only_describes(words[slice(*run)])
    ]


def _only_describes(run: Sequence[Word]) -> bool:
    return all(shape(word.low) in ("adjective", "color") for word in run)


def proper_nouns(
    text: str, words: Sequence[Word], names: Sequence[tuple[int, int]]
) -> tuple[str, ...]:
    """The names letter for letter, each once, a possessive ending taken off."""
    found = []
    for start, end in names:
        name = text[words[start].start : words[end - 1].end]
        if words[end - 1].possessive:
            name = re.sub(r"['’]s?$", "", name, flags=re.IGNORECASE)
        if len(name) > 1:
            found.append(name)
    return tuple(dict.fromkeys(found))
