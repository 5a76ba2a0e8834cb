"""What the pipeline does to a picture after it was drawn."""

import io
from dataclasses import replace
from typing import Any

import pytest
from pictures import signed_picture
from PIL import Image, ImageCms
from scripted_upscaler import ScriptedUpscaler
from test_pipeline import OFFLINE, Painter

from imagine.stages import pipeline
from imagine.stages.description import describe
from imagine.stages.enlargement import Enlargement, Enlarging
from imagine.stages.errors import ProviderError, UnusableAnswerError
from imagine.stages.image import GeneratedImage, Progress, ReceivedImage
from imagine.stages.pipeline import Made, Picture, Work, draw, enlarged, picture_of
from imagine.stages.plan import Plan, plan_pictures
from imagine.stages.recipe import parse_recipe
from imagine.stages.upscale import UpscaleCapabilities


def plan_with(upscaler: ScriptedUpscaler, **options: Any) -> Plan:
    description = describe("a red fox", enhancer=OFFLINE)
    size = options.pop("size", (64, 48))
    enlarging = Enlarging(find=lambda known: (upscaler, ""), **options)
    backend = Painter(negative_prompt=True)
    return plan_pictures(description, backend=backend, seed=5, size=size, enlarging=enlarging)


def received(data: bytes, *, signed: bool = False) -> GeneratedImage:
    with Image.open(io.BytesIO(data)) as picture:
        width, height = picture.size
    return GeneratedImage(
        model="painter-1",
        received=ReceivedImage(data, "png", width, height, signed=signed),
        notes=("It came.",),
    )


def finished(plan: Plan, image: GeneratedImage) -> Picture:
    request = plan.requests[0]
    return enlarged(picture_of(plan, request, image), plan, request)


