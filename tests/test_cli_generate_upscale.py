"""Enlarging within generate, replay and refine: sizes, recipes, money, and what is never lost."""

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import Command, Start
from PIL import Image
from scripted_upscaler import MADE, Prepare, ScriptedUpscaler

from imagine.stages.errors import LocalBackendError, ProviderError
from imagine.stages.metadata import read_recipe
from imagine.stages.money.usage import Usage
from imagine.stages.save import save_image
from imagine.stages.upscale import Enlarged, UpscaleCapabilities

SMALL = ("-b", "sketch", "-e", "offline", "--seed", "7", "--size", "96x64")
GEMINI = ("-b", "gemini", "-e", "offline", "--seed", "7")
PAID = UpscaleCapabilities(factors=(2,), paid=True)


def size_of(path: str) -> tuple[int, int]:
    with Image.open(path) as picture:
        picture.load()
        return picture.size


def test_a_picture_is_enlarged_and_its_recipe_says_so(imagine: Command) -> None:
    done = imagine("a red fox", *SMALL, "--upscale", "2", "--upscaler", "lanczos", "-o", "fox.png")
    assert (done.code, done.lines) == (0, ["fox.png"]), done.err
    assert "Upscaler lanczos.\n" in done.err
    assert size_of("fox.png") == (192, 128)
    recipe = read_recipe(Path("fox.png"))
    assert recipe.to_request().size == (96, 64)
    assert [record.model_dump(exclude_defaults=True) for record in recipe.upscales] == [
        {
            "upscaler": "lanczos",
            "model": "lanczos",
            "from_width": 96,
            "from_height": 64,
            "width": 192,
            "height": 128,
            "full_width": 192,
            "full_height": 128,
        }
    ]
    assert set(recipe.timings) == {"enhance", "generate", "upscale"}


def test_json_tells_what_enlarged_each_picture(imagine: Command, prepared: Prepare) -> None:
    prepared(model="m1")
    options = ("--upscale", "2", "--upscaler", "scripted", "--denoise", "1", "--sharpen", "0.5")
    done = imagine("a red fox", *SMALL, *options, "-n", "2", "--json", "-o", "out")
    first, second = done.json["images"]
    assert (first["width"], first["height"]) == (192, 128)
    (told,) = first["upscales"]
    assert told.pop("seconds") >= 0
    assert told == {
        "upscaler": "scripted",
        "model": "m1",
        "trained": False,
        "invents": False,
        "from_width": 96,
        "from_height": 64,
        "width": 192,
        "height": 128,
        "full_width": 192,
        "full_height": 128,
        "denoise": 1,
        "sharpen": 0.5,
        "parameters": {"tile": 64},
        "source_sha256": None,
        "cost": None,
    }
    assert second["upscales"][0]["width"] == 192
    assert imagine("a red fox", *SMALL, "--json").json["images"][0]["upscales"] == []


def test_a_size_that_the_backend_does_not_draw_is_made_of_one_that_it_draws(
    imagine: Command, gemini: Start
) -> None:
    gemini()
    options = ("--size", "1500x1400", "--upscaler", "lanczos", "-o", "fox.png")
    done = imagine("a red fox", *GEMINI, *options)
    assert done.code == 0, done.err
    assert (
        "gemini does not draw 1500x1400: drawn at 1024x1024, enlarged 1.46x by lanczos and cropped "
        "to 1500x1400.\n"
    ) in done.err
    assert "The picture was brought to its size here and lost the signature (C2PA)" in done.err
    assert size_of("fox.png") == (1500, 1400)
    recipe = read_recipe(Path("fox.png"))
    assert (recipe.to_request().size, recipe.original) == ((1024, 1024), False)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ("--size", "3000x3000"),
            "Would draw 1 of 2048x2048 with gemini gemini-nano-banana-2.1, enlarged 1.46x by photo "
            "to 3000x3000: about $",
        ),
        (
            ("--size", "1024x1024", "--upscale", "4", "--upscaler", "nearest"),
            "Would draw 1 of 1024x1024 with gemini gemini-nano-banana-2.1, enlarged 4x by nearest "
            "to 4096x4096: about $",
        ),
        (
            ("--size", "1000x700", "--upscale", "2", "--upscaler", "lanczos"),
            "Would draw 1 of 1264x848 with gemini gemini-nano-banana-2.1, enlarged 1.65x by "
            "lanczos and cropped to 2000x1400: about $",
        ),
        (
            ("--size", "300x200"),
            "Would draw 1 of 1264x848 with gemini gemini-nano-banana-2.1, shrunk and cropped to "
            "300x200: about $",
        ),
    ],
)
def test_a_dry_run_shows_what_is_drawn_and_what_becomes_of_it(
    imagine: Command, gemini: Start, options: tuple[str, ...], told: str
) -> None:
    fake = gemini()
    done = imagine("a photo of a red fox", *GEMINI, *options, "--dry-run")
    assert done.code == 0, done.err
    assert told in done.err
    assert not fake.entries


