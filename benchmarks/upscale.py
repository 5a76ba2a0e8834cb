"""The embedded networks, by our code and by other runtimes: time, memory, and whether they agree.

    python benchmarks/upscale.py [--runs 3] [--only art] [--picture docs/corgi.png]

Enlarges one picture from 1024 to 4096 with `art` and from 512 to 1024 with `photo`. Ours goes
through the tiler, as the program does; onnxruntime, OpenVINO and torch, each if it is installed,
run the very file of weights that we ship, tile by tile of the same size and halo, with as many
threads of their own as there are processors, followed by the same correction of colours. Each run
is a process of its own, the runtimes in turn; of several runs the one with the least CPU time is
told. The goals are those of the upscaling issue: `art` in the class of 5.9 s and under 0.6 GB,
`photo` in at most 1.3 CPU seconds.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagine.stages.upscale import UPSCALERS, UpscaleRequest
from imagine.stages.upscale.colours import TrueColours
from imagine.stages.upscale.onnx_file import read_onnx
from imagine.stages.upscale.raster import raster_of

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ROOT / "stages" / "upscale" / "assets"
# Side of the picture, factor, side of a tile, halo, whether the network leaves the halo out, and
# over how many pixels the correction of its colours is evened out.
CASES = {"art": (1024, 4, 96, 12, False, 4), "photo": (512, 2, 64, 7, True, 0)}
RUNTIMES = {"ours": "ncnn", "onnxruntime": "onnxruntime", "openvino": "openvino", "torch": "torch"}
Pixels = NDArray[np.uint8]
Tile = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=CASES)
    parser.add_argument("--picture", type=Path, default=ROOT / "docs" / "corgi.png")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work(*given.worker, picture=given.picture)
        return
    for case in [given.only] if given.only else CASES:
        compare(case, given.runs, given.picture)


def compare(case: str, runs: int, picture: Path) -> None:
    """Print a row for each runtime that is installed."""
    side, factor, tile, halo, *_ = CASES[case]
    print(f"{case}: {side} to {side * factor}, tiles of {tile} and a halo of {halo}")
    print(f"{'':<14}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'CPU of ours':>13}{'differs by':>12}")
    present = [name for name, module in RUNTIMES.items() if find_spec(module)]
    with tempfile.TemporaryDirectory() as folder:
        best: dict[str, dict[str, float]] = {}
        for _ in range(runs):
            for name in present:
                found = measured(case, name, Path(folder), picture)
                if name not in best or found["cpu"] < best[name]["cpu"]:
                    best[name] = found
        ours = np.load(Path(folder) / "ours.npy").astype(np.int16)
        for name, cost in best.items():
            apart = np.abs(np.load(Path(folder) / f"{name}.npy") - ours)
            print(
                f"{name:<14}{cost['wall']:>8.2f}{cost['cpu']:>8.2f}{cost['peak']:>9.0f}"
                f"{cost['cpu'] / best['ours']['cpu']:>13.2f}{apart.max():>8}/255"
            )


def measured(case: str, runtime: str, folder: Path, picture: Path) -> dict[str, float]:
    """One run in a process of its own."""
    command = [sys.executable, __file__, "--picture", str(picture), "--worker"]
    command += [case, runtime, str(folder / f"{runtime}.npy")]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def work(case: str, runtime: str, output: str, *, picture: Path) -> None:
    """Enlarge, keep the pixels, and print what it cost; loading the weights is counted."""
    side = CASES[case][0]
    with Image.open(picture) as opened:
        image = opened.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
    wall, cpu = time.perf_counter(), time.process_time()
    pixels = by_us(case, image) if runtime == "ours" else by_tiles(case, image, RUNNERS[runtime])
    cost = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "peak": peak(),
    }
    np.save(output, pixels)
    print(json.dumps(cost))


def peak() -> float:
    """Megabytes of memory this process had at most.

    On Linux not by getrusage, which counts what the parent had when it started this process.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)
        return int(found[1]) / 1024 if found else 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def by_us(case: str, image: Image.Image) -> Pixels:
    size = [side * CASES[case][1] for side in image.size]
    result = UPSCALERS.create(case).upscale(
        raster_of(image), UpscaleRequest(*size), on_progress=lambda progress: None
    )
    pixels = np.empty((size[1], size[0], 3), np.uint8)
    top = 0
    for strip in result.raster.strips():
        pixels[top : top + len(strip)] = strip
        top += len(strip)
    return pixels


