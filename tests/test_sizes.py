"""Sizes of backends: which are drawn, which one fits a shape, and what the refusal says."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from imagine.stages.errors import UsageError
from imagine.stages.sizes import FreeSizes, ListedSizes

FREE = FreeSizes(
    min_side=256, max_side=2048, min_pixels=655_360, max_pixels=2_000_000, step=16, steepest=3
)
LISTED = ListedSizes(
    ((1024, 1024, "1:1"), (2048, 2048, "1:1"), (1376, 768, "16:9"), (352, 2928, "1:8"))
)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (
            (1024, 128),
            "The size 1024x128 is out of range: paint draws sides from 256 to 2048 pixels; choose "
            "one of these.",
        ),
        (
            (2048, 2048),
            "The size 2048x2048 is 4.194 megapixels; paint draws at most 2; choose a smaller one.",
        ),
        (
            (1424, 1408),
            "The size 1424x1408 is 2.005 megapixels; paint draws at most 2; choose a smaller one.",
        ),
        (
            (640, 480),
            "The size 640x480 is 0.3072 megapixels; paint draws at least 0.6554: ask for 944x704.",
        ),
        (
            (1000, 1024),
            "The size 1000x1024 is none of paint's, whose sides are multiples of 16; "
            "ask for 992x1024.",
        ),
        (
            (1024, 256),
            "The size 1024x256 is steeper than 3:1, the most that paint draws; "
            "choose a gentler one.",
        ),
    ],
)
def test_a_size_out_of_the_limits_is_refused(size: tuple[int, int], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        FREE.check("paint", *size)
    assert str(caught.value) == message


@given(st.tuples(st.integers(1, 100), st.integers(1, 100)))
def test_a_shape_that_is_no_demand_always_gives_a_size_that_is_drawn(
    ratio: tuple[int, int],
) -> None:
    LISTED.check("paint", *LISTED.for_ratio("paint", ratio, exact=False))
    FREE.check("paint", *FREE.for_ratio("paint", ratio, exact=False))


@given(st.integers(16, 54), st.integers(16, 54))
def test_the_size_that_a_refusal_for_its_pixels_names_is_drawn(wide: int, high: int) -> None:
    assume(max(wide, high) <= 3 * min(wide, high) and wide * high * 256 < FREE.min_pixels)
    with pytest.raises(UsageError) as caught:
        FREE.check("paint", wide * 16, high * 16)
    named = str(caught.value).rpartition("ask for ")[2].rstrip(".")
    width, height = map(int, named.split("x"))
    FREE.check("paint", width, height)


def test_the_steepest_shape_is_drawn_and_a_steeper_one_refused() -> None:
    FREE.check("paint", *FREE.for_ratio("paint", (1, 3), exact=True))
    with pytest.raises(UsageError) as caught:
        FREE.for_ratio("paint", (4, 1), exact=True)
    assert str(caught.value) == (
        "paint cannot draw the aspect ratio 4:1: 3:1 is the steepest; choose a gentler one."
    )


@pytest.mark.parametrize(
    ("ratio", "size"),
    [
        ((1, 1), (1024, 1024)),
        ((16, 9), (1376, 768)),
        ((1, 8), (352, 2928)),
        ((43, 24), (1376, 768)),
    ],
)
def test_a_listed_shape_is_found_by_its_name_and_by_its_pixels(
    ratio: tuple[int, int], size: tuple[int, int]
) -> None:
    assert LISTED.for_ratio("paint", ratio, exact=True) == size


def test_a_shape_or_size_that_is_not_listed_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        LISTED.for_ratio("paint", (7, 5), exact=True)
    assert str(caught.value) == "paint cannot draw the aspect ratio 7:5; it draws 1:1, 16:9, 1:8."
    assert LISTED.for_ratio("paint", (7, 5), exact=False) == (1376, 768)
    with pytest.raises(UsageError) as caught:
        LISTED.check("paint", 1900, 2000)
    assert str(caught.value) == (
        "paint cannot draw 1900x2000; its nearest size is 2048x2048, and its shapes are "
        "1:1, 16:9, 1:8 (--ar)."
    )


@pytest.mark.parametrize(
    ("size", "drawn"),
    [
        # A megapixel and a few pixels more costs two.
        ((1025, 1024), (1024, 1024)),
        ((1030, 1030), (1024, 1024)),
        ((1000, 1000), (1008, 1008)),
        ((1100, 1024), (1104, 1024)),
    ],
)
def test_what_models_draw_best_stands_for_what_is_hardly_larger(
    size: tuple[int, int], drawn: tuple[int, int]
) -> None:
    sizes = FreeSizes(min_side=256, max_side=2048, max_pixels=2048 * 2048, step=16)
    assert sizes.near(size) == drawn


def test_both_say_what_they_are() -> None:
    assert FREE.told() == "sides 256 to 2048, 0.66 to 2 megapixels"
    assert FreeSizes(64, 4096, 16_000_000).told() == "sides 64 to 4096, at most 16 megapixels"
    assert LISTED.told() == "shapes 1:1, 16:9, 1:8, sides up to 2928"
