"""The law of the second call: when a model is asked again, what it is told, whose answer wins."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from scripted import ONE_CALL, ScriptedModel

from imagine.stages.enhance import (
    ENHANCERS,
    Correction,
    Enhancement,
    ModelEnhancer,
    Question,
    Revision,
)
from imagine.stages.enhance.answer import read_answer
from imagine.stages.enhance.asking import WORTH_ASKING, Asked, ask, faults_of
from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    LostAnswerError,
    ProviderError,
    RefusedError,
    UnusableAnswerError,
)
from imagine.stages.guard import compare, repair
from imagine.stages.intent import parse_intent
from imagine.stages.money.usage import NOTHING, Usage
from imagine.stages.spec import clean_prompt, spec_from_dict

PROMPT = 'three red apples to the left of a blue bowl at noon, with a sign "Hi", no people'
APPLES = {"id": "apples", "name": "apple", "count": 3, "colors": ["red"]}
BOWL = {"id": "bowl", "name": "bowl", "colors": ["blue"]}
SIGN = {"id": "sign", "name": "sign"}
LEFT = {"a": "apples", "kind": "left_of", "b": "bowl"}
GOOD: dict[str, Any] = {
    "subjects": [APPLES, BOWL, SIGN],
    "relations": [LEFT],
    "text": [{"content": "Hi"}],
    "exclude": ["people"],
    "style": {"medium": "photograph"},
}
FIVE = GOOD | {"subjects": [APPLES | {"count": 5}, BOWL, SIGN]}
TOO_MANY = "count of apple: the prompt says 3, the description says 5"
AT_NIGHT = FIVE | {"setting": "a table at night"}
NIGHT = "time: the prompt says day, the text says night"


def question(prompt: str = PROMPT, **changes: Any) -> Question:
    return replace(Question(parse_intent(prompt), seed=7), **changes)


def put(*answers: Any, prompt: str = PROMPT) -> tuple[Asked, ScriptedModel]:
    model = ScriptedModel(answers)
    return ask(model, question(prompt)), model


def test_the_scripted_model_is_a_model_enhancer() -> None:
    assert isinstance(ScriptedModel([]), ModelEnhancer)


def test_a_good_answer_is_enough() -> None:
    asked, model = put(GOOD)
    assert len(model.questions) == 1
    assert asked == Asked(asked.enhancement)
    assert asked.enhancement.usage == ONE_CALL


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"subjects": [APPLES | {"count": 5}, BOWL, SIGN]}, TOO_MANY),
        (
            {"subjects": [APPLES, BOWL | {"colors": ["red"]}, SIGN]},
            "color of bowl: the prompt says blue, the description says red",
        ),
        (
            {"relations": [LEFT | {"kind": "right_of"}]},
            "relation: the prompt says “apple left of bowl”, "
            "the description says “apple right of bowl”",
        ),
        (
            {"setting": "a market full of people"},
            "setting: “people” is excluded, the text mentions it",
        ),
        (
            {"exclude": ["people", "bowl"]},
            "the description excludes “bowl”, which the prompt asks for",
        ),
        ({"lighting": "moonlit night"}, "lighting: " + NIGHT),
        (
            {
                "setting": "ein Tisch mit einer Decke",
                "lighting": "Licht auf dem Holz",
            },
            "language: the prompt is in English, the description in German",
        ),
        (
            {"mood": "宁静", "setting": "木桌上的静物"},
            "language: the prompt is in English, the description in Chinese or Japanese",
        ),
    ],
)
def test_a_contradiction_is_worth_a_second_call(change: dict[str, Any], problem: str) -> None:
    asked, model = put(GOOD | change, GOOD)
    assert asked.reasked[0] == problem
    assert asked.replaced
    first, second = model.questions
    assert first.correction is None
    assert second == replace(first, correction=second.correction)
    assert second.correction == Correction(json.dumps(GOOD | change), asked.reasked)
    assert asked.enhancement.usage == ONE_CALL + ONE_CALL
    assert compare(asked.enhancement.spec, first.intent) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"exclude": []},
        {"relations": []},
        {"text": [{"content": "hI", "placement": "top"}, {"content": "SALE"}]},
        {"subjects": [{"id": "apples", "name": "apple"}, {"id": "bowl", "name": "bowl"}]},
        {"subjects": [*GOOD["subjects"], {"id": "girl", "name": "girl", "origin": "added"}]},
        {"resolutions": [{"phrase": "the moon", "meaning": "a lamp"}]},
        {"subjects": [APPLES, BOWL | {"attributes": ["white rim"]}, SIGN]},
    ],
)
def test_what_repair_mends_without_loss_is_not(change: dict[str, Any]) -> None:
    asked, model = put(GOOD | change)
    assert len(model.questions) == 1
    assert asked.reasked == ()
    # The answers are not good: it is the guard that mends them.
    spec = asked.enhancement.spec
    mended = compare(spec, model.questions[0].intent)
    assert mended or change.keys() == {"text"}
    assert not {found.kind for found in mended} & {"medium", "time", "monochrome"}


@pytest.mark.parametrize(
    ("prompt", "setting", "told"),
    [
        ("ein Fuchs im Wald und auf dem Feld", "un bois avec le soleil et la neige", ()),
        ("ein Fuchs im Wald und auf dem Feld", "a wood with the sun in it", ()),
        ("ein Fuchs im Wald und auf dem Feld", "雪中的森林", ("German", "Chinese or Japanese")),
        ("雪の中の鳥居", "神社参道", ()),
        ("雪の中の鳥居", "снежный лес", ("Japanese", "Russian")),
        ("a fox", "ein Wald mit dem Schnee auf den Bäumen", ("English", "German")),
        ("a fox", "雪", ("English", "Chinese or Japanese")),
        ("🦊", "a wood", ()),
    ],
)
def test_another_language_is_a_fault_where_it_can_be_told(
    prompt: str, setting: str, told: tuple[str, ...]
) -> None:
    asked = question(prompt)
    values = {"subjects": [{"name": prompt}], "setting": setting}
    faults = faults_of(read_answer(json.dumps(values), asked), asked)
    language = "language: the prompt is in {}, the description in {}"
    assert faults == ((language.format(*told),) if told else ())


def test_every_kind_that_is_worth_it_names_something_that_repair_would_cut() -> None:
    assert {"text", "source", "subject", "added", "wording"}.isdisjoint(WORTH_ASKING)


@pytest.mark.parametrize(
    ("second", "left"),
    [
        (AT_NIGHT, 1),  # worse: two contradictions
        ("I'd rather not.", 1),
        (RefusedError("Blocked."), 1),
        (LostAnswerError("Lost."), 1),
        (ProviderError("Gone."), 1),
    ],
)
def test_the_first_answer_stays_when_the_second_is_no_better(second: Any, left: int) -> None:
    asked, model = put(FIVE, second)
    assert len(model.questions) == 2
    assert asked.reasked == (TOO_MANY,)
    assert not asked.replaced
    assert len(faults_of(asked.enhancement.spec, model.questions[0])) == left
    answered = 1 if isinstance(second, Exception) else 2
    assert asked.enhancement.usage.calls == answered


def test_a_second_answer_that_is_as_good_is_used() -> None:
    asked, _ = put(FIVE, FIVE | {"mood": "calm"})
    assert asked.replaced
    assert asked.enhancement.spec.mood == "calm"


def test_never_more_than_one_second_call() -> None:
    _, model = put(AT_NIGHT, FIVE, GOOD)
    assert len(model.questions) == 2


def test_an_unusable_answer_is_worth_a_second_call() -> None:
    asked, model = put("Here you are: apples.", GOOD)
    assert asked.reasked == ("The answer holds no JSON object. Answer with the JSON object alone.",)
    assert model.questions[1].correction == Correction("Here you are: apples.", asked.reasked)
    assert asked.enhancement.usage == ONE_CALL + ONE_CALL


def test_two_unusable_answers_are_an_error_with_the_usage_of_both() -> None:
    model = ScriptedModel(["Apples.", "{"])
    with pytest.raises(UnusableAnswerError) as caught:
        ask(model, question())
    assert str(caught.value) == (
        "The model's answer was cut after 1 characters; try again, or another model."
    )
    assert caught.value.usage == ONE_CALL + ONE_CALL


@pytest.mark.parametrize("kind", [RefusedError, LostAnswerError, ProviderError, ConfigError])
@pytest.mark.parametrize(("counted", "both"), [(None, ONE_CALL), (ONE_CALL, ONE_CALL + ONE_CALL)])
def test_whatever_the_second_call_fails_with_the_first_is_still_paid_for(
    kind: type[ImagineError], counted: Usage | None, both: Usage
) -> None:
    error = kind("It failed.")
    error.usage = counted
    with pytest.raises(kind) as caught:
        ask(ScriptedModel(["Apples.", error]), question())
    assert caught.value.usage == both


@pytest.mark.parametrize(("counted", "both"), [(None, ONE_CALL), (ONE_CALL, ONE_CALL + ONE_CALL)])
def test_a_failed_second_call_counts_beside_the_first_answer(
    counted: Usage | None, both: Usage
) -> None:
    error = RefusedError("Blocked.")
    error.usage = counted
    asked, _ = put(FIVE, error)
    assert asked.enhancement.usage == both


def test_what_nobody_counted_stays_unknown() -> None:
    damaged = UnusableAnswerError("It is no whole JSON.", problem="It is no whole JSON.")
    with pytest.raises(LostAnswerError) as caught:
        ask(ScriptedModel([damaged, LostAnswerError("Lost.")]), question())
    assert caught.value.usage is None


@pytest.mark.parametrize(
    "error",
    [
        UnusableAnswerError("It thought too long."),  # nothing to tell the model
        RefusedError("Blocked."),
        ProviderError("Gone."),
        ConfigError("No key."),
    ],
)
def test_other_failures_are_not_asked_again(error: ImagineError) -> None:
    model = ScriptedModel([error])
    with pytest.raises(type(error)) as caught:
        ask(model, question())
    assert caught.value is error
    assert len(model.questions) == 1


def test_a_key_that_is_rejected_in_the_second_call_is_an_error() -> None:
    with pytest.raises(ConfigError):
        put(FIVE, ConfigError("The key was rejected."))


class Memory:
    """A cache in memory."""

    def __init__(self, note: str | None = None) -> None:
        self.kept: dict[str, Enhancement] = {}
        self.note = note

    def load(self, question: Question, enhancer: ModelEnhancer) -> Enhancement | None:
        return self.kept.get(question.intent.source)

    def save(
        self, question: Question, enhancer: ModelEnhancer, enhancement: Enhancement
    ) -> str | None:
        assert question.correction is None
        self.kept[question.intent.source] = enhancement
        return self.note


def test_the_final_answer_is_kept_and_costs_nothing_the_next_time() -> None:
    cache = Memory()
    model = ScriptedModel([AT_NIGHT, FIVE])
    asked = ask(model, question(), cache=cache)
    assert asked.replaced
    again = ask(model, question(), cache=cache)
    assert again == Asked(replace(asked.enhancement, usage=NOTHING), cached=True)
    assert len(model.questions) == 2


def test_a_cache_that_cannot_keep_an_answer_says_so() -> None:
    asked = ask(ScriptedModel([GOOD]), question(), cache=Memory("The disk is full."))
    assert asked.notes == ("The disk is full.",)


def test_an_answer_that_is_no_description_is_not_kept() -> None:
    cache = Memory()
    with pytest.raises(UnusableAnswerError):
        ask(ScriptedModel(["No.", "No."]), question(), cache=cache)
    assert cache.kept == {}


def test_what_a_person_wrote_against_the_prompt_is_no_fault_of_a_revision() -> None:
    intent = parse_intent(PROMPT)
    spec = read_answer(json.dumps(FIVE), question())
    revision = Revision(spec, "softer light")
    asked = ask(
        model := ScriptedModel([{"source_prompt": PROMPT, "lighting": "soft daylight"}]),
        Question(intent, revision=revision),
    )
    assert len(model.questions) == 1
    assert asked.enhancement.spec == spec.replace(lighting="soft daylight")


def test_a_revision_is_held_against_the_edited_prompt() -> None:
    spec = spec_from_dict(
        {
            "source_prompt": "a red fox",
            "subjects": [{"id": "fox", "name": "fox", "colors": ["red"]}],
            "style": {"medium": "photograph"},
        }
    )
    blue = {"subjects": [{"id": "fox", "colors": ["blue"]}]}
    forgotten = {"source_prompt": "a red fox", **blue}
    model = ScriptedModel([forgotten, {"source_prompt": "a blue fox", **blue}])
    asked = ask(model, Question(parse_intent("a red fox"), revision=Revision(spec, "make it blue")))
    assert asked.reasked == ("color of fox: the prompt says red, the description says blue",)
    assert asked.enhancement.spec.source_prompt == "a blue fox"
    assert asked.enhancement.spec.subjects[0].colors == ("blue",)


def test_a_description_sent_back_as_an_answer_is_read_as_it_is(
    read_eval: Callable[[str], Iterator[dict[str, Any]]],
) -> None:
    offline = ENHANCERS.create("offline")
    for number, row in enumerate(islice(read_eval("prompts/partiprompts"), 0, None, 8)):
        asked = question(clean_prompt(row["prompt"]))
        spec, _ = repair(offline.enhance(asked.intent, seed=number).spec, asked.intent)
        back = read_answer(json.dumps(spec.to_dict()), asked)
        assert back == spec
        assert faults_of(back, asked) == ()
