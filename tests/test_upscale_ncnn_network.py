"""ncnn as a network: what goes in and comes out, and what is said when it cannot run."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from imagine.stages.errors import LocalBackendError
from imagine.stages.upscale import embedded
from imagine.stages.upscale.ncnn_model import Layer, Model
from imagine.stages.upscale.ncnn_network import NcnnNetwork
from imagine.stages.upscale.onnx_file import read_onnx
from imagine.stages.upscale.onnx_layers import model_of_graph

ASSETS = Path(embedded.__file__).parent / "assets"
RANDOM = np.random.default_rng(3)


def network(name: str, **options: int) -> NcnnNetwork:
    model = model_of_graph(read_onnx(ASSETS / f"{name}.onnx"), name=name)
    return NcnnNetwork(model, **options)


TWICE = Layer("Interp", "grow", ("in",), "out", {0: 1, 1: 2.0, 2: 2.0})


@pytest.mark.parametrize(("name", "factor", "halo"), [("photo", 2, 7), ("art", 4, 18)])
def test_the_halo_is_all_that_the_network_looks_at(name: str, factor: int, halo: int) -> None:
    whole = network(name)
    assert (whole.factor, whole.halo) == (factor, halo)
    picture = RANDOM.random((3, 70, 64), np.float32)
    result = whole.run(picture)
    assert result.shape == (3, (70 - 2 * halo) * factor, (64 - 2 * halo) * factor)
    part = whole.run(picture[:, 10:-5, 3:])
    same = result[:, 10 * factor : -5 * factor, 3 * factor :]
    np.testing.assert_allclose(part, same, atol=1e-5)


def test_a_smaller_halo_keeps_what_is_inside() -> None:
    picture = RANDOM.random((3, 60, 60), np.float32)
    narrow = network("art", halo=16).run(picture)
    assert narrow.shape == (3, 112, 112)
    np.testing.assert_array_equal(narrow[:, 8:-8, 8:-8], network("art").run(picture))


def test_a_halo_is_never_less_than_what_is_lost() -> None:
    assert network("photo", halo=0).halo == 7


def test_threads_at_work_together_give_the_same_bits() -> None:
    shared = network("photo")
    tiles = RANDOM.random((6, 3, 48, 40), np.float32)
    alone = [shared.run(tile) for tile in tiles]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(shared.run, tiles))
    np.testing.assert_array_equal(np.stack(together), np.stack(alone))


def test_the_tile_is_left_as_it_was() -> None:
    bend = Layer("ReLU", "bend", ("in",), "bent")
    tile = -np.ones((3, 8, 8), np.float32)
    assert NcnnNetwork(Model((bend,), "in", "bent"), halo=0).run(tile).max() == 0
    assert tile.max() == -1


def test_a_tile_in_any_order_of_memory_is_taken() -> None:
    tile = RANDOM.random((8, 6, 3), np.float32).transpose(2, 0, 1)
    result = NcnnNetwork(Model((TWICE,), "in", "out")).run(tile)
    np.testing.assert_array_equal(result, tile.repeat(2, 1).repeat(2, 2))


def test_the_picture_that_went_in_can_be_the_result() -> None:
    bend = Layer("ReLU", "bend", ("in",), "bent")
    again = Layer("Sigmoid", "dead", ("bent",), "squashed")
    tile = RANDOM.normal(size=(3, 8, 8)).astype(np.float32)
    result = NcnnNetwork(Model((bend, again), "in", "bent"), halo=0).run(tile)
    np.testing.assert_array_equal(result, np.maximum(tile, 0))


def test_sides_that_are_no_multiples_are_filled_up() -> None:
    weight = np.ones((48, 12, 1, 1), np.float32)
    layers = (
        Layer("Reorg", "down", ("in",), "a", {0: 2}),
        Layer("Convolution", "mix", ("a",), "b", {0: 48, 1: 1, 6: weight.size}, (weight,)),
        Layer("PixelShuffle", "up", ("b",), "c", {0: 4}),
    )
    tile = RANDOM.random((3, 7, 9), np.float32)
    result = NcnnNetwork(Model(layers, "in", "c"), halo=1).run(tile)
    sums = np.pad(tile, ((0, 0), (0, 1), (0, 1)), "edge").reshape(3, 4, 2, 5, 2).sum((0, 2, 4))
    # Each square of two pixels becomes one of four, all of their sum; the halo goes.
    np.testing.assert_allclose(result[0], sums.repeat(4, 0).repeat(4, 1)[2:12, 2:16], rtol=1e-6)


def test_without_ncnn_the_user_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ncnn", None)
    with pytest.raises(LocalBackendError) as caught:
        NcnnNetwork(Model((TWICE,), "in", "out"))
    assert str(caught.value) == (
        "The package ncnn, which runs upscalers, cannot be used (import of ncnn halted; None in "
        "sys.modules); run `pip install ncnn`, or use --upscaler lanczos."
    )


def test_a_model_that_ncnn_does_not_take_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagine.stages.upscale.ncnn_model.MAGIC", "7767516")
    with pytest.raises(LocalBackendError) as caught:
        NcnnNetwork(Model((TWICE,), "in", "out"))
    assert str(caught.value) == (
        "The installed ncnn does not take the model; run `pip install --upgrade ncnn`, or use "
        "--upscaler lanczos."
    )


SHORT_OF_MEMORY = """
import resource, sys
import numpy as np
from pathlib import Path
from imagine.stages.errors import LocalBackendError
from imagine.stages.upscale.ncnn_network import NcnnNetwork
from imagine.stages.upscale.onnx_file import read_onnx
from imagine.stages.upscale.onnx_layers import model_of_graph

network = NcnnNetwork(model_of_graph(read_onnx(Path(sys.argv[1])), name="art"))
tile = np.zeros((3, 600, 600), np.float32)
network.run(tile[:, :64, :64])
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**27, used + 2**27))
try:
    network.run(tile)
except LocalBackendError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit and its measure are Linux's")
def test_want_of_memory_is_one_sentence_and_nothing_else() -> None:
    found = subprocess.run(
        [sys.executable, "-c", SHORT_OF_MEMORY, str(ASSETS / "art.onnx")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (found.stdout, found.stderr) == (
        "ncnn could not enlarge a tile of 600x600 pixels (status -100), most likely for want of "
        "memory; close other programs, or use --upscaler lanczos.\n",
        "",
    )
