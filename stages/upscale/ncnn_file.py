"""ncnn's files: the text of a .param and the bytes of a .bin in, the model out, checked.

ncnn itself believes what such files say, and a wrong one ends the process; so they are read here,
layer for layer and number for number, and what ncnn gets is written anew.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import UsageError, shown
from imagine.stages.upscale.ncnn_model import (
    HALF,
    LIST,
    MAGIC,
    SINGLE,
    Layer,
    Model,
    Parameter,
    UnknownOperationError,
    weight_shapes,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAX_LAYERS = 20_000
_MAX_INTEGER = 2**31
_MAX_FLOAT = 3.4e38


def model_of_files(param: str, data: bytes, *, name: str) -> Model:
    """The model of a .param's text and a .bin's bytes; `name` is what a message calls them.

    Raises:
        UnknownOperationError: of a layer that is not known here.
        UsageError: they are damaged, do not belong together, or have several inputs or outputs.
    """
    lines = [line for line in param.splitlines() if line.strip()]
    if len(lines) < 3 or lines[0].strip() != MAGIC:
        raise UsageError(
            f"{name} is no ncnn model: a .param begins with {MAGIC}, this one with "
            f"'{shown(lines[0] if lines else '')}'; choose another file."
        )
    if len(lines) > _MAX_LAYERS:
        raise UsageError(
            f"{name} has {len(lines)} layers, more than {_MAX_LAYERS}; choose another."
        )
    weights = _Weights(data, name)
    aliases: dict[str, str] = {}
    inputs: list[str] = []
    layers: list[Layer] = []
    for line in lines[2:]:
        kind, label, blobs, outputs, parameters = _line(line, name)
        read = tuple(aliases.get(blob, blob) for blob in blobs)
        if kind == "Input":
            inputs += outputs
        elif kind == "Split" and len(read) == 1:
            aliases |= dict.fromkeys(outputs, read[0])
        elif len(outputs) != 1:
            raise UnknownOperationError(kind, name=name)
        else:
            layers.append(weights.fill(Layer(kind, label, read, outputs[0], parameters)))
    weights.end()
    return _joined(layers, inputs, name)


def _joined(layers: list[Layer], inputs: list[str], name: str) -> Model:
    """The model of these layers, whose blobs all come from somewhere and end in one place."""
    known = set(inputs)
    for layer in layers:
        lost = [blob for blob in layer.inputs if blob not in known]
        if lost or not layer.inputs or layer.output in known:
            raise _damaged(name, f"its layer '{shown(layer.name)}' is not connected")
        known.add(layer.output)
    ends = known - {blob for layer in layers for blob in layer.inputs}
    if len(inputs) != 1 or len(ends) != 1 or not layers:
        raise UsageError(
            f"{name} has {len(inputs)} inputs and {len(ends)} outputs, and an upscaler has one "
            "of each; choose another model."
        )
    return Model(tuple(layers), inputs[0], ends.pop())


def _line(
    line: str, name: str
) -> tuple[str, str, tuple[str, ...], tuple[str, ...], dict[int, Parameter]]:
    """Kind, name, inputs, outputs and parameters of a layer."""
    words = line.split()
    try:
        taken, given = int(words[2]), int(words[3])
        first, last = 4 + taken, 4 + taken + given
        if taken < 0 or given < 0 or last > len(words):
            raise ValueError("too few words")
        parameters = dict(_parameter(word) for word in words[last:])
    except (IndexError, ValueError) as error:
        raise _damaged(name, f"the line '{shown(line)}' is no layer") from error
    return words[0], words[1], tuple(words[4:first]), tuple(words[first:last]), parameters


def _parameter(word: str) -> tuple[int, Parameter]:
    """Key and value of `0=64` or `-23310=1,0.2`."""
    key, _, value = word.partition("=")
    if int(key) > LIST:
        return int(key), _number(value)
    count, *values = value.split(",")
    if int(count) != len(values):
        raise ValueError("a list has not the length it says")
    return LIST - int(key), tuple(_number(item) for item in values)


def _number(text: str) -> int | float:
    if any(char in text for char in ".eEnN"):
        value = float(text)
        if not abs(value) < _MAX_FLOAT:
            raise ValueError("not a number of 32 bits")
        return value
    if not -_MAX_INTEGER <= int(text) < _MAX_INTEGER:
        raise ValueError("too large")
    return int(text)


class _Weights:
    """The bytes of a .bin, from which the layers take theirs in turn."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data = memoryview(data)
        self._position = 0
        self._name = name

    def fill(self, layer: Layer) -> Layer:
        """The layer with its weights."""
        try:
            shapes = weight_shapes(layer)
        except UnknownOperationError as error:
            raise UnknownOperationError(error.operation, name=self._name) from error
        if layer.number(8) and shapes and shapes[0][1]:
            raise UnknownOperationError(f"{layer.kind} of 8 bits", name=self._name)
        arrays = tuple(self._array(count, tagged=tagged) for count, tagged in shapes)
        return replace(layer, weights=arrays)

    def end(self) -> None:
        """Refuse what is left over.

        Raises:
            UsageError: there is something.
        """
        left = len(self._data) - self._position
        if left:
            raise _damaged(self._name, f"its .bin has {left} bytes more than its .param speaks of")

    def _array(self, count: int, *, tagged: bool) -> "NDArray[Any]":
        import numpy as np

        if count < 1:
            raise _damaged(self._name, f"a layer has {count} weights")
        tag = int.from_bytes(self._take(4), "little") if tagged else SINGLE
        if tag not in (HALF, SINGLE):
            raise UnknownOperationError(f"weights of the kind {tag:#010x}", name=self._name)
        if tag == HALF:
            return np.frombuffer(self._take((2 * count + 3) // 4 * 4), "<f2")[:count]
        return np.frombuffer(self._take(4 * count), "<f4")

    def _take(self, count: int) -> memoryview:
        begin, self._position = self._position, self._position + count
        if self._position > len(self._data):
            raise _damaged(
                self._name,
                f"its .bin has {len(self._data)} bytes, {self._position - len(self._data)} too few",
            )
        return self._data[begin : self._position]


def _damaged(name: str, reason: str) -> UsageError:
    return UsageError(f"{name} cannot be used: {reason}; fetch it again.")
