"""ONNX files: bytes in, a small graph out, without the onnx package.

Only what feed-forward networks of pictures need is read: nodes, constants, the shapes of inputs
and outputs, metadata. Subgraphs, sparse tensors and quantised types are not.

Source: onnx.proto of ONNX 1.18 (field numbers), and its wire format in
imagine.stages.upscale.protobuf.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import UsageError, quoted_path, unreadable
from imagine.stages.upscale.protobuf import DamagedError, fields, message, text, varints, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

# The largest upscalers people pass around have 170 MB; a file is read as a whole.
MAX_BYTES = 2**30
_MAX_NODES = 100_000
_MAX_RANK = 8
_EXTERNAL = 1
# TensorProto.DataType: NumPy's name of it and the field that holds it if raw_data (9) does not.
_FLOAT, _FLOAT16, _BFLOAT16 = 1, 10, 16
_TYPES = {
    _FLOAT: ("<f4", 4),
    2: ("u1", 5),
    3: ("i1", 5),
    6: ("<i4", 5),
    7: ("<i8", 7),
    9: ("?", 5),
    _FLOAT16: ("<f2", 5),
    11: ("<f8", 10),
    _BFLOAT16: ("<u2", 5),
}
_FLOAT_FIELDS = {4: "<f4", 10: "<f8"}


@dataclass(frozen=True, slots=True)
class Node:
    """One operation.

    Attributes:
        operation: as ONNX names it, with its domain before it ("ai.x:Op") unless that is ONNX's.
        attributes: int, float, str, tuples of int or float, arrays; None for what is not read.
    """

    operation: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a graph.

    Attributes:
        kind: NumPy's name of the type of its elements, "float32"; "" where it is another.
        shape: pixels or counts; None for a side that may be any.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A network.

    Attributes:
        nodes: in an order in which they can be computed.
        constants: name to array, of the type it is stored with (bfloat16 as float32), read-only.
        inputs: without the constants.
        opset: version of ONNX's operations.
        metadata: what the exporter wrote beside.
    """

    nodes: tuple[Node, ...]
    constants: "Mapping[str, Array]"
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    opset: int
    metadata: Mapping[str, str]


def read_onnx(path: Path) -> Graph:
    """The graph of a file.

    Raises:
        UsageError: it cannot be read, is damaged, too large, or keeps its weights elsewhere.
    """
    try:
        check_size(path)
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(unreadable(path, error)) from error
    return graph_of(data, name=quoted_path(path))


