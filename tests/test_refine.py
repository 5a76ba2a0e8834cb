"""Refining a picture: what changes, what stays to the byte, and what the recipe keeps of it."""

from typing import Any

import pytest
from recipes import make_recipe
from scripted import ScriptedModel

from imagine.stages.description import Description, describe
from imagine.stages.enhance import ENHANCERS
from imagine.stages.errors import ProviderError, UnusableAnswerError, UsageError
from imagine.stages.generate import BACKENDS
from imagine.stages.pipeline import draw
from imagine.stages.plan import Plan, plan_pictures, plan_replay
from imagine.stages.recipe import Recipe, RefinementRecord
from imagine.stages.refine import Change, changes_between, plan_refinement, refine

SKETCH = BACKENDS.create("sketch")
PROMPT = "a red fox on a log --ar 3:2"
FOUND: dict[str, Any] = {
    "subjects": [
        {"id": "fox", "name": "fox", "source_span": "red fox", "colors": ["red"]},
        {"id": "log", "name": "log", "source_span": "log", "attributes": ["mossy"]},
    ],
    "relations": [{"a": "fox", "kind": "on", "b": "log"}],
    "style": {"medium": "photograph"},
    "setting": "a birch wood",
    "lighting": "low sun",
}
BLUE: dict[str, Any] = {
    "source_prompt": "a blue fox on a log",
    "subjects": [{"id": "fox", "colors": ["blue"], "source_span": "blue fox"}],
}


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    """Of a picture that a model described."""
    description = describe(PROMPT, enhancer=ScriptedModel([FOUND]), seed=5)
    planned = plan_pictures(description, backend=SKETCH, seed=11, size=(96, 64))
    return draw(planned, planned.requests[0]).recipe


def plan(recipe: Recipe, description: Description, **options: Any) -> Plan:
    return plan_refinement(plan_replay(recipe, backend=SKETCH), description, **options)


def test_only_what_was_asked_for_is_changed_and_the_request_stays(recipe: Recipe) -> None:
    model = ScriptedModel([BLUE])
    description = refine(recipe, "make the fox blue", enhancer=model)
    before, after = recipe.spec.to_dict(), description.spec.to_dict()
    assert {name for name in before if before[name] != after[name]} == {
        "source_prompt",
        "subjects",
    }
    assert after["subjects"][1] == before["subjects"][1]
    assert description.spec.source_prompt == "a blue fox on a log --ar 3:2"
    assert description.guard.findings == ()
    (request,) = plan(recipe, description).requests
    assert (request.width, request.height, request.seed) == (96, 64, 11)
    assert request.prompt == recipe.prompt.replace("red fox", "blue fox")
    assert model.questions[0].seed == 5


def test_the_recipe_keeps_the_first_words_and_every_instruction(recipe: Recipe) -> None:
    once = refine(recipe, " make the fox blue ", enhancer=ScriptedModel([BLUE]))
    planned = plan(recipe, once)
    second = draw(planned, planned.requests[0]).recipe
    dim = ScriptedModel([{"source_prompt": "a blue fox on a log", "lighting": "dusk"}])
    twice = refine(second, "dusk", enhancer=dim)
    assert twice.refined == (
        RefinementRecord(instruction="make the fox blue", source_prompt=PROMPT),
        RefinementRecord(instruction="dusk", source_prompt="a blue fox on a log --ar 3:2"),
    )
    assert plan_replay(second, backend=SKETCH).description.refined == once.refined
    assert second.enhancer is not None
    assert second.enhancer.name == "scripted"
    assert second.source_prompt == "a blue fox on a log --ar 3:2"


def test_a_forgotten_prompt_is_asked_for_and_told(recipe: Recipe) -> None:
    forgotten = BLUE | {"source_prompt": "a red fox on a log"}
    description = refine(recipe, "make the fox blue", enhancer=ScriptedModel([forgotten, BLUE]))
    why = "color of fox: the prompt says red, the description says blue"
    assert description.notes == (f"scripted was asked twice: {why}.",)
    assert description.spec.subjects[0].colors == ("blue",)


def test_the_prompt_wins_where_the_model_never_edits_it(recipe: Recipe) -> None:
    forgotten = BLUE | {"source_prompt": "a red fox on a log"}
    model = ScriptedModel([forgotten, forgotten])
    description = refine(recipe, "make the fox blue", enhancer=model)
    assert description.spec.subjects[0].colors == ("red",)
    assert [found.kind for found in description.guard.findings] == ["color"]


