"""A model's changes to a description go in, the revised description comes out.

Only what the answer changes is touched: every other subject, relation and slot is the very object
that stood there before.
"""

from collections.abc import Sequence
from typing import Any

from imagine.stages.demands import (
    MAX_RELATIONS,
    MAX_SUBJECTS,
    MAX_TEXTS,
    demands_of,
    slug_for,
)
from imagine.stages.enhance import Question, Revision
from imagine.stages.enhance.edits import edited_prompt, removed_subjects
from imagine.stages.enhance.extract import object_with, unusable
from imagine.stages.enhance.schema import REFINE_SCHEMA
from imagine.stages.enhance.slots import (
    SUBJECT_FIELDS,
    Ids,
    build,
    copy_of,
    read_assumptions,
    read_exclusions,
    read_phrases,
    read_relations,
    read_subject,
    read_texts,
    span_of,
)
from imagine.stages.enhance.values import (
    as_colors,
    as_medium,
    as_objects,
    as_ratio,
    as_text,
    as_texts,
)
from imagine.stages.intent import Intent, parse_intent
from imagine.stages.spec import (
    PromptSpec,
    Relation,
    Style,
    Subject,
    TextItem,
)

# What tells changes from an object within them, such as a subject, which may be cleared too.
_FIELDS = [name for name in REFINE_SCHEMA["properties"] if name != "clear"]


def read_changes(text: str, question: Question, revision: Revision) -> PromptSpec:
    """Apply what a model answered to a revision.

    Args:
        text: the answer.
        question: of the prompt as it was.
        revision: of the question: the description as it was, and what the user wants changed.

    Returns:
        The revised description, whose prompt may be edited; the guard has not seen it yet.

    Raises:
        UnusableAnswerError: the answer holds no changes, or more than was asked for.
    """
    values = object_with(_FIELDS, text)
    before, intent = revision.spec, question.intent
    source = edited_prompt(text, values, question, revision)
    edited = parse_intent(source)
    cleared = set(as_texts(values.get("clear"), limit=40, most=20))
    subjects = _subjects(text, values, before, edited)
    fields = {
        **dict(before),
        "source_prompt": source,
        "language": edited.language,
        "subjects": subjects,
        "relations": _relations(values, before, subjects),
        "text": _texts(values.get("text"), before, edited),
        "style": _style(values.get("style"), before.style, cleared),
        "aspect_ratio": _ratio(values.get("aspect_ratio"), before, intent, edited, cleared),
        "resolutions": [item for item in before.resolutions if item.phrase in source],
        **_slots(values, before, cleared),
    }
    fields["assumptions"] = _assumptions(values.get("assumptions"), before, fields)
    revised = build(fields, text)
    if revised == before:
        raise unusable(
            text, "changes nothing", "The answer changes nothing: follow the instruction."
        )
    return revised


def _subjects(
    text: str, values: dict[str, Any], before: PromptSpec, edited: Intent
) -> tuple[Subject, ...]:
    """The subjects with those removed, changed and added that the answer names.

    Raises:
        UnusableAnswerError: none is left, or more than a description holds.
    """
    ids = Ids.of(before.subjects)
    gone = removed_subjects(values, before)
    kept = {subject.id: subject for subject in before.subjects if subject.id not in gone}
    for item in as_objects(values.get("subjects"), key="name", named="id"):
        known = ids.find(item.get("id")) or ids.find(item.get("name"))
        if known in kept:
            kept[known] = _changed(kept[known], item, edited)
        elif known is None and (fields := read_subject(item, edited)) is not None:
            id = slug_for(as_text(item.get("id"), 60) or fields["name"], taken=[*kept])
            kept[id] = Subject(id=id, **fields)
    if not kept:
        raise unusable(text, "leaves no subject", "The changes leave no subject in the picture.")
    if len(kept) > MAX_SUBJECTS:
        raise unusable(
            text,
            f"makes {len(kept)} subjects",
            f"The changes make {len(kept)} subjects, and {MAX_SUBJECTS} are the most.",
        )
    return tuple(_with_span(subject, edited) for subject in kept.values())


def _changed(subject: Subject, item: dict[str, Any], edited: Intent) -> Subject:
    """The subject with the fields that the answer gives, and without those that it clears."""
    changes: dict[str, Any] = {}
    if name := as_text(item.get("name"), 60):
        changes["name"] = name
    if span := span_of(item.get("source_span"), edited):
        changes["source_span"] = span
    for field, read in SUBJECT_FIELDS.items():
        value = read(item.get(field))
        if value not in (None, ()):
            changes[field] = value
    for field in as_texts(item.get("clear"), limit=40, most=20):
        if field in SUBJECT_FIELDS and field not in changes:
            changes[field] = Subject.model_fields[field].default
    return subject.model_copy(update=changes) if changes else subject


