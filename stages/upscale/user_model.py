"""The upscaler `model`: enlarges with any ESRGAN-family model that the user has as a file."""

from pathlib import Path
from typing import TYPE_CHECKING

from imagine.stages.upscale import Enlarged, OnProgress, UpscaleCapabilities, UpscaleRequest
from imagine.stages.upscale.model_file import ModelFile
from imagine.stages.upscale.model_path import model_path

if TYPE_CHECKING:
    from imagine.stages.upscale.raster import Raster


class ModelUpscaler:
    """Enlarges with a .safetensors, .onnx or .param file, loaded when it is first needed.

    Args:
        model: a path, or the name of a file in `directory`.
        directory: where models are found by name, or None.

    Raises:
        UsageError: there is no such file, or it is of a kind that is not read.
    """

    name = "model"

    def __init__(self, *, model: str, directory: Path | None = None) -> None:
        self._file = ModelFile(model_path(model, directory))
        self.model = self._file.name

    @property
    def capabilities(self) -> UpscaleCapabilities:
        """What the model does; loads it.

        Raises:
            LocalBackendError: it cannot be used.
        """
        return UpscaleCapabilities(factors=(self._file.factor,), trained=True)

    def weights(self) -> str:
        """See imagine.stages.upscale.model_file.

        Raises:
            LocalBackendError: the file cannot be read.
        """
        return self._file.weights()

    def upscale(
        self, raster: "Raster", request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        """The raster enlarged, computed while its strips are read.

        Raises:
            LocalBackendError, UsageError: as imagine.stages.upscale.model_file does.
        """
        return self._file.enlarged(raster, request, on_progress=on_progress)
