"""What goes over into the enlarged picture's file, and what the next reader finds there."""

import io
import json
import struct
from pathlib import Path
from typing import Any

import exiv2
import numpy as np
import pytest
import sd_parsers
from pictures import chunk, noise, picture, signed_picture
from PIL import Image, ImageCms
from raw_pictures import black_only_profile, raw_png
from recipes import make_recipe

from imagine.stages.formats import avif
from imagine.stages.formats.exif import exif_block
from imagine.stages.formats.png import read_chunks, text_chunk
from imagine.stages.formats.xmp_edit import adapted
from imagine.stages.image import GeneratedImage, ImageFormat
from imagine.stages.metadata import read_parameters, read_recipe
from imagine.stages.recipe import Recipe, UpscaleRecord
from imagine.stages.save import Artifact, Destination, save_image
from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.record import read_upscales
from imagine.stages.upscale.source import Source, open_source
from imagine.stages.upscale.write import save_enlarged

exiv2.LogMsg.setLevel(exiv2.LogMsg.Level.mute)
FORMATS: tuple[ImageFormat, ...] = ("png", "jpg", "webp", "avif")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
PARAMETERS = "a red fox\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, Seed: 7, Size: 64x48"


def record_of(
    source: Source, *, trained: bool = True, invents: bool = False, factor: int = 2
) -> UpscaleRecord:
    width, height = source.size
    return UpscaleRecord(
        upscaler="art" if trained else "lanczos",
        model="realesr-animevideov3",
        trained=trained,
        invents=invents,
        from_width=width,
        from_height=height,
        width=width * factor,
        height=height * factor,
        full_width=width * factor,
        full_height=height * factor,
        source_sha256=source.sha256,
    )


def doubled(source: Source) -> Raster:
    """Each pixel twice, which is as good as anything for what is tested here."""
    raster = source.raster

    def strips() -> Any:
        for strip in raster.strips():
            yield np.ascontiguousarray(strip.repeat(2, axis=0).repeat(2, axis=1))

    return Raster(raster.width * 2, raster.height * 2, raster.channels, raster.depth, strips)


def enlarged(
    path: Path,
    format: ImageFormat,
    *,
    trained: bool = True,
    invents: bool = False,
    **options: Any,
) -> Artifact:
    source = open_source(path)
    return save_enlarged(
        doubled(source),
        source,
        record_of(source, trained=trained, invents=invents),
        target=path.with_name(f"large.{format}"),
        format=format,
        **options,
    )


def metadata_of(path: Path) -> dict[str, str]:
    """EXIF, IPTC and XMP as exiv2 reads them."""
    found = exiv2.ImageFactory.open(str(path))
    found.readMetadata()
    data = (*found.exifData(), *found.iptcData(), *found.xmpData())
    return {item.key(): item.toString() for item in data}


def photo(path: Path) -> Path:
    """As it comes from a camera and a picture agency: on its side, with everything in it."""
    noise("RGB").save(path, icc_profile=SRGB, dpi=(300, 300), comment=b"for Ada")
    found = exiv2.ImageFactory.open(str(path))
    found.readMetadata()
    exif, iptc, xmp = found.exifData(), found.iptcData(), found.xmpData()
    for key, value in {
        "Exif.Image.Make": "Nikon",
        "Exif.Image.Orientation": "6",
        "Exif.Photo.PixelXDimension": "64",
        "Exif.Photo.PixelYDimension": "48",
        "Exif.GPSInfo.GPSLatitude": "52/1 30/1 0/1",
    }.items():
        exif[key] = value
    iptc["Iptc.Application2.Caption"] = "A fox"
    xmp["Xmp.tiff.Orientation"] = "6"
    xmp["Xmp.xmp.Rating"] = "5"
    found.setExifData(exif)
    found.setIptcData(iptc)
    found.setXmpData(xmp)
    found.writeMetadata()
    return path


