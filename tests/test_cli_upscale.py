"""`imagine upscale`: pictures in; larger ones beside them, their paths, and no work done twice."""

import gc
import io
import json
import os
import re
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import Command, Done
from PIL import Image

from imagine.cli.console import Console
from imagine.cli.upscale_report import Report
from imagine.stages.errors import LocalBackendError, SaveError, UsageError
from imagine.stages.image import Progress
from imagine.stages.metadata import read_recipe
from imagine.stages.upscale import Enlarged
from imagine.stages.upscale.plain import LanczosUpscaler
from imagine.stages.upscale.record import read_upscales

PLAIN = ("--upscaler", "lanczos")


def draw(name: str, size: tuple[int, int] = (12, 8), mode: str = "RGB") -> Path:
    """A picture in the working directory."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.linear_gradient("L").resize(size).convert(mode).save(path)
    return path


def size_of(path: str) -> tuple[int, int]:
    with Image.open(path) as picture:
        picture.load()
        return picture.size


def stamp(path: str) -> tuple[int, int]:
    """What changes when a file is made anew."""
    status = Path(path).stat()
    return status.st_ino, status.st_mtime_ns


def found_here() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("options", "path", "size"),
    [
        ((), "corgi-2x.png", (24, 16)),
        (("-s", "4"), "corgi-4x.png", (48, 32)),
        (("--to", "6x6"), "corgi-6x6.png", (6, 6)),
        (("--scale", "3"), "corgi-3x.png", (36, 24)),
        (("--scale", "8"), "corgi-8x.png", (96, 64)),
        (("--to", "40x40"), "corgi-40x40.png", (40, 40)),
        (("--long-edge", "30"), "corgi-30x20.png", (30, 20)),
        (("-o", "out"), "out/corgi-2x.png", (24, 16)),
        (("-o", "out.dir/"), "out.dir/corgi-2x.png", (24, 16)),
        (("-o", "big.webp"), "big.webp", (24, 16)),
        (("--format", "jpg"), "corgi-2x.jpg", (24, 16)),
    ],
    ids=lambda value: " ".join(value) if value and isinstance(value[0], str) else "",
)
def test_a_picture_is_enlarged_and_its_path_printed(
    imagine: Command, options: tuple[str, ...], path: str, size: tuple[int, int]
) -> None:
    draw("corgi.png")
    done = imagine("upscale", "corgi.png", *PLAIN, *options)
    told = f"12x8 to {size[0]}x{size[1]}, upscaler lanczos.\n"
    assert (done.code, done.out, done.err) == (0, f"{path}\n", told)
    assert size_of(path) == size
    assert found_here() == sorted(["corgi.png", path])


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("a.jpeg", "a-2x.jpeg"),
        ("a.JPG", "a-2x.JPG"),
        ("a.webp", "a-2x.webp"),
        ("a.bmp", "a-2x.png"),
        ("a.tiff", "a-2x.png"),
        ("a.b.png", "a.b-2x.png"),
    ],
)
def test_the_result_has_the_format_of_its_picture_where_that_is_written(
    imagine: Command, source: str, result: str
) -> None:
    draw(source)
    assert imagine("upscale", source, *PLAIN).lines == [result]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "L", "P", "1", "I;16"])
def test_pictures_of_every_kind_are_enlarged(imagine: Command, mode: str) -> None:
    draw("a.png", (16, 16), mode)
    assert imagine("upscale", "a.png").lines == ["a-2x.png"]
    with Image.open("a-2x.png") as result:
        kept = {"P": "RGB", "1": "L"}.get(mode, mode)
        assert (result.mode, result.size) == (kept, (32, 32))


def test_the_default_quality_is_a_setting_and_none_of_png(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw("a.jpg", (64, 64))
    draw("b.png")
    done = imagine("upscale", "a.jpg", "b.png", *PLAIN, "--quality", "10")
    assert done.code == 0
    assert "PNG is lossless: --quality is for the other formats alone.\n" in done.err
    monkeypatch.setenv("IMAGINE_QUALITY", "10")
    again = imagine("upscale", "a.jpg", *PLAIN, "-o", "again.jpg")
    assert "lossless" not in again.err
    assert Path("again.jpg").read_bytes() == Path("a-2x.jpg").read_bytes()


def test_what_a_file_is_decides_and_not_its_name(imagine: Command) -> None:
    draw("a.jpg").rename("a.png")
    assert imagine("upscale", "a.png", *PLAIN).lines == ["a-2x.jpg"]


def test_directories_keep_their_order_within_output(imagine: Command) -> None:
    draw("pics/a.png")
    draw("pics/deep/a.png")
    done = imagine("upscale", "pics", "--recursive", "-o", "pics/big", *PLAIN)
    assert done.lines == ["pics/big/a-2x.png", "pics/big/deep/a-2x.png"]
    again = imagine("upscale", "pics", "--recursive", "-o", "pics/big", *PLAIN)
    assert again.lines == done.lines
    assert again.err == "2 pictures were finished before; --force makes them anew.\n"


def test_pictures_of_one_name_get_numbers_and_keep_them(imagine: Command) -> None:
    draw("a/x.png")
    draw("b/x.png", (10, 10))
    draw("x.jpg", (14, 14))
    words = ("upscale", "a/x.png", "b/x.png", "x.jpg", "-o", "out", "--format", "png", *PLAIN)
    for options in ((), ("--overwrite",), ()):
        done = imagine(*words, *options)
        assert done.lines == ["out/x-2x.png", "out/x-2x-2.png", "out/x-2x-3.png"]
        assert [size_of(path) for path in done.lines] == [(24, 16), (20, 20), (28, 28)]
    assert imagine("upscale", "x.jpg", "-o", "out", "--format", "png", *PLAIN).lines == [
        "out/x-2x-3.png"
    ]


def test_no_result_replaces_another_picture_of_the_run(imagine: Command) -> None:
    draw("a.png")
    draw("a-2x.png", (10, 10))
    words = ("upscale", "a.png", "a-2x.png", *PLAIN, "--overwrite")
    for _ in range(2):
        done = imagine(*words)
        assert (done.code, done.lines) == (0, ["a-2x-2.png", "a-2x-2x.png"])
        assert [size_of(path) for path in done.lines] == [(24, 16), (20, 20)]
    assert size_of("a-2x.png") == (10, 10)


def test_names_that_differ_in_case_alone_are_no_surprise_elsewhere(imagine: Command) -> None:
    draw("a.png")
    if Path("A.png").exists():
        pytest.skip("this file system ignores case")
    draw("A.png", (10, 10))
    done = imagine("upscale", "a.png", "A.png", "-o", "out", *PLAIN)
    assert done.lines == ["out/a-2x.png", "out/A-2x-2.png"]
    assert imagine("upscale", "A.png", "-o", "out", *PLAIN).lines == ["out/A-2x-2.png"]


class TestGoingOn:
    """A second run of the same command."""

    def test_what_is_finished_is_not_made_again(self, imagine: Command) -> None:
        draw("a.png")
        draw("b.png")
        first = imagine("upscale", "a.png", *PLAIN)
        before = stamp("a-2x.png")
        done = imagine("upscale", "a.png", "b.png", *PLAIN)
        assert first.lines == ["a-2x.png"]
        assert (done.code, done.lines) == (0, ["a-2x.png", "b-2x.png"])
        assert done.err == (
            "Upscaler lanczos.\n1 picture was finished before; --force makes it anew.\n"
        )
        assert stamp("a-2x.png") == before

    @pytest.mark.parametrize(
        "other",
        [
            ("--upscaler", "nearest"),
            (*PLAIN, "--sharpen", "0.5"),
            (*PLAIN, "-o", "elsewhere"),
        ],
    )
    def test_another_wish_is_another_result(self, imagine: Command, other: tuple[str, ...]) -> None:
        draw("a.png")
        imagine("upscale", "a.png", *PLAIN)
        before = stamp("a-2x.png")
        done = imagine("upscale", "a.png", *other)
        assert done.lines == ["elsewhere/a-2x.png" if "-o" in other else "a-2x-2.png"]
        assert stamp("a-2x.png") == before
        again = stamp(done.lines[0])
        assert imagine("upscale", "a.png", *other).lines == done.lines
        assert stamp(done.lines[0]) == again

    def test_a_picture_that_changed_is_enlarged_beside_the_old_result(
        self, imagine: Command
    ) -> None:
        draw("a.png")
        imagine("upscale", "a.png", *PLAIN)
        draw("a.png", (10, 10))
        done = imagine("upscale", "a.png", *PLAIN)
        assert done.lines == ["a-2x-2.png"]
        assert size_of("a-2x-2.png") == (20, 20)

    def test_overwrite_replaces_what_is_something_else_and_nothing_that_is_finished(
        self, imagine: Command
    ) -> None:
        draw("a.png")
        draw("a-2x.png", (3, 3))
        done = imagine("upscale", "a.png", *PLAIN, "--overwrite")
        assert done.lines == ["a-2x.png"]
        assert size_of("a-2x.png") == (24, 16)
        before = stamp("a-2x.png")
        assert imagine("upscale", "a.png", *PLAIN, "--overwrite").lines == ["a-2x.png"]
        assert stamp("a-2x.png") == before

    def test_a_foreign_file_of_that_name_is_left_alone_and_the_number_found_again(
        self, imagine: Command
    ) -> None:
        draw("a.png")
        Path("a-2x.png").write_text("mine")
        assert imagine("upscale", "a.png", *PLAIN).lines == ["a-2x-2.png"]
        assert imagine("upscale", "a.png", *PLAIN).lines == ["a-2x-2.png"]
        assert Path("a-2x.png").read_text() == "mine"

    def test_force_makes_it_anew_in_its_place(self, imagine: Command) -> None:
        draw("a.png")
        Path("a-2x.png").write_text("mine")
        imagine("upscale", "a.png", *PLAIN)
        before = stamp("a-2x-2.png")
        done = imagine("upscale", "a.png", *PLAIN, "--force")
        assert done.lines == ["a-2x-2.png"]
        assert stamp("a-2x-2.png") != before
        assert found_here() == ["a-2x-2.png", "a-2x.png", "a.png"]

    def test_without_metadata_size_and_time_tell(self, imagine: Command) -> None:
        source = draw("a.png")
        words = ("upscale", "a.png", *PLAIN, "--no-metadata")
        assert imagine(*words).lines == ["a-2x.png"]
        assert read_upscales(Path("a-2x.png")) == ()
        before = stamp("a-2x.png")
        assert imagine(*words).err == (
            "1 picture was finished before; --force makes it anew.\n"
            "Without metadata only size and time tell that; a changed option is not seen.\n"
        )
        assert stamp("a-2x.png") == before
        source.touch()
        assert imagine(*words).lines == ["a-2x-2.png"]

    @pytest.mark.parametrize("metadata", ["--metadata", "--no-metadata"])
    def test_results_among_the_pictures_are_left_out(self, imagine: Command, metadata: str) -> None:
        draw("a.png")
        draw("b-2x.png")
        words = ("upscale", "*.png", *PLAIN, metadata)
        first = imagine(*words)
        assert first.lines == ["a-2x.png", "b-2x-2x.png"]
        done = imagine(*words)
        assert (done.code, sorted(done.lines)) == (0, sorted(first.lines))
        assert done.err.splitlines()[0] == (
            "2 results of earlier runs, such as 'a-2x.png', are left out; name one alone to "
            "enlarge it once more."
        )
        assert found_here() == ["a-2x.png", "a.png", "b-2x-2x.png", "b-2x.png"]

    def test_a_result_that_is_named_alone_or_without_its_picture_is_enlarged(
        self, imagine: Command
    ) -> None:
        draw("a.png")
        draw("b.png")
        imagine("upscale", "a.png", "b.png", "-o", "made", *PLAIN)
        assert imagine("upscale", "made/a-2x.png", *PLAIN).lines == ["made/a-2x-2x.png"]
        Path("made/a-2x-2x.png").unlink()
        assert imagine("upscale", "made", *PLAIN).lines == [
            "made/a-2x-2x.png",
            "made/b-2x-2x.png",
        ]


def test_json_has_an_object_for_each_picture(imagine: Command) -> None:
    draw("a.png")
    Path("b.png").write_bytes(b"no picture")
    done = imagine("upscale", "a.png", "b.png", *PLAIN, "--json")
    objects = {row["source"]: row for row in map(json.loads, done.lines)}
    failed, made = objects["b.png"], objects["a.png"]
    assert made | {"seconds": 0, "sha256": "", "bytes": 0} == {
        "ok": True,
        "source": "a.png",
        "path": "a-2x.png",
        "width": 24,
        "height": 16,
        "from_width": 12,
        "from_height": 8,
        "upscaler": "lanczos",
        "model": "lanczos",
        "seconds": 0,
        "sha256": "",
        "bytes": 0,
        "sidecar_path": None,
        "notes": [],
        "cost": None,
        "finished_before": False,
    }
    assert made["bytes"] == Path("a-2x.png").stat().st_size
    assert failed["ok"] is False
    assert failed["error"]["exit_code"] == 2
    again = imagine("upscale", "a.png", *PLAIN, "--json").json
    assert again == made | {"finished_before": True, "seconds": None}


class TestFailures:
    def test_one_picture_that_fails_does_not_stop_the_others(self, imagine: Command) -> None:
        draw("a.png")
        Path("b.png").write_bytes(b"")
        draw("c.png")
        done = imagine("upscale", "a.png", "b.png", "c.png", *PLAIN)
        assert (done.code, done.lines) == (8, ["a-2x.png", "c-2x.png"])
        assert done.err == (
            "Upscaler lanczos.\n"
            "Error: 'b.png' is empty; give a picture.\n"
            "Error: 1 of 3 pictures failed; the others are done.\n"
        )

    def test_the_only_picture_fails_with_its_own_code(self, imagine: Command) -> None:
        Path("b.png").write_bytes(b"")
        done = imagine("upscale", "b.png", *PLAIN)
        assert (done.code, done.out) == (2, "")
        assert done.err == "Error: 'b.png' is empty; give a picture.\n"

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
    def test_a_pipe_among_the_pictures_is_not_waited_for(self, imagine: Command) -> None:
        draw("a.png")
        imagine("upscale", "a.png", *PLAIN, "-o", "b.png")
        Path("a.png").unlink()
        os.mkfifo("pipe.png")
        done = imagine("upscale", "b.png", "pipe.png", *PLAIN)
        assert (done.code, done.lines) == (8, ["b-2x.png"])
        assert "'pipe.png' is a pipe, which cannot be read here" in done.err

    def test_a_damaged_picture_leaves_nothing_behind(self, imagine: Command) -> None:
        data = draw("a.png", (64, 64)).read_bytes()
        Path("a.png").write_bytes(data[: len(data) * 2 // 3])
        done = imagine("upscale", "a.png", *PLAIN)
        assert (done.code, done.out, found_here()) == (2, "", ["a.png"])
        assert done.err.count("\n") == 2
        assert "damaged or cut off" in done.err

    @pytest.mark.parametrize(
        ("cause", "stops"), [(OSError(28, "No space"), True), (OSError(13, "Denied"), False)]
    )
    def test_a_full_disk_stops_all_and_one_shut_place_does_not(
        self, imagine: Command, monkeypatch: pytest.MonkeyPatch, cause: OSError, stops: bool
    ) -> None:
        from imagine.stages.upscale import write

        save = write.save_enlarged

        def failing(*arguments: Any, target: Path, **options: Any) -> Any:
            if target.name == "b-2x.png":
                raise SaveError("The picture cannot be written.") from cause
            return save(*arguments, target=target, **options)

        monkeypatch.setattr(write, "save_enlarged", failing)
        for name in ("a.png", "b.png", "c.png"):
            draw(name)
        done = imagine("upscale", "a.png", "b.png", "c.png", *PLAIN)
        message = "Error: 'b.png': The picture cannot be written.\n"
        if stops:
            assert (done.code, done.lines) == (1, ["a-2x.png"])
            assert done.err.endswith(
                f"{message}2 pictures are left; the same command goes on with them.\n"
            )
        else:
            assert (done.code, done.lines) == (8, ["a-2x.png", "c-2x.png"])
            assert message in done.err

    def test_what_cannot_run_here_stops_all(
        self, imagine: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any, **__: Any) -> Enlarged:
            raise LocalBackendError("It cannot run here; install it.")

        monkeypatch.setattr(LanczosUpscaler, "upscale", fail)
        draw("a.png")
        draw("b.png")
        done = imagine("upscale", "a.png", "b.png", *PLAIN, "--json")
        assert done.code == 6
        assert done.json == {
            "ok": False,
            "source": "a.png",
            "error": {
                "type": "LocalBackendError",
                "message": "It cannot run here; install it.",
                "exit_code": 6,
            },
        }

    def test_the_picture_of_one_that_failed_is_let_go_of(
        self, imagine: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held: list[weakref.ref[Any]] = []

        def fail(_: LanczosUpscaler, raster: Any, request: Any, **__: Any) -> Enlarged:
            held.append(weakref.ref(raster.strips))
            raise UsageError("It is refused.")

        monkeypatch.setattr(LanczosUpscaler, "upscale", fail)
        conclude = Report.conclude
        left: list[int] = []

        def counted(report: Report, **options: Any) -> None:
            left.append(sum(ref() is not None for ref in held))
            conclude(report, **options)

        monkeypatch.setattr(Report, "conclude", counted)
        for name in ("a.png", "b.png", "c.png"):
            draw(name)
        gc.disable()
        try:
            assert imagine("upscale", "a.png", "b.png", "c.png", *PLAIN).code == 8
        finally:
            gc.enable()
        assert (len(held), left) == (3, [0])

    def test_an_interruption_ends_with_130_and_leaves_no_half_file(
        self, imagine: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upscale = LanczosUpscaler.upscale

        def interrupted(self: LanczosUpscaler, raster: Any, request: Any, **options: Any) -> Any:
            if raster.size == (10, 10):
                raise KeyboardInterrupt
            return upscale(self, raster, request, **options)

        monkeypatch.setattr(LanczosUpscaler, "upscale", interrupted)
        draw("a.png")
        draw("b.png", (10, 10))
        done = imagine("upscale", "a.png", "b.png", *PLAIN)
        assert (done.code, done.lines) == (130, ["a-2x.png"])
        assert done.err.endswith("\nInterrupted: 1 of 2 are finished; the same command goes on.\n")
        assert found_here() == ["a-2x.png", "a.png", "b.png"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--scale", "5"),
            "--scale 5 is none of 2, 3, 4, 8; choose one, or give the size with --to or "
            "--long-edge.",
        ),
        (
            ("--scale", "two"),
            "Invalid value for '--scale' / '-s': 'two' is no whole number; see `imagine upscale "
            "--help`.",
        ),
        (("--to", "0x0"), "--to 0x0 has a side of 0 pixels; give both from 1."),
        (
            ("--to", "big"),
            "The size 'big' is not WIDTHxHEIGHT, such as 1024x768; write it so.",
        ),
        (
            ("--scale", "2", "--to", "40x40"),
            "--scale 2 and --to 40x40 exclude each other; give one.",
        ),
        (("--long-edge", "0"), "--long-edge 0 is no length in pixels; give 1 or more."),
        (
            ("--upscaler", "lancos"),
            "There is no upscaler 'lancos'; did you mean 'lanczos'? (known: lanczos, nearest, "
            "photo, art, detail, model, diffusers, sdapi, localai, stability).",
        ),
        (
            ("--upscaler", "none"),
            "--upscaler none enlarges nothing; name one of `imagine backends`.",
        ),
        (
            ("--upscaler", "lanczos", "--denoise", "1"),
            "The upscaler lanczos does not remove noise; leave out --denoise or choose another "
            "--upscaler.",
        ),
        (("--sharpen", "3"), "--sharpen 3 is not from 0 to 2; 0.5 is a gentle amount."),
        (("--quality", "0"), "The quality 0 is not between 1 and 100; choose one that is."),
        (
            ("--format", "png", "--quality", "9"),
            "PNG is lossless and has no quality; leave --quality out, or choose --format jpg, "
            "webp or avif.",
        ),
        (
            ("--format", "gif"),
            "There is no format 'gif' (known: png, jpg, webp, avif).",
        ),
        (
            ("-o", "a.bmp"),
            "The output 'a.bmp' ends in .bmp, which is no picture format written here; choose "
            ".png, .jpg, .webp or .avif, or end it with / for a directory.",
        ),
        (("-o", "-"), "Pictures do not go to stdout; write ./- for a directory of that name."),
        (
            ("--size", "9x9"),
            "No such option: --size (Possible options: --quiet, --scale, --sidecar); here it is "
            "--to, see `imagine upscale --help`.",
        ),
        (
            ("--upscale", "2"),
            "No such option: --upscale (Possible options: --scale, --upscaler); here it is "
            "--scale, see `imagine upscale --help`.",
        ),
        (
            ("-o", "corgi.png"),
            "The result would replace its own source 'corgi.png'; give it another name.",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_option_is_one_line(
    imagine: Command, options: tuple[str, ...], message: str
) -> None:
    draw("corgi.png")
    done = imagine("upscale", "corgi.png", *options)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == f"Error: {message}"
    assert len(done.err.splitlines()) <= 2
    assert found_here() == ["corgi.png"]


@pytest.mark.parametrize(
    "name", [b"\xff\xfe.png", b"new\nline.png", b"x" * 251 + b".png", b".png", "日本.png".encode()]
)
def test_odd_names_are_names(imagine: Command, name: bytes) -> None:
    draw("a.png").rename(os.fsdecode(name))
    first = imagine("upscale", "-", *PLAIN, "--json", stdin=name + b"\0")
    assert first.code == 0, first.err
    again = imagine("upscale", "-", *PLAIN, "--json", stdin=name + b"\0")
    assert again.json["path"] == first.json["path"]
    assert again.json["finished_before"]
    assert len(os.listdir()) == 2  # noqa: PTH208  # of bytes that are no text, too


def test_one_file_for_several_pictures_is_refused(imagine: Command) -> None:
    draw("a.png")
    draw("b.png")
    done = imagine("upscale", "a.png", "b.png", "-o", "c.png", *PLAIN)
    assert (done.code, done.err) == (
        2,
        "Error: 2 pictures cannot all become 'c.png'; name a directory.\n",
    )


def test_without_words_it_says_how(imagine: Command) -> None:
    done = imagine("upscale")
    assert (done.code, done.err) == (
        2,
        "Error: There is no picture; name one, as in: imagine upscale photo.jpg.\n",
    )


@pytest.mark.parametrize("option", [("--long-edge", "12"), ("--to", "12x8")])
def test_a_picture_that_is_large_enough_is_left_out(
    imagine: Command, option: tuple[str, str]
) -> None:
    draw("a.png")
    draw("b.png", (4, 4))
    alone = imagine("upscale", "a.png", *option, *PLAIN)
    note = f"'a.png' is 12x8 already, nothing to enlarge for {' '.join(option)}; it is left out.\n"
    assert (alone.code, alone.out, alone.err) == (0, "", note)
    assert len(imagine("upscale", "a.png", "b.png", *option, *PLAIN).lines) == 1
    row = imagine("upscale", "a.png", *option, *PLAIN, "--json").json
    assert (row["ok"], row["path"], row["width"]) == (True, None, 12)


class TestDryRun:
    def test_it_says_what_would_be_made_and_writes_nothing(self, imagine: Command) -> None:
        draw("a.png")
        draw("b.png", (10, 10))
        done = imagine("upscale", "a.png", "b.png", "--to", "40x40", *PLAIN, "--dry-run")
        assert done.code == 0
        assert done.lines == [
            "a.png: 12x8 to 40x40 by lanczos, cropped from 60x40, a-40x40.png",
            "b.png: 10x10 to 40x40 by lanczos, b-40x40.png",
        ]
        assert done.err == "Upscaler lanczos.\nWould make 2 pictures. Nothing was written.\n"
        assert found_here() == ["a.png", "b.png"]

    def test_what_is_finished_is_told_as_such(self, imagine: Command) -> None:
        draw("a.png")
        imagine("upscale", "a.png", *PLAIN)
        done = imagine("upscale", "a.png", *PLAIN, "--dry-run")
        assert done.lines == ["a.png: finished before, a-2x.png"]

    def test_passes_of_a_network_are_told(self, imagine: Command) -> None:
        draw("a.png")
        done = imagine("upscale", "a.png", "--scale", "3", "--upscaler", "photo", "--dry-run")
        assert done.lines == ["a.png: 12x8 to 36x24 by photo, 2 passes of 2x, a-3x.png"]

    def test_json_says_the_same(self, imagine: Command) -> None:
        draw("a.png")
        done = imagine("upscale", "a.png", *PLAIN, "--dry-run", "--json").json
        assert (done["dry_run"], done["path"], done["passes"]) == (True, "a-2x.png", None)
        assert done["estimate"]["dollars"] == 0.0
        assert done["model"] is None or done["model"]

    def test_a_result_of_unusual_size_is_warned_of(self, imagine: Command) -> None:
        draw("a.png", (6000, 1500))
        done = imagine("upscale", "a.png", *PLAIN, "--scale", "8", "--dry-run")
        assert (
            "'a.png' becomes 48000x12000, 0.6 billion pixels in 1 pass: this takes long and much "
            "of the disk.\n"
        ) in done.err

    def test_every_picture_has_the_same_keys(self, imagine: Command) -> None:
        for name, side in (("a.png", 10), ("b.png", 12), ("c.png", 40)):
            draw(name, (side, side))
        words = ("--long-edge", "20", *PLAIN)
        imagine("upscale", "a.png", *words)
        done = imagine("upscale", "a.png", "b.png", "c.png", *words, "--dry-run", "--json")
        rows = [json.loads(line) for line in done.lines]
        assert [row["finished_before"] for row in rows] == [True, False, False]
        assert {tuple(sorted(row)) for row in rows} == {tuple(sorted(rows[0]))}
        assert all(row["dry_run"] for row in rows)

    def test_what_fails_cannot_be_enlarged(self, imagine: Command) -> None:
        draw("a.png")
        Path("b.png").write_bytes(b"")
        done = imagine("upscale", "a.png", "b.png", *PLAIN, "--dry-run")
        assert done.code == 8
        assert done.err.endswith("Error: 1 of 2 pictures cannot be enlarged.\n")


def test_progress_goes_over_pictures_and_their_tiles(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, str]] = []

    @contextmanager
    def progress(
        _: Console, stage: str, *, time_left: bool = False
    ) -> Iterator[Callable[[Progress], None]]:
        yield lambda step: seen.append((stage, f"{step.step}/{step.total} {step.label}"))

    monkeypatch.setattr(Console, "progress", progress)
    monkeypatch.setattr("imagine.cli.upscale.MANY", 2)
    draw("a.png")
    draw("b.png")
    imagine("upscale", "a.png", "b.png", "--upscaler", "art")
    assert seen[:2] == [("Looking", "1/2 a.png"), ("Looking", "2/2 b.png")]
    assert [stage for stage, _ in seen[2:]] == ["Upscaling 1/2", "Upscaling 2/2"]
    assert [told for _, told in seen[2:]] == ["1/1 tile, a.png", "1/1 tile, b.png"]


def test_a_bar_of_upscaling_tells_how_much_is_done_and_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr("sys.stderr", stderr)
    monkeypatch.setattr("imagine.cli.console.is_terminal", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with Console().progress("Upscaling", time_left=True) as bar:
        bar(Progress(1, 4, "tile, a.png"))
    told = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stderr.getvalue())
    assert " 25% 1/4 tile, a.png 0:00:00 left: " in told


class TestAuto:
    def test_an_unknown_picture_is_taken_for_a_photo(self, imagine: Command) -> None:
        draw("a.png")
        done = imagine("upscale", "a.png")
        assert (done.code, done.lines) == (0, ["a-2x.png"])
        assert done.err == (
            "12x8 to 24x16, upscaler photo (nothing is known of this picture; --upscaler art for "
            "drawings).\n"
        )
        assert read_upscales(Path("a-2x.png"))[-1].upscaler == "photo"

    def test_a_drawn_picture_gets_art_and_keeps_its_recipe(self, imagine: Command) -> None:
        drawn = imagine("a red fox", "--seed", "7", "--size", "96x64", "-o", "fox.png")
        assert drawn.code == 0
        done = imagine("upscale", "fox.png", "--scale", "4")
        assert done.err == "96x64 to 384x256, upscaler art (sketch draws cut-outs).\n"
        recipe = read_recipe(Path(done.lines[0]))
        assert recipe.source_prompt == "a red fox"
        assert [(step.upscaler, step.width) for step in recipe.upscales] == [("art", 384)]
        shown = imagine("show", done.lines[0]).out
        assert "enlarged     96x64 to 384x256 by art" in shown


def test_show_tells_how_a_foreign_picture_was_enlarged(imagine: Command) -> None:
    draw("a.png")
    imagine("upscale", "a.png", *PLAIN, "--sharpen", "0.5")
    assert imagine("show", "a-2x.png").out == ("enlarged: 12x8 to 24x16 by lanczos, sharpen 0.5\n")
    assert imagine("show", "a-2x.png", "--json").json["upscales"][0]["source_sha256"]


@pytest.mark.parametrize("metadata", ["--metadata", "--no-metadata"])
def test_the_record_beside_a_picture_is_shown_and_known_again(
    imagine: Command, metadata: str
) -> None:
    source = draw("a.png")
    words = ("upscale", "a.png", *PLAIN, "--sidecar", metadata)
    assert imagine(*words).lines == ["a-2x.png"]
    assert found_here() == ["a-2x.png", "a-2x.png.json", "a.png"]
    assert imagine("show", "a-2x.png").out == "enlarged: 12x8 to 24x16 by lanczos\n"
    before = stamp("a-2x.png")
    # What lies beside it says more than its time.
    source.touch()
    assert imagine(*words).lines == ["a-2x.png"]
    assert stamp("a-2x.png") == before
    assert imagine(*words, "--force").lines == ["a-2x.png"]
    assert found_here() == ["a-2x.png", "a-2x.png.json", "a.png"]


def test_backends_list_the_upscalers(imagine: Command) -> None:
    done = imagine("backends")
    lines = done.lines[done.lines.index("Upscalers (--upscaler)") + 1 :]
    assert lines[0] == "  lanczos      smooth resampling; no model, always there"
    photo = lines.index("  photo        waifu2x upconv_7_photo, embedded: true to the picture")
    assert lines[photo + 1] == "               2x in a pass; honours --denoise 0 to 3"
    assert any(line.endswith("default fast (not set up: STABILITY_API_KEY)") for line in lines)
    assert any(line.startswith(f"{'':15}not set up: The upscaler 'model' needs") for line in lines)
    rows = [json.loads(line) for line in imagine("backends", "photo", "--json").lines]
    assert [(row["kind"], row["name"], row["ready"]) for row in rows] == [
        ("upscaler", "photo", True)
    ]


def test_doctor_runs_the_embedded_networks(imagine: Command) -> None:
    done = imagine("doctor")
    line = next(line for line in done.lines if "upscalers" in line)
    assert line.startswith("ok")
    assert re.search(r"photo 2x takes about \d+ s for 1024x1024, art 4x takes about \d+ s", line)


def test_the_help_names_every_option(imagine: Command) -> None:
    done: Done = imagine("upscale", "--help")
    assert done.code == 0
    for option in ("--scale", "--to", "--long-edge", "--recursive", "--force", "--sharpen"):
        assert option in done.out
