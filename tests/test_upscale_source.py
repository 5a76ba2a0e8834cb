"""Reading the user's pictures: whole still ones, and one sentence for all others."""

import io
import os
import socket
import struct
import zlib
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import chunk, noise, picture, signed_picture
from PIL import Image
from raw_pictures import raw_png, raw_tiff
from recipes import make_recipe

from imagine.stages.errors import UsageError
from imagine.stages.formats.embed import PNG_RECIPE, PNG_UPSCALES
from imagine.stages.formats.png import text_chunk
from imagine.stages.image import GeneratedImage
from imagine.stages.save import Destination, save_image
from imagine.stages.upscale import source as module
from imagine.stages.upscale.source import open_source, opened

MESSAGE_DAMAGED = "'{}' is {}, but damaged or cut off; save it anew, or give another."


@cache
def file_of(format: str, mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    noise("RGB").convert(mode).save(buffer, format)
    return buffer.getvalue()


FORMATS = {
    "png": "PNG",
    "jpg": "JPEG",
    "webp": "WEBP",
    "avif": "AVIF",
    "gif": "GIF",
    "bmp": "BMP",
    "tiff": "TIFF",
}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_is_known_by_its_content(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "fox.txt"
    data = file_of(FORMATS[kind])
    path.write_bytes(data)
    source = open_source(path)
    assert source.format == kind
    assert source.size == (64, 48)
    assert source.sha256 == sha256(data).hexdigest()
    assert (source.raster.channels, source.raster.depth) == (3, 8)
    assert source.recipe is None
    assert source.upscales == ()
    assert source.notes == ()


def animated(format: str) -> bytes:
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "lime", "blue")]
    frames[0].save(buffer, format, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_what_moves_is_refused(tmp_path: Path, format: str) -> None:
    path = tmp_path / "fox"
    path.write_bytes(animated(format))
    with pytest.raises(UsageError) as caught:
        open_source(path)
    assert str(caught.value) == (
        f"'{path}' has 3 frames, and one still picture is enlarged at a time; "
        "save each frame as PNG first."
    )


def test_several_pages_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "fox.tif"
    path.write_bytes(animated("TIFF"))
    with pytest.raises(UsageError) as caught:
        open_source(path)
    assert str(caught.value) == (
        f"'{path}' has 3 pages, and one still picture is enlarged at a time; "
        "save each page as PNG first."
    )


def test_of_a_jpeg_with_a_second_picture_the_first_is_read(tmp_path: Path) -> None:
    path = tmp_path / "fox.jpg"
    frames = [Image.new("RGB", (32, 16), "red"), Image.new("RGB", (8, 8), "blue")]
    frames[0].save(path, "MPO", save_all=True, append_images=frames[1:])
    assert open_source(path).size == (32, 16)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_cut_off_is_refused(tmp_path: Path, kind: str, share: float) -> None:
    path = tmp_path / "fox"
    data = file_of(FORMATS[kind])
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UsageError) as caught:
        open_source(path)
    assert str(caught.value) == MESSAGE_DAMAGED.format(path, module.TITLES[kind])  # type: ignore[index]


@settings(deadline=None)
@given(
    kind=st.sampled_from(sorted(FORMATS)),
    mode=st.sampled_from(["L", "RGB"]),
    place=st.integers(0, 4000),
    noise=st.binary(min_size=1, max_size=6),
)
def test_any_damage_is_a_picture_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, kind: str, mode: str, place: int, noise: bytes
) -> None:
    data = bytearray(file_of(FORMATS[kind], mode))
    place %= len(data)
    data[place : place + len(noise)] = noise
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(data)
    try:
        source = open_source(path)
    except UsageError as error:
        assert str(error).startswith(f"'{path}' ")  # noqa: PT017
    else:
        raster = source.raster
        if raster.width * raster.height < 2**22:
            assert sum(len(strip) for strip in raster.strips()) == raster.height


