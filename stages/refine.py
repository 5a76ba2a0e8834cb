"""The recipe of a picture and an instruction go in, a revised Description and its Plan come out.

The user's prompt leads every final prompt, so an instruction that changes what it says changes
the prompt too: the model edits it as little as it can, and the recipe keeps the words as they were
and the instruction, under `refined`.
"""

from dataclasses import dataclass, replace
from time import perf_counter

from imagine.stages.description import Description, adopt, asked_record, asking_notes
from imagine.stages.drawing import DrawingOptions
from imagine.stages.enhance import Enhancer, ModelEnhancer, Question, Revision
from imagine.stages.enhance.asking import Cache, ask
from imagine.stages.enlarged_again import enlarged_alike
from imagine.stages.errors import UsageError
from imagine.stages.guard import compare, repair
from imagine.stages.intent import parse_intent
from imagine.stages.plan import Plan, plan_pictures
from imagine.stages.recipe import Recipe, RefinementRecord
from imagine.stages.spec import (
    PHRASES,
    UNSTORABLE,
    PromptSpec,
    Subject,
    normalized,
    unstorable_shown,
)

MAX_INSTRUCTION = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a refinement changed.

    Attributes:
        what: "prompt", "lighting", "crown: attributes".
        before, after: as text; "" where nothing stands.
    """

    what: str
    before: str
    after: str


def refine(
    recipe: Recipe, instruction: str, *, enhancer: Enhancer, cache: Cache | None = None
) -> Description:
    """Change a picture's description as the user says, and nothing else of it.

    A description that a person wrote against its prompt is not repaired, only what agrees.

    Args:
        recipe: of the picture.
        instruction: what to change: "make the crown tiny"; 1 to 1,000 characters.
        enhancer: asks a language model.
        cache: of answers that were paid for before.

    Raises:
        UsageError: the instruction is unusable, or the enhancer asks no model.
        ProviderError, RefusedError, ConfigError: the model gave no usable answer.
    """
    start = perf_counter()
    instruction = _checked(instruction)
    if not isinstance(enhancer, ModelEnhancer):
        raise UsageError(
            f"The enhancer {enhancer.name} asks no language model, which reading an instruction "
            "takes; set GEMINI_API_KEY, or name one such as --enhancer ollama/llama3.2."
        )
    before, intent = recipe.spec, parse_intent(recipe.spec.source_prompt)
    seed = recipe.enhancer.seed if recipe.enhancer is not None else 0
    question = Question(intent, seed=seed, revision=Revision(before, instruction))
    asked = ask(enhancer, question, cache=cache)
    revised = asked.enhancement.spec
    if compare(before, intent):
        description = adopt(revised)
    else:
        edited = parse_intent(revised.source_prompt)
        repaired, report = repair(revised, edited)
        description = Description(intent=edited, spec=repaired, guard=report, enhancer=None)
    notes = (*description.notes, *asked.enhancement.notes, *asking_notes(enhancer, asked))
    same_look = description.spec.style.preset == before.style.preset
    done = RefinementRecord(instruction=instruction, source_prompt=recipe.source_prompt)
    return replace(
        description,
        enhancer=asked_record(enhancer, question, asked),
        styles=recipe.style_presets if same_look else (),
        refined=(*recipe.refined, done),
        notes=notes,
        seconds=perf_counter() - start,
    )


def _checked(instruction: str) -> str:
    """The instruction in NFC.

    Raises:
        UsageError: it is empty, too long, or holds control characters.
    """
    text = normalized(instruction)
    if not text:
        raise UsageError('The instruction is empty; say what to change: "make the crown tiny".')
    if len(text) > MAX_INSTRUCTION:
        raise UsageError(
            f"The instruction has {len(text)} characters, the limit is {MAX_INSTRUCTION}; "
            "shorten it."
        )
    if found := UNSTORABLE.search(text):
        raise UsageError(f"The instruction contains {unstorable_shown(found[0])}; remove it.")
    return text


def plan_refinement(
    recorded: Plan, description: Description, *, reshaped: bool = False, dry_run: bool = False
) -> Plan:
    """The recorded requests with the revised description in them: same seeds, size and options.

    They are enlarged as the recorded ones, of another shape by as much.

    Args:
        recorded: of `plan_replay`, which may be had before the model is asked.
        description: of `refine`.
        reshaped: the description's aspect ratio decides, not the recorded size.
        dry_run: as in `plan_pictures`.

    Raises:
        UsageError: the backend cannot honour the request.
        LocalBackendError: it cannot run here.
    """
    first = recorded.requests[0]
    plan = plan_pictures(
        description,
        backend=recorded.backend,
        seed=first.seed,
        count=len(recorded.requests),
        size=None if reshaped else (first.width, first.height),
        options=DrawingOptions.of(first),
        dry_run=dry_run,
    )
    again = enlarged_alike(recorded.enlargements, plan.requests[0].result_size)
    notes = dict.fromkeys((*recorded.missing, *plan.notes))
    return replace(plan, enlargements=again, notes=tuple(notes))


def changes_between(before: PromptSpec, after: PromptSpec) -> list[Change]:
    """What differs between two descriptions, in the order of their fields."""
    old, new = _leaves(before), _leaves(after)
    return [
        Change(what, old.get(what, ""), new.get(what, ""))
        for what in dict.fromkeys([*old, *new])
        if old.get(what, "") != new.get(what, "")
    ]


def _leaves(spec: PromptSpec) -> dict[str, str]:
    """Every slot of a description that holds something, as text by name."""
    names = {subject.id: subject.name for subject in spec.subjects}
    found = {"prompt": spec.source_prompt}
    for subject in spec.subjects:
        found |= _leaves_of(subject)
    for item in spec.relations:
        phrase = f"{names[item.a]} {item.kind.replace('_', ' ')} {names[item.b]}"
        found[f"relation {item.a} {item.kind} {item.b}"] = phrase
    found |= {"medium": spec.style.medium.replace("_", " "), "style": spec.style.detail or ""}
    for slot in PHRASES:
        found[slot] = getattr(spec, slot) or ""
    found["palette"] = ", ".join(spec.palette)
    found["text"] = "; ".join(
        ", ".join(filter(None, (f'"{item.content}"', item.placement, item.typeface)))
        for item in spec.text
    )
    found["avoid"] = ", ".join(spec.exclude)
    found["aspect ratio"] = spec.aspect_ratio or ""
    found["meaning"] = "; ".join(f"{item.phrase}: {item.meaning}" for item in spec.resolutions)
    return found


def _leaves_of(subject: Subject) -> dict[str, str]:
    fields = {
        "name": subject.name,
        "count": str(subject.count or ""),
        "colors": ", ".join(subject.colors),
        "attributes": ", ".join(subject.attributes),
        "action": subject.action or "",
        "pose": subject.pose or "",
        "position": (subject.position or "").replace("_", " "),
    }
    return {f"{subject.id}: {field}": text for field, text in fields.items()}
