"""Tiling: the tiles of any network join to what it would have made of the whole picture."""

import threading
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import LONG, PATIENT, Limit, until
from rasters import (
    Blurring,
    Pixels,
    Repeating,
    Tile,
    difference,
    noise,
    pixels_of,
    raster_from,
    smooth,
)

from imagine.stages.errors import LocalBackendError, UsageError
from imagine.stages.image import Progress
from imagine.stages.upscale.network import Network
from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.tiling import enlarged, number_of_tiles, spans

WHOLE = 10**6


def ignored(progress: Progress) -> None:
    pass


def tiled(
    pixels: Any, network: Network, tile: int, *, size: tuple[int, int] | None = None, **options: Any
) -> Any:
    raster = raster_from(pixels)
    size = size or (raster.width * network.factor, raster.height * network.factor)
    return pixels_of(enlarged(raster, network, size, on_progress=ignored, tile=tile, **options))


@pytest.mark.parametrize("tile", [16, 20, 33, 64, 256])
@pytest.mark.parametrize("depth", [8, 16])
def test_tiles_are_exact_where_the_halo_is_all_that_the_network_looks_at(
    tile: int, depth: int
) -> None:
    pixels = noise(97, 61, depth=depth)
    whole = tiled(pixels, Blurring(), WHOLE)
    assert np.array_equal(tiled(pixels, Blurring(), tile), whole)
    assert difference(tiled(pixels, Blurring(feather=4), tile), whole) <= 1


def test_a_picture_in_tiles_keeps_every_pixel_in_its_place() -> None:
    pixels = noise(97, 61)
    expected = np.repeat(np.repeat(pixels, 3, axis=0), 3, axis=1)
    for feather in (0, 5):
        assert np.array_equal(tiled(pixels, Repeating(factor=3, feather=feather), 24), expected)


def test_sixteen_bits_keep_their_precision() -> None:
    pixels = noise(40, 30, depth=16)
    expected = np.repeat(np.repeat(pixels, 2, axis=0), 2, axis=1)
    assert np.array_equal(tiled(pixels, Repeating(feather=4), 16), expected)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 50), (50, 1), (2, 3), (17, 1)])
@pytest.mark.parametrize("feather", [0, 5])
def test_pictures_of_a_pixel_or_a_line_are_enlarged(width: int, height: int, feather: int) -> None:
    pixels = noise(width, height)
    expected = np.repeat(np.repeat(pixels, 2, axis=0), 2, axis=1)
    assert np.array_equal(tiled(pixels, Repeating(halo=10, feather=feather), 16), expected)
    flat = np.full((height, width, 3), 77, np.uint8)
    assert np.unique(tiled(flat, Blurring(halo=10, reach=10, feather=feather), 16)) == [77]


def test_borders_are_continued_outwards() -> None:
    pixels = noise(30, 30)
    outwards = np.pad(pixels, ((3, 3), (3, 3), (0, 0)), "edge")
    middle = tiled(outwards, Blurring(), WHOLE)[6:-6, 6:-6]
    assert np.array_equal(tiled(pixels, Blurring(), WHOLE), middle)