def png(picture: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", **options)
    return file.getvalue()


def test_a_picture_without_anything_in_store_is_left_alone() -> None:
    plan = plan_with(ScriptedUpscaler())
    picture = draw(plan, plan.requests[0])
    assert enlarged(picture, plan, plan.requests[0]) is picture


def test_the_recipe_of_an_enlarged_picture_reads_back_equal() -> None:
    upscaler = ScriptedUpscaler(
        model="m1", capabilities=UpscaleCapabilities(factors=(2,), denoise=(0, 3), trained=True)
    )
    plan = plan_with(upscaler, factor=2, denoise=1, sharpen=0.5)
    steps: list[Progress] = []
    drawn = draw(plan, plan.requests[0])
    picture = enlarged(drawn, plan, plan.requests[0], on_progress=steps.append)
    assert picture.image.size == plan.size == (128, 96)
    assert steps == [Progress(1, 1, "tile")]
    assert parse_recipe(picture.recipe.to_json()) == picture.recipe
    (record,) = picture.recipe.upscales
    assert (record.upscaler, record.model, record.trained) == ("scripted", "m1", True)
    assert (record.denoise, record.sharpen, record.parameters) == (1, 0.5, {"tile": 64})
    assert picture.recipe.to_request() == plan.requests[0]


def test_a_picture_that_comes_in_another_size_is_brought_to_the_one_asked_for() -> None:
    for size, factor, result in (((64, 48), 2, (160, 120)), ((4100, 4100), None, (4100, 4100))):
        plan = plan_with(ScriptedUpscaler(), factor=factor, size=size)
        came = received(png(Image.new("RGB", (80, 60) if factor else (1040, 1040), "red")))
        assert finished(plan, came).image.size == result


def test_colour_profile_and_alpha_stay_and_the_signature_goes() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = png(Image.new("RGBA", (64, 48), (255, 0, 0, 128)), icc_profile=profile)
    plan = plan_with(ScriptedUpscaler(), factor=2)
    picture = finished(plan, received(data))
    assert picture.image.pixels.info["icc_profile"] == profile
    assert (picture.image.pixels.mode, picture.image.received) == ("RGBA", None)
    assert picture.image.pixels.getpixel((5, 5)) == (255, 0, 0, 128)
    assert picture.recipe.original is False
    signed = finished(plan, received(signed_picture("png"), signed=True))
    lost = "The picture was brought to its size here and lost the signature (C2PA) it came with."
    assert signed.image.notes == ("It came.", lost)
    assert signed.recipe.notes[-1] == lost


def test_only_upscalers_that_read_words_and_seed_get_them() -> None:
    silent = ScriptedUpscaler()
    reading = ScriptedUpscaler(
        capabilities=UpscaleCapabilities(factors=(2,), prompt=True, seed=True)
    )
    for upscaler in (silent, reading):
        plan = plan_with(upscaler, factor=2)
        enlarged(draw(plan, plan.requests[0]), plan, plan.requests[0])
    asked, request = silent.asked[0], plan.requests[0]
    assert (asked.prompt, asked.seed) == (None, None)
    asked = reading.asked[0]
    assert (asked.prompt, asked.seed) == (request.prompt, 5)


def test_what_only_shrinks_is_recorded_as_resampled() -> None:
    plan = plan_with(ScriptedUpscaler(), size=(4100, 4100))
    picture = finished(plan, received(png(Image.new("RGB", (5000, 5000), "red"))))
    (record,) = picture.recipe.upscales
    assert (record.upscaler, record.trained) == ("lanczos", False)


def test_noise_is_not_removed_from_a_picture_that_came_larger_than_wanted() -> None:
    upscaler = ScriptedUpscaler(name="nearest", model="")
    plan = plan_with(upscaler, factor=2, denoise=1)
    picture = finished(plan, received(png(Image.new("RGB", (200, 150), "red"))))
    (record,) = plan.enlargements
    assert record.denoise == 1
    assert picture.image.size == (400, 300)
    exact = replace(plan, enlargements=(replace(record, factor=None, size=(128, 96)),))
    (shrunk,) = finished(exact, received(png(Image.new("RGB", (200, 150))))).recipe.upscales
    assert (shrunk.denoise, shrunk.upscaler, shrunk.model) == (None, "nearest", "nearest")


def test_the_time_of_enlarging_is_that_of_the_work_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, clock = plan_with(ScriptedUpscaler(), factor=2), [0.0]
    picture = draw(plan, plan.requests[0])
    monkeypatch.setattr(pipeline, "perf_counter", lambda: clock[0])

    def wait_for_a_turn(step: Enlargement, work: Work) -> tuple[Made, None]:
        clock[0] += 100
        return work(), None

    def tell(progress: Progress) -> None:
        clock[0] += 2

    options: Any = {"on_progress": tell, "charge": wait_for_a_turn}
    made = enlarged(picture, plan, plan.requests[0], **options)
    assert made.recipe.timings["upscale"] == 2


def test_several_steps_follow_each_other() -> None:
    plan = plan_with(ScriptedUpscaler(), factor=2)
    (first,) = plan.enlargements
    second = replace(first, drawn=(128, 96), factor=None, size=(200, 150))
    plan = replace(plan, enlargements=(first, second))
    picture = enlarged(draw(plan, plan.requests[0]), plan, plan.requests[0])
    sizes = [(record.from_width, record.width) for record in picture.recipe.upscales]
    assert sizes == [(64, 128), (128, 200)]
    assert picture.image.size == (200, 150)


@pytest.mark.parametrize("damaged", [False, True])
def test_the_picture_is_as_it_was_when_it_cannot_be_enlarged(damaged: bool) -> None:
    plan = plan_with(ScriptedUpscaler([ProviderError("No.")]), factor=2)
    data = png(Image.effect_noise((64, 48), 50).convert("RGB"))
    image = received(data)
    if damaged:
        broken = replace(image.received, data=data[:500])  # type: ignore[type-var]
        image = replace(image, received=broken)
    picture = picture_of(plan, plan.requests[0], image)
    with pytest.raises(UnusableAnswerError if damaged else ProviderError):
        enlarged(picture, plan, plan.requests[0])
    assert picture.image == image
