"""Saving a picture: where it goes, what it is called, what is in it, and what can go wrong."""

import errno
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from pictures import MANIFEST, picture, signed_picture
from PIL import Image, ImageCms, features
from recipes import make_recipe

from imagine.stages.errors import ConfigError, SaveError, UnusableAnswerError, UsageError
from imagine.stages.formats.encode import encode
from imagine.stages.formats.received import read_received
from imagine.stages.image import GeneratedImage, ImageFormat
from imagine.stages.metadata import read_parameters, read_recipe
from imagine.stages.publish import Coming
from imagine.stages.recipe import parse_recipe
from imagine.stages.save import (
    Destination,
    check_destination,
    check_format,
    destination_of,
    save_image,
)

FORMATS: tuple[ImageFormat, ...] = get_args(ImageFormat)


@pytest.fixture(scope="module")
def pixels() -> Image.Image:
    return Image.effect_noise((64, 48), 50).convert("RGB")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KB; skips where none may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system needs more rights")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def drawn(pixels: Image.Image) -> GeneratedImage:
    return GeneratedImage(model="sketch-1", drawn=pixels)


def received(data: bytes) -> GeneratedImage:
    return GeneratedImage(model="model-1", received=read_received(data))


def there(directory: Path, format: ImageFormat | None = None) -> Destination:
    return Destination(directory=directory, file_name=None, format=format)


