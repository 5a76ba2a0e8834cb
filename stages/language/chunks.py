"""Tagged words, in; noun phrases between the words that link them, out."""

import re
from dataclasses import dataclass, field

from imagine.stages.language import lexicon
from imagine.stages.language.words import Word

_DRINK_GLASS = frozenset(
    ["wine", "drinking", "shot", "champagne", "beer", "cocktail", "water", "martini", "pint"]
)


@dataclass(slots=True)
class NounPhrase:
    """A thing with all that is said about it on the spot.

    Attributes:
        words: from the first modifier to the last noun, determiner left out.
        determiner: lower case, or "".
        name: the nouns that call it, singular.
        head: the last of them, singular.
        frame: it is about the picture ("photo", "view"), or no thing at all ("side", "style").
        colors, attributes, count, plural: as in `Entity`.
        paired: it was counted as "a pair of".
        owner: it ends in 's and owns the next phrase.
        start, end: offsets in the prompt; `start` is that of the first modifier.
    """

    words: list[Word]
    determiner: str = ""
    name: str = ""
    head: str = ""
    frame: bool = False
    paired: bool = False
    count: int | None = None
    plural: bool = False
    colors: list[str] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)
    owner: bool = False
    start: int = 0
    end: int = 0


def chunk(words: list[Word]) -> list[Word | NounPhrase]:
    """Noun phrases and, between them, the words that are part of none."""
    items: list[Word | NounPhrase] = []
    ahead = _Ahead(words)
    i = 0
    while i < len(words):
        end = _phrase_end(words, i, ahead)
        phrase = _phrase(words[i:end]) if end > i else None
        if phrase is None:
            items.append(words[i])
            i += 1
            continue
        items.append(phrase)
        i = end
    return items


_MODIFIERS = frozenset(("color", "adjective"))


class _Ahead:
    """What stands further right, looked up once from the end so that a parse stays linear.

    `noun[i]`: modifiers from `i` on lead to a noun; `list[i]`: so they do with "and" and commas.
    """

    def __init__(self, words: list[Word]) -> None:
        self.noun = [False] * (len(words) + 1)
        self.list = [False] * (len(words) + 1)
        for i in range(len(words) - 1, -1, -1):
            kind = words[i].kind
            thing = kind in ("noun", "frame")
            self.noun[i] = thing or (kind in _MODIFIERS and self.noun[i + 1])
            linking = kind in _MODIFIERS or kind in ("conjunction", "comma", "adverb")
            self.list[i] = thing or (linking and self.list[i + 1])


def _phrase_end(words: list[Word], start: int, ahead: _Ahead) -> int:
    """Where the noun phrase that opens at `start` ends; `start` itself when none does."""
    i = start
    while (
        i < len(words)
        and words[i].kind in ("determiner", "adverb")
        and not (words[i].kind == "adverb" and (i == start or not _opens(words, i + 1)))
    ):
        i += 1
    while i < len(words) and words[i].kind == "number":
        i += 1
    seen_noun = False
    while i < len(words):
        kind = words[i].kind
        if kind in ("noun", "frame"):
            seen_noun = True
            i += 1
            if words[i - 1].possessive:
                return i
        elif (
            kind == "label"
            or (kind == "number" and seen_noun and not _opens(words, i + 1))
            or (kind in _MODIFIERS and (not seen_noun or ahead.noun[i]))
            or (kind == "adverb" and not seen_noun and i > start and ahead.noun[i + 1])
            or (kind in ("conjunction", "comma") and not seen_noun and _joins(words, i, ahead))
        ):
            i += 1
        else:
            break
    while i > start and words[i - 1].kind in ("conjunction", "comma", "adverb"):
        i -= 1
    return i


def _opens(words: list[Word], i: int) -> bool:
    return i < len(words) and words[i].kind in ("number", "color", "adjective", "noun", "frame")


