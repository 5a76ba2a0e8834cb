"""The pipeline as a library: describe, plan, draw; with a backend made for the test."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from imagine.stages.description import adopt, describe, unkept_ratio
from imagine.stages.enhance import ENHANCERS, Enhancement
from imagine.stages.errors import RefusedError, UsageError
from imagine.stages.generate import Capabilities
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.intent import Intent
from imagine.stages.pipeline import draw, draw_together, picture_of
from imagine.stages.plan import plan_pictures, plan_replay
from imagine.stages.sizes import FreeSizes
from imagine.stages.spec import PromptSpec

OFFLINE = ENHANCERS.create("offline")


class Painter:
    """Paints one colour, and does as it is told."""

    name = "painter"
    model = "painter-1"

    def __init__(self, **capabilities: Any) -> None:
        usual = Capabilities(
            profile="natural",
            negative_prompt=False,
            seed=True,
            sizes=FreeSizes(min_side=8, max_side=4096, max_pixels=2_000_000),
            trained=True,
        )
        self.capabilities = replace(usual, **capabilities)
        self.refuses = False

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        yield Progress(1, 2, "half")
        if self.refuses:
            raise RefusedError("The painter refused.")
        yield Progress(2, 2, "whole")
        pixels = Image.new("RGB", (request.width, request.height), "red")
        yield GeneratedImage(drawn=pixels, model="painter-1", notes=("It is red.",))


class Liar:
    """An enhancer that breaks every law."""

    name = "liar"

    def enhance(self, intent: Intent, *, seed: int) -> Enhancement:
        spec = PromptSpec.model_validate(
            {
                "source_prompt": intent.source,
                "subjects": [{"id": "apple", "name": "apple", "count": 7, "colors": ["green"]}],
                "setting": "a green apple on a crowded beach at night",
                "style": {"medium": "photograph"},
                "text": [{"content": "Hullo"}],
            }
        )
        return Enhancement(spec=spec, model="liar-1")


def test_progress_is_told_and_the_recipe_says_what_was_done() -> None:
    description = describe("a red fox --ar 16:9", enhancer=OFFLINE, seed=3, negative=["people"])
    plan = plan_pictures(description, backend=Painter(), seed=5)
    steps: list[Progress] = []
    picture = draw(plan, plan.requests[0], on_progress=steps.append)
    assert [step.label for step in steps] == ["half", "whole"]
    recipe = picture.recipe
    assert recipe.to_request() == plan.requests[0]
    assert recipe.source_prompt == "a red fox --ar 16:9"
    assert recipe.prompt.startswith("a red fox. ")
    assert recipe.enhancer is not None
    assert (recipe.enhancer.name, recipe.enhancer.seed) == ("offline", 3)
    assert recipe.backend.model_dump() == {
        "name": "painter",
        "model": "painter-1",
        "trained": True,
        "parameters": {"width": 1344, "height": 768, "seed": 5, "model": "painter-1"},
        "loras": (),
    }
    assert recipe.notes == ("It is red.",)
    assert set(recipe.timings) == {"enhance", "generate"}
    assert "people" in recipe.spec.exclude


def test_the_guard_restores_what_an_enhancer_breaks() -> None:
    prompt = 'three red apples and a sign that says "Hello" by day, no people'
    description = describe(prompt, enhancer=Liar())
    spec = description.spec
    apple = next(subject for subject in spec.subjects if subject.name == "apple")
    assert (apple.count, apple.colors) == (3, ("red",))
    assert [item.content for item in spec.text] == ["Hello"]
    assert "people" in spec.exclude
    assert "night" not in (spec.setting or "")
    assert {found.kind for found in description.guard.findings} >= {"count", "color", "text"}
    plan = plan_pictures(description, backend=Painter(), seed=1)
    assert prompt in plan.requests[0].prompt


def test_a_negative_prompt_goes_only_to_a_backend_that_reads_it() -> None:
    description = describe("a fox", enhancer=OFFLINE, negative=["people, cars"])
    with_channel = plan_pictures(description, backend=Painter(negative_prompt=True), seed=1)
    without = plan_pictures(description, backend=Painter(), seed=1)
    assert with_channel.requests[0].negative_prompt == "people, cars"
    assert without.requests[0].negative_prompt is None
    assert "deserted" in without.requests[0].prompt


def test_a_prompt_too_long_for_clip_is_said() -> None:
    description = describe("a fox in the deep snow and " * 30, enhancer=OFFLINE)
    plan = plan_pictures(description, backend=Painter(profile="clip75"), seed=1)
    assert any("a CLIP model reads the first 75" in note for note in plan.notes)


def test_an_edited_description_is_sent_as_it_is() -> None:
    description = describe("three apples", enhancer=OFFLINE)
    subject = description.spec.subjects[0].model_copy(update={"count": 5})
    edited = adopt(description.spec.replace(subjects=(subject,)), enhancer=description.enhancer)
    plan = plan_pictures(edited, backend=Painter(), seed=1)
    assert "5 of them" in plan.requests[0].prompt
    assert any("count of apple" in note for note in plan.notes)


def test_a_backends_error_reaches_the_caller() -> None:
    painter = Painter()
    painter.refuses = True
    plan = plan_pictures(describe("a fox", enhancer=OFFLINE), backend=painter, seed=1)
    with pytest.raises(RefusedError):
        draw(plan, plan.requests[0])


class Duo(Painter):
    """Paints two pictures in one go."""

    together = 2
    forgets = False

    def generate_together(
        self, requests: Sequence[ImageRequest]
    ) -> Iterator[Progress | GeneratedImage]:
        yield Progress(1, 1, "both")
        for request in requests[self.forgets :]:
            yield from list(self.generate(request))[-1:]


def test_pictures_drawn_together_have_recipes_of_their_own() -> None:
    duo = Duo()
    plans = [
        plan_pictures(describe(prompt, enhancer=OFFLINE), backend=duo, seed=seed)
        for prompt, seed in (("a fox", 3), ("an owl", 4))
    ]
    steps: list[Progress] = []
    pictures = draw_together([(plan, plan.requests[0]) for plan in plans], on_progress=steps.append)
    assert [step.label for step in steps] == ["both"]
    assert [picture.recipe.to_request() for picture in pictures] == [
        plan.requests[0] for plan in plans
    ]
    assert [picture.recipe.source_prompt for picture in pictures] == ["a fox", "an owl"]
    first, second = (picture.recipe.timings for picture in pictures)
    assert first["generate"] == second["generate"]


def test_what_fails_together_gives_no_picture() -> None:
    duo = Duo()
    plan = plan_pictures(describe("a fox", enhancer=OFFLINE), backend=duo, seed=1, count=2)
    pairs = [(plan, request) for request in plan.requests]
    duo.refuses = True
    with pytest.raises(RefusedError, match=r"^The painter refused\.$"):
        draw_together(pairs)
    duo.refuses, duo.forgets = False, True
    with pytest.raises(RuntimeError, match=r"^the backend painter ended with 1 of 2 pictures$"):
        draw_together(pairs)


def test_an_image_of_an_earlier_run_has_no_time_of_drawing() -> None:
    plan = plan_pictures(describe("a fox", enhancer=OFFLINE), backend=Painter(), seed=1)
    drawn = draw(plan, plan.requests[0])
    again = picture_of(plan, plan.requests[0], drawn.image)
    assert again.image is drawn.image
    assert set(again.recipe.timings) == {"enhance"}
    assert again.recipe.to_request() == plan.requests[0]


def test_a_replay_renders_anew_for_another_model_family() -> None:
    plan = plan_pictures(describe("a fox", enhancer=OFFLINE), backend=Painter(), seed=1)
    recipe = draw(plan, plan.requests[0]).recipe
    same = plan_replay(recipe, backend=Painter())
    assert same.requests == plan.requests
    clip = plan_replay(recipe, backend=Painter(profile="clip75"))
    assert clip.requests[0].prompt.startswith("a fox, ")
    assert clip.requests[0].spec == recipe.spec


@pytest.mark.parametrize(
    ("negative", "message"),
    [
        (["a\x1b[m"], r"^The thing to avoid 'a\\u001b\[m' contains the control character U\+001B"),
        (["x" * 42], "^'x{40}…' has 42 characters, and a thing to avoid may have 40"),
        ([",".join("abcdefghijklm")], "^13 things to avoid are too many; name at most 12"),
    ],
)
def test_too_much_to_avoid_is_refused(negative: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        describe("a fox", enhancer=OFFLINE, negative=negative)


def test_a_size_over_the_backends_area_is_refused() -> None:
    description = describe("a fox", enhancer=OFFLINE)
    with pytest.raises(UsageError) as caught:
        plan_pictures(description, backend=Painter(), seed=1, size=(2000, 2000))
    assert str(caught.value) == (
        "The size 2000x2000 is 4 megapixels; painter draws at most 2; choose a smaller one; or "
        "have what it draws enlarged, without --upscaler none."
    )


def test_a_thing_to_avoid_that_the_prompt_asks_for_is_told() -> None:
    description = describe("a fox in snow", enhancer=OFFLINE, negative=["fox, cars", "text"])
    assert description.notes == ("'fox' is not avoided: the prompt asks for it.",)
    assert "cars" in description.spec.exclude
    assert "fox" not in description.spec.exclude


def test_what_is_excluded_and_not_asked_for_needs_no_word() -> None:
    assert describe("a fox --no people", enhancer=OFFLINE, negative=["cars"]).notes == ()


def test_a_ratio_that_a_description_cannot_keep_is_told() -> None:
    known = "1:1, 2:3, 3:2, 3:4, 4:3, 4:5, 5:4, 9:16, 16:9, 21:9"
    description = describe("a fox", enhancer=OFFLINE, aspect_ratio="7:5")
    assert description.spec.aspect_ratio is None
    assert description.notes == ()
    assert unkept_ratio(description, "7:5") == (
        f"The description does not hold the aspect ratio 7:5: it keeps only {known}."
    )
    flagged = describe("a fox --ar 7:5", enhancer=OFFLINE)
    assert unkept_ratio(flagged, None) == unkept_ratio(description, "7:5")
    assert unkept_ratio(flagged, "32:18") is None
    assert unkept_ratio(describe("a fox", enhancer=OFFLINE), None) is None
    assert describe("a fox", enhancer=OFFLINE, aspect_ratio="21:9").spec.aspect_ratio == "21:9"
    assert describe("a fox", enhancer=OFFLINE, aspect_ratio="32:18").notes == ()
    assert describe("a fox", enhancer=OFFLINE, aspect_ratio="32:18").spec.aspect_ratio == "16:9"
