"""What is drawn of a size that a backend does not draw, and what becomes of it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_pipeline import Painter

from imagine.stages.enlargement import (
    Enlargement,
    Enlarging,
    check_factor,
    drawn_size,
    enlarged_alike,
    enlargements_for,
)
from imagine.stages.errors import UsageError
from imagine.stages.generate import BACKENDS
from imagine.stages.network.providers import connect
from imagine.stages.sizes import FreeSizes, ListedSizes, Sizes
from imagine.stages.upscale import UPSCALERS, UpscaleCapabilities, Upscaler

LANCZOS = UPSCALERS.create("lanczos")
PHOTO = UPSCALERS.create("nearest")


def sizes_of(name: str, model: str, **options: Any) -> Sizes:
    connection = connect(name, **options)
    return BACKENDS.create(name, connection=connection, model=model).capabilities.sizes


# Every kind of sizes that a backend here has.
SIZES: dict[str, Sizes] = {
    "gemini": sizes_of("gemini", "gemini-nano-banana-2.1"),
    "gemini-2.5": sizes_of("gemini", "gemini-2.5-flash-image"),
    "imagen": sizes_of("imagen", "imagen-4.0-generate-001"),
    "openai": sizes_of("openai", "gpt-image-2.5-flare"),
    "openai-1": sizes_of("openai", "gpt-image-1"),
    "own server": sizes_of("openai", "", base_url="http://127.0.0.1:8080/v1"),
    "core": sizes_of("stability", "core"),
    "ultra": sizes_of("stability", "ultra"),
    "huggingface": sizes_of("huggingface", "black-forest-labs/FLUX.1-schnell"),
    "fal": sizes_of("fal", "fal-ai/flux/schnell"),
    "replicate": sizes_of("replicate", "black-forest-labs/flux-schnell"),
}
# Of a backend, what is asked for, and what is drawn of it.
DRAWN = [
    ("gemini", (1024, 1024), (1024, 1024)),
    ("gemini", (3000, 3000), (2048, 2048)),
    ("gemini", (1920, 1080), (1376, 768)),
    ("gemini", (300, 200), (1264, 848)),
    ("gemini-2.5", (2048, 2048), (1024, 1024)),
    ("gemini-2.5", (1080, 1920), (768, 1344)),
    ("imagen", (4096, 4096), (2048, 2048)),
    ("openai", (1000, 1000), (1008, 1008)),
    ("openai", (1920, 1080), (1920, 1088)),
    ("openai", (5000, 5000), (1024, 1024)),
    ("openai", (400, 400), (1024, 1024)),
    ("openai", (4000, 1000), (1776, 592)),
    ("openai-1", (2048, 2048), (1024, 1024)),
    ("openai-1", (2400, 1600), (1536, 1024)),
    ("own server", (4100, 4100), (1024, 1024)),
    ("own server", (1001, 777), (1008, 784)),
    ("core", (2048, 2048), (1248, 1248)),
    ("ultra", (2048, 2048), (1024, 1024)),
    ("ultra", (1920, 1080), (1344, 768)),
    ("huggingface", (4096, 2048), (1456, 720)),
    ("fal", (2500, 800), (1808, 576)),
    ("replicate", (2048, 2048), (1024, 1024)),
]


def backend(sizes: Sizes) -> Painter:
    return Painter(sizes=sizes)


def enlarging(upscaler: Upscaler = PHOTO, **changes: Any) -> Enlarging:
    return replace(Enlarging(find=lambda style, drawn_by: (upscaler, "because")), **changes)


@pytest.mark.parametrize(("name", "size", "drawn"), DRAWN)
def test_another_size_is_drawn_of_nearly_that_shape(
    name: str, size: tuple[int, int], drawn: tuple[int, int]
) -> None:
    sizes = SIZES[name]
    assert drawn_size(backend(sizes), size, enlarging()) == drawn
    sizes.check(name, *drawn)


@given(st.sampled_from(sorted(SIZES)), st.tuples(st.integers(16, 20_000), st.integers(16, 20_000)))
def test_what_stands_for_a_size_is_always_drawn(name: str, size: tuple[int, int]) -> None:
    near = SIZES[name].near(size)
    assert near is not None
    SIZES[name].check(name, *near)


def test_a_size_stays_refused_where_nobody_enlarges_or_nothing_stands_for_it() -> None:
    listed = backend(ListedSizes(((1024, 1024, "1:1"),)))
    with pytest.raises(UsageError) as nobody:
        drawn_size(listed, (2048, 2048), None)
    assert str(nobody.value) == (
        "painter cannot draw 2048x2048; its nearest size is 1024x1024, and its shapes are 1:1 "
        "(--ar); or have what it draws enlarged, without --upscaler none."
    )
    alike = backend(FreeSizes(min_side=16, max_side=64, max_pixels=4096, native=None))
    with pytest.raises(UsageError) as limit:
        drawn_size(alike, (100, 100), enlarging())
    assert str(limit.value) == (
        "The size 100x100 is out of range: painter draws sides from 16 to 64 pixels."
    )
    with pytest.raises(UsageError) as tiny:
        drawn_size(listed, (8, 8), enlarging())
    assert "cannot draw 8x8" in str(tiny.value)


def test_a_result_that_is_too_large_names_what_streams() -> None:
    listed = backend(ListedSizes(((1024, 1024, "1:1"),)))
    with pytest.raises(UsageError) as caught:
        drawn_size(listed, (10_000, 10_000), enlarging())
    assert str(caught.value) == (
        "The size 10000x10000 is 100 megapixels, and at most 89 are made at once; draw a smaller "
        "picture and enlarge the file with `imagine upscale`, which needs no memory for the result."
    )
    with pytest.raises(UsageError) as factor:
        enlargements_for(
            enlarging(factor=8), style=None, backend=listed, drawn=(2048, 2048), size=None
        )
    assert "The size 16384x16384 is 268.4 megapixels" in str(factor.value)


# Drawn, asked for, factor, and what is told.
TOLD = [
    ((1024, 1024), (2048, 2048), None, "enlarged 2x by nearest to 2048x2048"),
    ((1344, 768), (1920, 1080), None, "enlarged 1.43x by nearest and cropped to 1920x1080"),
    ((1024, 1024), (1000, 1000), None, "shrunk to 1000x1000"),
    ((1264, 848), (1000, 700), None, "shrunk and cropped to 1000x700"),
    ((1920, 1088), (1920, 1080), None, "cropped to 1920x1080"),
    ((1024, 1024), None, 4, "enlarged 4x by nearest to 4096x4096"),
    ((1024, 1024), (1500, 1500), 2, "enlarged 2.93x by nearest to 3000x3000"),
    ((1024, 1024), (1024, 1024), 2, "enlarged 2x by nearest to 2048x2048"),
]


@pytest.mark.parametrize(("drawn", "size", "factor", "told"), TOLD)
def test_an_enlargement_says_what_it_does(
    drawn: tuple[int, int], size: tuple[int, int] | None, factor: int | None, told: str
) -> None:
    (step,) = enlargements_for(
        enlarging(factor=factor), style=None, backend=backend(SIZES["fal"]), drawn=drawn, size=size
    )
    assert step.told() == told
    target = step.target()
    assert (target.width, target.height) == step.result


@pytest.mark.parametrize("factor", [None, 1])
def test_what_is_drawn_as_asked_for_is_left_as_it_is(factor: int | None) -> None:
    wanted = enlarging(factor=factor)
    assert not enlargements_for(
        wanted, style=None, backend=backend(SIZES["fal"]), drawn=(512, 512), size=(512, 512)
    )


def test_what_only_shrinks_asks_no_upscaler() -> None:
    paid = replace_capabilities(paid=True)
    (step,) = enlargements_for(
        enlarging(paid),
        style=None,
        backend=backend(SIZES["fal"]),
        drawn=(512, 512),
        size=(300, 300),
    )
    assert (step.upscaler.name, step.why) == ("lanczos", "")


def replace_capabilities(**capabilities: Any) -> Upscaler:
    upscaler = UPSCALERS.create("nearest")
    upscaler.capabilities = UpscaleCapabilities(**capabilities)
    return upscaler


def test_what_the_upscaler_cannot_do_is_refused_with_the_plan() -> None:
    with pytest.raises(UsageError) as caught:
        enlargements_for(
            enlarging(LANCZOS, factor=2, denoise=1),
            style=None,
            backend=backend(SIZES["fal"]),
            drawn=(512, 512),
            size=None,
        )
    assert str(caught.value) == (
        "The upscaler lanczos does not remove noise; leave out --denoise or choose another "
        "--upscaler."
    )


def test_a_factor_is_one_of_those_that_there_are() -> None:
    for factor in (None, 1, 2, 3, 4, 8):
        check_factor(factor)
    with pytest.raises(UsageError) as caught:
        check_factor(5)
    assert str(caught.value) == "--upscale 5 is none of 2, 3, 4, 8; choose one of them."


def test_another_shape_is_enlarged_by_as_much() -> None:
    factor = Enlargement(LANCZOS, "", (1024, 1024), factor=2)
    exact = Enlargement(LANCZOS, "", (1024, 1024), size=(2048, 2048))
    assert [step.result for step in enlarged_alike([factor], (1344, 768))] == [(2688, 1536)]
    (other,) = enlarged_alike([exact], (1344, 768))
    assert other.result == (2709, 1548)
    assert enlarged_alike([exact], (1024, 1024)) == (exact,)


def test_the_options_that_finish_a_picture_are_those_of_the_command() -> None:
    step = Enlargement(LANCZOS, "", (64, 64), factor=2, denoise=1, sharpen=0.5)
    assert f"{step.size_option} {step.other_options}" == (
        "--scale 2 --upscaler lanczos --denoise 1 --sharpen 0.5"
    )
    assert replace(step, factor=None, size=(100, 50)).size_option == "--to 100x50"
