"""Describing with a language model: what is recorded, what is told, and what happens on failure."""

from typing import Any

import pytest
from scripted import ONE_CALL, ScriptedModel

from imagine.stages.description import Description, describe
from imagine.stages.enhance import ENHANCERS, Enhancement, ModelEnhancer, Question
from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    LostAnswerError,
    ProviderError,
    RefusedError,
    UnusableAnswerError,
    UsageError,
)
from imagine.stages.image import ReferenceImage

OFFLINE = ENHANCERS.create("offline")
ORIGINAL = ENHANCERS.create("none")
PICTURE = ReferenceImage(data=b"x", format="png", width=1, height=1, sha256="0" * 64)
FOX: dict[str, Any] = {
    "subjects": [{"id": "fox", "name": "fox", "colors": ["red"]}],
    "style": {"medium": "photograph"},
    "setting": "a birch wood",
}
TWO = FOX | {"subjects": [{"id": "fox", "name": "fox", "count": 2}]}


def describe_with(*answers: Any, **options: Any) -> tuple[Description, ScriptedModel]:
    model = ScriptedModel(answers)
    return describe("a red fox", enhancer=model, **options), model


def test_the_record_says_who_described_and_what_it_used() -> None:
    description, model = describe_with(FOX, seed=9, images=[PICTURE])
    assert description.spec.setting == "a birch wood"
    assert description.notes == ()
    assert description.enhancer is not None
    assert description.enhancer.model_dump() == {
        "name": "scripted",
        "model": "scripted-1-001",
        "seed": 9,
        "template": "0123456789abcdef",
        "cached": False,
        "images": True,
        "reasked": (),
        "usage": {
            "calls": 1,
            "input_tokens": 100,
            "output_tokens": 10,
            "image_tokens": 0,
            "images": 0,
        },
    }
    assert model.questions == [Question(description.intent, seed=9, images=(PICTURE,))]


def test_a_second_call_is_told_with_its_reason() -> None:
    description, _ = describe_with(TWO, FOX)
    why = "count of fox: the prompt says 1, the description says 2"
    assert description.notes == (f"scripted was asked twice: {why}.",)
    assert description.enhancer is not None
    assert description.enhancer.reasked == (why,)
    assert description.enhancer.usage is not None
    assert description.enhancer.usage.calls == 2


def test_a_second_call_that_did_not_help_is_told_and_the_guard_repairs() -> None:
    description, _ = describe_with(TWO, "No.")
    assert description.notes == (
        "scripted was asked twice, and its second answer was no better: "
        "count of fox: the prompt says 1, the description says 2.",
    )
    assert description.spec.subjects[0].count is None
    assert description.guard.clean


class Shelf:
    """A cache that holds one answer."""

    def __init__(self) -> None:
        self.kept: Enhancement | None = None

    def load(self, question: Question, enhancer: ModelEnhancer) -> Enhancement | None:
        return self.kept

    def save(
        self, question: Question, enhancer: ModelEnhancer, enhancement: Enhancement
    ) -> str | None:
        self.kept = enhancement
        return None


def test_an_answer_from_the_cache_is_told_and_costs_nothing() -> None:
    cache = Shelf()
    describe_with(FOX, cache=cache)
    description, model = describe_with(cache=cache)
    assert model.questions == []
    assert description.notes == (
        "The description is reused from the cache (free); --no-cache asks again.",
    )
    assert description.enhancer is not None
    assert (description.enhancer.cached, description.enhancer.usage) == (True, None)


def test_an_enhancer_that_does_not_look_at_pictures_gets_none_and_says_so() -> None:
    model = ScriptedModel([FOX], sees_images=False)
    description = describe("a red fox", enhancer=model, images=[PICTURE])
    assert model.questions[0].images == ()
    assert description.notes == (
        "The picture goes to the backend alone; scripted described the words.",
    )
    assert description.enhancer is not None
    assert not description.enhancer.images
    offline = describe("a red fox", enhancer=OFFLINE, images=[PICTURE, PICTURE])
    assert offline.notes == ("The pictures go to the backend alone; offline described the words.",)


def test_who_asked_for_no_description_is_told_nothing_of_pictures() -> None:
    assert describe("a red fox", enhancer=ORIGINAL, images=[PICTURE]).notes == ()