@pytest.mark.parametrize("format", FORMATS)
def test_a_photo_keeps_its_metadata_and_stands_upright(tmp_path: Path, format: ImageFormat) -> None:
    path = photo(tmp_path / "fox.jpg")
    artifact = enlarged(path, format)
    assert (artifact.width, artifact.height) == (96, 128)
    with Image.open(artifact.path) as made:
        assert made.size == (96, 128)
        assert made.getexif().get(0x0112, 1) == 1
        assert made.info["icc_profile"] == SRGB
        assert made.getexif().get_ifd(0x8769)[0xA002] == 96
        assert made.getexif().get_ifd(0x8825)[2] == (52.0, 30.0, 0.0)
    if format == "avif":
        # This build of exiv2 reads no AVIF.
        return
    found = metadata_of(artifact.path)
    expected = {
        "Exif.Image.Make": "Nikon",
        "Exif.Image.Orientation": "1",
        "Exif.Photo.PixelXDimension": "96",
        "Exif.Photo.PixelYDimension": "128",
        "Exif.GPSInfo.GPSLatitude": "52/1 30/1 0/1",
        "Xmp.tiff.Orientation": "1",
        "Xmp.xmp.Rating": "5",
        "Xmp.iptcExt.DigitalSourceType": f"{IPTC}algorithmicallyEnhanced",
    }
    assert found | expected == found
    if format == "jpg":
        assert found["Iptc.Application2.Caption"] == "A fox"


def test_a_jpeg_keeps_resolution_and_comment_also_as_png(tmp_path: Path) -> None:
    path = photo(tmp_path / "fox.jpg")
    with Image.open(enlarged(path, "jpg").path) as jpg:
        assert (jpg.info["dpi"], jpg.info["comment"]) == ((300, 300), b"for Ada")
    with Image.open(enlarged(path, "png").path) as png:
        assert png.info["dpi"] == pytest.approx((300, 300), abs=0.02)
        assert png.info["Comment"] == "for Ada"


@pytest.mark.parametrize("format", FORMATS)
def test_without_metadata_only_the_colors_stay(tmp_path: Path, format: ImageFormat) -> None:
    path = photo(tmp_path / "fox.jpg")
    artifact = enlarged(path, format, metadata=False)
    with Image.open(artifact.path) as made:
        assert made.info["icc_profile"] == SRGB
        assert not made.getexif()
        assert not {"xmp", "exif", "comment", "dpi"} & made.info.keys()
    assert read_upscales(artifact.path) == ()


@pytest.mark.parametrize("format", FORMATS)
def test_a_foreign_picture_tells_all_its_enlargements(tmp_path: Path, format: ImageFormat) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(picture("png"))
    first = enlarged(path, format, trained=False)
    once = open_source(first.path)
    assert (
        read_upscales(first.path) == once.upscales == (record_of(open_source(path), trained=False),)
    )
    second = save_enlarged(
        doubled(once), once, record_of(once), target=tmp_path / f"larger.{format}", format=format
    )
    assert read_upscales(second.path) == (*once.upscales, record_of(once))
    assert second.sidecar_path is None


