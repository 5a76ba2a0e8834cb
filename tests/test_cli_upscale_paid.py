"""`imagine upscale` where results cost money: none is lost, and words go along that were given."""

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from fakes import Fake, serve
from patience import PATIENT
from PIL import Image

from imagine.cli.upscale_lock import alone_in
from imagine.cli.upscale_work import Workshop
from imagine.stages.errors import ProviderError, UsageError
from imagine.stages.upscale import Enlarged
from imagine.stages.upscale.plain import LanczosUpscaler
from imagine.stages.upscale.record import read_upscales

FAST = ("--upscaler", "stability/fast", "--scale", "4")


@pytest.fixture
def stability(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """A fake Stability AI that the settings point at."""
    with serve("stability") as fake:
        monkeypatch.setenv("IMAGINE_STABILITY_BASE_URL", fake.url)
        monkeypatch.setenv("STABILITY_API_KEY", fake.key or "")
        yield fake


def draw(*names: str) -> None:
    for name in names:
        Image.linear_gradient("L").resize((96, 64)).convert("RGB").save(name)


def draw_at(name: str, size: int) -> None:
    Image.linear_gradient("L").resize((size, size)).convert("RGB").save(name)


def test_a_result_that_has_no_place_is_kept_elsewhere(
    imagine: Command, stability: Fake, tmp_path: Path
) -> None:
    draw("fox.png")
    Path("out/fox-4x.png").mkdir(parents=True)
    done = imagine("upscale", "fox.png", *FAST, "-o", "out", "--overwrite")
    assert (done.code, done.out, stability.paid) == (1, "", 1)
    rescued = tmp_path / "cache" / "imagine" / "rescued" / "fox-4x.png"
    assert done.err.endswith(f"The result is kept: '{rescued}'.\n")
    assert read_upscales(rescued)[-1].cost == 0.02


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_paid(
    imagine: Command, stability: Fake
) -> None:
    draw("fox.png")
    Path("out").touch()
    done = imagine("upscale", "fox.png", *FAST, "-o", "out/deep/")
    assert (done.code, stability.paid) == (1, 0)


def test_many_are_enlarged_at_a_time_and_agreed_to_first(imagine: Command, stability: Fake) -> None:
    names = [f"fox{number}.png" for number in range(6)]
    draw(*names)
    refused = imagine("upscale", *names, *FAST)
    assert (refused.code, stability.paid) == (7, 0)
    assert "6 paid pictures, about $0.12" in refused.err
    done = imagine("upscale", *names, *FAST, "--yes", "--json")
    rows = [json.loads(line) for line in done.lines]
    assert (done.code, stability.paid) == (0, 6)
    assert sorted(row["path"] for row in rows) == [f"fox{number}-4x.png" for number in range(6)]


def test_a_prompt_is_read_or_refused_and_decides_what_is_finished(
    imagine: Command, stability: Fake
) -> None:
    draw("fox.png")
    reading = ("upscale", "fox.png", "--upscaler", "stability/conservative")
    done = imagine(*reading, "--prompt", "a red fox")
    assert (done.code, done.lines) == (0, ["fox-2x.png"])
    assert imagine(*reading, "--prompt", "a red fox").lines == ["fox-2x.png"]
    assert stability.paid == 1
    assert imagine(*reading, "--prompt", "a grey fox").lines == ["fox-2x-2.png"]
    refused = imagine("upscale", "fox.png", *FAST, "--prompt", "a red fox")
    assert (refused.code, refused.err) == (
        2,
        "Error: The upscaler stability/fast reads no prompt; leave out --prompt, or choose another "
        "--upscaler.\n",
    )


def ledger(tmp_path: Path) -> list[dict[str, object]]:
    path = next((tmp_path / "config").rglob("ledger*.jsonl"))
    return [json.loads(line) for line in path.read_text().splitlines()]


def encodes_nothing(monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> None:
    """Have every result fail that is no PNG."""
    from imagine.stages.upscale import write

    save = write.save_enlarged

    def failing(*arguments: Any, format: str, **options: Any) -> Any:
        if format != "png":
            raise fault
        return save(*arguments, format="png", **options)

    monkeypatch.setattr(write, "save_enlarged", failing)


@pytest.mark.parametrize(
    "fault",
    [
        (UsageError("The encoder refused it."), 2),
        (MemoryError(), 1),
        (KeyboardInterrupt(), 130),
    ],
    ids=["encoder", "memory", "ctrl-c"],
)
def test_a_result_that_cannot_be_encoded_is_kept_as_png(
    imagine: Command,
    stability: Fake,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: tuple[BaseException, int],
) -> None:
    encodes_nothing(monkeypatch, fault[0])
    draw("fox.png")
    done = imagine("upscale", "fox.png", *FAST, "--format", "webp")
    rescued = tmp_path / "cache" / "imagine" / "rescued" / "fox-4x.png"
    assert (done.code, done.out, stability.paid) == (fault[1], "", 1)
    assert f"The result is kept: '{rescued}'." in done.err
    with Image.open(rescued) as image:
        assert image.size == (384, 256)
    assert "quality" not in read_upscales(rescued)[-1].parameters
    assert [row["outcome"] for row in ledger(tmp_path)] == ["failed"]


def test_a_result_is_known_again_when_a_picture_of_its_name_comes_first(
    imagine: Command, stability: Fake
) -> None:
    for place, size in (("a", 96), ("b", 64)):
        Path(place).mkdir()
        draw_at(f"{place}/fox.png", size)
    assert imagine("upscale", "b/fox.png", *FAST, "-o", "out").lines == ["out/fox-4x.png"]
    done = imagine("upscale", "a/fox.png", "b/fox.png", *FAST, "-o", "out", "--overwrite")
    assert (done.code, sorted(done.lines)) == (0, ["out/fox-4x-2.png", "out/fox-4x.png"])
    assert stability.paid == 2
    with Image.open("out/fox-4x.png") as image:
        assert image.width == 256


@pytest.mark.parametrize("option", [(), ("--dry-run",)])
def test_a_directory_that_may_not_be_written_is_refused_before_anything_is_paid(
    imagine: Command,
    stability: Fake,
    monkeypatch: pytest.MonkeyPatch,
    option: tuple[str, ...],
) -> None:
    Path("shut").mkdir()
    draw_at("shut/fox.png", 64)
    may = os.access
    # Root may write everywhere.
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path).name != "shut" and may(path, mode)
    )
    done = imagine("upscale", "shut/fox.png", *FAST, *option)
    assert (done.code, stability.paid) == (1, 0)
    assert "'shut'" in done.err


