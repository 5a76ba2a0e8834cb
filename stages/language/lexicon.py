"""The word lists under prompts/lexicon, in; sets, tables and two word functions, out."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Phrase:
    """A run of words that is read as one.

    Attributes:
        words: lower case.
        kind: "noun", "frame", "relation" or "number".
        value: relation kind of a "relation", the number of a "number", else "".
    """

    words: tuple[str, ...]
    kind: str
    value: str = ""


@cache
def document(name: str) -> Mapping[str, Any]:
    """The word list file `name`, parsed."""
    import tomllib
    from importlib.resources import files

    text = (files("imagine.prompts") / "lexicon" / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _value(path: str) -> Any:
    name, *keys = path.split(".")
    value: Any = document(name)
    for key in keys:
        value = value[key]
    return value


@cache
def words(path: str) -> frozenset[str]:
    """The words of one list: `words("nouns.people")`."""
    return frozenset(_value(path).split())


@cache
def lines(path: str) -> tuple[str, ...]:
    """The phrases of one list, in the order of the file: `lines("media.nouns.painting")`."""
    name, _, key = path.rpartition(".")
    text = _value(name)[key]
    return tuple(line for line in text.splitlines() if line)


def table(path: str) -> Mapping[str, Any]:
    """A table of a file as it stands: `table("grammar.numbers")`."""
    found: Mapping[str, Any] = _value(path)
    return found


def phrase_lists(path: str) -> Mapping[str, tuple[str, ...]]:
    """A list, or every list of a table, by name: `phrase_lists("media.nouns")`."""
    value = _value(path)
    if isinstance(value, str):
        return {path.rpartition(".")[2]: lines(path)}
    return {name: lines(f"{path}.{name}") for name in value}


def index(phrases: Iterable[Phrase]) -> dict[str, list[Phrase]]:
    """Phrases by their first word, longest first, so that the first match is the longest."""
    found: dict[str, list[Phrase]] = {}
    for phrase in phrases:
        found.setdefault(phrase.words[0], []).append(phrase)
    for same_start in found.values():
        same_start.sort(key=lambda phrase: -len(phrase.words))
    return found


@cache
def phrases() -> dict[str, list[Phrase]]:
    """Every run of words that the parser reads as one, by first word."""
    found = [
        Phrase(tuple(line.split()), kind, value)
        for kind, value, path in (
            ("noun", "", "nouns.compounds.names"),
            ("noun", "", "scene.places.phrases"),
            ("frame", "", "nouns.compounds.frames"),
        )
        for line in lines(path)
        if " " in line
    ]
    for value, several in phrase_lists("relations.kinds").items():
        found += [Phrase(tuple(line.split()), "relation", value) for line in several]
    for group, number in table("grammar.counted_groups").items():
        found.append(Phrase((group, "of"), "number", str(number)))
    found += [Phrase(tuple(line.split()), "negator") for line in lines("grammar.phrases.negators")]
    found.append(Phrase(("half", "a", "dozen"), "number", "6"))
    return index(phrase for phrase in found if phrase.words)


@cache
def verb_relations() -> dict[str, str]:
    """Every form of the verbs that are relations, with the relation's kind."""
    return {
        form: kind
        for kind, bases in table("relations.verbs").items()
        for base in bases.split()
        for form in verb_forms(base)
    } | {"wore": "wearing", "worn": "wearing", "held": "holding", "rode": "riding"}


def verb_forms(base: str) -> tuple[str, str, str, str]:
    """Base, -s, -ed and -ing form by the rules of English spelling."""
    if base.endswith("y") and base[-2] not in "aeiou":
        return base, base[:-1] + "ies", base[:-1] + "ied", base + "ing"
    s = base + ("es" if base.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")
    if base.endswith("ie"):
        return base, s, base + "d", base[:-2] + "ying"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")):
        return base, s, base + "d", base[:-1] + "ing"
    if re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", base):
        return base, s, base + base[-1] + "ed", base + base[-1] + "ing"
    return base, s, base + ("d" if base.endswith("e") else "ed"), base + "ing"


@cache
def verbs() -> dict[str, str]:
    """Verb forms that are never things by themselves: form to "base", "s", "ed", "ing", "past"."""
    kinds = dict.fromkeys(words("verbs.irregular"), "past")
    for base in sorted(words("verbs.regular")):
        for form, kind in zip(verb_forms(base), ("base", "s", "ed", "ing"), strict=True):
            kinds.setdefault(form, kind)
    for form in words("verbs.noun_first") | words("verbs.ing_nouns"):
        kinds.pop(form, None)
    return kinds


@cache
def transitive_forms() -> frozenset[str]:
    """Forms of verbs that take an object."""
    return frozenset(form for base in words("verbs.transitive") for form in verb_forms(base))


@cache
def _families() -> dict[str, str]:
    return {
        word: family
        for family, members in reversed(list(table("colors.families").items()))
        for word in members.split()
    }


def color_family(word: str) -> str | None:
    """The basic colour of a colour word or phrase, or None when it is no colour.

    One of red, orange, yellow, green, blue, purple, pink, brown, black, white, gray, gold, silver:
    "crimson" and "Dark red" are red, "blue-green" is the last named, green.
    """
    found = None
    for part in re.split(r"[\s-]+", word.lower()):
        found = _families().get(part, found)
    return _families().get(word.lower(), found)


@lru_cache(maxsize=4096)
def singular(word: str) -> str:
    """The singular of an English noun, lower case; a word that is none is returned as it is."""
    low = word.lower()
    if low in words("nouns.invariant"):
        return low
    if low in table("nouns.plurals"):
        return str(table("nouns.plurals")[low])
    if low.endswith("women"):
        return low[:-5] + "woman"
    for ending, cut, tail in (
        ("ies", 3, "y"),
        ("ches", 2, ""),
        ("shes", 2, ""),
        ("xes", 2, ""),
        ("sses", 2, ""),
        ("zzes", 2, ""),
        ("oes", 2, ""),
        ("uses", 2, ""),
    ):
        if low.endswith(ending) and len(low) > len(ending) + 1:
            return low[:-cut] + tail
    if low.endswith("s") and not low.endswith(("ss", "us", "is")) and len(low) > 2:
        return low[:-1]
    return low


def is_plural(word: str) -> bool:
    """Whether a noun has a plural form: "foxes", "people", "scissors"."""
    low = word.lower()
    return singular(low) != low or low in words("nouns.paired")


@cache
def common_nouns() -> frozenset[str]:
    """Singular nouns that are no names; a capital says nothing about them."""
    found: set[str] = set()
    for path in [
        "nouns.people",
        "nouns.animals",
        "nouns.garments",
        "nouns.containers",
        "nouns.groups",
        "nouns.frames",
        "nouns.abstract",
        "nouns.text_carriers",
        "nouns.common",
        "scene.places.in",
        "scene.places.on",
        "adjectives.materials",
        "verbs.ing_nouns",
    ]:
        found |= words(path)
    return frozenset(map(singular, found))
