"""Saving a picture: where it goes, what it is called, what is in it, and what can go wrong."""

import errno
import hashlib
import io
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image, features
from recipes import make_recipe

from imagine.stages.errors import ConfigError, SaveError, UsageError
from imagine.stages.formats.embed import ImageFormat
from imagine.stages.metadata import read_parameters, read_recipe
from imagine.stages.recipe import parse_recipe
from imagine.stages.save import (
    Destination,
    check_destination,
    check_format,
    destination_of,
    encode,
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


def there(directory: Path, format: ImageFormat = "png") -> Destination:
    return Destination(directory=directory, file_name=None, format=format)


@pytest.mark.parametrize("format", FORMATS)
def test_the_artifact_describes_the_file(
    tmp_path: Path, pixels: Image.Image, format: ImageFormat
) -> None:
    artifact = save_image(pixels, make_recipe(), destination=there(tmp_path / "out", format))
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
    artifact = save_image(pixels, make_recipe(), destination=there(tmp_path))
    with Image.open(artifact.path) as picture:
        assert picture.tobytes() == pixels.tobytes()


@pytest.mark.parametrize("format", FORMATS)
def test_without_metadata_the_file_says_nothing(
    tmp_path: Path, pixels: Image.Image, format: ImageFormat
) -> None:
    artifact = save_image(
        pixels, make_recipe(), destination=there(tmp_path, format), metadata=False
    )
    data = artifact.path.read_bytes()
    assert b"fox" not in data
    assert b"imagine" not in data
    assert read_parameters(artifact.path) == {}


def test_the_sidecar_is_the_recipe_in_readable_json(tmp_path: Path, pixels: Image.Image) -> None:
    artifact = save_image(
        pixels, make_recipe("a café"), destination=there(tmp_path), metadata=False, sidecar=True
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
    artifact = save_image(pixels, recipe, destination=there(tmp_path, "jpg"))
    assert artifact.notes == ("The recipe is too long for the JPEG and lies in a file beside it.",)
    assert artifact.sidecar_path == tmp_path / "a-red-fox-7.jpg.json"
    assert read_recipe(artifact.path) == recipe


def test_a_lower_quality_makes_a_smaller_file(pixels: Image.Image) -> None:
    for format in FORMATS[1:]:
        sizes = [len(encode(pixels, None, format=format, quality=q)[0]) for q in (1, 50, None)]
        assert sizes == sorted(sizes)
        assert len(set(sizes)) == 3


@pytest.mark.parametrize("format", ["jpg", "avif"])
def test_a_thin_line_of_colour_keeps_its_colour(format: ImageFormat) -> None:
    picture = Image.new("RGB", (32, 32), "blue")
    picture.paste((255, 0, 0), (15, 0, 16, 32))
    with Image.open(io.BytesIO(encode(picture, None, format=format)[0])) as read:
        red, _, blue = read.convert("RGB").getpixel((15, 16))
    assert red > 200
    assert blue < 60


def test_equal_pictures_of_one_recipe_get_numbers(tmp_path: Path, pixels: Image.Image) -> None:
    paths = [
        save_image(pixels, make_recipe(), destination=there(tmp_path), sidecar=True).path.name
        for _ in range(3)
    ]
    assert paths == ["a-red-fox-7.png", "a-red-fox-7-2.png", "a-red-fox-7-3.png"]


def test_an_exact_file_name_is_kept(tmp_path: Path, pixels: Image.Image) -> None:
    destination = destination_of(tmp_path / "My Fox.JPEG", format=None)
    assert save_image(pixels, make_recipe(), destination=destination).path.name == "My Fox.JPEG"
    again = save_image(pixels, make_recipe(), destination=destination)
    assert again.path.name == "My Fox-2.JPEG"
    over = save_image(pixels, make_recipe(seed=8), destination=destination, overwrite=True)
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
                pixels,
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


def test_names_may_make_sub_directories(tmp_path: Path, pixels: Image.Image) -> None:
    artifact = save_image(
        pixels, make_recipe(), destination=there(tmp_path), name_template="{date}/{seed}"
    )
    assert artifact.path == tmp_path / "2026-11-22" / "7.png"


def test_a_wrong_name_leaves_nothing(tmp_path: Path, pixels: Image.Image) -> None:
    with pytest.raises(UsageError, match="a name cannot leave the output directory"):
        save_image(
            pixels, make_recipe(), destination=there(tmp_path / "new"), name_template="../../x"
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("output", "format", "expected"),
    [
        ("fox.jpg", None, (".", "fox.jpg", "jpg")),
        ("a/fox.JPEG", "jpg", ("a", "fox.JPEG", "jpg")),
        ("fox.webp", "webp", (".", "fox.webp", "webp")),
        ("out", None, ("out", None, "png")),
        ("out", "avif", ("out", None, "avif")),
        ("v1.2", None, ("v1.2", None, "png")),
        (".", None, (".", None, "png")),
        ("2026.11.22", None, ("2026.11.22", None, "png")),
        ("Dr. No", None, ("Dr. No", None, "png")),
        (".hidden", None, (".hidden", None, "png")),
        ("fox.png/", None, ("fox.png", None, "png")),
        ("notes.txt/", "webp", ("notes.txt", None, "webp")),
    ],
)
def test_the_output_is_a_file_when_it_has_an_ending(
    output: str, format: ImageFormat | None, expected: tuple[str, str | None, str]
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
        pixels, make_recipe(), destination=there(tmp_path, format), name_template=template
    )
    assert artifact.path.name == name


@pytest.mark.parametrize(("template", "ending"), [("fox.jpg", ".jpg"), ("{slug}.GIF", ".gif")])
def test_a_name_template_of_another_format_is_refused(
    tmp_path: Path, template: str, ending: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check_destination(there(tmp_path), name_template=template)
    assert str(caught.value) == (
        f"The name '{template}' ends in {ending}, but the format is png; leave out the ending."
    )


def test_an_ending_alone_is_no_name_template(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^The name template is empty; "):
        check_destination(there(tmp_path), name_template=".png")


@pytest.mark.parametrize(("format", "longest"), [("jpg", 65_500), ("webp", 16_383)])
def test_the_longest_side_of_a_format_is_what_its_encoder_takes(
    format: ImageFormat, longest: int, capfd: pytest.CaptureFixture[str]
) -> None:
    check_format(format, longest, 1)
    assert encode(Image.new("RGB", (longest, 1)), None, format=format)[0]
    with pytest.raises(SaveError, match=f"The {longest + 1}x1 picture cannot be encoded"):
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
        save_image(pixels, make_recipe(), destination=there(place))
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
        save_image(big, make_recipe(), destination=there(tiny_disk / "a/b"), sidecar=True)
    assert str(caught.value) == (
        f"The picture cannot be written to '{tiny_disk}/a/b/a-red-fox-7.png': the disk is full; "
        "free some space or choose another directory with --output."
    )
    assert list(tiny_disk.iterdir()) == []


def test_a_read_only_file_system_is_named(tiny_disk: Path, pixels: Image.Image) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    with pytest.raises(SaveError) as caught:
        save_image(pixels, make_recipe(), destination=there(tiny_disk / "out"))
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
        save_image(pixels, make_recipe(), destination=there(tmp_path))
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
        save_image(pixels, make_recipe(), destination=destination)
    assert list(tmp_path.iterdir()) == []


def test_the_sidecar_needs_room_too(tmp_path: Path, pixels: Image.Image) -> None:
    longest = destination_of(tmp_path / ("x" * 251 + ".png"), format=None)
    check_destination(longest)
    with pytest.raises(SaveError, match="the name is too long; choose a shorter one"):
        check_destination(longest, sidecar=True)
    names = [save_image(pixels, make_recipe(), destination=longest).path.name for _ in range(2)]
    assert names == ["x" * 251 + ".png", "x" * 244 + "-2.png"]
    with_room = destination_of(tmp_path / ("y" * 246 + ".png"), format=None)
    check_destination(with_room, sidecar=True)
    artifact = save_image(pixels, make_recipe(), destination=with_room, sidecar=True)
    assert artifact.sidecar_path == tmp_path / ("y" * 246 + ".png.json")


def test_the_longest_name_has_room_for_number_and_sidecar(
    tmp_path: Path, pixels: Image.Image
) -> None:
    for _ in range(2):
        artifact = save_image(
            pixels,
            make_recipe(),
            destination=there(tmp_path, "webp"),
            name_template="狐" * 300,
            sidecar=True,
        )
    assert artifact.path.stem.endswith("狐-2")


def test_no_key_and_no_machine_path_is_in_a_saved_recipe(
    tmp_path: Path, pixels: Image.Image
) -> None:
    artifact = save_image(pixels, make_recipe(), destination=there(tmp_path), sidecar=True)
    assert str(tmp_path).encode() not in artifact.path.read_bytes()
    assert artifact.sidecar_path is not None
    assert str(tmp_path) not in json.dumps(json.loads(artifact.sidecar_path.read_text()))
