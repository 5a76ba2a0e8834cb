"""Reading back what a picture carries, ours and others', whole and damaged."""

import io
import json
import os
import struct
import zlib
from pathlib import Path
from typing import get_args

import exiv2
import pytest
import sd_parsers
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import processor_seconds
from pictures import chunk, signed_picture
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from recipes import any_recipe, make_recipe

from imagine.stages.enhance.offline import OfflineEnhancer
from imagine.stages.errors import NoRecipeError, SpecError
from imagine.stages.formats.embed import exif_block
from imagine.stages.formats.encode import encode
from imagine.stages.formats.received import read_received
from imagine.stages.generate.sketch.backend import SketchBackend
from imagine.stages.image import GeneratedImage, ImageFormat
from imagine.stages.metadata import parse_a1111, read_parameters, read_recipe, sidecar_of
from imagine.stages.pipeline import imagine
from imagine.stages.plan import plan_replay
from imagine.stages.recipe import Recipe
from imagine.stages.save import destination_of, save_image

FORMATS: tuple[ImageFormat, ...] = get_args(ImageFormat)
exiv2.LogMsg.setLevel(exiv2.LogMsg.Level.mute)


def draw(directory: Path, recipe: Recipe, format: ImageFormat) -> Path:
    """A small noisy picture that carries `recipe`."""
    pixels = Image.effect_noise((64, 48), 50).convert("RGB")
    path = directory / f"picture.{format}"
    path.write_bytes(encode(pixels, recipe, format=format).data)
    return path


def foreign(directory: Path, **options: object) -> Path:
    """A picture of another program; `options` are Pillow's."""
    path = directory / f"foreign.{options.pop('ending', 'png')}"
    Image.new("RGB", (8, 8)).save(path, **options)  # type: ignore[arg-type]
    return path


