"""Rendering: a PromptSpec and the profile of a model family give the prompt that is sent.

The user's own words come first and verbatim in every profile but json; what an enhancer added
follows. What had no room is reported in `dropped`, never cut silently.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from imagine.stages.intent import Entity, Intent, parse_intent
from imagine.stages.language.lexicon import singular, table, words
from imagine.stages.language.tokens import TokenCounter, estimate_tokens
from imagine.stages.spec import PromptSpec, Subject
from imagine.stages.styles import avoided_by_styles

Profile = Literal["natural", "clip75", "json"]
PROFILES: tuple[Profile, ...] = ("natural", "clip75", "json")

# CLIP's context is 77 tokens, two of them the start and end marks (Radford et al. 2021).
CLIP_TOKENS = 75
# Beyond about 120 words image models start to lose parts of a description.
NATURAL_WORDS = 120
# What a prompt that is long already may still gain: its style and light, not a second description.
LONG_PROMPT_ROOM = 40

# Where a slot stands in the prompt follows reading order; what is kept when room is short follows
# this order instead.
PRIORITY = (
    "text",
    "subjects",
    "relations",
    "exclude",
    "resolutions",
    "style",
    "lighting",
    "composition",
    "camera",
    "setting",
    "mood",
    "palette",
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt ready to send.

    Attributes:
        prompt: the final prompt.
        negative_prompt: what to avoid, for backends that have that channel; None when empty.
        tokens: of `prompt`, by the counter given.
        dropped: names of the slots that found no room, in order of importance.
    """

    prompt: str
    negative_prompt: str | None
    tokens: int
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one slot of the spec adds to the user's words."""

    slot: str
    text: str


def render(
    spec: PromptSpec,
    profile: Profile,
    *,
    count_tokens: TokenCounter = estimate_tokens,
    intent: Intent | None = None,
    clip_tokens: int = CLIP_TOKENS,
) -> Rendered:
    """Render `spec` for a model family.

    Args:
        spec: the description.
        profile: "natural" (Gemini, Imagen, gpt-image, FLUX, Qwen, SD3): the user's sentence, then
            prose. "clip75" (SD1.5, SDXL): phrases within `clip_tokens`. "json": the spec itself.
        count_tokens: the model's tokenizer, when it is at hand.
        intent: of the source prompt, when it has been parsed already.
        clip_tokens: more than 75 for those who read a prompt in several pieces of 75.
    """
    if profile == "json":
        prompt = json.dumps(spec.to_dict(), ensure_ascii=False)
        return Rendered(prompt, None, count_tokens(prompt), ())
    if intent is None:
        intent = parse_intent(spec.source_prompt)
    pieces = _pieces(spec, intent, phrases=profile == "clip75")
    if profile == "clip75":
        kept = _within_tokens(intent.core, pieces, count_tokens, most=clip_tokens)
        prompt = _join_phrases(intent.core, kept)
    else:
        kept = _within_words(intent.core, pieces)
        prompt = _join_sentences(intent.core, kept)
    dropped = {piece.slot for piece in pieces if piece not in kept}
    return Rendered(
        prompt=prompt,
        negative_prompt=_negative(spec, intent, profile, count_tokens, most=clip_tokens),
        tokens=count_tokens(prompt),
        dropped=tuple(slot for slot in PRIORITY if slot in dropped),
    )


def _pieces(spec: PromptSpec, intent: Intent, *, phrases: bool) -> list[_Piece]:
    """Every addition to the user's words, in reading order."""
    said = _words(intent.core)
    pieces = [
        *(_Piece("subjects", text) for text in _subject_texts(spec, intent)),
        *(_Piece("relations", text) for text in _relation_texts(spec, intent)),
        *(_Piece("resolutions", f"{item.phrase}: {item.meaning}") for item in spec.resolutions),
        _Piece("setting", spec.setting or ""),
        *(_Piece("text", text) for text in _text_texts(spec, intent)),
        _Piece("composition", spec.composition or ""),
        _Piece("camera", spec.camera or ""),
        _Piece("lighting", spec.lighting or ""),
        _Piece("mood", _labelled("mood", spec.mood, spec, phrases)),
        _Piece("palette", _labelled("palette", _listing(spec.palette), spec, phrases)),
        _Piece("exclude", _exclusion_text(spec, intent)),
        _Piece("style", _style_text(spec, intent)),
    ]
    return [piece for piece in pieces if piece.text and not _words(piece.text) <= said]


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))