def check_size(path: Path) -> None:
    """Refuse a file that is too large to be read as a whole.

    Raises:
        UsageError: it is.
        OSError: it cannot be looked at.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise UsageError(
            f"{quoted_path(path)} has {size} bytes, and a model may have {MAX_BYTES}; choose a "
            "smaller one."
        )


def graph_of(data: bytes, *, name: str) -> Graph:
    """The graph of a file's bytes; `name` is what a message calls it.

    Raises:
        UsageError: it is damaged, or keeps its weights elsewhere.
    """
    try:
        return _model(memoryview(data))
    except DamagedError as error:
        raise UsageError(
            f"{name} is not an ONNX model that can be read: {error}; fetch or export it again."
        ) from error


def _model(data: memoryview) -> Graph:
    opset, graph = 0, None
    metadata: dict[str, str] = {}
    for number, value in fields(data):
        if number == 7:
            graph = message(value)
        elif number == 8:
            domain, version = _opset(message(value))
            opset = version if domain in ("", "ai.onnx") else opset
        elif number == 14:
            entry = {part: text(words) for part, words in fields(message(value))}
            metadata[entry.get(1, "")] = entry.get(2, "")
    if graph is None:
        raise DamagedError("it has no graph")
    return _graph(graph, opset, metadata)


def _opset(data: memoryview) -> tuple[str, int]:
    domain, version = "", 0
    for number, value in fields(data):
        if number == 1:
            domain = text(value)
        elif number == 2:
            version = whole(value)
    return domain, version


def _graph(data: memoryview, opset: int, metadata: Mapping[str, str]) -> Graph:
    nodes: list[Node] = []
    constants: dict[str, Array] = {}
    inputs: list[Port] = []
    outputs: list[Port] = []
    for number, value in fields(data):
        if number == 1:
            nodes.append(_node(message(value)))
        elif number == 5:
            name, array = _tensor(message(value))
            constants[name] = array
        elif number == 11:
            inputs.append(_port(message(value)))
        elif number == 12:
            outputs.append(_port(message(value)))
        elif number == 15:
            raise DamagedError("it has sparse weights")
        if len(nodes) > _MAX_NODES:
            raise DamagedError(f"it has more than {_MAX_NODES} nodes")
    free = tuple(port for port in inputs if port.name not in constants)
    return Graph(tuple(nodes), constants, free, tuple(outputs), opset, metadata)


def _node(data: memoryview) -> Node:
    inputs: list[str] = []
    outputs: list[str] = []
    name = operation = domain = ""
    attributes: dict[str, Any] = {}
    for number, value in fields(data):
        if number == 1:
            inputs.append(text(value))
        elif number == 2:
            outputs.append(text(value))
        elif number == 3:
            name = text(value)
        elif number == 4:
            operation = text(value)
        elif number == 5:
            key, attribute = _attribute(message(value))
            attributes[key] = attribute
        elif number == 7:
            domain = text(value)
    if domain not in ("", "ai.onnx"):
        operation = f"{domain}:{operation}"
    return Node(operation, name, tuple(inputs), tuple(outputs), attributes)


def _attribute(data: memoryview) -> tuple[str, Any]:
    """Its name and value; what is left out by a writer that omits zeros is told by its type."""
    name, kind = "", 0
    single: Any = None
    floats: list[float] = []
    whole_numbers: list[int] = []
    for number, value in fields(data):
        if number == 1:
            name = text(value)
        elif number == 2:
            single = sum(_floats(message(value), "<f4").tolist())
        elif number == 3:
            single = whole(value)
        elif number == 4:
            single = text(value)
        elif number == 5:
            single = _tensor(message(value))[1]
        elif number == 7:
            floats.extend(_floats(message(value), "<f4").tolist())
        elif number == 8:
            whole_numbers.extend(varints(value))
        elif number == 20:
            kind = whole(value)
    listed = {6: tuple(floats), 7: tuple(whole_numbers)}
    if kind in listed or (single is None and (floats or whole_numbers)):
        return name, listed.get(kind) or tuple(floats or whole_numbers)
    omitted = {1: 0.0, 2: 0, 3: ""}
    return name, omitted.get(kind) if single is None else single


def _tensor(data: memoryview) -> "tuple[str, Array]":
    """Name and values of a TensorProto.

    Raises:
        DamagedError: its values are elsewhere, of another type, or not as many as its shape says.
    """
    import numpy as np

    name, kind, raw = "", 0, None
    shape: list[int] = []
    parts: list[tuple[int, int | memoryview]] = []
    for number, value in fields(data):
        if number == 1:
            shape.extend(varints(value))
        elif number == 2:
            kind = whole(value)
        elif number == 8:
            name = text(value)
        elif number == 9:
            raw = message(value)
        elif number in (4, 5, 7, 10):
            parts.append((number, value))
        elif number == 14 and whole(value) == _EXTERNAL:
            raise DamagedError("its weights are in another file")
    if kind not in _TYPES:
        raise DamagedError(f"a tensor has the type {kind}")
    stored, field = _TYPES[kind]
    if raw is None:
        array = _listed(parts, field, stored)
    elif len(raw) % np.dtype(stored).itemsize:
        raise DamagedError("a tensor ends inside a number")
    else:
        array = np.frombuffer(raw, stored)
    if kind == _BFLOAT16:
        array = (array.astype("<u4") << 16).view("<f4")
    return name, _shaped(array, shape)


def _listed(parts: list[tuple[int, int | memoryview]], field: int, stored: str) -> "Array":
    """Values that stand in a field of their type."""
    import numpy as np

    if any(number != field for number, _ in parts):
        raise DamagedError("a tensor's values are not of its type")
    if field in _FLOAT_FIELDS:
        found = [_floats(message(value), _FLOAT_FIELDS[field]) for _, value in parts]
        return np.concatenate([*found, np.empty(0, stored)])
    values = [number for _, value in parts for number in varints(value)]
    try:
        if stored in ("<f2", "<u2"):
            return np.array(values, "<u2").view(stored)
        return np.array(values, stored)
    except OverflowError as error:
        raise DamagedError("a tensor's values are too large for its type") from error


def _floats(data: memoryview, stored: str) -> "Array":
    import numpy as np

    if len(data) % np.dtype(stored).itemsize:
        raise DamagedError("a list of numbers ends inside one")
    return np.frombuffer(data, stored)


def _shaped(array: "Array", shape: list[int]) -> "Array":
    if len(shape) > _MAX_RANK or any(side < 0 for side in shape):
        raise DamagedError("a tensor has an impossible shape")
    count = 1
    for side in shape:
        count *= side
    if count != array.size:
        raise DamagedError(f"a tensor of {count} values has {array.size}")
    return array.reshape(shape)


def _port(data: memoryview) -> Port:
    import numpy as np

    name, kind = "", 0
    shape: tuple[int | None, ...] = ()
    for number, value in fields(data):
        if number == 1:
            name = text(value)
        elif number == 2:
            for tensor in _parts(message(value), 1):
                for part, inner in fields(tensor):
                    if part == 1:
                        kind = whole(inner)
                    elif part == 2:
                        shape = tuple(_side(side) for side in _parts(message(inner), 1))
    known = kind in _TYPES and kind != _BFLOAT16
    return Port(name, np.dtype(_TYPES[kind][0]).name if known else "", shape)


def _parts(data: memoryview, wanted: int) -> Iterator[memoryview]:
    for number, value in fields(data):
        if number == wanted:
            yield message(value)


def _side(data: memoryview) -> int | None:
    """A dimension: None where it has a name, or nothing, in place of a number above 0."""
    for number, value in fields(data):
        if number == 1 and whole(value) > 0:
            return whole(value)
    return None
