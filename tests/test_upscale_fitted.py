"""Functions that enlarge, made into Networks by trying them."""

from collections.abc import Callable

import numpy as np
import pytest
from networks import Array
from rasters import noise, pixels_of, raster_from

from imagine.stages.errors import LocalBackendError, UsageError
from imagine.stages.upscale.fitted import Fit, FittedNetwork, fit_of
from imagine.stages.upscale.tiling import enlarged

Evaluate = Callable[[Array], Array]


def repeating(factor: int, *, lost: int = 0, least: int = 1, multiple: int = 1) -> Evaluate:
    """Repeats pixels and loses some of the result at each border."""

    def evaluate(tile: Array) -> Array:
        sides = tile.shape[1:]
        if min(sides) < least or any(side % multiple for side in sides):
            raise LocalBackendError(f"cannot take {sides}")
        result = tile.repeat(factor, 1).repeat(factor, 2)
        rows, columns = result.shape[1:]
        return result[:, lost : rows - lost, lost : columns - lost]

    return evaluate


@pytest.mark.parametrize(
    ("evaluate", "fit"),
    [
        (repeating(2), Fit(2)),
        (repeating(16), Fit(16)),
        (repeating(2, lost=14), Fit(2, 14)),
        (repeating(2, lost=16), Fit(2, 16)),
        (repeating(4, least=90), Fit(4)),
        (repeating(3, multiple=16), Fit(3)),
    ],
)
def test_factor_and_lost_pixels_are_found_by_trying(evaluate: Evaluate, fit: Fit) -> None:
    assert fit_of(evaluate, channels=3, side=None, name="'m'") == fit


@pytest.mark.parametrize(("factor", "lost"), [(2, 0), (4, 0), (2, 10), (4, 31)])
def test_a_model_of_one_size_is_tried_with_that(factor: int, lost: int) -> None:
    evaluate = repeating(factor, lost=lost, least=64, multiple=64)
    assert fit_of(evaluate, channels=3, side=64, name="'m'") == Fit(factor, lost)


NO_FACTOR = "The model 'm' does not enlarge by a whole number from 2 to 16; use another one."
NO_UPSCALER = "The model 'm' does not enlarge (it is a 1x model); use one of 2x or more."


@pytest.mark.parametrize(
    ("evaluate", "reason"),
    [
        (repeating(1), NO_UPSCALER),
        (repeating(17), NO_FACTOR),
        (lambda tile: tile[:, ::2, ::2], NO_FACTOR),
        (lambda tile: tile.repeat(2, 1).repeat(2, 2)[:, 1:, 1:], NO_FACTOR),
        (lambda tile: np.pad(tile, ((0, 0), (4, 4), (4, 4))).repeat(2, 1).repeat(2, 2), NO_FACTOR),
        (lambda tile: tile[:1], "The model 'm' makes 1x96x96 of a square of 96, no picture; use "),
        (lambda tile: tile[0], "The model 'm' makes 96x96 of a square of 96, no picture; use "),
        (lambda tile: tile[:, :3], "The model 'm' makes 3x3x96 of a square of 96, no picture; "),
        (lambda tile: tile.sum(), "The model 'm' makes a single number of a square of 96, no "),
        (repeating(2, least=200), "cannot take (96, 96)"),
    ],
)
def test_what_is_no_upscaler_is_refused(evaluate: Evaluate, reason: str) -> None:
    with pytest.raises((UsageError, LocalBackendError)) as caught:
        fit_of(evaluate, channels=3, side=None, name="'m'")
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    "network",
    [
        FittedNetwork(repeating(2), Fit(2), halo=5, feather=4, threads=1),
        FittedNetwork(repeating(2, lost=9), Fit(2, 9), halo=5, feather=0, threads=1),
        FittedNetwork(repeating(3, multiple=16), Fit(3), halo=4, feather=2, threads=1, multiple=16),
        FittedNetwork(
            repeating(2, least=40, multiple=40), Fit(2), halo=5, feather=2, threads=1, side=40
        ),
    ],
    ids=["any size", "lost", "multiple", "one size"],
)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (70, 45), (30, 100)])
def test_a_picture_of_any_size_goes_through_in_tiles(
    network: FittedNetwork, width: int, height: int
) -> None:
    pixels = noise(width, height)
    size = (width * network.factor, height * network.factor)
    raster = raster_from(pixels)
    result = enlarged(raster, network, size, on_progress=lambda progress: None, tile=30)
    expected = pixels.repeat(network.factor, 0).repeat(network.factor, 1)
    assert np.array_equal(pixels_of(result), expected)


def test_a_model_that_changes_its_mind_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    network = FittedNetwork(repeating(3), Fit(2), halo=0, feather=0, threads=1)
    with pytest.raises(LocalBackendError) as caught:
        network.run(np.zeros((3, 8, 9), np.float32))
    assert str(caught.value) == (
        "The model made 3x24x27 of 3x8x9, and not 3x16x18; use another model."
    )
