"""Models of this machine, from the command line to the request, the recipe and back."""

import csv
import json
import re
from pathlib import Path
from signal import SIGINT, raise_signal
from typing import Any

import pytest
from conftest import Command
from local_painter import MOST_TOGETHER, LocalPainter, model_at
from model_files import pipeline_at
from PIL import Image
from scripted import ScriptedModel
from test_cli_batch import pictures, results

from imagine.cli import engines
from imagine.cli.batch_listing import Source
from imagine.cli.doctor import CHECKS
from imagine.stages.drawing import DrawingOptions
from imagine.stages.enhance import ENHANCERS
from imagine.stages.errors import LocalBackendError
from imagine.stages.generate import BACKENDS
from imagine.stages.generate.local.options import LocalOptions, Recorded
from imagine.stages.image import HiresFix, ImageRequest, Lora
from imagine.stages.metadata import read_parameters, read_recipe

MODEL: list[ScriptedModel] = []


def scripted() -> ScriptedModel:
    """What the registry makes: a model that answers nothing."""
    MODEL.append(ScriptedModel([]))
    return MODEL[-1]


@pytest.fixture
def local(imagine: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A command line whose backend diffusers draws with the folder ./tiny."""
    monkeypatch.setitem(BACKENDS.built_in, "diffusers", "local_painter:LocalPainter")
    LocalPainter.calls.clear()
    LocalPainter.made.clear()
    LocalPainter.drawing = LocalPainter.most_at_once = 0
    model_at(Path("tiny"))
    return imagine


def draw(local: Command, *arguments: str, name: str = "fox") -> Path:
    """The picture of a command line that ends well."""
    done = local("a red fox", "-b", "diffusers", "-m", "./tiny", "--name", name, *arguments)
    assert done.code == 0, done.err
    return Path(done.lines[0])


def picture_at(name: str, size: tuple[int, int] = (64, 48)) -> str:
    Image.new("RGB", size, "white").save(name)
    return name


def lora_at(name: str) -> str:
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"no weights")
    return name


def size_of(path: Path | str) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def pixels_of(path: Path | str) -> bytes:
    with Image.open(path) as picture:
        return picture.tobytes()


def asked(number: int = -1) -> ImageRequest:
    """What the painter was asked for last."""
    return LocalPainter.calls[number][0]


def test_every_option_reaches_the_backend(local: Command) -> None:
    lora_at("styles/ink.safetensors")
    draw(
        local,
        *("--steps", "3", "--guidance", "2.5", "--scheduler", "euler_a", "--refine", "1.5"),
        *("--lora", "./styles/ink.safetensors:0.5", "--lora", "./styles/ink.safetensors"),
    )
    assert DrawingOptions.of(asked()) == DrawingOptions(
        num_inference_steps=3,
        guidance_scale=2.5,
        scheduler="euler_a",
        loras=(Lora("./styles/ink.safetensors", 0.5), Lora("./styles/ink.safetensors", 1.0)),
        hires_fix=HiresFix(1.5, 0.35),
    )
    draw(
        local,
        *("-i", picture_at("a.png"), "--mask", picture_at("m.png"), "--strength", "0.4"),
        name="masked",
    )
    request = asked()
    assert request.mask is not None
    assert [(image.width, image.height) for image in (*request.images, request.mask)] == [
        (64, 48),
        (64, 48),
    ]
    assert request.strength == 0.4


def test_a_second_pass_decides_size_and_name(local: Command) -> None:
    path = draw(local, "--refine", "2", "--size", "48x64", name="fox-{width}x{height}")
    assert path.name == "fox-96x128.png"
    assert size_of(path) == (96, 128)
    assert asked().size == (48, 64)
    recipe = read_recipe(path)
    assert recipe.backend.parameters["width"] == 48
    assert recipe.to_request().result_size == (96, 128)
    told = read_parameters(path)
    assert {name: told[name] for name in told if "ires" in name or "trength" in name} == {
        "Denoising strength": "0.35",
        "Hires upscale": "2",
        "Hires upscaler": "Lanczos",
    }
    assert (told["Sampler"], told["Size"]) == ("Euler", "48x64")


def test_a_dry_run_says_both_sizes(local: Command) -> None:
    line = ("a fox", "-b", "diffusers", "-m", "./tiny", "--refine", "2", "--dry-run", "--seed", "1")
    done = local(*line)
    told = done.err.splitlines()[-1]
    assert told == (
        "Would draw 1 of 64x64, drawn over at 128x128, with diffusers tiny, seed 1, 20 steps, "
        "guidance 7.5, scheduler euler. Nothing was drawn."
    )
    values = local(*line, "--json").json
    assert (values["width"], values["height"]) == (128, 128)
    assert values["requests"][0]["hires_scale"] == 2.0
    assert LocalPainter.calls == []


@pytest.mark.parametrize("times", ["1.1", "2"])
def test_a_second_pass_that_enlarges_nothing_says_so(local: Command, times: str) -> None:
    done = local("a fox", "-b", "diffusers", "-m", "./tiny", "--size", "64x64", "--refine", times)
    note = (
        "--refine 1.1 leaves 64x64 as large as it is, since sizes go in steps of 16: the picture "
        "is only drawn over."
    )
    assert (note in done.err.splitlines()) == (times == "1.1")
    assert size_of(done.lines[0]) == ((64, 64) if times == "1.1" else (128, 128))


def test_a_second_pass_comes_before_enlarging(local: Command) -> None:
    path = draw(
        local, "--refine", "2", "--size", "32x32", "--upscale", "2", "--upscaler", "nearest"
    )
    assert size_of(path) == (128, 128)
    record = read_recipe(path).upscales[0]
    assert (record.from_width, record.width) == (64, 128)
    again = local("replay", str(path), "--name", "again")
    assert again.code == 0, again.err
    assert pixels_of(again.lines[0]) == pixels_of(path)


NOTHING_TO_TELL = [
    (("batch",), b"", "There is no prompt in stdin; write one on a line."),
    ((), b"\n", "There is no prompt in stdin; write one on a line."),
    (("a fox", "--scheduler", "eulr"), None, "There is no scheduler 'eulr'; choose euler."),
    (("--scheduler", "eulr"), b"a fox\na cat\n", "There is no scheduler 'eulr'; choose euler."),
]


@pytest.mark.parametrize(("line", "stdin", "message"), NOTHING_TO_TELL)
def test_who_draws_is_told_once_it_is_clear_that_something_is_drawn(
    local: Command, line: tuple[str, ...], stdin: bytes | None, message: str
) -> None:
    done = local(*line, "-b", "diffusers", "-m", "./tiny", stdin=stdin)
    assert (done.code, done.err) == (2, f"Error: {message}\n")


def test_a_replay_is_the_same_picture(local: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    lora_at("styles/ink.safetensors")
    path = draw(
        local,
        *("--refine", "1.5", "--refine-strength", "0.2", "--scheduler", "euler_a"),
        *("--lora", "styles/ink.safetensors:0.5", "--steps", "7"),
    )
    before = read_recipe(path)
    assert [record.model_dump() for record in before.backend.loras] == [
        {"name": "ink.safetensors", "weight": 0.5}
    ]
    assert str(Path.cwd()) not in before.to_json()
    elsewhere = Path("elsewhere")
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    done = local("replay", f"../{path}")
    assert done.code == 0, done.err
    assert pixels_of(done.lines[0]) == pixels_of(f"../{path}")
    # Effective values are recorded, and asked for again.
    after = read_recipe(Path(done.lines[0]))
    assert after.to_request() == before.to_request()
    assert after.to_request().guidance_scale == 7.5


def test_a_replay_with_other_weights_says_so(local: Command) -> None:
    path = draw(local)
    assert local("replay", str(path), "--name", "same").err.count("weights") == 0
    Path("tiny/model_index.json").write_text("{}")
    done = local("replay", str(path), "--name", "other")
    note = (
        "The weights of tiny are not those that the picture was first drawn with, so it may look "
        "different."
    )
    assert note in done.err.splitlines()
    assert read_recipe(Path(done.lines[0])).notes == (note,)


def test_options_win_over_what_is_recorded(local: Command) -> None:
    lora_at("ink.safetensors")
    path = draw(local, "--refine", "2", "--lora", "ink.safetensors", "--scheduler", "euler_a")
    line = ("--refine-strength", "0.6", "--scheduler", "ddim", "--lora", "ink.safetensors:2")
    done = local("replay", str(path), *line, "--name", "other")
    assert done.code == 0, done.err
    request = asked()
    assert (request.hires_fix, request.scheduler) == (HiresFix(2.0, 0.6), "ddim")
    assert request.loras == (Lora("ink.safetensors", 2.0),)


def test_a_replay_asks_for_picture_and_mask_by_their_hashes(local: Command) -> None:
    image, mask = picture_at("a.png"), picture_at("m.png", (32, 24))
    path = draw(local, "-i", image, "--mask", mask)
    recipe = read_recipe(path)
    assert recipe.mask is not None
    references = recipe.references[0].sha256[:12], recipe.mask.sha256[:12]
    done = local("replay", str(path))
    assert (done.code, done.err) == (
        2,
        f"Error: The picture was drawn from reference pictures (sha256 {references[0]}); give them "
        "again with --image.\n",
    )
    done = local("replay", str(path), "-i", image)
    assert (done.code, done.err) == (
        2,
        f"Error: The picture was drawn within a mask (sha256 {references[1]}); give it again with "
        "--mask.\n",
    )
    done = local("replay", str(path), "-i", image, "--mask", mask, "--name", "again")
    assert done.code == 0, done.err
    assert pixels_of(done.lines[0]) == pixels_of(path)


def test_a_replay_from_a_picture_has_one_pass(local: Command) -> None:
    path = draw(local, "--refine", "2")
    done = local("replay", str(path), "-i", picture_at("a.png"), "--name", "from")
    assert done.code == 0, done.err
    assert asked().hires_fix is None
    both = local("replay", str(path), "-i", "a.png", "--refine", "2")
    assert (both.code, both.err.partition(";")[0]) == (
        2,
        "Error: --refine draws a picture twice as it goes from nothing, and --image is a picture "
        "already",
    )


def test_a_series_has_one_pass(local: Command) -> None:
    done = batch(local, [{"prompt": "a fox"}], "--refine", "2", "--series-reference")
    assert (done.code, done.err) == (
        2,
        "Error: --series-reference and --refine exclude each other: a picture that is drawn from "
        "another one is drawn once; give one of them.\n",
    )


@pytest.mark.parametrize(
    ("other", "left_out"),
    [
        (("-b", "sketch"), "LoRA ink.safetensors:1, its second pass, scheduler euler, "),
        (("-b", "diffusers", "-m", "./other"), "LoRA ink.safetensors:1, scheduler euler, "),
    ],
    ids=["backend", "model"],
)
def test_another_painter_is_told_of_what_it_leaves_out(
    local: Command, other: tuple[str, ...], left_out: str
) -> None:
    lora_at("ink.safetensors")
    model_at(Path("other"))
    path = draw(local, "--lora", "ink.safetensors", "--refine", "2", "--steps", "9")
    done = local("replay", str(path), *other, "--name", "other")
    assert done.code == 0, done.err
    told = (
        "Drawn without these of the original, which are another model's: "
        f"{left_out}steps 9, guidance 7.5."
    )
    assert told in done.err.splitlines()
    recipe = read_recipe(Path(done.lines[0]))
    assert recipe.backend.loras == ()
    second = None if "sketch" in other else HiresFix(2.0, 0.35)
    assert recipe.to_request().hires_fix == second
    assert recipe.backend.parameters.get("num_inference_steps") in (None, 20)


OTHER_SETTINGS = [
    (
        {},
        {"DEVICE": "cuda", "TINY_VAE": "taesd"},
        "device auto, VAE as usual, and now with device cuda, VAE tiny, so it may look different.",
    ),
    (
        {"DEVICE": "cpu", "DTYPE": "bfloat16"},
        {"DEVICE": "mps"},
        "dtype bfloat16, device cpu, and now with dtype auto, device mps, so it may look "
        "different; for the pixels of the first time, set IMAGINE_DTYPE=bfloat16 and set "
        "IMAGINE_DEVICE=cpu.",
    ),
    (
        {"DTYPE": "float16", "TINY_VAE": "taesd"},
        {"DTYPE": "float32"},
        "dtype float16, and now with dtype float32, so it may look different; for the pixels of "
        "the first time, set IMAGINE_DTYPE=float16.",
    ),
    (
        {},
        {"TINY_VAE": "taesd"},
        "VAE as usual, and now with VAE tiny, so it may look different; for the pixels of the "
        "first time, leave out IMAGINE_TINY_VAE.",
    ),
]


@pytest.mark.parametrize(("first", "then", "told"), OTHER_SETTINGS)
def test_a_replay_with_other_settings_says_so_and_which_bring_the_picture_back(
    local: Command,
    monkeypatch: pytest.MonkeyPatch,
    first: dict[str, str],
    then: dict[str, str],
    told: str,
) -> None:
    for name, value in first.items():
        monkeypatch.setenv(f"IMAGINE_{name}", value)
    path = draw(local)
    for name in first:
        monkeypatch.delenv(f"IMAGINE_{name}")
    for name, value in then.items():
        monkeypatch.setenv(f"IMAGINE_{name}", value)
    done = local("replay", str(path), "--name", "other")
    note = f"The picture was first drawn with {told}"
    assert note in done.err.splitlines()
    assert read_recipe(Path(done.lines[0])).notes == (note,)


@pytest.mark.parametrize("named", [(), ("-b", "diffusers"), ("-m", "tiny")])
def test_a_replay_draws_with_the_model_and_settings_of_the_first_time(
    local: Command, monkeypatch: pytest.MonkeyPatch, named: tuple[str, ...]
) -> None:
    monkeypatch.setenv("IMAGINE_DTYPE", "bfloat16")
    monkeypatch.setenv("IMAGINE_TINY_VAE", "taesd")
    path = draw(local)
    monkeypatch.delenv("IMAGINE_DTYPE")
    monkeypatch.delenv("IMAGINE_TINY_VAE")
    done = local("replay", str(path), *named, "--name", "again")
    assert done.code == 0, done.err
    before, after = read_recipe(path), read_recipe(Path(done.lines[0]))
    assert (after.notes, after.backend) == ((), before.backend)
    # What suited that model may not suit another.
    model_at(Path("other"))
    assert local("replay", str(path), "-b", "diffusers", "-m", "./other").code == 0
    assert LocalPainter.made[-1].options.recorded == Recorded()


def test_a_name_that_was_removed_means_nothing_but_to_the_recipes_that_hold_it(
    local: Command,
) -> None:
    pipeline_at(Path("whole"))
    assert local("models", "add", "whole", "--name", "mine").code == 0
    done = local("a fox", "-b", "diffusers", "-m", "mine", "--name", "fox")
    assert done.code == 0, done.err
    assert local("models", "remove", "mine").code == 0
    told = (
        "Error: There is no model or path 'mine' on this machine (see `imagine models`, or name "
        "the model's folder or file).\n"
    )
    for line in (("a fox", "-m", "mine"), ("models", "show", "mine")):
        refused = local(*line)
        assert (refused.code, refused.err) == (6, told)
    assert local("replay", done.lines[0], "--name", "again").code == 0
    assert LocalPainter.made[-1].model == "mine"


REFUSED: list[tuple[tuple[str, ...], str]] = [
    (
        ("--mask", "m.png"),
        "--mask says what of a reference picture is drawn anew; give --image too.",
    ),
    (
        ("-i", "a.png", "--mask", "wide.png"),
        "--mask is 64x16 and --image 64x48, which is another shape; make a mask as large as "
        "the picture.",
    ),
    (
        ("-i", "a.png", "--refine", "2"),
        "--refine draws a picture twice as it goes from nothing, and --image is a picture "
        "already; leave one of them out, or enlarge with --upscale.",
    ),
    (
        ("--refine", "5"),
        "--refine 5.0 is not between 1.1 and 4; choose one that is.",
    ),
    (
        ("--refine", "2", "--refine-strength", "2"),
        "--refine-strength 2.0 is not between 0 and 1; choose one that is.",
    ),
    (
        ("-i", "a.png", "--strength", "0"),
        "--strength 0 leaves the picture as it is; choose more, up to 1.",
    ),
    (
        ("--refine", "0"),
        "--refine 0.0 is not between 1.1 and 4; choose one that is.",
    ),
    (
        ("--refine", "2", "--refine-strength", "0"),
        "--refine-strength 0 leaves the second pass nothing to do; choose more, up to 1.",
    ),
    (
        ("--lora", "ink:nan"),
        "The weight of --lora 'ink:nan' is no number; write detail:0.8.",
    ),
    (
        ("--refine-strength", "0.5"),
        "--refine-strength says how far the second pass goes; give --refine 2 too, or leave "
        "it out.",
    ),
    (
        ("--lora", "ink.safetensors:11"),
        "The weight of --lora ink.safetensors:11 is not between -10 and 10; choose one that is.",
    ),
    (
        ("--lora", ":1"),
        "--lora ':1' is not NAME or NAME:WEIGHT, such as detail:0.8; write it so.",
    ),
    (
        ("--lora", "a", "--lora", "b", "--lora", "c"),
        "diffusers with tiny takes at most 2 --lora; leave some out.",
    ),
    (
        ("-m", "./old", "--lora", "a"),
        "diffusers with old does not read --lora; leave it out.",
    ),
    (
        ("-m", "./old", "--scheduler", "ddim"),
        "diffusers with old does not read --scheduler; leave it out.",
    ),
    (
        ("-m", "./old", "--refine", "2"),
        "diffusers with old does not read --refine; leave it out.",
    ),
    (
        ("-m", "./old", "--mask", "m.png"),
        "diffusers with old does not read --mask; leave it out.",
    ),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=[" ".join(row[0]) for row in REFUSED])
def test_what_cannot_be_is_refused_before_anything_is_asked(
    local: Command, options: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENHANCERS.built_in, "scripted", "test_cli_local:scripted")
    model_at(Path("old"))
    picture_at("a.png")
    picture_at("m.png")
    picture_at("wide.png", (64, 16))
    model = () if "-m" in options else ("-m", "./tiny")
    done = local("a fox", "-e", "scripted", "-b", "diffusers", *model, *options)
    assert (done.code, done.out, done.err) == (2, "", f"Error: {message}\n")
    assert LocalPainter.calls == []
    assert MODEL[-1].questions == []


def test_what_is_missing_here_is_found_before_a_model_is_paid(
    local: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENHANCERS.built_in, "scripted", "test_cli_local:scripted")
    model_at(Path("missing"))
    done = local("a fox", "-q", "-e", "scripted", "-b", "diffusers", "-m", "./missing")
    said = "diffusers is not installed; run `pip install diffusers`."
    assert (done.code, done.out, done.err) == (6, "", f"Error: {said}\n")
    assert MODEL[-1].questions == []
    rehearsed = local("a fox", "-b", "diffusers", "-m", "./missing", "--dry-run")
    assert rehearsed.code == 0
    assert said in rehearsed.err.splitlines()


def test_a_model_tells_who_draws_with_it(local: Command) -> None:
    done = local("a fox", "-m", "./tiny")
    assert done.code == 0
    assert "backend diffusers tiny (it runs './tiny').\n" in done.err
    missing = local("a fox", "-m", "./tinny")
    assert (missing.code, missing.err) == (
        6,
        "Error: There is no model or path './tinny' on this machine (see `imagine models`, or name "
        "the model's folder or file).\n",
    )


@pytest.mark.parametrize(
    "arguments",
    [("-b", "diffusers/tiny"), ("-b", "diffusers/./tiny"), ("-b", "diffusers", "-m", "tiny"), ()],
    ids=" ".join,
)
def test_a_model_is_named_by_option_backend_or_setting(
    local: Command, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not arguments:
        monkeypatch.setenv("IMAGINE_BACKEND", "diffusers")
        monkeypatch.setenv("IMAGINE_DIFFUSERS_MODEL", "./tiny")
    assert local("a fox", *arguments).code == 0
    assert asked() is not None
    assert LocalPainter.made[-1].model == "tiny"


def test_settings_say_how_models_run(local: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"DEVICE": "cuda:1", "DTYPE": "float32", "OFFLOAD": "model", "COMPILE": "true"}
    values |= {"BATCH_SIZE": "5", "TINY_VAE": "taesd", "HUB_CACHE": "~/hub"}
    for name, value in values.items():
        monkeypatch.setenv(f"IMAGINE_{name}", value)
    draw(local)
    painter = LocalPainter.made[-1]
    told = painter.options
    assert (told.device, told.dtype, told.offload) == ("cuda:1", "float32", "model")
    assert (told.compile, told.batch_size, told.tiny_vae) == (True, 5, "taesd")
    assert painter.shelf.hub == Path.home() / "hub"


@pytest.mark.parametrize("backend", [(), ("-b", "diffusers")])
def test_a_model_that_is_set_and_not_there_is_told_by_its_setting(
    local: Command, monkeypatch: pytest.MonkeyPatch, backend: tuple[str, ...]
) -> None:
    monkeypatch.setenv("IMAGINE_DIFFUSERS_MODEL", "nope")
    done = local("a fox", *backend)
    message = "There is no model or path 'nope' on this machine (see `imagine models`, or name "
    message += "the model's folder or file)."
    told = f"The setting IMAGINE_DIFFUSERS_MODEL is of no use: {message}"
    assert (done.code, done.err) == (6, f"Error: {told}\n")
    assert local("a fox", *backend, "-m", "nope").err == f"Error: {message}\n"
    assert CHECKS["drawing"]() == ("warning", told)


def test_the_doctor_looks_for_what_settings_say_of_drawing_here(
    local: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CHECKS["drawing"]() == ("ok", "no model of yours and no device is set")
    monkeypatch.setenv("IMAGINE_DIFFUSERS_MODEL", "./tiny")
    monkeypatch.setenv("IMAGINE_DEVICE", "mps")
    asked: list[str] = []
    monkeypatch.setattr(engines, "missing_extra", lambda name: "")

    def check_device(name: str, options: LocalOptions) -> None:
        asked.append(name)
        if name in missing:
            raise LocalBackendError(f"{name} finds no device '{options.device}'.")

    monkeypatch.setattr(engines, "check_device", check_device)
    # One engine that can is enough; with none, the first speaks.
    missing = ["diffusers"]
    assert CHECKS["drawing"]() == ("ok", "diffusers_model ./tiny, device mps")
    assert asked == ["diffusers", "openvino"]
    missing = ["diffusers", "openvino", "sdcpp"]
    assert CHECKS["drawing"]() == ("warning", "diffusers finds no device 'mps'.")
    monkeypatch.setenv("IMAGINE_DEVICE", "auto")
    monkeypatch.setenv("IMAGINE_TINY_VAE", "tiny")
    assert CHECKS["drawing"]() == (
        "warning",
        f"The setting IMAGINE_TINY_VAE is of no use: '{Path('tiny').absolute()}' is no folder of "
        "an AutoencoderTiny of diffusers; name one, such as that of madebyollin/taesd.",
    )
    Path("small.safetensors").write_bytes(b"of sdcpp, which reads files")
    monkeypatch.setenv("IMAGINE_TINY_VAE", "small.safetensors")
    told = "diffusers_model ./tiny, tiny_vae small.safetensors"
    assert CHECKS["drawing"]() == ("ok", told)


@pytest.mark.parametrize(
    ("variables", "directory"),
    [
        ({}, "cache/huggingface/hub"),
        ({"HF_HOME": "hf"}, "hf/hub"),
        ({"HF_HOME": "hf", "HF_HUB_CACHE": "models"}, "models"),
        ({"HF_HUB_CACHE": "models", "IMAGINE_HUB_CACHE": "ours"}, "ours"),
    ],
    ids=str,
)
def test_the_hub_s_cache_is_that_of_other_programs(
    local: Command,
    tmp_path: Path,
    variables: dict[str, str],
    directory: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    draw(local)
    assert LocalPainter.made[-1].shelf.hub == tmp_path / directory


def test_several_of_one_prompt_are_drawn_in_one_go_and_each_as_if_alone(local: Command) -> None:
    done = local("a fox", "-b", "diffusers", "-m", "./tiny", "-n", "4", "--seed", "1")
    assert done.code == 0, done.err
    assert [len(call) for call in LocalPainter.calls] == [3, 1]
    assert done.lines == [f"a-fox-{seed}.png" for seed in (1, 2, 3, 4)]
    alone = local("a fox", "-b", "diffusers", "-m", "./tiny", "--seed", "3", "--name", "alone")
    assert pixels_of(alone.lines[0]) == pixels_of("a-fox-3.png")


def test_a_model_that_cannot_be_loaded_ends_all_of_one_prompt(local: Command) -> None:
    model_at(Path("broken"))
    done = local("a fox", "-q", "-b", "diffusers/broken", "-n", "7")
    assert (done.code, done.err) == (6, "Error: The model broken is broken; get it again.\n")
    assert [len(call) for call in LocalPainter.calls] == [3]
    assert not list(Path().glob("*.png"))


def rows_at(path: str, rows: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with Path(path).open("w", newline="") as file:
        table = csv.DictWriter(file, names)
        table.writeheader()
        table.writerows(rows)
    return path


def batch(local: Command, rows: list[dict[str, Any]], *arguments: str) -> Any:
    line = ("batch", rows_at("rows.csv", rows), "-o", "out", "-b", "diffusers", "-m", "./tiny")
    return local(*line, *arguments)


def test_a_batch_draws_several_at_once_and_each_as_if_alone(local: Command) -> None:
    rows = [{"prompt": f"a {name} fox", "seed": seed} for seed, name in enumerate("abcdefg", 1)]
    done = batch(local, rows)
    assert done.code == 0, done.err
    assert 1 < max(map(len, LocalPainter.calls)) <= MOST_TOGETHER
    assert sum(map(len, LocalPainter.calls)) == 7
    alone = local("a b fox", "-b", "diffusers", "-m", "./tiny", "--seed", "2")
    assert pixels_of(alone.lines[0]) == pixels_of("out/a-b-fox-2.png")


def test_only_alike_rows_are_drawn_at_once(local: Command) -> None:
    rows: list[dict[str, Any]] = []
    for number in range(3):
        rows += [
            {"prompt": f"fox {number}"},
            {"prompt": f"cat {number}", "sampler": "ddim"},
            {"prompt": f"dog {number}", "hr_scale": "1,5"},
            {"prompt": f"cow {number}", "lora": "ink.safetensors:0.5, ink.safetensors"},
            {"prompt": f"hen {number}", "backend": "sketch", "size": "64x64"},
        ]
    lora_at("ink.safetensors")
    done = batch(local, rows)
    assert done.code == 0, done.err
    assert len(pictures()) == 15
    for call in LocalPainter.calls:
        assert len({DrawingOptions.of(request).key for request in call}) == 1
    sizes = {row["prompt"]: size_of(f"out/{row['paths'][0]}") for row in results()}
    assert (sizes["dog 1"], sizes["cat 1"]) == ((96, 96), (64, 64))


def test_rows_name_pictures_and_loras_beside_their_file(local: Command) -> None:
    Path("rows").mkdir()
    picture_at("rows/a.png")
    picture_at("rows/m.png")
    lora_at("rows/ink.safetensors")
    rows_at(
        "rows/rows.csv",
        [
            {
                "prompt": "a fox",
                "image": "a.png",
                "mask_image": "m.png",
                "loras": "ink.safetensors:2",
            }
        ],
    )
    done = local("batch", "rows/rows.csv", "-o", "out", "-b", "diffusers", "-m", "./tiny")
    assert done.code == 0, done.err
    request = asked()
    assert request.mask is not None
    assert [(lora.recorded, lora.weight) for lora in request.loras] == [("ink.safetensors", 2.0)]
    model_at(Path("rows/near"))
    rows_at("rows/near.csv", [{"prompt": "a fox", "model": "./near"}])
    done = local("batch", "rows/near.csv", "-o", "near", "-b", "diffusers", "-m", "./tiny")
    assert done.code == 0, done.err
    assert LocalPainter.made[-1].model == "near"
    LocalPainter.calls.pop()
    again = local("batch", "rows/rows.csv", "-o", "out", "-b", "diffusers", "-m", "./tiny")
    assert "There was nothing left to do" in again.err
    Image.new("RGB", (64, 48), "black").save("rows/m.png")
    local("batch", "rows/rows.csv", "-o", "out", "-b", "diffusers", "-m", "./tiny")
    assert len(LocalPainter.calls) == 2


def test_the_same_batch_with_other_options_is_drawn_anew(local: Command) -> None:
    rows = [{"prompt": "a fox", "seed": 1}]
    lora_at("ink.safetensors")
    batch(local, rows)
    for number, options in enumerate(
        [("--scheduler", "ddim"), ("--refine", "2"), ("--lora", "ink.safetensors")], 2
    ):
        batch(local, rows, *options)
        batch(local, rows, *options)
        assert len(LocalPainter.calls) == number


def test_a_broken_model_ends_the_batch(local: Command) -> None:
    model_at(Path("broken"))
    rows = [{"prompt": f"fox {number}"} for number in range(50)]
    done = batch(local, rows, "-m", "./broken")
    assert done.code == 6
    assert done.err.endswith("Error: The model broken is broken; get it again.\n")
    assert len(LocalPainter.calls) <= 2
    assert results() == []


def test_a_broken_model_of_a_row_fails_that_row_alone(local: Command) -> None:
    model_at(Path("broken"))
    rows = [
        {"prompt": "a fox"},
        {"prompt": "a cat", "backend": "diffusers/broken"},
        {"prompt": "a dog", "backend": "diffusers/nowhere"},
        {"prompt": "a cow"},
    ]
    done = batch(local, rows, "--keep-going")
    assert done.code == 8, done.err
    told = {row["prompt"]: row for row in results()}
    assert [row["status"] for row in told.values()] == ["done", "failed", "failed", "done"]
    assert told["a cat"]["reason"]["message"] == "The model broken is broken; get it again."


def test_refine_keeps_the_second_pass(local: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [{"source_prompt": "a tiny red fox"}]
    monkeypatch.setitem(ENHANCERS.built_in, "scripted", "test_cli_local:answering")
    ANSWERS[:] = answers
    path = draw(local, "--refine", "2", "--seed", "3")
    done = local("refine", str(path), "make it tiny", "-e", "scripted", "--name", "tiny")
    assert done.code == 0, done.err
    assert asked().hires_fix == HiresFix(2.0, 0.35)
    assert size_of(done.lines[0]) == size_of(path)


ANSWERS: list[dict[str, Any]] = []


def answering() -> ScriptedModel:
    return ScriptedModel(ANSWERS)


def test_results_of_a_picture_are_of_its_own_size(local: Command) -> None:
    done = local("a fox", "-b", "diffusers", "-m", "./tiny", "--refine", "2", "--json")
    values = json.loads(done.out)
    assert (values["images"][0]["width"], values["images"][0]["height"]) == (128, 128)


def test_rows_that_name_their_models_need_no_other(local: Command) -> None:
    model_at(Path("other"))
    rows = [{"prompt": "a fox", "model": "./tiny"}, {"prompt": "a cat", "model": "./other"}]
    done = local("batch", rows_at("rows.csv", rows), "-o", "out", "-b", "diffusers")
    assert done.code == 0, done.err
    assert sorted(painter.model for painter in LocalPainter.made) == ["other", "tiny"]
    rows_at("rows.csv", [*rows, {"prompt": "a dog", "model": ""}])
    done = local("batch", "rows.csv", "-o", "new", "-b", "diffusers")
    assert (done.code, done.err.splitlines()[-1]) == (
        6,
        "Error: No model is named; name one with --model.",
    )
    assert not Path("new").exists()


def test_options_for_all_rows_are_those_of_who_draws_them(local: Command) -> None:
    rows = [
        {"prompt": "a fox", "model": "./tiny", "steps": ""},
        {"prompt": "a cat", "model": "./tiny", "steps": "3"},
    ]
    rows_at("rows.csv", rows)
    done = local("batch", "rows.csv", "-o", "out", "--steps", "20", "--scheduler", "euler")
    assert done.code == 0, done.err
    drawn = {request.spec.source_prompt: request for call in LocalPainter.calls for request in call}
    assert {prompt: request.num_inference_steps for prompt, request in drawn.items()} == {
        "a fox": 20,
        "a cat": 3,
    }
    assert {request.scheduler for request in drawn.values()} == {"euler"}


def test_rows_that_name_their_models_are_shown_the_first_picture(local: Command) -> None:
    rows = [{"prompt": f"a {animal}", "model": "./tiny"} for animal in ("fox", "cat")]
    rows_at("rows.csv", rows)
    done = local("batch", "rows.csv", "-o", "out", "--series-reference")
    assert done.code == 0, done.err
    assert [len(request.images) for call in LocalPainter.calls for request in call] == [0, 1]


@pytest.mark.parametrize(
    ("row", "options", "message"),
    [
        (
            {"model": ""},
            ("--steps", "20"),
            "sketch does not read --steps; name a model with --model (see `imagine models list`), "
            "or leave it out.",
        ),
        (
            {"model": ""},
            ("--series-reference",),
            "sketch takes no reference pictures, so --series-reference is of no use; choose "
            "another --backend (see `imagine backends`).",
        ),
        (
            {"model": "./tiny"},
            ("--steps", "20", "-b", "sketch"),
            "sketch does not read --steps; leave it out.",
        ),
        (
            {"model": "./tiny"},
            ("--steps", "2000"),
            "--steps 2000 is not between 1 and 1000; choose one that is.",
        ),
    ],
)
def test_options_for_all_rows_that_nobody_reads_begin_no_batch(
    local: Command, row: dict[str, str], options: tuple[str, ...], message: str
) -> None:
    rows_at("rows.csv", [{"prompt": "a fox", "model": "./tiny"}, {"prompt": "a cat"} | row])
    for dry_run in ((), ("--dry-run",)):
        done = local("batch", "rows.csv", "-o", "out", *options, *dry_run)
        assert (done.code, done.err.splitlines()[-1]) == (2, f"Error: {message}")
        assert not Path("out").exists()


def test_a_row_without_a_model_that_comes_later_fails_by_itself(
    local: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As from a pipe that somebody still writes into.
    monkeypatch.setattr(Source, "is_live", True)
    rows = [{"prompt": "a fox", "model": "./tiny"}, {"prompt": "a cat"}]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    done = local("batch", "-o", "out", "--steps", "20", "--keep-going", stdin=lines)
    assert done.code == 8, done.err
    assert "name a model with --model" in done.err
    assert [call[0].spec.source_prompt for call in LocalPainter.calls] == ["a fox"]


def test_local_models_take_turns_and_let_go_of_memory(local: Command) -> None:
    for name in ("one", "two", "three"):
        model_at(Path(f"brief-{name}"))
    rows = [
        {"prompt": f"fox {number}", "backend": f"diffusers/./brief-{name}"}
        for number, name in enumerate(["one", "two", "three", "one"])
    ]
    done = batch(local, rows)
    assert done.code == 0, done.err
    assert LocalPainter.most_at_once == 1
    assert sum(painter.is_loaded for painter in LocalPainter.made) == 1


def test_a_missing_model_of_a_row_ends_as_one_and_no_usage_error(local: Command) -> None:
    rows = [{"prompt": "a fox"}, {"prompt": "a cat", "model": "./nowhere"}]
    done = batch(local, rows, "--keep-going")
    assert done.code == 8, done.err
    reasons = {row["prompt"]: row.get("reason") for row in results()}
    assert reasons["a fox"] is None
    assert (reasons["a cat"]["type"], reasons["a cat"]["exit_code"]) == ("LocalBackendError", 6)


def test_broken_models_of_all_rows_end_the_batch(local: Command) -> None:
    model_at(Path("broken"))
    rows = [{"prompt": f"fox {number}", "model": "./broken"} for number in range(60)]
    done = batch(local, rows)
    assert done.code == 6
    assert done.err.splitlines()[-1] == (
        "Error: 10 pictures in a row failed, the last with: The model broken is broken; get it "
        "again; nothing more was begun, so run the same command again to go on."
    )
    assert len(results()) <= 11 * MOST_TOGETHER


def test_the_weight_of_a_lora_beside_the_rows_is_written_out(local: Command) -> None:
    Path("rows").mkdir()
    lora_at("rows/ink.safetensors")
    rows_at("rows/rows.csv", [{"prompt": "a fox", "lora": "ink.safetensors:0.00001"}])
    done = local("batch", "rows/rows.csv", "-o", "out", "-b", "diffusers", "-m", "./tiny")
    assert done.code == 0, done.err
    assert asked().loras[0].weight == 0.00001


def test_other_weights_or_loras_of_the_same_name_are_drawn_anew(local: Command) -> None:
    rows = [{"prompt": "a fox", "seed": 1, "lora": "ink.safetensors", "model": "./tiny"}]
    lora_at("ink.safetensors")
    for change in (lambda: None, lambda: lora_file().write_bytes(b"others"), other_weights):
        change()
        for _ in range(2):
            assert batch(local, rows, "--lora", "ink.safetensors").code == 0
    assert len(LocalPainter.calls) == 3


def lora_file() -> Path:
    return Path("ink.safetensors")


def other_weights() -> None:
    Path("tiny/model_index.json").write_text("{}")


def test_after_a_failure_no_other_group_is_drawn(
    local: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise LocalBackendError("It failed.")

    monkeypatch.setattr("imagine.cli.enlarging.enlarged_picture", fails)
    done = local("a fox", "-b", "diffusers", "-m", "./tiny", "-n", "9", "--upscale", "2")
    assert done.code == 6
    assert [len(call) for call in LocalPainter.calls] == [MOST_TOGETHER]
    assert len(list(Path().glob("*.png"))) == MOST_TOGETHER


def test_what_is_not_installed_ends_a_batch_of_rows_with_models_of_their_own(
    local: Command,
) -> None:
    model_at(Path("missing"))
    rows = [{"prompt": f"fox {number}", "model": "./missing"} for number in range(4)]
    done = batch(local, rows, "-m", "./tiny")
    assert done.code == 6
    assert done.err.count("diffusers is not installed; run `pip install diffusers`.") == 1
    assert pictures() == []


def test_a_batch_advises_what_helps_the_rows_that_failed(local: Command) -> None:
    model_at(Path("broken"))
    rows = [{"prompt": "a fox", "model": "./broken"}, {"prompt": "a \x07 cat"}]
    done = batch(local, rows, "-m", "./tiny", "--keep-going")
    assert done.code == 8
    assert done.err.endswith(
        "2 of 2 items have no picture; correct the row that is wrong, and run the same command to "
        "try again, with --retry-failed also what was refused.\n"
    )


def test_ctrl_c_loses_no_picture_of_a_group(
    local: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("imagine.cli.enlarging.enlarged_picture", interrupted)
    done = local("a fox", "-b", "diffusers", "-m", "./tiny", "-n", "3", "--upscale", "2")
    assert done.code == 130
    assert len(list(Path().glob("*.png"))) == 3
    assert done.err.count("The picture is saved as it was drawn: ") == 3


def test_ctrl_c_gives_up_what_is_being_drawn_here(
    local: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_at(Path("slow"))
    monkeypatch.setattr(LocalPainter, "on_step", lambda step: step == 1 and raise_signal(SIGINT))
    rows = [{"prompt": f"fox {number}"} for number in range(20)]
    done = batch(local, rows, "-m", "./slow")
    assert done.code == 130
    assert (
        "Stopping: what is being drawn here is given up at its next step; "
        "Ctrl-C again stops at once.\n"
    ) in done.err
    # One line says how it ended.
    told = r"\nInterrupted after [0-9.]+ s: 0 of 20 done, 20 left; .*the same command goes on\.\n\Z"
    assert re.search(told, done.err)
    assert done.err.count("Interrupted") == 1
    assert pictures() == []
    assert results() == []
    assert len(LocalPainter.calls) == 1
    monkeypatch.setattr(LocalPainter, "on_step", lambda step: None)
    assert batch(local, rows[:3], "-m", "./slow").code == 0
    assert len(pictures()) == 3


def test_a_dry_run_finds_that_a_lora_is_missing(local: Command) -> None:
    done = local(
        "a fox", "-b", "diffusers", "-m", "./tiny", "--lora", "./no.safetensors", "--dry-run"
    )
    message = (
        "There is no LoRA or path './no.safetensors' on this machine (name its .safetensors file, "
        "or give that a name with `imagine models add FILE`)."
    )
    assert (done.code, done.err) == (6, f"Error: {message}\n")
    rows = [{"prompt": "a fox"}, {"prompt": "a cat", "lora": "./no.safetensors"}]
    done = batch(local, rows)
    assert (done.code, LocalPainter.calls) == (2, [])
    assert message in done.err


def test_results_name_no_folder_of_a_model(local: Command) -> None:
    folder = Path("secret").absolute()
    rows = [{"prompt": "a fox"}, {"prompt": "a cat", "model": f"{folder}/gone.safetensors"}]
    done = batch(local, rows, "--keep-going")
    assert done.code == 8
    assert "path '/" in done.err
    message = next(row["reason"]["message"] for row in results() if row["prompt"] == "a cat")
    assert message.startswith("There is no model or path '")
    assert "'/" not in message


def test_a_provider_is_not_sent_a_path_of_this_machine(
    local: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789")
    path = Path("tiny").absolute()
    done = local("a fox", "-b", "openai", "-m", str(path), "--dry-run")
    assert (done.code, done.err) == (
        2,
        f"Error: The backend openai draws with models of its own, and '{path}' lies on this "
        "machine; choose --backend diffusers, openvino or sdcpp.\n",
    )


def test_a_name_with_a_line_break_stays_on_its_line(local: Command) -> None:
    model_at(Path("new\nline"))
    done = local("a fox", "-b", "diffusers", "-m", "./new\nline", "--dry-run")
    assert done.code == 0, done.err
    assert "backend diffusers new\\u000aline.\n" in done.err


def test_a_replay_of_a_model_that_was_moved_says_how_to_name_it(local: Command) -> None:
    path = draw(local, "--steps", "7", "--scheduler", "euler_a")
    Path("tiny").rename("moved")
    done = local("replay", str(path))
    assert (done.code, done.err) == (
        6,
        "Error: There is no model or path 'tiny' on this machine (see `imagine models`, or name "
        "the model's folder or file); or name where it is now with --model.\n",
    )
    again = local("replay", str(path), "-m", "./moved", "--name", "again")
    assert again.code == 0
    assert "Drawn without" not in again.err
    # The same weights are the same model, whatever their folder is called.
    assert pixels_of(again.lines[0]) == pixels_of(path)


CATALOG = """[models.little]
path = "{tiny}"

[loras.detail]
path = "{detail}"
"""


@pytest.fixture
def catalog(local: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A command line that knows the model `little` and the LoRA `detail`."""
    lora_at("detail.safetensors")
    Path("config").mkdir()
    monkeypatch.setenv("IMAGINE_CONFIG_DIR", "config")
    places = {name: Path(name).absolute().as_posix() for name in ("tiny", "detail.safetensors")}
    text = CATALOG.format(tiny=places["tiny"], detail=places["detail.safetensors"])
    Path("config/models.toml").write_text(text)
    return local


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("-b", "little"), 2, "'little' is a model, no backend; write --model little."),
        (
            ("-m", "detail"),
            6,
            "'detail' is a LoRA, no model; write --lora detail, and name a model with --model.",
        ),
        (
            ("-m", "little", "--lora", "little"),
            6,
            "'little' is a model, no LoRA; write --model little, or name a LoRA.",
        ),
        (
            ("--steps", "20"),
            2,
            "sketch does not read --steps; name a model with --model (see `imagine models list`), "
            "or leave it out.",
        ),
        (("-b", "sketch", "--steps", "20"), 2, "sketch does not read --steps; leave it out."),
    ],
)
def test_what_is_mixed_up_is_said(
    catalog: Command, options: tuple[str, ...], code: int, message: str
) -> None:
    done = catalog("a fox", *options, "--dry-run")
    assert (done.code, done.err.splitlines()[-1]) == (code, f"Error: {message}")


