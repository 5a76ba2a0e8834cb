"""ESRGAN and compact networks from their tensors, against the same in NumPy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import Array, Tensors, compact, compact_tensors, esrgan, esrgan_tensors
from networks import write_safetensors as write

from imagine.stages.upscale import compact as compact_file
from imagine.stages.upscale import esrgan as esrgan_file
from imagine.stages.upscale.ncnn_model import Model
from imagine.stages.upscale.ncnn_network import NcnnNetwork
from imagine.stages.weights import open_weights

ESRGANS: list[dict[str, Any]] = [
    {"names": "old", "blocks": 1},
    {"names": "old", "doublings": 1},
    {"names": "old", "doublings": 3, "blocks": 1},
    {"names": "middle"},
    {"names": "new"},
    {"names": "new", "unshuffle": 2},
    {"names": "new", "blocks": 12, "features": 4, "growth": 2},
]
COMPACTS: list[dict[str, int]] = [
    {"factor": 2},
    {"factor": 3, "convolutions": 2},
    {"factor": 4, "convolutions": 18},
]


def _shapes(tensors: Tensors) -> dict[str, tuple[int, ...]]:
    return {name: tensor.shape for name, tensor in tensors.items()}


def _computed(model: Model, picture: Array) -> Array:
    return NcnnNetwork(model, halo=0).run(picture)


@pytest.mark.parametrize("options", ESRGANS, ids=str)
def test_an_esrgan_of_any_names_and_size_gives_what_it_should(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    tensors = esrgan_tensors(**options)
    weights = open_weights(write(tmp_path / "m.safetensors", tensors))
    network = esrgan_file.recognised(weights.shapes())
    assert network is not None
    picture = np.random.default_rng(5).random((3, 10, 14), np.float32)
    ours = _computed(esrgan_file.esrgan_model(network, weights), picture)
    known = {name: options[name] for name in options if name not in ("features", "growth")}
    reference = esrgan(picture, tensors, **known)
    assert ours.shape == reference.shape == (3, 10 * network.factor, 14 * network.factor)
    assert reference.std() > 0.1
    np.testing.assert_allclose(ours, reference, atol=1e-5)


@pytest.mark.parametrize("options", COMPACTS, ids=str)
def test_a_compact_network_of_any_size_gives_what_it_should(
    tmp_path: Path, options: dict[str, int]
) -> None:
    tensors = compact_tensors(**options)
    weights = open_weights(write(tmp_path / "m.safetensors", tensors))
    network = compact_file.recognised(weights.shapes())
    assert network is not None
    assert network.factor == options["factor"]
    picture = np.random.default_rng(5).random((3, 10, 14), np.float32)
    ours = _computed(compact_file.compact_model(network, weights), picture)
    reference = compact(picture, tensors, factor=network.factor)
    assert reference.std() > 0.1
    np.testing.assert_allclose(ours, reference, atol=1e-5)


def test_weights_of_16_bits_give_nearly_the_same(tmp_path: Path) -> None:
    tensors = esrgan_tensors()
    picture = np.random.default_rng(5).random((3, 10, 14), np.float32)
    results = []
    for kind in ("F32", "F16", "BF16"):
        weights = open_weights(write(tmp_path / f"{kind}.safetensors", tensors, kind=kind))
        network = esrgan_file.recognised(weights.shapes())
        assert network is not None
        results.append(_computed(esrgan_file.esrgan_model(network, weights), picture))
    assert 0 < np.abs(results[1] - results[0]).max() < 0.005
    assert 0 < np.abs(results[2] - results[0]).max() < 0.05


@pytest.mark.parametrize(
    ("options", "factor"),
    [
        ({"doublings": 0, "names": "old"}, 1),
        ({"unshuffle": 4}, 1),
        ({"unshuffle": 4, "doublings": 1}, 0),
        ({"channels": 1}, 4),
    ],
)
def test_the_factor_counts_doublings_and_unshuffling(options: dict[str, Any], factor: int) -> None:
    network = esrgan_file.recognised(_shapes(esrgan_tensors(**options)))
    assert network is not None
    assert network.factor == factor


def _without(tensors: Tensors, name: str) -> Tensors:
    return {key: tensor for key, tensor in tensors.items() if key != name}


ONE = np.zeros((8, 8, 1, 1), np.float32)
OTHERS = {
    "nothing": {},
    "a lost bias": _without(esrgan_tensors(), "conv_body.bias"),
    "a lost convolution": _without(
        _without(esrgan_tensors(), "body.1.rdb2.conv3.bias"), "body.1.rdb2.conv3.weight"
    ),
    "a lost block": {n: t for n, t in esrgan_tensors(blocks=3).items() if "body.1." not in n},
    "a convolution more": esrgan_tensors()
    | {"body.0.rdb1.conv1x1.weight": ONE, "body.0.rdb1.conv1x1.bias": ONE[:, 0, 0, 0]},
    "wider kernels": esrgan_tensors() | {"conv_hr.weight": np.zeros((8, 8, 5, 5), np.float32)},
    "other channels": esrgan_tensors() | {"conv_hr.weight": np.zeros((8, 9, 3, 3), np.float32)},
    "a short bias": esrgan_tensors() | {"conv_hr.bias": np.zeros(7, np.float32)},
    "no square": esrgan_tensors() | {"conv_first.weight": np.zeros((8, 6, 3, 3), np.float32)},
    "no channels": esrgan_tensors()
    | {"conv_last.weight": np.zeros((0, 8, 3, 3), np.float32), "conv_last.bias": ONE[:0, 0, 0, 0]},
    "names of two kinds": esrgan_tensors(names="old") | esrgan_tensors(),
    "a PReLU less": _without(compact_tensors(), "body.1.weight"),
    "no whole factor": compact_tensors() | {"body.6.weight": np.zeros((13, 6, 3, 3), np.float32)},
    "another network": {"upsample.weight": ONE, "upsample.bias": ONE[:, 0, 0, 0]},
}


@pytest.mark.parametrize("tensors", OTHERS.values(), ids=list(OTHERS))
def test_tensors_of_anything_else_are_not_recognised(tensors: Tensors) -> None:
    assert esrgan_file.recognised(_shapes(tensors)) is None
    assert compact_file.recognised(_shapes(tensors)) is None
