"""A first look at a picture: kind, upright size and recipe, without decoding a pixel."""

import hashlib
from pathlib import Path

import pytest
from conftest import Command
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imagine.stages.errors import UsageError
from imagine.stages.upscale.auto import Known
from imagine.stages.upscale.look import look_at


def test_the_size_is_that_of_the_upright_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (12, 8)).save(path, "JPEG", exif=exif)
    look = look_at(path)
    assert (look.kind, look.size, look.recipe) == ("jpg", (8, 12), None)
    assert look.sha256() == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_recipe_is_found_in_the_picture_or_beside_it(imagine: Command) -> None:
    words = ("a red fox", "--seed", "7", "--size", "96x64")
    imagine(*words, "-o", "inside.png")
    imagine(*words, "-o", "beside.png", "--no-metadata", "--sidecar")
    for name in ("inside.png", "beside.png"):
        recipe = look_at(Path(name)).recipe
        assert recipe is not None
        assert recipe.source_prompt == "a red fox"


def test_pixels_that_are_missing_do_not_matter_yet(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.effect_noise((64, 64), 50).save(path)
    path.write_bytes(path.read_bytes()[:2000])
    assert look_at(path).size == (64, 64)


def test_what_moves_or_is_no_picture_is_refused(tmp_path: Path) -> None:
    moving = tmp_path / "a.gif"
    frames = [Image.new("L", (8, 8), shade) for shade in (0, 255)]
    frames[0].save(moving, save_all=True, append_images=frames[1:])
    with pytest.raises(UsageError, match="has 2 frames, and one still picture is enlarged"):
        look_at(moving)
    text = tmp_path / "b.png"
    text.write_text("no picture")
    with pytest.raises(UsageError, match="is no picture that is read here"):
        look_at(text)


PARAMETERS = (
    "a girl, anime\nblue hair\nNegative prompt: photo\nSteps: 20, Sampler: Euler a, Seed: 7"
)


def test_the_prompt_of_another_program_is_found_in_a_png(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    texts = PngInfo()
    texts.add_text("parameters", PARAMETERS)
    Image.new("RGB", (12, 8)).save(path, pnginfo=texts)
    known = look_at(path).known
    assert known == Known(words="a girl, anime\nblue hair", size=(12, 8))


@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + PARAMETERS.encode("utf-16-be"),
        b"ASCII\0\0\0" + PARAMETERS.encode(),
        b"\0" * 8 + PARAMETERS.encode(),
    ],
)
def test_the_prompt_of_another_program_is_found_in_a_jpeg(tmp_path: Path, comment: bytes) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = comment
    Image.new("RGB", (12, 8)).save(path, exif=exif)
    assert look_at(path).words == "a girl, anime\nblue hair"


def test_a_comment_that_is_no_prompt_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0Mum and dad, anime fair"
    Image.new("RGB", (12, 8)).save(path, exif=exif)
    assert look_at(path).words == ""


@pytest.mark.parametrize(("colours", "mode"), [(5, "P"), (None, "RGB")])
def test_the_colours_of_a_palette_are_counted(
    tmp_path: Path, colours: int | None, mode: str
) -> None:
    path = tmp_path / "a.png"
    picture = Image.new(mode, (12, 8))
    if mode == "P":
        picture.putpalette([number * 9 for number in range(15)])
    picture.save(path)
    assert look_at(path).colours == colours
