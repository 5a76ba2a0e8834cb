import hashlib
import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from imagine.stages.errors import UsageError
from imagine.stages.image import ReferenceImage
from imagine.stages.references import reading
from imagine.stages.references.reading import read_reference, read_references

ORIENTATION, GPS_IFD, MAKE = 0x0112, 0x8825, 0x010F


def file_of(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def gradient(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture of many colours that compresses well enough."""
    across = Image.linear_gradient("L").resize((width, height))
    down = across.rotate(90).resize((width, height))
    diagonal = Image.radial_gradient("L").resize((width, height))
    return Image.merge("RGB", (across, down, diagonal)).convert(mode)


def noise(width: int, height: int) -> Image.Image:
    return Image.merge("RGB", [Image.effect_noise((width, height), 90 + i) for i in range(3)])


def opened(reference: ReferenceImage) -> Image.Image:
    picture = Image.open(io.BytesIO(reference.data))
    picture.load()
    return picture


@pytest.fixture
def given(tmp_path: Path) -> Callable[..., Path]:
    """Write a file: `given(data)`, or `given(picture, "PNG", **options)`."""

    def write(content: bytes | Image.Image, kind: str = "", **options: Any) -> Path:
        path = tmp_path / "picture"
        data = content if isinstance(content, bytes) else file_of(content, kind, **options)
        path.write_bytes(data)
        return path

    return write


Given = Callable[..., Path]


@pytest.mark.parametrize(
    ("kind", "options", "name"),
    [("PNG", {}, "png"), ("JPEG", {"quality": 80}, "jpg"), ("WEBP", {"lossless": True}, "webp")],
)
def test_a_clean_picture_is_sent_as_it_is(
    given: Given, kind: str, options: dict[str, Any], name: str
) -> None:
    path = given(gradient(300, 200), kind, **options)
    (found,) = read_reference(path)
    assert found.data == path.read_bytes()
    assert (found.format, found.width, found.height) == (name, 300, 200)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("kind", "name"),
    [("AVIF", "jpg"), ("GIF", "png"), ("BMP", "jpg"), ("TIFF", "jpg"), ("MPO", "jpg")],
)
def test_other_pictures_are_sent_as_png_or_jpeg(given: Given, kind: str, name: str) -> None:
    picture = gradient(300, 200).quantize(64) if kind == "GIF" else gradient(300, 200)
    (found,) = read_reference(given(picture, kind))
    assert (found.format, found.width, found.height) == (name, 300, 200)
    assert opened(found).format == {"png": "PNG", "jpg": "JPEG"}[name]


def test_the_name_of_a_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "picture.txt"
    path.write_bytes(file_of(gradient(9, 9), "PNG"))
    assert read_reference(path)[0].format == "png"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_place_and_camera_are_left_behind(given: Given, kind: str) -> None:
    exif = Image.Exif()
    exif[MAKE] = "SecretCamera"
    exif.get_ifd(GPS_IFD)[29] = "2026:11:22SECRET"
    path = given(gradient(300, 200), kind, exif=exif)
    assert b"SecretCamera" in path.read_bytes()
    (found,) = read_reference(path)
    assert b"Secret" not in found.data
    assert b"SECRET" not in found.data
    assert not opened(found).getexif()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(given: Given, kind: str, orientation: int) -> None:
    upright = Image.new("RGB", (64, 32), "white")
    upright.paste((200, 0, 0), (0, 0, 16, 16))
    turned = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = upright.transpose(turned) if turned is not None else upright
    (found,) = read_reference(given(stored, kind, exif=exif))
    picture = opened(found).convert("RGB")
    assert picture.size == (64, 32)
    red, green, _ = picture.getpixel((4, 4))  # type: ignore[misc]
    assert red > 150
    assert green < 90
    assert min(picture.getpixel((60, 28))) > 200  # type: ignore[arg-type, type-var]
    assert not picture.getexif()


def test_nonsense_for_an_orientation_means_upright(given: Given) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 42
    (found,) = read_reference(given(gradient(30, 20), "JPEG", exif=exif))
    assert (found.width, found.height) == (30, 20)


def test_a_large_picture_is_downscaled(given: Given) -> None:
    (found,) = read_reference(given(gradient(5000, 2500), "JPEG"))
    assert (found.format, found.width, found.height) == ("jpg", 2048, 1024)


def test_a_thin_picture_keeps_a_pixel(given: Given) -> None:
    (found,) = read_reference(given(gradient(5000, 1), "PNG"))
    assert (found.width, found.height) == (2048, 1)


def test_the_longer_side_can_be_given(given: Given) -> None:
    (found,) = read_reference(given(gradient(300, 200), "PNG"), max_side=150)
    assert (found.width, found.height) == (150, 100)


def test_what_is_sent_has_a_largest_size(given: Given) -> None:
    path = given(noise(600, 600), "PNG")
    assert path.stat().st_size > 900_000
    (found,) = read_reference(path, limit=900_000)
    (small,) = read_reference(path, limit=50_000)
    assert (found.format, found.width, len(found.data) <= 900_000) == ("jpg", 600, True)
    assert (small.format, small.width < 600, len(small.data) <= 50_000) == ("jpg", True, True)


def test_a_transparent_picture_keeps_its_alpha_when_it_shrinks(given: Given) -> None:
    picture = noise(500, 500).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((500, 500)))
    (found,) = read_reference(given(picture, "PNG"), limit=500_000)
    assert (found.format, opened(found).mode) == ("png", "RGBA")
    assert len(found.data) <= 500_000


def deep_png() -> bytes:
    """2x1 pixels of 16 bits a channel: red, and half gray."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    row = b"\0" + struct.pack(">6H", 65535, 0, 0, 32768, 32768, 32768)
    head = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(row))
        + chunk(b"IEND", b"")
    )


