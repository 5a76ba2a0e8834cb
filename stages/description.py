"""A prompt, or a spec that a person wrote, goes in; a Description that was guarded comes out."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import get_args

from imagine.stages.enhance import Enhancement, Enhancer, ModelEnhancer, Question, asks_model
from imagine.stages.enhance.asking import Asked, Cache, ask
from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    ProviderError,
    RefusedError,
    UsageError,
    shown,
)
from imagine.stages.guard import GuardReport, compare, repair
from imagine.stages.image import ReferenceImage, parse_aspect_ratio
from imagine.stages.intent import Intent, parse_intent
from imagine.stages.recipe import EnhancerRecord, RefinementRecord, UsageRecord
from imagine.stages.series import Series
from imagine.stages.series_merge import apply_series, asked_with
from imagine.stages.spec import (
    UNSTORABLE,
    AspectRatio,
    PromptSpec,
    clean_prompt,
    unstorable_shown,
)
from imagine.stages.styles import StylePreset, apply_style

# A word that was meant as an option, but is none of the flags that end a prompt.
_OPTION = re.compile(r"(?<!\S)--[A-Za-z][A-Za-z-]*(?=[\s=]|$)")
# Flags of Midjourney's that are options of ours as well.
_OWN = frozenset({"style", "quality"})
_OUTSIDE = "options stand outside the prompt's quotation marks"
_VALUES = {
    "seed": "whole number from 0 to 4294967295",
    "ar": "ratio such as 16:9",
    "aspect": "ratio such as 16:9",
    "no": "list of things to avoid",
}


@dataclass(frozen=True, slots=True)
class Description:
    """A prompt and the structured description made from it.

    Attributes:
        intent: what the user's words demand.
        spec: the description, repaired by the guard.
        guard: what the guard found and did.
        enhancer: who filled the spec; None for a spec that was given.
        by_hand: a person wrote or edited the spec, so that it is sent as it stands.
        styles: names of the presets that were applied.
        failed: what the enhancer failed with, when another one took its place.
        refined: the changes that led here from the first description.
        notes: what the user should know, a sentence each.
        seconds: the time it took.
    """

    intent: Intent
    spec: PromptSpec
    guard: GuardReport
    enhancer: EnhancerRecord | None
    by_hand: bool = False
    styles: tuple[str, ...] = ()
    failed: ImagineError | None = None
    refined: tuple[RefinementRecord, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


def describe(
    prompt: str,
    *,
    enhancer: Enhancer,
    seed: int = 0,
    styles: Sequence[StylePreset] = (),
    series: Series | None = None,
    negative: Sequence[str] = (),
    aspect_ratio: str | None = None,
    images: Sequence[ReferenceImage] = (),
    variant: int = 1,
    variants: int = 1,
    cache: Cache | None = None,
    fallback: Enhancer | None = None,
) -> Description:
    """Fill a description from a prompt and hold it against the user's words.

    A language model is asked again once when its answer is no description, or one of another
    picture; then the guard repairs what is left.

    Args:
        prompt: 1 to 4,000 characters, Midjourney-style suffix flags allowed.
        enhancer: fills what the prompt leaves open.
        seed: picks among equally good descriptions, 0 to 2**32 - 1.
        styles: presets, later ones win.
        series: what the picture shares with others, over what presets and the enhancer add.
        negative: what must not be in the picture, added to the prompt's own exclusions.
        aspect_ratio: W:H, wins over what the prompt states.
        images: reference pictures for an enhancer that looks at them.
        variant, variants: this is alternative `variant` (from 1) of `variants` that are to differ.
        cache: of answers that were paid for before; None to ask anew.
        fallback: describes when the enhancer fails, which the notes then say.

    Raises:
        UsageError: the prompt or an option is unusable.
        ProviderError, RefusedError, ConfigError: the enhancer failed, and there is no fallback.
    """
    start = perf_counter()
    intent = parse_intent(clean_prompt(prompt))
    question = Question(intent, seed, tuple(images), variant, variants)
    failed = None
    try:
        enhancement, record, told = _enhanced(enhancer, question, cache=cache)
    except (ProviderError, RefusedError, ConfigError) as error:
        if fallback is None:
            error.args = (how_to_go_on(str(error)),)
            raise
        failed = error
        enhancement, record, told = _enhanced(fallback, question, cache=None)
        replaced = f"{enhancer.name} failed, so {fallback.name} filled the description: {error}"
        told = [replaced, *told]
    if series is not None:
        intent = asked_with(intent, series)
    spec, notes = _with_options(
        enhancement.spec,
        intent,
        styles=styles,
        series=series,
        negative=[*intent.flags.exclude, *negative],
        aspect_ratio=aspect_ratio or intent.flags.aspect_ratio,
    )
    unwanted = _terms([*intent.flags.exclude, *negative])
    spec, report = repair(spec, intent)
    asked_for = [
        f"'{shown(term)}' is not avoided: the prompt asks for it."
        for term in unwanted
        if term not in spec.exclude
    ]
    return Description(
        intent=intent,
        spec=spec,
        guard=report,
        enhancer=record,
        styles=tuple(style.name for style in styles),
        notes=(*_flag_notes(intent), *notes, *asked_for, *told, *enhancement.notes),
        failed=failed,
        seconds=perf_counter() - start,
    )


def _enhanced(
    enhancer: Enhancer, question: Question, *, cache: Cache | None
) -> tuple[Enhancement, EnhancerRecord, list[str]]:
    """What the enhancer made of the question, and notes on how that went."""
    if asks_model(enhancer):
        return _asked(enhancer, question, cache)
    return _filled(enhancer, question)


def how_to_go_on(message: str) -> str:
    """The message of an enhancer's failure with the ways to work without it."""
    ways = "--no-enhance, or --on-enhance-error original|offline"
    return f"{message.removesuffix('.')}; or go on without the enhancer: {ways}."