def test_a_png_that_is_too_short_for_its_pixels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(bomb(10_000, 10_000))
    with pytest.raises(UsageError) as caught:
        open_source(path)
    assert str(caught.value) == MESSAGE_DAMAGED.format(path, "PNG")


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
def test_a_long_packed_text_is_no_damage_and_goes_over(tmp_path: Path, kind: bytes) -> None:
    words = "a red fox " * 160_000
    packed = zlib.compress(words.encode())
    middle = b"\0\0" if kind == b"zTXt" else b"\0\1\0\0\0"
    path = tmp_path / "fox.png"
    samples = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    text = chunk(kind, b"workflow" + middle + packed)
    path.write_bytes(raw_png(samples, chunk(b"tEXt", b"Title\0Fox"), text))
    source = open_source(path)
    assert np.array_equal(np.concatenate(list(source.raster.strips())), samples)
    assert source.carried.texts == (("Title", "Fox"), ("workflow", words))
    assert source.notes == ()


def test_text_without_end_is_left_out_and_the_picture_is_read(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    text = chunk(b"zTXt", b"workflow\0\0" + zlib.compress(bytes(9 * 2**20)))
    path.write_bytes(raw_png(np.zeros((4, 5, 3), np.uint8), text))
    source = open_source(path)
    assert source.carried.texts == ()
    assert source.notes == ("The picture's text takes more than 8 MB and is left out.",)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("rows", [0, 1, 7, 8])
def test_a_png_whose_pixels_end_early_in_good_order_is_cut_off(
    tmp_path: Path, rows: int, interlaced: bool
) -> None:
    path = tmp_path / "fox.png"
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, interlaced)
    # Of 8x8 pixels interlacing makes 15 rows, of 1 to 8 pixels.
    widths = (1, 1, 2, 2, 2, *[4] * 6, *[8] * 4) if interlaced else (8,) * 8
    kept = widths if rows == 8 else widths[: rows * len(widths) // 8]
    lines = b"".join(b"\0" + bytes(3 * width) for width in kept)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    if rows == 8:
        assert open_source(path).size == (8, 8)
        return
    with pytest.raises(UsageError) as caught:
        open_source(path)
    assert str(caught.value) == MESSAGE_DAMAGED.format(path, "PNG")


def test_a_png_of_colors_without_their_palette_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    header = struct.pack(">IIBBBBB", 4, 4, 8, 3, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(20)))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b""))
    with pytest.raises(UsageError) as caught:
        open_source(path)
    assert str(caught.value) == MESSAGE_DAMAGED.format(path, "PNG")


def test_a_planar_tiff_of_16_bits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fox.tif"
    path.write_bytes(raw_tiff(np.zeros((4, 5, 3), np.uint16), planar=True))
    with pytest.raises(UsageError) as caught:
        open_source(path)
    assert str(caught.value) == (
        f"'{path}' is a TIFF of 16 bits whose colours lie apart (planar), which is not read here; "
        "save it as PNG first."
    )


def bomb(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("size", "told"),
    [
        ((13_400, 13_300), "13400x13300 pixels"),
        ((20_000, 20_000), "too many pixels"),
        ((2**31 - 1, 2**31 - 1), "too many pixels"),
    ],
)
def test_too_many_pixels_are_refused_undecoded(
    tmp_path: Path, size: tuple[int, int], told: str
) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(bomb(*size))
    with pytest.raises(UsageError) as caught:
        open_source(path)
    assert str(caught.value) == (
        f"'{path}' has {told}, and at most 178 million are read; scale it down first."
    )


