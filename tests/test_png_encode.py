"""PNG encoding: lossless for every picture, small enough, and whole for a strict reader."""

import io
import random
import struct
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageFilter

from imagine.stages.formats import png_encode, png_pack
from imagine.stages.formats.png import chunks, text_chunk
from imagine.stages.formats.png_encode import encode_png
from imagine.stages.formats.png_filters import FILTERS, Filter
from imagine.stages.formats.png_pack import Search

SAMPLES = {"L": 1, "RGB": 3, "RGBA": 4}
# What samples are drawn from: noise, flat art, the edges of the range and of its halves.
VALUES = (range(256), (7,), (0, 255), (127, 128), (0, 1, 254, 255))


def noise(
    mode: str, size: tuple[int, int], values: Iterable[int] = range(256), *, seed: int = 0
) -> Image.Image:
    count = size[0] * size[1] * SAMPLES[mode]
    return Image.frombytes(mode, size, bytes(random.Random(seed).choices(list(values), k=count)))


def decoded(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture


def same(data: bytes, pixels: Image.Image) -> bool:
    """Whether the file shows exactly these pixels."""
    picture = decoded(data)
    return (picture.mode, picture.size) == (pixels.mode, pixels.size) and (
        picture.tobytes() == pixels.tobytes()
    )


def kinds(data: bytes) -> list[bytes]:
    return [kind for kind, _, _ in chunks(data)]


def unpacked(data: bytes) -> bytes:
    """The filtered rows; a stream that is cut, too long or has a wrong checksum is an error."""
    inflater = zlib.decompressobj()
    packed = b"".join(data[start:end] for kind, start, end in chunks(data) if kind == b"IDAT")
    rows = inflater.decompress(packed)
    assert inflater.eof
    assert not inflater.unused_data
    return rows


@given(
    mode=st.sampled_from(sorted(SAMPLES)),
    size=st.tuples(st.integers(1, 70), st.integers(1, 50)),
    values=st.sampled_from(VALUES),
    seed=st.integers(0, 99),
)
def test_every_picture_comes_back_as_it_was(
    mode: str, size: tuple[int, int], values: Iterable[int], seed: int
) -> None:
    pixels = noise(mode, size, values, seed=seed)
    data = encode_png(pixels)
    assert same(data, pixels)
    assert encode_png(pixels.copy()) == data


@pytest.mark.parametrize("search", ["runs", "quick", "thorough"])
@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("mode", sorted(SAMPLES))
def test_every_filter_and_search_is_lossless_over_several_bands(
    mode: str, filter: Filter, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(png_encode, "choice", lambda sample: (filter, search))
    monkeypatch.setattr(png_encode, "BAND", 1000)
    pixels = noise(mode, (41, 53), (0, 1, 100, 254, 255))
    data = encode_png(pixels)
    assert same(data, pixels)
    width = 41 * SAMPLES[mode] + 1
    assert unpacked(data)[::width] == bytes([FILTERS.index(filter)]) * 53


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (16_384, 3), (1024, 33)])
@pytest.mark.parametrize("mode", sorted(SAMPLES))
def test_extreme_shapes_are_lossless(mode: str, size: tuple[int, int]) -> None:
    pixels = noise(mode, size)
    assert same(encode_png(pixels), pixels)


def test_the_file_has_the_chunks_that_a_strict_reader_wants() -> None:
    pixels = noise("RGBA", (300, 200))
    added = [text_chunk("one", "1"), text_chunk("two", "☕", wide=True)]
    data = encode_png(pixels, added)
    found = [(kind, data[start:end]) for kind, start, end in chunks(data)]
    assert found[0] == (b"IHDR", struct.pack(">IIBBBBB", 300, 200, 8, 6, 0, 0, 0))
    assert found[1:3] == added
    assert kinds(data)[3:] == [b"IDAT", b"IEND"]
    assert data.endswith(b"\0\0\0\0IEND\xaeB`\x82")
    assert len(unpacked(data)) == 200 * (1 + 300 * 4)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("P", "RGB"), ("1", "RGB"), ("LA", "RGBA"), ("CMYK", "RGB"), ("PA", "RGBA")],
)
def test_other_modes_become_rgb_or_rgba(mode: str, expected: str) -> None:
    pixels = noise("RGB", (40, 30)).convert("RGBA" if mode == "PA" else "RGB").convert(mode)
    assert same(encode_png(pixels), pixels.convert(expected))


