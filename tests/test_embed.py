"""The blocks of metadata: A1111 text, EXIF and XMP, byte by byte where readers are strict."""

import re
from random import Random
from typing import Any

import pytest
from hypothesis import given
from recipes import any_recipe, make_recipe

from imagine.stages.formats.embed import (
    JPEG_SEGMENT,
    JPEG_XMP,
    a1111_text,
    blocks_for,
)
from imagine.stages.recipe import BackendRecord, Recipe, UpscaleRecord


def backend(**parameters: int | float | str) -> BackendRecord:
    required = {"width": 64, "height": 48, "seed": 7}
    return BackendRecord(name="web", model="m", trained=True, parameters=required | parameters)


def random_text(length: int, *, first: int = 0x4E00, last: int = 0x9FFF) -> str:
    """Text that compresses badly, Chinese characters unless told otherwise."""
    source = Random(1)
    return "".join(chr(source.randint(first, last)) for _ in range(length))


def test_the_a1111_text_states_what_the_backend_has() -> None:
    recipe = make_recipe(
        negative_prompt="blurry, lowres",
        backend=backend(
            num_inference_steps=4, guidance_scale=1.5, sampler="Euler a", scheduler="Simple"
        ),
    )
    assert a1111_text(recipe) == (
        "a red fox, soft light\n"
        "Negative prompt: blurry, lowres\n"
        "Steps: 4, Sampler: Euler a, Schedule type: Simple, CFG scale: 1.5, Seed: 7, "
        "Size: 64x48, Model: m, Version: imagine 0.1.0"
    )


@pytest.mark.parametrize(
    ("scheduler", "told"),
    [
        ("euler_a", "Sampler: Euler a, Schedule type: Automatic"),
        ("dpm++_2m_karras", "Sampler: DPM++ 2M, Schedule type: Karras"),
        ("of a server", "Sampler: of a server, Schedule type: none"),
    ],
)
def test_a_scheduler_is_called_as_a1111_calls_it(scheduler: str, told: str) -> None:
    assert told in a1111_text(make_recipe(backend=backend(scheduler=scheduler)))


def test_the_a1111_text_tells_of_a_second_pass() -> None:
    twice = make_recipe(backend=backend(hires_scale=1.5, hires_strength=0.3))
    assert a1111_text(twice).splitlines()[-1] == (
        "Sampler: web, Schedule type: none, Seed: 7, Size: 64x48, Model: m, "
        "Denoising strength: 0.3, Hires upscale: 1.5, Hires upscaler: Lanczos, "
        "Version: imagine 0.1.0"
    )


def test_the_a1111_text_invents_no_steps_and_no_guidance() -> None:
    assert a1111_text(make_recipe()) == (
        "a red fox, soft light\n"
        "Sampler: sketch, Schedule type: none, Seed: 7, "
        "Size: 64x48, Model: sketch-1, Version: imagine 0.1.0"
    )


def step(upscaler: str, before: tuple[int, int], after: tuple[int, int], **changes: Any) -> Any:
    width, height = after
    values = {
        "upscaler": upscaler,
        "from_width": before[0],
        "from_height": before[1],
        "width": width,
        "height": height,
        "full_width": width,
        "full_height": height,
    }
    return UpscaleRecord(**values | changes)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (
            [step("art", (64, 48), (256, 192))],
            "Postprocess upscale by: 4, Postprocess upscaler: art",
        ),
        (
            [step("art", (64, 48), (128, 96)), step("a, b", (128, 96), (160, 120))],
            'Postprocess upscale by: 2.5, Postprocess upscaler: "art + a, b"',
        ),
        (
            [step("art", (64, 48), (128, 96)), step("art", (128, 96), (256, 192))],
            "Postprocess upscale by: 4, Postprocess upscaler: art",
        ),
        (
            [step("photo", (64, 48), (100, 75))],
            "Postprocess upscale to: 100x75, Postprocess upscaler: photo",
        ),
        (
            [step("photo", (64, 48), (128, 128), full_width=171)],
            "Postprocess upscale to: 128x128, Postprocess upscaler: photo",
        ),
    ],
)
def test_the_a1111_text_tells_what_enlarged_the_picture(steps: list[Any], told: str) -> None:
    recipe = make_recipe(upscales=tuple(steps))
    assert a1111_text(recipe) == (
        "a red fox, soft light\n"
        "Sampler: sketch, Schedule type: none, Seed: 7, "
        f"Size: 64x48, Model: sketch-1, {told}, Version: imagine 0.1.0"
    )


def test_a_negative_prompt_marker_in_the_prompt_is_escaped() -> None:
    recipe = make_recipe(prompt="a sign: Negative prompt: none", negative_prompt="Negative prompt:")
    text = a1111_text(recipe)
    assert text.count("Negative prompt:") == 1
    assert "a sign: Negative prompt\\: none\nNegative prompt: Negative prompt\\:\n" in text
    assert recipe.prompt == "a sign: Negative prompt: none"


def test_a_value_with_separators_is_quoted() -> None:
    record = BackendRecord(
        name="web", model='a, b: "c"', trained=True, parameters=backend().parameters
    )
    assert 'Model: "a, b: \\"c\\"", Version' in a1111_text(make_recipe(backend=record))


@given(any_recipe())
def test_the_a1111_text_ends_with_one_line_of_settings(recipe: Recipe) -> None:
    text = a1111_text(recipe)
    assert text.count("Negative prompt:") == (1 if recipe.negative_prompt else 0)
    assert re.search(r"(^|, )Sampler: .*, Seed: \d+, Size: \d+x\d+, ", text.split("\n")[-1])
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", text)


def test_a_jpeg_with_a_long_emoji_prompt_carries_the_recipe_compressed() -> None:
    words = random_text(4000, first=0x1F300, last=0x1F6FF)
    blocks = blocks_for(make_recipe(words, prompt=words + ", warm light" * 200), "jpg")
    assert blocks.recipe_fits
    assert b"<imagine:recipeDeflate>" in blocks.xmp
    assert len(blocks.xmp) <= JPEG_XMP
    assert 16_000 < len(blocks.exif) <= JPEG_SEGMENT


def test_a_jpeg_leaves_out_what_it_cannot_hold() -> None:
    blocks = blocks_for(make_recipe(prompt=random_text(40_000)), "jpg")
    assert not blocks.recipe_fits
    assert blocks.exif == b""
    assert b"DigitalSourceType" in blocks.xmp
    assert len(blocks.xmp) <= JPEG_XMP


def test_webp_and_avif_have_room_for_any_recipe() -> None:
    recipe = make_recipe(prompt=random_text(40_000))
    for format in ("webp", "avif"):
        blocks = blocks_for(recipe, format)
        assert blocks.recipe_fits
        assert b"<imagine:recipe>" in blocks.xmp
        assert len(blocks.exif) > JPEG_SEGMENT