def test_the_plan_is_told_as_json_too(imagine: Command) -> None:
    done = imagine("a red fox", *SMALL, "--upscale", "2", "--dry-run", "--json")
    assert done.json["enlargements"] == [
        {
            "upscaler": "art",
            "model": "",
            "from_width": 96,
            "from_height": 64,
            "full_width": 192,
            "full_height": 128,
            "width": 192,
            "height": 128,
            "denoise": None,
            "sharpen": 0.0,
        }
    ]
    assert done.json["requests"][0]["width"] == 96
    assert "Upscaler art (sketch draws cut-outs).\n" in done.err


REFUSED = [
    (("--upscale", "5"), "--upscale 5 is none of 2, 3, 4, 8; choose one of them."),
    (
        ("--upscale", "2", "--upscaler", "none"),
        "--upscale 2 needs somebody who enlarges, and the upscaler is none; name one with "
        "--upscaler, or leave it out.",
    ),
    (
        ("--denoise", "1"),
        "--denoise 1 goes with --upscale, or with a --size that the backend does not draw; add "
        "one, or leave it out.",
    ),
    (
        ("--upscaler", "photo"),
        "--upscaler photo goes with --upscale, or with a --size that the backend does not draw; "
        "add one, or leave it out.",
    ),
    (
        ("--upscale", "2", "--sharpen", "3"),
        "--sharpen 3 is not from 0 to 2; 0.5 is a gentle amount.",
    ),
    (
        ("--upscale", "2", "--upscaler", "lanczos/x"),
        "The upscaler lanczos has no models; leave out '/x'.",
    ),
    (
        ("--upscale", "2", "--upscaler", "lanczos", "--denoise", "1"),
        "The upscaler lanczos does not remove noise; leave out --denoise or choose another "
        "--upscaler.",
    ),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=[" ".join(r[0]) for r in REFUSED])
def test_what_would_be_ignored_or_fail_is_refused_before_anything_is_drawn(
    imagine: Command, options: tuple[str, ...], message: str
) -> None:
    done = imagine("a red fox", *SMALL, *options)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == f"Error: {message}"
    assert not list(Path().iterdir())


def test_the_upscaler_none_restores_the_refusal_of_a_size(imagine: Command, gemini: Start) -> None:
    fake = gemini()
    done = imagine("a red fox", *GEMINI, "--size", "3000x3000", "--upscaler", "none")
    assert done.code == 2
    assert "gemini cannot draw 3000x3000; its nearest size is" in done.err
    assert "; or have what it draws enlarged, without --upscaler none." in done.err
    assert not fake.entries


