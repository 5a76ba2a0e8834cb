"""A prompt, in; its words with their places and parts of speech, out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from imagine.stages import lexicon

# What a word does in its clause; "number" and "color" are told from "adjective" because they bind.
Kind = Literal[
    "determiner", "number", "color", "adjective", "noun", "frame", "preposition", "relation",
    "conjunction", "comma", "stop", "subordinator", "verb", "auxiliary", "pronoun", "adverb",
    "negator", "quote", "label",
]  # fmt: skip

_TOKEN = re.compile(
    r"[fƒ]/\d+(?:\.\d+)?"
    r"|\d+(?:[.,:/×x]\d+)+\w*"
    r"|[^\W_]+(?:['’\-‑][^\W_]+)*"
    r"|\n|[^\w\s]|_"
)
_UNITS = frozenset(
    "mm cm km m k kg g mp mph am pm ft feet foot inch inches degree degrees percent year years minute minutes "
    "hour hours day days o'clock d".split()
)
_LABELLED = frozenset(
    "number no route chapter room version level size figure gate highway volume part section season mark "
    "act apollo ps iphone windows interstate flight page type class platform pier area formula".split()
)
_COLORED = frozenset(("colored", "coloured", "color", "colour"))
_CARRY = re.compile(r".*(?:ed|ing|like|style|shaped|sized|old|less|free|esque)$")


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


def tag_words(found: Sequence[Word], text: str) -> list[Word]:
    """The words with their parts of speech; runs that the lexicon knows are joined."""
    merged = _merge(found, text)
    _tag(merged)
    return merged


def _tokens(text: str, start: int, end: int) -> list[Word]:
    found = []
    for match in _TOKEN.finditer(text, start, end):
        word = match[0]
        low = word.lower().replace("’", "'").replace("‑", "-")
        possessive = low.endswith("'s") and low not in lexicon.words("grammar.auxiliaries")
        if possessive:
            low = low[:-2]
        found.append(Word(word, low, match.start(), match.end(), possessive=possessive))
    return found


def _merge(found: Sequence[Word], text: str) -> list[Word]:
    """Runs of words that the lexicon reads as one become one word."""
    table = lexicon.phrases()
    merged: list[Word] = []
    i = 0
    while i < len(found):
        phrase = next(
            (
                phrase
                for phrase in table.get(found[i].low, ())
                if tuple(word.low for word in found[i : i + len(phrase.words)]) == phrase.words
            ),
            None,
        )
        if phrase is None or found[i].kind == "quote":
            merged.append(replace(found[i]))
            i += 1
            continue
        last = found[i + len(phrase.words) - 1]
        whole = Word(
            text[found[i].start : last.end], " ".join(phrase.words), found[i].start, last.end
        )
        whole.possessive = last.possessive
        if phrase.kind == "number":
            whole.kind, whole.number = "number", int(phrase.value)
        elif phrase.kind == "relation":
            whole.kind, whole.value = "relation", phrase.value
        elif phrase.kind == "frame":
            whole.kind = "frame"
        else:
            whole.value = "compound"
        merged.append(whole)
        i += len(phrase.words)
    return merged


@lru_cache(maxsize=20_000)
def shape(low: str) -> str:  # noqa: PLR0911, PLR0912 -- one rule a line, in falling order
    """What a word may be, before its neighbours are asked.

    A Kind for words that are one thing only; "ing", "ed", "s", "base", "past" for verb forms,
    "either" for verb forms that are more often things, "hyphened" for words like "green-eyed".
    """
    words = lexicon.words
    if low in (",",):
        return "comma"
    if not low[:1].isalnum():
        return {"&": "conjunction", "-": "comma", "'": "comma", "#": "adjective", "$": "adjective"}.get(
            low, "stop"
        )
    if low in words("grammar.negators"):
        return "negator"
    if low in lexicon.table("grammar.numbers"):
        return "number"
    for kind in ("conjunction", "auxiliarie", "subordinator", "determiner", "preposition", "pronoun"):
        if low in words(f"grammar.{kind}s"):
            return "auxiliary" if kind == "auxiliarie" else kind
    if low[0].isdigit():
        return "digits"
    if low in words("colors.words.things_first"):
        return "thing or color"
    if lexicon.color_family(low) and all(map(lexicon.color_family, low.split("-"))):
        return "color"
    if low in words("verbs.ing_nouns"):
        return "noun"
    if low in words("verbs.noun_first"):
        return "either"
    if low in words("adjectives.adjectives") or low in words("adjectives.fillers"):
        return "adjective"
    if low in words("grammar.adverbs"):
        return "adverb"
    if low in lexicon.verbs():
        return lexicon.verbs()[low]
    if "-" in low:
        return "hyphened"
    if low in words("adjectives.suffix_exceptions") or low in words("adjectives.materials"):
        return "noun"
    if low.endswith("ing") and len(low) > 5:
        return "ing"
    if low.endswith("ed") and len(low) > 4:
        return "ed"
    if low.endswith("ly") and len(low) > 4 and low not in words("nouns.animals"):
        return "adverb"
    if len(low) > 5 and low.endswith(("ful", "ous", "less", "able", "ible", "esque", "ical", "ish", "ive")):
        return "adjective"
    return "noun"


_OPEN = frozenset(
    ("noun", "adjective", "color", "thing or color", "ing", "ed", "either", "hyphened", "base", "past", "s")
)
_THINGS = frozenset(("noun", "either", "base", "thing or color", "s"))
_MODIFYING = frozenset(("determiner", "number", "adjective", "color"))


def _tag(found: list[Word]) -> None:  # noqa: PLR0912 -- one branch a shape
    """Decide each word's kind from its shape and its neighbours."""
    shapes = [word.kind if word.kind != "noun" else ("noun" if word.value else shape(word.low)) for word in found]
    before: Kind = "stop"
    for i, word in enumerate(found):
        after = shapes[i + 1] if i + 1 < len(found) else "stop"
        what = shapes[i]
        if word.kind != "noun":
            pass
        elif word.possessive:
            word.kind = "noun"
        elif what == "number":
            word.kind, word.number = "number", int(lexicon.table("grammar.numbers")[word.low])
        elif what == "digits":
            _tag_digits(word, found[i - 1] if i else None, found[i + 1] if i + 1 < len(found) else None)
        elif what in ("color", "thing or color"):
            word.kind = _color_or_thing(found, shapes, i, before)
        elif what == "hyphened":
            word.kind = _hyphened(word, after, before)
        elif what == "ing":
            word.kind = _ing(word, before, after)
        elif what in ("ed", "past"):
            word.kind = _participle(shapes, i, before)
        elif what in ("s", "base"):
            word.kind = _finite(word, what, before, after, found[i - 1] if i else None)
        elif what == "either":
            word.kind = _either(word, before, after, found[i - 1] if i else None)
        elif what == "subordinator":
            that_one = word.low in ("that", "her") and before not in ("noun", "pronoun", "quote")
            word.kind = "determiner" if that_one and after in _OPEN else "subordinator"
        elif what == "determiner":
            word.kind = _determiner(word, after, before)
        elif what == "adjective":
            word.kind = "adjective"
        else:
            word.kind = what  # type: ignore[assignment]
        if word.kind == "verb":
            word.value = lexicon.verb_relations().get(word.low, "")
        before = word.kind