def gray_16() -> Image.Image:
    return Image.frombytes("I;16", (2, 1), struct.pack("<2H", 65535, 32768))


PIXELS: list[tuple[str, bytes, str, tuple[int, ...], int]] = [
    # name, file, mode that is sent, first pixel, tolerance
    ("palette", file_of(Image.new("RGB", (2, 1), "red").quantize(2), "PNG"), "RGB", (255, 0, 0), 0),
    ("black and white", file_of(Image.new("1", (2, 1), 1), "PNG"), "RGB", (255, 255, 255), 0),
    ("gray and alpha", file_of(Image.new("LA", (2, 1), (9, 8)), "PNG"), "RGBA", (9, 9, 9, 8), 0),
    (
        "opaque gray and alpha",
        file_of(Image.new("LA", (2, 1), (9, 255)), "PNG"),
        "RGB",
        (9, 9, 9),
        0,
    ),
    ("16 bits", deep_png(), "RGB", (255, 0, 0), 0),
    ("16 bits of gray", file_of(gray_16(), "PNG"), "RGB", (255, 255, 255), 0),
    ("16 bits of gray, TIFF", file_of(gray_16(), "TIFF"), "RGB", (255, 255, 255), 0),
    ("fractions", file_of(Image.new("F", (2, 1), 0.5), "TIFF"), "RGB", (127, 127, 127), 1),
    ("cmyk", file_of(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"), "RGB", (255, 0, 0), 4),
    (
        "cmyk tiff",
        file_of(Image.new("CMYK", (8, 8), (255, 0, 0, 0)), "TIFF"),
        "RGB",
        (0, 255, 255),
        0,
    ),
]


@pytest.mark.parametrize(
    ("data", "mode", "first", "tolerance"), [row[1:] for row in PIXELS], ids=[r[0] for r in PIXELS]
)
def test_odd_pixels_become_ordinary_ones(
    given: Given, data: bytes, mode: str, first: tuple[int, ...], tolerance: int
) -> None:
    (found,) = read_reference(given(data))
    picture = opened(found)
    pixel = picture.getpixel((0, 0))
    assert picture.mode == mode
    assert isinstance(pixel, tuple)
    assert max(abs(a - b) for a, b in zip(pixel, first, strict=True)) <= tolerance


def test_a_transparent_color_stays_transparent(given: Given) -> None:
    picture = Image.new("RGB", (64, 64), (255, 0, 0))
    picture.paste((0, 0, 255), (0, 0, 32, 64))
    (found,) = read_reference(given(picture, "PNG", transparency=(255, 0, 0)), max_side=32)
    assert opened(found).getpixel((4, 4)) == (0, 0, 255, 255)
    assert opened(found).getpixel((28, 4))[3] == 0  # type: ignore[index]


def test_a_transparent_color_of_a_palette_stays_transparent(given: Given) -> None:
    picture = Image.new("P", (4, 4), 0)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putpixel((0, 0), 1)
    (found,) = read_reference(given(picture, "GIF", transparency=0))
    assert (found.format, opened(found).mode) == ("png", "RGBA")
    assert opened(found).getpixel((0, 0)) == (0, 0, 255, 255)
    assert opened(found).getpixel((2, 2))[3] == 0  # type: ignore[index]


def swapped_profile() -> bytes:
    """A colour profile that calls sRGB's green red, and its red green (ICC.1:2022, 7 and 8)."""

    def fixed(*values: float) -> bytes:
        return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))

    xyz = {
        b"wtpt": (0.9642, 1.0, 0.8249),
        b"gXYZ": (0.4360, 0.2225, 0.0139),
        b"rXYZ": (0.3851, 0.7169, 0.0971),
        b"bXYZ": (0.1431, 0.0606, 0.7141),
    }
    tags = {name: b"XYZ " + bytes(4) + fixed(*values) for name, values in xyz.items()}
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256)) + bytes(2)
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    tags[b"desc"] = b"desc" + bytes(4) + struct.pack(">I", 5) + b"Test\0" + bytes(79)
    tags[b"cprt"] = b"text" + bytes(4) + b"none\0\0\0\0"
    place, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, place + len(body), len(data))
        body += data
    whole = struct.pack(">I", len(tags)) + table + body
    head = struct.pack(
        ">I4sI4s4s4s", 128 + len(whole), b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ "
    )
    head += struct.pack(">6H", 2026, 11, 22, 0, 0, 0) + b"acsp" + bytes(28)
    return head + fixed(0.9642, 1.0, 0.8249) + bytes(48) + whole


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGB"), ("JPEG", "RGB"), ("PNG", "RGBA")])
def test_colors_come_out_as_their_profile_means_them(given: Given, kind: str, mode: str) -> None:
    color = (255, 0, 0, 128)[: len(mode)]
    path = given(Image.new(mode, (16, 16), color), kind, icc_profile=swapped_profile())
    picture = opened(read_reference(path)[0])
    assert picture.mode == mode
    red, green, *alpha = picture.getpixel((0, 0))  # type: ignore[misc]
    assert (red < 40, green > 215) == (True, True)
    assert alpha[1:] == ([128] if mode == "RGBA" else [])
    assert "icc_profile" not in picture.info