def _with_span(subject: Subject, edited: Intent) -> Subject:
    """The subject; its span is open where the edited prompt has those words no more."""
    if subject.source_span is None or subject.source_span in edited.source:
        return subject
    return subject.model_copy(update={"source_span": None})


def _relations(
    values: dict[str, Any], before: PromptSpec, subjects: Sequence[Subject]
) -> tuple[Relation, ...]:
    ids, there = Ids.of([*before.subjects, *subjects]), {subject.id for subject in subjects}
    removed = [Relation(**item) for item in read_relations(values.get("remove_relations"), ids)]
    added = [Relation(**item) for item in read_relations(values.get("add_relations"), ids)]
    kept = [
        relation
        for relation in before.relations
        if relation not in removed and {relation.a, relation.b} <= there
    ]
    kept += [item for item in added if item not in kept and {item.a, item.b} <= there]
    return tuple(kept)[:MAX_RELATIONS]


def _texts(value: Any, before: PromptSpec, edited: Intent) -> tuple[TextItem, ...]:
    """The edited prompt's quotes; a new one stands where the one that it replaces stood."""
    quotes = demands_of(edited).texts
    given = [item for item in read_texts(value, edited) if item.content in quotes]
    there = {item.content: item for item in before.text}
    orphans = [item for item in before.text if item.content not in edited.core]
    found = [item for item in before.text if item.content in edited.core]
    for quote in quotes:
        if quote not in there:
            stood = copy_of(quote, orphans) or next(iter(orphans), None)
            if stood is not None:
                orphans.remove(stood)
            found.append((stood or TextItem(content=quote)).model_copy(update={"content": quote}))
    changed = {item.content: item for item in given if item.placement or item.typeface}
    return tuple(_lettered(item, changed.get(item.content)) for item in found)[:MAX_TEXTS]


def _lettered(item: TextItem, given: TextItem | None) -> TextItem:
    if given is None:
        return item
    named = {"placement": given.placement, "typeface": given.typeface}
    return item.model_copy(update={field: text for field, text in named.items() if text})


def _style(value: Any, style: Style, cleared: set[str]) -> Style:
    item = next(as_objects(value, key="detail"), {})
    changes: dict[str, Any] = {}
    if medium := as_medium(item.get("medium")):
        changes["medium"] = medium
    if detail := as_text(item.get("detail"), 80):
        changes["detail"] = detail
    elif "style_detail" in cleared:
        changes["detail"] = None
    changes = {field: new for field, new in changes.items() if new != getattr(style, field)}
    # A preset is a whole look: what is changed of it is that preset no more.
    return style.model_copy(update={**changes, "preset": None}) if changes else style


def _ratio(
    value: Any, before: PromptSpec, intent: Intent, edited: Intent, cleared: set[str]
) -> str | None:
    if ratio := as_ratio(value):
        return ratio
    if edited.aspect_ratio != intent.aspect_ratio:
        return edited.aspect_ratio
    return None if "aspect_ratio" in cleared else before.aspect_ratio


def _slots(values: dict[str, Any], before: PromptSpec, cleared: set[str]) -> dict[str, Any]:
    """The phrases and lists of words, each as given, emptied, or as it was."""
    given: dict[str, Any] = dict(read_phrases(values))
    given["palette"] = as_colors(values.get("palette"), most=6) if values.get("palette") else None
    given["exclude"] = read_exclusions(values["exclude"]) if values.get("exclude") else None
    as_it_was = {
        slot: PromptSpec.model_fields[slot].default if slot in cleared else getattr(before, slot)
        for slot in given
    }
    return {slot: value or as_it_was[slot] for slot, value in given.items()}


def _assumptions(value: Any, before: PromptSpec, fields: dict[str, Any]) -> tuple[str, ...]:
    """The old ones but for those of slots ("lighting: ...") that are changed, and the new ones."""
    changed = {slot for slot in PromptSpec.model_fields if fields[slot] != getattr(before, slot)}
    kept = [line for line in before.assumptions if line.partition(":")[0] not in changed]
    return tuple(dict.fromkeys([*kept, *read_assumptions(value)]))[:8]
