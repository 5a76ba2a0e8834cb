"""The guard: a PromptSpec and the Intent of its prompt give Findings, and a repaired PromptSpec.

What the prompt demands wins over what an enhancer wrote, by rules alone: the same spec gives the
same repair, a repaired spec compares clean, and repairing it again changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from imagine.stages.demands import Demands, demands_of
from imagine.stages.intent import Intent
from imagine.stages.rules.contradiction import clause_contradictions
from imagine.stages.rules.findings import Finding, Findings
from imagine.stages.rules.relations import mend_relations
from imagine.stages.rules.subjects import SubjectBench
from imagine.stages.rules.words import (
    mend_details,
    mend_exclusions,
    mend_phrase,
    mend_resolutions,
    mend_text,
)
from imagine.stages.spec import PHRASES, Medium, PromptSpec, Relation, Style, Subject

__all__ = ["Finding", "GuardReport", "check_prompt", "compare", "repair"]


@dataclass(frozen=True, slots=True)
class GuardReport:
    """What the guard found and did; `clean` when the description now agrees with the prompt."""

    findings: tuple[Finding, ...]
    clean: bool


def compare(spec: PromptSpec, intent: Intent) -> tuple[Finding, ...]:
    """Every departure of `spec` from `intent`, with what `repair` would do; empty when none."""
    return tuple(_mended(spec, intent)[1])


def repair(spec: PromptSpec, intent: Intent) -> tuple[PromptSpec, GuardReport]:
    """`spec` with every departure from `intent` undone, and the report.

    A spec that needs no repair is returned as it is.
    """
    changes, findings = _mended(spec, intent)
    if not findings:
        return spec, GuardReport(findings=(), clean=True)
    repaired = spec.replace(**changes)
    return repaired, GuardReport(tuple(findings), clean=not compare(repaired, intent))


def check_prompt(prompt: str, intent: Intent) -> tuple[Finding, ...]:
    """The last, lexical check of a rendered prompt; empty when it may be sent.

    The user's words and quotes must stand in it letter for letter, and nothing around them may
    deny what they say.
    """
    findings = Findings()
    if intent.core not in prompt:
        findings.note("wording", "the prompt's own words are not in it unchanged", "")
    for quote in intent.quotes:
        if quote not in prompt:
            findings.note("text", f"the text “{quote}” is missing", "")
    for denied in clause_contradictions(prompt.replace(intent.core, "\n", 1), intent):
        findings.note(denied.kind, denied.detail, "")
    return tuple(findings)


def _mended(spec: PromptSpec, intent: Intent) -> tuple[dict[str, Any], Findings]:
    """New values for the fields of `spec`, and what was found wrong with the old ones."""
    findings = Findings()
    demands = demands_of(intent)
    given = _given_subjects(spec, intent, findings)
    text = mend_text(spec.text, intent, demands, findings)
    exclude = mend_exclusions(spec.exclude, intent, demands, findings)
    # What is excluded beside the prompt (`--negative`, a style) binds the description as well.
    intent = _excluding(intent, exclude)
    bench = SubjectBench(given, intent, demands, findings)
    bench.mend()
    own = {subject.name: subject.attributes for subject in demands.subjects}
    changes: dict[str, Any] = {
        "source_prompt": intent.source,
        "language": intent.language,
        "relations": tuple(
            mend_relations(
                spec.relations,
                _demanded_relations(demands, bench),
                names={subject.id: subject.name for subject in bench.subjects},
                findings=findings,
            )
        ),
        "text": tuple(text),
        "exclude": tuple(exclude),
        "style": _style(spec.style, intent, findings),
        "palette": tuple(
            color for color in spec.palette if mend_phrase("palette", color, intent, findings)
        ),
        "resolutions": tuple(mend_resolutions(spec.resolutions, intent, findings)),
        "subjects": tuple(
            mend_details(subject, intent, findings, own=own.get(subject.name, ()))
            for subject in bench.subjects
        ),
    }
    for slot in PHRASES:
        changes[slot] = mend_phrase(slot, getattr(spec, slot), intent, findings)
    changes["assumptions"] = _assumptions(spec, changes)
    return changes, findings


def _excluding(intent: Intent, exclude: Sequence[str]) -> Intent:
    terms = dict.fromkeys([*intent.flags.exclude, *exclude])
    return replace(intent, flags=replace(intent.flags, exclude=tuple(terms)))


def _given_subjects(spec: PromptSpec, intent: Intent, findings: Findings) -> list[Subject]:
    """The spec's subjects, with spans that are in the true prompt."""
    if spec.source_prompt == intent.source:
        return list(spec.subjects)
    findings.note("source", "the prompt was altered in the description", "restored")
    return [
        subject
        if subject.source_span is None or subject.source_span in intent.source
        else subject.model_copy(update={"source_span": None})
        for subject in spec.subjects
    ]


def _demanded_relations(demands: Demands, bench: SubjectBench) -> list[Relation]:
    ids = {demands.subjects[index].id: id for index, id in bench.standing.items()}
    return [
        Relation(a=ids[relation.a], kind=relation.kind, b=ids[relation.b])
        for relation in demands.relations
    ]


def _style(style: Style, intent: Intent, findings: Findings) -> Style:
    changes: dict[str, Any] = {"detail": mend_phrase("style", style.detail, intent, findings)}
    if intent.media and style.medium not in intent.media:
        wanted = next(medium for medium in Medium if medium in intent.media).replace("_", " ")
        said = style.medium.replace("_", " ")
        detail = f"medium: the prompt asks for {wanted}, the description says {said}"
        findings.note("medium", detail, f"set to {wanted}")
        changes["medium"] = next(medium for medium in Medium if medium in intent.media)
    return style.model_copy(update=changes)


def _assumptions(spec: PromptSpec, changes: dict[str, Any]) -> tuple[str, ...]:
    """Without the lines ("lighting: ...") that speak of a slot whose words were taken out."""
    gone = {slot for slot in (*PHRASES, "palette") if changes[slot] != getattr(spec, slot)}
    if changes["style"] != spec.style:
        gone |= {"style", "medium"}
    return tuple(line for line in spec.assumptions if line.partition(":")[0] not in gone)
