"""A model's answer, read leniently: its text and the question go in, a draft PromptSpec comes out.

Models fence their JSON and think aloud before it. What only code may fill is filled by code.
"""

from imagine.stages.enhance import Question
from imagine.stages.enhance.changes import read_changes
from imagine.stages.enhance.extract import object_with, unusable
from imagine.stages.enhance.slots import (
    build,
    read_assumptions,
    read_exclusions,
    read_phrases,
    read_relations,
    read_resolutions,
    read_style,
    read_subjects,
    read_texts,
)
from imagine.stages.enhance.values import as_colors, as_ratio
from imagine.stages.spec import PromptSpec


def read_answer(text: str, question: Question) -> PromptSpec:
    """Read what a model answered to `question`.

    Args:
        text: the answer, thoughts and fences included.
        question: gives what only code fills: the prompt, its language, its quoted texts.

    Returns:
        A valid description, which the guard has not seen yet; of a question with a revision, the
        revised description.

    Raises:
        UnusableAnswerError: the answer is no description; `problem` tells the model why.
    """
    if question.revision is not None:
        return read_changes(text, question, question.revision)
    intent = question.intent
    values = object_with(["subjects"], text)
    subjects, ids = read_subjects(values.get("subjects"), intent)
    if not subjects:
        raise unusable(text, "names no subject", "The answer has no subject with a name.")
    fields = {
        "source_prompt": intent.source,
        "language": intent.language,
        "subjects": subjects,
        "relations": read_relations(values.get("relations"), ids),
        "style": read_style(values.get("style"), intent),
        "palette": as_colors(values.get("palette"), most=6),
        "text": read_texts(values.get("text"), intent),
        "exclude": read_exclusions(values.get("exclude")),
        "aspect_ratio": intent.aspect_ratio or as_ratio(values.get("aspect_ratio")),
        "resolutions": read_resolutions(values.get("resolutions"), intent),
        "assumptions": read_assumptions(values.get("assumptions")),
        **read_phrases(values),
    }
    return build(fields, text)