def _labelled(label: str, value: str | None, spec: PromptSpec, phrases: bool) -> str:
    """A mood or palette that says what it is, in English prose; elsewhere the words alone."""
    if not value or spec.language != "en":
        return value or ""
    if label in _words(value):
        return value
    return f"{value} {label}" if phrases else f"the {label} is {value}"


def _listing(items: Sequence[str], last: str = "and") -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def _subject_texts(spec: PromptSpec, intent: Intent) -> list[str]:
    """What the spec says of each subject beyond the user's words."""
    english = spec.language == "en"
    texts = []
    for subject in spec.subjects:
        entity = _entity_of(subject, intent)
        # Things of a prompt in another language are not read, so its words are taken together.
        said = _said(entity) if english else _words(intent.core)
        details = [text for text in _details(subject, entity) if not _words(text) <= said]
        named = subject.origin == "user" and _is_named(subject, intent)
        if named and details:
            called = _label(subject, entity, intent) if english else _span(subject)
            texts.append(f"{called}: {', '.join(details)}")
        elif not named:
            told = ", ".join((subject.name, *details))
            scene = "also in the scene: " if english and subject.origin == "added" else ""
            texts.append(scene + told)
    return texts


def _label(subject: Subject, entity: Entity | None, intent: Intent) -> str:
    """What a thing of an English prompt is called in front of its details.

    A model's span may begin with an article or a preposition, which the parser's never does. A
    name has an article only where the prompt gives it one: "the Eiffel Tower", but "Mira".
    """
    name = entity.span if entity is not None else subject.name
    bare = name in intent.proper_nouns and f"the {name}".lower() not in intent.core.lower()
    return name if bare else f"the {name}"


def _span(subject: Subject) -> str:
    return subject.source_span or subject.name


def _entity_of(subject: Subject, intent: Intent) -> Entity | None:
    """The entity of the prompt that the subject stands for."""
    if subject.origin == "added":
        return None
    head = singular(subject.name.split()[-1].lower())
    spans = [entity for entity in intent.entities if entity.span in (subject.source_span or "")]
    return next((entity for entity in (*spans, *intent.entities) if entity.head == head), None)


def _is_named(subject: Subject, intent: Intent) -> bool:
    if subject.name in intent.core:
        return True
    words = {singular(word) for word in _words(intent.core)} | _words(intent.core)
    return {singular(word) for word in _words(subject.name)} <= words


def _said(entity: Entity | None) -> frozenset[str]:
    if entity is None:
        return frozenset()
    parts = (entity.span, *entity.colors, *entity.attributes, entity.action or "")
    return frozenset().union(*(_words(part) for part in parts))


def _details(subject: Subject, entity: Entity | None) -> list[str]:
    counted = entity.count if entity is not None else None
    number = f"{subject.count} of them" if subject.count not in (counted, None, 1) else None
    position = _table("position")[subject.position] if subject.position else None
    said = (*subject.colors, *subject.attributes, subject.action, subject.pose)
    told = [part for part in said if part and not _words(part) <= _function_words()]
    return [part for part in (number, *told, position) if part]


@cache
def _function_words() -> frozenset[str]:
    classes = ("determiners", "prepositions", "conjunctions", "auxiliaries", "pronouns")
    return frozenset().union(*(words(f"grammar.{name}") for name in classes))


def _relation_texts(spec: PromptSpec, intent: Intent) -> list[str]:
    """The relations that the user's words do not state already; in English alone."""
    if spec.language != "en":
        return []
    stated = {
        (intent.entities[item.a].head, item.kind, intent.entities[item.b].head)
        for item in intent.relations
    }
    names = {subject.id: subject.name for subject in spec.subjects}
    heads = {subject.id: singular(subject.name.split()[-1]) for subject in spec.subjects}
    return [
        f"the {names[item.a]} {_table('relation')[item.kind]} the {names[item.b]}"
        for item in spec.relations
        if (heads[item.a], item.kind, heads[item.b]) not in stated
    ]