def test_the_settings_enlarge_every_picture_unless_an_option_says_no(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGINE_UPSCALE", "2")
    monkeypatch.setenv("IMAGINE_UPSCALER", "nearest")
    imagine("a red fox", *SMALL, "-o", "large.png")
    imagine("a red fox", *SMALL, "--upscale", "1", "-o", "small.png")
    assert (size_of("large.png"), size_of("small.png")) == ((192, 128), (96, 64))
    imagine("a red fox", *SMALL, "--upscaler", "none", "-o", "none.png")
    assert size_of("none.png") == (96, 64)
    monkeypatch.setenv("IMAGINE_UPSCALE", "5")
    assert "IMAGINE_UPSCALE in the environment is none of 1, 2, 3, 4, 8" in imagine("x").err


def test_a_size_that_comes_to_the_drawn_one_is_kept_as_it_came(
    imagine: Command, gemini: Start
) -> None:
    gemini()
    options = ("--size", "512x512", "--upscale", "2", "-o", "fox.png")
    done = imagine("a red fox", *GEMINI, *options)
    assert done.code == 0, done.err
    assert (
        "gemini does not draw 512x512: drawn at 1024x1024, which is what is wanted in the end.\n"
    ) in done.err
    recipe = read_recipe(Path("fox.png"))
    assert (recipe.upscales, recipe.original) == ((), True)


def test_options_that_do_nothing_for_a_picture_that_only_shrinks_are_told(
    imagine: Command, gemini: Start
) -> None:
    gemini()
    options = ("--size", "300x200", "--upscaler", "art", "--denoise", "1", "--dry-run")
    done = imagine("a red fox", *GEMINI, *options)
    assert "The picture is only shrunk, so the upscaler art and --denoise do nothing.\n" in done.err
    assert done.code == 0
    alone = imagine("a red fox", *GEMINI, "--size", "300x200", "--dry-run").err
    assert "Upscaler lanczos (the picture is only shrunk).\n" in alone


@pytest.mark.parametrize(
    ("prompt", "upscaler"),
    [("anime girl", "art"), ("a manga panel of a duel", "art"), ("a red fox, photo", "photo")],
)
def test_a_drawing_in_the_words_of_the_prompt_gets_the_upscaler_of_drawings(
    imagine: Command, gemini: Start, prompt: str, upscaler: str
) -> None:
    gemini()
    done = imagine(prompt, *GEMINI, "--upscale", "2", "--dry-run")
    assert f"Upscaler {upscaler} (the picture is " in done.err


def test_the_name_of_the_file_has_the_final_size(imagine: Command) -> None:
    options = ("--upscale", "3", "--upscaler", "nearest", "--name", "{width}x{height}")
    assert imagine("a red fox", *SMALL, *options).lines == ["288x192.png"]


# What is never lost


@pytest.mark.parametrize("json_too", [False, True])
def test_a_paid_picture_that_cannot_be_enlarged_is_saved_as_drawn(
    imagine: Command, gemini: Start, prepared: Prepare, json_too: bool
) -> None:
    fake = gemini()
    prepared(LocalBackendError("The memory is full; close something."))
    options = ("--upscale", "2", "--upscaler", "scripted", "-o", "fox.png", "--sharpen", "0.5")
    done = imagine("a red fox", *GEMINI, *options, *(["--json"] if json_too else []))
    assert done.code == 6
    message = (
        "The memory is full; close something. The picture is saved as it was drawn; to enlarge "
        "it: imagine upscale fox.png --scale 2 --upscaler scripted --sharpen 0.5"
    )
    assert done.err.splitlines()[-1] == f"Error: {message}"
    if json_too:
        assert done.json["error"]["message"] == message
        assert [image["path"] for image in done.json["images"]] == ["fox.png"]
    assert size_of("fox.png") == (1024, 1024)
    assert read_recipe(Path("fox.png")).upscales == ()
    assert fake.paid == 1
    ledger = imagine("cost", "--json").json
    assert ledger["total"]["pictures"] == 1


def test_a_picture_that_was_to_be_cropped_says_how_to(
    imagine: Command, gemini: Start, prepared: Prepare
) -> None:
    gemini()
    prepared(LocalBackendError("No."))
    options = ("--size", "3000x2999", "--upscaler", "scripted", "-o", "a fox.png")
    done = imagine("a red fox", *GEMINI, *options)
    assert done.err.splitlines()[-1].endswith(
        "imagine upscale 'a fox.png' --to 3000x2999 --upscaler scripted"
    )


def test_who_is_interrupted_is_told_how_to_go_on(
    imagine: Command, gemini: Start, prepared: Prepare
) -> None:
    gemini()
    prepared(KeyboardInterrupt())
    options = ("--upscale", "2", "--upscaler", "scripted", "-o", "fox.png")
    done = imagine("a red fox", *GEMINI, *options)
    assert (done.code, done.out) == (130, "")
    assert (
        "The picture is saved as it was drawn: 'fox.png'; to enlarge it: imagine upscale fox.png "
        "--scale 2 --upscaler scripted\n"
    ) in done.err


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), MemoryError()])
def test_an_enlargement_that_was_paid_for_is_saved_though_saving_was_interrupted(
    imagine: Command, prepared: Prepare, monkeypatch: pytest.MonkeyPatch, stop: BaseException
) -> None:
    prepared(capabilities=PAID)
    stops = [stop]

    def save(*arguments: Any, **options: Any) -> Any:
        if stops:
            raise stops.pop()
        return save_image(*arguments, **options)

    monkeypatch.setattr("imagine.stages.save.save_image", save)
    options = ("--upscale", "2", "--upscaler", "scripted", "-o", "fox.png")
    with suppress(SystemExit, MemoryError):
        done = imagine("a red fox", *SMALL, *options)
        assert "The picture is saved: 'fox.png'.\n" in done.err
    assert size_of("fox.png") == (192, 128)