def test_a_palette_with_a_transparent_color_becomes_rgba() -> None:
    pixels = noise("RGB", (40, 30)).quantize(16)
    pixels.info["transparency"] = 3
    picture = decoded(encode_png(pixels))
    assert picture.mode == "RGBA"
    assert picture.tobytes() == pixels.convert("RGBA").tobytes()


@pytest.mark.parametrize(("mode", "kept"), [("RGB", True), ("RGBA", True), ("L", False)])
def test_an_icc_profile_is_kept_where_it_is_of_the_color_space(mode: str, kept: bool) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = noise(mode, (20, 10))
    pixels.info["icc_profile"] = profile
    data = encode_png(pixels, [text_chunk("key", "words")])
    assert decoded(data).info.get("icc_profile") == (profile if kept else None)
    assert kinds(data)[:3] == [b"IHDR", *[b"iCCP"] * kept, b"tEXt", b"IDAT"][:3]


@pytest.mark.parametrize("search", ["runs", "quick", "thorough"])
def test_without_zlib_ng_the_standard_library_compresses(
    search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    standard = type(zlib.compressobj())
    assert not isinstance(png_pack.compressor(search), standard)
    monkeypatch.setitem(sys.modules, "zlib_ng.zlib_ng", None)
    assert isinstance(png_pack.compressor(search), standard)
    pixels = noise("RGB", (120, 90), (0, 3, 255))
    monkeypatch.setattr(png_encode, "choice", lambda sample: ("paeth", search))
    assert same(encode_png(pixels), pixels)


def sky(mode: str) -> Image.Image:
    """Smooth, with the noise of a camera."""
    bands = [Image.radial_gradient("L").rotate(90 * turn) for turn in range(SAMPLES[mode])]
    grain = noise("L", (256, 256), range(6))
    return Image.merge(mode, [ImageChops.add(band, grain) for band in bands])


def flat(mode: str) -> Image.Image:
    """Shapes of one colour each, with lettering."""
    pixels = Image.new("RGBA", (256, 256), "white")
    draw = ImageDraw.Draw(pixels)
    draw.ellipse((20, 30, 150, 160), fill="#d03040")
    draw.polygon([(200, 40), (250, 200), (130, 220)], fill="#3060c0")
    for line in range(6):
        draw.text((10, 170 + 14 * line), "Two red apples on a table " * 2, fill="black")
    return pixels.convert(mode)


def paper(mode: str) -> Image.Image:
    """Few values beside each other, as in a drawing on rough paper."""
    grain = noise("L", (256, 256), (228, 234, 240, 246)).filter(ImageFilter.BoxBlur(1))
    grain = Image.merge(mode, [grain] * SAMPLES[mode])
    return ImageChops.multiply(grain, flat(mode))


@pytest.mark.parametrize("mode", sorted(SAMPLES))
@pytest.mark.parametrize(
    "draw",
    [sky, flat, paper, lambda mode: noise(mode, (256, 256))],
    ids=["sky", "flat", "paper", "noise"],
)
def test_the_file_is_at_most_a_fifth_larger_than_that_of_pillow(
    draw: Callable[[str], Image.Image], mode: str
) -> None:
    pixels = draw(mode)
    buffer = io.BytesIO()
    pixels.save(buffer, "PNG")
    data = encode_png(pixels)
    assert same(data, pixels)
    assert len(data) <= 1.2 * len(buffer.getvalue())


def test_memory_stays_near_that_of_the_file() -> None:
    pixels = Image.new("RGB", (2048, 2048), "#d03040")
    encode_png(pixels.crop((0, 0, 64, 64)))
    tracemalloc.start()
    try:
        data = encode_png(pixels)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The pixels are 12 MB; a few copies of a band are 2 MB.
    assert len(data) < 100_000
    assert peak < 3 * 2**20
