"""The embedded upscalers: sizes, quality and repetition; what ships with them."""

import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from imagine.stages.image import Progress
from imagine.stages.upscale import UPSCALERS, Enlarged, Upscaler, UpscaleRequest, embedded, tiling
from imagine.stages.upscale.embedded import ArtUpscaler, PhotoUpscaler
from imagine.stages.upscale.ncnn_model import param_and_bin
from imagine.stages.upscale.onnx_file import read_onnx
from imagine.stages.upscale.onnx_layers import model_of_graph
from imagine.stages.upscale.raster import image_of, raster_of

ASSETS = Path(embedded.__file__).parent / "assets"
NETWORKS = ("art", "photo", "photo-noise0", "photo-noise1", "photo-noise2", "photo-noise3")


def drawing(side: int) -> Image.Image:
    """Circles and a cross, of lines a sixteenth as wide as the picture."""
    large = Image.new("RGB", (side * 4, side * 4), "white")
    draw = ImageDraw.Draw(large)
    line = side // 4
    for inset, color in ((side // 2, "navy"), (side, "crimson")):
        draw.ellipse((inset, inset, 4 * side - inset, 4 * side - inset), outline=color, width=line)
    draw.line((0, 0, 4 * side, 4 * side), fill="black", width=line)
    return large.resize((side, side), Image.Resampling.LANCZOS)


def enlarged(
    upscaler: Upscaler,
    picture: Image.Image,
    size: tuple[int, int],
    *,
    denoise: int | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> tuple[Enlarged, NDArray[np.int16]]:
    request = UpscaleRequest(*size, denoise=denoise)
    result = upscaler.upscale(raster_of(picture), request, on_progress=on_progress)
    return result, np.asarray(image_of(result.raster)).astype(np.int16)


def error(pixels: NDArray[np.int16], truth: Image.Image) -> float:
    """Mean square difference."""
    return float(((pixels - np.asarray(truth).astype(np.int16)) ** 2).mean())


@pytest.mark.parametrize(
    ("name", "factor", "model", "tile"),
    [("photo", 2, "upconv_7_photo", 64), ("art", 4, "realesr-animevideov3", 96)],
)
def test_lines_are_nearer_to_the_truth_than_by_lanczos(
    name: str, factor: int, model: str, tile: int
) -> None:
    small, truth = drawing(64), drawing(64 * factor)
    result, pixels = enlarged(UPSCALERS.create(name), small, truth.size)
    assert (result.model, result.parameters) == (model, (("tile", tile),))
    plain = small.resize(truth.size, Image.Resampling.LANCZOS)
    assert error(pixels, truth) < 0.8 * error(np.asarray(plain).astype(np.int16), truth)


@pytest.mark.parametrize("upscaler", [PhotoUpscaler(), ArtUpscaler()], ids=["photo", "art"])
@pytest.mark.parametrize(
    ("size", "wanted"), [((1, 1), (8, 8)), ((1, 30), (5, 150)), ((40, 3), (81, 6))]
)
def test_any_size_becomes_any_larger_one(
    upscaler: Upscaler, size: tuple[int, int], wanted: tuple[int, int]
) -> None:
    picture = Image.new("RGB", size, (10, 200, 90))
    _, pixels = enlarged(upscaler, picture, wanted)
    assert pixels.shape == (wanted[1], wanted[0], 3)
    assert np.abs(pixels - (10, 200, 90)).max() <= 2


@pytest.mark.parametrize("upscaler", [PhotoUpscaler(), ArtUpscaler()], ids=["photo", "art"])
@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (128, 128, 128), (200, 120, 60)])
def test_flat_colours_stay(upscaler: Upscaler, color: tuple[int, int, int]) -> None:
    _, pixels = enlarged(upscaler, Image.new("RGB", (40, 40), color), (160, 160))
    assert np.abs(pixels - color).max() <= 1


def test_art_does_not_bring_back_what_jpeg_did_to_a_drawing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = io.BytesIO()
    drawing(64).save(file, "JPEG", quality=30)
    dirty, truth = Image.open(file).convert("RGB"), drawing(256)
    _, corrected = enlarged(ArtUpscaler(), dirty, truth.size)
    monkeypatch.setattr(embedded, "TrueColours", lambda network, *, radius: network)
    _, plain = enlarged(ArtUpscaler(), dirty, truth.size)
    # 0.2 decibels.
    assert error(corrected, truth) < 10**0.02 * error(plain, truth)


@pytest.mark.parametrize("upscaler", [PhotoUpscaler(), ArtUpscaler()], ids=["photo", "art"])
def test_tiles_do_not_show(upscaler: Upscaler, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (150, 190, 3), np.uint8)
    picture = Image.fromarray(noise)
    factor = upscaler.capabilities.factors[0]
    size = picture.width * factor, picture.height * factor
    monkeypatch.setattr(embedded, f"_{upscaler.name.upper()}_TILE", 48)
    _, tiled = enlarged(upscaler, picture, size)
    monkeypatch.setattr(embedded, f"_{upscaler.name.upper()}_TILE", 1000)
    _, whole = enlarged(upscaler, picture, size)
    assert np.abs(tiled - whole).max() <= 1


def test_a_second_time_gives_the_same_bits() -> None:
    picture = drawing(48)
    _, first = enlarged(ArtUpscaler(), picture, (192, 192))
    _, second = enlarged(ArtUpscaler(), picture, (192, 192))
    np.testing.assert_array_equal(first, second)


def test_no_more_tiles_of_art_are_at_work_than_half_a_gigabyte_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads = []

    def counted(*rest: Any, **options: Any) -> Any:
        threads.append(options["threads"])
        return tiling.enlarged(*rest, **options)

    monkeypatch.setattr(embedded, "enlarged", counted)
    for processors in (2, 64):
        monkeypatch.setattr(embedded, "processors", lambda number=processors: number)
        enlarged(ArtUpscaler(), drawing(16), (64, 64))
    assert threads == [2, 5]


def test_more_denoising_removes_more_noise() -> None:
    gray = np.random.default_rng(2).normal(128, 12, (64, 64, 3)).clip(0, 255).astype(np.uint8)
    upscaler = PhotoUpscaler()
    left = []
    for denoise in (None, 0, 1, 2, 3):
        result, pixels = enlarged(upscaler, Image.fromarray(gray), (128, 128), denoise=denoise)
        left.append(float(pixels.std()))
        noise = "" if denoise is None else f" noise{denoise}"
        assert result.model == f"upconv_7_photo{noise}"
    plain, least, *more = left
    assert plain > least
    assert [plain, *more] == sorted([plain, *more], reverse=True)
    assert more[-1] < 0.5 * plain


def test_noise_is_removed_in_the_first_pass_only() -> None:
    picture, upscaler = drawing(32), PhotoUpscaler()
    _, once = enlarged(upscaler, picture, (64, 64), denoise=3)
    again = Image.fromarray(once.astype(np.uint8))
    _, expected = enlarged(upscaler, again, (128, 128))
    told: list[Progress] = []
    _, pixels = enlarged(upscaler, picture, (128, 128), denoise=3, on_progress=told.append)
    np.testing.assert_array_equal(pixels, expected)
    assert told == [Progress(1, 2, "tile"), Progress(2, 2, "tile")]


def test_a_second_pass_begins_with_no_more_than_it_needs() -> None:
    told: list[Progress] = []
    size = 3 * 50, 3 * 35
    picture = drawing(50).crop((0, 0, 50, 35))
    _, pixels = enlarged(PhotoUpscaler(), picture, size, denoise=0, on_progress=told.append)
    assert pixels.shape == (105, 150, 3)
    assert [event.step for event in told] == list(range(1, told[0].total + 1))
    # One tile of 50x35, then 75x53 in two: 100x70 would be four.
    assert told[0].total == 3


@pytest.mark.parametrize("name", NETWORKS)
def test_the_weights_are_the_sources_to_the_bit(name: str) -> None:
    graph = read_onnx(ASSETS / f"{name}.onnx")
    _, weights = param_and_bin(model_of_graph(graph, name=name))
    assert hashlib.sha256(weights).hexdigest() == graph.metadata["sha256"]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_says_what_it_is_and_is_small(name: str) -> None:
    path = ASSETS / f"{name}.onnx"
    graph = read_onnx(path)
    assert path.stat().st_size < 1.3e6
    assert graph.inputs[0].shape == graph.outputs[0].shape == (1, 3, None, None)
    expected = ("4", "18", "BSD-3-Clause") if name == "art" else ("2", "7", "MIT")
    assert tuple(graph.metadata[key] for key in ("factor", "halo", "licence")) == expected


def test_sources_and_licences_are_there_for_all() -> None:
    sources = (ASSETS / "SOURCE.txt").read_text(encoding="utf-8")
    packed = dict(re.findall(r"^  (\S+\.onnx): sha256 (\w{64})$", sources, re.MULTILINE))
    assert packed == {
        f"{name}.onnx": hashlib.sha256((ASSETS / f"{name}.onnx").read_bytes()).hexdigest()
        for name in NETWORKS
    }
    assert sorted(path.name for path in ASSETS.iterdir()) == sorted(
        [*packed, "SOURCE.txt", *LICENCES]
    )


LICENCES = {
    "LICENSE-real-esrgan.txt": "Copyright (c) 2021, Xintao Wang",
    "LICENSE-waifu2x.txt": "Copyright (C) 2015 nagadomi <nagadomi@nurs.or.jp>",
    "LICENSE-waifu2x-ncnn-vulkan.txt": "Copyright (c) 2019 nihui",
}


@pytest.mark.parametrize("name", LICENCES)
def test_a_licence_names_its_holder_and_is_whole(name: str) -> None:
    text = (ASSETS / name).read_text(encoding="utf-8")
    assert LICENCES[name] in text
    assert "WITHOUT WARRANTY OF ANY KIND" in text or "ANY EXPRESS OR IMPLIED WARRANTIES" in text
