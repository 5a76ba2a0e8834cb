import io
from typing import Any

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from imagine.stages.image import ImageFormat
from imagine.stages.references.strip import strip

PICTURE = Image.merge(
    "RGB",
    (Image.linear_gradient("L"), Image.radial_gradient("L"), Image.linear_gradient("L").rotate(90)),
)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PILLOW: dict[ImageFormat, str] = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}


def saved(kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    PICTURE.save(file, kind, **options)
    return file.getvalue()


def pixels(data: bytes) -> bytes:
    return Image.open(io.BytesIO(data)).convert("RGB").tobytes()


def exif() -> Image.Exif:
    values = Image.Exif()
    values[0x010F] = "SecretCamera"
    values.get_ifd(0x8825)[29] = "SecretPlace"
    return values


def text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "SecretText")
    info.add_itxt("XML:com.adobe.xmp", "SecretXmp")
    return info


XMP = b"<x:xmpmeta>SecretXmp</x:xmpmeta>"
FULL: list[tuple[ImageFormat, dict[str, Any]]] = [
    ("png", {"exif": exif(), "pnginfo": text(), "icc_profile": SRGB}),
    ("jpg", {"exif": exif(), "xmp": XMP, "comment": b"SecretComment", "icc_profile": SRGB}),
    ("jpg", {"exif": exif(), "icc_profile": SRGB, "progressive": True}),
    ("jpg", {"exif": exif(), "icc_profile": SRGB, "restart_marker_blocks": 4}),
    ("webp", {"exif": exif(), "xmp": XMP, "icc_profile": SRGB}),
    ("webp", {"exif": exif(), "xmp": XMP, "icc_profile": SRGB, "lossless": True}),
]


@pytest.mark.parametrize(("name", "options"), FULL)
def test_metadata_goes_and_pixels_stay(name: ImageFormat, options: dict[str, Any]) -> None:
    data = saved(PILLOW[name], **options)
    assert b"Secret" in data
    bare = strip(data, name)
    assert b"Secret" not in bare
    assert pixels(bare) == pixels(data)
    picture = Image.open(io.BytesIO(bare))
    assert not picture.getexif()
    assert picture.info["icc_profile"] == SRGB


@pytest.mark.parametrize("name", ["png", "jpg", "webp"])
def test_what_is_bare_stays_as_it_is(name: ImageFormat) -> None:
    data = saved(PILLOW[name])
    assert strip(data, name) == data


@pytest.mark.parametrize("name", ["png", "jpg", "webp"])
def test_what_follows_the_end_goes(name: ImageFormat) -> None:
    data = saved(PILLOW[name])
    assert strip(data + b"SecretFilm" * 9, name) == data


def test_the_second_picture_of_a_camera_file_goes() -> None:
    data = saved("MPO", save_all=True, append_images=[PICTURE.rotate(90)])
    bare = strip(data, "jpg")
    assert b"MPF\0" in data
    assert b"MPF\0" not in bare
    assert len(bare) < len(data) / 1.5
    assert pixels(bare) == pixels(data)


def test_adobes_color_transform_stays() -> None:
    file = io.BytesIO()
    PICTURE.convert("CMYK").save(file, "JPEG")
    assert b"Adobe" in strip(file.getvalue(), "jpg")


def test_transparency_of_a_palette_stays() -> None:
    file = io.BytesIO()
    PICTURE.quantize(8).save(file, "PNG", transparency=3)
    assert b"tRNS" in strip(file.getvalue(), "png")


BROKEN = [
    ("png", saved("PNG")[:-12], "it ends in the middle"),
    ("jpg", saved("JPEG")[:40], "JPEG segment beyond its end"),
    ("webp", saved("WEBP", save_all=True, append_images=[PICTURE.rotate(90)]), "animated WebP"),
]


@pytest.mark.parametrize(("name", "data", "message"), BROKEN)
def test_odd_structures_are_refused(name: ImageFormat, data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        strip(data, name)
