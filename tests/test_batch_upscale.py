"""Enlarging within a batch: columns, one at a time, resumed, and nothing paid twice."""

import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from batch_results import found_in
from batch_runs import batch_command, environment_of, numbered_prompts, run
from conftest import Command, Start
from fakes import serve
from fakes.audit import payments_in, repeats_in
from networks import esrgan_tensors, write_safetensors
from patience import PATIENT
from PIL import Image
from scripted_upscaler import MADE, Prepare
from test_cli_batch import results
from test_cli_generate_upscale import prices

from imagine.stages.errors import LocalBackendError, ProviderError, UsageError
from imagine.stages.image import Progress
from imagine.stages.metadata import read_recipe
from imagine.stages.money.usage import Usage
from imagine.stages.upscale import (
    UPSCALERS,
    Enlarged,
    OnProgress,
    UpscaleCapabilities,
    UpscaleRequest,
)
from imagine.stages.upscale.raster import Raster

SKETCH = ("-b", "sketch", "-e", "offline", "--seed", "7", "--size", "96x64")
GEMINI = ("-b", "gemini", "-e", "offline", "-y")
DOUBLED = ("--upscale", "2", "--upscaler", "nearest")
BY_SCRIPT = ("--upscaler", "scripted")


@pytest.fixture
def foxes(imagine: Command) -> Path:
    path = Path("foxes.txt")
    path.write_text("a red fox\na blue fox\na green fox\n", encoding="utf-8")
    return path


def widths(directory: str = "out") -> list[int]:
    return sorted(width_of(path) for path in Path(directory).glob("*.png"))


def width_of(path: Path) -> int:
    with Image.open(path) as picture:
        return picture.width


def test_every_picture_is_enlarged_and_the_results_say_so(imagine: Command, foxes: Path) -> None:
    done = imagine("batch", str(foxes), "-o", "out", *SKETCH, *DOUBLED)
    assert done.code == 0, done.err
    assert done.err.count("Upscaler nearest.") == 1
    assert widths() == [192, 192, 192]
    for row in results():
        (image,) = row["images"]
        (told,) = image["upscales"]
        assert (image["width"], told["upscaler"], told["from_width"]) == (192, "nearest", 96)
        assert "upscale" in row["timings"]


def test_rows_choose_for_themselves(imagine: Command) -> None:
    rows = [
        "prompt,upscale,upscaler",
        "a red fox,2,lanczos",
        "a blue fox,,",
        "a green fox,3x,nearest",
        "a grey fox,1,",
    ]
    Path("foxes.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = imagine("batch", "foxes.csv", "-o", "out", *SKETCH)
    assert done.code == 0, done.err
    told = {
        row["prompt"]: (
            row["images"][0]["width"],
            [u["upscaler"] for u in row["images"][0]["upscales"]],
        )
        for row in results()
    }
    assert told == {
        "a red fox": (192, ["lanczos"]),
        "a blue fox": (96, []),
        "a green fox": (288, ["nearest"]),
        "a grey fox": (96, []),
    }


def test_a_row_may_be_left_as_it_is_drawn(imagine: Command) -> None:
    rows = "prompt,upscaler\na red fox,none\na blue fox,lanczos\na green fox,\n"
    Path("foxes.csv").write_text(rows, encoding="utf-8")
    done = imagine("batch", "foxes.csv", "-o", "out", *SKETCH, *DOUBLED, "--sharpen", "0.5")
    assert done.code == 0, done.err
    told = [row["images"][0]["upscales"] for row in results()]
    assert [[step["upscaler"] for step in steps] for steps in told] == [
        [],
        ["lanczos"],
        ["nearest"],
    ]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("upscale", "5", "'upscale' is '5', which is none of 2, 3, 4, 8; correct it."),
        ("upscale", "x", "'upscale' is 'x', which is none of 2, 3, 4, 8; correct it."),
        ("upscaler", "phto", "There is no upscaler 'phto'; did you mean 'photo'? (known:"),
        ("sharpen", "3", "'sharpen' is '3', which is no number from 0 to 2; correct it."),
    ],
)
def test_a_row_that_cannot_be_enlarged_so_is_refused_before_anything_is_drawn(
    imagine: Command, column: str, value: str, message: str
) -> None:
    extra = "" if column == "upscale" else ",upscale"
    row = value if column == "upscale" else f"{value},2"
    Path("foxes.csv").write_text(f"prompt,{column}{extra}\na fox,{row}\n", encoding="utf-8")
    done = imagine("batch", "foxes.csv", "-o", "out", *SKETCH)
    assert done.code == 2
    assert f"line 2: {message}" in done.err
    assert not Path("out").exists()


