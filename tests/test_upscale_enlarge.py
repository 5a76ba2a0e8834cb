"""Enlarging: sizes that are exact, channels and depth that are kept, and what is refused."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasters import Repeating, difference, noise, pixels_of, raster_from, smooth

from imagine.stages.errors import UsageError
from imagine.stages.image import Progress
from imagine.stages.upscale import (
    UPSCALERS,
    Enlarged,
    OnProgress,
    UpscaleCapabilities,
    UpscaleRequest,
)
from imagine.stages.upscale.enlarge import Target, check, covering, enlarge, scaled, to_long_edge
from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.tiling import enlarged


@dataclass
class Scripted:
    """Repeats pixels as a network of factor 2, and keeps what it was asked."""

    name: str = "scripted"
    model: str = "repeat"
    capabilities: UpscaleCapabilities = field(
        default=UpscaleCapabilities(factors=(2,), denoise=(0, 3))
    )
    asked: list[tuple[Raster, UpscaleRequest]] = field(default_factory=list)

    def upscale(
        self, raster: Raster, request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        self.asked.append((raster, request))
        size = (request.width, request.height)
        result = enlarged(raster, Repeating(), size, on_progress=on_progress, tile=32)
        return Enlarged(result, self.model, (("tile", 32),), ("A note.",))


LANCZOS = UPSCALERS.create("lanczos")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (scaled((300, 200), 4), Target(1200, 800, 1200, 800)),
        (scaled((1, 1), 8), Target(8, 8, 8, 8)),
        (covering((1024, 1024), (2048, 2048)), Target(2048, 2048, 2048, 2048)),
        (covering((1024, 768), (2048, 2048)), Target(2048, 2048, 2731, 2048)),
        (covering((768, 1024), (2048, 2048)), Target(2048, 2048, 2048, 2731)),
        (covering((4000, 3000), (400, 100)), Target(400, 100, 400, 300)),
        (covering((1344, 768), (1920, 1080)), Target(1920, 1080, 1920, 1097)),
        (covering((1000, 1), (500, 500)), Target(500, 500, 500_000, 500)),
        (covering((3, 1000), (1, 1)), Target(1, 1, 1, 333)),
        (to_long_edge((300, 200), 1200), Target(1200, 800, 1200, 800)),
        (to_long_edge((200, 300), 1000), Target(667, 1000, 667, 1000)),
        (to_long_edge((5000, 1), 100), Target(100, 1, 100, 1)),
    ],
)
def test_targets(target: Target, expected: Target) -> None:
    assert target == expected


@given(st.tuples(*[st.integers(1, 2000)] * 4))
def test_covering_is_exact_and_distorts_by_no_more_than_rounding(
    sides: tuple[int, int, int, int],
) -> None:
    width, height, across, down = sides
    try:
        target = covering((width, height), (across, down))
    except UsageError:
        assert max(width / height, height / width) * max(across, down) > 2**20
        return
    assert (target.width, target.height) == (across, down)
    assert target.full_width >= across
    assert target.full_height >= down
    assert target.full_width == across or target.full_height == down
    ratio = max(across / width, down / height)
    assert abs(target.full_width - width * ratio) <= 0.5001
    assert abs(target.full_height - height * ratio) <= 0.5001


@given(st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 60), st.integers(1, 60)))
def test_what_is_to_grow_shrinks_on_no_side(sides: tuple[int, int, int, int]) -> None:
    width, height, across, down = sides
    for target in (
        covering((width, height), (across, down)),
        to_long_edge((width, height), across),
    ):
        grows = target.full_width > width or target.full_height > height
        assert not grows or (target.full_width >= width and target.full_height >= height)


@pytest.mark.parametrize("wanted", [(96, 40), (40, 96), (97, 41), (64, 64)])
def test_the_crop_is_symmetrical(wanted: tuple[int, int]) -> None:
    # Margins are even here, so that mirrored pictures give mirrored results.
    down, across = np.mgrid[0:32, 0:32]
    pixels = np.stack([across * 8, down * 8, across + down], axis=2).astype(np.uint8)
    target = covering((32, 32), wanted)
    result = pixels_of(enlarge(raster_from(pixels), LANCZOS, target).raster)
    mirrored = pixels_of(enlarge(raster_from(pixels[::-1, ::-1].copy()), LANCZOS, target).raster)
    assert result.shape == (wanted[1], wanted[0], 3)
    assert difference(result, mirrored[::-1, ::-1]) <= 1


@pytest.mark.parametrize("size", [(600, 300), (400, 400), (601, 300), (450, 100), (100, 450)])
def test_only_what_is_kept_is_enlarged_and_no_pixel_moves(size: tuple[int, int]) -> None:
    pixels = smooth(300, 300)
    upscaler = Scripted()
    target = covering((300, 300), size)
    result = pixels_of(enlarge(raster_from(pixels), upscaler, target).raster)
    everything = enlarged(
        raster_from(pixels), Repeating(), target.whole, on_progress=lambda progress: None, tile=32
    )
    left, top = (target.full_width - size[0]) // 2, (target.full_height - size[1]) // 2
    expected = pixels_of(everything)[top : top + size[1], left : left + size[0]]
    assert difference(result, expected) <= 1
    [(part, request)] = upscaler.asked
    assert (request.width * 300, request.height * 300) == (
        part.width * target.full_width,
        part.height * target.full_height,
    )


def test_a_crop_spares_the_upscaler_what_lies_outside() -> None:
    upscaler = Scripted()
    enlarge(raster_from(noise(300, 300)), upscaler, covering((300, 300), (600, 200)))
    [(part, request)] = upscaler.asked
    # 100 rows are kept, and 32 more on each side are looked at.
    assert part.size == (300, 164)
    assert (request.width, request.height) == (600, 328)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("size", [(60, 40), (90, 60), (75, 75), (30, 20), (12, 8), (15, 17)])
def test_channels_and_depth_are_kept_at_any_size(
    channels: int, depth: int, size: tuple[int, int]
) -> None:
    pixels = noise(30, 20, channels, depth=depth)
    for upscaler in (Scripted(), LANCZOS, UPSCALERS.create("nearest")):
        target = covering((30, 20), size)
        made = enlarge(raster_from(pixels), upscaler, target, sharpen=0.5)
        assert (made.raster.size, made.raster.channels, made.raster.depth) == (
            size,
            channels,
            depth,
        )
        assert pixels_of(made.raster).shape == (size[1], size[0], channels)


@pytest.mark.parametrize("depth", [8, 16])
def test_grey_keeps_its_values(depth: int) -> None:
    pixels = noise(30, 20, 1, depth=depth)
    result = pixels_of(enlarge(raster_from(pixels), Scripted(), scaled((30, 20), 2)).raster)
    assert np.array_equal(result, np.repeat(np.repeat(pixels, 2, axis=0), 2, axis=1))


def test_grey_is_the_mean_of_what_an_upscaler_makes_of_it() -> None:
    class Tinting(Scripted):
        def upscale(self, raster: Raster, *rest: Any, **options: Any) -> Enlarged:
            tinted = np.full((4, 4, 3), (10, 20, 32), np.uint8)
            return Enlarged(raster_from(tinted), "tint")

    result = enlarge(raster_from(noise(2, 2, 1)), Tinting(), scaled((2, 2), 2))
    assert np.unique(pixels_of(result.raster)) == [21]


def test_the_upscaler_gets_rgb_and_the_whole_request() -> None:
    upscaler = Scripted()
    target = covering((30, 30), (60, 60))
    made = enlarge(
        raster_from(noise(30, 30, 2)),
        upscaler,
        target,
        denoise=2,
        prompt="a fox",
        negative_prompt="blur",
        seed=7,
    )
    [(raster, request)] = upscaler.asked
    assert (raster.channels, raster.size) == (3, (30, 30))
    assert request == UpscaleRequest(
        width=60, height=60, denoise=2, prompt="a fox", negative_prompt="blur", seed=7
    )
    assert (made.model, made.parameters, made.notes) == ("repeat", (("tile", 32),), ("A note.",))


def test_a_larger_picture_is_shrunk_without_its_upscaler() -> None:
    upscaler = Scripted()
    made = enlarge(raster_from(noise(90, 60)), upscaler, covering((90, 60), (30, 30)))
    assert upscaler.asked == []
    assert made.raster.size == (30, 30)
    assert made.model == "lanczos"
    assert made.notes == (
        "The picture is larger than 45x30 already, so it was shrunk (lanczos) instead of enlarged.",
    )


def test_a_picture_of_the_size_wanted_is_only_cropped() -> None:
    pixels = noise(40, 30)
    made = enlarge(raster_from(pixels), Scripted(), covering((40, 30), (30, 30)))
    assert np.array_equal(pixels_of(made.raster), pixels[:, 5:35])
    assert (made.model, made.notes) == ("", ())


def test_sharpening_leaves_alpha_as_it_is() -> None:
    pixels = noise(40, 30, 4)
    plain, sharp = (
        pixels_of(enlarge(raster_from(pixels), LANCZOS, scaled((40, 30), 2), sharpen=amount).raster)
        for amount in (0.0, 2.0)
    )
    assert np.array_equal(plain[:, :, 3], sharp[:, :, 3])
    assert difference(plain, sharp) > 20


def test_progress_is_told_while_strips_are_read() -> None:
    told: list[Progress] = []
    made = enlarge(
        raster_from(noise(50, 20, 4)), Scripted(), scaled((50, 20), 2), on_progress=told.append
    )
    assert told == []
    pixels_of(made.raster)
    assert told == [Progress(1, 2, "tile"), Progress(2, 2, "tile")]


PLAIN = UpscaleCapabilities(factors=(2,))
SMALL = UpscaleCapabilities(max_input_pixels=1_048_576, max_output_pixels=4_194_304)


@pytest.mark.parametrize(
    ("capabilities", "size", "factor", "options", "message"),
    [
        (
            PLAIN,
            (64, 64),
            2,
            {"denoise": 1},
            "The upscaler scripted/repeat does not remove noise; leave out --denoise or choose "
            "another --upscaler.",
        ),
        (
            UpscaleCapabilities(denoise=(0, 3)),
            (64, 64),
            2,
            {"denoise": 4},
            "--denoise 4 is not from 0 to 3, which the upscaler scripted/repeat offers; give "
            "one of these.",
        ),
        (
            UpscaleCapabilities(denoise=(0, 3)),
            (64, 64),
            1,
            {"denoise": 3},
            "--denoise 3 needs a result that is larger than the picture, and 64x64 is not larger "
            "than 64x64; leave it out or choose a larger size.",
        ),
        (
            SMALL,
            (2000, 1000),
            2,
            {},
            "The picture's 2000x1000 pixels are more than the upscaler scripted/repeat takes "
            "(1.05 megapixels); choose another --upscaler.",
        ),
        (
            SMALL,
            (1024, 1024),
            4,
            {},
            "The result's 4096x4096 pixels are more than the upscaler scripted/repeat makes "
            "(4.19 megapixels); choose a smaller size or another --upscaler.",
        ),
        (
            UpscaleCapabilities(factors=(2,), trained=True),
            (60, 80),
            17,
            {},
            "The picture of 60x80 would become 1020x1360, and the upscaler scripted/repeat makes "
            "no more than 16 times a side; choose a smaller size, or --upscaler lanczos.",
        ),
        (
            PLAIN,
            (64, 64),
            2,
            {"sharpen": 2.5},
            "--sharpen 2.5 is not from 0 to 2; 0.5 is a gentle amount.",
        ),
        (
            PLAIN,
            (64, 64),
            2,
            {"sharpen": float("nan")},
            "--sharpen nan is not from 0 to 2; 0.5 is a gentle amount.",
        ),
    ],
)
def test_what_cannot_be_done_is_refused(
    capabilities: UpscaleCapabilities,
    size: tuple[int, int],
    factor: int,
    options: dict[str, Any],
    message: str,
) -> None:
    upscaler = Scripted(capabilities=capabilities)
    target = scaled(size, factor)
    with pytest.raises(UsageError) as caught:
        check(upscaler, size, target, **{"denoise": None} | options)
    assert str(caught.value) == message
    with pytest.raises(UsageError) as caught:
        enlarge(raster_from(noise(*size)), upscaler, target, **options)
    assert str(caught.value) == message
    assert upscaler.asked == []


def test_limits_do_not_matter_where_the_upscaler_is_not_needed() -> None:
    check(Scripted(capabilities=SMALL), (4000, 4000), covering((4000, 4000), (9, 9)), denoise=None)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: scaled((9, 9), 0),
            "The scale 0 is not a whole number from 1; give 2, 3, 4 or 8.",
        ),
        (
            lambda: scaled((300_000, 9), 4),
            "The picture would become 1200000x36, and sides of more than 1048576 pixels cannot "
            "be made; choose a smaller size.",
        ),
        (
            lambda: scaled((30_000, 30_000), 4),
            "The picture would become 120000x120000, which is more than 8589 megapixels; choose "
            "a smaller size.",
        ),
        (
            lambda: covering((1, 10_000), (500, 500)),
            "The picture would become 500x5000000, and sides of more than 1048576 pixels cannot "
            "be made; choose a smaller size.",
        ),
        (
            lambda: covering((9, 9), (0, 500)),
            "The size 0x500 has no pixels; give sides of 1 or more.",
        ),
        (lambda: to_long_edge((9, 9), 0), "The long edge 0 has no pixels; give 1 or more."),
        (
            lambda: to_long_edge((9, 9), 2**20 + 1),
            "The picture would become 1048577x1048577, and sides of more than 1048576 pixels "
            "cannot be made; choose a smaller size.",
        ),
    ],
)
def test_sizes_that_cannot_be_made_are_refused(make: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        make()
    assert str(caught.value) == message
