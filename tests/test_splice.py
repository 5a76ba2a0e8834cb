"""Splicing: metadata go into received files, and taken out again leave the provider's bytes."""

import io
import struct
from pathlib import Path

import exiv2
import pytest
import sd_parsers
from hypothesis import given, settings
from pictures import picture
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo
from recipes import any_recipe, make_recipe

from imagine.stages.formats import png, webp
from imagine.stages.formats.embed import blocks_for
from imagine.stages.formats.received import read_received
from imagine.stages.formats.splice import splice
from imagine.stages.image import ImageFormat
from imagine.stages.metadata import read_parameters, read_recipe
from imagine.stages.recipe import Recipe

exiv2.LogMsg.setLevel(exiv2.LogMsg.Level.mute)
OWN_EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"
OWN_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SOFTWARE = PngInfo()
SOFTWARE.add_text("Software", "a server")
FILES: dict[str, bytes] = {
    "png": picture("png", "RGBA", pnginfo=SOFTWARE),
    "jpg": picture("jpg"),
    "jpg without JFIF": b"\xff\xd8" + picture("jpg")[20:],
    "jpg and more": picture("jpg", progressive=True) + b"more",
    "webp": picture("webp"),
    "webp with alpha": picture("webp", "RGBA"),
    "webp lossless": picture("webp", lossless=True),
    "webp lossless with alpha": picture("webp", "RGBA", lossless=True),
    "webp extended": picture("webp", icc_profile=SRGB),
    "webp animated": picture("webp", save_all=True, append_images=[Image.new("RGB", (64, 48))]),
    "webp and more": picture("webp") + b"more",
}


def spliced(data: bytes, recipe: Recipe) -> bytes:
    received = read_received(data)
    made = splice(received, blocks_for(recipe, received.format))
    assert made is not None
    return made


def without_ours(data: bytes) -> bytes:
    """The file without what `splice` puts in, by a walk of its own."""
    if data.startswith(png.SIGNATURE):
        place = 33
        while data[place + 8 :].startswith((b"parameters\0", b"imagine\0", b"XML:com.adobe.xmp\0")):
            place += 12 + int.from_bytes(data[place : place + 4], "big")
        return data[:33] + data[place:]
    start = end = data.index(b"\xff\xe1")
    while data[end : end + 2] == b"\xff\xe1":
        end += 2 + int.from_bytes(data[end + 2 : end + 4], "big")
    return data[:start] + data[end:]


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("webp")])
@settings(max_examples=20, deadline=None)
@given(recipe=any_recipe())
def test_png_and_jpeg_without_our_blocks_are_the_providers_bytes(name: str, recipe: Recipe) -> None:
    assert without_ours(spliced(FILES[name], recipe)) == FILES[name]


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("webp")])
@settings(max_examples=20, deadline=None)
@given(recipe=any_recipe())
def test_every_chunk_of_a_webp_stays_as_it_was(name: str, recipe: Recipe) -> None:
    before, after = FILES[name], spliced(FILES[name], recipe)
    old = [(kind, before[start:end]) for kind, start, end in webp.chunks(before)]
    new = [(kind, after[start:end]) for kind, start, end in webp.chunks(after)]
    assert [kind + data[:2] for kind, data in new[-2:]] == [b"EXIFMM", b"XMP <?"]
    assert new[0][0] == b"VP8X"
    if old[0][0] == b"VP8X":
        flags = old[0][1][0] | 0x0C
        assert new[0][1] == bytes([flags]) + old[0][1][1:]
        assert new[1:-2] == old[1:]
    else:
        transparent = Image.open(io.BytesIO(before)).mode == "RGBA"
        assert new[0][1] == bytes([0x1C if transparent else 0x0C, 0, 0, 0, 63, 0, 0, 47, 0, 0])
        assert new[1:-2] == old
    end = 8 + struct.unpack("<I", after[4:8])[0]
    assert after[end:] == before[8 + struct.unpack("<I", before[4:8])[0] :]


