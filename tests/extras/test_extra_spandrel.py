"""Users' models against spandrel's own, and those only spandrel knows; needs
imagine-cli[spandrel]."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import compact_tensors, esrgan_tensors, write_safetensors
from rasters import difference, noise, pixels_of, raster_from

torch = pytest.importorskip("torch")
pytest.importorskip("spandrel")

pytestmark = pytest.mark.filterwarnings("ignore")

import spandrel  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from imagine.stages.errors import LocalBackendError, UsageError  # noqa: E402
from imagine.stages.upscale import UpscaleRequest, compact, esrgan  # noqa: E402
from imagine.stages.upscale.model_path import model_path  # noqa: E402
from imagine.stages.upscale.ncnn_network import NcnnNetwork  # noqa: E402
from imagine.stages.upscale.user_model import ModelUpscaler  # noqa: E402
from imagine.stages.weights import open_weights  # noqa: E402

CASES: list[dict[str, Any]] = [
    {"names": "old", "blocks": 2},
    {"names": "old", "blocks": 2, "doublings": 1},
    {"names": "old", "blocks": 2, "doublings": 3},
    {"names": "middle", "blocks": 3},
    {"names": "new", "blocks": 3, "growth": 32, "features": 64},
    {"names": "new", "blocks": 2, "unshuffle": 2, "growth": 32, "features": 64},
    {"compact": True, "factor": 2},
    {"compact": True, "factor": 4, "convolutions": 18, "features": 64},
    {"compact": True, "factor": 1, "convolutions": 6},
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_ncnn_computes_equals_spandrels(tmp_path: Path, case: dict[str, Any]) -> None:
    options = {"growth": 32} | case if "compact" not in case else dict(case)
    small = options.pop("compact", False)
    tensors = compact_tensors(**options) if small else esrgan_tensors(**options)
    path = write_safetensors(tmp_path / "m.safetensors", tensors)
    theirs = spandrel.ModelLoader(device="cpu").load_from_file(path).eval()
    assert theirs.architecture.id == ("Compact" if small else "ESRGAN")
    weights = open_weights(path)
    if small:
        compact_network = compact.recognised(weights.shapes())
        assert compact_network is not None
        assert (compact_network.factor, compact_network.channels) == (theirs.scale, 3)
        model = compact.compact_model(compact_network, weights)
    else:
        esrgan_network = esrgan.recognised(weights.shapes())
        assert esrgan_network is not None
        assert (esrgan_network.factor, esrgan_network.channels) == (theirs.scale, 3)
        model = esrgan.esrgan_model(esrgan_network, weights)
    tile = np.random.default_rng(4).random((3, 24, 32), np.float32)
    with torch.inference_mode():
        expected = theirs.model(torch.from_numpy(tile[None]))[0].numpy()
    ours = NcnnNetwork(model, halo=0).run(tile)
    assert expected.std() > 0.05
    np.testing.assert_allclose(ours, expected, atol=1e-4)


def _span(path: Path) -> Path:
    """A random network of an architecture that is spandrel's alone here."""
    torch.manual_seed(0)
    network = spandrel.architectures.SPAN.SPAN(
        num_in_ch=3, num_out_ch=3, feature_channels=16, upscale=2, norm=False
    )
    save_file(network.eval().state_dict(), path)
    return path


def test_another_architecture_runs_in_torch_in_tiles_as_whole(tmp_path: Path) -> None:
    path = _span(tmp_path / "span.safetensors")
    upscaler = ModelUpscaler(model=str(path))
    assert upscaler.capabilities.factors == (2,)
    pixels = noise(170, 140)
    request = UpscaleRequest(width=340, height=280)
    made = upscaler.upscale(raster_from(pixels), request, on_progress=lambda progress: None)
    assert made.model == "span.safetensors"
    assert dict(made.parameters) == {
        "tile": 128,
        "runtime": "torch",
        "weights": upscaler.weights(),
    }
    ours = pixels_of(made.raster)
    theirs = spandrel.ModelLoader(device="cpu").load_from_file(path)
    planes = torch.from_numpy((pixels.transpose(2, 0, 1)[None] / 255).astype(np.float32))
    whole = (theirs(planes)[0].numpy().transpose(1, 2, 0) * 255 + 0.5).astype(np.uint8)
    # It looks 20 pixels far, and at the picture's borders it sees zeros where we repeat pixels.
    assert whole.std() > 1
    assert difference(ours[50:-50, 50:-50], whole[50:-50, 50:-50]) <= 1
    again = upscaler.upscale(raster_from(pixels), request, on_progress=lambda progress: None)
    assert np.array_equal(pixels_of(again.raster), ours)


