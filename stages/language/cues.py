"""A prompt's words, in; what they say about the picture as a whole, out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from imagine.stages.intent import Slot, TimeOfDay
from imagine.stages.language import lexicon
from imagine.stages.language.lexicon import Phrase, index
from imagine.stages.language.tagging import shape
from imagine.stages.language.words import Word
from imagine.stages.spec import AspectRatio, Medium


@dataclass(frozen=True, slots=True)
class Match:
    """A cue phrase at words `start` to `end` (exclusive), with the value it stands for."""

    value: str
    start: int
    end: int


@cache
def _cues(path: str) -> dict[str, list[Phrase]]:
    return index(
        Phrase(tuple(re.findall(r"[\w'&-]+|\.", line)), "cue", value)
        for value, lines in lexicon.phrase_lists(path).items()
        for line in lines
    )


def matches(words: Sequence[str], path: str) -> list[Match]:
    """Where phrases of the list or table of lists `path` stand among lower-case `words`."""
    table = _cues(path)
    found = []
    i = 0
    while i < len(words):
        for phrase in table.get(words[i], ()):
            if tuple(words[i : i + len(phrase.words)]) == phrase.words:
                found.append(Match(phrase.value, i, i + len(phrase.words)))
                i += len(phrase.words) - 1
                break
        i += 1
    return found


@dataclass(frozen=True, slots=True)
class MediaReading:
    """What the picture is to be made as.

    Attributes:
        media: stated media.
        phrase: the words that state the first of them.
        pictures: end offsets of the nouns that name the picture itself and nothing in it.
    """

    media: frozenset[Medium]
    phrase: str | None
    pictures: frozenset[int]


_BOUNDARY = frozenset(",.;:!?()[]\n|–—")


def read_media(
    text: str, words: Sequence[Word], names: Sequence[tuple[int, int]] = ()
) -> MediaReading:
    """The medium that the prompt states for the picture, not for a thing in it."""
    lows = [word.low for word in words]
    inside = {i for start, end in names if end > start + 1 for i in range(start, end)}
    media: list[Medium] = []
    spans: list[tuple[int, int]] = []
    pictures: set[int] = set()
    for match in matches(lows, "media.nouns"):
        if match.start in inside or not _names_picture(lows, match):
            continue
        media.append(Medium(match.value))
        spans.append((_phrase_start(lows, match.start), match.end))
        if match.value not in lexicon.words("media.phrase.things"):
            pictures.add(words[match.end - 1].end)
    for match in matches(lows, "media.styles"):
        if _names_style(lows, match):
            media.append(Medium(match.value))
            style = match.end < len(lows) and lows[match.end] in ("style", "styled")
            spans.append((match.start, match.end + style))
            pictures.add(words[match.end - 1].end)
    found = _unknown_style(lows, names)
    if found is not None:
        pictures.add(words[found[1] - 1].end)
        if not media:
            media.append(Medium.OTHER)
            spans.append(found)
    phrase = None
    if spans:
        start, end = spans[0]
        phrase = text[words[start].start : words[end - 1].end]
    return MediaReading(frozenset(media), phrase, frozenset(pictures))


def _phrase_start(lows: Sequence[str], start: int) -> int:
    while start > 0 and lows[start - 1] in lexicon.words("media.phrase.modifiers"):
        start -= 1
    return start


def _names_picture(lows: Sequence[str], match: Match) -> bool:
    """Whether a medium noun is said of the picture and not of a thing in it."""
    name = " ".join(lows[match.start : match.end])
    if name in lexicon.lines("media.phrase.anywhere") or _is_style(lows, match):
        return True
    start = match.start
    while start > 0 and lows[start - 1] not in _BOUNDARY:
        start -= 1
    lead = lows[start : match.start]
    article = bool(lead) and lead[0] in ("a", "an", "the", "this", "one")
    tag = start > 0 and lows[start - 1] == ","
    if (article and tag) or not all(map(_describes_picture, lead)):
        return False
    after = lows[match.end] if match.end < len(lows) else "."
    following = lows[match.end + 1 : match.end + 5]
    if after in lexicon.words("media.phrase.openers") or after in _BOUNDARY:
        return True
    return after in ("in", "on", "by", "with", "from") and (
        "style" in following or following[:1] == ["black"] or match.value == "photograph"
    )


def _is_style(lows: Sequence[str], match: Match) -> bool:
    """ "anime style", "style of manga", "in watercolor", "as a painting"."""
    before = list(lows[max(0, match.start - 2) : match.start])
    after = lows[match.end] if match.end < len(lows) else "."
    ends = after in _BOUNDARY or after in ("and", "with")
    return (
        after in ("style", "styled")
        or before in (["style", "of"], ["as", "a"], ["as", "an"])
        or (before[-1:] == ["in"] and ends)
    )


def _describes_picture(low: str) -> bool:
    kinds = ("adjective", "hyphened", "color", "ed", "adverb", "determiner")
    return low in lexicon.words("media.phrase.modifiers") or shape(low) in kinds


def _names_style(lows: Sequence[str], match: Match) -> bool:
    before = lows[match.start - 1] if match.start else ""
    after = lows[match.end] if match.end < len(lows) else "."
    return (
        lows[match.end - 1] == "style"
        or before in ("of", "by", "in", "like", "style", ",")
        or after in lexicon.words("media.phrase.styled")
        or (after in _BOUNDARY and (match.start == 0 or before in _BOUNDARY))
    )


def _unknown_style(lows: Sequence[str], names: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """ "in the style of X", "X style" for an X that no list knows."""
    named = {end: start for start, end in names}
    for i, low in enumerate(lows):
        if low != "style":
            continue
        if lows[i + 1 : i + 2] == ["of"]:
            end = i + 2
            while end < len(lows) and lows[end] not in _BOUNDARY and end < i + 8:
                end += 1
            return (i, end) if end > i + 2 else None
        if i in named:
            return (named[i], i + 1)
        start = i
        while start > 0 and i - start < 3 and lows[start - 1] not in ("in", "a", "an", "the", ","):
            start -= 1
        if 0 < start < i and lows[start - 1] in ("in", "a", "an", "the"):
            return (start, i + 1)
    return None


def read_times(lows: Sequence[str]) -> frozenset[TimeOfDay]:
    """Times of day that the prompt states."""
    things = lexicon.words("scene.things")
    found: set[TimeOfDay] = set()
    for match in matches(lows, "scene.times"):
        after = lows[match.end] if match.end < len(lows) else ""
        if after not in things:
            found.add(match.value)  # type: ignore[arg-type]
    return frozenset(found)


def read_slots(lows: Sequence[str]) -> set[Slot]:
    """Slots that the prompt has cue words for."""
    slots: tuple[Slot, ...] = ("lighting", "composition", "camera", "mood", "palette", "weather")
    return {
        slot
        for slot in slots
        if any(not _shades_color(lows, match) for match in matches(lows, f"scene.cues.{slot}"))
    }


def _shades_color(lows: Sequence[str], match: Match) -> bool:
    """Whether "dark" or "light" belongs to a colour: "a light blue car"."""
    after = lows[match.end] if match.end < len(lows) else ""
    shade = lows[match.end - 1] in lexicon.words("colors.words.shades")
    return shade and lexicon.color_family(after) is not None


_SHAPE = re.compile(r"(?<![\d:.])(\d{1,2}) ?(?::|×|by|to) ?(\d{1,2})(?![\d:])")
_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")


def known_ratio(text: str) -> AspectRatio | None:
    """`text` as a ratio that the spec knows: "16:9", also "16x9", "16/9"."""
    plain = re.sub(r"\s*[x×/]\s*", ":", text.strip().lower())
    return plain if plain in _RATIOS else None  # type: ignore[return-value]


def read_ratio(text: str, lows: Sequence[str]) -> AspectRatio | None:
    """The aspect ratio that the prompt states in words."""
    low = text.lower()
    for match in _SHAPE.finditer(low):
        around = low[max(0, match.start() - 30) : match.end() + 20]
        sure = re.search(r"\b(?:aspect|ratio|format)\b", around) is not None
        alone = ":" in match[0] and match[0].replace(" ", "") in ("16:9", "21:9", "9:16")
        clock = (
            re.search(r"\b(?:at|clock|time|reads?|says|shows|showing|pm|am)\b", around) is not None
        )
        ratio = known_ratio(f"{match[1]}:{match[2]}")
        if ratio is not None and (sure or (alone and not clock)):
            return ratio
    for found in matches(lows, "scene.shapes"):
        return known_ratio(found.value)
    return None


def is_monochrome(lows: Sequence[str]) -> bool:
    """Whether the prompt asks for a picture without colour; a black and white cat does not."""
    pictures = lexicon.words("scene.monochrome.pictures")
    for i, low in enumerate(lows):
        if low in ("monochrome", "monochromatic", "grayscale", "greyscale", "sepia"):
            return True
        if low in ("black-and-white", "b&w"):
            end = i + 1
        elif list(lows[i : i + 3]) == ["black", "and", "white"]:
            end = i + 3
        else:
            continue
        before = lows[i - 1] if i else ","
        after = list(lows[end : end + 2]) or ["."]
        if any(word in pictures for word in after):
            return True
        if after[0] in _BOUNDARY and (before == "in" or before in _BOUNDARY):
            return True
    return False
