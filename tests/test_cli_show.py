"""`imagine show` and `imagine replay`: what a picture was made from, and the same picture again."""

import json
from pathlib import Path

import pytest
from conftest import Command
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imagine.stages.metadata import read_recipe
from imagine.stages.spec import parse_spec

SMALL = ("--size", "96x64")


@pytest.fixture
def picture(imagine: Command) -> str:
    return imagine(
        'a red fox under a sign that says "Öffnen"', "--seed", "7", *SMALL, "-o", "fox.png"
    ).out.strip()


def test_everything_is_shown_for_reading(imagine: Command, picture: str) -> None:
    done = imagine("show", picture)
    assert (done.code, done.err) == (0, "")
    assert 'prompt       a red fox under a sign that says "Öffnen"' in done.lines
    assert any(line.startswith("final        a red fox under a sign") for line in done.lines)
    assert any("backend      sketch" in line and "seed 7" in line for line in done.lines)


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        ("DDIMScheduler", "ddim"),
        ("DPMSolverMultistepScheduler", "DPMSolverMultistepScheduler"),
        ("DPM++ 2M Karras", "dpm++_2m_karras"),
        ("euler/normal", "euler"),
        ("SCMScheduler", "SCMScheduler"),
    ],
)
def test_a_picture_of_a_model_is_told_as_options_are_called(
    imagine: Command, picture: str, recorded: str, told: str
) -> None:
    recipe = read_recipe(Path(picture))
    parameters = {
        **{"width": 96, "height": 64, "seed": 7, "model": "little", "num_inference_steps": 4},
        **{"guidance_scale": 2.5, "scheduler": recorded, "hires_scale": 1.5, "hires_strength": 0.4},
    }
    backend = recipe.backend.model_copy(update={"model": "little", "parameters": parameters})
    Path("big.json").write_text(recipe.model_copy(update={"backend": backend}).to_json())
    lines = imagine("show", "big.json").lines
    assert (
        "backend      sketch (little), width 96, height 64, seed 7, steps 4, guidance 2.5, "
        f"scheduler {told}, refine 1.5, refine-strength 0.4"
    ) in lines
    assert "size         144x96, drawn at 96x64 first" in lines
    assert not any(line.startswith("size") for line in imagine("show", picture).lines)


def test_each_part_is_printed_alone(imagine: Command, picture: str) -> None:
    recipe = read_recipe(Path(picture))
    assert imagine("show", picture, "--only", "source").out == recipe.source_prompt + "\n"
    assert imagine("show", picture, "--only", "prompt").out == recipe.prompt + "\n"
    assert "Seed: 7" in imagine("show", picture, "--only", "parameters").out
    spec = imagine("show", picture, "--only", "spec").out
    assert parse_spec(spec, format="yaml") == recipe.spec
    assert imagine("show", picture, "--json").out == recipe.to_json() + "\n"


def test_a_foreign_picture_shows_its_parameters(imagine: Command) -> None:
    info = PngInfo()
    info.add_text("parameters", "a cat\x1b[2J\nNegative prompt: dog\nSteps: 20, Seed: 5, Size: 8x8")
    Image.new("RGB", (8, 8)).save("cat.png", pnginfo=info)
    done = imagine("show", "cat.png")
    assert done.code == 0
    assert "prompt: a cat\\u001b[2J" in done.lines
    assert "Seed: 5" in done.lines
    assert imagine("show", "cat.png", "--json").json["parameters"]["Seed"] == "5"
    assert imagine("show", "cat.png", "--only", "spec").code == 2
    assert imagine("replay", "cat.png").code == 2


def test_a_broken_recipe_is_no_absent_one(imagine: Command) -> None:
    info = PngInfo()
    info.add_text("parameters", "a cat\nSteps: 20, Seed: 5, Size: 8x8")
    info.add_itxt("imagine", '{"schema_version": 9, "spec": {}}')
    Image.new("RGB", (8, 8)).save("new.png", pnginfo=info)
    done = imagine("show", "new.png")
    assert done.code == 2
    assert "recipe schema version 9" in done.err


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n\x00\x00"])
def test_what_is_no_picture_is_refused(imagine: Command, content: bytes) -> None:
    Path("x.png").write_bytes(content)
    for command in ("show", "replay"):
        done = imagine(command, "x.png")
        assert (done.code, done.out) == (2, "")
        assert done.err.count("\n") == 1


def test_an_unknown_part_is_refused(imagine: Command, picture: str) -> None:
    done = imagine("show", picture, "--only", "prmpt")
    assert done.err == (
        "Error: There is no part 'prmpt'; did you mean 'prompt'? "
        "(known: all, source, prompt, spec, parameters).\n"
    )


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "avif"])
def test_a_replay_gives_the_same_request_and_the_same_pixels(imagine: Command, ending: str) -> None:
    imagine("a red fox on a hill", "--seed", "7", "-s", "watercolor", *SMALL, "-o", f"a.{ending}")
    imagine("replay", f"a.{ending}", "-o", f"b.{ending}")
    first, second = read_recipe(Path(f"a.{ending}")), read_recipe(Path(f"b.{ending}"))
    assert first.to_request().to_json() == second.to_request().to_json()
    assert Image.open(f"a.{ending}").tobytes() == Image.open(f"b.{ending}").tobytes()
    changing = {"created", "timings"}
    assert first.model_dump(exclude=changing) == second.model_dump(exclude=changing)


def test_a_replay_needs_the_sidecar_alone(imagine: Command) -> None:
    imagine("a fox", "--seed", "7", "--sidecar", "--no-metadata", *SMALL, "-o", "a.png")
    request = json.loads(read_recipe(Path("a.png.json")).to_request().to_json())
    done = imagine("replay", "a.png.json", "--dry-run", "--json")
    assert done.json["requests"] == [request]


def test_options_win_over_the_recipe(imagine: Command, picture: str) -> None:
    old = read_recipe(Path(picture)).to_request()
    request = imagine("replay", picture, "--seed", "9", "--dry-run", "--json").json["requests"][0]
    assert (request["seed"], request["width"], request["prompt"]) == (9, 96, old.prompt)
    wide = imagine("replay", picture, "--ar", "16:9", "--dry-run", "--json").json["requests"][0]
    assert (wide["width"], wide["height"], wide["seed"]) == (1344, 768, 7)
    styled = imagine("replay", picture, "-s", "film-noir", "-N", "rain", "--dry-run", "--json").json
    assert styled["requests"][0]["prompt"] != old.prompt
    assert "rain" in styled["requests"][0]["spec"]["exclude"]
    several = imagine("replay", picture, "-n", "2", "--dry-run", "--json").json["requests"]
    assert [request["seed"] for request in several] == [7, 8]


def test_a_replay_never_overwrites(imagine: Command, picture: str) -> None:
    before = Path(picture).read_bytes()
    assert imagine("replay", picture, "-o", picture).out == "fox-2.png\n"
    assert Path(picture).read_bytes() == before
