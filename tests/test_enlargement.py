"""What is drawn of a size that a backend does not draw, and what becomes of it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_upscaler import ScriptedUpscaler
from test_pipeline import OFFLINE, Painter

from imagine.stages.description import describe
from imagine.stages.enlarged_again import enlarged_alike
from imagine.stages.enlargement import (
    Enlargement,
    Enlarging,
    check_factor,
    drawn_size,
    enlargement_notes,
    enlargements_for,
    is_needed,
)
from imagine.stages.errors import UsageError
from imagine.stages.generate import BACKENDS
from imagine.stages.network.providers import connect
from imagine.stages.sizes import FreeSizes, ListedSizes, Sizes
from imagine.stages.upscale import UPSCALERS, UpscaleCapabilities, Upscaler

SPEC = describe("a red fox", enhancer=OFFLINE).spec
LANCZOS = UPSCALERS.create("lanczos")
NEAREST = UPSCALERS.create("nearest")


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
    "sketch": BACKENDS.create("sketch").capabilities.sizes,
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
    ("imagen", (4096, 1024), (2816, 1536)),
    ("gemini", (4096, 1024), (4128, 1024)),
    ("gemini", (2048, 1152), (1376, 768)),
    ("gemini", (2700, 1500), (2752, 1536)),
    ("openai", (1000, 1000), (1008, 1008)),
    ("openai", (1920, 1080), (1920, 1088)),
    ("openai", (5000, 5000), (2880, 2880)),
    ("openai", (2048, 4096), (1920, 3840)),
    ("openai", (400, 400), (1024, 1024)),
    ("openai", (4000, 1000), (3840, 1280)),
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
    ("sketch", (9000, 5000), (8050, 4472)),
    ("sketch", (9000, 9000), (6000, 6000)),
]


def backend(sizes: Sizes) -> Painter:
    return Painter(sizes=sizes)


def enlarging(upscaler: Upscaler = NEAREST, **changes: Any) -> Enlarging:
    return replace(Enlarging(find=lambda known: (upscaler, "because")), **changes)


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
    # A free backend of its own limits stands for sizes that are too large alone.
    assert near is not None or name == "sketch"
    if near is not None:
        SIZES[name].check(name, *near)


def test_a_size_stays_refused_where_nobody_enlarges_or_nothing_stands_for_it() -> None:
    listed = backend(ListedSizes(((1024, 1024, "1:1"),)))
    with pytest.raises(UsageError) as nobody:
        drawn_size(listed, (2048, 2048), None)
    assert str(nobody.value) == (
        "painter cannot draw 2048x2048; its nearest size is 1024x1024, and its shapes are 1:1 "
        "(--ar); or have what it draws enlarged, without --upscaler none."
    )
    alike = backend(FreeSizes(min_side=32, max_side=64, max_pixels=4096, native=None))
    with pytest.raises(UsageError) as limit:
        drawn_size(alike, (20, 40), enlarging())
    assert str(limit.value) == (
        "The size 20x40 is out of range: painter draws sides from 32 to 64 pixels; choose one of "
        "these."
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
            enlarging(factor=8), spec=SPEC, backend=listed, drawn=(2048, 2048), size=None
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
        enlarging(factor=factor), spec=SPEC, backend=backend(SIZES["fal"]), drawn=drawn, size=size
    )
    assert step.told() == told
    target = step.target()
    assert (target.width, target.height) == step.result


@pytest.mark.parametrize("factor", [None, 1])
def test_what_is_drawn_as_asked_for_is_left_as_it_is(factor: int | None) -> None:
    wanted = enlarging(factor=factor)
    assert not enlargements_for(
        wanted, spec=SPEC, backend=backend(SIZES["fal"]), drawn=(512, 512), size=(512, 512)
    )


def step_of(
    wanted: Enlarging, size: tuple[int, int], drawn: tuple[int, int] = (512, 512)
) -> Enlargement:
    (step,) = enlargements_for(
        wanted, spec=SPEC, backend=backend(SIZES["fal"]), drawn=drawn, size=size
    )
    return step


def named(upscaler: Upscaler, **changes: Any) -> Enlarging:
    return Enlarging(find=lambda known: (upscaler, ""), named="./m/best one.onnx", **changes)


# What is wanted of a picture of 512x512, and what of the options that were given does nothing.
IDLE = [
    ((300, 300), None, "The picture is only shrunk, so the upscaler scripted/m1 does nothing."),
    (
        (300, 300),
        2,
        "The picture is only shrunk, so the upscaler scripted/m1 and --denoise do nothing.",
    ),
    ((512, 500), None, "The picture is only cropped, so the upscaler scripted/m1 does nothing."),
    ((512, 513), None, "The picture hardly grows, so the upscaler scripted/m1 does nothing."),
]


@pytest.mark.parametrize(("size", "denoise", "note"), IDLE)
def test_what_needs_no_upscaler_is_resampled_and_said(
    size: tuple[int, int], denoise: int | None, note: str
) -> None:
    capabilities = UpscaleCapabilities(factors=(2,), denoise=(0, 3), paid=True)
    scripted = ScriptedUpscaler(model="m1", capabilities=capabilities)
    step = step_of(named(scripted, denoise=denoise), size)
    assert (step.upscaler.name, step.denoise, step.note) == ("lanczos", None, note)
    assert step.other_options == "--upscaler lanczos"
    chosen = step_of(enlarging(scripted), size)
    assert (chosen.upscaler.name, chosen.note) == ("lanczos", "")
    assert chosen.why == note.partition(",")[0].replace("The", "the")


def test_nearest_stays_for_a_picture_that_is_only_shrunk() -> None:
    step = step_of(enlarging(), (300, 300))
    assert (step.upscaler, step.why, step.note) == (NEAREST, "because", "")


def test_growing_a_little_is_not_told_as_one_time() -> None:
    assert step_of(enlarging(), (1024, 1025), (1024, 1024)).told() == "cropped to 1024x1025"
    assert step_of(enlarging(), (1025, 1025), (1024, 1024)).told() == "brought to 1025x1025"


def test_an_upscaler_that_was_named_by_its_path_is_named_so_again() -> None:
    step = step_of(named(ScriptedUpscaler(model="best one.onnx")), (1024, 1024))
    assert step.other_options == "--upscaler './m/best one.onnx'"


def test_a_size_that_comes_to_the_drawn_one_needs_nothing_more() -> None:
    painter, wanted = backend(ListedSizes(((1024, 1024, "1:1"),))), enlarging(factor=2)
    assert drawn_size(painter, (512, 512), wanted) == (1024, 1024)
    assert not is_needed(wanted, painter, (512, 512))
    assert is_needed(wanted, painter, (1024, 1024))
    size = (512, 512)
    steps = enlargements_for(wanted, spec=SPEC, backend=painter, drawn=(1024, 1024), size=size)
    assert steps == ()
    assert enlargement_notes(painter, (1024, 1024), size, steps) == [
        "painter does not draw 512x512: drawn at 1024x1024, which is what is wanted in the end."
    ]


def test_what_the_upscaler_cannot_do_is_refused_with_the_plan() -> None:
    with pytest.raises(UsageError) as caught:
        enlargements_for(
            enlarging(LANCZOS, factor=2, denoise=1),
            spec=SPEC,
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
