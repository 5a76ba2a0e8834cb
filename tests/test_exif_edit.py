"""EXIF that is changed where it stands: what a camera wrote stays, what is stale goes."""

import io
import struct
from typing import Any

import exiv2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imagine.stages.formats.exif import exif_block, user_comment
from imagine.stages.formats.exif_edit import (
    PREFIX,
    edited,
    tells_resolution,
    with_resolution,
    without_prefix,
)

exiv2.LogMsg.setLevel(exiv2.LogMsg.Level.mute)
CAMERA = {
    "Exif.Image.Make": "Nikon",
    "Exif.Image.Orientation": "6",
    "Exif.Image.Artist": "Ada",
    "Exif.Photo.PixelXDimension": "640",
    "Exif.Photo.PixelYDimension": "480",
    "Exif.Photo.FNumber": "28/10",
    "Exif.Photo.LensModel": "50mm",
    "Exif.GPSInfo.GPSLatitude": "52/1 30/1 0/1",
    "Exif.GPSInfo.GPSLatitudeRef": "N",
}


def jpeg_of(size: tuple[int, int] = (16, 12), color: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "JPEG")
    return buffer.getvalue()


def camera_block(order: Any, *, comment: str = "", thumbnail: bool = True) -> bytes:
    """As a camera writes it, in one of both orders of bytes."""
    data = exiv2.ExifData()
    for key, value in CAMERA.items():
        data[key] = value
    if comment:
        data["Exif.Photo.UserComment"] = f"charset=Unicode {comment}"
    if thumbnail:
        exiv2.ExifThumb(data).setJpegThumbnail(jpeg_of((8, 6), "blue"))
    picture = exiv2.ImageFactory.open(jpeg_of())
    picture.readMetadata()
    picture.setByteOrder(order)
    picture.setExifData(data)
    picture.writeMetadata()
    file = picture.io()
    file.open()
    with Image.open(io.BytesIO(bytes(file.mmap()))) as written:
        return without_prefix(written.info["exif"])


def values_of(block: bytes) -> dict[str, str]:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", exif=PREFIX + block)
    picture = exiv2.ImageFactory.open(buffer.getvalue())
    picture.readMetadata()
    return {item.key(): item.toString() for item in picture.exifData()}


ORDERS = {"II": exiv2.ByteOrder.littleEndian, "MM": exiv2.ByteOrder.bigEndian}


@pytest.mark.parametrize("order", ORDERS)
def test_sizes_and_orientation_change_the_thumbnail_goes_and_all_else_stays(order: str) -> None:
    block = camera_block(ORDERS[order])
    assert block.startswith(order.encode())
    before = values_of(block)
    after = values_of(edited(block, width=1920, height=2560))
    changed = {
        "Exif.Image.Orientation": "1",
        "Exif.Photo.PixelXDimension": "1920",
        "Exif.Photo.PixelYDimension": "2560",
    }
    kept = {key: value for key, value in before.items() if not key.startswith("Exif.Thumbnail")}
    assert len(kept) < len(before)
    assert after == kept | changed
    assert jpeg_of((8, 6), "blue") not in edited(block, width=1920, height=2560)


@pytest.mark.parametrize("order", ORDERS)
def test_the_orientation_can_be_taken_out(order: str) -> None:
    block = camera_block(ORDERS[order], thumbnail=False)
    after = values_of(edited(block, width=640, height=480, upright=False))
    before = values_of(block)
    del before["Exif.Image.Orientation"]
    assert after == before


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("side", [65_535, 65_536, 2**20])
def test_sizes_that_do_not_fit_into_16_bits_are_written_in_32(order: str, side: int) -> None:
    sign = {"II": "<", "MM": ">"}[order]
    inner = struct.pack(f"{sign}HHHIHHI", 1, 0xA002, 3, 1, 640, 0, 0)
    main = struct.pack(f"{sign}HHHIII", 1, 0x8769, 4, 1, 26, 0)
    block = order.encode() + struct.pack(f"{sign}HI", 42, 8) + main + inner
    assert values_of(block)["Exif.Photo.PixelXDimension"] == "640"
    assert values_of(edited(block, width=side, height=1))["Exif.Photo.PixelXDimension"] == str(side)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("comment", ["short", "a longer one than before, ☕" * 20])