def test_options_that_would_do_nothing_are_refused(imagine: Command, foxes: Path) -> None:
    done = imagine("batch", str(foxes), "-o", "out", *SKETCH, "--denoise", "1")
    assert done.code == 2
    assert "--denoise 1 goes with --upscale" in done.err


@pytest.mark.parametrize(
    ("column", "value"), [("denoise", "1"), ("sharpen", "0.5")], ids=["denoise", "sharpen"]
)
def test_an_option_of_a_row_that_would_do_nothing_is_refused(
    imagine: Command, column: str, value: str
) -> None:
    rows = f"prompt,upscale,{column}\na fox,2,\nan owl,,{value}\n"
    Path("foxes.csv").write_text(rows, encoding="utf-8")
    done = imagine("batch", "foxes.csv", "-o", "out", *SKETCH)
    assert done.code == 2
    assert f"line 3: --{column} {value} goes with --upscale" in done.err


def test_a_dry_run_counts_the_ways_in_which_rows_are_enlarged(imagine: Command) -> None:
    rows = "prompt,upscale\na fox,2\nan owl,4\na cat,\n"
    Path("foxes.csv").write_text(rows, encoding="utf-8")
    options = ("-o", "out", *SKETCH, "--upscaler", "nearest", "--dry-run")
    done = imagine("batch", "foxes.csv", *options)
    assert (
        "Would draw 3 pictures of 3 prompts with sketch (1 enlarged 2x by nearest to 192x128, 1 "
        "enlarged 4x by nearest to 384x256)." in done.err
    )


def test_the_results_count_what_enlarging_cost(
    imagine: Command, gemini: Start, foxes: Path, prepared: Prepare, tmp_path: Path
) -> None:
    gemini(tiny=True)
    prices(tmp_path)
    paid = UpscaleCapabilities(factors=(2,), paid=True)
    prepared(model="m1", capabilities=paid, usage=Usage(calls=1, images=1))
    costs = []
    for directory, options in (("small", ()), ("large", ("--upscale", "2", *BY_SCRIPT))):
        done = imagine("batch", str(foxes), *GEMINI, "--limit", "1", *options, "-o", directory)
        assert done.code == 0, done.err
        costs.append(results(directory)[0]["cost"])
    assert costs[1] == pytest.approx(costs[0] + 0.02)


def test_a_dry_run_says_what_becomes_of_the_pictures(imagine: Command, foxes: Path) -> None:
    done = imagine("batch", str(foxes), "-o", "out", *SKETCH, *DOUBLED, "--dry-run")
    assert (
        "Would draw 3 pictures of 3 prompts with sketch, enlarged 2x by nearest to 192x128."
        in done.err
    )


@pytest.fixture
def models(imagine: Command) -> Path:
    """A directory with a model, which is whole, and one that is not."""
    directory = Path("models")
    directory.mkdir()
    whole = write_safetensors(directory / "whole.safetensors", esrgan_tensors(blocks=1))
    damaged = whole.read_bytes()[:2000]
    (directory / "broken.safetensors").write_bytes(damaged)
    return directory


def test_a_damaged_model_of_one_row_is_a_fault_of_that_row(imagine: Command, models: Path) -> None:
    rows = f"prompt,upscale,upscaler\na fox,2,{models}/broken.safetensors\nan owl,2,nearest\n"
    Path("foxes.csv").write_text(rows, encoding="utf-8")
    refused = imagine("batch", "foxes.csv", "-o", "out", *SKETCH)
    assert (refused.code, Path("out").exists()) == (2, False)
    assert "line 2: The model 'models/broken.safetensors' " in refused.err.replace(
        str(Path.cwd()) + "/", ""
    )
    done = imagine("batch", "foxes.csv", "-o", "out", *SKETCH, "-k")
    assert (done.code, widths()) == (8, [192])
    assert [row["status"] for row in results()] == ["failed", "done"]


