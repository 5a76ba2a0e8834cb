"""Words as they stand, in; words with their parts of speech, known phrases joined, out."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from imagine.stages.language import lexicon
from imagine.stages.language.words import Kind, Word

_COLORED = frozenset(("colored", "coloured", "color", "colour"))
_CARRY = re.compile(r".*(?:ed|ing|like|style|shaped|sized|old|less|free|esque)$")


def tag_words(
    text: str, found: Sequence[Word], names: Sequence[tuple[int, int]] = ()
) -> list[Word]:
    """The words with their parts of speech.

    Runs that the lexicon knows and the `names` (index ranges) are joined.
    """
    merged = _merge(text, found, dict(names))
    _tag(merged)
    return merged


def _is_phrase(run: Sequence[Word], phrase: lexicon.Phrase) -> bool:
    """Whether the words are the phrase; a noun may end in its plural."""
    *front, last = [word.low for word in run]
    if (*front,) != phrase.words[:-1]:
        return False
    return last == phrase.words[-1] or (
        phrase.kind == "noun" and lexicon.singular(last) == phrase.words[-1]
    )


def _merge(text: str, found: Sequence[Word], names: dict[int, int]) -> list[Word]:
    """Runs of words that the lexicon reads as one become one word."""
    table = lexicon.phrases()
    merged: list[Word] = []
    i = 0
    while i < len(found):
        phrase = next(
            (
                phrase
                for phrase in table.get(found[i].low, ())
                if _is_phrase(found[i : i + len(phrase.words)], phrase)
            ),
            None,
        )
        if phrase is None and i in names and (names[i] > i + 1 or shape(found[i].low) == "noun"):
            run = found[i : names[i]]
            whole = replace(found[i], end=run[-1].end, possessive=run[-1].possessive, value="name")
            whole.text = text[whole.start : whole.end]
            whole.low = " ".join(word.low for word in run)
            merged.append(whole)
            i = names[i]
            continue
        if phrase is None or found[i].kind == "quote":
            merged.append(replace(found[i]))
            i += 1
            continue
        run = found[i : i + len(phrase.words)]
        last = run[-1]
        whole = Word(
            text=text[run[0].start : last.end],
            low=" ".join(word.low for word in run),
            start=run[0].start,
            end=last.end,
        )
        whole.possessive = last.possessive
        if phrase.kind == "number":
            whole.kind, whole.number = "number", int(phrase.value)
        elif phrase.kind == "relation":
            whole.kind, whole.value = "relation", phrase.value
        elif phrase.kind in ("frame", "negator"):
            whole.kind = "frame" if phrase.kind == "frame" else "negator"
        else:
            whole.value = "compound"
        merged.append(whole)
        i += len(phrase.words)
    return merged


@lru_cache(maxsize=4096)
def shape(low: str) -> str:  # noqa: PLR0911, PLR0912 -- one rule a line, in falling order
    """What a word may be, before its neighbours are asked.

    A Kind for words that are one thing only; "ing", "ed", "s", "base", "past" for verb forms,
    "either" for verb forms that are more often things, "hyphened" for words like "green-eyed".
    """
    words = lexicon.words
    if low in (",",):
        return "comma"
    if not low[:1].isalnum():
        return {
            "&": "conjunction",
            "-": "comma",
            "'": "comma",
            "#": "adjective",
            "$": "adjective",
        }.get(low, "stop")
    if low in words("grammar.negators"):
        return "negator"
    if low in lexicon.table("grammar.numbers") or _spelled(low):
        return "number"
    for kind in (
        "conjunction",
        "auxiliarie",
        "subordinator",
        "determiner",
        "preposition",
        "pronoun",
    ):
        if low in words(f"grammar.{kind}s"):
            return "auxiliary" if kind == "auxiliarie" else kind
    if low[0].isdigit() or low.startswith(("f/", "ƒ/")):
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
    if low in words("adjectives.comparatives"):
        return "adjective"
    if low in words("adjectives.suffix_exceptions") or low in words("adjectives.materials"):
        return "noun"
    if low.endswith("ing") and len(low) > 5:
        return "ing"
    if low.endswith("ed") and len(low) > 4:
        return "ed"
    if low.endswith("ly") and len(low) > 4 and low not in words("nouns.animals"):
        return "adverb"
    if len(low) > 5 and low.endswith(
        ("ful", "ous", "less", "able", "ible", "esque", "ical", "ish", "ive")
    ):
        return "adjective"
    return "noun"


def _spelled(low: str) -> int | None:
    """The number that a word spells: 3 of "three", 23 of "twenty-three"."""
    numbers = lexicon.table("grammar.numbers")
    tens, _, ones = low.partition("-")
    if not ones:
        return numbers.get(low)
    if numbers.get(tens, 0) in range(20, 100, 10) and numbers.get(ones, 0) in range(1, 10):
        return int(numbers[tens] + numbers[ones])
    return None


_OPEN = frozenset(
    (
        "noun",
        "adjective",
        "color",
        "thing or color",
        "ing",
        "ed",
        "either",
        "hyphened",
        "base",
        "past",
        "s",
    )
)
_THINGS = frozenset(("noun", "either", "base", "thing or color", "s"))
_BEFORE_CAN = frozenset(("noun", "adjective", "color", "determiner", "number"))
_ONE_ANOTHER = (("each", "other"), ("one", "another"))
_MODIFYING = frozenset(("determiner", "number", "adjective", "color"))


def _tag(found: list[Word]) -> None:  # noqa: PLR0912 -- one branch a shape
    """Decide each word's kind from its shape and its neighbours."""
    shapes = [
        word.kind if word.kind != "noun" else ("noun" if word.value else shape(word.low))
        for word in found
    ]
    before: Kind = "stop"
    for i, word in enumerate(found):
        after = shapes[i + 1] if i + 1 < len(found) else "stop"
        what = shapes[i]
        if word.kind == "relation" and before == "determiner":
            # "the inside of a temple" shows the temple.
            word.kind = "frame"
        elif word.kind != "noun":
            pass
        elif word.possessive:
            word.kind = "noun"
        elif what == "number":
            word.kind, word.number = "number", _spelled(word.low)
        elif what == "digits":
            _tag_digits(
                word, found[i - 1] if i else None, found[i + 1] if i + 1 < len(found) else None
            )
        elif what in ("color", "thing or color"):
            word.kind = _color_or_thing(found, shapes, i, before)
        elif what == "hyphened":
            word.kind = _hyphened(word, after, before)
        elif what == "ing":
            listed = before == "conjunction" and i > 1 and found[i - 2].kind not in _MODIFYING
            word.kind = _ing(word, before, after, listed=listed)
        elif what in ("ed", "past"):
            names = word.low in ("named", "called", "titled", "labeled", "labelled")
            word.kind = _participle(shapes, i, before, names=names)
        elif what in ("s", "base"):
            word.kind = _finite(word, what, before, after, found[i - 1] if i else None)
        elif what == "either":
            lands = before == "noun" and _lands(found, i, after)
            previous = found[i - 1] if i else None
            word.kind = "verb" if lands else _either(word, before, after, previous)
        elif what == "subordinator":
            that_one = word.low in ("that", "her") and before not in ("noun", "pronoun", "quote")
            word.kind = "determiner" if that_one and after in _OPEN else "subordinator"
        elif what == "determiner":
            word.kind = _determiner(word, after, before, found[i - 1] if i else None)
        elif what in ("adjective", "preposition"):
            word.kind = _adjective_or_not(found, shapes, i, before)
        elif (
            word.low == "can"
            and before in _BEFORE_CAN
            and after not in ("base", "either", "adverb")
        ):
            word.kind = "noun"
        elif what == "noun" and _unknown_verb(found, shapes, i, before):
            word.kind = "verb"
        else:
            word.kind = what  # type: ignore[assignment]
        if word.kind == "verb":
            word.value = lexicon.verb_relations().get(word.low, "")
        before = word.kind


