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


@pytest.mark.parametrize("radius", [0, 4])
def test_it_is_the_network_but_for_its_halo(radius: int) -> None:
    true = TrueColours(Shifting(np.float32([0])), radius=radius)
    assert (true.factor, true.halo, true.feather, true.threads) == (3, 3 + radius, 5, 4)


def test_what_the_network_took_away_stays_away_where_the_difference_is_evened_out() -> None:
    tile = np.full((3, 31, 31), 0.5, np.float32)
    tile[:, ::2] += np.float32(0.1)
    tile[:, 1::2] -= np.float32(0.1)
    kept = [TrueColours(_Flat(), radius=radius).run(tile)[:, 9:-9, 9:-9].std() for radius in (0, 4)]
    assert kept[0] > 0.05
    assert kept[1] < 0.02


class _Flat:
    """Middle grey, whatever comes; its halo is 2."""

    factor, halo, feather, threads = 3, 2, 0, 1

    def run(self, tile: Tile) -> Tile:
        rows, columns = ((side - 4) * 3 for side in tile.shape[1:])
        return np.full((3, rows, columns), 0.5, np.float32)


@pytest.mark.parametrize("color", [(0.2, 0.5, 0.9), (0, 0, 0), (1, 1, 1)])
@pytest.mark.parametrize("radius", [0, 2])
def test_a_shift_of_all_is_undone(color: tuple[float, float, float], radius: int) -> None:
    tile = np.empty((3, 9 + 2 * radius, 12 + 2 * radius), np.float32)
    tile[:] = np.float32(color)[:, None, None]
    shift = np.float32([0.05, -0.1, 0.02]).reshape(3, 1, 1)
    result = TrueColours(Shifting(shift), radius=radius).run(tile)
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


@pytest.mark.parametrize("radius", [0, 2])
def test_a_part_gives_the_same_as_the_whole(radius: int) -> None:
    network = TrueColours(Shifting(np.float32([0.1])), radius=radius)
    tile = RANDOM.random((3, 14 + 2 * radius, 12 + 2 * radius), np.float32)
    whole = network.run(tile)
    np.testing.assert_array_equal(network.run(tile[:, 4:, 1:]), whole[:, 12:, 3:])