def _joins(words: list[Word], i: int, ahead: _Ahead) -> bool:
    """Whether "and" or a comma at `i` links two modifiers of one noun."""
    if i == 0 or words[i - 1].kind not in _MODIFIERS:
        return False
    j = i + 1
    if j < len(words) and words[i].kind == "comma" and words[j].kind == "conjunction":
        j += 1
    if j < len(words) and words[j].kind == "adverb":
        j += 1
    if j >= len(words):
        return False
    stuff = words[j].low in lexicon.words("adjectives.materials")
    made_of = words[i].kind == "comma" and stuff and _opens(words, j + 1)
    return made_of or (words[j].kind in _MODIFIERS and ahead.list[j])


def _phrase(words: list[Word]) -> NounPhrase | None:
    """Sort the words of one noun phrase; None when they hold nothing that binds."""
    phrase = NounPhrase([])
    numbers: list[int] = []
    body: list[Word] = []
    for word in words:
        if word.kind == "determiner":
            phrase.determiner = word.low
        elif word.kind == "number" and not body:
            numbers.append(word.number or 0)
            phrase.paired = word.low == "pair of"
        elif word.kind in ("noun", "frame", "color", "adjective"):
            body.append(word)
    if not body:
        return None
    phrase.count = _total(numbers)
    phrase.words = body
    phrase.start, phrase.end = body[0].start, body[-1].end
    nouns = _split_modifiers(phrase, body)
    if nouns:
        _name(phrase, nouns)
    return phrase


def _total(numbers: list[int]) -> int | None:
    """ "two dozen" multiplies, "twenty three" adds."""
    if not numbers:
        return None
    total = numbers[0]
    for number in numbers[1:]:
        total = total * number if number in (12, 100, 2) and total != number else total + number
    return total if total > 0 else None


def _split_modifiers(phrase: NounPhrase, body: list[Word]) -> list[Word]:
    """Colours and attributes go into `phrase`; the nouns that name it are returned."""
    first = len(body)
    while first > 0 and body[first - 1].kind in ("noun", "frame"):
        first -= 1
    styles = [i for i in range(first + 1, len(body) - 1) if body[i].low in ("style", "styled")]
    if styles:
        # "a Ghibli style cat" is a cat; whose style it is says the medium.
        first = styles[-1] + 1
    while first < len(body) - 1 and body[first].low in lexicon.words("adjectives.materials"):
        first += 1
    shade = ""
    for i, word in enumerate(body[:first]):
        after = body[i + 1] if i + 1 < len(body) else None
        if word.low in lexicon.words("adjectives.fillers") or word.kind in ("noun", "frame"):
            if word.low in lexicon.words("adjectives.materials"):
                phrase.attributes.append(word.low)
            continue
        if word.kind == "color":
            color = word.low
            for ending in ("-colored", "-coloured", "-color", "-colour"):
                color = color.removesuffix(ending)
            phrase.colors.append(f"{shade} {color}".strip())
            shade = ""
        elif word.low in lexicon.words("colors.words.shades") and after and after.kind == "color":
            shade = word.low
        else:
            phrase.attributes.append(word.low)
    return body[first:]


def _name(phrase: NounPhrase, nouns: list[Word]) -> None:
    last = nouns[-1]
    phrase.owner = last.possessive
    *front, tail = last.low.partition(" of ")[0].split(" ")
    modifiers = [word.low for word in nouns[:-1]] + front
    if last.value == "name":
        phrase.head = last.low.partition(" of ")[0].rpartition(" ")[2]
        phrase.name = " ".join([word.text for word in nouns[:-1]] + [last.text])
        if last.possessive:
            phrase.name = re.sub(r"['’]s?$", "", phrase.name, flags=re.IGNORECASE)
        return
    phrase.plural = lexicon.is_plural(tail)
    phrase.head = lexicon.singular(tail)
    if phrase.paired and tail in lexicon.words("nouns.paired"):
        phrase.count = None
    if tail == "glasses" and (
        phrase.count is not None or (modifiers and modifiers[-1] in _DRINK_GLASS)
    ):
        phrase.head = "glass"
    phrase.name = " ".join([*modifiers, phrase.head])
    if " of " in last.low:
        phrase.name = " ".join([*modifiers[: len(nouns) - 1], last.low])
    phrase.frame = last.kind == "frame" or last.low in lexicon.words("nouns.frames")
