"""Weights: a .safetensors file in, its tensors out, without torch and without running anything.

The format: eight bytes with the length of a JSON header, the header (name to type, shape and
place), and the numbers (https://huggingface.co/docs/safetensors). Nothing in it is a program.
"""

import json
import stat
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import UsageError, quoted_path, shown, unreadable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

# The largest header seen is 0.2 MB; the format allows 100.
MAX_HEADER = 16 * 2**20
MAX_DIMENSIONS = 8
# What training programs put before every name.
_WRAPPERS = ("params_ema.", "params.", "module.")
_POINTER = b"version https://git-lfs"
# Bytes of a number, of all types that the format has; None for those of a part of a byte.
_WIDTHS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 1),
    **dict.fromkeys(("F8_E4M3FNUZ", "F8_E5M2FNUZ"), 1),
    **dict.fromkeys(("F4", "F6_E2M3", "F6_E3M2")),
}
_FLOATS = ("F64", "F32", "F16", "BF16")


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a file.

    Attributes:
        kind: "F32", "F16", "BF16", ... as the format calls it.
        shape: its dimensions.
        begin, end: where its bytes are in the file.
    """

    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Weights:
    """The tensors of a file, known by its header and read when they are asked for.

    Attributes:
        path: of the file.
        tensors: by name, in the file's order.
    """

    path: Path
    tensors: dict[str, Tensor]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: tensor.shape for name, tensor in self.tensors.items()}

    def read(self, name: str) -> "Array":
        """One tensor as float32.

        Raises:
            UsageError: it holds whole numbers, or a number that is not finite.
        """
        import numpy as np

        tensor = self.tensors[name]
        if tensor.kind not in _FLOATS:
            raise _damaged(self.path, f"'{shown(name)}' is of type {tensor.kind}")
        try:
            with self.path.open("rb") as file:
                file.seek(tensor.begin)
                data = file.read(tensor.end - tensor.begin)
        except OSError as error:
            raise UsageError(unreadable(self.path, error)) from error
        if len(data) < tensor.end - tensor.begin:
            raise _damaged(self.path, f"'{shown(name)}' is cut off")
        values = _floats(data, tensor.kind).reshape(tensor.shape)
        if not np.isfinite(values).all():
            raise _damaged(self.path, f"'{shown(name)}' holds numbers that are not finite")
        return values


def open_weights(path: Path) -> Weights:
    """Read the header of a .safetensors file, and check that the file is whole.

    A word that stands before all names is left out: "params_ema.".

    Raises:
        UsageError: it cannot be read, is damaged, or was not downloaded to its end.
    """
    try:
        state = path.stat()
        size = state.st_size
        if stat.S_ISFIFO(state.st_mode):
            raise _damaged(path, "it is a pipe, which has no end")
        with path.open("rb") as file:
            start = file.read(len(_POINTER))
            length = int.from_bytes(start[:8], "little")
            if start == _POINTER:
                raise _damaged(path, "it is a pointer of Git LFS to the file")
            if size < 8 or not 2 <= length <= MAX_HEADER:
                raise _damaged(path, "it does not begin as one")
            file.seek(8)
            header = file.read(length)
    except OSError as error:
        raise UsageError(unreadable(path, error)) from error
    try:
        entries = json.loads(header)
    except (ValueError, RecursionError) as error:
        if len(header) < length:
            raise _cut_off(path, size, 8 + length) from error
        raise _damaged(path, "its header is no JSON") from error
    if not isinstance(entries, dict):
        raise _damaged(path, "its header is no JSON object")
    entries.pop("__metadata__", None)
    if not entries:
        raise _damaged(path, "it holds no tensors")
    tensors = {name: _tensor(path, name, entry, 8 + length) for name, entry in entries.items()}
    end = max((tensor.end for tensor in tensors.values()), default=8 + length)
    if size < end:
        raise _cut_off(path, size, end)
    if size > end:
        raise _damaged(path, f"it has {size:,} bytes, {size - end:,} more than its header says")
    for wrapper in _WRAPPERS:
        if all(name.startswith(wrapper) for name in tensors):
            tensors = {name.removeprefix(wrapper): tensor for name, tensor in tensors.items()}
    return Weights(path, tensors)


def _tensor(path: Path, name: str, entry: Any, start: int) -> Tensor:
    """An entry of the header, checked."""
    try:
        kind, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        width = _WIDTHS.get(kind)
        known = kind in _WIDTHS
    except (TypeError, KeyError, ValueError) as error:
        raise _damaged(path, f"'{shown(name)}' is not described as it should be") from error
    if not known:
        raise _damaged(path, f"'{shown(name)}' is of type '{shown(kind)}', which there is not")
    whole = all(type(number) is int and number >= 0 for number in (*shape, begin, end))
    if not whole or len(shape) > MAX_DIMENSIONS:
        raise _damaged(path, f"'{shown(name)}' has no shape that a tensor can have")
    if width is not None and end - begin != width * prod(shape):
        raise _damaged(path, f"'{shown(name)}' has {end - begin} bytes for its shape {shape}")
    return Tensor(shown(kind), shape, start + begin, start + end)


def _floats(data: bytes, kind: str) -> "Array":
    import numpy as np

    if kind == "BF16":  # The upper half of a float32.
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    plain = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}[kind]
    return np.frombuffer(data, plain).astype(np.float32)


def _damaged(path: Path, reason: str) -> UsageError:
    return UsageError(
        f"The model {quoted_path(path)} is no .safetensors file that can be used: {reason}; "
        "get it again from where it came from."
    )


def _cut_off(path: Path, size: int, whole: int) -> UsageError:
    return UsageError(
        f"The model {quoted_path(path)} is cut off, {size:,} of {whole:,} bytes are there; "
        "download it again."
    )
