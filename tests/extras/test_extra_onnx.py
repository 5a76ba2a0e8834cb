"""Users' ONNX models that only onnxruntime can run; needs imagine-cli[onnx]."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import enlarging_onnx
from onnx_bytes import Node, node, onnx_bytes
from rasters import difference, noise, pixels_of, raster_from

onnxruntime = pytest.importorskip("onnxruntime")

from imagine.stages.errors import LocalBackendError  # noqa: E402
from imagine.stages.upscale import UpscaleRequest  # noqa: E402
from imagine.stages.upscale.ncnn_network import NcnnNetwork  # noqa: E402
from imagine.stages.upscale.onnx_file import graph_of  # noqa: E402
from imagine.stages.upscale.onnx_layers import model_of_graph  # noqa: E402
from imagine.stages.upscale.user_model import ModelUpscaler  # noqa: E402


def _whole(data: bytes, pixels: Any) -> Any:
    """The picture through onnxruntime in one piece, (rows, columns, 3) of 0 to 255."""
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    kind = np.float16 if entry.type == "tensor(float16)" else np.float32
    planes = (pixels.transpose(2, 0, 1)[None] / 255).astype(kind)
    if entry.shape[1] == 1:
        parts = [session.run(None, {"x": planes[:, [index]]})[0] for index in range(3)]
        return np.concatenate(parts, axis=1)[0].transpose(1, 2, 0)
    return session.run(None, {"x": planes})[0][0].transpose(1, 2, 0)


def _upscaled(path: Path, pixels: Any) -> tuple[ModelUpscaler, Any, dict[str, Any]]:
    upscaler = ModelUpscaler(model=str(path))
    factor = upscaler.capabilities.factors[0]
    height, width = pixels.shape[:2]
    request = UpscaleRequest(width=width * factor, height=height * factor)
    made = upscaler.upscale(raster_from(pixels), request, on_progress=lambda progress: None)
    return upscaler, pixels_of(made.raster), dict(made.parameters)


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "Erf"},
        {"activation": "Erf", "factor": 3},
        {"activation": "Erf", "kind": "float16"},
        {"activation": "Erf", "channels": 1},
        {"activation": "Softplus", "factor": 4, "shape": ("n", 3, "h", "w")},
    ],
    ids=str,
)
def test_a_model_that_ncnn_cannot_run_gives_the_same_in_tiles_as_whole(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(enlarging_onnx(**options))
    pixels = noise(150, 141)
    upscaler, ours, parameters = _upscaled(path, pixels)
    factor = options.get("factor", 2)
    assert upscaler.capabilities.factors == (factor,)
    assert parameters == {"tile": 128, "runtime": "onnxruntime", "weights": upscaler.weights()}
    whole = np.clip(_whole(path.read_bytes(), pixels) * 255 + 0.5, 0, 255).astype(np.uint8)
    # At the picture's borders its pixels are repeated outwards, and the model puts zeros there.
    inner = slice(4 * factor, -4 * factor)
    assert whole.std() > 10
    assert difference(ours[inner, inner], whole[inner, inner]) <= 1


@pytest.mark.parametrize("side", [32, 64, 200])
def test_a_model_of_one_size_is_run_in_tiles_of_that(tmp_path: Path, side: int) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(enlarging_onnx(activation="Erf", shape=(1, 3, side, side)))
    free = enlarging_onnx(activation="Erf")
    pixels = noise(150, 141)
    _, ours, parameters = _upscaled(path, pixels)
    assert parameters["tile"] == side - 2 * min(24, side // 8)
    assert parameters["runtime"] == "onnxruntime"
    whole = np.clip(_whole(free, pixels) * 255 + 0.5, 0, 255).astype(np.uint8)
    assert difference(ours[8:-8, 8:-8], whole[8:-8, 8:-8]) <= 1


def test_both_runtimes_agree() -> None:
    data = enlarging_onnx(activation="Sigmoid")
    tile = np.random.default_rng(2).random((3, 20, 24), np.float32)
    network = NcnnNetwork(model_of_graph(graph_of(data, name="m"), name="m"), halo=2)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    whole = session.run(None, {"x": tile[None]})[0][0]
    np.testing.assert_allclose(network.run(tile), whole[:, 4:-4, 4:-4], atol=1e-5)


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        (
            [node("Erf", ["x"], ["y"])],
            "The model '{0}' does not enlarge (it is a 1x model); use one of 2x or more.",
        ),
        (
            [node("GlobalAveragePool", ["x"], ["p"]), node("Erf", ["p"], ["y"])],
            "The model '{0}' does not enlarge by a whole number from 2 to 16; use another one.",
        ),
        (
            [node("Erf", ["x"], ["e"]), node("Flatten", ["e"], ["y"])],
            "The model '{0}' makes 27648 of a square of 96, no picture; use another one.",
        ),
    ],
)
def test_a_model_that_is_no_upscaler_is_refused(
    tmp_path: Path, nodes: list[Node], reason: str
) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(onnx_bytes(nodes))
    with pytest.raises(LocalBackendError) as caught:
        _ = ModelUpscaler(model=str(path)).capabilities
    assert str(caught.value) == reason.replace("{0}", str(path))


def test_what_onnxruntime_does_not_know_either_is_told_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(onnx_bytes([node("Imagined", ["x"], ["y"])]))
    with pytest.raises(LocalBackendError) as caught:
        _ = ModelUpscaler(model=str(path)).capabilities
    message = str(caught.value)
    assert message.startswith(f"The model '{path}' cannot be loaded by onnxruntime: ")
    assert "Imagined" in message
    assert message.endswith("; use another one.")
    assert "\n" not in message


SHAPES: list[tuple[tuple[int | str, ...], str, str]] = [
    (
        (1, 3),
        "float32",
        "does not take a picture of (1, channels, rows, columns); use another one.",
    ),
    (
        (2, 3, "h", "w"),
        "float32",
        "does not take a picture of (1, channels, rows, columns); use another one.",
    ),
    ((1, 4, "h", "w"), "float32", "takes pictures of 4 channels; use one of RGB or grey."),
    (
        (1, 3, 64, 48),
        "float32",
        "takes pictures of 48x64 only; use one that takes any size, or squares of 32 or more.",
    ),
    (
        (1, 3, 16, 16),
        "float32",
        "takes pictures of 16x16 only; use one that takes any size, or squares of 32 or more.",
    ),
    (
        (1, 3, "h", "w"),
        "int64",
        "does not take one picture of floating-point numbers and give one; use another one.",
    ),
]


@pytest.mark.parametrize(("shape", "kind", "reason"), SHAPES)
def test_a_model_of_other_pictures_is_refused(
    tmp_path: Path, shape: tuple[int | str, ...], kind: str, reason: str
) -> None:
    path = tmp_path / "m.onnx"
    operation = "Erf" if kind == "float32" else "Sign"
    path.write_bytes(onnx_bytes([node(operation, ["x"], ["y"])], shape=shape, kind=kind))
    with pytest.raises(LocalBackendError) as caught:
        _ = ModelUpscaler(model=str(path)).capabilities
    assert str(caught.value) == f"The model '{path}' {reason}"


def test_a_model_with_its_weights_in_another_file_runs_in_onnxruntime(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    whole = onnx.load_from_string(enlarging_onnx(activation="Relu"))
    path = tmp_path / "m.onnx"
    onnx.save(whole, path, save_as_external_data=True, location="m.onnx.data", size_threshold=0)
    assert (tmp_path / "m.onnx.data").stat().st_size > 1000
    _, ours, parameters = _upscaled(path, noise(40, 40))
    assert parameters["runtime"] == "onnxruntime"
    (tmp_path / "one.onnx").write_bytes(enlarging_onnx(activation="Relu"))
    _, same, parameters = _upscaled(tmp_path / "one.onnx", noise(40, 40))
    assert parameters["runtime"] == "ncnn"
    assert difference(ours[8:-8, 8:-8], same[8:-8, 8:-8]) <= 1