def _text_texts(spec: PromptSpec, intent: Intent) -> list[str]:
    """Each text to render in straight quotes, unless the prompt has it in quotes already."""
    texts = []
    for item in spec.text:
        where = ", ".join(part for part in (item.placement, item.typeface) if part)
        if where or f'"{item.content}"' not in intent.core:
            the_text = "the text " if spec.language == "en" else ""
            texts.append(f'{the_text}"{item.content}"' + (f" {where}" if where else ""))
    return texts


def _exclusion_text(spec: PromptSpec, intent: Intent) -> str:
    """What is shown instead of what is excluded; the plain exclusion where no table entry fits.

    The user's own "no X" stands in the core already, so only terms from elsewhere (`--no`,
    `--negative`, an edited spec) must be named.
    """
    positive = _table("positive")
    said = {singular(word) for word in _words(intent.core)}
    # What spoils a preset's look goes to negative prompts alone: naming it asks for it.
    spoils = avoided_by_styles(spec) if spec.style.preset else frozenset()
    shown: list[str] = []
    named: list[str] = []
    for term in (term for term in spec.exclude if term not in spoils):
        instead = positive.get(singular(term.lower()))
        if instead is not None and spec.language == "en":
            shown.append(instead)
        elif not {singular(word) for word in _words(term)} <= said:
            named.append(term)
    parts = [*dict.fromkeys(shown)]
    if named:
        parts.append(f"without {_listing(named, 'or')}")
    return ", ".join(parts)


def _style_text(spec: PromptSpec, intent: Intent) -> str:
    if spec.language != "en":
        return spec.style.detail or ""
    medium = (
        "" if spec.style.medium in intent.media else _table("medium").get(spec.style.medium, "")
    )
    detail = spec.style.detail or ""
    if not detail or _words(medium) <= _words(detail):
        return detail or medium.lower()
    return f"{medium.lower()}, {detail}" if medium else detail


def _within_words(core: str, pieces: list[_Piece]) -> list[_Piece]:
    used = len(core.split())
    limit = max(NATURAL_WORDS, used + LONG_PROMPT_ROOM)
    return _select(pieces, lambda kept: used + _length(kept) <= limit)


def _length(pieces: list[_Piece]) -> int:
    return sum(len(piece.text.split()) for piece in pieces)


def _within_tokens(
    core: str, pieces: list[_Piece], count: TokenCounter, *, most: int
) -> list[_Piece]:
    return _select(pieces, lambda kept: count(_join_phrases(core, kept)) <= most)


def _select(pieces: list[_Piece], fits: Callable[[list[_Piece]], bool]) -> list[_Piece]:
    """The most important pieces that fit together, in reading order."""
    kept: list[_Piece] = []
    for piece in sorted(pieces, key=lambda piece: PRIORITY.index(piece.slot)):
        if fits([*kept, piece]):
            kept.append(piece)
    return [piece for piece in pieces if piece in kept]


def _join_phrases(core: str, pieces: list[_Piece]) -> str:
    if not pieces:
        return core
    glue = " " if core.endswith((",", ".", "!", "?", ";", ":")) else ", "
    return core + glue + ", ".join(piece.text.rstrip(".") for piece in pieces)


def _join_sentences(core: str, pieces: list[_Piece]) -> str:
    if not pieces:
        return core
    glue = " " if re.search(r"[.!?:;,…。！？][\"'”’»」)]*$", core) else ". "
    return core + glue + " ".join(_sentence(piece.text) for piece in pieces)


def _sentence(text: str) -> str:
    closed = text if text.endswith((".", "!", "?", "。")) else text + "."
    return closed[0].upper() + closed[1:]


def _negative(
    spec: PromptSpec, intent: Intent, profile: Profile, count: TokenCounter, *, most: int
) -> str | None:
    """The user's exclusions first, then the usual faults of CLIP models that the prompt allows."""
    wanted = _words(f"{intent.core} {spec.style.detail or ''} {spec.lighting or ''}")
    terms = list(dict.fromkeys(spec.exclude))
    if profile == "clip75":
        unless = _table("negative")["unless"]
        terms += [
            fault
            for fault in _table("negative")["faults"]
            if not wanted & {*unless[fault], *_words(fault)}
        ]
    while terms and count(", ".join(terms)) > most:
        terms.pop()
    return ", ".join(terms) or None


def _table(name: str) -> Mapping[str, Any]:
    return table(f"render.{name}")