@pytest.mark.parametrize(
    ("prompt", "notes"),
    [
        (
            "a plate --seed abc",
            ["'--seed abc' was ignored: abc is no whole number from 0 to 4294967295."],
        ),
        ("a plate --ar=wide", ["'--ar=wide' was ignored: wide is no ratio such as 16:9."]),
        ("a plate --tile --no", ["'--no' was ignored: it has no value."]),
        ("a plate --v 6", ["'--v 6' means nothing here and was ignored."]),
        (
            "a plate --style watercolor",
            [
                "'--style watercolor' was ignored; options stand outside the prompt's quotation "
                "marks."
            ],
        ),
        (
            "a plate --no-enhance",
            [
                "'--no-enhance' is no option in the prompt but a word of it; options stand outside "
                "the prompt's quotation marks."
            ],
        ),
        ('a sign that says "--help"', []),
        ("a fox -- a dog", []),
    ],
)
def test_what_looks_like_an_option_in_the_prompt_is_told(prompt: str, notes: list[str]) -> None:
    told = describe(prompt, enhancer=ORIGINAL).notes
    assert [note for note in told if "--tile" not in note] == notes


def test_alternatives_are_asked_for_or_differ_in_their_seeds() -> None:
    _, model = describe_with(FOX, variant=2, variants=4)
    assert (model.questions[0].variant, model.questions[0].variants) == (2, 4)
    second = describe("a red fox", enhancer=OFFLINE, seed=2**32 - 1, variant=2, variants=4)
    assert second.enhancer is not None
    assert second.enhancer.seed == 0
    assert second.spec == describe("a red fox", enhancer=OFFLINE, seed=0).spec


def test_styles_and_options_come_after_the_model() -> None:
    description, _ = describe_with(FOX, negative=["cars"], aspect_ratio="16:9")
    assert description.spec.exclude == ("cars",)
    assert description.spec.aspect_ratio == "16:9"


FAILURES = [
    ProviderError("Google Gemini cannot be reached; check the connection."),
    LostAnswerError("The answer was lost; look before asking again."),
    RefusedError("Google Gemini blocked the prompt (SAFETY); change the prompt."),
    ConfigError("There is no key for Google Gemini: set GEMINI_API_KEY."),
]


@pytest.mark.parametrize("error", FAILURES)
def test_a_failure_says_how_to_go_on(error: ImagineError) -> None:
    told = str(error)
    with pytest.raises(type(error)) as caught:
        describe_with(error)
    assert type(caught.value) is type(error)
    assert str(caught.value) == (
        f"{told.removesuffix('.')}; or go on without the enhancer: --no-enhance, or "
        "--on-enhance-error original|offline."
    )


def test_an_unusable_answer_keeps_what_it_knows() -> None:
    with pytest.raises(UnusableAnswerError) as caught:
        describe_with("No.", "Not at all.")
    assert str(caught.value) == (
        "The model's answer is prose (“Not at all.”); reword the prompt, or try another model; "
        "or go on without the enhancer: --no-enhance, or --on-enhance-error original|offline."
    )
    assert caught.value.answer == "Not at all."
    assert caught.value.usage == ONE_CALL + ONE_CALL


@pytest.mark.parametrize("fallback", [OFFLINE, ORIGINAL])
def test_a_fallback_describes_and_the_failure_is_told(fallback: Any) -> None:
    description, _ = describe_with(ProviderError("Gone; wait."), fallback=fallback, seed=3)
    assert description.spec == describe("a red fox", enhancer=fallback, seed=3).spec
    assert description.enhancer is not None
    assert (description.enhancer.name, description.enhancer.seed) == (fallback.name, 3)
    assert description.notes == (
        f"scripted failed, so {fallback.name} filled the description: Gone; wait.",
    )


def test_a_wrong_prompt_is_no_failure_of_the_enhancer() -> None:
    with pytest.raises(UsageError, match=r"^The prompt is empty; say what to draw"):
        describe(" ", enhancer=ScriptedModel([]), fallback=OFFLINE)


class Broken:
    """An enhancer without a model that fails all the same."""

    name = "broken"

    def enhance(self, intent: Any, *, seed: int) -> Enhancement:
        raise ProviderError("It broke; mend it.")


def test_an_enhancer_of_another_distribution_may_fail_too() -> None:
    with pytest.raises(
        ProviderError, match=r"^It broke; mend it; or go on without the enhancer: --no-enh"
    ):
        describe("a fox", enhancer=Broken())
    assert "broken failed" in describe("a fox", enhancer=Broken(), fallback=OFFLINE).notes[0]