def test_a_model_that_fails_at_work_fails_the_row_that_names_it(
    imagine: Command, prepared: Prepare
) -> None:
    prepared(LocalBackendError("There is no memory for it; close other programs."))
    rows = "prompt,upscale,upscaler\na fox,2,scripted\nan owl,2,nearest\n"
    Path("foxes.csv").write_text(rows, encoding="utf-8")
    done = imagine("batch", "foxes.csv", "-o", "out", *SKETCH)
    assert (done.code, widths()) == (8, [192])
    assert [row["status"] for row in results()] == ["failed", "done"]


def test_a_model_that_a_row_names_is_found_beside_the_input(imagine: Command, models: Path) -> None:
    rows = "prompt,upscale,upscaler\na fox,2,whole.safetensors\n"
    (models / "foxes.csv").write_text(rows, encoding="utf-8")
    done = imagine("batch", f"{models}/foxes.csv", "-o", "out", *SKETCH)
    assert (done.code, widths()) == (0, [192]), done.err


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("lanczos,1", "The upscaler lanczos does not remove noise; leave out --denoise"),
        ("photo,7", "--denoise 7 is not from 0 to 3, which the upscaler photo offers"),
    ],
)
def test_a_row_whose_upscaler_does_not_denoise_so_is_refused_before_anything_is_paid(
    imagine: Command, gemini: Start, row: str, message: str
) -> None:
    fake = gemini(tiny=True)
    rows = f"prompt,upscale,upscaler,denoise\na fox,2,nearest,\nan owl,2,{row}\n"
    Path("foxes.csv").write_text(rows, encoding="utf-8")
    done = imagine("batch", "foxes.csv", "-o", "out", *GEMINI)
    assert (done.code, fake.paid) == (2, 0)
    assert f"line 3: {message}" in done.err


def test_a_row_that_is_only_shrunk_needs_no_upscaler_that_denoises(imagine: Command) -> None:
    rows = "prompt,backend,size,upscaler,denoise\na fox,stability,1000x1000,lanczos,1\n"
    Path("foxes.csv").write_text(rows, encoding="utf-8")
    done = imagine("batch", "foxes.csv", "-o", "out", "-e", "offline", "--dry-run")
    assert done.code == 0, done.err


def test_options_for_rows_that_ask_to_be_enlarged_make_free_ones_anew(imagine: Command) -> None:
    Path("foxes.csv").write_text("prompt,upscale\na fox,2\n", encoding="utf-8")
    for number, name in enumerate(("nearest", "lanczos"), start=1):
        done = imagine("batch", "foxes.csv", "-o", "out", *SKETCH, "--upscaler", name)
        assert (done.code, len(widths())) == (0, number), done.err
    (row,) = results()
    assert [step["upscaler"] for step in row["images"][0]["upscales"]] == ["lanczos"]


def test_one_item_that_cannot_be_drawn_is_spoken_of_as_one(
    imagine: Command, prepared: Prepare
) -> None:
    prepared(capabilities=UpscaleCapabilities(factors=(2,), max_input_pixels=9))
    rows = "prompt,upscale,upscaler\na fox,2,scripted\nan owl,2,nearest\n"
    Path("foxes.csv").write_text(rows, encoding="utf-8")
    done = imagine("batch", "foxes.csv", "-o", "out", *SKETCH, "--dry-run")
    assert done.code == 8
    assert "1 item cannot be drawn so; correct it." in done.err


# What was paid for


