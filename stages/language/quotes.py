"""A prompt, in; the places of the text that it wants rendered, out."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from imagine.stages.language import lexicon


@dataclass(frozen=True, slots=True)
class Quote:
    """`start` to `end` is the text itself; `outer_*` takes in its quotation marks."""

    start: int
    end: int
    outer_start: int
    outer_end: int


_LONGEST = 400
_MARKED = re.compile(
    r'(?<!\w)"(?=\S)([^"\n]{1,400})"(?!\w)'
    r"|“([^”“\n]{1,400})”"
    r"|„([^“”\n]{1,400})[“”]"
    r"|「([^」\n]{1,400})」|『([^』\n]{1,400})』"
    r"|«([^»\n]{1,400})»"
    r"|`([^`\n]{1,400})`"
    r"|(?<!\w)‘([^‘\n]{1,400}?)’(?!\w)"
    r"|(?<!\w)'(?=\S)([^'\n]{1,200}(?:(?<=\w)'(?=\w)[^'\n]{1,200}){0,4})(?<=\S)'(?!\w)"
)
_CUE = re.compile(
    r"\b(?:(?P<says>says|saying|spells|spelling|spelled|reads|reading|that read|labell?ed|titled|"
    r"entitled|captioned)"
    r"|(?:the|with) (?:words?|text|letters?|phrase|slogan|caption|message|title)(?P<noun>))"
    r"[:,]?\s+(?=\w)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\s]+")


def find_quotes(text: str) -> list[Quote]:
    """Quoted text, and unquoted text after "says", "the word" and the like, in order."""
    found = [_marked(match) for match in _MARKED.finditer(text)]
    found = [quote for quote in found if quote.start < quote.end]
    for cue in _CUE.finditer(text):
        quote = _unmarked(text, cue)
        if quote is not None and not any(
            other.outer_start < quote.end and quote.start < other.outer_end for other in found
        ):
            found.append(quote)
    return sorted(found, key=lambda quote: quote.start)


def _marked(match: re.Match[str]) -> Quote:
    group = match.lastindex or 0
    start, end = match.span(group)
    inner = match[group]
    start += len(inner) - len(inner.lstrip())
    end -= len(inner) - len(inner.rstrip())
    return Quote(start, end, match.start(), match.end())


def _unmarked(text: str, cue: re.Match[str]) -> Quote | None:
    """The words after a cue that are text to render, when it seems that some are."""
    stop = re.compile(r"[.,;:!?\n\"“”«»()]").search(text, cue.end())
    tail_end = min(stop.start() if stop else len(text), cue.end() + _LONGEST)
    words = list(_WORD.finditer(text, cue.end(), tail_end))
    if not words:
        return None
    first = words[0][0]
    verb = (cue["says"] or "").lower()
    if verb in ("reads", "reading", "that read") and not _carried(text, cue.start(), first):
        return None
    if verb == "" and not first[:1].isupper() and not first[:1].isdigit() and len(words) > 3:
        words = words[:1]
    end = _text_end(words)
    if end == 0:
        return None
    return Quote(words[0].start(), words[end - 1].end(), words[0].start(), words[end - 1].end())


def _carried(text: str, cue: int, first: str) -> bool:
    """Whether "reads" is said of something that carries text, not of a reader."""
    if first.lower() in lexicon.words("grammar.determiners") and not first[0].isupper():
        return False
    before = re.findall(r"[\w-]+", text[max(0, cue - 60) : cue].lower())[-6:]
    return any(word in lexicon.words("nouns.text_carriers") for word in before)


def _text_end(words: list[re.Match[str]]) -> int:
    """How many of `words` belong to the text."""
    texts = [word[0] for word in words]
    if texts[0].isupper() and len(texts[0]) > 1:
        return _run(texts, str.isupper)
    if len(texts) > 1 and texts[0][:1].isupper() and texts[1][:1].isupper():
        return _run(texts, lambda word: word[:1].isupper() or word[:1].isdigit())
    end = 1
    while end < len(texts) and not _leaves(texts, end):
        end += 1
    return end


def _run(texts: list[str], fits: "Callable[[str], bool]") -> int:
    end = 1
    while end < len(texts):
        link = texts[end].lower() in ("of", "the", "and", "a", "to", "in", "is", "for", "&")
        if fits(texts[end]) or texts[end].isdigit():
            end += 1
        elif link and end + 1 < len(texts) and fits(texts[end + 1]):
            end += 2
        else:
            break
    return end


def _leaves(texts: list[str], i: int) -> bool:
    """Whether the words at `i` speak about where the text stands: "on a wall"."""
    if texts[i].lower() not in lexicon.words("relations.text_ends"):
        return False
    after = texts[i + 1].lower() if i + 1 < len(texts) else ""
    return after in lexicon.words("relations.text_places")
