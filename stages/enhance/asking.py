"""Asking a language model: a Question goes in, its Enhancement comes out, after two calls at most.

The one place for the law that a model is asked again once, never more: for an answer that is no
description, or one that is about another picture than the prompt's.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from imagine.stages.enhance import Correction, Enhancement, ModelEnhancer, Question
from imagine.stages.errors import ConfigError, ImagineError, UnusableAnswerError
from imagine.stages.guard import Finding, compare
from imagine.stages.intent import Intent, parse_intent
from imagine.stages.language.languages import language_of, language_shown
from imagine.stages.money.usage import NOTHING, Usage
from imagine.stages.rules.findings import FindingKind
from imagine.stages.spec import PromptSpec

# What is worth a second call. A contradiction of one of these kinds shows that the model has
# another picture in mind: repair can only cut out what it wrote, so that a place or a light goes
# missing, while a second answer is whole. Of the other kinds repair leaves nothing to be desired:
# texts and the prompt are copied by code ("text", "source"), a missing subject is put in with the
# user's own words ("subject"), surplus things and phrases go without a trace ("added", "wording").
WORTH_ASKING: frozenset[FindingKind] = frozenset(
    {"count", "color", "relation", "negation", "name", "medium", "time", "monochrome"}
)
_SCRIPTS = {
    **{"ja": "Han", "zh": "Han", "ko": "Hangul", "ru": "Cyrillic", "uk": "Cyrillic"},
    **{"ar": "Arabic", "hi": "Devanagari", "th": "Thai", "el": "Greek", "he": "Hebrew"},
}


class Cache(Protocol):
    """Answers that were paid for before: imagine.stages.cache.EnhancementCache."""

    def load(self, question: Question, enhancer: ModelEnhancer) -> Enhancement | None: ...

    def save(
        self, question: Question, enhancer: ModelEnhancer, enhancement: Enhancement
    ) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a question.

    Attributes:
        enhancement: the better of the answers, with the usage of both.
        reasked: what was wrong with the first answer, a phrase each, when there was a second call.
        replaced: the second answer is the one that is used.
        cached: nothing was sent: the answer is one of an earlier run.
        notes: what went wrong beside the answer, a sentence each.
    """

    enhancement: Enhancement
    reasked: tuple[str, ...] = ()
    replaced: bool = False
    cached: bool = False
    notes: tuple[str, ...] = ()


def ask(enhancer: ModelEnhancer, question: Question, *, cache: Cache | None = None) -> Asked:
    """Ask, and ask once more where that is worth it.

    The second answer is used if it holds no more contradictions than the first; what it still
    holds is the guard's to repair. An answer from the cache is used as it is.

    Raises:
        ImagineError: as `enhancer.ask` does, of the second answer when the first is unusable too;
            its `usage` is then that of both.
    """
    kept = cache.load(question, enhancer) if cache is not None else None
    if kept is not None:
        return Asked(replace(kept, usage=NOTHING), cached=True)
    asked = _asked(enhancer, question)
    note = cache.save(question, enhancer, asked.enhancement) if cache is not None else None
    return replace(asked, notes=(note,)) if note else asked


def _asked(enhancer: ModelEnhancer, question: Question) -> Asked:
    first: Enhancement | None = None
    used: Usage | None
    try:
        first = enhancer.ask(question)
        problems = faults_of(first.spec, question)
        answer, used = first.answer, first.usage
    except UnusableAnswerError as error:
        if not error.problem:
            raise
        problems, answer, used = (error.problem,), error.answer, error.usage
    if first is not None and not problems:
        return Asked(first)
    try:
        second = enhancer.ask(replace(question, correction=Correction(answer, problems)))
    except ImagineError as error:
        error.usage = _together(used, error.usage)
        # A key that is rejected is rejected in the next run too, so that is told at once.
        if first is None or isinstance(error, ConfigError):
            raise
        return Asked(replace(first, usage=error.usage or NOTHING), reasked=problems)
    spent = _together(used, second.usage) or NOTHING
    if first is not None and len(faults_of(second.spec, question)) > len(problems):
        return Asked(replace(first, usage=spent), reasked=problems)
    return Asked(replace(second, usage=spent), reasked=problems, replaced=True)


def _together(one: Usage | None, other: Usage | None) -> Usage | None:
    """What two calls used, as far as it is known."""
    if one is None or other is None:
        return one or other
    return one + other


def faults_of(spec: PromptSpec, question: Question) -> tuple[str, ...]:
    """What in an answer is worth asking again, a phrase each in the user's terms."""
    intent = question.intent
    if spec.source_prompt != intent.source:  # a revision may edit the prompt
        intent = parse_intent(spec.source_prompt)
    found = _contradictions(spec, intent)
    if question.revision is not None:
        # What a person wrote against the prompt was there before, and stays.
        before = _contradictions(question.revision.spec, question.intent)
        found = [detail for detail in found if detail not in before]
    return (*dict.fromkeys(found), *_strange_language(spec, intent))


def _contradictions(spec: PromptSpec, intent: Intent) -> list[str]:
    return [
        found.detail
        for found in compare(spec, intent)
        if found.kind in WORTH_ASKING and not (_is_omission(found) or _is_word(found))
    ]


def _is_omission(found: Finding) -> bool:
    """Whether something is merely unsaid: the prompt says it, and repair copies it from there."""
    return found.action == "added" or found.detail.endswith("the description says nothing")


def _is_word(found: Finding) -> bool:
    """Whether repair takes out no more than one attribute, colour or explanation of several."""
    return found.detail.startswith(("description of ", "palette: ", "resolution: "))


def _strange_language(spec: PromptSpec, intent: Intent) -> tuple[str, ...]:
    """Some models fall into another language, Chinese above all; English is forgiven.

    Languages of one script are too like each other in a few words to be told apart, save from
    English, which has most of the stop words that are known here.
    """
    phrases = (spec.setting, spec.composition, spec.lighting, spec.mood, spec.style.detail)
    language, asked = language_of(" ".join(filter(None, phrases))), intent.language
    if language in (asked, "en", "und"):
        return ()
    if asked != "en" and _SCRIPTS.get(language, "Latin") == _SCRIPTS.get(asked, "Latin"):
        return ()
    said, wanted = language_shown(language), language_shown(asked)
    return (f"language: the prompt is in {wanted}, the description in {said}",)
