"""PNG streaming: the same pixels however they come, in memory that no height adds to."""

import io
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from imagine.stages.formats import png_stream
from imagine.stages.formats.png import chunks, text_chunk
from imagine.stages.formats.png_encode import encode_png
from imagine.stages.formats.png_filters import FILTERS, Filter
from imagine.stages.formats.png_pack import Search
from imagine.stages.formats.png_stream import Layout, stream_png
from imagine.stages.upscale.pixels import read_pixels

Array = NDArray[Any]


def samples(height: int, width: int, channels: int, depth: int, *, seed: int = 0) -> Array:
    """Noise above, one colour below."""
    random = np.random.default_rng(seed)
    found = random.integers(0, 2**depth, (height, width, channels))
    found[height // 2 :] = 2**depth - 2
    return found.astype(np.uint16 if depth == 16 else np.uint8)


def layout_of(pixels: Array) -> Layout:
    return Layout(pixels.shape[1], pixels.shape[0], pixels.shape[2], pixels.itemsize * 8)


def cut(pixels: Array, rows: int) -> Iterator[Array]:
    for top in range(0, len(pixels), rows):
        yield pixels[top : top + rows]


def file_of(pixels: Array, *, rows: int = 7) -> bytes:
    return b"".join(stream_png(layout_of(pixels), cut(pixels, rows)))


def read(data: bytes) -> Array:
    found = read_pixels(Image.open(io.BytesIO(data)), lambda: Image.open(io.BytesIO(data)))
    return np.concatenate(list(found.raster.strips()))


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@settings(deadline=None)
@given(
    size=st.tuples(st.integers(1, 60), st.integers(1, 50)),
    rows=st.integers(1, 60),
    seed=st.integers(0, 9),
)
def test_every_picture_comes_back_and_strips_of_any_height_make_the_same_file(
    channels: int, depth: int, size: tuple[int, int], rows: int, seed: int
) -> None:
    pixels = samples(*size, channels, depth, seed=seed)
    data = file_of(pixels, rows=rows)
    assert np.array_equal(read(data), pixels)
    assert data == file_of(pixels, rows=1000)


@pytest.mark.parametrize("search", ["runs", "quick", "thorough"])
@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("depth", [8, 16])
def test_every_filter_and_search_is_lossless_over_segments_and_bands(
    depth: int, filter: Filter, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(png_stream, "choice", lambda sample: (filter, search))
    monkeypatch.setattr(png_stream, "BAND", 1000)
    monkeypatch.setattr(png_stream, "_SEGMENT", 3000)
    pixels = samples(53, 41, 3, depth)
    data = file_of(pixels)
    assert np.array_equal(read(data), pixels)
    packed = b"".join(data[start:end] for kind, start, end in chunks(data) if kind == b"IDAT")
    width = 41 * 3 * depth // 8 + 1
    assert zlib.decompress(packed)[::width] == bytes([FILTERS.index(filter)]) * 53


def test_the_file_has_the_chunks_that_a_strict_reader_wants() -> None:
    pixels = samples(20, 30, 3, 8)
    added = [text_chunk("one", "1"), text_chunk("two", "☕", wide=True)]
    data = b"".join(stream_png(layout_of(pixels), cut(pixels, 5), added))
    found = [(kind, data[start:end]) for kind, start, end in chunks(data)]
    assert found[1:3] == added
    assert [kind for kind, _ in found] == [b"IHDR", b"tEXt", b"iTXt", b"IDAT", b"IDAT", b"IEND"]
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.text == {"one": "1", "two": "☕"}  # type: ignore[attr-defined]


def test_a_segment_does_not_decide_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png_stream, "_SEGMENT", 64 * 256 * 3)
    ramp = np.add.outer(np.arange(256), np.arange(256))[..., None] + np.array([0, 40, 90])
    pixels = (ramp // 3).astype(np.uint8)
    pixels[:128] = 255
    chosen = []
    real = png_stream.choice

    def noted(sample: Any) -> tuple[Filter, Search]:
        chosen.append(real(sample))
        return chosen[-1]

    monkeypatch.setattr(png_stream, "choice", noted)
    assert np.array_equal(read(file_of(pixels)), pixels)
    assert chosen[0][0] == "none"
    assert chosen[-1][0] != "none"


@pytest.mark.parametrize("kind", ["noise", "ramp"])
def test_the_file_is_about_as_large_as_one_that_is_packed_whole(kind: str) -> None:
    pixels = samples(700, 900, 3, 8)
    if kind == "ramp":
        pixels = (np.add.outer(np.arange(700), np.arange(900))[..., None] // [5, 6, 7]).astype("u1")
    whole = len(encode_png(Image.fromarray(pixels)))
    assert len(file_of(pixels)) <= 1.02 * whole + 200


def test_memory_does_not_grow_with_the_height() -> None:
    strip = samples(64, 12_000, 3, 8)

    def strips() -> Iterator[Array]:
        for _ in range(12_000 // 64):
            yield strip
        yield strip[: 12_000 % 64]

    length = 0
    tracemalloc.start()
    try:
        for piece in stream_png(Layout(12_000, 12_000, 3, 8), strips()):
            length += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The pixels are 432 MB; a segment is 4, and a few stages of its making are alive at once.
    assert length > 200_000_000
    assert peak < 32 * 2**20