def test_a_comment_is_replaced(order: str, comment: str) -> None:
    block = camera_block(ORDERS[order], comment="a red fox\nSteps: 20")
    after = edited(block, width=640, height=480, comment=comment)
    assert user_comment(PREFIX + after) == comment
    assert "a red fox".encode("utf-16-le") not in after
    assert "a red fox".encode("utf-16-be") not in after
    changed = ("Exif.Photo.UserComment", "Exif.Image.Orientation")
    before = values_of(block)
    assert values_of(after)["Exif.Photo.UserComment"] == f"charset=Unicode {comment}"
    kept = [key for key in before if key not in changed and not key.startswith("Exif.Thumb")]
    assert [values_of(after)[key] for key in kept] == [before[key] for key in kept]


def test_our_own_comment_is_replaced() -> None:
    block = exif_block("a red fox", program="imagine 0.1.0")
    after = edited(without_prefix(block), width=8, height=8, comment="a blue fox")
    assert user_comment(PREFIX + after) == "a blue fox"


@pytest.mark.parametrize("order", ORDERS)
def test_comments_in_both_orders_of_bytes_are_read(order: str) -> None:
    """ExifTool and exiv2 go by the block, A1111 always writes the high byte first."""
    block = camera_block(ORDERS[order], comment="a café for foxes")
    assert user_comment(PREFIX + block) == "a café for foxes"


def test_the_prefix_is_taken_off_even_when_it_stands_there_twice() -> None:
    assert without_prefix(PREFIX + PREFIX + b"MM") == b"MM"


@pytest.mark.parametrize("upright", [True, False])
def test_a_block_that_ends_behind_its_only_directory_is_whole(upright: bool) -> None:
    orientation = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)
    width = struct.pack(">HHII", 0x0100, 4, 1, 640)
    block = b"MM\0*" + struct.pack(">IH", 8, 2) + width + orientation
    found = values_of(edited(block, width=1920, height=2560, upright=upright))
    kept = {"Exif.Image.Orientation": "1"} if upright else {}
    assert found == {"Exif.Image.ImageWidth": "1920"} | kept


@pytest.mark.parametrize("order", ORDERS)
def test_a_resolution_is_put_in_and_all_else_stays(order: str) -> None:
    block = camera_block(ORDERS[order])
    assert not tells_resolution(block)
    made = with_resolution(block, 300, 240.5)
    assert tells_resolution(made)
    assert values_of(made) == values_of(block) | {
        "Exif.Image.XResolution": "300000/1000",
        "Exif.Image.YResolution": "240500/1000",
        "Exif.Image.ResolutionUnit": "2",
    }


def test_a_block_of_a_resolution_alone_is_made() -> None:
    made = with_resolution(b"", 300, 300)
    assert len(values_of(made)) == 3
    assert not tells_resolution(b"")
    with pytest.raises(ValueError, match=r"^it ends in the middle$"):
        with_resolution(b"MM\0*\0\0\0\x08\0\x09", 300, 300)


@pytest.mark.parametrize(
    "block", [b"", b"MM", b"II*\0", b"XX*\0" + bytes(99), b"MM\0*\0\0\0\x08\0\x09"]
)
def test_a_block_that_is_none_or_ends_early_is_an_error(block: bytes) -> None:
    with pytest.raises(ValueError, match=r"it is no TIFF|it ends in the middle"):
        edited(block, width=1, height=1)


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, 300), st.sampled_from(sorted(ORDERS)))
def test_any_damage_is_one_kind_of_error(noise: bytes, place: int, order: str) -> None:
    block = bytearray(camera_block(ORDERS[order], comment="a fox"))
    block[4 + place : 4 + place + len(noise)] = noise
    try:
        edited(bytes(block), width=70_000, height=2, comment="other", upright=False)
    except ValueError as error:
        assert str(error) in ("it is no TIFF", "it ends in the middle")  # noqa: PT017