def test_what_is_received_already_is_not_counted_as_to_be_paid(
    imagine: Command, gemini: Start, foxes: Path, prepared: Prepare
) -> None:
    gemini(tiny=True)
    prepared(*[ProviderError("The upscaler is down; try later.")] * 2)
    options = ("-o", "out", *GEMINI[:-1], "--upscale", "2", *BY_SCRIPT)
    assert imagine("batch", str(foxes), *options, "-y").code == 8
    whole = imagine("batch", str(foxes), "-o", "new", *options[2:], "--dry-run").err
    told = imagine("batch", str(foxes), *options, "--dry-run").err
    assert "3 pictures at $" in whole
    assert "received" not in whole
    assert "Would draw 2 pictures of 2 prompts" in told
    assert "2 of them are received already. 1 of 3 are finished." in told
    assert "pictures at $" not in told
    Path("foxes.txt").write_text(
        foxes.read_text(encoding="utf-8") + "".join(f"owl {n}\n" for n in range(3)),
        encoding="utf-8",
    )
    # With the two that are received they were five, which nobody agrees to here.
    done = imagine("batch", str(foxes), *options)
    assert done.code == 0, done.err
    assert "2 pictures are received already, and are only finished." in done.err
    assert len(widths()) == 6


def test_what_could_not_be_enlarged_is_kept_and_enlarged_by_the_next_run(
    imagine: Command, gemini: Start, foxes: Path, prepared: Prepare
) -> None:
    fake = gemini(tiny=True)
    faults = [ProviderError("The upscaler is down; try later.")] * 3
    prepared(*faults)
    options = ("-o", "out", *GEMINI, "--upscale", "2", "--upscaler", "scripted")
    first = imagine("batch", str(foxes), *options)
    assert first.code == 8
    told = {row["reason"]["message"] for row in results()}
    assert told == {"The upscaler is down; try later."}
    assert (fake.paid, widths()) == (3, [])
    again = imagine("batch", str(foxes), *options)
    assert again.code == 0, again.err
    assert (fake.paid, len(widths())) == (3, 3)
    spent = imagine("cost", "--json").json["total"]
    assert spent["pictures"] == 3
    assert not Path("out/.imagine-batch").exists()


def test_a_picture_that_a_model_cannot_enlarge_fails_alone(
    imagine: Command, foxes: Path, prepared: Prepare
) -> None:
    prepared(UsageError("The model gives no numbers for it; choose another."))
    done = imagine("batch", str(foxes), "-o", "out", *SKETCH, "--upscale", "2", *BY_SCRIPT)
    assert (done.code, widths()) == (8, [192, 192])
    assert sorted(row["status"] for row in results()) == ["done", "done", "failed"]


def test_other_options_about_enlarging_never_pay_again(
    imagine: Command, gemini: Start, foxes: Path
) -> None:
    fake = gemini(tiny=True)
    imagine("batch", str(foxes), "-o", "out", *GEMINI, *DOUBLED)
    before = widths()
    done = imagine("batch", str(foxes), "-o", "out", *GEMINI, "--upscale", "4")
    assert (done.code, fake.paid, widths()) == (0, 3, before)
    assert "What is finished stays as it is, and is not paid for again" in done.err
    same = imagine("batch", str(foxes), "-o", "out", *GEMINI, "--upscale", "4")
    assert "What is finished stays as it is" not in same.err


def test_a_paid_row_that_is_to_be_enlarged_otherwise_is_not_paid_again(
    imagine: Command, gemini: Start
) -> None:
    fake = gemini(tiny=True)
    for value in ("", "2", "3"):
        Path("foxes.csv").write_text(f"prompt,upscale\na fox,{value}\n", encoding="utf-8")
        done = imagine("batch", "foxes.csv", "-o", "out", *GEMINI)
        assert done.code == 0
        assert ("What is finished stays as it is" in done.err) == (value != "")
    assert fake.paid == 1
    with Path("foxes.csv").open("a", encoding="utf-8") as rows:
        rows.write("an owl,2\n")
    added = imagine("batch", "foxes.csv", "-o", "out", *GEMINI)
    assert (added.code, fake.paid) == (0, 2)
    assert "What is finished stays as it is" not in added.err


def test_what_costs_nothing_is_made_anew_when_it_is_enlarged_otherwise(
    imagine: Command, foxes: Path
) -> None:
    for options, width in (((), 96), (DOUBLED, 192), (("--upscale", "4", *DOUBLED[2:]), 384)):
        done = imagine("batch", str(foxes), "-o", "out", *SKETCH, *options)
        assert (done.code, widths()[-3:]) == (0, [width] * 3)
    for value, width in (("2", 192), ("3", 288)):
        Path("fox.csv").write_text(f"prompt,upscale\na fox,{value}\n", encoding="utf-8")
        imagine("batch", "fox.csv", "-o", "own", *SKETCH, "--upscaler", "nearest")
        assert widths("own")[-1] == width


