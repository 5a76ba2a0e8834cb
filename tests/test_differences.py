"""What is said where something else draws a picture again than drew it first."""

from typing import Any

import pytest

from imagine.stages.differences import differences

FIRST = {"dtype": "float32", "device": "cpu", "weights": "ab"}


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({}, FIRST, []),
        (FIRST, FIRST, []),
        (
            FIRST,
            {**FIRST, "weights": "cd"},
            [
                "The weights of sd15 are not those that the picture was first drawn with, so it "
                "may look different."
            ],
        ),
        (
            {**FIRST, "vae": "tiny 0123"},
            FIRST,
            [
                "The picture was first drawn with VAE tiny 0123, and now with VAE as usual, so it "
                "may look different; for the pixels of the first time, set IMAGINE_TINY_VAE to the "
                "tiny VAE that it was drawn with."
            ],
        ),
        (
            {"library": "1"},
            {"library": "1", "dtype": "float16"},
            [
                "The picture was first drawn with dtype as usual, and now with dtype float16, so "
                "it may look different; for the pixels of the first time, leave out IMAGINE_DTYPE."
            ],
        ),
        # Nothing that can be set surely brings these back: another's card, tiles, a release.
        (
            {**FIRST, "device": "cuda", "dtype": "bfloat16"},
            FIRST,
            [
                "The picture was first drawn with dtype bfloat16, device cuda, and now with dtype "
                "float32, device cpu, so it may look different."
            ],
        ),
        (
            FIRST,
            {**FIRST, "vae_tiling": True},
            [
                "The picture was first drawn with VAE tiling as usual, and now with VAE tiling on, "
                "so it may look different."
            ],
        ),
    ],
)
def test_what_differs_is_told_and_the_settings_that_mend_it(
    before: dict[str, Any], now: dict[str, Any], told: list[str]
) -> None:
    assert differences(before, now, model="sd15") == told