class Plain:
    """A runtime as a network for the correction of colours."""

    feather, threads = 0, 1

    def __init__(
        self, compute: Callable[[Tile], Tile], factor: int, halo: int, *, valid: bool
    ) -> None:
        self.factor, self.halo = factor, halo
        self._compute = compute
        self._edge = 0 if valid else halo * factor

    def run(self, tile: Tile) -> Tile:
        result = self._compute(tile)
        edge = self._edge
        return result[:, edge : result.shape[1] - edge, edge : result.shape[2] - edge]


def by_tiles(
    case: str, image: Image.Image, runner: Callable[[Path], Callable[[Tile], Tile]]
) -> Pixels:
    """The plainest loop around a runtime: the picture's edges repeated, tiles side by side."""
    side, factor, tile, halo, valid, evened = CASES[case]
    plain = Plain(runner(ASSETS / f"{case}.onnx"), factor, halo, valid=valid)
    network = TrueColours(plain, radius=evened)
    halo = network.halo
    planes = np.asarray(image, np.float32).transpose(2, 0, 1) / np.float32(255)
    padded = np.pad(planes, ((0, 0), (halo, halo), (halo, halo)), "edge")
    pixels = np.empty((side * factor, side * factor, 3), np.uint8)
    for top in range(0, side, tile):
        for left in range(0, side, tile):
            rows, columns = min(tile, side - top), min(tile, side - left)
            part = padded[:, top : top + rows + 2 * halo, left : left + columns + 2 * halo]
            inner = network.run(np.ascontiguousarray(part))
            values = np.clip(inner * 255 + 0.5, 0, 255).transpose(1, 2, 0)
            below, right = (top + rows) * factor, (left + columns) * factor
            pixels[top * factor : below, left * factor : right] = values
    return pixels


def with_onnxruntime(path: Path) -> Callable[[Tile], Tile]:
    onnxruntime = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda tile: session.run(None, {"image": tile[None]})[0][0]


def with_openvino(path: Path) -> Callable[[Tile], Tile]:
    openvino = import_module("openvino")
    settings = {
        "INFERENCE_NUM_THREADS": len(os.sched_getaffinity(0)),
        "INFERENCE_PRECISION_HINT": "f32",
    }
    model = openvino.Core().compile_model(str(path), "CPU", settings)
    return lambda tile: model([tile[None]])[0][0]


def with_torch(path: Path) -> Callable[[Tile], Tile]:
    """The operations of the file one by one, as torch computes them."""
    torch = import_module("torch")
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    graph = read_onnx(path)
    constants = {name: torch.tensor(array) for name, array in graph.constants.items()}

    def run(tile: Tile) -> Tile:
        values: dict[str, Any] = {**constants, "image": torch.from_numpy(tile)[None]}
        with torch.inference_mode():
            for node in graph.nodes:
                inputs = [values[name] for name in node.inputs if name]
                values[node.outputs[0]] = TORCH[node.operation](torch, inputs, node.attributes)
        result: Tile = values["enlarged"][0].numpy()
        return result

    return run


TORCH: dict[str, Callable[[Any, list[Any], Any], Any]] = {
    "Cast": lambda torch, x, _: x[0].float(),
    "Conv": lambda torch, x, a: torch.conv2d(*x, padding=a["pads"][0]),
    "ConvTranspose": lambda torch, x, a: torch.conv_transpose2d(
        *x, stride=a["strides"][0], padding=a["pads"][0]
    ),
    "LeakyRelu": lambda torch, x, a: torch.nn.functional.leaky_relu(x[0], a["alpha"]),
    "PRelu": lambda torch, x, _: torch.prelu(x[0], x[1].flatten()),
    "DepthToSpace": lambda torch, x, a: torch.pixel_shuffle(x[0], a["blocksize"]),
    "Resize": lambda torch, x, _: torch.nn.functional.interpolate(x[0], scale_factor=4),
    "Add": lambda torch, x, _: x[0] + x[1],
}
RUNNERS = {"onnxruntime": with_onnxruntime, "openvino": with_openvino, "torch": with_torch}


if __name__ == "__main__":
    main()