def _adjective_or_not(found: list[Word], shapes: list[str], i: int, before: Kind) -> Kind:
    word = found[i]
    after = shapes[i + 1] if i + 1 < len(found) else "stop"
    if shapes[i] == "preposition":
        # "a round table", "a round, flat stone"
        described = word.low in lexicon.words("adjectives.adjectives")
        inside = before in _MODIFYING and after in (*_OPEN, "comma")
        return "adjective" if described and inside else "preposition"
    if word.low == "looking" and after in ("preposition", "relation", "adverb", "pronoun"):
        return "verb"
    if word.low in lexicon.words("adjectives.also_things") and _is_thing(found, shapes, i):
        return "noun"
    return "adjective"


def _is_thing(found: list[Word], shapes: list[str], i: int) -> bool:
    """Whether "square" or "baby" is a thing here: "a red square", "a baby eating"."""
    following = [*shapes[i + 1 : i + 3], "stop", "stop"]
    verb = following[0] in ("ing", "ed", "past", "s")
    if verb and following[0] in ("ing", "s"):
        acts = found[i + 1].low in lexicon.transitive_forms()
        verb = acts or following[1] not in _THINGS
    elif verb:
        verb = following[1] not in _OPEN
    if following[0] in _OPEN and not verb:
        return False
    before = found[i - 1].kind if i else "stop"
    if before == "conjunction" and i > 1:
        return found[i - 2].kind == "noun"
    linked = ("preposition", "relation")
    return before in (*_MODIFYING, "noun", *linked) or (before == "stop" and following[0] in linked)


