"""A model's edit of the user's prompt goes in; the prompt comes out, if the edit is a small one.

The user's prompt leads every final prompt, so a model that is asked for a change may touch no more
of it than the change needs.
"""

import re
from difflib import SequenceMatcher
from typing import Any

from imagine.stages.demands import MAX_NAME
from imagine.stages.enhance import Question, Revision
from imagine.stages.enhance.extract import unusable
from imagine.stages.enhance.slots import Ids
from imagine.stages.enhance.values import as_objects, as_text
from imagine.stages.errors import shown
from imagine.stages.intent import Intent, parse_intent
from imagine.stages.rules.subjects import head_of, nouns_of
from imagine.stages.spec import MAX_PROMPT_LENGTH, UNSTORABLE, PromptSpec, normalized

# Words that an edit may bring in beside those of the instruction: "bigger" makes "a big crown".
MOST_NEW_WORDS = 4
# Words that go with a thing that is taken out: "next to a red".
WORDS_OF_SUBJECT = 4


def edited_prompt(text: str, values: dict[str, Any], question: Question, revision: Revision) -> str:
    """The user's prompt with the model's edit; as it was when the model edits it badly twice.

    Raises:
        UnusableAnswerError: the first answer's edit is no small one, loses a thing that stays, or
            quotes what nobody wrote.
    """
    intent, value = question.intent, values.get("source_prompt")
    core = normalized(UNSTORABLE.sub(" ", value)) if isinstance(value, str) else ""
    if not core or core == intent.core:
        return intent.source
    source = f"{core} {intent.flags.text}".strip()
    fault = _fault_of_edit(source, core, values, intent, revision)
    if fault is None:
        return source
    if question.correction is not None:
        return intent.source
    raise unusable(text, *fault)


def _fault_of_edit(
    source: str, core: str, values: dict[str, Any], intent: Intent, revision: Revision
) -> tuple[str, str] | None:
    """What is wrong with an edited prompt: for the user, and for the model."""
    instruction = revision.instruction
    gone = removed_subjects(values, revision.spec)
    if not _is_small_edit(_words(intent.core), _words(core), _words(instruction), len(gone)):
        return (
            "rewrites the prompt",
            "source_prompt is rewritten; make only the smallest edit that the instruction needs.",
        )
    if lost := _lost_name(core, values, intent, revision.spec):
        return (
            f"loses “{shown(lost)}” from the prompt",
            f"source_prompt no longer names “{shown(lost)}”, which stays in the picture; keep it "
            "there, or put its id into remove_subjects.",
        )
    for quote in parse_intent(core).quotes:
        if quote not in intent.core and quote not in instruction:
            return (
                f"brings in the text “{shown(quote)}”",
                f"source_prompt quotes “{shown(quote)}”, which the user did not write.",
            )
    if len(source) > MAX_PROMPT_LENGTH:
        return "makes the prompt too long", "source_prompt is too long."
    return None


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _is_small_edit(
    before: list[str], after: list[str], instruction: list[str], removed: int
) -> bool:
    """Whether a prompt was edited and not rewritten: few new words, and most of the old ones."""
    asked = len(instruction)
    new = [word for word in after if word not in {*before, *instruction}]
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    lost = len(before) - sum(block.size for block in matcher.get_matching_blocks())
    most_lost = max(len(before) // 2, 2 + asked + WORDS_OF_SUBJECT * removed)
    return len(new) <= MOST_NEW_WORDS + asked and lost <= most_lost


def _lost_name(core: str, values: dict[str, Any], intent: Intent, before: PromptSpec) -> str | None:
    """The name of a thing that the prompt named, that stays, and that it names no more."""
    ids, gone = Ids.of(before.subjects), removed_subjects(values, before)
    names = {
        ids.find(item.get("id")) or ids.find(item.get("name")): as_text(item.get("name"), MAX_NAME)
        for item in as_objects(values.get("subjects"), key="name", named="id")
    }
    for subject in before.subjects:
        name = names.get(subject.id) or subject.name
        stays = subject.id not in gone and _is_named(subject.name, intent.core)
        if stays and not _is_named(name, core):
            return name
    return None


def _is_named(name: str, core: str) -> bool:
    return name.lower() in core.lower() or head_of(name.lower()) in nouns_of(core)


def removed_subjects(values: dict[str, Any], before: PromptSpec) -> set[str]:
    """Ids of the subjects that the answer takes out."""
    ids, value = Ids.of(before.subjects), values.get("remove_subjects")
    named = value if isinstance(value, list) else [value]
    return {id for item in named if (id := ids.find(item)) is not None}