def _determiner(word: Word, after: str, before: Kind) -> Kind:
    if word.low == "that" and before in ("noun", "pronoun", "quote"):
        return "subordinator"
    pronoun = after not in _OPEN and after not in ("number", "determiner", "digits", "quote", "adverb", "relation")
    if pronoun and word.low in ("her", "this", "that", "each", "all", "both", "these", "those"):
        return "pronoun"
    return "determiner"


def _tag_digits(word: Word, before: Word | None, after: Word | None) -> None:
    counts = word.low.isascii() and word.low.isdigit() and len(word.low) <= 3 and 0 < int(word.low) <= 100
    labelled = before is not None and (before.low in _LABELLED or before.low in ("#", "$", "v", "€", "£"))
    measured = after is not None and (after.low in _UNITS or after.low in ("%", "°", '"', "'", "×"))
    if counts and not labelled and not measured:
        word.kind, word.number = "number", int(word.low)
    else:
        word.kind = "label"


def _color_or_thing(found: list[Word], shapes: list[str], i: int, before: Kind) -> Kind:
    word = found[i]
    after = shapes[i + 1] if i + 1 < len(found) else "stop"
    next_low = found[i + 1].low if i + 1 < len(found) else ""
    if next_low in _COLORED or before == "auxiliary":
        return "color"
    if shapes[i] == "color":
        alone = word.low in lexicon.words("colors.words.alone_things")
        thing = alone and before in ("determiner", "number", "adjective") and after not in _OPEN
        of_it = after == "conjunction" and thing and i + 2 < len(found) and shapes[i + 2] in ("color", "adjective")
        return "noun" if thing and not of_it else "color"
    if after in ("color",) or (after == "thing or color" and before in _MODIFYING):
        return "color"
    painted = lexicon.singular(next_low) in lexicon.words("colors.words.painted_things")
    return "color" if painted else "noun"


def _hyphened(word: Word, after: str, before: Kind) -> Kind:
    parts = word.low.split("-")
    if parts[-1] in _COLORED and lexicon.color_family(parts[-2]):
        return "color"
    if parts[0] == "non" or _CARRY.match(parts[-1]):
        return "adjective"
    if after in _OPEN and before not in ("noun",):
        return "adjective"
    return "noun"


def _ing(word: Word, before: Kind, after: str) -> Kind:
    if after in _THINGS and word.low in lexicon.words("verbs.gerund_modifiers") and before != "noun":
        return "noun"
    if before in ("determiner", "number", "adjective", "color"):
        return "adjective" if after in _OPEN else "noun"
    if word.low in lexicon.transitive_forms() or before in ("noun", "auxiliary", "pronoun", "verb"):
        return "verb"
    return "adjective" if after in _OPEN else "verb"


def _participle(shapes: list[str], i: int, before: Kind) -> Kind:
    j = i + 1
    while j < len(shapes) and shapes[j] in ("adjective", "color", "ed", "past", "hyphened"):
        j += 1
    before_thing = j < len(shapes) and shapes[j] in (*_THINGS, "ing")
    if before in ("auxiliary", "pronoun", "subordinator"):
        return "verb"
    if before == "noun":
        return "adjective" if before_thing and shapes[i] == "ed" else "verb"
    return "adjective" if before_thing else "verb"


def _finite(word: Word, what: str, before: Kind, after: str, previous: Word | None) -> Kind:
    if before in ("pronoun", "subordinator", "quote"):
        return "verb"
    if previous is not None and (previous.low in ("to", "can", "could", "will", "would", "do", "don't", "doesn't")):
        return "verb"
    if before in ("noun", "adverb") and previous is not None:
        plural = lexicon.is_plural(previous.low)
        return "verb" if plural != (what == "s") or before == "adverb" else "noun"
    return "noun"


def _either(word: Word, before: Kind, after: str, previous: Word | None) -> Kind:
    third = word.low.endswith("s") and not word.low.endswith("ss")
    if previous is not None and previous.low in ("that", "who", "which"):
        return "verb"
    if before in ("pronoun",):
        return "verb"
    if before == "noun" and previous is not None and after in ("determiner", "number"):
        return "verb" if lexicon.is_plural(previous.low) != third else "noun"
    return "noun"