def _filled(
    enhancer: Enhancer, question: Question
) -> tuple[Enhancement, EnhancerRecord, list[str]]:
    """Of an enhancer without a model: alternatives differ in their seeds."""
    seed = (question.seed + question.variant - 1) % 2**32
    enhancement = enhancer.enhance(question.intent, seed=seed)
    record = EnhancerRecord(name=enhancer.name, model=enhancement.model, seed=seed)
    return enhancement, record, _unseen(enhancer, question)


def _asked(
    enhancer: ModelEnhancer, question: Question, cache: Cache | None
) -> tuple[Enhancement, EnhancerRecord, list[str]]:
    notes = []
    if not enhancer.sees_images:
        notes += _unseen(enhancer, question)
        question = replace(question, images=())
    asked = ask(enhancer, question, cache=cache)
    record = asked_record(enhancer, question, asked)
    return asked.enhancement, record, [*notes, *asking_notes(enhancer, asked)]


def asked_record(enhancer: ModelEnhancer, question: Question, asked: Asked) -> EnhancerRecord:
    """Who answered a question, and how, for the recipe."""
    usage = asked.enhancement.usage
    return EnhancerRecord(
        name=enhancer.name,
        model=asked.enhancement.model,
        seed=question.seed,
        template=enhancer.template_hash,
        cached=asked.cached,
        images=bool(question.images),
        reasked=asked.reasked,
        usage=UsageRecord(**asdict(usage)) if usage.calls else None,
    )


def asking_notes(enhancer: Enhancer, asked: Asked) -> list[str]:
    """What the user should know of how the model was asked, a sentence each."""
    notes = list(asked.notes)
    if asked.cached:
        notes.append("The description is reused from the cache (free); --no-cache asks again.")
    if asked.reasked:
        which = "" if asked.replaced else ", and its second answer was no better"
        why = shown("; ".join(asked.reasked).rstrip("."), limit=300)
        notes.append(f"{enhancer.name} was asked twice{which}: {why}.")
    return notes


def _unseen(enhancer: Enhancer, question: Question) -> list[str]:
    if not question.images or enhancer.name == "none":
        return []
    pictures = "picture goes" if len(question.images) == 1 else "pictures go"
    return [f"The {pictures} to the backend alone; {enhancer.name} described the words."]


def _flag_notes(intent: Intent) -> list[str]:
    """What became of words in the prompt that look like options."""
    notes = [f"'{shown(flag)}' {_why_ignored(flag)}" for flag in intent.flags.ignored]
    for word in _OPTION.findall(intent.core):
        notes.append(f"'{word}' is no option in the prompt but a word of it; {_OUTSIDE}.")
    return notes


