"""`imagine upscale` a second time: what counts as the same request, and what is said if not."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import Command
from PIL import Image

from imagine.stages.upscale import Enlarged, UpscaleRequest
from imagine.stages.upscale.plain import LanczosUpscaler
from imagine.stages.upscale.record import read_upscales

PLAIN = ("--upscaler", "lanczos")


def draw(name: str, size: tuple[int, int] = (12, 8)) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Image.linear_gradient("L").resize(size).convert("RGB").save(name)


def size_of(name: str) -> tuple[int, int]:
    with Image.open(name) as picture:
        return picture.size


def test_another_quality_is_another_result(imagine: Command) -> None:
    draw("a.jpg")
    words = ("upscale", "a.jpg", *PLAIN)
    assert imagine(*words).lines == ["a-2x.jpg"]
    assert imagine(*words, "--quality", "30").lines == ["a-2x-2.jpg"]
    assert imagine(*words, "--quality", "92").lines == ["a-2x.jpg"]
    assert read_upscales(Path("a-2x-2.jpg"))[-1].parameters["quality"] == 30


def test_other_weights_under_the_same_name_are_another_request(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    upscale = LanczosUpscaler.upscale
    weights = "0123456789abcdef"

    def weighed(self: LanczosUpscaler, raster: Any, request: UpscaleRequest, **_: Any) -> Enlarged:
        made = upscale(self, raster, request, on_progress=lambda step: None)
        return Enlarged(made.raster, made.model, parameters=(("weights", weights),))

    monkeypatch.setattr(LanczosUpscaler, "upscale", weighed)
    monkeypatch.setattr(LanczosUpscaler, "weights", lambda self: weights, raising=False)
    draw("a.png")
    words = ("upscale", "a.png", *PLAIN)
    assert [imagine(*words).lines, imagine(*words).lines] == [["a-2x.png"]] * 2
    weights = "fedcba9876543210"
    assert imagine(*words).lines == ["a-2x-2.png"]


def test_a_name_that_is_taken_is_told_and_overwrite_means_that_name(imagine: Command) -> None:
    draw("astro.png")
    words = ("upscale", "astro.png", "-o", "big.jpg")
    assert imagine(*words, *PLAIN).lines == ["big.jpg"]
    done = imagine(*words, *PLAIN, "--scale", "4")
    assert done.lines == ["big-2.jpg"]
    assert done.err.endswith(
        "'big.jpg' exists and was made otherwise; saved as 'big-2.jpg' (--overwrite replaces it).\n"
    )
    assert imagine(*words, *PLAIN, "--scale", "4").lines == ["big-2.jpg"]
    assert imagine(*words, *PLAIN, "--scale", "4", "--overwrite").lines == ["big.jpg"]
    assert size_of("big.jpg") == (48, 32)


def test_without_metadata_only_the_file_that_is_named_counts(imagine: Command) -> None:
    draw("a.png")
    draw("out-2.png", (24, 16))
    Path("out.png").write_text("mine")
    done = imagine("upscale", "a.png", *PLAIN, "--no-metadata", "-o", "out.png")
    assert done.lines == ["out-3.png"]


def test_pictures_that_are_alike_have_a_result_each(imagine: Command) -> None:
    draw("a/x.png")
    draw("b/x.png")
    words = ("upscale", "a/x.png", "b/x.png", "-o", "out", *PLAIN)
    for _ in range(2):
        assert imagine(*words).lines == ["out/x-2x.png", "out/x-2x-2.png"]
    assert imagine(*words, "--force").lines == ["out/x-2x.png", "out/x-2x-2.png"]


def test_thousands_of_equal_names_are_looked_at_once_each(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imagine.cli import upscale_earlier

    names = [f"{number}/x.png" for number in range(20)]
    for number, name in enumerate(names):
        draw(name, (4 + number, 4))
    words = ("upscale", *names, "-o", "out", *PLAIN)
    assert imagine(*words).code == 0
    looks: list[Path] = []
    last = upscale_earlier.last_upscale

    def counted(path: Path) -> Any:
        looks.append(path)
        return last(path)

    monkeypatch.setattr(upscale_earlier, "last_upscale", counted)
    assert "20 pictures were finished before" in imagine(*words).err
    assert len(looks) == 20


def test_a_picture_is_shrunk_to_an_exact_size(imagine: Command) -> None:
    draw("a.png", (40, 20))
    draw("b.png", (4, 4))
    done = imagine("upscale", "a.png", "b.png", "--to", "10x10", *PLAIN)
    assert done.lines == ["a-10x10.png", "b-10x10.png"]
    assert [size_of(path) for path in done.lines] == [(10, 10), (10, 10)]
    assert imagine("upscale", "a.png", "b.png", "--to", "10x10", *PLAIN).err.startswith(
        "2 pictures were finished before"
    )


def test_pictures_that_are_left_out_are_counted(imagine: Command) -> None:
    for name, side in (("a", 30), ("b", 40), ("c", 10)):
        draw(f"{name}.png", (side, side))
    done = imagine("upscale", "a.png", "b.png", "c.png", "--long-edge", "20", *PLAIN)
    assert (done.code, done.lines) == (0, ["c-20x20.png"])
    assert done.err == (
        "Upscaler lanczos.\n2 of 3 were large enough for --long-edge 20 and were left out.\n"
    )


def test_what_two_runs_made_at_once_is_told_as_such(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw("a.png")
    assert imagine("upscale", "a.png", *PLAIN, "-o", "other.png").code == 0
    upscale = LanczosUpscaler.upscale

    def late(self: LanczosUpscaler, raster: Any, request: Any, **options: Any) -> Enlarged:
        Path("a-2x.png").write_bytes(Path("other.png").read_bytes())
        return upscale(self, raster, request, **options)

    monkeypatch.setattr(LanczosUpscaler, "upscale", late)
    done = imagine("upscale", "a.png", *PLAIN)
    assert done.lines == ["a-2x-2.png"]
    assert done.err.endswith(
        "'a-2x.png' exists and was made by another run meanwhile; saved as 'a-2x-2.png'.\n"
    )


@pytest.mark.skipif(not hasattr(os, "statvfs"), reason="this cannot be asked here")
def test_a_file_system_that_is_read_only_is_told_as_such(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw("a.png")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_flag=os.ST_RDONLY))
    done = imagine("upscale", "a.png", *PLAIN, "--dry-run")
    assert done.code == 1
    assert done.err.endswith(
        "Error: The picture cannot be written to '.': the file system is read-only; choose "
        "another directory with --output.\n"
    )


def test_a_dry_run_names_the_file_that_is_written(imagine: Command) -> None:
    draw("a.png")
    for name in ("r.png", "r-2.png"):
        Path(name).write_text("mine")
    words = ("upscale", "a.png", *PLAIN, "-o", "r.png")
    assert ", r-3.png" in imagine(*words, "--dry-run").out
    done = imagine(*words)
    assert done.lines == ["r-3.png"]
    assert "'r.png' exists and was made otherwise; saved as 'r-3.png' (--overwrite" in done.err


def test_a_sidecar_keeps_a_name_too(imagine: Command) -> None:
    draw("a.png")
    Path("a-2x.png.json").write_text("{}")
    words = ("upscale", "a.png", *PLAIN)
    assert ", a-2x-2.png" in imagine(*words, "--dry-run").out
    assert [imagine(*words).lines, imagine(*words).lines] == [["a-2x-2.png"]] * 2


def test_overwrite_is_not_promised_what_it_does_not_do(imagine: Command) -> None:
    draw("a.png")
    Path("a-2x.png").write_text("mine")
    done = imagine("upscale", "a.png", *PLAIN)
    assert done.err.endswith("'a-2x.png' exists and was made otherwise; saved as 'a-2x-2.png'.\n")


def test_without_metadata_a_file_that_is_named_is_replaced(imagine: Command) -> None:
    draw("a.png")
    words = ("upscale", "a.png", *PLAIN, "--no-metadata", "--overwrite", "-o", "out.png")
    for _ in range(2):
        done = imagine(*words)
        assert (done.lines, "finished before" in done.err) == (["out.png"], False)


def test_pictures_of_a_directory_that_do_not_grow_need_no_denoise(imagine: Command) -> None:
    draw("in/a.png", (40, 40))
    draw("in/b.png", (8, 8))
    words = ("upscale", "in", "--to", "16x16", "--denoise", "1", "--upscaler", "photo")
    done = imagine(*words)
    assert (done.code, done.lines) == (0, ["in/a-16x16.png", "in/b-16x16.png"])
    assert done.err.count("does nothing") == 1
    assert "'in/a.png': The picture does not grow, so --denoise does nothing.\n" in done.err
    assert [read_upscales(Path(path))[-1].denoise for path in done.lines] == [None, 1]
    assert "2 pictures were finished before" in imagine(*words).err
    assert imagine("upscale", "in/a.png", *words[2:]).code == 2


@pytest.mark.parametrize("option", [(), ("--no-metadata",)])
def test_json_names_what_shrank_a_picture(imagine: Command, option: tuple[str, ...]) -> None:
    draw("a.png", (40, 40))
    words = ("upscale", "a.png", "--to", "10x10", "--upscaler", "photo", "--json", *option)
    planned = imagine(*words, "--dry-run").json
    assert (planned["upscaler"], planned["model"]) == ("lanczos", None)
    for is_finished in (False, True):
        made = imagine(*words).json
        assert (made["upscaler"], made["model"]) == ("lanczos", "lanczos")
        assert made["finished_before"] is is_finished


def test_memory_that_a_png_does_not_find_is_no_reason_for_a_png(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(LanczosUpscaler, "upscale", full)
    draw("a.png")
    done = imagine("upscale", "a.png", *PLAIN)
    assert done.err.endswith(
        "Error: 'a.png' at 24x16 does not fit into memory; choose a smaller size.\n"
    )
    done = imagine("upscale", "a.png", *PLAIN, "--format", "webp")
    assert done.err.endswith("memory; choose --format png or a smaller size.\n")


@pytest.mark.parametrize("name", ["sdapi/", "photo/", "model/"])
def test_a_slash_without_a_model_is_refused(imagine: Command, name: str) -> None:
    draw("a.png")
    done = imagine("upscale", "a.png", "--upscaler", name)
    assert (done.code, done.err) == (
        2,
        f"Error: The upscaler '{name}' names no model after its '/'; add one.\n",
    )