class Late(ScriptedUpscaler):
    """Begins when all pictures have been received."""

    wait: Callable[[], object]

    def upscale(self, *arguments: Any, **options: Any) -> Enlarged:
        self.wait()
        return super().upscale(*arguments, **options)


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(143), NameError("oh")])
def test_paid_pictures_are_saved_when_the_run_is_stopped_meanwhile(
    imagine: Command, gemini: Start, prepared: Prepare, stop: BaseException
) -> None:
    fake = gemini()

    def wait() -> None:
        while fake.paid < 3:
            time.sleep(0.01)
        # What is received is not there yet in the moment when it is paid for.
        time.sleep(0.5)

    prepared()
    MADE[-1] = Late((None, stop))
    MADE[-1].wait = wait  # type: ignore[attr-defined]
    options = ("--upscale", "2", "--upscaler", "scripted", "-n", "3", "--name", "fox-{n}")
    with suppress(SystemExit):
        assert imagine("a red fox", *GEMINI, *options).code != 0
    found = [size_of(str(path))[0] for path in Path().glob("*.png")]
    assert sorted(found) == [1024, 1024, 2048]


def test_no_other_picture_is_begun_after_one_could_not_be_enlarged(
    imagine: Command, prepared: Prepare
) -> None:
    prepared(None, ProviderError("It is down; try later."))
    options = ("--upscale", "2", "--upscaler", "scripted", "-n", "4", "--name", "fox-{n}")
    done = imagine("a red fox", *SMALL, *options, "--json")
    assert done.code == 4
    assert [(image["path"], image["width"]) for image in done.json["images"]] == [
        ("fox-1.png", 192),
        ("fox-2.png", 96),
    ]
    assert sorted(path.name for path in Path().glob("*.png")) == ["fox-1.png", "fox-2.png"]


# Money


def prices(tmp_path: Path) -> None:
    place = tmp_path / "config" / "imagine"
    place.mkdir(parents=True)
    entry = '[[price]]\nprovider = "scripted"\nmodel = "m1"\npicture = 0.02\n'
    (place / "prices.toml").write_text(entry, encoding="utf-8")


def test_a_paid_upscaler_is_counted_and_written_down(
    imagine: Command, prepared: Prepare, tmp_path: Path
) -> None:
    prices(tmp_path)
    prepared(model="m1", capabilities=PAID, usage=Usage(calls=1, images=1))
    options = ("--upscale", "2", "--upscaler", "scripted")
    told = imagine("a red fox", *SMALL, *options, "-n", "2", "--dry-run").err
    assert "enlarged 2x by scripted/m1 to 192x128: about $0.04: 2 enlargements at $0.02." in told
    done = imagine("a red fox", *SMALL, *options, "--json", "-v")
    assert done.json["images"][0]["upscales"][0]["cost"] == 0.02
    assert "Cost of enlarging: $0.02.\n" in done.err
    (entry,) = (tmp_path / "config/imagine/ledger.jsonl").read_text().splitlines()
    known = json.loads(entry)
    assert {name: known[name] for name in ("kind", "provider", "model", "dollars", "outcome")} == {
        "kind": "upscale",
        "provider": "scripted",
        "model": "m1",
        "dollars": 0.02,
        "outcome": "saved",
    }


