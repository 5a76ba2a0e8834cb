"""True colours: what a network shifts is put right, its lines are left."""

import numpy as np
import pytest
from numpy.typing import NDArray

from imagine.stages.upscale.colours import TrueColours

RANDOM = np.random.default_rng(9)
Tile = NDArray[np.float32]


class Shifting:
    """Repeats pixels three times, with an error that is added; its halo is 2."""

    factor, halo, feather, threads = 3, 2, 5, 4

    def __init__(self, shift: Tile) -> None:
        self.shift = shift

    def run(self, tile: Tile) -> Tile:
        inner = tile[:, 2:-2, 2:-2]
        return inner.repeat(3, 1).repeat(3, 2) + self.shift


def test_it_is_the_network_but_for_a_pixel_more_of_halo() -> None:
    true = TrueColours(Shifting(np.float32([0])))
    assert (true.factor, true.halo, true.feather, true.threads) == (3, 3, 5, 4)


@pytest.mark.parametrize("color", [(0.2, 0.5, 0.9), (0, 0, 0), (1, 1, 1)])
def test_a_shift_of_all_is_undone(color: tuple[float, float, float]) -> None:
    tile = np.empty((3, 9, 12), np.float32)
    tile[:] = np.float32(color)[:, None, None]
    shift = np.float32([0.05, -0.1, 0.02]).reshape(3, 1, 1)
    result = TrueColours(Shifting(shift)).run(tile)
    assert result.shape == (3, 9, 18)
    np.testing.assert_allclose(result, tile[:, :3, :6].repeat(3, 1).repeat(3, 2), atol=1e-6)


def test_a_shift_that_changes_evenly_is_undone_too() -> None:
    tile = RANDOM.random((3, 10, 10), np.float32)
    slope = np.linspace(0, 0.2, 18, dtype=np.float32)[None, None, :]
    result = TrueColours(Shifting(slope)).run(tile)
    np.testing.assert_allclose(result, tile[:, 3:-3, 3:-3].repeat(3, 1).repeat(3, 2), atol=1e-6)


def test_detail_within_a_pixel_is_left() -> None:
    tile = RANDOM.random((3, 9, 9), np.float32)
    detail = np.tile(np.float32([0.2, -0.1, -0.1]), 5)[None, None, :]
    result = TrueColours(Shifting(detail)).run(tile)
    expected = Shifting(detail).run(tile)[:, 3:-3, 3:-3]
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_a_part_gives_the_same_as_the_whole() -> None:
    network = TrueColours(Shifting(np.float32([0.1])))
    tile = RANDOM.random((3, 14, 12), np.float32)
    whole = network.run(tile)
    np.testing.assert_array_equal(network.run(tile[:, 4:, 1:]), whole[:, 12:, 3:])