class Counting:
    """An upscaler that counts how many pictures it works on at a time."""

    name = "scripted"
    model = ""

    def __init__(self, concurrency: int) -> None:
        self.capabilities = UpscaleCapabilities(factors=(2,), concurrency=concurrency)
        self.most = self.now = 0
        self._lock = threading.Lock()
        self._several = threading.Event()

    def upscale(
        self, raster: Raster, request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
            if self.most >= min(2, self.capabilities.concurrency):
                self._several.set()
        self._several.wait(PATIENT)
        time.sleep(0.1)
        on_progress(Progress(1, 1, "tile"))
        with self._lock:
            self.now -= 1
        return UPSCALERS.create("nearest").upscale(raster, request, on_progress=on_progress)


@pytest.mark.parametrize(("concurrency", "most"), [(1, {1}), (3, {2, 3})])
def test_as_many_pictures_are_enlarged_at_a_time_as_the_upscaler_takes(
    imagine: Command, prepared: Prepare, concurrency: int, most: set[int]
) -> None:
    counting: Any = Counting(concurrency)
    prepared()
    MADE[-1] = counting
    Path("many.txt").write_text("".join(f"fox {n}\n" for n in range(9)), encoding="utf-8")
    options = ("--upscale", "2", "--upscaler", "scripted")
    assert imagine("batch", "many.txt", "-o", "out", *SKETCH, *options).code == 0
    assert counting.most in most


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill", "interrupt"])
def test_a_batch_that_is_stopped_while_it_enlarges_pays_nothing_twice(
    number: int, tmp_path: Path
) -> None:
    chance = random.Random(number)
    log, out, prompts = tmp_path / "log.jsonl", tmp_path / "out", numbered_prompts(16)
    file = tmp_path / "prompts.txt"
    file.write_text("\n".join(prompts) + "\n", encoding="utf-8")
    with serve("gemini", latency={"text": 0.02, "image": 0.05}, concurrency=4, log=log) as fake:
        options = ("-b", "gemini", "-e", "offline", "--upscale", "2", "--upscaler", "lanczos")
        command = batch_command(file, out, *options)
        environment = environment_of(fake, tmp_path / "home")
        stops = []
        for _ in range(3):
            stopped = run(
                command,
                cwd=tmp_path,
                environment=environment,
                stop_after=chance.uniform(0.1, 0.8),
                stop_with=number,
                stop_since=lambda: any(out.glob("*.png")) or fake.paid > 0,
            )
            stops += [stopped.signalled] if stopped.signalled is not None else []
        assert stops
        last = run(command, cwd=tmp_path, environment=environment)
        assert (last.code, last.err) == (0, "")
    found = found_in(out)
    assert (found.broken, found.stray, found.left) == ((), (), ())
    assert found.good == len(found.lines) == len(prompts)
    assert sorted(read_recipe(path).source_prompt for path in out.glob("*.png")) == sorted(prompts)
    assert widths(str(out)) == [2048] * len(prompts)
    kills = stops if number == signal.SIGKILL else []
    assert repeats_in(payments_in(log), kills=kills).unexcused(0.5) == ()


def test_an_upscaler_that_is_down_stops_the_batch_before_more_is_paid(
    imagine: Command, gemini: Start, prepared: Prepare
) -> None:
    fake = gemini(tiny=True)
    prepared(*[ProviderError("It is down; try later.")] * 100)
    Path("many.txt").write_text("".join(f"fox {n}\n" for n in range(60)), encoding="utf-8")
    options = ("-o", "out", *GEMINI, "-j", "2", "--upscale", "2", "--upscaler", "scripted")
    done = imagine("batch", "many.txt", *options)
    assert done.code == 4
    assert (
        " enlargements in a row failed, the last with: It is down; try later; nothing more was "
        "begun, so run the same command again to go on." in done.err
    )
    assert fake.paid < 30
