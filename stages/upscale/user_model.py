"""The upscaler `model`: enlarges with any ESRGAN-family model that the user has as a file."""

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from imagine.stages.upscale import Enlarged, OnProgress, UpscaleCapabilities, UpscaleRequest
from imagine.stages.upscale.model_network import ModelNetwork, model_network
from imagine.stages.upscale.model_path import model_path
from imagine.stages.upscale.tiling import enlarged, processors

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
        self._path = model_path(model, directory)
        self.model = self._path.name
        self._lock = Lock()
        self._loaded: ModelNetwork | None = None

    @property
    def capabilities(self) -> UpscaleCapabilities:
        """What the model does; loads it.

        Raises:
            UsageError, LocalBackendError: as `model_network` does.
        """
        return UpscaleCapabilities(factors=(self._network().network.factor,), trained=True)

    def upscale(
        self, raster: "Raster", request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        """The raster enlarged, computed while its strips are read.

        Raises:
            UsageError, LocalBackendError: as `model_network` does; the latter also while strips
                are read, when memory is short.
        """
        loaded = self._network()
        result = enlarged(
            raster,
            loaded.network,
            (request.width, request.height),
            on_progress=on_progress,
            tile=loaded.tile,
            threads=loaded.workers and min(loaded.workers, processors()),
        )
        parameters = (("tile", loaded.tile), ("runtime", loaded.runtime))
        return Enlarged(result, model=self.model, parameters=parameters)

    def _network(self) -> ModelNetwork:
        with self._lock:
            self._loaded = self._loaded or model_network(self._path)
            return self._loaded
