"""ncnn models: layers and weights in, the two files ncnn reads out: text and bytes, in memory.

Source: ncnn's wiki (param and model file structure, operation param weight table), tried against
versions 1.0.20250503 and 1.0.20261020.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import UsageError, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

MAGIC = "7767517"
# The names that a model's input and output have in what is written.
INPUT, OUTPUT = "in", "out"
# Before weights that may be kept with fewer bits: they are of 16, or of 32.
HALF, SINGLE = 0x01306B47, 0
# What the number of a parameter that is a list is subtracted from.
LIST = -23300
# Smaller numbers of 32 bits are 0 to many processors.
_SMALLEST = 1.2e-38

Parameter = int | float | tuple[float, ...]


class UnknownOperationError(UsageError):
    """A model needs an operation that is not known here.

    Attributes:
        operation: as the file names it.
    """

    def __init__(self, operation: str, *, name: str) -> None:
        super().__init__(
            f"{name} needs the operation '{shown(operation)}', which is not known here; "
            "choose another model."
        )
        self.operation = operation


@dataclass(frozen=True, slots=True)
class Layer:
    """One operation of ncnn.

    Attributes:
        kind: "Convolution", "PReLU", ...
        name: what messages call it.
        inputs, output: names of blobs.
        parameters: by ncnn's numbers, see its operation table; a list under the number that the
            table gives (10 where the file has -23310).
        weights: arrays of float16 or float32, in ncnn's order; any shape, numbers in its order.
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    output: str
    parameters: Mapping[int, Parameter] = field(default_factory=dict)
    weights: "tuple[Array, ...]" = ()

    def number(self, key: int, default: int = 0) -> int:
        """A parameter that is a whole number."""
        value = self.parameters.get(key, default)
        return value if isinstance(value, int) else default


@dataclass(frozen=True, slots=True)
class Model:
    """A network of one input and one output.

    Attributes:
        layers: in an order in which they can be computed. Any number of layers may read a blob;
            ncnn's Input and Split are no layers here, they are put in when it is written.
        input, output: names of blobs.
    """

    layers: tuple[Layer, ...]
    input: str
    output: str


def weight_shapes(layer: Layer) -> list[tuple[int, bool]]:
    """How many numbers each array of a layer's weights has, and whether a tag precedes it.

    Raises:
        UnknownOperationError: of a layer that is not known here.
    """
    if layer.kind in _WEIGHTS:
        return _WEIGHTS[layer.kind](layer)
    if layer.kind in PLAIN:
        return []
    raise UnknownOperationError(layer.kind, name="The model")


def _filters(layer: Layer) -> list[tuple[int, bool]]:
    bias = [(layer.number(0), False)] if layer.number(5) else []
    return [(layer.number(6), True), *bias]


def _scales(layer: Layer) -> list[tuple[int, bool]]:
    return [(layer.number(0), False)] * (2 if layer.number(1) else 1)


def _slopes(layer: Layer) -> list[tuple[int, bool]]:
    return [(layer.number(0), False)]


_WEIGHTS: Mapping[str, Callable[[Layer], list[tuple[int, bool]]]] = {
    "Convolution": _filters,
    "ConvolutionDepthWise": _filters,
    "Deconvolution": _filters,
    "PReLU": _slopes,
    "Scale": _scales,
}
# Layers of numbers that do not look at their neighbours.
_SQUASHING = {"Clip", "HardSigmoid", "Sigmoid", "TanH"}
_RECTIFYING = {"ELU", "GELU", "HardSwish", "Mish", "ReLU", "Swish"}
POINTWISE = frozenset({"Noop", "UnaryOp"} | _SQUASHING | _RECTIFYING)
# Layers without weights.
PLAIN = POINTWISE | {
    "BinaryOp",
    "Concat",
    "Crop",
    "Eltwise",
    "Interp",
    "Padding",
    "PixelShuffle",
    "Reorg",
}


def param_and_bin(model: Model) -> tuple[str, bytes]:
    """The two files of a model, as ncnn reads them; its input is INPUT, its output OUTPUT.

    Blobs and layers are numbered: the names in a file may be any length and hold anything.

    Raises:
        UsageError: a layer has not the weights that its parameters speak of.
        UnknownOperationError: of a layer that is not known here.
    """
    readers = _readers(model)
    names = {model.input: INPUT}
    taken: dict[str, int] = {}

    def reading(blob: str) -> str:
        """The name of a blob for its next reader."""
        taken[blob] = index = taken.get(blob, -1) + 1
        return f"{names[blob]}_{index}" if readers[blob] > 1 else names[blob]

    lines = [f"Input {INPUT} 0 1 {INPUT}", *_split(INPUT, readers.get(model.input, 0))]
    for number, layer in enumerate(model.layers):
        blobs = [reading(blob) for blob in layer.inputs]
        names[layer.output] = output = f"b{number}"
        head = (layer.kind, f"l{number}", len(blobs), 1, *blobs, output)
        lines.append(" ".join([*map(str, head), *_assignments(layer.parameters)]))
        lines += _split(output, readers.get(layer.output, 0))
    lines.append(f"Noop {OUTPUT} 1 1 {reading(model.output)} {OUTPUT}")
    blobs_in_all = sum(int(line.split(" ", 4)[3]) for line in lines)
    text = "\n".join([MAGIC, f"{len(lines)} {blobs_in_all}", *lines, ""])
    return text, b"".join(part for layer in model.layers for part in _stored(layer))


def _readers(model: Model) -> dict[str, int]:
    """How many read each blob; whoever takes the output is one of them."""
    readers = {model.output: 1}
    for layer in model.layers:
        for blob in layer.inputs:
            readers[blob] = readers.get(blob, 0) + 1
    return readers


def _split(name: str, readers: int) -> list[str]:
    """The line that gives each of several readers a blob of its own, as ncnn wants it."""
    if readers < 2:
        return []
    copies = " ".join(f"{name}_{index}" for index in range(readers))
    return [f"Split s_{name} 1 {readers} {name} {copies}"]


def _assignments(parameters: Mapping[int, Parameter]) -> Iterator[str]:
    for key, value in sorted(parameters.items()):
        if isinstance(value, tuple):
            yield f"{LIST - key}={len(value)}," + ",".join(_digits(item) for item in value)
        else:
            yield f"{key}={_digits(value)}"


def _digits(value: float) -> str:
    """Nine digits, enough for 32 bits; by its point ncnn knows a float.

    No more than 15 characters: what goes beyond, older versions take for the next word.
    """
    if isinstance(value, int):
        return str(value)
    return f"{value if abs(value) > _SMALLEST else 0.0:.8e}"


def _stored(layer: Layer) -> Iterator[bytes]:
    """A layer's weights as the file holds them."""
    import numpy as np

    shapes = weight_shapes(layer)
    if [array.size for array in layer.weights] != [count for count, _ in shapes]:
        raise UsageError(
            f"The model's layer '{shown(layer.name)}' has other weights than its parameters say; "
            "fetch or export it again."
        )
    for array, (count, tagged) in zip(layer.weights, shapes, strict=True):
        half = tagged and array.dtype == np.float16
        if tagged:
            yield (HALF if half else SINGLE).to_bytes(4, "little")
        yield array.astype("<f2" if half else "<f4").tobytes()
        # What follows begins at a multiple of four bytes.
        if half and count % 2:
            yield b"\0\0"
