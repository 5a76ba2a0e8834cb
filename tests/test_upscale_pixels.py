"""Pixels of every kind of file: grey or RGB, upright, in 8 or 16 bits, none changed."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import chunk
from PIL import Image, ImageCms, ImageOps
from raw_pictures import black_only_profile, raw_png, raw_tiff

from imagine.stages.upscale import pixels as module
from imagine.stages.upscale.pixels import Pixels, read_pixels, upright_size

Array = NDArray[Any]


def noise(height: int, width: int, channels: int, *, deep: bool = False, seed: int = 0) -> Array:
    random = np.random.default_rng(seed)
    kind = np.uint16 if deep else np.uint8
    return random.integers(0, 65536 if deep else 256, (height, width, channels)).astype(kind)


def read(data: bytes) -> Pixels:
    return read_pixels(Image.open(io.BytesIO(data)), lambda: Image.open(io.BytesIO(data)))


def array_of(found: Pixels) -> Array:
    strips = list(found.raster.strips())
    for strip in strips:
        assert strip.flags.c_contiguous
        assert strip.dtype == (np.uint16 if found.raster.depth == 16 else np.uint8)
    whole = np.concatenate(strips)
    assert whole.shape == (found.raster.height, found.raster.width, found.raster.channels)
    return whole


def file_of(picture: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("strip", [1, 40, 2**20])
@pytest.mark.parametrize("orientation", range(9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_pictures_come_out_upright_whatever_the_strips(
    monkeypatch: pytest.MonkeyPatch, format: str, orientation: int, strip: int
) -> None:
    monkeypatch.setattr(module, "_STRIP", strip)
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    data = file_of(Image.fromarray(noise(13, 9, 3)), format, exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    with Image.open(io.BytesIO(data)) as unread:
        assert upright_size(unread) == expected.size
    found = read(data)
    assert found.raster.size == expected.size
    assert np.array_equal(array_of(found), np.asarray(expected))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("deep", [False, True])
def test_a_png_keeps_every_bit(channels: int, deep: bool) -> None:
    samples = noise(7, 11, channels, deep=deep)
    found = read(raw_png(samples))
    assert (found.raster.channels, found.raster.depth) == (channels, 16 if deep else 8)
    assert np.array_equal(array_of(found), samples)
    assert found.notes == ()


def test_an_interlaced_png_of_16_bits_keeps_every_bit() -> None:
    # One pixel in the first of seven passes, the others are empty.
    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 1)
    data = raw_png(np.array([[[0x1234, 0xABCD, 0x00FF]]], np.uint16))
    data = data[:8] + chunk(b"IHDR", header) + data[33:]
    assert array_of(read(data)).tolist() == [[[0x1234, 0xABCD, 0x00FF]]]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_tiff_keeps_16_bits(channels: int, packed: bool, order: str) -> None:
    samples = noise(7, 11, channels, deep=True)
    found = read(raw_tiff(samples, order=order, packed=packed))
    assert (found.raster.channels, found.raster.depth) == (channels, 16)
    assert np.array_equal(array_of(found), samples)


@pytest.mark.parametrize(
    ("bits", "levels"), [(1, [0, 255]), (2, [0, 85, 170, 255]), (4, list(range(0, 256, 17)))]
)
def test_gray_of_few_bits_is_spread_and_its_transparent_level_found(
    bits: int, levels: list[int]
) -> None:
    samples = np.arange(len(levels)).reshape(1, -1, 1)
    assert array_of(read(raw_png(samples, bits=bits)))[0, :, 0].tolist() == levels
    keyed = array_of(read(raw_png(samples, chunk(b"tRNS", struct.pack(">H", 1)), bits=bits)))
    assert keyed[0, :, 0].tolist() == levels
    assert keyed[0, :, 1].tolist() == [0 if level == levels[1] else 255 for level in levels]


@pytest.mark.parametrize(
    ("samples", "key"),
    [
        (noise(5, 6, 1), [3]),
        (noise(5, 6, 3), [7, 8, 9]),
        (noise(5, 6, 1, deep=True), [0x0102]),
        (noise(5, 6, 3, deep=True), [0x0102, 0x0304, 0x0506]),
    ],
    ids=["grey", "rgb", "deep grey", "deep rgb"],
)
def test_a_transparent_color_becomes_alpha(samples: Array, key: list[int]) -> None:
    samples[2, 3] = key
    # Of a deep colour, one that only differs in the low byte stays.
    samples[1, 1] = key
    samples[1, 1, -1] += 1
    found = read(raw_png(samples, chunk(b"tRNS", struct.pack(f">{len(key)}H", *key))))
    alpha = np.full((5, 6, 1), 2**found.raster.depth - 1)
    alpha[2, 3] = 0
    assert np.array_equal(array_of(found), np.concatenate([samples, alpha], axis=2))


@pytest.mark.parametrize("transparency", [None, 3, bytes([0, 128, 255, 7])])
def test_a_palette_becomes_rgb_or_rgba(transparency: int | bytes | None) -> None:
    picture = Image.fromarray(noise(20, 30, 3)).quantize(8)
    options = {} if transparency is None else {"transparency": transparency}
    data = file_of(picture, **options)
    mode = "RGB" if transparency is None else "RGBA"
    expected = np.asarray(Image.open(io.BytesIO(data)).convert(mode))
    assert np.array_equal(array_of(read(data)), expected)


def test_a_still_gif_with_a_transparent_color_becomes_rgba() -> None:
    picture = Image.fromarray(noise(20, 30, 3)).quantize(8)
    data = file_of(picture, "GIF", transparency=2)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
    assert np.array_equal(array_of(read(data)), expected)


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1)])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P", "I;16"])
def test_the_smallest_and_the_thinnest_pictures_are_read(mode: str, size: tuple[int, int]) -> None:
    found = read(file_of(Image.new(mode, size, 1)))
    assert found.raster.size == size
    assert array_of(found).shape[:2] == (size[1], size[0])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 32768, 65535]),
        ([0.0, 127.5, 255.0], [0, 32768, 65535]),
        ([-1.0, 0.0, 1.0], [0, 32768, 65535]),
        ([0.25, 0.25, 0.25], [16384, 16384, 16384]),
        ([70000.0, 70000.0, 70000.0], [0, 0, 0]),
    ],
)
def test_fractions_become_grey_of_16_bits(values: list[float], expected: list[int]) -> None:
    data = file_of(Image.fromarray(np.array([values], np.float32)), "TIFF")
    found = read(data)
    assert array_of(found)[0, :, 0].tolist() == expected
    assert found.notes == (
        f"The picture's samples are 32-bit numbers from {min(values):g} to {max(values):g}, "
        "and become grey of 16 bits.",
    )


def test_whole_numbers_of_32_bits_become_grey_of_16() -> None:
    data = file_of(Image.fromarray(np.array([[0, 4660, 65535]], np.int32)), "TIFF")
    assert array_of(read(data))[0, :, 0].tolist() == [0, 4660, 65535]


def test_numbers_that_are_none_are_damage() -> None:
    data = file_of(Image.fromarray(np.array([[0.0, float("inf")]], np.float32)), "TIFF")
    with pytest.raises(ValueError, match="its numbers are not finite"):
        read(data)


def test_cmyk_without_a_profile_becomes_rgb_with_a_note() -> None:
    picture = Image.fromarray(noise(8, 9, 4), "CMYK")
    data = file_of(picture, "TIFF")
    found = read(data)
    assert np.array_equal(array_of(found), np.asarray(picture.convert("RGB")))
    assert found.recolored
    assert found.notes == (
        "The picture is CMYK without a colour profile that can be read: its colours are a guess.",
    )


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_cmyk_goes_through_its_profile(kind: str) -> None:
    # By this one cyan, magenta and yellow leave no trace.
    picture = Image.new("CMYK", (16, 16), (255, 255, 255, 0))
    found = read(file_of(picture, kind, icc_profile=black_only_profile()))
    assert array_of(found).min() >= 253
    assert found.recolored
    assert found.notes == ("The picture is CMYK, and becomes sRGB through its colour profile.",)


def test_lab_becomes_srgb() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    picture = Image.new("RGB", (4, 3), (200, 30, 60))
    turned = ImageCms.applyTransform(picture, ImageCms.buildTransform(srgb, lab, "RGB", "LAB"))
    assert turned is not None
    found = read(file_of(turned, "TIFF"))
    assert np.abs(array_of(found).astype(int) - np.asarray(picture).astype(int)).max() <= 2
    assert found.recolored
    assert found.notes == ("The picture is CIE Lab, and becomes sRGB.",)


def test_a_damaged_exif_block_is_no_reason_to_refuse_the_pixels() -> None:
    samples = noise(4, 5, 3)
    assert np.array_equal(array_of(read(raw_png(samples, chunk(b"eXIf", b"MM\0*\0\0")))), samples)