def _determiner(word: Word, after: str, before: Kind, previous: Word | None) -> Kind:
    if previous is not None and (previous.low, word.low) in _ONE_ANOTHER:
        return "pronoun"
    if word.low == "that" and before in ("noun", "pronoun", "quote"):
        return "subordinator"
    pronoun = after not in _OPEN and after not in (
        "number",
        "determiner",
        "digits",
        "quote",
        "adverb",
        "relation",
    )
    if pronoun and word.low in ("her", "this", "that", "each", "all", "both", "these", "those"):
        return "pronoun"
    return "determiner"


def _tag_digits(word: Word, before: Word | None, after: Word | None) -> None:
    counts = (
        word.low.isascii()
        and word.low.isdigit()
        and len(word.low) <= 3
        and 0 < int(word.low) <= 100
    )
    labelled = before is not None and (
        before.low in lexicon.words("grammar.labelled") or before.low in ("#", "$", "v", "€", "£")
    )
    measured = after is not None and (
        after.low in lexicon.words("grammar.units") or after.low in ("%", "°", '"', "'", "×")
    )
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
        lead = i - 1
        while lead >= max(0, i - 8) and found[lead].kind in ("color", "adjective"):
            lead -= 1
        counted = lead >= 0 and found[lead].kind in ("determiner", "number")
        thing = alone and counted and after not in _OPEN
        of_it = (
            after == "conjunction"
            and thing
            and i + 2 < len(found)
            and shapes[i + 2] in ("color", "adjective")
        )
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


_THING_ENDINGS = frozenset(("thing", "string", "king", "ring", "wing"))


