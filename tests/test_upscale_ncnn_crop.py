"""Cropping early: the same result, with less computed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import compact_tensors, esrgan_tensors, write_safetensors

from imagine.stages.upscale import compact, esrgan
from imagine.stages.upscale.layers import Layers
from imagine.stages.upscale.ncnn_crop import cropped_early
from imagine.stages.upscale.ncnn_model import Model
from imagine.stages.upscale.ncnn_network import NcnnNetwork
from imagine.stages.upscale.ncnn_shapes import extent_of
from imagine.stages.weights import open_weights


def _esrgan(folder: Path, **options: Any) -> Model:
    path = write_safetensors(folder / "m.safetensors", esrgan_tensors(blocks=1, **options))
    weights = open_weights(path)
    network = esrgan.recognised(weights.shapes())
    assert network is not None
    return esrgan.esrgan_model(network, weights)


def _cut(model: Model) -> list[int]:
    return [layer.number(0) for layer in model.layers if layer.kind == "Crop"]


@pytest.mark.parametrize(
    ("options", "halo", "cut"),
    [
        ({}, 24, 21),
        ({}, 3, 0),
        ({}, 4, 1),
        ({"doublings": 1}, 24, 21),
        ({"doublings": 3}, 24, 21),
        ({"unshuffle": 2}, 48, 21),
    ],
)
def test_most_of_the_halo_is_cut_off_before_the_picture_is_enlarged(
    tmp_path: Path, options: dict[str, int], halo: int, cut: int
) -> None:
    model = _esrgan(tmp_path, **options)
    cropped = cropped_early(model, halo)
    assert _cut(cropped) == [cut] * bool(cut)
    whole, less = extent_of(model), extent_of(cropped)
    assert (less.factor, less.reach, less.multiple) == (whole.factor, whole.reach, whole.multiple)
    assert less.lost == cut * whole.multiple * whole.factor
    tile = np.random.default_rng(1).random((3, 2 * halo + 10, 2 * halo + 16), np.float32)
    expected = NcnnNetwork(model, halo=halo).run(tile)
    result = NcnnNetwork(cropped, halo=halo).run(tile)
    assert result.shape == (3, 10 * whole.factor, 16 * whole.factor)
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_what_looks_far_after_enlarging_keeps_what_it_needs() -> None:
    random = np.random.default_rng(0)
    layers = Layers()
    weight, bias = random.normal(0, 0.2, (3, 3, 3, 3)).astype(np.float32), np.zeros(3, np.float32)
    blob = layers.convolution(layers.input, weight, bias)
    blob = layers.repeated(blob, 2)
    for _ in range(6):
        blob = layers.convolution(blob, weight, bias)
    model = layers.model()
    # Six pixels of the result are three of the picture.
    assert _cut(cropped_early(model, 10)) == [6]
    tile = random.random((3, 30, 30), np.float32)
    expected = NcnnNetwork(model, halo=10).run(tile)
    result = NcnnNetwork(cropped_early(model, 10), halo=10).run(tile)
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_a_network_that_adds_the_picture_itself_is_left_alone(tmp_path: Path) -> None:
    weights = open_weights(write_safetensors(tmp_path / "m.safetensors", compact_tensors()))
    network = compact.recognised(weights.shapes())
    assert network is not None
    model = compact.compact_model(network, weights)
    assert cropped_early(model, 100) is model


def test_a_network_that_does_not_enlarge_is_left_alone() -> None:
    layers = Layers()
    layers.convolution(layers.input, np.zeros((3, 3, 3, 3), np.float32), np.zeros(3, np.float32))
    model = layers.model()
    assert cropped_early(model, 100) is model