def steps_at_seams(result: Any, tile: int, network: Network) -> tuple[float, float]:
    """The largest step between neighbours near the tiles' seams, and elsewhere but at borders."""
    steps = np.abs(np.diff(result.astype(float), axis=1)).max(axis=(0, 2))
    near = np.zeros(len(steps), bool)
    for span in spans(result.shape[1] // network.factor, tile, network.feather)[1:]:
        near[span.start * 2 - 2 : (span.start + network.feather) * 2 + 2] = True
    inner = np.arange(len(steps))
    away = ~near & (inner > 60) & (inner < len(steps) - 60)
    return float(steps[near].max()), float(steps[away].max())


def test_feathered_seams_are_no_steeper_than_the_picture() -> None:
    # It looks 12 pixels far and is given 8, so that tiles differ where they meet.
    pixels = smooth(400, 90)
    feathered = Blurring(halo=8, reach=12, feather=8)
    at_seams, elsewhere = steps_at_seams(tiled(pixels, feathered, 64), 64, feathered)
    assert at_seams <= 1.25 * elsewhere
    cut = Blurring(halo=8, reach=12)
    at_seams, elsewhere = steps_at_seams(tiled(pixels, cut, 64), 64, cut)
    assert at_seams > 2 * elsewhere


@pytest.mark.parametrize("feather", [0, 4])
def test_results_are_the_same_bits_for_any_number_of_threads(feather: int) -> None:
    @dataclass
    class Uneven(Blurring):
        def run(self, tile: Tile) -> Tile:
            time.sleep(float(tile[0, 0, 0]) / 100)
            return super().run(tile)

    pixels = noise(120, 70)
    network = Uneven(feather=feather, halo=2, reach=5)
    one, *others = (tiled(pixels, network, 24, threads=threads) for threads in (1, 2, 7))
    assert all(np.array_equal(one, other) for other in others)


@given(
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    tile=st.integers(1, 40),
    halo=st.integers(0, 12),
    feather=st.integers(0, 9),
    rows=st.integers(1, 60),
)
@settings(max_examples=60, deadline=None)
def test_any_size_of_tile_halo_and_strip_gives_the_whole_picture(
    size: tuple[int, int], tile: int, halo: int, feather: int, rows: int
) -> None:
    pixels = noise(*size)
    network = Repeating(halo=halo, feather=feather)
    twice = (2 * size[0], 2 * size[1])
    raster = raster_from(pixels, rows=rows)
    result = pixels_of(enlarged(raster, network, twice, on_progress=ignored, tile=tile))
    assert np.array_equal(result, np.repeat(np.repeat(pixels, 2, axis=0), 2, axis=1))


@given(st.integers(1, 500), st.integers(1, 200), st.integers(0, 30))
def test_spans_cover_a_side_and_overlap_by_the_feather(
    length: int, side: int, feather: int
) -> None:
    side = max(side, 3 * feather)
    tiles = spans(length, side, feather)
    assert tiles[0].start == 0
    assert tiles[-1].stop == length
    assert (tiles[0].before, tiles[-1].after) == (0, 0)
    assert max(tile.stop - tile.start for tile in tiles) <= side
    for left, right in pairwise(tiles):
        assert left.stop - right.start == left.after == right.before == feather
    for tile in tiles:
        assert tile.before + tile.after <= tile.stop - tile.start


@pytest.mark.parametrize(
    ("factor", "size"),
    [
        (2, (60, 40)),
        (2, (90, 60)),
        (4, (90, 60)),
        (2, (240, 160)),
        (4, (240, 160)),
        (2, (41, 27)),
        (2, (30, 20)),
        (2, (15, 10)),
        (4, (31, 20)),
    ],
)
def test_any_size_is_reached_exactly(factor: int, size: tuple[int, int]) -> None:
    result = tiled(smooth(30, 20), Repeating(factor=factor), 16, size=size)
    assert result.shape == (size[1], size[0], 3)


def test_later_passes_enlarge_no_more_than_is_needed() -> None:
    seen = []

    @dataclass
    class Watching(Repeating):
        def run(self, tile: Tile) -> Tile:
            seen.append((tile.shape[2] - 2 * self.halo, tile.shape[1] - 2 * self.halo))
            return super().run(tile)

    tiled(smooth(30, 20), Watching(), WHOLE, size=(90, 60), threads=1)
    assert seen == [(30, 20), (45, 30)]


@pytest.mark.parametrize(("tile", "width"), [(1, 30), (5, 90), (16, 90), (40, 20_000)])
def test_no_tile_is_larger_than_was_said(tile: int, width: int) -> None:
    seen: set[tuple[int, ...]] = set()

    @dataclass
    class Watching(Repeating):
        def run(self, tile: Tile) -> Tile:
            seen.add(tile.shape)
            return super().run(tile)

    tiled(np.zeros((30, width, 3), np.uint8), Watching(factor=4, halo=10, feather=4), tile)
    assert max(max(rows, columns) for _, rows, columns in seen) <= tile + 20


def test_a_picture_of_the_size_wanted_comes_back_untouched() -> None:
    pixels = noise(30, 20)
    assert np.array_equal(tiled(pixels, Blurring(), 16, size=(30, 20)), pixels)


def test_progress_counts_the_tiles_of_all_passes() -> None:
    told: list[Progress] = []
    raster = raster_from(noise(40, 24))
    result = enlarged(raster, Repeating(), (120, 72), on_progress=told.append, tile=20)
    assert number_of_tiles(raster, Repeating(), (120, 72), tile=20) == 10
    assert told == []
    pixels_of(result)
    # 2 x 2 tiles of 40 x 24, then 3 x 2 of 60 x 36.
    assert told == [Progress(step, 10, "tile") for step in range(1, 11)]
    told.clear()
    pixels_of(result)
    assert [progress.step for progress in told] == list(range(1, 11))


def workers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("tile")]