def test_what_spandrel_does_not_know_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write_safetensors(path, {"some.weight": np.zeros((3, 3), np.float32)})
    with pytest.raises(LocalBackendError) as caught:
        _ = ModelUpscaler(model=str(path)).capabilities
    assert str(caught.value) == (
        f"The model '{path}' is of no architecture that is known here or to spandrel; use an "
        "upscaler such as ESRGAN, SPAN or SwinIR."
    )


def test_a_model_with_tensors_of_wrong_shapes_is_refused(tmp_path: Path) -> None:
    tensors = esrgan_tensors(growth=32)
    tensors["conv_hr.weight"] = tensors["conv_hr.weight"][:, :5]
    path = write_safetensors(tmp_path / "m.safetensors", tensors)
    with pytest.raises(LocalBackendError) as caught:
        _ = ModelUpscaler(model=str(path)).capabilities
    assert str(caught.value).startswith(f"The model '{path}' cannot be loaded by spandrel: ")
    assert str(caught.value).endswith("; get it again from where it came from.")
    assert "\n" not in str(caught.value)


def test_the_advice_on_pickles_converts_one(tmp_path: Path) -> None:
    tensors = {name: torch.from_numpy(t) for name, t in esrgan_tensors(growth=32).items()}
    torch.save({"params_ema": tensors}, tmp_path / "m.pth")
    with pytest.raises(UsageError) as caught:
        model_path(str(tmp_path / "m.pth"), None)
    program = str(caught.value).split("'")[-2]
    subprocess.run(
        [sys.executable, "-c", program, tmp_path / "m.pth", tmp_path / "m.safetensors"], check=True
    )
    upscaler = ModelUpscaler(model=str(tmp_path / "m.safetensors"))
    request = UpscaleRequest(width=80, height=80)
    made = upscaler.upscale(raster_from(noise(20, 20)), request, on_progress=lambda progress: None)
    assert dict(made.parameters)["runtime"] == "ncnn"
    straight = write_safetensors(tmp_path / "straight.safetensors", esrgan_tensors(growth=32))
    same = ModelUpscaler(model=str(straight)).upscale(
        raster_from(noise(20, 20)), request, on_progress=lambda progress: None
    )
    assert np.array_equal(pixels_of(made.raster), pixels_of(same.raster))


@pytest.mark.parametrize("case", [CASES[1], CASES[6]], ids=str)
@pytest.mark.parametrize("free", [True, False], ids=["any size", "one size"])
def test_what_torch_exports_to_onnx_runs_in_ncnn(
    tmp_path: Path, case: dict[str, Any], free: bool
) -> None:
    options = dict(case)
    small = options.pop("compact", False)
    tensors = compact_tensors(**options) if small else esrgan_tensors(**{"growth": 32} | options)
    path = write_safetensors(tmp_path / "m.safetensors", tensors)
    network = spandrel.ModelLoader(device="cpu").load_from_file(path).model.eval()
    torch.onnx.export(
        network,
        torch.rand(1, 3, 64, 64),
        tmp_path / "m.onnx",
        input_names=["input"],
        output_names=["output"],
        dynamic_axes={name: {2: "h", 3: "w"} for name in ("input", "output")} if free else None,
        dynamo=False,
    )
    request = UpscaleRequest(width=140, height=120)
    results = []
    for name in ("m.onnx", "m.safetensors"):
        upscaler = ModelUpscaler(model=str(tmp_path / name))
        assert upscaler.capabilities.factors == (2,)
        made = upscaler.upscale(
            raster_from(noise(70, 60)), request, on_progress=lambda progress: None
        )
        assert dict(made.parameters)["runtime"] == "ncnn"
        results.append(pixels_of(made.raster))
    assert difference(*results) <= 1
