"""Writing what was enlarged: every kind of pixels, whole or not at all, in little memory."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from inspect import GEN_CLOSED, GEN_SUSPENDED, getgeneratorstate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import picture
from PIL import Image

from imagine.stages import disk
from imagine.stages.errors import ConfigError, LocalBackendError, SaveError, UsageError
from imagine.stages.image import ImageFormat
from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.source import Source, open_source, opened
from imagine.stages.upscale.write import check_enlarged, save_enlarged

Array = NDArray[Any]
FORMATS: tuple[ImageFormat, ...] = ("png", "jpg", "webp", "avif")


def raster_of(pixels: Array, *, rows: int = 7) -> Raster:
    height, width, channels = pixels.shape

    def strips() -> Iterator[Array]:
        for top in range(0, height, rows):
            yield pixels[top : top + rows]

    return Raster(width, height, channels, pixels.itemsize * 8, strips)


def smooth(channels: int, *, deep: bool = False, size: tuple[int, int] = (60, 40)) -> Array:
    width, height = size
    ramp = np.add.outer(np.arange(height) * 3, np.arange(width) * 2)[..., None]
    pixels = ramp + np.arange(channels) * 10
    if channels in (2, 4):
        pixels[..., -1] = 255 - pixels[..., -1] % 200
    return (pixels * 257).astype(np.uint16) if deep else pixels.astype(np.uint8)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    path = tmp_path / "fox.png"
    path.write_bytes(picture("png"))
    return open_source(path)


def pixels_in(path: Path) -> Array:
    return np.concatenate(list(open_source(path).raster.strips()))


@pytest.mark.parametrize("deep", [True, False])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_png_has_every_sample(tmp_path: Path, source: Source, channels: int, deep: bool) -> None:
    pixels = smooth(channels, deep=deep)
    artifact = save_enlarged(
        raster_of(pixels), source, None, target=tmp_path / "large.png", format="png"
    )
    assert np.array_equal(pixels_in(artifact.path), pixels)
    data = artifact.path.read_bytes()
    assert (artifact.width, artifact.height, artifact.bytes) == (60, 40, len(data))
    assert artifact.sha256 == sha256(data).hexdigest()
    assert artifact.sidecar_path is None
    assert artifact.notes == ()


@pytest.mark.parametrize("deep", [True, False])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("format", ["jpg", "webp", "avif"])
def test_other_formats_show_the_same(
    tmp_path: Path, source: Source, format: ImageFormat, channels: int, deep: bool
) -> None:
    pixels = smooth(channels, deep=deep)
    artifact = save_enlarged(
        raster_of(pixels),
        source,
        None,
        target=tmp_path / f"large.{format}",
        format=format,
        quality=100,
    )
    shown = (pixels // 257 if deep else pixels).astype(float)
    if channels in (2, 4) and format == "jpg":
        alpha = shown[..., -1:] / 255
        shown = shown[..., :-1] * alpha + 255 * (1 - alpha)
    found = Image.open(artifact.path)
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[shown.shape[2]]
    got = np.asarray(found.convert(mode)).reshape(shown.shape).astype(float)
    assert np.abs(got - shown).mean() < 3
    notes = [f"The picture has 16 bits a sample, and {format} holds 8."] if deep else []
    if channels in (2, 4) and format == "jpg":
        notes.append("What is transparent is shown on white, as a JPEG has no transparency.")
    assert artifact.notes == tuple(notes)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1)])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("format", FORMATS)
def test_the_smallest_and_the_thinnest_are_written(
    tmp_path: Path, source: Source, format: ImageFormat, channels: int, size: tuple[int, int]
) -> None:
    raster = raster_of(smooth(channels, size=size))
    target = tmp_path / f"large.{format}"
    artifact = save_enlarged(raster, source, None, target=target, format=format)
    with opened(artifact.path) as made:
        assert made.size == size


def test_alpha_that_hides_nothing_is_left_out_of_a_jpeg_in_silence(
    tmp_path: Path, source: Source
) -> None:
    for channels, mode in ((2, "L"), (4, "RGB")):
        pixels = smooth(channels)
        pixels[..., -1] = 255
        artifact = save_enlarged(
            raster_of(pixels), source, None, target=tmp_path / "large.jpg", format="jpg"
        )
        assert artifact.notes == ()
        with Image.open(artifact.path) as made:
            assert made.mode == mode


def test_a_lower_quality_makes_a_smaller_file(tmp_path: Path, source: Source) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)

    def size(format: ImageFormat, quality: int | None) -> int:
        target = tmp_path / f"large.{format}"
        raster = raster_of(pixels)
        return save_enlarged(
            raster, source, None, target=target, format=format, quality=quality
        ).bytes

    for format, default in (("jpg", 92), ("webp", 90), ("avif", 80)):
        assert size(format, 20) < size(format, None) == size(format, default)  # type: ignore[arg-type]


def test_strips_of_any_height_make_the_same_file(tmp_path: Path, source: Source) -> None:
    pixels = smooth(3)
    for format in FORMATS:
        digests = {
            save_enlarged(
                raster_of(pixels, rows=rows),
                source,
                None,
                target=tmp_path / f"large.{format}",
                format=format,
            ).sha256
            for rows in (1, 7, 1000)
        }
        assert len(digests) == 1


def test_a_taken_name_gets_a_number_and_overwriting_replaces(
    tmp_path: Path, source: Source
) -> None:
    def name(overwrite: bool) -> str:
        raster = raster_of(smooth(3))
        target = tmp_path / "a/large.png"
        return save_enlarged(
            raster, source, None, target=target, format="png", overwrite=overwrite
        ).path.name

    assert [name(False), name(False), name(True)] == ["large.png", "large-2.png", "large.png"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["large-2.png", "large.png"]


def fails_with(error: BaseException) -> Callable[[], Iterator[Array]]:
    def strips() -> Iterator[Array]:
        yield smooth(3)[:10]
        raise error

    return strips


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "error", [LocalBackendError("no memory"), KeyboardInterrupt(), MemoryError()]
)
def test_a_fault_between_the_strips_leaves_nothing(
    tmp_path: Path, source: Source, format: ImageFormat, error: BaseException
) -> None:
    raster = replace(raster_of(smooth(3)), strips=fails_with(error))
    with pytest.raises(type(error)) as caught:
        save_enlarged(
            raster, source, None, target=tmp_path / f"a/large.{format}", format=format, sidecar=True
        )
    assert caught.value is error
    assert [path.name for path in tmp_path.iterdir()] == ["fox.png"]


def test_a_fault_of_the_system_is_a_save_error(
    tmp_path: Path, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", failing)
    target = tmp_path / "a/large.png"
    with pytest.raises(SaveError) as caught:
        save_enlarged(raster_of(smooth(3)), source, None, target=target, format="png")
    assert str(caught.value) == (
        f"The picture cannot be written to '{target}': the disk is full; "
        "free some space or choose another directory with --output."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["fox.png"]


def test_a_fault_while_writing_ends_what_computes_the_pixels(
    tmp_path: Path, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strips() -> Iterator[Array]:
        while True:
            yield np.zeros((500, 3000, 3), np.uint8)

    # Held here, it is not ended by being thrown away.
    made = strips()
    written = 0

    def failing(*_: object) -> None:
        nonlocal written
        written += 1
        if written == 3:
            assert getgeneratorstate(made) == GEN_SUSPENDED  # type: ignore[arg-type]
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk, "_write_all", failing)
    raster = Raster(3000, 10_000, 3, 8, lambda: made)
    with pytest.raises(SaveError):
        save_enlarged(raster, source, None, target=tmp_path / "a/large.png", format="png")
    assert getgeneratorstate(made) == GEN_CLOSED  # type: ignore[arg-type]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB; skips where none may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system needs more rights")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_is_full_in_the_middle_is_left_empty(tiny_disk: Path, source: Source) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (900, 900, 3)).astype(np.uint8)
    with pytest.raises(SaveError, match="the disk is full"):
        save_enlarged(
            raster_of(pixels), source, None, target=tiny_disk / "a/large.png", format="png"
        )
    assert list(tiny_disk.iterdir()) == []


@pytest.mark.parametrize(
    ("format", "size", "told"),
    [
        ("webp", (16_384, 10), "whose sides end at 16383 pixels; choose png or a smaller size."),
        ("jpg", (10, 65_501), "whose sides end at 65500 pixels; choose png or a smaller size."),
        ("avif", (32_769, 1), "whose sides end at 32768 pixels; choose png or a smaller size."),
        (
            "jpg",
            (20_000, 20_000),
            "which takes 178 million pixels here; choose png or a smaller size.",
        ),
        (
            "webp",
            (12_000, 12_000),
            "which takes 128 million pixels here; choose png or a smaller size.",
        ),
        (
            "avif",
            (8192, 8320),
            "which takes 68 million pixels here; choose png or a smaller size.",
        ),
    ],
)
def test_a_size_that_a_format_cannot_hold_is_refused_before_a_strip_is_read(
    tmp_path: Path, source: Source, format: ImageFormat, size: tuple[int, int], told: str
) -> None:
    def strips() -> Iterator[Array]:
        raise AssertionError("computed for nothing")

    width, height = size
    with pytest.raises(UsageError) as caught:
        save_enlarged(
            Raster(width, height, 3, 8, strips),
            source,
            None,
            target=tmp_path / f"large.{format}",
            format=format,
        )
    assert str(caught.value) == f"The size {width}x{height} is too large for {format}, {told}"


def test_a_png_may_be_larger_than_what_is_encoded_in_one_piece() -> None:
    check_enlarged("png", 100_000, 100_000)


def test_a_format_that_this_pillow_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import features

    monkeypatch.setattr(features, "check", lambda feature: False)
    with pytest.raises(ConfigError, match="The installed Pillow cannot write avif"):
        check_enlarged("avif", 10, 10)


LARGE = """
import resource, sys
from pathlib import Path
import numpy as np
from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.source import open_source
from imagine.stages.upscale.write import save_enlarged

source = open_source(Path(sys.argv[1]))
strip = (np.arange(64 * 12_000 * 3, dtype=np.uint32) // 97).astype(np.uint8).reshape(64, 12_000, 3)

def strips():
    for top in range(0, 12_000, 64):
        yield strip[: min(64, 12_000 - top)]

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

save_enlarged(Raster(64, 64, 3, 8, lambda: iter([strip[:, :64].copy()])), source, None,
              target=Path(sys.argv[2]) / "small.png", format="png")
before = peak()
save_enlarged(Raster(12_000, 12_000, 3, 8, strips), source, None,
              target=Path(sys.argv[2]) / "large.png", format="png")
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no way to ask for the peak")
def test_memory_stays_small_whatever_the_height(tmp_path: Path, source: Source) -> None:
    command = [sys.executable, "-c", LARGE, str(source.path), str(tmp_path)]
    unit = 1 if sys.platform == "darwin" else 1024
    grown = int(subprocess.check_output(command, text=True)) * unit
    # 432 MB of pixels.
    assert grown < 64 * 2**20
    with opened(tmp_path / "large.png") as made:
        assert made.size == (12_000, 12_000)