def test_a_lora_is_no_model_of_gemini(catalog: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-0123456789")
    done = catalog("a fox", "-m", "detail", "--dry-run")
    assert done.code == 6
    assert "'detail' is a LoRA, no model" in done.err


def test_a_model_of_the_settings_is_drawn_with_where_no_key_is_set(
    catalog: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGINE_SDCPP_MODEL", "nowhere.gguf")
    monkeypatch.setenv("IMAGINE_DIFFUSERS_MODEL", "little")
    done = catalog("a fox", "--dry-run")
    told = "backend diffusers little (as diffusers_model is set in the environment).\n"
    assert told in done.err
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-0123456789")
    assert "backend gemini" in catalog("a fox", "--dry-run").err


def test_a_dry_run_says_how_it_would_draw(catalog: Command) -> None:
    line = ("a fox", "-m", "little", "--dry-run", "--seed", "1", "--steps", "1")
    done = catalog(*line, "--lora", "detail:0.5", "--guidance", "2")
    assert done.err.splitlines()[-1] == (
        "Would draw 1 of 64x64 with diffusers little, seed 1, 1 step, guidance 2, scheduler euler, "
        "LoRA detail:0.5. Nothing was drawn."
    )
    assert catalog(*line, "--lora", "detail", "--json").json["drawing"] == {
        "num_inference_steps": 1,
        "guidance_scale": 7.5,
        "scheduler": "EulerDiscreteScheduler",
        "loras": [{"name": "detail", "weight": 1.0}],
    }
    assert catalog("a fox", "--dry-run", "--json").json["drawing"] == {"loras": []}


def test_a_dry_run_names_the_scheduler_that_leads(
    catalog: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two that other programs call alike, the model's kind says which."""
    line = ("a fox", "-m", "little", "--dry-run", "--scheduler", "flow_euler")
    assert catalog(*line, "--json").json["drawing"]["scheduler"] == "flow_euler"
    monkeypatch.setattr(LocalPainter, "own_values", lambda self, asked: {"scheduler": "euler"})
    assert catalog(*line, "--json").json["drawing"]["scheduler"] == "euler"
    assert catalog(*line).err.splitlines()[-1].endswith(", scheduler euler. Nothing was drawn.")


@pytest.mark.parametrize(
    ("options", "note"),
    [
        (("--ar", "1:1"), ""),
        (("--ar", "2:1"), "diffusers has no 2:1: drawn at 64x64, its nearest shape."),
        (("-i", "square.png"), ""),
        (
            ("-i", "steep.png"),
            "diffusers has no shape like that of --image (16x256): drawn at 64x192, its nearest "
            "shape.",
        ),
        (("-i", "steep.png", "--size", "64x64"), ""),
    ],
)
def test_a_shape_that_the_model_has_not_is_noted(
    local: Command, options: tuple[str, ...], note: str
) -> None:
    picture_at("square.png", (64, 64))
    picture_at("steep.png", (16, 256))
    done = local("a fox", "-b", "diffusers", "-m", "./tiny", "--dry-run", *options)
    assert done.code == 0, done.err
    assert [line for line in done.err.splitlines() if " has no " in line] == [note] * bool(note)


def test_a_batch_names_who_draws_it(catalog: Command) -> None:
    model_at(Path("other"))
    rows: list[dict[str, Any]] = [
        {"prompt": "a fox", "model": "little"},
        {"prompt": "a cat", "model": "./other"},
        {"prompt": "a dog", "model": "little"},
    ]
    rows_at("rows.csv", rows)
    told = catalog("batch", "rows.csv", "-o", "out", "--dry-run").err.splitlines()
    assert told[0] == (
        "Enhancer offline (needs no key), each row drawn by its own backend or model."
    )
    assert told[-1] == (
        "Would draw 3 pictures of 3 prompts, 2 with diffusers little and 1 with diffusers other. "
        "Nothing was drawn."
    )
    rows_at("rows.csv", [*rows[:1], {"prompt": "a cow", "model": ""}])
    told = catalog("batch", "rows.csv", "-o", "out", "--dry-run").err.splitlines()
    assert "backend sketch (embedded" in told[0]
    assert "2 prompts, 1 with diffusers little and 1 with sketch." in told[-1]


def test_all_wrong_rows_are_found_before_any_is_drawn(local: Command) -> None:
    rows = [
        {"prompt": "a fox"},
        {"prompt": "a cat", "scheduler": "eulr"},
        {"prompt": "a dog", "lora": "./no.safetensors"},
    ]
    done = batch(local, rows)
    assert (done.code, LocalPainter.calls) == (2, [])
    assert "'rows.csv' line 3: There is no scheduler 'eulr'; choose euler." in done.err
    assert "'rows.csv' line 4: There is no LoRA or path './no.safetensors'" in done.err
    done = batch(local, rows[:1], "--scheduler", "eulr")
    assert (done.code, done.err.splitlines()[-1]) == (
        2,
        "Error: There is no scheduler 'eulr'; choose euler.",
    )
    assert LocalPainter.calls == []


def test_a_dry_run_only_notes_what_is_not_installed(local: Command) -> None:
    model_at(Path("missing"))
    line = ("a fox", "-b", "diffusers", "-m", "./missing", "--dry-run")
    done = local(*line)
    assert done.code == 0
    assert "diffusers is not installed; run `pip install diffusers`.\n" in done.err
    rows = [{"prompt": "a fox", "model": "./missing"}]
    assert batch(local, rows, "--dry-run").code == 0
    assert local(*line, "--scheduler", "eulr").code == 2


def test_a_refinement_by_another_model_says_what_it_leaves_out(
    local: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    ANSWERS[:] = [{"source_prompt": "a tiny red fox"}]
    path = draw(local, "--steps", "9")
    model_at(Path("other"))
    monkeypatch.setitem(ENHANCERS.built_in, "scripted", "test_cli_local:answering")
    line = ("refine", str(path), "make it tiny", "--enhancer", "scripted", "-m", "./other")
    done = local(*line, "--name", "small")
    assert done.code == 0, done.err
    note = (
        "Drawn without these of the original, which are another model's: scheduler euler, steps "
        "9, guidance 7.5."
    )
    assert note in done.err.splitlines()
