"""A session of onnxruntime: an ONNX file that only it can run in, a function of tiles out."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import LocalBackendError, UsageError, quoted_path, shown
from imagine.stages.upscale.ncnn_model import UnknownOperationError

if TYPE_CHECKING:
    from imagine.stages.upscale.network import Tile

# Of the address and other things that its messages begin with.
_MAX_MESSAGE = 200
_FLOATS = ("tensor(float)", "tensor(float16)")


@dataclass(frozen=True, slots=True)
class OnnxSession:
    """A model that is ready to run.

    Attributes:
        input: its name.
        half: whether it takes float16.
        shape: of what it takes; None for a side that may be any.
    """

    session: Any
    input: str
    half: bool
    shape: tuple[int | None, ...]

    def evaluate(self, tile: "Tile") -> "Tile":
        """(channels, rows, columns) in and out.

        Raises:
            LocalBackendError: it failed, as when memory is short.
        """
        import numpy as np

        batch = tile[None].astype(np.float16 if self.half else np.float32)
        try:
            result = self.session.run(None, {self.input: batch})[0]
        except _errors() as error:
            raise LocalBackendError(
                f"The model failed in onnxruntime: {_reason(error)}; use another one."
            ) from error
        return np.array(result[0], np.float32)


def onnx_session(path: Path, *, threads: int, reason: UsageError) -> OnnxSession:
    """Load a file of one input, of floating-point numbers, and one output.

    Args:
        reason: why it does not run in ncnn.

    Raises:
        UsageError: it has other inputs or outputs; or it is damaged, and onnxruntime is missing.
        LocalBackendError: onnxruntime is missing, or cannot load the file.
    """
    try:
        import onnxruntime
    except (ImportError, OSError) as error:
        if not isinstance(reason, UnknownOperationError):
            raise reason from error
        raise LocalBackendError(
            f"The model {quoted_path(path)} has the operation '{shown(reason.operation)}', which "
            "only onnxruntime runs, and that is not installed; pip install 'imagine-cli[onnx]'."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # Its warnings would go to stderr.
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except _errors() as error:
        raise LocalBackendError(
            f"The model {quoted_path(path)} cannot be loaded by onnxruntime: {_reason(error)}; "
            "use another one."
        ) from error
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(session.get_outputs()) != 1 or inputs[0].type not in _FLOATS:
        raise UsageError(
            f"The model {quoted_path(path)} does not take one picture of floating-point numbers "
            "and give one; use another one."
        )
    shape = tuple(side if isinstance(side, int) else None for side in inputs[0].shape)
    return OnnxSession(session, inputs[0].name, inputs[0].type == _FLOATS[1], shape)


def _errors() -> tuple[type[BaseException], ...]:
    """What onnxruntime raises: classes that have no base of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    found = (value for value in vars(state).values() if isinstance(value, type))
    own = tuple(value for value in found if issubclass(value, Exception))
    return (*own, ValueError, RuntimeError, MemoryError)


def _reason(error: BaseException) -> str:
    """Its first line, without the numbers and places in source files that it begins with."""
    line = str(error).partition("\n")[0]
    return shown(line.rpartition("] : ")[2] or line, limit=_MAX_MESSAGE).rstrip(". ")