@pytest.mark.parametrize("name", FILES)
def test_the_pixels_of_every_frame_are_the_same(name: str) -> None:
    before = Image.open(io.BytesIO(FILES[name]))
    after = Image.open(io.BytesIO(spliced(FILES[name], make_recipe())))
    assert (after.size, after.mode, after.format) == (before.size, before.mode, before.format)
    assert getattr(after, "n_frames", 1) == getattr(before, "n_frames", 1)
    for frame in range(getattr(before, "n_frames", 1)):
        before.seek(frame)
        after.seek(frame)
        assert after.tobytes() == before.tobytes()
    assert after.info.get("icc_profile") == before.info.get("icc_profile")


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=10, deadline=None)
@given(recipe=any_recipe())
def test_any_recipe_comes_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, recipe: Recipe
) -> None:
    path = tmp_path_factory.mktemp("spliced") / "picture"
    path.write_bytes(spliced(FILES[name], recipe))
    assert read_recipe(path) == recipe


@pytest.mark.parametrize("name", FILES)
def test_other_programs_read_what_was_spliced_in(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"picture.{name.split(maxsplit=1)[0]}"
    path.write_bytes(spliced(FILES[name], make_recipe("un café ☕")))
    found = sd_parsers.ParserManager().parse(path)
    assert found is not None
    assert [str(item) for item in found.prompts] == ["un café ☕, soft light"]
    file = exiv2.ImageFactory.open(str(path))
    file.readMetadata()
    xmp = {item.key(): item.toString() for item in file.xmpData()}
    assert xmp["Xmp.dc.description"] == 'lang="x-default" un café ☕'
    assert xmp["Xmp.iptcExt.DigitalSourceType"].endswith("/algorithmicMedia")
    if not name.startswith("png"):
        exif = {item.key(): item for item in file.exifData()}
        assert exif["Exif.Photo.UserComment"].typeName() == "Undefined"
    assert read_parameters(path)["Seed"] == "7"


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("jpg", {"xmp": OWN_XMP}),
        ("webp", {"xmp": OWN_XMP}),
        ("avif", {}),
        ("avif", {"xmp": OWN_XMP}),
    ],
)
def test_what_has_no_place_for_a_recipe_is_told(
    format: ImageFormat, options: dict[str, bytes]
) -> None:
    received = read_received(picture(format, **options))
    assert splice(received, blocks_for(make_recipe(), received.format)) is None


@pytest.mark.parametrize("format", ["jpg", "webp"])
def test_exif_of_the_file_stays_and_the_recipe_goes_in_beside_it(
    tmp_path: Path, format: ImageFormat
) -> None:
    data = picture(format, exif=OWN_EXIF)
    path = tmp_path / "picture"
    path.write_bytes(spliced(data, make_recipe()))
    assert path.read_bytes().count(OWN_EXIF[:6] if format == "jpg" else b"EXIF") == 1
    assert b"UNICODE" not in path.read_bytes()
    assert path.read_bytes().index(OWN_EXIF[6:]) < path.read_bytes().index(b"<?xpacket")
    assert read_recipe(path) == make_recipe()


def test_text_of_a_png_stays_and_the_recipe_goes_in_beside_it(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("parameters", "theirs\nSteps: 4, Sampler: Euler, Seed: 1")
    info.add_itxt("XML:com.adobe.xmp", OWN_XMP.decode())
    path = tmp_path / "picture.png"
    path.write_bytes(spliced(picture("png", pnginfo=info), make_recipe()))
    assert png.keywords(path.read_bytes()) == {"parameters", "XML:com.adobe.xmp", "imagine"}
    assert path.read_bytes().count(b"tEXtparameters") == 1
    assert read_parameters(path)["prompt"] == "theirs"
    assert read_recipe(path) == make_recipe()


def test_a_recipe_of_another_imagine_is_hidden_by_ours(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_itxt("imagine", make_recipe("theirs").to_json())
    path = tmp_path / "picture.png"
    path.write_bytes(spliced(picture("png", pnginfo=info), make_recipe("ours")))
    assert read_recipe(path).source_prompt == "ours"


def test_a_last_chunk_without_its_padding_gets_it() -> None:
    whole = picture("webp")
    size = int.from_bytes(whole[16:20], "little") + 1
    data = b"RIFF" + struct.pack("<I", 12 + size) + b"WEBPVP8 " + struct.pack("<I", size)
    data += whole[20:] + b"\0"
    after = spliced(data, make_recipe())
    assert [kind for kind, _, _ in webp.chunks(after)] == [b"VP8X", b"VP8 ", b"EXIF", b"XMP "]
    assert Image.open(io.BytesIO(after)).tobytes() == Image.open(io.BytesIO(whole)).tobytes()
