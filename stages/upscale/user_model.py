"""The upscaler `model`: enlarges with any ESRGAN-family model that the user has as a file."""

from pathlib import Path

from imagine.stages.upscale import UpscaleCapabilities
from imagine.stages.upscale.model_file import FileUpscaler
from imagine.stages.upscale.model_path import model_path


class ModelUpscaler(FileUpscaler):
    """Enlarges with a .safetensors, .onnx or .param file, loaded when it is first needed.

    Args:
        model: a path, or the name of a file in `directory`.
        directory: where models are found by name, or None.

    Raises:
        UsageError: there is no such file, or it is of a kind that is not read.
    """

    name = "model"

    def __init__(self, *, model: str, directory: Path | None = None) -> None:
        super().__init__(model_path(model, directory))

    @property
    def capabilities(self) -> UpscaleCapabilities:
        """What the model does; loads it.

        Raises:
            LocalBackendError: it cannot be used.
        """
        return UpscaleCapabilities(factors=(self._file.factor,), trained=True)
