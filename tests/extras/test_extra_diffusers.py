"""The upscaler `diffusers` with real pipelines of random weights; needs imagine-cli[diffusers]."""

import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from threading import Event
from typing import Any, cast

import numpy as np
import pytest
from rasters import noise, pixels_of, raster_from

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

# What these packages warn of among themselves is no concern of ours.
pytestmark = pytest.mark.filterwarnings("ignore")

from pipelines import save_latent, save_x4  # noqa: E402

from imagine.stages.errors import LocalBackendError, StoppedError  # noqa: E402
from imagine.stages.image import Progress  # noqa: E402
from imagine.stages.upscale import Enlarged, UpscaleRequest, diffusers  # noqa: E402
from imagine.stages.upscale.diffusers import DiffusersUpscaler  # noqa: E402


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("pipelines")
    return {"x4": save_x4(root / "x4"), "latent": save_latent(root / "latent")}


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffusers, "STEPS", {4: 2, 2: 2})


def _ignored(progress: Progress) -> None:
    pass


def _upscaled(
    upscaler: DiffusersUpscaler,
    pixels: Any,
    on_progress: Callable[[Progress], None] = _ignored,
    **options: Any,
) -> tuple[Enlarged, Any]:
    factor = upscaler.capabilities.factors[0]
    height, width = pixels.shape[:2]
    request = UpscaleRequest(width=width * factor, height=height * factor, **options)
    made = upscaler.upscale(raster_from(pixels), request, on_progress=on_progress)
    return made, pixels_of(made.raster)


@pytest.mark.parametrize(
    ("name", "factor", "denoise", "tile"), [("x4", 4, (0, 99), 240), ("latent", 2, None, 496)]
)
def test_a_folder_enlarges_by_its_factor_and_repeats_itself(
    folders: dict[str, Path], name: str, factor: int, denoise: tuple[int, int] | None, tile: int
) -> None:
    upscaler = DiffusersUpscaler(model=str(folders[name]))
    assert upscaler.model == name
    assert upscaler.capabilities.factors == (factor,)
    assert upscaler.capabilities.denoise == denoise
    pixels = noise(45, 33)
    steps: list[Progress] = []
    made, first = _upscaled(upscaler, pixels, steps.append, prompt="a fox", seed=3)
    assert first.shape == (33 * factor, 45 * factor, 3)
    assert steps == [Progress(1, 2, "step"), Progress(2, 2, "step")]
    assert made.parameters == (
        ("seed", 3),
        ("num_inference_steps", 2),
        ("guidance_scale", {4: 9.0, 2: 7.5}[factor]),
        ("tile", tile),
        ("device", "cpu"),
        ("weights", upscaler.weights()),
    )
    assert np.array_equal(_upscaled(upscaler, pixels, prompt="a fox", seed=3)[1], first)
    for other in ({"seed": 4}, {"seed": 3, "prompt": "an owl"}, {"seed": 3, "prompt": None}):
        changed = {"prompt": "a fox", "seed": 3} | other
        assert not np.array_equal(_upscaled(upscaler, pixels, **changed)[1], first), other
    avoiding = _upscaled(upscaler, pixels, prompt="a fox", negative_prompt="an owl", seed=3)[1]
    assert not np.array_equal(avoiding, first)


def test_denoise_is_the_noise_level(folders: dict[str, Path]) -> None:
    upscaler = DiffusersUpscaler(model=str(folders["x4"]))
    pixels = noise(20, 20)
    default, least, most = (
        _upscaled(upscaler, pixels, denoise=level)[1] for level in (None, 0, 99)
    )
    assert not np.array_equal(least, most)
    assert not np.array_equal(default, least)


def test_a_large_picture_goes_through_in_tiles(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diffusers, "SIDES", {4: 112, 2: 112})
    upscaler = DiffusersUpscaler(model=str(folders["x4"]))
    steps: list[Progress] = []
    _, pixels = _upscaled(upscaler, noise(150, 80), steps.append)
    assert pixels.shape == (320, 600, 3)
    assert steps == [Progress(done, 4, "step") for done in range(1, 5)]


def test_a_run_that_is_stopped_ends_at_the_next_step(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diffusers, "STEPS", {4: 1000, 2: 1000})
    upscaler = DiffusersUpscaler(model=str(folders["x4"]))

    def interrupted(progress: Progress) -> None:
        if progress.step == 3:
            raise StoppedError("stopped")

    with pytest.raises(StoppedError):
        _upscaled(upscaler, noise(20, 20), interrupted)
    monkeypatch.setattr(diffusers, "STEPS", {4: 1, 2: 1})
    assert _upscaled(upscaler, noise(20, 20))[1].shape == (80, 80, 3)


def test_dropping_the_strips_ends_the_tile_under_way_at_its_next_step(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diffusers, "STEPS", {4: 2, 2: 2})
    monkeypatch.setattr(diffusers, "SIDES", {4: 112, 2: 112})
    upscaler = DiffusersUpscaler(model=str(folders["x4"]))
    drawing, dropped = Event(), Event()
    done: list[int] = []

    def told(progress: Progress) -> None:
        done.append(progress.step)
        if progress.step == 3:  # The first of the second tile.
            drawing.set()
            dropped.wait(60)

    stop = diffusers._Drawing.stop

    def stop_and_go_on(tile: diffusers._Drawing) -> None:
        stop(tile)
        dropped.set()

    monkeypatch.setattr(diffusers._Drawing, "stop", stop_and_go_on)

    request = UpscaleRequest(width=320, height=600)
    made = upscaler.upscale(raster_from(noise(80, 150)), request, on_progress=told)
    strips = made.raster.strips()
    next(strips)
    assert drawing.wait(60)
    cast("Generator[object]", strips).close()
    assert done == [1, 2, 3]


def test_a_component_that_cannot_be_loaded_is_told_in_a_line(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(folders["x4"], broken)
    (broken / "unet" / "config.json").write_text('{"_class_name": "UNet2DConditionModel"}')
    with pytest.raises(LocalBackendError) as caught:
        _upscaled(DiffusersUpscaler(model=str(broken)), noise(20, 20))
    start, end = f"The pipeline in '{broken}' cannot be loaded: ", "; download the folder again."
    assert str(caught.value).startswith(start)
    assert str(caught.value).endswith(end)
    assert "\n" not in str(caught.value)