def test_a_result_that_has_no_place_stops_all_that_would_be_paid(
    imagine: Command, stability: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagine.cli.upscale_work.AT_ONCE", 1)
    draw("a.png", "b.png", "c.png")
    Path("a-4x.png").mkdir()
    done = imagine("upscale", "a.png", "b.png", "c.png", *FAST, "--overwrite")
    assert (done.code, stability.paid) == (1, 1)
    rescued = tmp_path / "cache" / "imagine" / "rescued"
    assert done.err.endswith(
        "2 pictures are left; the same command goes on with them.\n"
        f"1 result that was paid for lies in '{rescued}'.\n"
    )


def test_two_runs_do_not_pay_for_the_same_results(imagine: Command, stability: Fake) -> None:
    draw("fox.png")
    with alone_in([Path()]):
        done = imagine("upscale", "fox.png", *FAST)
        assert (done.code, stability.paid) == (1, 0)
        assert "Another run of imagine enlarges into" in done.err
    assert imagine("upscale", "fox.png", *FAST).code == 0


def test_what_another_run_made_meanwhile_is_not_paid_for_again(
    imagine: Command, stability: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imagine.cli import upscale_work

    draw("fox.png")
    made = upscale_work.enlarge_all

    def late(*arguments: Any, **options: Any) -> None:
        monkeypatch.setattr(upscale_work, "enlarge_all", made)
        shutil.copyfile("other.png", "fox-4x.png")
        made(*arguments, **options)

    assert imagine("upscale", "fox.png", *FAST, "-o", "other.png").code == 0
    monkeypatch.setattr(upscale_work, "enlarge_all", late)
    done = imagine("upscale", "fox.png", *FAST)
    assert (done.lines, stability.paid) == (["fox-4x.png"], 1)
    assert done.err.endswith("1 picture was finished before; --force makes it anew.\n")


def test_a_dry_run_says_how_far_a_budget_goes(imagine: Command, stability: Fake) -> None:
    draw("a.png", "b.png", "c.png")
    words = ("upscale", "a.png", "b.png", "c.png", *FAST, "--dry-run")
    done = imagine(*words, "--budget", "0.05")
    assert (done.code, len(done.lines)) == (7, 3)
    assert done.err.endswith(
        "Error: The budget of $0.05 is enough for 2 of 3 pictures; raise --budget or ask for "
        "less.\n"
    )
    assert imagine(*words, "--budget", "0.06").code == 0


def test_a_budget_that_is_used_up_is_told_once(imagine: Command, stability: Fake) -> None:
    names = [f"fox{number}.png" for number in range(6)]
    draw(*names)
    done = imagine("upscale", *names, *FAST, "--yes", "--budget", "0.03")
    assert (done.code, len(done.lines), stability.paid) == (7, 1, 1)
    assert done.err.count("Error: ") == 1
    assert done.err.endswith("5 pictures are left; the same command goes on with them.\n")


def test_shrinking_costs_nothing_and_is_known_again(imagine: Command, stability: Fake) -> None:
    draw("fox.png")
    words = ("upscale", "fox.png", "--upscaler", "stability/fast", "--to", "30x30")
    assert imagine(*words).lines == ["fox-30x30.png"]
    assert "finished before" in imagine(*words).err
    assert stability.paid == 0
    assert read_upscales(Path("fox-30x30.png"))[-1].upscaler == "lanczos"


def test_a_server_that_is_down_is_not_asked_for_every_picture(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def down(*_: Any, **__: Any) -> Enlarged:
        asked.append(1)
        raise ProviderError("It is down.")

    monkeypatch.setattr(LanczosUpscaler, "upscale", down)
    names = [f"fox{number}.png" for number in range(6)]
    draw(*names)
    done = imagine("upscale", *names, "--upscaler", "lanczos")
    assert (done.code, len(asked)) == (4, 3)
    assert done.err.endswith(
        "3 pictures in a row failed, so nothing more was begun.\n"
        "6 pictures are left; the same command goes on with them.\n"
    )


def test_after_ctrl_c_what_is_paid_for_is_saved_first() -> None:
    class Nobody:
        def abandon(self) -> None:
            """Nothing is waited for by others."""

    nothing: Any = None
    purse: Any = Nobody()
    workshop = Workshop(nothing, purse, nothing)
    saved: list[bool] = []
    begun = threading.Event()

    def save() -> None:
        with workshop.saving(nothing):
            begun.set()
            time.sleep(0.1)
            saved.append(True)

    threading.Thread(target=save).start()
    begun.wait(PATIENT)
    workshop.abandon()
    assert (saved, workshop.stopped.is_set()) == ([True], True)


@pytest.mark.parametrize("option", [(), ("--no-metadata",)])
def test_pictures_of_one_name_are_paid_for_once_whatever_has_their_numbers(
    imagine: Command, stability: Fake, option: tuple[str, ...]
) -> None:
    names = [f"d{number}/cover.png" for number in range(4)]
    for number, name in enumerate(names):
        Path(name).parent.mkdir()
        draw_at(name, 64 + number)
    words = ("upscale", *names, "-o", "out", "--scale", "4")
    assert imagine(*words, "--upscaler", "lanczos").code == 0
    paid = (*words, "--upscaler", "stability/fast", "--yes", *option)
    first = sorted(imagine(*paid).lines)
    for _ in range(2):
        assert sorted(imagine(*paid).lines) == first
        assert (len(first), stability.paid) == (4, 4)


def test_runs_into_overlapping_directories_do_not_pay_twice(
    imagine: Command, stability: Fake
) -> None:
    Path("src/sub").mkdir(parents=True)
    draw("src/sub/fox.png")
    with alone_in([Path("out/sub")]):
        done = imagine("upscale", "-r", "src", "-o", "out", *FAST)
    assert (done.code, stability.paid) == (1, 0)
    assert "Another run of imagine enlarges into" in done.err


@pytest.mark.parametrize("fault", [UsageError("The encoder refused it."), MemoryError()])
def test_an_encoder_that_refuses_every_picture_stops_what_would_be_paid(
    imagine: Command,
    stability: Fake,
    monkeypatch: pytest.MonkeyPatch,
    fault: BaseException,
) -> None:
    encodes_nothing(monkeypatch, fault)
    monkeypatch.setattr("imagine.cli.upscale_work.AT_ONCE", 1)
    draw("a.png", "b.png", "c.png")
    done = imagine("upscale", "a.png", "b.png", "c.png", *FAST, "--format", "webp")
    assert (done.code, stability.paid) == (2 if isinstance(fault, UsageError) else 1, 1)


def test_what_was_paid_for_and_kept_elsewhere_is_not_paid_for_again(
    imagine: Command, stability: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw("fox.png")
    words = ("upscale", "fox.png", *FAST, "--format", "webp")
    with monkeypatch.context() as broken:
        encodes_nothing(broken, UsageError("The encoder refused it."))
        assert imagine(*words).code == 2
    rescued = tmp_path / "cache" / "imagine" / "rescued" / "fox-4x.png"
    done = imagine(*words)
    assert (done.code, done.lines, stability.paid) == (0, [str(rescued)], 1)
    assert (
        f"The result of 'fox.png' was paid for and found no place; it is kept: '{rescued}'.\n"
    ) in done.err
    assert imagine(*words, "--prompt", "a fox").code == 2
    assert imagine(*words, "--force").lines == ["fox-4x.webp"]
    assert stability.paid == 2


def test_failures_in_a_row_are_told_after_the_last_of_them(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    eight = threading.Event()

    def down(*_: Any, **__: Any) -> Enlarged:
        # The first eight fail at once, so that others were under way when it was enough.
        begun.append(1)
        if len(begun) == 8:
            eight.set()
        assert eight.wait(PATIENT)
        raise ProviderError("It is down.")

    monkeypatch.setattr(LanczosUpscaler, "upscale", down)
    monkeypatch.setattr(
        LanczosUpscaler, "capabilities", replace(LanczosUpscaler.capabilities, concurrency=8)
    )
    names = [f"fox{number:02}.png" for number in range(24)]
    draw(*names)
    done = imagine("upscale", *names, "--upscaler", "lanczos")
    told = done.err.splitlines()
    failed = sum("It is down." in line for line in told)
    assert (done.code, failed >= 3) == (4, True)
    assert told[-2:] == [
        f"{failed} pictures in a row failed, so nothing more was begun.",
        "24 pictures are left; the same command goes on with them.",
    ]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("a.png",), "Interrupted: the picture was being paid for (see `imagine cost`)."),
        (
            ("a.png", "b.png"),
            "Interrupted: 0 of 2 are finished; the same command goes on; 1 was being paid for (see "
            "`imagine cost`).",
        ),
    ],
)
def test_ctrl_c_tells_of_what_was_being_paid_for(
    imagine: Command,
    stability: Fake,
    monkeypatch: pytest.MonkeyPatch,
    names: tuple[str, ...],
    told: str,
) -> None:
    from imagine.stages.upscale.stability import StabilityUpscaler

    def interrupted(*_: Any, **__: Any) -> Enlarged:
        raise KeyboardInterrupt

    monkeypatch.setattr(StabilityUpscaler, "upscale", interrupted)
    monkeypatch.setattr("imagine.cli.upscale_work.AT_ONCE", 1)
    draw(*names)
    done = imagine("upscale", *names, *FAST)
    assert (done.code, done.err.splitlines()[-1]) == (130, told)
