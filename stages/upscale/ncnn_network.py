"""ncnn as a Network: a model's layers in, a network that enlarges tiles out, on processors only.

ncnn does not hold Python's lock while it computes, so tiles run side by side in threads of ours.
Each computes with one thread of its own: as fast as two of OpenMP on two idle cores (1.04 s and
1.11 s for `art`, 512 to 2048), no waiting at barriers when other work holds a core (OpenMP spins
there: 0.3 s became 1.3), and the result cannot depend on how many threads there are.
"""

import ctypes
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import LocalBackendError
from imagine.stages.upscale.ncnn_model import INPUT, OUTPUT, Model, param_and_bin
from imagine.stages.upscale.ncnn_shapes import extent_of

if TYPE_CHECKING:
    from imagine.stages.upscale.network import Tile


class NcnnNetwork:
    """Enlarges tiles with a model; several threads may do so at the same time.

    Attributes:
        factor, halo, feather, threads: see imagine.stages.upscale.network.
    """

    factor: int
    halo: int
    feather: int
    threads = 1

    def __init__(self, model: Model, *, halo: int | None = None, feather: int = 0) -> None:
        """Load a model whose input and output are channels of 0 to 1.

        Args:
            halo: None for as far as the model looks.

        Raises:
            UsageError: the model's layers do not fit each other, or it is no upscaler.
            LocalBackendError: ncnn is missing, or cannot load it.
        """
        extent = extent_of(model)
        self.factor = extent.factor
        # What the model loses at its borders must go in, whatever the halo.
        lost = -(-extent.lost // extent.factor)
        self.halo = max(extent.reach if halo is None else halo, lost)
        self.feather = feather
        self._multiple = extent.multiple
        self._margin = self.halo * extent.factor - extent.lost
        self._net = load(model)

    def run(self, tile: "Tile") -> "Tile":
        import numpy as np

        rows, columns = ((side - 2 * self.halo) * self.factor for side in tile.shape[1:])
        missing = [-side % self._multiple for side in tile.shape[1:]]
        if any(missing):
            tile = np.pad(tile, ((0, 0), (0, missing[0]), (0, missing[1])), "edge")
        result = compute(self._net, tile)
        margin = self._margin
        return result[:, margin : margin + rows, margin : margin + columns]


def imported() -> Any:
    """The module ncnn.

    Raises:
        LocalBackendError: it is missing, or cannot be imported, as without a library of its own.
    """
    try:
        import ncnn
    except ImportError as error:
        raise LocalBackendError(
            f"The package ncnn, which runs upscalers, cannot be used ({error}); "
            "run `pip install ncnn`, or use --upscaler lanczos."
        ) from error
    return ncnn


def load(model: Model) -> Any:
    """ncnn's Net of a model whose layers fit each other (imagine.stages.upscale.ncnn_shapes).

    Raises:
        LocalBackendError: ncnn is missing, or does not take it.
    """
    ncnn = imported()
    text, weights = param_and_bin(model)
    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    net.opt.num_threads = 1
    # Where processors have arithmetic of 16 bits ncnn would use it: 57 dB from the exact result.
    for option in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
        setattr(net.opt, f"use_{option}", False)
    if net.load_param_mem(text) or net.load_model(_reader(weights)):
        raise LocalBackendError(
            "The installed ncnn does not take the model; run `pip install --upgrade ncnn`, or use "
            "--upscaler lanczos."
        )
    return net


def compute(net: Any, tile: "Tile") -> "Tile":
    """What a Net makes of (channels, rows, columns).

    Raises:
        LocalBackendError: it fails, as when memory is short.
    """
    import ncnn
    import numpy as np

    extractor = net.create_extractor()
    # A name keeps the array alive: a Mat borrows its memory and does not. The clone has memory of
    # its own: layers that work in place end the process when it is borrowed.
    borrowed = np.ascontiguousarray(tile, np.float32)
    status = extractor.input(INPUT, ncnn.Mat(borrowed).clone())
    if not status:
        status, result = extractor.extract(OUTPUT)
    if status:
        # A Net that failed is never freed: ncnn would complain of it on the user's terminal.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(net))
        columns, rows = tile.shape[2], tile.shape[1]
        raise LocalBackendError(
            f"ncnn could not enlarge a tile of {columns}x{rows} pixels (status {status}), most "
            "likely for want of memory; close other programs, or use --upscaler lanczos."
        )
    return np.array(result)


def _reader(data: bytes) -> Any:
    """Bytes as ncnn's DataReader.

    Net.load_model_mem takes bytes too, but keeps pointers into a copy that is freed at once, and
    does not say whether it succeeded.
    """
    import ncnn

    address = ctypes.pythonapi.PyCapsule_GetPointer
    address.restype = ctypes.c_void_p
    address.argtypes = (ctypes.py_object, ctypes.c_char_p)

    class Reader(ncnn.DataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._left = memoryview(data)

        def read(self, buffer: object, size: int) -> int:
            """Copy the next `size` bytes to where the capsule points; how many there were."""
            part, self._left = self._left[:size], self._left[size:]
            ctypes.memmove(address(buffer, None), bytes(part), len(part))
            return len(part)

    return Reader()