def test_a_profile_for_other_pixels_is_ignored(given: Given) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    path = given(Image.new("RGB", (4, 4), (128, 188, 128)), "PNG", icc_profile=lab)
    assert opened(read_reference(path)[0]).getpixel((0, 0)) == (128, 188, 128)


def test_a_broken_profile_is_ignored(given: Given) -> None:
    path = given(Image.new("RGB", (4, 4), (1, 2, 3)), "PNG", icc_profile=b"nonsense" * 40)
    (found,) = read_reference(path)
    assert opened(found).getpixel((0, 0)) == (1, 2, 3)
    assert "icc_profile" not in opened(found).info


def test_an_srgb_profile_is_no_reason_to_encode_anew(given: Given) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = given(gradient(30, 20), "JPEG", icc_profile=profile)
    assert read_reference(path)[0].data == path.read_bytes()


def animation(count: int, kind: str, **options: Any) -> bytes:
    frames = [Image.new("RGB", (40, 30), (index * 20, 0, 0)) for index in range(count)]
    return file_of(frames[0], kind, save_all=True, append_images=frames[1:], **options)


@pytest.mark.parametrize(
    ("kind", "options"), [("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("AVIF", {})]
)
@pytest.mark.parametrize(
    ("count", "chosen"), [(12, [1, 4, 7, 10]), (5, [0, 1, 3, 4]), (3, [0, 1, 2])]
)
def test_an_animation_gives_frames_spread_evenly(
    given: Given, kind: str, options: dict[str, Any], count: int, chosen: list[int]
) -> None:
    path = given(animation(count, kind, **options))
    found = read_reference(path)
    reds = [opened(frame).convert("RGB").getpixel((5, 5))[0] for frame in found]  # type: ignore[index]
    assert [round(red / 20) for red in reds] == chosen
    assert len({frame.sha256 for frame in found}) == len(chosen)
    first = hashlib.sha256(path.read_bytes() + b"#%d" % chosen[0]).hexdigest()
    assert found[0].sha256 == first


def test_one_frame_of_an_animation_is_from_its_middle(given: Given) -> None:
    (found,) = read_reference(given(animation(12, "GIF")), frames=1)
    assert opened(found).getpixel((0, 0)) == (120, 0, 0)


def test_pages_of_a_tiff_are_no_animation(given: Given) -> None:
    (found,) = read_reference(given(animation(3, "TIFF")))
    assert opened(found).getpixel((0, 0)) == (0, 0, 0)


def heic(brand: bytes = b"heic") -> bytes:
    return struct.pack(">I4s4sI4s4s", 24, b"ftyp", brand, 0, b"mif1", b"heic") + bytes(100)


PNG = file_of(gradient(64, 64), "PNG")
JPG = file_of(gradient(64, 64), "JPEG")
HUGE = PNG[:16] + struct.pack(">II", 60_000, 60_000) + PNG[24:29]
HUGE += struct.pack(">I", zlib.crc32(HUGE[12:29])) + PNG[33:]
LARGE = PNG[:16] + struct.pack(">II", 12_000, 11_000) + PNG[24:29]
LARGE += struct.pack(">I", zlib.crc32(LARGE[12:29])) + PNG[33:]
NO_PICTURE = (
    "is no picture that is read here (PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF, or a clip); "
    "check the path."
)
CUT = "but damaged or cut off; save it anew, or give another."
# It says that its pixels are of a palette, and has none.
BARE = PNG[:25] + b"\x03" + PNG[26:29]
BARE += struct.pack(">I", zlib.crc32(BARE[12:29])) + PNG[33:]
REFUSED: list[tuple[str, bytes, str]] = [
    ("empty", b"", "is empty; give a picture."),
    ("text", b"hello", NO_PICTURE),
    ("json", b'{"a": 1}', NO_PICTURE),
    ("html", b"<!doctype html><p>", NO_PICTURE),
    ("zip", b"PK\x03\x04" + bytes(40), NO_PICTURE),
    ("svg", b'<svg xmlns="x"/>', "is SVG, a drawing without pixels; export it as PNG first."),
    (
        "svg with prolog",
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<svg xmlns="x"/>',
        "is SVG, a drawing without pixels; export it as PNG first.",
    ),
    ("pdf", b"%PDF-1.7", "is PDF; export the page as PNG first."),
    ("heic", heic(), "is HEIC, which is not read here; save it as JPEG or PNG first."),
    ("heif", heic(b"mif1"), "is HEIC, which is not read here; save it as JPEG or PNG first."),
    ("signature alone", PNG[:8], f"is PNG, {CUT}"),
    ("half a PNG", PNG[: len(PNG) // 2], f"is PNG, {CUT}"),
    ("no palette", BARE, f"is PNG, {CUT}"),
    ("half a JPEG", JPG[: len(JPG) // 2], f"is JPEG, {CUT}"),
    ("JPEG start", JPG[:30], f"is JPEG, {CUT}"),
    ("half a GIF", animation(4, "GIF")[:40], f"is GIF, {CUT}"),
    ("half a WebP", file_of(gradient(64, 64), "WEBP")[:80], f"is WEBP, {CUT}"),
    ("half an AVIF", file_of(gradient(64, 64), "AVIF")[:200], f"is AVIF, {CUT}"),
    ("half a BMP", file_of(gradient(64, 64), "BMP")[:300], f"is BMP, {CUT}"),
    ("half a TIFF", file_of(gradient(64, 64), "TIFF")[:300], f"is TIFF, {CUT}"),
    (
        "bad checksum",
        PNG[:40] + bytes([PNG[40] ^ 1]) + PNG[41:],
        f"is PNG, {CUT}",
    ),
    (
        "60000x60000",
        HUGE,
        "has more than 178 million pixels, more than the 128 million that are read; "
        "scale it down first.",
    ),
    (
        "12000x11000",
        LARGE,
        "has 12000x11000 pixels, more than the 128 million that are read; scale it down first.",
    ),
]


@pytest.mark.parametrize(
    ("data", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_cannot_be_sent_is_refused(given: Given, data: bytes, message: str) -> None:
    path = given(data)
    with pytest.raises(UsageError) as caught:
        read_reference(path)
    assert str(caught.value) == f"'{path}' {message}"


def test_a_picture_of_one_pixel_is_a_picture(given: Given) -> None:
    (found,) = read_reference(given(Image.new("RGB", (1, 1)), "PNG"))
    assert (found.width, found.height) == (1, 1)


def test_a_path_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.png"
    with pytest.raises(UsageError) as caught:
        read_reference(path)
    assert str(caught.value) == (
        f"'{path}' cannot be read: No such file or directory; check the path."
    )


def test_a_directory_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_reference(tmp_path)
    assert str(caught.value) == f"'{tmp_path}' cannot be read: Is a directory; check the path."


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(UsageError) as caught:
        read_reference(path)
    assert str(caught.value) == (
        f"'{path}' is a pipe, which cannot be read here; save its content to a file first."
    )


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.write(PNG)
        file.truncate(101 * 2**20)
    with pytest.raises(UsageError) as caught:
        read_reference(path)
    assert str(caught.value) == f"'{path}' is larger than 100 MB; scale it down first."


def test_several_files_keep_their_order(tmp_path: Path) -> None:
    paths = [tmp_path / f"{width}.png" for width in (30, 10, 20)]
    for path in paths:
        path.write_bytes(file_of(gradient(int(path.stem), 5), "PNG"))
    assert [found.width for found in read_references(paths)] == [30, 10, 20]
    assert read_references([]) == []


def test_all_pictures_together_have_a_largest_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_SENT_TOGETHER", 600_000)
    path = tmp_path / "noise.gif"
    first, *others = (noise(200, 200) for _ in range(4))
    path.write_bytes(file_of(first, "GIF", save_all=True, append_images=others))
    assert 300_000 < sum(len(found.data) for found in read_reference(path)) < 600_000
    assert [found.width for found in read_references([path])] == [200] * 4
    together = read_references([path, path])
    assert len(together) == 8
    assert sum(len(found.data) for found in together) <= 600_000


def test_too_many_pictures_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    path.write_bytes(animation(8, "GIF"))
    assert len(read_references([path] * 3)) == 12
    with pytest.raises(UsageError) as caught:
        read_references([path] * 4)
    assert str(caught.value) == (
        "4 reference files hold more than 14 pictures, the most that any model takes; give fewer."
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF"])
def test_damage_anywhere_is_refused_or_harmless(given: Given, kind: str) -> None:
    """Every error of a decoder is one of ours."""
    import random

    dice = random.Random(7)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    options = {"exif": exif} if kind in ("PNG", "JPEG", "WEBP") else {}
    whole = file_of(gradient(48, 32), kind, **options)
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(8, dice.choice([60, 200, len(data)]))] = dice.randrange(256)
        try:
            (found,) = read_reference(given(bytes(data)))
        except UsageError:
            continue
        assert opened(found).size == (found.width, found.height)
