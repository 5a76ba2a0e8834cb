"""What the words of a prompt demand: a parser without a model, standard library only.

`parse_intent` turns the user's prompt into an Intent: entities with counts and colours, spatial
relations, quoted text, negations, proper nouns, stated medium, time and more. The guard holds
every description against it; the offline enhancer fills only what it leaves open.
"""

import re
from dataclasses import dataclass
from typing import Literal

from imagine.stages.spec import AspectRatio, Medium, RelationKind

TimeOfDay = Literal["night", "day", "dusk", "dawn"]
# Slots that the prompt already speaks about in its own words, so that nothing is added to them.
Slot = Literal["setting", "lighting", "composition", "camera", "mood", "palette", "weather"]


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing that the prompt names.

    Attributes:
        name: the noun phrase without article, number, colours and attributes, singular when it is
            counted or plural in the prompt: "corgi", "stop sign". A proper name that the lexicon
            does not know keeps its letters: "New York City".
        head: the last word of `name` (before "of", if it is a proper name), lower case, singular:
            "sign", "statue". GenEval scores this.
        span: the words of the prompt that name it, letter for letter: "fluffy corgi".
        count: how many; None when the prompt does not say ("a" says nothing, "one" says 1).
        plural: the prompt uses a plural form.
        colors: as written by the user, lower case, "grey" kept as "grey".
        attributes: modifiers that are no colour, lower case: ("fluffy",).
        action: what it does, when the prompt says: "sitting", "reading".
        is_place: the prompt uses it as where the scene is ("in a forest"), not as a subject.
    """

    name: str
    head: str
    span: str
    count: int | None = None
    plural: bool = False
    colors: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    action: str | None = None
    is_place: bool = False


@dataclass(frozen=True, slots=True)
class IntentRelation:
    """Entity `a` stands in `kind` to entity `b`; both are indices into Intent.entities."""

    a: int
    kind: RelationKind
    b: int


@dataclass(frozen=True, slots=True)
class Negation:
    """Something that the prompt excludes.

    Attributes:
        term: what must not be there, lower case: "clouds".
        clause: the user's words, letter for letter: "with no clouds".
    """

    term: str
    clause: str


@dataclass(frozen=True, slots=True)
class SuffixFlags:
    """Midjourney-style flags at the end of a prompt line.

    Attributes:
        text: the flags as written, or "".
        aspect_ratio: of `--ar`, as written.
        exclude: terms of `--no`.
        seed: of `--seed`.
        ignored: known flags that mean nothing here, as written ("--v 6").
    """

    text: str = ""
    aspect_ratio: str | None = None
    exclude: tuple[str, ...] = ()
    seed: int | None = None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Intent:
    """Everything that a prompt's words demand.

    Attributes:
        source: the prompt, NFC.
        core: the prompt without its suffix flags: what must appear verbatim in the final prompt.
        flags: those flags, read.
        language: ISO 639 code guessed from the script ("en" for Latin script without other cues).
        entities: in the order of the prompt; not those that are negated.
        relations: between entities.
        quotes: text to render, letter for letter, quotes removed.
        negations: what is excluded.
        proper_nouns: names, letter for letter.
        media: stated media; empty when none is stated.
        medium_phrase: the words that state them: "oil painting", "Ghibli style".
        times: stated times of day.
        setting: the words that say where: "on a velvet cushion" is none, "in a dark forest" is.
        monochrome: the prompt asks for no colour.
        aspect_ratio: stated in words or by flag, when it is one the spec knows.
        stated: slots that the prompt speaks about itself.
        cast: what the user says beside the prompt of characters that it mentions.
    """

    source: str
    core: str
    flags: SuffixFlags = SuffixFlags()
    language: str = "en"
    entities: tuple[Entity, ...] = ()
    relations: tuple[IntentRelation, ...] = ()
    quotes: tuple[str, ...] = ()
    negations: tuple[Negation, ...] = ()
    proper_nouns: tuple[str, ...] = ()
    media: frozenset[Medium] = frozenset()
    medium_phrase: str | None = None
    times: frozenset[TimeOfDay] = frozenset()
    setting: str | None = None
    monochrome: bool = False
    aspect_ratio: AspectRatio | None = None
    stated: frozenset[Slot] = frozenset()
    cast: str = ""


def parse_intent(prompt: str) -> Intent:
    """Read a prompt.

    Args:
        prompt: any text, as `clean_prompt` leaves it.

    Returns:
        What its words demand. Entities, relations and negations are read in English only; every
        other field in any language.
    """
    from imagine.stages.language import cues
    from imagine.stages.language.chunks import chunk
    from imagine.stages.language.clauses import Reading, read_clauses
    from imagine.stages.language.languages import language_of
    from imagine.stages.language.proper import find_names, proper_nouns
    from imagine.stages.language.quotes import find_quotes
    from imagine.stages.language.tagging import tag_words
    from imagine.stages.language.words import split_words

    core, flags = split_flags(prompt)
    quotes = find_quotes(core)
    words = split_words(core, [(quote.outer_start, quote.outer_end) for quote in quotes])
    lows = [word.low for word in words]
    language = language_of(core)
    names = find_names(words)
    media = cues.read_media(core, words, names)
    reading = Reading()
    if language == "en":
        items = chunk(tag_words(core, words, names))
        reading = read_clauses(core, items, pictures=media.pictures)
    stated = cues.read_slots(lows)
    if reading.setting is not None:
        stated.add("setting")
    return Intent(
        source=prompt,
        core=core,
        flags=flags,
        language=language,
        entities=reading.entities,
        relations=reading.relations,
        quotes=tuple(dict.fromkeys(core[quote.start : quote.end] for quote in quotes)),
        negations=reading.negations,
        proper_nouns=proper_nouns(core, words, names) if language == "en" else (),
        media=media.media,
        medium_phrase=media.phrase,
        times=cues.read_times(lows),
        setting=reading.setting,
        monochrome=cues.is_monochrome(lows),
        aspect_ratio=cues.known_ratio(flags.aspect_ratio or "") or cues.read_ratio(core, lows),
        stated=frozenset(stated),
    )


_FLAG = re.compile(r"(?:(?<=\s)|^)(?:--|—|–)([A-Za-z]+)(?=\s|$|=)[ =]?\s*")


def split_flags(prompt: str) -> tuple[str, SuffixFlags]:
    """Take Midjourney-style flags off the end of a prompt.

    Returns:
        The text before them, and the flags. An em dash stands for two hyphens, as some keyboards
        turn one into the other. The suffix begins with the first flag whose name is known; an
        unknown or malformed one after it is ignored, one before it stays text.
    """
    end = start = len(prompt)
    read: list[tuple[str, str, str]] = []
    pending: list[tuple[str, str, str]] = []
    for match in reversed(list(_FLAG.finditer(prompt))):
        value = prompt[match.end() : end].strip()
        flag = (match[1].lower(), value, prompt[match.start() : end].strip())
        end = match.start()
        if flag[0] != "no" and len(value.split()) > _most_words(flag[0]):
            break
        pending.append(flag)
        if _is_known(flag[0]):
            read, pending, start = [*read, *pending], [], end
    core = prompt[:start].rstrip(" \t\n,")
    if not read or not core:
        return prompt, SuffixFlags()
    ratio: str | None = None
    seed: int | None = None
    exclude: list[str] = []
    ignored: list[str] = []
    for name, value, written in reversed(read):
        if not _is_flag(name, value):
            ignored.append(written)
        elif name in ("ar", "aspect"):
            ratio = value
        elif name == "seed":
            seed = int(value)
        elif name == "no":
            exclude += [term.strip() for term in value.split(",") if term.strip()]
        else:
            ignored.append(written)
    return core, SuffixFlags(
        text=prompt[start:].strip(),
        aspect_ratio=ratio,
        exclude=tuple(dict.fromkeys(exclude)),
        seed=seed,
        ignored=tuple(ignored),
    )


def _is_known(name: str) -> bool:
    from imagine.stages.language import lexicon

    known = lexicon.words("flags.bare") | lexicon.words("flags.valued")
    return name in ("ar", "aspect", "seed", "no") or name in known


def _most_words(name: str) -> int:
    """How many words a flag's value has at most, well-formed or not; more are prose."""
    from imagine.stages.language import lexicon

    only_bare = lexicon.words("flags.bare") - lexicon.words("flags.valued")
    return 0 if name in only_bare else 1


def _is_flag(name: str, value: str) -> bool:
    if name in ("ar", "aspect"):
        return re.fullmatch(r"\d{1,4}(?:\.\d+)?\s?[:x×/]\s?\d{1,4}(?:\.\d+)?", value) is not None
    if name == "seed":
        return re.fullmatch(r"[0-9]{1,10}", value) is not None and int(value) < 2**32
    if name == "no":
        return bool(value) and "\n" not in value
    from imagine.stages.language import lexicon

    if name in lexicon.words("flags.bare") and not value:
        return True
    return name in lexicon.words("flags.valued") and re.fullmatch(r"\S+", value) is not None
