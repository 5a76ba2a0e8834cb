"""A prompt, or a spec that a person wrote, goes in; a Description that was guarded comes out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import get_args

from imagine.stages.enhance import Enhancer
from imagine.stages.errors import UsageError, shown
from imagine.stages.guard import GuardReport, compare, repair
from imagine.stages.image import parse_aspect_ratio
from imagine.stages.intent import Intent, parse_intent
from imagine.stages.recipe import EnhancerRecord
from imagine.stages.spec import (
    UNSTORABLE,
    AspectRatio,
    PromptSpec,
    clean_prompt,
    unstorable_shown,
)
from imagine.stages.styles import StylePreset, apply_style


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
        notes: what the user should know, a sentence each.
        seconds: the time it took.
    """

    intent: Intent
    spec: PromptSpec
    guard: GuardReport
    enhancer: EnhancerRecord | None
    by_hand: bool = False
    styles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


def describe(
    prompt: str,
    *,
    enhancer: Enhancer,
    seed: int = 0,
    styles: Sequence[StylePreset] = (),
    negative: Sequence[str] = (),
    aspect_ratio: str | None = None,
) -> Description:
    """Fill a description from a prompt and hold it against the user's words.

    Args:
        prompt: 1 to 4,000 characters, Midjourney-style suffix flags allowed.
        enhancer: fills what the prompt leaves open.
        seed: picks among equally good descriptions, 0 to 2**32 - 1.
        styles: presets, later ones win.
        negative: what must not be in the picture, added to the prompt's own exclusions.
        aspect_ratio: W:H, wins over what the prompt states.

    Raises:
        UsageError: the prompt or an option is unusable.
    """
    start = perf_counter()
    intent = parse_intent(clean_prompt(prompt))
    enhancement = enhancer.enhance(intent, seed=seed)
    spec, notes = _with_options(
        enhancement.spec,
        intent,
        styles=styles,
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
    ignored = [f"'{flag}' means nothing here and was ignored." for flag in intent.flags.ignored]
    return Description(
        intent=intent,
        spec=spec,
        guard=report,
        enhancer=EnhancerRecord(name=enhancer.name, model=enhancement.model, seed=seed),
        styles=tuple(style.name for style in styles),
        notes=(*ignored, *notes, *asked_for, *enhancement.notes),
        seconds=perf_counter() - start,
    )


def adopt(
    spec: PromptSpec,
    *,
    enhancer: EnhancerRecord | None = None,
    styles: Sequence[StylePreset] = (),
    negative: Sequence[str] = (),
    aspect_ratio: str | None = None,
) -> Description:
    """Take a description that a person wrote or edited, as it is.

    Where it differs from its own source prompt, the notes say so; the person's edit wins.
    """
    intent = parse_intent(spec.source_prompt)
    styled, notes = _with_options(
        spec, intent, styles=styles, negative=negative, aspect_ratio=aspect_ratio
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
    negative: Sequence[str],
    aspect_ratio: str | None,
) -> tuple[PromptSpec, list[str]]:
    """The spec with what the user asked for beside the prompt."""
    notes = []
    for preset in styles:
        spec, note = apply_style(spec, preset, intent)
        if note is not None:
            notes.append(note)
    if negative:
        spec = spec.replace(exclude=_exclusions(spec, negative))
    if aspect_ratio is not None:
        ratio = _known_ratio(aspect_ratio)
        spec = spec.replace(aspect_ratio=ratio)
        if ratio is None:
            # Right for `imagine enhance` too, where nothing is drawn now.
            notes.append(
                f"The aspect ratio {aspect_ratio} goes for pictures of this run alone: "
                f"a description keeps only {', '.join(get_args(AspectRatio))}."
            )
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
