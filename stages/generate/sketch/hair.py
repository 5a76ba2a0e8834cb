"""A man or woman's art and what is said of hair and beard in; the art that shows it out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from imagine.stages.generate.sketch.art import Match, find
from imagine.stages.spec import Subject

_HAIRED = re.compile(r"([a-z]+)[ -]haired")
_SHADES = {
    "ginger": "red", "auburn": "red", "copper": "red", "silver": "gray", "grey": "gray",
    "golden": "blond", "blonde": "blond", "yellow": "blond", "wavy": "curly",
}  # fmt: skip


def groomed(match: Match, subject: Subject, parts: Sequence[Subject]) -> tuple[Match, list[str]]:
    """The variant with that hair or beard, and what of the wishes no art shows besides it.

    Args:
        match: what was found for the subject; only a plain man or woman has variants.
        subject: who it is.
        parts: the subjects of the description that belong to it, such as "hair".

    Returns:
        The match, and the words about hair that it leaves open; the match itself and no words
        where it has no variant for any of them.
    """
    key = match.cutout.key
    if key not in ("man", "woman"):
        return match, []
    wishes = _wishes(subject, parts)
    for wish in wishes:
        found = find(f"{key} with {wish}")
        if found is not None and found.exact and found.cutout.key != key:
            other = [left for left in wishes if left != wish]
            return Match(found.cutout, exact=match.exact), other
    return match, []


def _wishes(subject: Subject, parts: Sequence[Subject]) -> list[str]:
    """ "red hair", "curly hair", "beard", colours first."""
    wishes: list[str] = []
    for part in parts:
        last = part.name.lower().split()[-1]
        if last in ("beard", "goatee"):
            wishes.append("beard")
        elif last == "hair":
            told = (*part.colors, *part.name.split()[:-1], *part.attributes)
            wishes += [f"{_SHADES.get(word, word)} hair" for word in map(str.lower, told)]
    for text in (subject.name, *subject.attributes):
        wishes += [f"{_SHADES.get(word, word)} hair" for word in _HAIRED.findall(text.lower())]
    return list(dict.fromkeys(wishes))


def shows(key: str, part: str) -> bool:
    """Whether the art of that key was chosen for this part: a "bearded man" for his beard."""
    last = part.lower().split()[-1]
    return (last == "hair" and ("-haired" in key or key.startswith("blond "))) or (
        last == "beard" and key == "bearded man"
    )