def test_a_hundred_million_pixels_are_let_in(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(bomb(10_000, 10_000) + bytes(300_000))
    with opened(path) as found:
        assert found.size == (10_000, 10_000)


def test_a_file_that_is_too_long_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(picture("png"))
    os.truncate(path, 2**31 + 1)
    with pytest.raises(UsageError) as caught:
        open_source(path)
    assert str(caught.value) == f"'{path}' is larger than 2 GB; scale it down first."


NO_PICTURE = (
    "is no picture that is read here (PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF); check the path."
)


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: path.write_bytes(b""), "is empty; give a picture."),
        (lambda path: path.write_text("a red fox"), NO_PICTURE),
        (lambda path: path.write_bytes(bytes(5000)), NO_PICTURE),
        (
            lambda path: path.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100)),
            "is a video; save a frame of it as PNG first.",
        ),
        (
            lambda path: path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>"),
            "is SVG, a drawing without pixels; export it as PNG first.",
        ),
        (lambda path: path.mkdir(), "cannot be read: Is a directory; check the path."),
        (lambda path: None, "cannot be read: No such file or directory; check the path."),
        (
            make_fifo,
            "is a pipe, which cannot be read here; save its content to a file first.",
        ),
        (
            make_socket,
            "is a socket, which cannot be read here; save its content to a file first.",
        ),
        (
            lambda path: path.symlink_to("/dev/zero"),
            "is a device, which cannot be read here; save its content to a file first.",
        ),
    ],
)
def test_what_is_no_picture_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], object], told: str
) -> None:
    # The name of a socket has to be short.
    monkeypatch.chdir(tmp_path)
    path = Path("fox")
    make(path)
    with pytest.raises(UsageError) as caught:
        open_source(path)
    assert str(caught.value) == f"'fox' {told}"
    assert caught.value.exit_code == 2


def test_a_file_that_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(picture("png"))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UsageError) as caught:
        open_source(path)
    assert str(caught.value) == f"'{path}' cannot be read: Permission denied; check the path."


def test_memory_that_is_short_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(picture("png"))

    def short(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(module, "read_pixels", short)
    with pytest.raises(UsageError) as caught:
        open_source(path)
    assert str(caught.value) == f"'{path}' does not fit into memory; scale it down first."


def test_a_recipe_is_found_inside_and_beside(tmp_path: Path) -> None:
    recipe = make_recipe()
    image = GeneratedImage(model="sketch-1", drawn=noise("RGB"))
    for name, options in {
        "inside.png": {},
        "inside.jpg": {},
        "beside.webp": {"metadata": False, "sidecar": True},
    }.items():
        place = Destination(tmp_path, name, None)
        format = name.rpartition(".")[2]
        place = Destination(tmp_path, name, format)  # type: ignore[arg-type]
        path = save_image(image, recipe, destination=place, **options).path  # type: ignore[arg-type]
        source = open_source(path)
        assert source.recipe == recipe
        assert source.notes == ()


def test_a_recipe_of_a_newer_version_is_told_of_and_kept(tmp_path: Path) -> None:
    words = '{"schema_version": 2, "spec": {}}'
    path = tmp_path / "fox.png"
    path.write_bytes(
        raw_png(np.zeros((4, 5, 3), np.uint8), chunk(*text_chunk(PNG_RECIPE, words, wide=True)))
    )
    source = open_source(path)
    assert source.recipe is None
    assert source.carried.texts == ((PNG_RECIPE, words),)
    assert source.notes == (
        f"The recipe in '{path}' has recipe schema version 2, this program reads version 1; "
        "use the version of imagine that wrote it.",
    )


def test_a_file_that_only_has_the_name_of_a_sidecar_is_no_news(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(picture("png"))
    (tmp_path / "fox.png.json").write_text('{"gallery": 7}')
    assert open_source(path).notes == ()


def test_a_broken_record_of_enlargements_is_none(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    broken = chunk(*text_chunk(PNG_UPSCALES, '{"upscales": 7}', wide=True))
    path.write_bytes(raw_png(np.zeros((4, 5, 3), np.uint8), broken))
    assert open_source(path).upscales == ()


@pytest.mark.parametrize("format", ["png", "jpg", "webp", "avif"])
def test_a_signature_is_told_of(tmp_path: Path, format: str) -> None:
    path = tmp_path / "fox"
    path.write_bytes(signed_picture(format))  # type: ignore[arg-type]
    assert open_source(path).notes == (
        "The picture is signed (C2PA), and no enlarged picture can keep the signature.",
    )
