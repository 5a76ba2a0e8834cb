"""The upscaler `model`: users' files through the runtime that fits them."""

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import Array, compact, compact_tensors, enlarging_onnx, esrgan, esrgan_tensors
from networks import write_safetensors as write
from rasters import difference, noise, pixels_of, raster_from

from imagine.stages.errors import LocalBackendError
from imagine.stages.image import Progress
from imagine.stages.upscale import UPSCALERS, UpscaleRequest, model_file
from imagine.stages.upscale.layers import Layers
from imagine.stages.upscale.ncnn_model import param_and_bin
from imagine.stages.upscale.user_model import ModelUpscaler


def _upscaled(upscaler: ModelUpscaler, pixels: Any) -> tuple[Any, dict[str, Any], list[Progress]]:
    factor = upscaler.capabilities.factors[0]
    height, width = pixels.shape[:2]
    request = UpscaleRequest(width=width * factor, height=height * factor)
    seen: list[Progress] = []
    made = upscaler.upscale(raster_from(pixels), request, on_progress=seen.append)
    assert made.model == upscaler.model
    return pixels_of(made.raster), dict(made.parameters), seen


def _planes(pixels: Any) -> Array:
    planes: Array = (pixels.transpose(2, 0, 1) / 255).astype(np.float32)
    return planes


