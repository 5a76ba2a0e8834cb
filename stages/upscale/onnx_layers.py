"""From an ONNX graph to ncnn's layers, for the operations that upscalers are made of.

Constants are folded (Constant, Identity, Cast, and what is done to constants alone), activations
are joined with the convolution before them, and numbers stay of the type they are stored in:
everything is computed in float32.

Which layer does what an operation does is in imagine.stages.upscale.onnx_operations.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import UsageError, shown
from imagine.stages.upscale.ncnn_model import Layer, Model, Parameter, UnknownOperationError
from imagine.stages.upscale.onnx_file import Graph, Node
from imagine.stages.upscale.onnx_operations import BINARY, made

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_ACTIVATED = ("Convolution", "ConvolutionDepthWise", "Deconvolution")
_ALIASES = ("Cast", "Dropout", "Identity")
_FLOATS = (1, 10, 11, 16)


def model_of_graph(graph: Graph, *, name: str) -> Model:
    """The graph as layers of ncnn; `name` is what a message calls it.

    Raises:
        UnknownOperationError: it needs an operation, or a variant of one, that is not known here.
        UsageError: it has several inputs or outputs, or is not connected.
    """
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise UsageError(
            f"{name} has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs, and an "
            "upscaler has one of each; choose another model."
        )
    converter = _Converter(graph, name)
    for node in _needed(graph):
        converter.take(node)
    output = converter.blob(graph.outputs[0].name)
    return Model(tuple(_fused(converter.layers, output)), graph.inputs[0].name, output)


def _needed(graph: Graph) -> list[Node]:
    """The nodes that the output depends on, in their order."""
    wanted = {graph.outputs[0].name}
    nodes = []
    for node in reversed(graph.nodes):
        if wanted.intersection(node.outputs):
            wanted.update(node.inputs)
            nodes.append(node)
    return nodes[::-1]


class _Converter:
    """Takes nodes in turn: constants are kept, the rest becomes layers."""

    def __init__(self, graph: Graph, name: str) -> None:
        self.layers: list[Layer] = []
        self._name = name
        self._constants = dict(graph.constants)
        self._aliases: dict[str, str] = {}
        self._known = {graph.inputs[0].name}

    def take(self, node: Node) -> None:
        """One node.

        Raises:
            UnknownOperationError: it is not known here.
        """
        inputs = [self._aliases.get(name, name) for name in node.inputs]
        if node.operation == "Constant":
            self._constants[node.outputs[0]] = self._constant(node)
        elif node.operation in _ALIASES and inputs[0] not in self._constants:
            self._alias(node, self.blob(inputs[0]))
        elif all(name in self._constants for name in inputs if name):
            self._constants[node.outputs[0]] = self._folded(node, inputs)
        else:
            self._layer(node, inputs)

    def blob(self, name: str) -> str:
        """The blob that a name stands for.

        Raises:
            UsageError: nothing makes it.
        """
        found = self._aliases.get(name, name)
        if found not in self._known:
            raise UsageError(
                f"{self._name} cannot be used: nothing computes its '{shown(name)}'; fetch or "
                "export it again."
            )
        return found

    def _layer(self, node: Node, inputs: list[str]) -> None:
        constants = [self._constants.get(name) for name in inputs]
        layer = made(node, constants)
        if layer is None or len(node.outputs) != 1:
            raise self._unknown(node)
        kind, parameters, weights = layer
        blobs = tuple(self.blob(name) for name in inputs if name and name not in self._constants)
        output = node.outputs[0]
        self._known.add(output)
        self.layers.append(Layer(kind, node.name or output, blobs, output, parameters, weights))

    def _alias(self, node: Node, blob: str) -> None:
        if node.operation == "Cast" and node.attributes.get("to") not in _FLOATS:
            raise self._unknown(node)
        self._aliases[node.outputs[0]] = blob

    def _constant(self, node: Node) -> "Array":
        import numpy as np

        for value in node.attributes.values():
            if isinstance(value, (int, float, tuple)):
                return np.array(value)
            if isinstance(value, np.ndarray):
                return value
        raise self._unknown(node)

    def _folded(self, node: Node, inputs: list[str]) -> "Array":
        """What a node makes of constants alone: shapes, scales, weights of other types."""
        import numpy as np

        arrays = [self._constants[name] for name in inputs if name]
        axis = node.attributes.get("axis", 0)
        try:
            if node.operation in _ALIASES:
                return arrays[0]
            if node.operation == "Concat":
                return np.concatenate(arrays, axis)
            if node.operation in ("Reshape", "Unsqueeze", "Squeeze"):
                return self._reshaped(node, arrays)
            if node.operation in BINARY and len(arrays) == 2:
                pair = [array.astype(np.float32) for array in arrays]
                ways = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}
                with np.errstate(all="ignore"):
                    return np.asarray(ways[node.operation](*pair))
        except (IndexError, TypeError, ValueError) as error:
            raise self._unknown(node) from error
        raise self._unknown(node)

    def _reshaped(self, node: Node, arrays: "list[Array]") -> "Array":
        import numpy as np

        sides = arrays[1] if len(arrays) > 1 else np.array(node.attributes.get("axes", ()))
        numbers = [int(side) for side in sides.ravel()]
        if node.operation == "Reshape":
            return arrays[0].reshape(numbers)
        if node.operation == "Squeeze":
            return np.squeeze(arrays[0], tuple(numbers) or None)
        return np.expand_dims(arrays[0], tuple(numbers))

    def _unknown(self, node: Node) -> UnknownOperationError:
        return UnknownOperationError(node.operation, name=self._name)


def _fused(layers: list[Layer], output: str) -> Iterator[Layer]:
    """The layers, each ReLU that alone reads a convolution joined with it."""
    readers: dict[str, list[Layer]] = {}
    for layer in layers:
        for blob in layer.inputs:
            readers.setdefault(blob, []).append(layer)
    joined = {
        layer.output: readers[layer.output][0]
        for layer in layers
        if layer.kind in _ACTIVATED
        and layer.output != output
        and [reader.kind for reader in readers.get(layer.output, [])] == ["ReLU"]
    }
    gone = {activation.output for activation in joined.values()}
    for layer in layers:
        activation = joined.get(layer.output)
        if activation is not None:
            slope = activation.parameters.get(0, 0)
            added: dict[int, Parameter] = {9: 1}
            if isinstance(slope, float) and slope:
                added = {9: 2, 10: (slope,)}
            parameters = {**layer.parameters, **added}
            yield replace(layer, output=activation.output, parameters=parameters)
        elif layer.output not in gone:
            yield layer
