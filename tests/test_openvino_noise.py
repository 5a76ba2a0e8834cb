"""torch's noise without torch."""

import numpy as np
import pytest

from imagine.stages.generate.openvino.noise import TorchNoise

# torch.randn(20, generator=torch.Generator("cpu").manual_seed(seed)), torch 2.13.0.
TORCH = {
    0: [
        -1.125840,
        -1.152360,
        -0.250579,
        -0.433879,
        0.598839,
        -1.555095,
        -0.341360,
        1.853006,
        0.468096,
        -0.157712,
        1.443660,
        0.266049,
        1.389366,
        1.586334,
        0.946298,
        -0.843677,
        0.931827,
        1.259009,
        2.004981,
        0.053737,
    ],
    12345: [
        -1.479808,
        0.487306,
        -3.012794,
        0.443855,
        -1.014831,
        -0.542859,
        0.430743,
        -1.925670,
        -0.214522,
        -1.261995,
        -0.128155,
        -0.373714,
        0.205846,
        -0.930010,
        0.114245,
        -0.445028,
        0.522418,
        0.605770,
        0.747196,
        0.154222,
    ],
    4294967295: [
        -2.664298,
        -1.091049,
        0.451447,
        0.228361,
        0.306219,
        0.424003,
        0.265636,
        -3.149295,
        -2.843764,
        0.946320,
        -1.044257,
        0.551072,
        -0.029645,
        0.383217,
        -0.160953,
        1.967891,
        1.624383,
        -1.113765,
        0.655748,
        -1.209690,
    ],
}


@pytest.mark.parametrize("seed", TORCH)
def test_the_numbers_are_those_of_torch(seed: int) -> None:
    assert np.allclose(TorchNoise(seed).randn(20), TORCH[seed], atol=1e-6)


def test_numbers_go_on_where_they_ended() -> None:
    noise = TorchNoise(7)
    first, second = noise.randn(32), noise.randn(32)
    assert np.array_equal(np.concatenate([first, second]), TorchNoise(7).randn(64))
    assert first.dtype == np.float32


def test_they_are_normal() -> None:
    numbers = TorchNoise(2**32 - 1).randn(100_000)
    assert abs(numbers.mean()) < 0.02
    assert abs(numbers.std() - 1) < 0.02
    assert np.isfinite(numbers).all()