def _unknown_verb(found: list[Word], shapes: list[str], i: int, before: Kind) -> bool:
    """Whether a word that looks like a thing does something: "a rabbit checks its watch"."""
    low = found[i].low
    after = shapes[i + 1] if i + 1 < len(found) else "stop"
    if i and found[i - 1].low == "to":
        return after in ("determiner", "pronoun") and low.isalpha()
    if before == "auxiliary" and low in lexicon.words("verbs.ing_verbs"):
        return True
    medium = i > 0 and found[i - 1].low in lexicon.words("media.phrase.modifiers")
    doing = low.endswith("ing") and low not in _THING_ENDINGS
    if i and not medium and doing and before in ("noun", "adverb"):
        onto = after in ("preposition", "relation") and found[i + 1].low != "of"
        return after == "determiner" or (onto and low in lexicon.words("verbs.ing_verbs"))
    onward = i + 1 < len(found) and found[i + 1].low in ("off", "away", "out", "back")
    if before not in ("noun", "adverb") or not (after == "determiner" or onward):
        return False
    if found[i - 1].possessive:
        return False
    third = low.endswith("s") and not low.endswith("ss")
    return third and not found[i].value and not lexicon.is_plural(found[i - 1].low)


def _ing(word: Word, before: Kind, after: str, *, listed: bool) -> Kind:
    if (
        after in _THINGS
        and word.low in lexicon.words("verbs.gerund_modifiers")
        and before != "noun"
    ):
        return "noun"
    if listed:
        return "verb"
    if before in ("determiner", "number", "adjective", "color") and (
        after in _OPEN or before != "number"
    ):
        return (
            "adjective" if after in _OPEN or (after, before) == ("comma", "determiner") else "noun"
        )
    if word.low in lexicon.transitive_forms() or before in ("noun", "auxiliary", "pronoun", "verb"):
        return "verb"
    return "adjective" if after in _OPEN else "verb"


def _participle(shapes: list[str], i: int, before: Kind, *, names: bool) -> Kind:
    j = i + 1
    while j < min(len(shapes), i + 8) and shapes[j] in (
        "adjective",
        "color",
        "ed",
        "past",
        "hyphened",
    ):
        j += 1
    before_thing = j < len(shapes) and shapes[j] in (*_THINGS, "ing")
    if before in ("auxiliary", "pronoun", "subordinator"):
        return "verb"
    if names:
        return "verb"
    if before == "determiner" and shapes[i + 1 : i + 2] == ["comma"]:
        return "adjective"
    if before == "noun":
        return "adjective" if before_thing and shapes[i] == "ed" else "verb"
    return "adjective" if before_thing else "verb"


def _finite(word: Word, what: str, before: Kind, after: str, previous: Word | None) -> Kind:
    if before in ("pronoun", "subordinator", "quote"):
        return "verb"
    if previous is not None and (
        previous.low in ("to", "can", "could", "will", "would", "do", "don't", "doesn't")
    ):
        return "verb"
    if before in ("noun", "adverb") and previous is not None:
        plural = lexicon.is_plural(previous.low)
        return "verb" if plural != (what == "s") or before == "adverb" else "noun"
    return "noun"


def _lands(found: list[Word], i: int, after: str) -> bool:
    """Whether "a plane lands on a road": "a" opens no plural, so the -s is that of a verb."""
    low = found[i].low
    if not low.endswith("s") or low in lexicon.words("nouns.invariant"):
        return False
    if after not in ("preposition", "relation", "adverb") or found[i + 1].low == "of":
        return False
    first = i - 1
    while first > max(0, i - 6) and found[first].kind in ("noun", "adjective", "color"):
        first -= 1
    return found[first].low in ("a", "an") and not lexicon.is_plural(found[i - 1].low)


def _either(word: Word, before: Kind, after: str, previous: Word | None) -> Kind:
    third = word.low.endswith("s") and not word.low.endswith("ss")
    listed = after == "comma" and before in _MODIFYING
    if previous is not None and previous.low == "to" and after in ("determiner", "pronoun"):
        return "verb"
    if previous is not None and previous.low in ("that", "who", "which"):
        return "verb"
    if word.low == "open" or (word.low == "warm" and (after in _OPEN or listed)):
        return "adjective"
    if before in ("pronoun",):
        return "verb"
    if before == "noun" and previous is not None and after in ("determiner", "number"):
        return "verb" if lexicon.is_plural(previous.low) != third else "noun"
    return "noun"