def test_a_budget_is_kept_with_what_enlarging_costs(
    imagine: Command, prepared: Prepare, tmp_path: Path
) -> None:
    prices(tmp_path)
    upscaler = prepared(model="m1", capabilities=PAID)
    options = ("--upscale", "2", "--upscaler", "scripted", "--budget", "0.03", "-n", "2")
    done = imagine("a red fox", *SMALL, *options)
    assert done.code == 7
    assert "2 enlargements may cost $0.04, and $0.03 of the budget of $0.03 is left" in done.err
    assert upscaler.asked == []


def test_many_paid_enlargements_need_a_yes(
    imagine: Command, prepared: Prepare, tmp_path: Path
) -> None:
    prices(tmp_path)
    prepared(model="m1", capabilities=PAID, usage=Usage(calls=1, images=1))
    options = ("--upscale", "2", "--upscaler", "scripted", "-n", "5")
    done = imagine("a red fox", *SMALL, *options)
    assert done.code == 7
    assert "5 paid pictures, about $0.10, need a yes, and nobody can be asked here" in done.err
    assert imagine("a red fox", *SMALL, *options, "--yes").code == 0


def test_a_paid_upscaler_that_has_nothing_to_do_is_not_in_the_price(
    imagine: Command, gemini: Start, prepared: Prepare, tmp_path: Path
) -> None:
    gemini()
    prices(tmp_path)
    prepared(model="m1", capabilities=PAID)
    options = (*GEMINI, "-n", "5", "--size", "300x200")
    told = [
        imagine("a red fox", *options, *more).err.splitlines()[-1]
        for more in ((), ("--upscaler", "scripted"))
    ]
    assert "5 paid pictures, about $" in told[0]
    assert told[0] == told[1]


# Replay and refine


@pytest.fixture
def large(imagine: Command) -> str:
    """A picture that was enlarged when it was drawn."""
    options = ("--upscale", "2", "--upscaler", "nearest", "--sharpen", "0.5")
    done = imagine("a red fox", *SMALL, *options, "-o", "fox.png")
    assert done.code == 0, done.err
    return "fox.png"


def test_a_replay_enlarges_again(imagine: Command, large: str) -> None:
    done = imagine("replay", large, "-o", "again.png")
    assert done.code == 0, done.err
    first, second = (Image.open(path).tobytes() for path in (large, "again.png"))
    assert first == second
    before, after = read_recipe(Path(large)), read_recipe(Path("again.png"))
    assert before.upscales == after.upscales


@pytest.mark.parametrize(
    ("options", "size", "upscaler"),
    [
        (("--upscale", "3"), (288, 192), "art"),
        (("--upscale", "3", "--upscaler", "lanczos"), (288, 192), "lanczos"),
        (("--upscaler", "lanczos"), (192, 128), "lanczos"),
        (("--sharpen", "0"), (192, 128), "nearest"),
        (("--upscale", "1"), (96, 64), None),
        (("--upscaler", "none"), (96, 64), None),
        (("--size", "64x64"), (64, 64), None),
        (("--size", "64x64", "--upscale", "2"), (128, 128), "art"),
    ],
)
def test_options_win_over_what_was_recorded(
    imagine: Command,
    large: str,
    options: tuple[str, ...],
    size: tuple[int, int],
    upscaler: str | None,
) -> None:
    done = imagine("replay", large, *options, "--dry-run", "--json")
    assert done.code == 0, done.err
    steps = done.json["enlargements"]
    assert [step["upscaler"] for step in steps] == ([upscaler] if upscaler else [])
    request = done.json["requests"][0]
    last = steps[-1] if steps else request
    assert (last["width"], last["height"]) == size
    left_out = "The picture was enlarged to 192x128, and is not this time"
    assert (left_out in done.err) == (upscaler is None and "--upscale" not in options)