def test_the_record_of_a_png_is_readable_json(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(picture("png"))
    with Image.open(enlarged(path, "png").path) as made:
        told = json.loads(made.info["imagine-upscale"])
    assert (told["schema_version"], told["program"]) == (1, "imagine 0.1.0")
    assert told["upscales"][0]["upscaler"] == "art"


def test_a_sidecar_holds_the_record_and_is_read_where_the_picture_has_none(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(picture("png"))
    artifact = enlarged(path, "png", metadata=False, sidecar=True)
    assert artifact.sidecar_path == tmp_path / "large.png.json"
    assert read_upscales(artifact.path) == (record_of(open_source(path)),)
    artifact.sidecar_path.write_text("{}")
    assert read_upscales(artifact.path) == ()


@pytest.mark.parametrize("before", FORMATS)
@pytest.mark.parametrize("format", FORMATS)
def test_a_recipe_is_extended_and_every_reader_finds_it(
    tmp_path: Path, before: ImageFormat, format: ImageFormat
) -> None:
    recipe = make_recipe(negative_prompt="blurry")
    image = GeneratedImage(model="sketch-1", drawn=noise("RGB"))
    place = Destination(tmp_path, f"fox.{before}", before)
    path = save_image(image, recipe, destination=place).path
    artifact = enlarged(path, format)
    expected = recipe.model_copy(update={"upscales": (record_of(open_source(path)),)})
    assert read_recipe(artifact.path) == expected
    assert read_upscales(artifact.path) == expected.upscales
    parameters = read_parameters(artifact.path)
    assert parameters["Size"] == "64x48"
    assert parameters["Postprocess upscale by"] == "2"
    assert parameters["Postprocess upscaler"] == "art"
    assert artifact.notes == ()
    if format == "avif":
        return
    assert metadata_of(artifact.path)["Xmp.iptcExt.DigitalSourceType"] == (
        f"{IPTC}compositeWithTrainedAlgorithmicMedia"
    )
    found = sd_parsers.ParserManager().parse(artifact.path)
    assert found is not None
    assert [str(item) for item in found.prompts] == ["a red fox, soft light"]
    assert found.metadata["Postprocess upscaler"] == "art"


@pytest.mark.parametrize("trained", [True, False])
def test_the_source_type_of_a_drawing_follows_what_enlarged_it(
    tmp_path: Path, trained: bool
) -> None:
    image = GeneratedImage(model="sketch-1", drawn=noise("RGB"))
    place = Destination(tmp_path, "fox.png", "png")
    path = save_image(image, make_recipe(), destination=place).path
    word = "compositeWithTrainedAlgorithmicMedia" if trained else "algorithmicMedia"
    found = metadata_of(enlarged(path, "png", trained=trained).path)
    assert found["Xmp.iptcExt.DigitalSourceType"] == IPTC + word


def test_of_a_foreign_picture_lanczos_says_no_source_type(tmp_path: Path) -> None:
    path = photo(tmp_path / "fox.jpg")
    found = metadata_of(enlarged(path, "jpg", trained=False).path)
    assert "Xmp.iptcExt.DigitalSourceType" not in found


SOURCE_TYPE = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    'syntax-ns#"><rdf:Description xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    " {}>{}"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
)
GENERATED = exif_block(PARAMETERS, program="A1111")


@pytest.mark.parametrize(
    ("xmp", "exif", "invents", "word"),
    [
        ("", b"", False, "algorithmicallyEnhanced"),
        ("", b"", True, "compositeWithTrainedAlgorithmicMedia"),
        ("", GENERATED, False, "trainedAlgorithmicMedia"),
        ("", GENERATED, True, "trainedAlgorithmicMedia"),
        ("digitalCapture", b"", False, "digitalCapture"),
        ("digitalCapture", b"", True, "compositeWithTrainedAlgorithmicMedia"),
        ("trainedAlgorithmicMedia", b"", False, "trainedAlgorithmicMedia"),
        ("trainedAlgorithmicMedia", b"", True, "trainedAlgorithmicMedia"),
        ("compositeSynthetic", b"", True, "compositeSynthetic"),
    ],
)
def test_the_source_type_of_a_foreign_picture_says_whether_a_model_drew_in_it(
    tmp_path: Path, xmp: str, exif: bytes, invents: bool, word: str
) -> None:
    path = tmp_path / "fox.jpg"
    address = IPTC + xmp
    element = f"<Iptc4xmpExt:DigitalSourceType>{address}</Iptc4xmpExt:DigitalSourceType>"
    packets = (
        SOURCE_TYPE.format("", element),
        SOURCE_TYPE.format(f'Iptc4xmpExt:DigitalSourceType="{address}"', ""),
        SOURCE_TYPE.format("", f'<Iptc4xmpExt:DigitalSourceType rdf:resource="{address}"/>'),
    )
    for packet in packets if xmp else ("",):
        noise("RGB").save(path, exif=exif, xmp=packet.encode())
        found = metadata_of(enlarged(path, "jpg", invents=invents).path)
        assert found["Xmp.iptcExt.DigitalSourceType"] == IPTC + word


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("before", ["png", "jpg"])
def test_a_foreign_a1111_text_is_extended(tmp_path: Path, before: str, format: ImageFormat) -> None:
    path = tmp_path / f"fox.{before}"
    if before == "png":
        path.write_bytes(
            raw_png(np.zeros((4, 5, 3), np.uint8), chunk(*text_chunk("parameters", PARAMETERS)))
        )
    else:
        noise("RGB").save(path, exif=exif_block(PARAMETERS, program="A1111"))
    artifact = enlarged(path, format)
    assert read_parameters(artifact.path) == {
        "prompt": "a red fox",
        "negative_prompt": "blurry",
        "Steps": "20",
        "Sampler": "Euler a",
        "Seed": "7",
        "Size": "64x48",
        "Postprocess upscale by": "2",
        "Postprocess upscaler": "art",
    }
    # A second time the two are replaced.
    source = open_source(artifact.path)
    again = save_enlarged(
        doubled(source), source, record_of(source), target=path, format=format, overwrite=True
    )
    assert read_parameters(again.path)["Postprocess upscale by"] == "4"


def test_text_without_settings_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    words = chunk(*text_chunk("parameters", "just words: here"))
    path.write_bytes(raw_png(np.zeros((4, 5, 3), np.uint8), words))
    with Image.open(enlarged(path, "png").path) as made:
        assert made.info["parameters"] == "just words: here"


def test_texts_of_a_png_go_over_and_have_no_place_elsewhere(tmp_path: Path) -> None:
    texts = {"workflow": '{"1": "☕"}', "Title": "Fox", "Author": "Ada", "Software": "x", "a": "b"}
    path = tmp_path / "fox.png"
    chunks = [chunk(*text_chunk(key, text)) for key, text in texts.items()]
    path.write_bytes(raw_png(np.zeros((4, 5, 3), np.uint8), *chunks))
    with Image.open(enlarged(path, "png").path) as made:
        assert {key: made.info[key] for key in texts} == texts
    assert enlarged(path, "webp").notes == (
        "Text of the PNG has no place in webp and is left out: workflow, Title, Author and 2 more.",
    )


def test_colors_of_a_png_go_over(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    gamma = chunk(b"gAMA", struct.pack(">I", 100_000))
    path.write_bytes(raw_png(np.zeros((4, 5, 3), np.uint8), gamma))
    for metadata in (True, False):
        with Image.open(enlarged(path, "png", metadata=metadata, overwrite=True).path) as made:
            assert made.info["gamma"] == 1.0


GAMMA = struct.pack(">I", 45_455)
WIDE = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
NARROW = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


@pytest.mark.parametrize(
    ("chunks", "told"),
    [
        ([(b"gAMA", struct.pack(">I", 100_000))], True),
        ([(b"gAMA", GAMMA)], False),
        ([(b"gAMA", GAMMA), (b"cHRM", NARROW)], False),
        ([(b"gAMA", GAMMA), (b"cHRM", WIDE)], True),
        ([(b"cHRM", WIDE), (b"sRGB", b"\0")], False),
        ([(b"cICP", b"\x0c\x0d\0\1"), (b"sRGB", b"\0")], True),
        ([(b"cICP", b"\x01\x0d\0\1")], False),
    ],
)
def test_colors_that_only_a_png_can_tell_are_lost_with_a_note(
    tmp_path: Path, chunks: list[tuple[bytes, bytes]], told: bool
) -> None:
    path = tmp_path / "fox.png"
    written = [chunk(kind, data) for kind, data in chunks]
    path.write_bytes(raw_png(np.zeros((4, 5, 3), np.uint8), *written))
    assert enlarged(path, "png").notes == ()
    for format in ("jpg", "webp", "avif"):
        note = f"The picture's colours are no sRGB, which only a png can tell, not {format}."
        assert enlarged(path, format).notes == ((note,) if told else ())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mode", "profile", "other_than"),
    [("RGB", SRGB, None), ("L", SRGB, "grey"), ("RGB", black_only_profile(), "RGB")],
)
def test_a_profile_goes_over_where_it_is_of_the_color_space(
    tmp_path: Path, mode: str, profile: bytes, other_than: str | None
) -> None:
    path = tmp_path / "fox.tif"
    noise("RGB").convert(mode).save(path, icc_profile=profile)
    note = f"The picture is {other_than} and its colour profile for something else, and left out."
    assert open_source(path).notes == (() if other_than is None else (note,))
    with Image.open(enlarged(path, "png").path) as made:
        assert made.info.get("icc_profile") == (profile if other_than is None else None)


def test_a_profile_that_is_used_up_does_not_go_over(tmp_path: Path) -> None:
    path = tmp_path / "fox.tif"
    noise("RGB").convert("CMYK").save(path, icc_profile=black_only_profile())
    with Image.open(enlarged(path, "jpg").path) as made:
        assert "icc_profile" not in made.info


def test_a_profile_for_grey_has_no_place_where_there_is_no_grey(tmp_path: Path) -> None:
    profile = SRGB[:16] + b"GRAY" + SRGB[20:]
    path = tmp_path / "fox.png"
    noise("L").save(path, icc_profile=profile)
    with Image.open(enlarged(path, "jpg").path) as made:
        assert made.info["icc_profile"] == profile
    assert enlarged(path, "webp").notes == (
        "The picture's profile is for grey, which webp has none of.",
    )


@pytest.mark.parametrize(
    ("numbers", "kept"), [((1, 13), None), ((2, 2), None), ((12, 13), b"\x0c\x0d\0\1")]
)
def test_colors_that_an_avif_names_by_number_are_told_by_a_png(
    tmp_path: Path, numbers: tuple[int, int], kept: bytes | None
) -> None:
    path = tmp_path / "fox.avif"
    data = picture("avif")
    assert data.count(b"colrnclx\0\1\0\x0d") == 1
    path.write_bytes(data.replace(b"colrnclx\0\1\0\x0d", b"colrnclx\0%c\0%c" % numbers))
    with enlarged(path, "png").path.open("rb") as file:
        file.seek(8)
        assert dict(read_chunks(file, [b"cICP"], limit=9)).get(b"cICP") == kept
    assert enlarged(path, "webp").notes == (
        ("The picture's colours are no sRGB, which only a png can tell, not webp.",) if kept else ()
    )


def test_the_bits_of_an_avif_are_read() -> None:
    data = picture("avif")
    assert avif.depth_of(data) == 8
    assert avif.depth_of(data.replace(b"\3\x08\x08\x08", b"\3\x0a\x0a\x0a")) == 10
    assert avif.depth_of(data.replace(b"pixi", b"free")) == 8


def test_an_avif_of_more_bits_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fox.avif"
    path.write_bytes(picture("avif"))
    # A file whose boxes contradict its pixels is damaged, and Pillow writes none of 10 bits.
    monkeypatch.setattr(avif, "depth_of", lambda data: 10)
    assert open_source(path).notes == ("The picture has 10 bits a sample, of which 8 are read.",)


def test_what_a_format_has_no_place_for_is_told(tmp_path: Path) -> None:
    path = photo(tmp_path / "fox.jpg")
    assert enlarged(path, "png").notes == (
        "The picture's IPTC caption has no place in png and is left out.",
    )
    assert enlarged(path, "webp").notes == (
        "The picture's IPTC caption has no place in webp and is left out.",
        "The picture's comment has no place in webp and is left out.",
    )
    assert enlarged(path, "jpg").notes == ()


@pytest.mark.parametrize("exif", [b"", exif_block("a fox", program="a camera")])
@pytest.mark.parametrize("format", FORMATS)
def test_a_resolution_goes_over_into_every_format(
    tmp_path: Path, format: ImageFormat, exif: bytes
) -> None:
    path = tmp_path / "fox.jpg"
    noise("RGB").save(path, dpi=(300, 150), exif=exif)
    artifact = enlarged(path, format)
    assert artifact.notes == ()
    with Image.open(artifact.path) as made:
        if format in ("webp", "avif"):
            found = made.getexif()
            assert (found[0x011A], found[0x011B], found[0x0128]) == (300, 150, 2)
            assert found.get(0x0131) == ("a camera" if exif else None)
        else:
            assert made.info["dpi"] == pytest.approx((300, 150), abs=0.02)


def test_a_resolution_that_is_not_told_is_not_made_up(tmp_path: Path) -> None:
    path = tmp_path / "fox.jpg"
    noise("RGB").save(path, exif=exif_block("a fox", program="a camera"))
    with Image.open(path) as read:
        assert read.info["dpi"] == (72, 72)
    assert open_source(path).carried.dpi is None


def test_a_resolution_that_a_jpeg_cannot_count_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    noise("RGB").save(path, dpi=(72_000, 72_000))
    artifact = enlarged(path, "jpg")
    assert artifact.notes == (
        "The picture's resolution of 72000 pixels per inch is more than a JPEG can tell, "
        "and is left out.",
    )
    with Image.open(artifact.path) as made:
        assert "dpi" not in made.info


def test_of_a_tiff_title_and_artist_go_over_and_not_its_layout(tmp_path: Path) -> None:
    path = tmp_path / "fox.tif"
    exif = Image.Exif()
    exif[0x013B], exif[0x010E] = "Ada", "A fox"
    noise("RGB").save(path, exif=exif, dpi=(300, 300))
    written = exiv2.ImageFactory.open(str(path))
    written.readMetadata()
    data = written.exifData()
    data["Exif.Photo.ExposureTime"] = "1/2"
    written.setExifData(data)
    written.writeMetadata()
    found = metadata_of(enlarged(path, "jpg").path)
    assert (found["Exif.Image.Artist"], found["Exif.Image.ImageDescription"]) == ("Ada", "A fox")
    assert found["Exif.Photo.ExposureTime"] == "1/2"
    assert "Exif.Image.StripOffsets" not in found


def test_exif_that_imagemagick_keeps_as_text_becomes_exif_again(tmp_path: Path) -> None:
    block = exif_block("a fox", program="a camera")
    digits = block.hex()
    raw = f"\nexif\n{len(block):8}\n" + "\n".join(
        digits[place : place + 72] for place in range(0, len(digits), 72)
    )
    path = tmp_path / "fox.png"
    text = chunk(*text_chunk("Raw profile type exif", raw))
    path.write_bytes(raw_png(np.zeros((4, 5, 3), np.uint8), text))
    with Image.open(enlarged(path, "png").path) as made:
        assert made.getexif()[0x0131] == "a camera"
        assert "Raw profile type exif" not in made.info


def test_what_cannot_be_read_of_the_metadata_is_left_out_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(
        raw_png(
            np.zeros((4, 5, 3), np.uint8),
            chunk(b"eXIf", b"no TIFF"),
            chunk(*text_chunk("XML:com.adobe.xmp", "no XML", wide=True)),
        )
    )
    artifact = enlarged(path, "png")
    assert artifact.notes == (
        "The picture's EXIF cannot be read (it is no TIFF) and is left out.",
        "The picture's XMP cannot be read (it is no XML) and is left out.",
    )
    assert len(read_upscales(artifact.path)) == 1


def test_what_a_jpeg_has_no_room_for_is_left_out_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "fox.webp"
    words = f"<a>{'x' * 70_000}</a>"
    xmp = adapted(b"", width=1, height=1, properties={"other": words})
    noise("RGB").save(path, xmp=xmp, exif=exif_block("y" * 70_000, program="x"))
    artifact = enlarged(path, "jpg")
    assert artifact.notes == (
        "The picture's XMP takes more than the 64 KB of a JPEG and is left out.",
        "The picture's EXIF takes more than the 64 KB of a JPEG and is left out.",
    )
    assert len(read_upscales(artifact.path)) == 1


def long_recipe(length: int) -> Recipe:
    """Of words that pack to little less."""
    digits = np.random.default_rng(1).integers(0, 10, length)
    return make_recipe(notes=("".join(map(str, digits)),))


def test_a_recipe_that_is_too_long_for_a_jpeg_lies_beside_it(tmp_path: Path) -> None:
    image = GeneratedImage(model="sketch-1", drawn=noise("RGB"))
    place = Destination(tmp_path, "fox.png", "png")
    path = save_image(image, long_recipe(300_000), destination=place).path
    artifact = enlarged(path, "jpg")
    assert artifact.notes == ("The recipe is too long for the JPEG and lies in a file beside it.",)
    assert artifact.sidecar_path is not None
    assert len(read_recipe(artifact.path).upscales) == len(read_upscales(artifact.path)) == 1


def test_a_long_recipe_is_packed_for_a_jpeg(tmp_path: Path) -> None:
    image = GeneratedImage(model="sketch-1", drawn=noise("RGB"))
    place = Destination(tmp_path, "fox.png", "png")
    path = save_image(image, long_recipe(70_000), destination=place).path
    artifact = enlarged(path, "jpg")
    assert artifact.sidecar_path is None
    assert len(read_recipe(artifact.path).upscales) == 1


@pytest.mark.parametrize("format", FORMATS)
def test_a_signature_does_not_go_over(tmp_path: Path, format: ImageFormat) -> None:
    path = tmp_path / "fox"
    path.write_bytes(signed_picture(format))
    artifact = enlarged(path, format)
    assert b"c2pa" not in artifact.path.read_bytes()


@pytest.mark.parametrize("format", FORMATS)
def test_equal_pictures_make_equal_files(tmp_path: Path, format: ImageFormat) -> None:
    path = photo(tmp_path / "fox.jpg")
    first = enlarged(path, format)
    second = enlarged(path, format)
    assert first.path != second.path
    assert first.sha256 == second.sha256
    assert first.path.read_bytes() == second.path.read_bytes()


def test_a_gif_tells_of_no_enlargement(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    noise("L").save(buffer, "GIF", comment=b"by Ada")
    path = tmp_path / "fox.gif"
    path.write_bytes(buffer.getvalue())
    assert open_source(path).upscales == ()
    with Image.open(enlarged(path, "png").path) as made:
        assert made.info["Comment"] == "by Ada"
