"""ONNX files for tests, put together from nodes and arrays without the onnx package."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS = {"float32": 1, "uint8": 2, "int32": 6, "int64": 7, "float16": 10, "float64": 11}
Node = tuple[str, Sequence[str], Sequence[str], Mapping[str, Any]]


def node(operation: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> Node:
    return operation, inputs, outputs, attributes


def onnx_bytes(
    nodes: Iterable[Node],
    *,
    constants: Mapping[str, NDArray[Any]] | None = None,
    inputs: Sequence[str] = ("x",),
    outputs: Sequence[str] = ("y",),
    shape: Sequence[int | str] = (1, 3, "h", "w"),
    kind: str = "float32",
    opset: int = 18,
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """A model whose inputs and outputs all have one shape and one kind of numbers."""
    graph = b"".join(field(1, node_bytes(*given)) for given in nodes)
    graph += b"".join(field(5, tensor(name, array)) for name, array in (constants or {}).items())
    graph += b"".join(field(11, port(name, shape, KINDS[kind])) for name in inputs)
    graph += b"".join(field(12, port(name, shape, KINDS[kind])) for name in outputs)
    pairs = (metadata or {}).items()
    notes = b"".join(field(14, field(1, key) + field(2, value)) for key, value in pairs)
    return field(1, 9) + field(7, graph) + field(8, field(2, opset)) + notes


def field(number: int, value: int | str | bytes) -> bytes:
    """A field that is a whole number, or a string, bytes, or another message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    value %= 2**64
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def float_field(number: int, value: float) -> bytes:
    return varint(number << 3 | 5) + np.float32(value).tobytes()


def node_bytes(
    operation: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Mapping[str, Any]
) -> bytes:
    data = b"".join(field(1, name) for name in inputs)
    data += b"".join(field(2, name) for name in outputs) + field(4, operation)
    return data + b"".join(field(5, attribute(*pair)) for pair in attributes.items())


def attribute(name: str, value: Any) -> bytes:
    if isinstance(value, float):
        return field(1, name) + float_field(2, value) + field(20, 1)
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, 2)
    if isinstance(value, str):
        return field(1, name) + field(4, value) + field(20, 3)
    if isinstance(value, np.ndarray):
        return field(1, name) + field(5, tensor("", value)) + field(20, 4)
    return field(1, name) + b"".join(field(8, item) for item in value) + field(20, 7)


def tensor(name: str, array: NDArray[Any]) -> bytes:
    head = b"".join(field(1, side) for side in array.shape)
    kind = KINDS[array.dtype.name]
    return head + field(2, kind) + field(8, name) + field(9, array.tobytes())


def port(name: str, shape: Sequence[int | str], kind: int = 1) -> bytes:
    sides = b"".join(
        field(1, field(1, side) if isinstance(side, int) else field(2, side)) for side in shape
    )
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, sides)))