def png_with(*chunks: bytes, at_end: bool = False) -> bytes:
    """A valid picture with `chunks` in front of its pixels, or behind them."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    data = buffer.getvalue()
    place = len(data) - 12 if at_end else 33
    return data[:place] + b"".join(chunks) + data[place:]


def message_of(path: Path) -> str:
    with pytest.raises(SpecError) as caught:
        read_recipe(path)
    return str(caught.value).replace(f"{path.parent}/", "")


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=25, deadline=None)
@given(recipe=any_recipe())
def test_every_format_gives_any_recipe_back(
    tmp_path_factory: pytest.TempPathFactory, format: ImageFormat, recipe: Recipe
) -> None:
    path = draw(tmp_path_factory.mktemp("any"), recipe, format)
    again = read_recipe(path)
    assert again == recipe
    assert again.to_request().to_json() == recipe.to_request().to_json()


@pytest.mark.parametrize("format", ["png", "jpg", "webp"])
@pytest.mark.parametrize(
    "prompt", ["a red fox", "café ☕ 🦊\nNegative prompt: x, y: z\n<lora:a:1>"]
)
def test_sd_parsers_reads_prompt_seed_and_model(
    tmp_path: Path, format: ImageFormat, prompt: str
) -> None:
    path = draw(tmp_path, make_recipe(prompt=prompt, negative_prompt="blurry, lowres"), format)
    found = sd_parsers.ParserManager().parse(path)
    assert found is not None
    assert [str(item) for item in found.prompts] == [
        prompt.replace("Negative prompt:", "Negative prompt\\:")
    ]
    assert [str(item) for item in found.negative_prompts] == ["blurry, lowres"]
    (sampler,) = found.samplers
    assert (sampler.name, sampler.parameters["seed"], sampler.model.name) == (
        "sketch",
        "7",
        "sketch-1",
    )
    assert found.metadata == {"Size": "64x48", "Version": "imagine 0.1.0"}


def test_sd_parsers_reads_a_prompt_that_is_json(tmp_path: Path) -> None:
    prompt = json.dumps({"subjects": [{"name": "fox"}], "text": []})
    found = sd_parsers.ParserManager().parse(
        draw(tmp_path, make_recipe(prompt=prompt, profile="json"), "png")
    )
    assert found is not None
    assert [str(item) for item in found.prompts] == [prompt]


@pytest.mark.parametrize("format", FORMATS)
def test_exiv2_reads_source_type_description_and_comment(
    tmp_path: Path, format: ImageFormat
) -> None:
    words = "un café <noir> & ☕"
    picture = exiv2.ImageFactory.open(str(draw(tmp_path, make_recipe(words), format)))
    picture.readMetadata()
    xmp = {item.key(): item.toString() for item in picture.xmpData()}
    assert xmp["Xmp.iptcExt.DigitalSourceType"] == (
        "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
    )
    assert xmp["Xmp.dc.description"] == f'lang="x-default" {words}'
    assert xmp["Xmp.xmp.CreatorTool"] == "imagine 0.1.0"
    if format != "png":
        exif = {item.key(): item for item in picture.exifData()}
        comment = exif["Exif.Photo.UserComment"]
        assert comment.typeName() == "Undefined"
        assert comment.toString().startswith(
            f"charset=Unicode {words}, soft light\nSampler: sketch"
        )


@pytest.mark.parametrize("format", ["png", "jpg", "webp"])
def test_the_recipe_survives_another_program_that_edits_the_metadata(
    tmp_path: Path, format: ImageFormat
) -> None:
    recipe = make_recipe("a <fox> & 'friends' \"here\"\nnew line\ttab")
    path = draw(tmp_path, recipe, format)
    picture = exiv2.ImageFactory.open(str(path))
    picture.readMetadata()
    xmp = picture.xmpData()
    xmp["Xmp.xmp.Rating"] = "5"
    picture.setXmpData(xmp)
    picture.writeMetadata()
    assert b"Rating" in path.read_bytes()
    assert read_recipe(path) == recipe


@pytest.mark.parametrize("format", FORMATS)
def test_our_own_parameters_are_read_too(tmp_path: Path, format: ImageFormat) -> None:
    path = draw(tmp_path, make_recipe("a café ☕", negative_prompt="fog"), format)
    assert read_parameters(path) == {
        "prompt": "a café ☕, soft light",
        "negative_prompt": "fog",
        "Sampler": "sketch",
        "Schedule type": "none",
        "Seed": "7",
        "Size": "64x48",
        "Model": "sketch-1",
        "Version": "imagine 0.1.0",
    }


def test_a_recipe_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "fox.json"
    path.write_text(make_recipe("a ☕").to_json(indent=2), encoding="utf-8-sig")
    assert read_recipe(path) == make_recipe("a ☕")


def test_the_sidecar_speaks_for_a_picture_without_a_recipe(tmp_path: Path) -> None:
    path = foreign(tmp_path)
    sidecar_of(path).write_text(make_recipe().to_json(), encoding="utf-8")
    assert sidecar_of(path).name == "foreign.png.json"
    assert read_recipe(path) == make_recipe()


def test_what_the_picture_carries_wins_over_the_sidecar(tmp_path: Path) -> None:
    path = draw(tmp_path, make_recipe("inside"), "png")
    sidecar_of(path).write_text(make_recipe("beside").to_json(), encoding="utf-8")
    assert read_recipe(path).source_prompt == "inside"


@pytest.mark.parametrize("format", FORMATS)
def test_the_recipe_of_a_signed_picture_is_found_beside_it_under_any_name(
    tmp_path: Path, format: ImageFormat
) -> None:
    recipe = make_recipe(original=True)
    image = GeneratedImage(model="m", received=read_received(signed_picture(format)))
    artifact = save_image(image, recipe, destination=destination_of(tmp_path, format=None))
    assert artifact.sidecar_path is not None
    assert read_recipe(artifact.path) == recipe
    hero = tmp_path / "elsewhere" / f"hero.v2.{format}"
    hero.parent.mkdir()
    artifact.path.rename(hero)
    artifact.sidecar_path.rename(sidecar_of(hero))
    assert read_recipe(hero) == recipe
    assert read_recipe(sidecar_of(hero)) == recipe
    sidecar_of(hero).unlink()
    with pytest.raises(NoRecipeError):
        read_recipe(hero)


def test_a_signed_picture_is_replayed_from_what_lies_beside_it(tmp_path: Path) -> None:
    picture = imagine("a red fox", enhancer=OfflineEnhancer(), backend=SketchBackend(), seed=5)
    image = GeneratedImage(model="m", received=read_received(signed_picture("png")))
    place = destination_of(tmp_path, format=None)
    saved = save_image(image, picture.recipe, destination=place)
    plan = plan_replay(read_recipe(saved.path), backend=SketchBackend())
    assert [request.to_json() for request in plan.requests] == [
        picture.recipe.to_request().to_json()
    ]


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "avif"])
def test_a_foreign_picture_has_no_recipe_and_no_parameters(tmp_path: Path, ending: str) -> None:
    path = foreign(tmp_path, ending=ending)
    assert message_of(path) == (
        f"'foreign.{ending}' carries no recipe and 'foreign.{ending}.json' is not beside it; "
        "name a picture that imagine saved with its metadata."
    )
    assert read_parameters(path) == {}


A1111 = (
    "a fox (red:1.2)\nin snow\nNegative prompt: blurry,\nlowres\n"
    'Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 8x8, Lora: "a: 1, b: 2"'
)
A1111_READ = {
    "prompt": "a fox (red:1.2)\nin snow",
    "negative_prompt": "blurry,\nlowres",
    "Steps": "20",
    "Sampler": "Euler a",
    "CFG scale": "7",
    "Seed": "1",
    "Size": "8x8",
    "Lora": "a: 1, b: 2",
}


def test_parameters_of_another_program_are_read_from_png(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("parameters", A1111, zip=True)
    assert read_parameters(foreign(tmp_path, pnginfo=info)) == A1111_READ


@pytest.mark.parametrize("ending", ["jpg", "webp", "avif"])
def test_parameters_of_another_program_are_read_from_exif(tmp_path: Path, ending: str) -> None:
    path = foreign(tmp_path, ending=ending, exif=exif_block(A1111, program="another"))
    assert read_parameters(path) == A1111_READ


def test_text_without_settings_is_a_prompt() -> None:
    assert parse_a1111("a fox, seed: 3") == {"prompt": "a fox, seed: 3"}
    assert parse_a1111("") == {}


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_can_be_parsed_as_parameters(text: str) -> None:
    assert all(isinstance(value, str) for value in parse_a1111(text).values())


def test_a_missing_file_a_directory_and_a_text_are_told_apart(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    assert message_of(tmp_path / "none.png") == (
        "'none.png' cannot be read: No such file or directory; check the path."
    )
    assert message_of(tmp_path).endswith("cannot be read: Is a directory; check the path.")
    assert message_of(text) == (
        "'notes.txt' is neither a picture (PNG, JPEG, WebP, AVIF) nor a recipe, or it is damaged; "
        "name a file that imagine saved."
    )


def test_a_truncated_png_says_so(tmp_path: Path) -> None:
    path = draw(tmp_path, make_recipe(), "png")
    path.write_bytes(path.read_bytes()[:-12])
    assert message_of(path) == (
        "'picture.png' is damaged: it ends in the middle; use the original file."
    )


def test_a_changed_recipe_does_not_pass_the_checksum(tmp_path: Path) -> None:
    path = draw(tmp_path, make_recipe(seed=7), "png")
    path.write_bytes(path.read_bytes().replace(b'"seed": 7', b'"seed": 8'))
    assert message_of(path) == (
        "'picture.png' is damaged: the checksum of its iTXt chunk does not match; "
        "use the original file."
    )


@pytest.mark.parametrize(
    "data",
    [
        png_with(chunk(b"iTXt", b"imagine\0\1\0\0\0" + zlib.compress(bytes(9 * 2**20)))),
        png_with(chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(100 * 2**20)))),
        png_with(*[chunk(b"iTXt", b"x\0\1\0\0\0" + zlib.compress(bytes(3 * 2**20)))] * 3),
        png_with(struct.pack(">I4s", 2**31 - 1, b"tEXt")),
    ],
    ids=["bomb", "bomb beside", "three", "claimed"],
)
def test_metadata_over_the_limit_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "big.png"
    path.write_bytes(data)
    assert message_of(path) == (
        "'big.png' holds more than 8 MB of metadata; no picture of imagine does, "
        "use the original file."
    )


def test_a_recipe_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    path.write_bytes(b'{"spec": "' + b"a" * (9 * 2**20))
    assert message_of(path) == (
        "'big.json' is larger than 8 MB, which is no description; name another file."
    )


def test_a_broken_recipe_is_told_from_none(tmp_path: Path) -> None:
    plain = foreign(tmp_path)
    with pytest.raises(NoRecipeError):
        read_recipe(plain)
    newer = make_recipe().to_json().replace('"schema_version": 1', '"schema_version": 9', 1)
    for text in (newer, "{", "{}"):
        info = PngInfo()
        info.add_itxt("imagine", text)
        with pytest.raises(SpecError, match=r"^The recipe in '") as caught:
            read_recipe(foreign(tmp_path, pnginfo=info))
        assert not isinstance(caught.value, NoRecipeError)


def test_a_broken_sidecar_is_told_from_none(tmp_path: Path) -> None:
    sidecar_of(foreign(tmp_path)).write_text("{", encoding="utf-8")
    with pytest.raises(SpecError, match=r"foreign\.png\.json' is not valid JSON: ") as caught:
        read_recipe(tmp_path / "foreign.png")
    assert not isinstance(caught.value, NoRecipeError)


def test_a_pipe_and_a_device_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    tail = "which cannot be read here; save its content to a file first."
    assert message_of(tmp_path / "pipe") == f"'pipe' is a pipe, {tail}"
    assert message_of(Path("/dev/zero")) == f"'/dev/zero' is a device, {tail}".replace("/dev/", "")
    with pytest.raises(SpecError, match="is a pipe"):
        read_parameters(tmp_path / "pipe")


def test_a_picture_that_pillow_gives_up_on_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise RuntimeError("Failed to decode image: BMFF parsing failed")

    path = draw(tmp_path, make_recipe(), "avif")
    monkeypatch.setattr(Image, "open", failing)
    assert message_of(path) == (
        "'picture.avif' is damaged: its headers cannot be read; use the original file."
    )


@pytest.mark.parametrize(
    "text",
    [
        "a" * 2**20,
        "a b " * 2**18,
        "a: " * 2**18,
        ", " * 2**19,
        'aa: "' * 2**17,
        'x, aa: "\\' * 2**16,
        "a" * 60_000,
        "a: " * 20_000,
        ", " * 30_000,
        ',aa: "' * 10_000,
        ',aa: "\\' * 9_000,
        "," + " " * 60_000,
    ],
)
def test_hostile_parameters_cost_little_time(text: str) -> None:
    assert processor_seconds(lambda: parse_a1111(text)) < 0.5


def test_a_picture_of_many_pixels_is_read_without_decoding_them(tmp_path: Path) -> None:
    path = draw(tmp_path, make_recipe(), "png")
    data = path.read_bytes()
    header = struct.pack(">II", 100_000, 100_000) + data[24:29]
    path.write_bytes(data[:8] + chunk(b"IHDR", header) + data[33:])
    assert read_recipe(path) == make_recipe()


@pytest.mark.parametrize("format", FORMATS)
def test_no_cut_and_no_flipped_byte_gives_anything_but_a_recipe_or_a_clear_error(
    tmp_path: Path, format: ImageFormat
) -> None:
    whole = draw(tmp_path, make_recipe("a fox"), format).read_bytes()
    path = tmp_path / "broken"
    for place in range(0, len(whole), 37):
        flipped = whole[:place] + bytes([whole[place] ^ 0x5A]) + whole[place + 1 :]
        for data in (whole[:place], flipped):
            path.write_bytes(data)
            for read in (read_recipe, read_parameters):
                try:
                    read(path)
                except SpecError as error:
                    message = str(error)
                    assert message.startswith(("The recipe in ", f"'{path}'"))