def _pixels(planes: Array) -> Any:
    return np.clip(planes.transpose(1, 2, 0) * 255 + 0.5, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("blocks", [1, 3], ids=["sees all it looks at", "looks further"])
def test_an_esrgan_in_tiles_gives_what_it_gives_for_the_whole(tmp_path: Path, blocks: int) -> None:
    tensors = esrgan_tensors(blocks=blocks)
    upscaler = ModelUpscaler(model="m", directory=write(tmp_path / "m.safetensors", tensors).parent)
    assert upscaler.capabilities.factors == (4,)
    assert upscaler.capabilities.trained
    pixels = noise(150, 50)
    ours, parameters, seen = _upscaled(upscaler, pixels)
    assert parameters == {"tile": 128, "runtime": "ncnn", "weights": upscaler.weights()}
    assert seen == [Progress(1, 2, "tile"), Progress(2, 2, "tile")]
    whole = _pixels(esrgan(_planes(pixels), tensors, blocks=blocks))
    assert whole.std() > 20
    # Beside the picture it sees zeros, and we repeat pixels.
    assert difference(ours[80:-80, 80:-80], whole[80:-80, 80:-80]) <= 1


@pytest.mark.parametrize("channels", [3, 1])
def test_a_compact_network_in_tiles_gives_what_it_gives_for_the_whole(
    tmp_path: Path, channels: int
) -> None:
    tensors = compact_tensors(channels=channels)
    upscaler = ModelUpscaler(model=str(write(tmp_path / "m.safetensors", tensors)))
    pixels = noise(150, 140)
    ours, parameters, seen = _upscaled(upscaler, pixels)
    assert parameters == {"tile": 128, "runtime": "ncnn", "weights": upscaler.weights()}
    assert len(seen) == 4
    parts = [_planes(pixels)] if channels == 3 else list(_planes(pixels)[:, None])
    whole = _pixels(np.concatenate([compact(part, tensors) for part in parts]))
    assert difference(ours[8:-8, 8:-8], whole[8:-8, 8:-8]) <= 1


def test_param_and_bin_run_as_they_are(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    layers = Layers()
    weight = random.normal(0, 0.2, (12, 3, 3, 3)).astype(np.float32)
    layers.shuffled(layers.convolution(layers.input, weight, np.full(12, 0.5, np.float32)), 2)
    text, data = param_and_bin(layers.model())
    (tmp_path / "m.param").write_text(text)
    (tmp_path / "m.bin").write_bytes(data)
    pixels = noise(20, 10)
    upscaler = ModelUpscaler(model=str(tmp_path / "m.bin"))
    ours, parameters, _ = _upscaled(upscaler, pixels)
    assert ours.shape == (20, 40, 3)
    assert parameters == {"tile": 128, "runtime": "ncnn", "weights": upscaler.weights()}
    assert ours.std() > 10


def test_an_onnx_file_of_known_operations_needs_no_onnxruntime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    (tmp_path / "m.onnx").write_bytes(enlarging_onnx(activation="Relu", factor=3))
    upscaler = UPSCALERS.create("model", model=str(tmp_path / "m.onnx"))
    assert upscaler.capabilities.factors == (3,)


def test_a_file_is_loaded_once(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", compact_tensors())
    upscaler = ModelUpscaler(model=str(path))
    first = _upscaled(upscaler, noise(9, 9))[0]
    path.unlink()
    assert np.array_equal(_upscaled(upscaler, noise(9, 9))[0], first)


def test_equal_input_gives_equal_bits(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", esrgan_tensors(blocks=1))
    results = [_upscaled(ModelUpscaler(model=str(path)), noise(140, 30))[0] for _ in range(2)]
    assert np.array_equal(*results)


def test_files_of_one_name_are_told_apart_by_their_weights(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", compact_tensors())
    first = ModelUpscaler(model=str(path)).weights()
    assert first == hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    write(path, compact_tensors(features=5))
    assert ModelUpscaler(model=str(path)).weights() != first


def test_other_weights_beside_the_same_param_are_told_apart(tmp_path: Path) -> None:
    digests = []
    for data in (b"one", b"two"):
        (tmp_path / "m.param").write_text("7767517")
        (tmp_path / "m.bin").write_bytes(data)
        digests.append(ModelUpscaler(model=str(tmp_path / "m.param")).weights())
    assert len(set(digests)) == 2


def test_what_is_wrong_with_a_file_is_found_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "m.safetensors", compact_tensors(factor=1))
    upscaler = ModelUpscaler(model=str(path))
    found = []
    for _ in range(2):
        with pytest.raises(LocalBackendError) as caught:
            _ = upscaler.capabilities
        found.append(str(caught.value))
        monkeypatch.setattr(model_file, "model_network", None)
    assert found == [ONE.replace("PATH", str(path))] * 2


def _missing(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)


def _refused(path: Path) -> str:
    with pytest.raises(LocalBackendError) as caught:
        _ = ModelUpscaler(model=str(path)).capabilities
    return str(caught.value).replace(str(path), "PATH")


def test_another_architecture_needs_spandrel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "m.safetensors", {"x.weight": np.zeros((3, 3), np.float32)})
    _missing(monkeypatch, "torch", "spandrel")
    assert _refused(path) == (
        "The model 'PATH', which ncnn does not run here, needs the Python package 'torch', which "
        "is not installed; pip install 'imagine-cli[spandrel]'."
    )


def test_unknown_operations_need_onnxruntime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m.onnx").write_bytes(enlarging_onnx(activation="Erf"))
    _missing(monkeypatch, "onnxruntime")
    assert _refused(tmp_path / "m.onnx") == (
        "The model 'PATH' has the operation 'Erf', which only onnxruntime runs, and that is not "
        "installed; pip install 'imagine-cli[onnx]'."
    )


def test_a_damaged_onnx_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m.onnx").write_bytes(enlarging_onnx()[:-40])
    _missing(monkeypatch, "onnxruntime")
    message = _refused(tmp_path / "m.onnx")
    assert message.startswith("'PATH' is not an ONNX model that can be read: ")


ONE = "The model 'PATH' does not enlarge (it is a 1x model); use one of 2x or more."


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        (esrgan_tensors(unshuffle=4), ONE),
        (esrgan_tensors(doublings=0, names="old"), ONE),
        (compact_tensors(factor=1), ONE),
        (
            esrgan_tensors(channels=4),
            "The model 'PATH' takes pictures of 4 channels; use one of RGB or grey.",
        ),
    ],
)
def test_a_model_that_does_not_enlarge_colours_is_refused(
    tmp_path: Path, tensors: dict[str, Array], reason: str
) -> None:
    assert _refused(write(tmp_path / "m.safetensors", tensors)) == reason


def test_models_of_more_than_16_times_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", compact_tensors(factor=17))
    assert _refused(path) == "The model 'PATH' enlarges 17 times; use one of 16x or less."


@pytest.mark.parametrize(("factor", "tile"), [(4, 128), (8, 64), (16, 32)])
def test_what_comes_of_a_tile_is_no_larger_for_a_larger_factor(
    tmp_path: Path, factor: int, tile: int
) -> None:
    path = write(tmp_path / "m.safetensors", compact_tensors(factor=factor, convolutions=2))
    assert _upscaled(ModelUpscaler(model=str(path)), noise(9, 9))[1]["tile"] == tile


@pytest.mark.parametrize("suffix", [".param", ".bin"])
def test_a_file_that_is_too_large_to_be_read_is_refused(tmp_path: Path, suffix: str) -> None:
    for name in (".param", ".bin"):
        (tmp_path / f"m{name}").touch()
    path = (tmp_path / "m.param").with_suffix(suffix)
    with path.open("wb") as file:
        file.truncate(2**30 + 1)  # Of no blocks on the disk.
    assert _refused(path) == (
        "'PATH' has 1073741825 bytes, and a model may have 1073741824; choose a smaller one."
    )


def test_a_layer_that_does_not_fit_is_told_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "m.param").write_text(
        "7767517\n2 2\nInput in 0 1 in\nInterp up 1 1 in out 0=1 1=2.5 2=2.5\n"
    )
    (tmp_path / "m.bin").touch()
    assert _refused(tmp_path / "m.param").startswith("In 'PATH': The model")


def test_a_param_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.param").write_bytes(b"\xff\xfe\0binary")
    (tmp_path / "m.bin").write_bytes(b"")
    assert _refused(tmp_path / "m.param") == (
        "The model 'PATH' is no text; choose the .param file of a model."
    )