def test_what_a_person_wrote_against_the_prompt_is_not_repaired(recipe: Recipe) -> None:
    fox = recipe.spec.subjects[0].model_copy(update={"count": 4})
    edited = recipe.model_copy(
        update={"spec": recipe.spec.replace(subjects=(fox, recipe.spec.subjects[1]))}
    )
    model = ScriptedModel([{"source_prompt": "a red fox on a log", "mood": "calm"}])
    description = refine(edited, "calmer", enhancer=model)
    assert description.by_hand
    assert description.spec == edited.spec.replace(mood="calm")
    assert description.notes[0].startswith("The description differs from its prompt, which is sent")


def test_a_changed_shape_is_drawn_in_that_shape(recipe: Recipe) -> None:
    model = ScriptedModel([{"source_prompt": "a red fox on a log", "aspect_ratio": "1:1"}])
    description = refine(recipe, "make it square", enhancer=model)
    request = plan(recipe, description, reshaped=True).requests[0]
    assert request.width == request.height
    wide = plan_replay(recipe, backend=SKETCH, size=(128, 64), seed=1, count=2)
    requests = plan_refinement(wide, description).requests
    assert [(request.width, request.seed) for request in requests] == [(128, 1), (128, 2)]


def test_a_style_that_was_changed_is_no_preset_of_the_recipe() -> None:
    spec = make_recipe("a fox").spec
    preset = spec.style.model_copy(update={"preset": "noir", "detail": "film noir"})
    recipe = make_recipe("a fox", spec=spec.replace(style=preset), style_presets=("noir",))
    kept = refine(recipe, "calmer", enhancer=ScriptedModel([{"mood": "calm"}]))
    assert kept.styles == ("noir",)
    other = ScriptedModel([{"style": {"detail": "bright and flat"}}])
    assert refine(recipe, "brighter", enhancer=other).styles == ()


@pytest.mark.parametrize(
    ("instruction", "message"),
    [
        (" \n", 'The instruction is empty; say what to change: "make the crown tiny".'),
        ("x" * 1001, "The instruction has 1001 characters, the limit is 1000; shorten it."),
        ("a\x07", "The instruction contains the control character U+0007; remove it."),
    ],
)
def test_an_unusable_instruction_is_refused(recipe: Recipe, instruction: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        refine(recipe, instruction, enhancer=ScriptedModel([]))
    assert str(caught.value) == message


def test_an_enhancer_without_a_model_cannot_refine(recipe: Recipe) -> None:
    with pytest.raises(UsageError) as caught:
        refine(recipe, "bigger", enhancer=ENHANCERS.create("offline"))
    assert str(caught.value) == (
        "The enhancer offline asks no language model, which reading an instruction takes; "
        "set GEMINI_API_KEY, or name one such as --enhancer ollama/llama3.2."
    )


@pytest.mark.parametrize(
    "answers", [[ProviderError("Gone; wait.")], ["No.", "No."], ['{"subjects": []}'] * 2]
)
def test_a_failure_leaves_everything_as_it_is(recipe: Recipe, answers: list[Any]) -> None:
    with pytest.raises((ProviderError, UnusableAnswerError)) as caught:
        refine(recipe, "bigger", enhancer=ScriptedModel(answers))
    assert "--no-enhance" not in str(caught.value)


def test_the_changes_are_named_with_what_stood_there(recipe: Recipe) -> None:
    description = refine(
        recipe,
        "blue, on a stone, no log",
        enhancer=ScriptedModel(
            [
                {
                    "source_prompt": "a blue fox on a stone",
                    "remove_subjects": ["log"],
                    "subjects": [
                        {"id": "fox", "colors": ["blue"]},
                        {"id": "stone", "name": "stone"},
                    ],
                    "add_relations": [{"a": "fox", "kind": "on", "b": "stone"}],
                    "exclude": ["log"],
                    "clear": ["lighting"],
                }
            ]
        ),
    )
    assert changes_between(recipe.spec, description.spec) == [
        Change("prompt", PROMPT, "a blue fox on a stone --ar 3:2"),
        Change("fox: colors", "red", "blue"),
        Change("log: name", "log", ""),
        Change("log: attributes", "mossy", ""),
        Change("relation fox on log", "fox on log", ""),
        Change("lighting", "low sun", ""),
        Change("avoid", "", "log"),
        Change("stone: name", "", "stone"),
        Change("relation fox on stone", "", "fox on stone"),
    ]
    assert changes_between(recipe.spec, recipe.spec) == []
