"""Starting from pictures, with real pipelines of random weights; needs imagine-cli[diffusers]."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

# What these packages warn of among themselves is no concern of ours.
pytestmark = pytest.mark.filterwarnings("ignore")

import diffusers  # noqa: E402
import torch  # noqa: E402
from diffusers.pipelines import auto_pipeline  # noqa: E402
from tiny_loaded import STEPS, draw, generators, load, picture, reference, request  # noqa: E402

from imagine.stages.errors import UsageError  # noqa: E402
from imagine.stages.generate.diffusers.chunks import prompt_inputs  # noqa: E402
from imagine.stages.generate.diffusers.hires import second_pass  # noqa: E402
from imagine.stages.generate.diffusers.invariance import each_alone  # noqa: E402
from imagine.stages.generate.diffusers.loaded import Loaded  # noqa: E402
from imagine.stages.generate.diffusers.ways import (  # noqa: E402
    STRENGTHS,
    WAYS,
    finished,
    inputs_for,
    pipeline_for,
    size_inputs,
    step_inputs,
    ways_of,
)
from imagine.stages.image import HiresFix, ImageRequest  # noqa: E402

Models = Callable[[str], Loaded]


@pytest.fixture(scope="module")
def models(tiny: Callable[[str], Path]) -> Models:
    loaded: dict[str, Loaded] = {}

    def model(name: str) -> Loaded:
        if name not in loaded:
            loaded[name] = load(tiny(name))
        return loaded[name]

    return model


def mask() -> Image.Image:
    white = Image.new("L", (64, 64))
    white.paste(255, (16, 20, 48, 52))
    return white


def drawn(loaded: Loaded, *requests: ImageRequest) -> list[Image.Image]:
    return [image.convert("RGB") for image in called(loaded, *requests)]


def called(loaded: Loaded, *requests: ImageRequest, **options: Any) -> Any:
    pipeline = pipeline_for(loaded, requests[0])
    words = prompt_inputs(
        loaded, [each.prompt for each in requests], [None] * len(requests), guided=True
    )
    return pipeline(
        **words,
        **inputs_for(loaded, requests),
        **size_inputs(pipeline, requests[0].size),
        num_inference_steps=STEPS,
        guidance_scale=4.0,
        generator=generators(*(each.seed for each in requests)),
        **options,
    ).images


def test_the_ways_are_those_that_diffusers_knows() -> None:
    """Where its mappings are silent, classes of its own do it: Chroma's, Sana-Sprint's."""
    to_image = auto_pipeline.AUTO_IMAGE2IMAGE_PIPELINES_MAPPING
    to_mask = auto_pipeline.AUTO_INPAINT_PIPELINES_MAPPING
    for family, text in auto_pipeline.AUTO_TEXT2IMAGE_PIPELINES_MAPPING.items():
        ways = WAYS.get(text.__name__)
        if ways is None:
            continue
        image, within = to_image.get(family), to_mask.get(family)
        if image is text:
            assert ways.edits
        elif image is not None:
            assert ways.image == image.__name__
        if within is not None:
            assert ways.mask == within.__name__
    for name, ways in WAYS.items():
        for used in (name, ways.image, ways.mask):
            assert not used or hasattr(diffusers, used)


@pytest.mark.parametrize("name", ["sd15", "lcm", "sdxl", "sd3", "flux", "zimage"])
def test_a_picture_is_drawn_over_as_plain_diffusers_does_it(
    models: Models, tiny: Callable[[str], Path], name: str
) -> None:
    loaded = models(name)
    asked = request(images=(reference(picture()),), strength=0.6)
    ours = drawn(loaded, asked)[0]
    plain = diffusers.AutoPipelineForImage2Image.from_pipe(load(tiny(name)).pipeline)
    plain.set_progress_bar_config(disable=True)
    expected = draw(
        plain,
        prompt="a fox",
        image=picture(),
        strength=0.6,
        guidance_scale=4.0,
        **size_inputs(plain, (64, 64)),
    )
    assert ours.tobytes() == expected[0]
    assert ours.tobytes() != picture().tobytes()


@pytest.mark.parametrize("name", ["sd15", "sdxl", "flux", "zimage"])
def test_within_a_mask_it_is_drawn_as_plain_diffusers_does_it_and_the_outside_stays(
    models: Models, tiny: Callable[[str], Path], name: str
) -> None:
    loaded = models(name)
    asked = request(images=(reference(picture()),), mask=reference(mask()), strength=0.9)
    ours = drawn(loaded, asked)[0]
    plain = diffusers.AutoPipelineForInpainting.from_pipe(load(tiny(name)).pipeline)
    plain.set_progress_bar_config(disable=True)
    expected = draw(
        plain,
        prompt="a fox",
        image=picture(),
        mask_image=mask(),
        strength=0.9,
        guidance_scale=4.0,
        width=64,
        height=64,
    )
    assert ours.tobytes() == expected[0]
    kept = np.asarray(finished([ours], [asked])[0])
    white = np.asarray(mask()) == 255
    assert (kept[~white] == np.asarray(picture())[~white]).all()
    assert (kept[30:40, 30:40] == np.asarray(ours)[30:40, 30:40]).all()


@pytest.mark.parametrize("masked", [False, True], ids=["picture", "mask"])
def test_pictures_start_alike_alone_and_among_others(models: Models, masked: bool) -> None:
    loaded = models("sd15")
    parts = {"mask": reference(mask())} if masked else {}
    asked = [request(images=(reference(picture()),), seed=seed, **parts) for seed in (1, 2)]
    # Latents: the pictures are decoded one by one where bits count.
    with each_alone(loaded.pipeline, 2, torch):
        together = called(loaded, *asked, output_type="latent")
    for index, each in enumerate(asked):
        assert torch.equal(together[index], called(loaded, each, output_type="latent")[0])


def test_a_reference_of_another_size_is_brought_to_the_requests(models: Models) -> None:
    loaded = models("sd15")
    asked = request(images=(reference(picture((200, 90))),), width=96, height=64)
    inputs = inputs_for(loaded, [asked, asked])
    assert [image.size for image in inputs["image"]] == [(96, 64)] * 2
    assert inputs["strength"] == 0.8
    assert drawn(loaded, asked)[0].size == (96, 64)


def test_without_pictures_the_loaded_pipeline_draws(models: Models) -> None:
    loaded = models("sd15")
    assert pipeline_for(loaded, request()) is loaded.pipeline
    assert inputs_for(loaded, [request()]) == {}
    pictures = [picture()]
    assert finished(pictures, [request()]) == pictures


def test_the_ways_share_the_parts_and_are_made_once(models: Models) -> None:
    loaded = models("sdxl")
    asked = request(images=(reference(picture()),))
    pipeline = pipeline_for(loaded, asked)
    assert pipeline is pipeline_for(loaded, asked)
    for name, part in loaded.pipeline.components.items():
        assert getattr(pipeline, name, part) is part


def test_text_to_image_is_as_before_after_the_other_ways(models: Models) -> None:
    loaded = models("sdxl")
    before = drawn(loaded, request())[0].tobytes()
    drawn(loaded, request(images=(reference(picture()),), strength=0.5))
    assert drawn(loaded, request())[0].tobytes() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {},
            "The model 'sana' (Tiny sana) cannot start from a picture; leave out --image, or "
            "choose another model.",
        ),
        (
            {"mask": reference(mask())},
            "The model 'sana' (Tiny sana) cannot draw within a mask; leave out --mask, or choose "
            "another model.",
        ),
    ],
)
def test_a_model_that_cannot_is_refused(
    models: Models, changes: dict[str, Any], message: str
) -> None:
    loaded = models("sana")
    assert ways_of(type(loaded.pipeline).__name__) == (False, False)
    with pytest.raises(UsageError) as caught:
        pipeline_for(loaded, request(images=(reference(picture()),), **changes))
    assert str(caught.value) == message


@pytest.mark.parametrize("name", STRENGTHS)
def test_a_picture_is_left_as_far_as_diffusers_has_it_and_far_enough_to_change(name: str) -> None:
    call = inspect.signature(getattr(diffusers, name).__call__).parameters
    ours = {"StableDiffusionXLImg2ImgPipeline": 0.6, "KolorsImg2ImgPipeline": 0.6}
    assert STRENGTHS[name] == ours.get(name, call["strength"].default)


def test_sana_sprint_is_told_of_no_step_between_but_where_there_are_two() -> None:
    sprint = object.__new__(diffusers.SanaSprintPipeline)
    assert step_inputs(sprint, 4) == {"intermediate_timesteps": None}
    assert step_inputs(sprint, 2) == {}
    assert step_inputs(object.__new__(diffusers.SanaPipeline), 4) == {}


@pytest.mark.parametrize("name", ["sd15", "sdxl", "flux"])
def test_the_second_pass_is_image_to_image_of_the_first_one_enlarged(
    models: Models, tiny: Callable[[str], Path], name: str
) -> None:
    loaded = models(name)
    asked = request(hires_fix=HiresFix(1.5, 0.6))
    first = drawn(loaded, asked)
    second = second_pass(loaded, first, [asked])
    words = prompt_inputs(loaded, ["a fox"], [None], guided=True)
    ours = draw(second.pipeline, guidance_scale=4.0, **words, **second.inputs)
    plain = diffusers.AutoPipelineForImage2Image.from_pipe(load(tiny(name)).pipeline)
    plain.set_progress_bar_config(disable=True)
    expected = draw(
        plain,
        prompt="a fox",
        image=first[0].resize((96, 96), Image.Resampling.LANCZOS),
        strength=0.6,
        guidance_scale=4.0,
        **size_inputs(plain, (96, 96)),
    )
    assert ours == expected
    assert len(ours[0]) == 96 * 96 * 3


def test_a_model_that_edits_reads_the_picture_and_draws_in_the_requests_size(
    models: Models,
) -> None:
    flux = models("flux")
    editor = diffusers.FluxKontextPipeline(**flux.pipeline.components)
    editor.set_progress_bar_config(disable=True)
    loaded = Loaded(editor, flux.family, "kontext", flux.path, "cpu", "float32")
    asked = request(images=(reference(picture()),), width=96, height=64)
    assert inputs_for(loaded, [asked]).keys() == {"image"}
    edited = drawn(loaded, asked)[0]
    other = drawn(loaded, request(images=(reference(picture(seed=8)),), width=96, height=64))[0]
    assert edited.size == (96, 64)
    assert edited.tobytes() != other.tobytes()
    assert drawn(loaded, request(width=96, height=64))[0].size == (96, 64)


def test_two_passes_need_a_model_that_starts_from_pictures(models: Models) -> None:
    with pytest.raises(UsageError) as caught:
        second_pass(models("sana"), [picture()], [request(hires_fix=HiresFix(1.5))])
    assert str(caught.value) == (
        "The model 'sana' (Tiny sana) cannot draw over a picture; leave out --refine, or choose "
        "another model."
    )


def test_torch_is_left_as_it_was(models: Models) -> None:
    state = torch.random.get_rng_state()
    drawn(models("sd15"), request(images=(reference(picture()),), mask=reference(mask())))
    assert torch.equal(torch.random.get_rng_state(), state)