def test_another_backend_makes_the_picture_as_large_as_it_was(
    imagine: Command, large: str, gemini: Start
) -> None:
    gemini()
    again = imagine("replay", large, "-b", "gemini", "--dry-run")
    drawn = "of 1264x848 with gemini gemini-nano-banana-2.1, shrunk and cropped to 192x128"
    assert drawn in again.err
    other = imagine("replay", large, "-b", "gemini", "--size", "3000x1000", "--dry-run")
    assert "enlarged 1.89x by photo and cropped to 3000x1000" in other.err
    assert "is not this time" not in other.err


def test_a_picture_enlarged_by_a_model_of_ones_own_asks_for_its_file(
    imagine: Command, large: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = read_recipe(Path(large))
    record = recipe.upscales[0].model_copy(update={"upscaler": "model", "model": "4x-Mine"})
    changed = recipe.model_copy(update={"upscales": (record,)})
    Path("fox.png.json").write_text(changed.to_json(), encoding="utf-8")
    done = imagine("replay", "fox.png.json")
    assert done.code == 2
    assert (
        "The picture was enlarged by 4x-Mine, a model of somebody's own; name its file with "
        "--upscaler, or choose --upscaler auto or none." in done.err
    )
    assert imagine("replay", "fox.png.json", "--upscaler", "nearest", "-o", "x.png").code == 0


def test_options_about_enlarging_are_refused_for_a_picture_that_was_not(imagine: Command) -> None:
    imagine("a red fox", *SMALL, "-o", "small.png")
    done = imagine("replay", "small.png", "--denoise", "1")
    assert done.code == 2
    assert "--denoise 1 goes with --upscale" in done.err


@pytest.fixture
def broken_ncnn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An ncnn that is installed, and lacks a library of its own."""
    (tmp_path / "ncnn.py").write_text('raise ImportError("libgomp.so.1 is missing")\n')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "ncnn", raising=False)


@pytest.mark.usefixtures("broken_ncnn")
@pytest.mark.parametrize("command", [("a red fox",), ("batch", "foxes.txt")])
def test_a_network_that_cannot_run_is_found_out_before_anything_is_paid(
    imagine: Command, gemini: Start, command: tuple[str, ...]
) -> None:
    fake = gemini(tiny=True)
    Path("foxes.txt").write_text("a red fox\n", encoding="utf-8")
    options = ("-b", "gemini", "-e", "offline", "-o", "out/", "--upscale", "2", "--upscaler")
    done = imagine(*command, *options, "photo")
    assert (done.code, fake.paid) == (6, 0)
    assert "The package ncnn, which runs upscalers, cannot be used (libgomp.so.1 is" in done.err
    assert imagine(*command, *options, "photo", "--dry-run").code == 0
    assert imagine(*command, *options, "nearest").code == 0


@pytest.mark.usefixtures("broken_ncnn")
def test_a_replay_whose_network_cannot_run_is_not_paid_for(imagine: Command, gemini: Start) -> None:
    fake = gemini(tiny=True)
    imagine("a red fox", *GEMINI, "-o", "fox.png")
    options = ("--upscale", "2", "--upscaler", "photo", "-o", "again.png")
    done = imagine("replay", "fox.png", *options)
    assert (done.code, fake.paid) == (6, 1)
    assert "cannot be used (libgomp.so.1 is missing)" in done.err


def test_a_cut_out_a_little_beyond_the_limits_needs_no_network(imagine: Command) -> None:
    sketch = ("-b", "sketch", "-e", "offline", "--dry-run", "--size")
    assert "enlarged 1.1x by lanczos to 9000x4000." in imagine("a fox", *sketch, "9000x4000").err
    assert "x by art to 16000x2000." in imagine("a fox", *sketch, "16000x2000").err