@pytest.mark.parametrize("format", FORMATS)
def test_the_artifact_describes_the_file(
    tmp_path: Path, pixels: Image.Image, format: ImageFormat
) -> None:
    artifact = save_image(drawn(pixels), make_recipe(), destination=there(tmp_path / "out", format))
    data = artifact.path.read_bytes()
    assert artifact.path == tmp_path / "out" / f"a-red-fox-7.{format}"
    assert (artifact.width, artifact.height) == (64, 48)
    assert (artifact.bytes, artifact.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert (artifact.sidecar_path, artifact.notes) == (None, ())
    assert read_recipe(artifact.path) == make_recipe()
    with Image.open(artifact.path) as picture:
        assert picture.format == ("JPEG" if format == "jpg" else format.upper())
        assert (picture.size, picture.mode) == ((64, 48), "RGB")


def test_png_keeps_every_pixel(tmp_path: Path, pixels: Image.Image) -> None:
    artifact = save_image(drawn(pixels), make_recipe(), destination=there(tmp_path))
    with Image.open(artifact.path) as picture:
        assert picture.tobytes() == pixels.tobytes()


@pytest.mark.parametrize("format", FORMATS)
def test_without_metadata_the_file_says_nothing(
    tmp_path: Path, pixels: Image.Image, format: ImageFormat
) -> None:
    artifact = save_image(
        drawn(pixels), make_recipe(), destination=there(tmp_path, format), metadata=False
    )
    data = artifact.path.read_bytes()
    assert b"fox" not in data
    assert b"imagine" not in data
    assert read_parameters(artifact.path) == {}


def test_the_sidecar_is_the_recipe_in_readable_json(tmp_path: Path, pixels: Image.Image) -> None:
    artifact = save_image(
        drawn(pixels),
        make_recipe("a café"),
        destination=there(tmp_path),
        metadata=False,
        sidecar=True,
    )
    assert artifact.sidecar_path == tmp_path / "a-cafe-7.png.json"
    text = artifact.sidecar_path.read_text(encoding="utf-8")
    assert parse_recipe(text) == make_recipe("a café")
    assert '\n  "source_prompt": "a café",\n' in text
    assert read_recipe(artifact.path) == make_recipe("a café")


def test_a_recipe_too_long_for_jpeg_lies_beside_it_with_a_note(
    tmp_path: Path, pixels: Image.Image
) -> None:
    words = "".join(chr(0x4E00 + number * number * 31 % 20_000) for number in range(40_000))
    recipe = make_recipe(notes=(words, words[::-1], words[::3], words[::7]))
    artifact = save_image(drawn(pixels), recipe, destination=there(tmp_path, "jpg"))
    assert artifact.notes == ("The recipe is too long for the JPEG and lies in a file beside it.",)
    assert artifact.sidecar_path == tmp_path / "a-red-fox-7.jpg.json"
    assert read_recipe(artifact.path) == recipe


def test_a_lower_quality_makes_a_smaller_file(pixels: Image.Image) -> None:
    for format in FORMATS[1:]:
        sizes = [len(encode(pixels, None, format=format, quality=q).data) for q in (1, 50, None)]
        assert sizes == sorted(sizes)
        assert len(set(sizes)) == 3


@pytest.mark.parametrize("format", ["jpg", "avif"])
def test_a_thin_line_of_colour_keeps_its_colour(format: ImageFormat) -> None:
    picture = Image.new("RGB", (32, 32), "blue")
    picture.paste((255, 0, 0), (15, 0, 16, 32))
    with Image.open(io.BytesIO(encode(picture, None, format=format).data)) as read:
        red, _, blue = read.convert("RGB").getpixel((15, 16))
    assert red > 200
    assert blue < 60


SIGNED = (
    "The picture is signed (C2PA) and was kept as it came; its recipe lies in a file beside it."
)
NO_PLACE = "The picture was kept as it came; its recipe lies in a file beside it."
OWN_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'
HOSTED = make_recipe(original=True)


def test_a_drawn_picture_is_a_png_when_nothing_else_is_said(
    tmp_path: Path, pixels: Image.Image
) -> None:
    assert save_image(drawn(pixels), make_recipe(), destination=there(tmp_path)).path.suffix == (
        ".png"
    )


@pytest.mark.parametrize("format", ["png", "jpg", "webp"])
def test_an_unsigned_picture_gets_the_recipe_and_keeps_its_picture_data(
    tmp_path: Path, format: ImageFormat
) -> None:
    data = picture(format)
    artifact = save_image(received(data), HOSTED, destination=there(tmp_path))
    assert artifact.path == tmp_path / f"a-red-fox-7.{format}"
    assert (artifact.width, artifact.height, artifact.notes) == (64, 48, ())
    assert artifact.sidecar_path is None
    assert read_recipe(artifact.path) == HOSTED
    with Image.open(artifact.path) as file, Image.open(io.BytesIO(data)) as sent:
        assert file.tobytes() == sent.tobytes()


@pytest.mark.parametrize("format", FORMATS)
def test_a_signed_picture_is_kept_byte_by_byte_with_its_recipe_beside_it(
    tmp_path: Path, format: ImageFormat
) -> None:
    data = signed_picture(format)
    artifact = save_image(received(data), HOSTED, destination=there(tmp_path))
    assert artifact.path.read_bytes() == data
    assert (artifact.bytes, artifact.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert artifact.notes == (SIGNED,)
    assert artifact.sidecar_path == tmp_path / f"a-red-fox-7.{format}.json"
    assert read_recipe(artifact.path) == HOSTED


@pytest.mark.parametrize(
    "data", [picture("avif"), picture("jpg", xmp=OWN_XMP), picture("webp", xmp=OWN_XMP)]
)
def test_a_picture_without_a_place_for_the_recipe_is_kept_byte_by_byte(
    tmp_path: Path, data: bytes
) -> None:
    artifact = save_image(received(data), HOSTED, destination=there(tmp_path))
    assert artifact.path.read_bytes() == data
    assert artifact.notes == (NO_PLACE,)
    assert read_recipe(artifact.path) == HOSTED


@pytest.mark.parametrize("make", [picture, signed_picture])
@pytest.mark.parametrize("format", FORMATS)
def test_without_metadata_a_received_picture_is_kept_and_nothing_lies_beside_it(
    tmp_path: Path, format: ImageFormat, make: Callable[[ImageFormat], bytes]
) -> None:
    data = make(format)
    artifact = save_image(received(data), HOSTED, destination=there(tmp_path), metadata=False)
    assert artifact.path.read_bytes() == data
    assert (artifact.sidecar_path, artifact.notes) == (None, ())
    beside = save_image(
        received(data), HOSTED, destination=there(tmp_path), metadata=False, sidecar=True
    )
    assert beside.path.read_bytes() == data
    assert (beside.sidecar_path is not None, beside.notes) == (True, ())


def test_the_provider_may_send_another_format_than_the_last_time(tmp_path: Path) -> None:
    paths = [
        save_image(received(picture(format)), HOSTED, destination=there(tmp_path)).path.name
        for format in ("png", "jpg", "png")
    ]
    assert paths == ["a-red-fox-7.png", "a-red-fox-7.jpg", "a-red-fox-7-2.png"]


@pytest.mark.parametrize("place", ["format", "file name", "name template"])
def test_another_format_that_was_asked_for_is_encoded(tmp_path: Path, place: str) -> None:
    image = received(picture("jpg", quality=100))
    destination = {
        "format": there(tmp_path, "png"),
        "file name": destination_of(tmp_path / "a-red-fox-7.png", format=None),
        "name template": there(tmp_path),
    }[place]
    template = "{slug}-{seed}.png" if place == "name template" else "{slug}-{seed}"
    artifact = save_image(image, HOSTED, destination=destination, name_template=template)
    assert (artifact.path.name, artifact.notes) == ("a-red-fox-7.png", ())
    assert read_recipe(artifact.path) == make_recipe(original=False)
    with Image.open(artifact.path) as file:
        assert (file.format, file.tobytes()) == ("PNG", image.pixels.tobytes())


def test_a_quality_encodes_anew_but_for_png(tmp_path: Path) -> None:
    jpg, png = picture("jpg", quality=100), picture("png")
    small = save_image(received(jpg), HOSTED, destination=there(tmp_path), quality=10)
    assert small.path.suffix == ".jpg"
    assert small.bytes < len(jpg)
    assert not read_recipe(small.path).original
    kept = save_image(
        received(png), HOSTED, destination=there(tmp_path), quality=10, metadata=False
    )
    assert kept.path.read_bytes() == png


def test_encoding_a_signed_picture_anew_says_what_is_lost(tmp_path: Path) -> None:
    image = received(signed_picture("png"))
    artifact = save_image(image, HOSTED, destination=there(tmp_path, "jpg"), sidecar=True)
    assert artifact.notes == (
        "The picture was encoded anew as jpg and lost the signature (C2PA) it came with.",
    )
    assert MANIFEST not in artifact.path.read_bytes()
    assert artifact.sidecar_path is not None
    assert not parse_recipe(artifact.sidecar_path.read_text(encoding="utf-8")).original
    assert not read_recipe(artifact.path).original


def test_what_is_transparent_is_white_in_a_jpeg(tmp_path: Path) -> None:
    clear = io.BytesIO()
    Image.new("RGBA", (16, 16), (255, 0, 0, 0)).save(clear, "PNG")
    artifact = save_image(received(clear.getvalue()), HOSTED, destination=there(tmp_path, "jpg"))
    with Image.open(artifact.path) as file:
        assert (file.mode, file.getpixel((8, 8))) == ("RGB", (255, 255, 255))


@pytest.mark.parametrize("format", ["png", "webp", "avif"])
def test_transparency_is_kept_where_the_format_has_it(tmp_path: Path, format: ImageFormat) -> None:
    image = received(picture("png" if format != "png" else "webp", "RGBA"))
    artifact = save_image(image, HOSTED, destination=there(tmp_path, format))
    with Image.open(artifact.path) as file:
        assert file.mode == "RGBA"


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("format", ["png", "jpg", "webp", "avif"])
def test_a_color_profile_stays_when_a_picture_is_encoded(
    tmp_path: Path, format: ImageFormat, mode: str
) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = received(picture("webp", mode, icc_profile=profile))
    for name, sent in (("own", image), ("drawn", drawn(image.pixels))):
        artifact = save_image(sent, HOSTED, destination=there(tmp_path / name, format), quality=90)
        with Image.open(artifact.path) as made:
            assert made.info["icc_profile"] == profile


def test_a_received_picture_that_cannot_be_decoded_is_an_error_only_when_it_must_be(
    tmp_path: Path,
) -> None:
    whole = picture("webp")
    broken = received(whole[:40] + b"\xff" * (len(whole) - 40))
    with pytest.raises(UnusableAnswerError) as caught:
        save_image(broken, HOSTED, destination=there(tmp_path, "png"))
    assert str(caught.value).startswith("The picture that was received cannot be decoded: ")
    assert str(caught.value).endswith("; leave out --format and --quality to keep it as it came.")
    assert list(tmp_path.iterdir()) == []
    assert save_image(broken, HOSTED, destination=there(tmp_path)).path.exists()


def test_a_received_picture_is_saved_without_loading_pillow(tmp_path: Path) -> None:
    files = {format: tmp_path / f"sent.{format}" for format in FORMATS}
    for format, path in files.items():
        path.write_bytes(picture(format))
    (tmp_path / "recipe.json").write_text(HOSTED.to_json(), encoding="utf-8")
    program = """
import sys
from pathlib import Path
from imagine.stages.formats.received import read_received
from imagine.stages.image import GeneratedImage
from imagine.stages.publish import Coming
from imagine.stages.recipe import parse_recipe
from imagine.stages.save import check_destination, destination_of, save_image
recipe = parse_recipe(Path("recipe.json").read_text(encoding="utf-8"))
for path in Path().glob("sent.*"):
    image = GeneratedImage(model="m", received=read_received(path.read_bytes()))
    place = destination_of("out", format=None)
    check_destination(place)
    print(save_image(image, recipe, destination=place).path.name)
assert "PIL" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stderr, len(done.stdout.split())) == ("", 4)


@pytest.mark.parametrize("room", [40, 52])
def test_a_signed_picture_is_saved_with_its_recipe_or_not_at_all(
    tiny_disk: Path, room: int
) -> None:
    """The disk has place for the picture, and for a part of the recipe or none of it."""
    image = received(signed_picture("png") + bytes(room * 1024))
    recipe = make_recipe(original=True, notes=("x" * 20_000,))
    with pytest.raises(SaveError, match="the disk is full"):
        save_image(image, recipe, destination=there(tiny_disk / "out"))
    assert list(tiny_disk.iterdir()) == []
    assert save_image(image, recipe, destination=there(tiny_disk), metadata=False).path.exists()


def test_equal_pictures_of_one_recipe_get_numbers(tmp_path: Path, pixels: Image.Image) -> None:
    paths = [
        save_image(
            drawn(pixels), make_recipe(), destination=there(tmp_path), sidecar=True
        ).path.name
        for _ in range(3)
    ]
    assert paths == ["a-red-fox-7.png", "a-red-fox-7-2.png", "a-red-fox-7-3.png"]


def test_an_exact_file_name_is_kept(tmp_path: Path, pixels: Image.Image) -> None:
    destination = destination_of(tmp_path / "My Fox.JPEG", format=None)
    assert (
        save_image(drawn(pixels), make_recipe(), destination=destination).path.name == "My Fox.JPEG"
    )
    again = save_image(drawn(pixels), make_recipe(), destination=destination)
    assert again.path.name == "My Fox-2.JPEG"
    over = save_image(drawn(pixels), make_recipe(seed=8), destination=destination, overwrite=True)
    assert over.path.name == "My Fox.JPEG"
    assert read_recipe(over.path).to_request().seed == 8


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("{slug}", ["a-red-fox", "a-red-fox-2"]),
        ("{slug}-{n:02}", ["a-red-fox-01", "a-red-fox-02"]),
        ("{seed}", ["1", "2"]),
    ],
)
def test_pictures_of_one_run_do_not_overwrite_each_other(
    tmp_path: Path, pixels: Image.Image, template: str, names: list[str]
) -> None:
    for _ in range(2):
        paths = [
            save_image(
                drawn(pixels),
                make_recipe(seed=index),
                destination=there(tmp_path),
                name_template=template,
                overwrite=True,
                index=index,
            ).path
            for index in (1, 2)
        ]
        assert [path.stem for path in paths] == names
    assert len(list(tmp_path.iterdir())) == 2


def test_the_place_in_a_run_is_no_part_of_the_name_unless_it_must_be(
    tmp_path: Path, pixels: Image.Image
) -> None:
    artifact = save_image(
        drawn(pixels), make_recipe(), destination=there(tmp_path), name_template="{slug}", index=2
    )
    assert artifact.path.name == "a-red-fox.png"


def test_names_may_make_sub_directories(tmp_path: Path, pixels: Image.Image) -> None:
    artifact = save_image(
        drawn(pixels), make_recipe(), destination=there(tmp_path), name_template="{date}/{seed}"
    )
    assert artifact.path == tmp_path / "2026-11-22" / "7.png"


def test_a_wrong_name_leaves_nothing(tmp_path: Path, pixels: Image.Image) -> None:
    with pytest.raises(UsageError, match="a name cannot leave the output directory"):
        save_image(
            drawn(pixels),
            make_recipe(),
            destination=there(tmp_path / "new"),
            name_template="../../x",
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("output", "format", "expected"),
    [
        ("fox.jpg", None, (".", "fox.jpg", "jpg")),
        ("a/fox.JPEG", "jpg", ("a", "fox.JPEG", "jpg")),
        ("fox.webp", "webp", (".", "fox.webp", "webp")),
        ("out", None, ("out", None, None)),
        ("out", "avif", ("out", None, "avif")),
        ("v1.2", None, ("v1.2", None, None)),
        (".", None, (".", None, None)),
        ("2026.11.22", None, ("2026.11.22", None, None)),
        ("Dr. No", None, ("Dr. No", None, None)),
        (".hidden", None, (".hidden", None, None)),
        ("fox.png/", None, ("fox.png", None, None)),
        ("notes.txt/", "webp", ("notes.txt", None, "webp")),
    ],
)
def test_the_output_is_a_file_when_it_has_an_ending(
    output: str, format: ImageFormat | None, expected: tuple[str, str | None, str | None]
) -> None:
    found = destination_of(output, format=format)
    assert (str(found.directory), found.file_name, found.format) == expected


def test_an_existing_directory_is_one_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "album.png").mkdir()
    found = destination_of(tmp_path / "album.png", format="jpg")
    assert found == Destination(directory=tmp_path / "album.png", file_name=None, format="jpg")


def test_ending_and_format_must_agree() -> None:
    with pytest.raises(UsageError) as caught:
        destination_of(Path("fox.jpg"), format="png")
    assert str(caught.value) == (
        "The output 'fox.jpg' ends in .jpg, but the format is png; leave out one of the two."
    )


@pytest.mark.parametrize(
    ("output", "ending"),
    [("fox.gif", ".gif"), ("a/x.TXT", ".txt"), ("x.pngg", ".pngg"), ("x.mp4", ".mp4")],
)
def test_an_ending_that_is_not_written_is_refused(output: str, ending: str) -> None:
    with pytest.raises(UsageError) as caught:
        destination_of(output, format=None)
    assert str(caught.value) == (
        f"The output '{output}' ends in {ending}, which is no picture format written here; "
        "choose .png, .jpg, .webp or .avif, or end it with / for a directory."
    )


def test_a_directory_may_have_any_ending_once_it_exists(tmp_path: Path) -> None:
    (tmp_path / "x.txt").mkdir()
    assert destination_of(tmp_path / "x.txt", format=None).file_name is None


@pytest.mark.parametrize("output", [".png", "a/.JPG"])
def test_an_ending_alone_is_no_name(output: str) -> None:
    with pytest.raises(UsageError) as caught:
        destination_of(output, format=None)
    assert str(caught.value) == (
        f"The output '{output}' is an ending without a name; put one before it."
    )


@pytest.mark.parametrize("name", ["con.png", "NUL.jpg", "com1.a.webp", "aux"])
def test_an_output_that_windows_reserves_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        destination_of(f"a/{name}", format=None)
    assert str(caught.value) == f"The name '{name}' is reserved by Windows; choose another."


def test_a_null_byte_is_no_path() -> None:
    with pytest.raises(UsageError, match=r"^The output 'a\\u0000b' holds a null character"):
        destination_of("a\0b", format=None)


@pytest.mark.parametrize("sidecar", [True, False])
def test_what_is_coming_is_told_before_anything_is_written(
    tmp_path: Path, pixels: Image.Image, sidecar: bool
) -> None:
    told: list[Coming] = []

    def note(coming: Coming) -> None:
        told.append(coming)
        assert not (tmp_path / "out").exists()

    artifact = save_image(
        drawn(pixels),
        make_recipe(),
        destination=there(tmp_path / "out"),
        name_template="{id}",
        sidecar=sidecar,
        item="fox 1",
        on_encoded=note,
    )
    beside = artifact.sidecar_path
    assert told == [
        Coming(
            target=tmp_path / "out" / "fox 1.png",
            sha256=hashlib.sha256(artifact.path.read_bytes()).hexdigest(),
            bytes=artifact.path.stat().st_size,
            sidecar=hashlib.sha256(beside.read_bytes()).hexdigest() if beside else None,
            overwrite=False,
        )
    ]
    assert (beside is not None) == sidecar


def test_nothing_is_written_of_what_cannot_be_announced(
    tmp_path: Path, pixels: Image.Image
) -> None:
    def refuse(coming: Coming) -> None:
        raise SaveError("the journal is full")

    with pytest.raises(SaveError, match="the journal is full"):
        save_image(
            drawn(pixels), make_recipe(), destination=there(tmp_path / "out"), on_encoded=refuse
        )
    assert list(tmp_path.iterdir()) == []


def test_the_id_of_an_item_is_a_field_in_a_batch_only(tmp_path: Path) -> None:
    check_destination(there(tmp_path), name_template="{id}", batch=True)
    with pytest.raises(UsageError) as caught:
        check_destination(there(tmp_path), name_template="{id}")
    assert str(caught.value) == (
        "The name template has the field 'id', which only the items of a batch have; leave it out."
    )


def test_pictures_of_one_item_do_not_overwrite_each_other(
    tmp_path: Path, pixels: Image.Image
) -> None:
    names = [
        save_image(
            drawn(pixels),
            make_recipe(),
            destination=there(tmp_path),
            name_template="{id}",
            overwrite=True,
            index=index,
            item="fox",
        ).path.name
        for index in (1, 2)
    ]
    assert names == ["fox.png", "fox-2.png"]


@pytest.mark.parametrize(
    ("template", "format", "name"),
    [
        ("fox.png", "png", "fox.png"),
        ("fox.JPEG", "jpg", "fox.jpg"),
        ("{slug}.webp", "webp", "a-red-fox.webp"),
        ("fox.v2", "png", "fox.v2.png"),
        ("v1.{seed}", "png", "v1.7.png"),
    ],
)
def test_a_name_template_may_end_like_the_file(
    tmp_path: Path, pixels: Image.Image, template: str, format: ImageFormat, name: str
) -> None:
    check_destination(there(tmp_path, format), name_template=template)
    artifact = save_image(
        drawn(pixels), make_recipe(), destination=there(tmp_path, format), name_template=template
    )
    assert artifact.path.name == name


@pytest.mark.parametrize(("template", "ending"), [("fox.jpg", ".jpg"), ("{slug}.GIF", ".gif")])
def test_a_name_template_of_another_format_is_refused(
    tmp_path: Path, template: str, ending: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check_destination(there(tmp_path, "png"), name_template=template)
    assert str(caught.value) == (
        f"The name '{template}' ends in {ending}, but the format is png; leave out the ending."
    )


def test_a_name_template_of_no_format_written_here_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        check_destination(there(tmp_path), name_template="{slug}.tiff")
    assert str(caught.value) == (
        "The name '{slug}.tiff' ends in .tiff, which is no picture format written here; "
        "leave out the ending."
    )


def test_a_name_template_says_the_format_when_nothing_else_does(
    tmp_path: Path, pixels: Image.Image
) -> None:
    check_destination(there(tmp_path), name_template="fox.jpeg")
    artifact = save_image(
        drawn(pixels), make_recipe(), destination=there(tmp_path), name_template="fox.jpeg"
    )
    with Image.open(artifact.path) as file:
        assert (artifact.path.name, file.format) == ("fox.jpg", "JPEG")


def test_an_ending_alone_is_no_name_template(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^The name template is empty; "):
        check_destination(there(tmp_path), name_template=".png")


@pytest.mark.parametrize(("format", "longest"), [("jpg", 65_500), ("webp", 16_383)])
def test_the_longest_side_of_a_format_is_what_its_encoder_takes(
    format: ImageFormat, longest: int, capfd: pytest.CaptureFixture[str]
) -> None:
    check_format(format, longest, 1)
    assert encode(Image.new("RGB", (longest, 1)), None, format=format).data
    with pytest.raises(UsageError, match=f"The {longest + 1}x1 picture cannot be encoded"):
        encode(Image.new("RGB", (longest + 1, 1)), None, format=format)
    capfd.readouterr()  # libjpeg says so on stderr too, which is why the check comes first
    with pytest.raises(UsageError) as caught:
        check_format(format, 1, longest + 1)
    assert str(caught.value) == (
        f"The size 1x{longest + 1} is too large for {format}, whose sides end at {longest} "
        "pixels; choose png or a smaller size."
    )


def test_avif_without_its_codec_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    check_format("avif", 64, 64)
    monkeypatch.setattr(features, "check", lambda feature: False)
    with pytest.raises(ConfigError) as caught:
        check_format("avif", 64, 64)
    with pytest.raises(ConfigError):
        check_destination(there(Path()), name_template="fox.avif")
    check_format(None, 64, 64)
    assert str(caught.value) == (
        "The installed Pillow cannot write avif; install a Pillow wheel from the package index, "
        "or choose png."
    )


def test_a_good_place_passes_the_early_check_and_is_not_made(tmp_path: Path) -> None:
    check_destination(there(tmp_path / "a" / "b"), name_template="{seed}")
    assert list(tmp_path.iterdir()) == []


def test_the_early_check_refuses_a_wrong_template(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no field 'x'"):
        check_destination(there(tmp_path), name_template="{x}")


def test_a_file_in_the_path_is_no_directory(tmp_path: Path, pixels: Image.Image) -> None:
    (tmp_path / "notes").write_text("hello")
    place = tmp_path / "notes" / "out"
    tail = "a part of the path is a file, no directory; choose another directory with --output."
    with pytest.raises(SaveError) as early:
        check_destination(there(place))
    with pytest.raises(SaveError) as late:
        save_image(drawn(pixels), make_recipe(), destination=there(place))
    assert str(early.value) == f"The picture cannot be written to '{place}': {tail}"
    assert str(late.value) == f"The picture cannot be written to '{place}/a-red-fox-7.png': {tail}"
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


def test_a_directory_that_may_not_be_written_is_refused_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(SaveError) as caught:
        check_destination(there(tmp_path / "out"))
    assert str(caught.value) == (
        f"The picture cannot be written to '{tmp_path}/out': permission is denied; "
        "choose another directory with --output."
    )


def test_a_full_disk_leaves_nothing(tiny_disk: Path) -> None:
    big = Image.effect_noise((400, 400), 90).convert("RGB")
    with pytest.raises(SaveError) as caught:
        save_image(drawn(big), make_recipe(), destination=there(tiny_disk / "a/b"), sidecar=True)
    assert str(caught.value) == (
        f"The picture cannot be written to '{tiny_disk}/a/b/a-red-fox-7.png': the disk is full; "
        "free some space or choose another directory with --output."
    )
    assert list(tiny_disk.iterdir()) == []


def test_a_read_only_file_system_is_named(tiny_disk: Path, pixels: Image.Image) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    with pytest.raises(SaveError) as caught:
        save_image(drawn(pixels), make_recipe(), destination=there(tiny_disk / "out"))
    assert str(caught.value) == (
        f"The picture cannot be written to '{tiny_disk}/out/a-red-fox-7.png': "
        "the file system is read-only; choose another directory with --output."
    )
    with pytest.raises(SaveError):
        check_destination(there(tiny_disk / "out"))


def test_an_unknown_error_of_the_system_is_passed_on(
    tmp_path: Path, pixels: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(SaveError) as caught:
        save_image(drawn(pixels), make_recipe(), destination=there(tmp_path))
    assert str(caught.value) == (
        f"The picture cannot be written to '{tmp_path}/a-red-fox-7.png': Input/output error; "
        "choose another directory with --output."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["x" * 256, "a/" + "x" * 256 + "/b", "狐" * 86])
def test_an_overlong_directory_is_refused_early(tmp_path: Path, place: str) -> None:
    with pytest.raises(SaveError, match="the name is too long; choose a shorter one"):
        check_destination(there(tmp_path / place))
    assert list(tmp_path.iterdir()) == []


def test_an_overlong_file_name_is_refused_early(tmp_path: Path, pixels: Image.Image) -> None:
    message = "the name is too long; choose a shorter one"
    with pytest.raises(SaveError, match=message):
        check_destination(destination_of(tmp_path / ("x" * 300 + ".png"), format=None))
    destination = Destination(directory=tmp_path, file_name="x" * 300 + ".png", format="png")
    with pytest.raises(SaveError, match=message):
        save_image(drawn(pixels), make_recipe(), destination=destination)
    assert list(tmp_path.iterdir()) == []


def test_the_sidecar_needs_room_too(tmp_path: Path, pixels: Image.Image) -> None:
    longest = destination_of(tmp_path / ("x" * 251 + ".png"), format=None)
    check_destination(longest)
    with pytest.raises(SaveError, match="the name is too long; choose a shorter one"):
        check_destination(longest, sidecar=True)
    names = [
        save_image(drawn(pixels), make_recipe(), destination=longest).path.name for _ in range(2)
    ]
    assert names == ["x" * 251 + ".png", "x" * 244 + "-2.png"]
    with_room = destination_of(tmp_path / ("y" * 246 + ".png"), format=None)
    check_destination(with_room, sidecar=True)
    artifact = save_image(drawn(pixels), make_recipe(), destination=with_room, sidecar=True)
    assert artifact.sidecar_path == tmp_path / ("y" * 246 + ".png.json")


def test_the_longest_name_has_room_for_number_and_sidecar(
    tmp_path: Path, pixels: Image.Image
) -> None:
    for _ in range(2):
        artifact = save_image(
            drawn(pixels),
            make_recipe(),
            destination=there(tmp_path, "webp"),
            name_template="狐" * 300,
            sidecar=True,
        )
    assert artifact.path.stem.endswith("狐-2")


def test_no_key_and_no_machine_path_is_in_a_saved_recipe(
    tmp_path: Path, pixels: Image.Image
) -> None:
    artifact = save_image(drawn(pixels), make_recipe(), destination=there(tmp_path), sidecar=True)
    assert str(tmp_path).encode() not in artifact.path.read_bytes()
    assert artifact.sidecar_path is not None
    assert str(tmp_path) not in json.dumps(json.loads(artifact.sidecar_path.read_text()))