def test_closing_stops_the_workers_within_a_tile() -> None:
    ran: list[int] = []
    held: list[int] = []
    closing = threading.Event()

    @dataclass
    class Held(Repeating):
        def run(self, tile: Tile) -> Tile:
            ran.append(1)
            if float(tile.max()) > 0:
                held.append(1)
                assert closing.wait(PATIENT)
            return super().run(tile)

    # One tile across: the first strip is there, while the workers are at tiles further down.
    pixels = np.zeros((400, 20, 3), np.uint8)
    pixels[40:] = 9
    strips: Any = enlarged(
        raster_from(pixels),
        Held(),
        (40, 800),
        on_progress=ignored,
        tile=20,
        threads=2,
        on_stop=closing.set,
    ).strips()
    next(strips)
    until(lambda: held)
    before = len(ran)
    strips.close()
    assert not workers()
    # The other one may have begun a tile just then.
    assert len(ran) <= before + 1


def test_a_tile_that_would_take_minutes_can_be_ended() -> None:
    ended = threading.Event()

    @dataclass
    class Endless(Repeating):
        def run(self, tile: Tile) -> Tile:
            if float(tile.max()) > 0:
                assert ended.wait(LONG)
            return super().run(tile)

    pixels = np.zeros((100, 20, 3), np.uint8)
    pixels[40:] = 9
    result = enlarged(
        raster_from(pixels),
        Endless(),
        (40, 200),
        on_progress=ignored,
        tile=20,
        threads=2,
        on_stop=ended.set,
    )
    strips: Any = result.strips()
    next(strips)
    assert not ended.is_set()
    with Limit():
        strips.close()
    assert ended.is_set()
    assert not workers()


def test_nothing_is_ended_where_all_was_read() -> None:
    ended = threading.Event()
    raster = raster_from(noise(40, 24))
    pixels_of(
        enlarged(raster, Repeating(), (80, 48), on_progress=ignored, tile=20, on_stop=ended.set)
    )
    assert not ended.is_set()


def test_a_failing_tile_ends_the_work_with_its_error() -> None:
    @dataclass
    class Failing(Repeating):
        runs: int = 0

        def run(self, tile: Tile) -> Tile:
            self.runs += 1
            if self.runs > 5:
                raise LocalBackendError("The network is out of memory; close other programs.")
            return super().run(tile)

    with pytest.raises(LocalBackendError, match="out of memory"):
        tiled(noise(200, 200), Failing(), 20, threads=2)
    assert not workers()


def test_an_interrupted_reader_leaves_no_worker() -> None:
    def interrupted(progress: Progress) -> None:
        raise KeyboardInterrupt

    raster = raster_from(noise(100, 100))
    result = enlarged(raster, Repeating(), (800, 800), on_progress=interrupted, tile=20)
    with pytest.raises(KeyboardInterrupt):
        pixels_of(result)
    assert not workers()


def test_values_that_are_no_numbers_are_an_error_of_the_picture() -> None:
    @dataclass
    class Broken(Repeating):
        def run(self, tile: Tile) -> Tile:
            return super().run(tile) * np.float32(np.nan)

    result = enlarged(
        raster_from(noise(20, 20)),
        Broken(),
        (40, 40),
        on_progress=lambda progress: None,
        tile=16,
        called="The model 'm.onnx'",
    )
    with pytest.raises(UsageError) as caught:
        pixels_of(result)
    assert str(caught.value) == (
        "The model 'm.onnx' gives values that are no numbers for this picture; its weights are "
        "damaged or are not meant for this runtime, so use another."
    )


def test_values_beyond_white_and_black_are_clipped() -> None:
    @dataclass
    class Loud(Repeating):
        def run(self, tile: Tile) -> Tile:
            return super().run(tile) * 3 - 1

    pixels = np.array([[[0, 128, 255]]], np.uint8)
    assert tiled(pixels, Loud(), 16)[0, 0].tolist() == [0, 129, 255]


@pytest.mark.parametrize(("factor", "scale"), [(4, 4), (2, 3), (4, 8)])
def test_memory_does_not_grow_with_the_picture(factor: int, scale: int) -> None:
    width, height = 12_000 // scale, 4_000 // scale

    def strips() -> Iterator[Pixels]:
        for _ in range(0, height, 50):
            yield np.full((50, width, 3), 90, np.uint8)

    raster = Raster(width, height // 50 * 50, 3, 8, strips)
    network = Repeating(factor=factor, halo=10, feather=8)
    size = (raster.width * scale, raster.height * scale)
    tracemalloc.start()
    try:
        rows = 0
        for strip in enlarged(
            raster, network, size, on_progress=ignored, tile=128, threads=2
        ).strips():
            rows += len(strip)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == size[1]
    # Uncompressed, the result has 140 MB.
    assert peak < 80e6