def _why_ignored(flag: str) -> str:
    first, *rest = re.split(r"[\s=]+", flag.lstrip("-—–"), maxsplit=1)
    name, value = first.lower(), "".join(rest)
    if name in _OWN:
        return f"was ignored; {_OUTSIDE}."
    if name not in _VALUES:
        return "means nothing here and was ignored."
    if not value:
        return "was ignored: it has no value."
    return f"was ignored: {shown(value)} is no {_VALUES[name]}."


def unkept_ratio(description: Description, aspect_ratio: str | None) -> str | None:
    """What to tell who keeps the description, when it cannot hold the ratio that was asked for.

    Args:
        aspect_ratio: of the options, as given to `describe` or `adopt`.
    """
    ratio = aspect_ratio or description.intent.flags.aspect_ratio
    if ratio is None or _known_ratio(ratio) is not None:
        return None
    known = ", ".join(get_args(AspectRatio))
    return f"The description does not hold the aspect ratio {ratio}: it keeps only {known}."


def adopt(
    spec: PromptSpec,
    *,
    enhancer: EnhancerRecord | None = None,
    styles: Sequence[StylePreset] = (),
    series: Series | None = None,
    negative: Sequence[str] = (),
    aspect_ratio: str | None = None,
) -> Description:
    """Take a description that a person wrote or edited, as it is.

    Where it differs from its own source prompt, the notes say so; the person's edit wins. A
    `series` fills what it leaves open.
    """
    intent = parse_intent(spec.source_prompt)
    if series is not None:
        intent = asked_with(intent, series)
    styled, notes = _with_options(
        spec,
        intent,
        styles=styles,
        series=series,
        negative=negative,
        aspect_ratio=aspect_ratio,
        by_hand=True,
    )
    findings = tuple(
        replace(found, action="left as it was written") for found in compare(styled, intent)
    )
    differs = [
        f"The description differs from its prompt, which is sent too: {found.detail}; "
        "change source_prompt as well if that is meant."
        for found in findings
    ]
    return Description(
        intent=intent,
        spec=styled,
        guard=GuardReport(findings=findings, clean=not findings),
        enhancer=enhancer,
        by_hand=True,
        styles=tuple(style.name for style in styles),
        notes=(*notes, *differs),
    )


def _with_options(
    spec: PromptSpec,
    intent: Intent,
    *,
    styles: Sequence[StylePreset],
    series: Series | None,
    negative: Sequence[str],
    aspect_ratio: str | None,
    by_hand: bool = False,
) -> tuple[PromptSpec, list[str]]:
    """The spec with what the user asked for beside the prompt."""
    notes = []
    for preset in styles:
        spec, note = apply_style(spec, preset, intent)
        if note is not None:
            notes.append(note)
    if negative:
        spec = spec.replace(exclude=_exclusions(spec, negative))
    if series is not None:
        # After what this one picture must not have, since there is room for so many things only.
        spec, left_out = apply_series(spec, series, intent, by_hand=by_hand)
        notes += left_out
    if aspect_ratio is not None:
        spec = spec.replace(aspect_ratio=_known_ratio(aspect_ratio))
    return spec, notes


def _known_ratio(text: str) -> str | None:
    """The ratio as the spec writes it, or None when it is none of the spec's."""
    width, height = parse_aspect_ratio(text)
    for ratio in get_args(AspectRatio):
        known_width, known_height = parse_aspect_ratio(ratio)
        if width * known_height == height * known_width:
            return str(ratio)
    return None


def _exclusions(spec: PromptSpec, negative: Sequence[str]) -> list[str]:
    """The spec's exclusions and the user's, each term once.

    Raises:
        UsageError: a term is longer or no text, or the terms are more than a description holds.
    """
    wanted = list(dict.fromkeys([*spec.exclude, *_terms(negative)]))
    for term in wanted:
        if found := UNSTORABLE.search(term):
            raise UsageError(
                f"The thing to avoid '{shown(term)}' contains {unstorable_shown(found[0])}; "
                "remove it."
            )
        if len(term) > 40:
            raise UsageError(
                f"'{shown(term, limit=41)}' has {len(term)} characters, and a thing to avoid may "
                "have 40; separate several by commas."
            )
    if len(wanted) > 12:
        raise UsageError(f"{len(wanted)} things to avoid are too many; name at most 12.")
    return wanted


def _terms(negative: Sequence[str]) -> list[str]:
    """The things that a user names to be avoided, which commas or semicolons may part."""
    terms = (term.strip() for text in negative for term in re.split(r"[,;\n]", text))
    return [term for term in terms if term]
