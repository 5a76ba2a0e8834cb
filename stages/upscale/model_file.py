"""A model file of the user's in; what it enlarges, and which weights it has, out."""

from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from imagine.stages.errors import LocalBackendError, UsageError, shown, unreadable
from imagine.stages.files import sha256_of
from imagine.stages.processors import processors
from imagine.stages.upscale import Enlarged, OnProgress, UpscaleRequest
from imagine.stages.upscale.model_network import ModelNetwork, model_network
from imagine.stages.upscale.tiling import enlarged

if TYPE_CHECKING:
    from imagine.stages.upscale.raster import Raster

# Hexadecimal digits that tell files of one name apart.
_DIGITS = 16


class ModelFile:
    """A file that imagine.stages.upscale.model_path found, loaded when it is first needed.

    What is wrong with it is wrong for every picture, so it is found once and told as a
    LocalBackendError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        self._lock = Lock()
        self._loaded: ModelNetwork | None = None
        self._refused: str | None = None
        self._weights: str | None = None

    @property
    def factor(self) -> int:
        """How much it enlarges; loads it.

        Raises:
            LocalBackendError: it cannot be used.
        """
        return self._network().network.factor

    def weights(self) -> str:
        """The first 16 digits of its SHA-256; of a .param, of its digest and that of its .bin.

        Raises:
            LocalBackendError: it cannot be read.
        """
        with self._lock:
            if self._weights is None:
                self._weights = _digest(self.path)
            return self._weights

    def enlarged(
        self, raster: "Raster", request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        """The raster enlarged, computed while its strips are read.

        Raises:
            LocalBackendError: it cannot be used; or memory is short, while the strips are read.
            UsageError: it gives no numbers for this picture; while the strips are read.
        """
        loaded = self._network()
        result = enlarged(
            raster,
            loaded.network,
            (request.width, request.height),
            on_progress=on_progress,
            tile=loaded.tile,
            threads=loaded.workers and min(loaded.workers, processors()),
            called=f"The model '{shown(self.name)}'",
        )
        parameters = (
            ("tile", loaded.tile),
            ("runtime", loaded.runtime),
            ("weights", self.weights()),
        )
        return Enlarged(raster=result, model=self.name, parameters=parameters)

    def _network(self) -> ModelNetwork:
        with self._lock:
            if self._refused is not None:
                raise LocalBackendError(self._refused)
            if self._loaded is None:
                try:
                    self._weights = self._weights or _digest(self.path)
                    self._loaded = model_network(self.path)
                except (UsageError, LocalBackendError) as error:
                    self._refused = str(error)
                    raise LocalBackendError(self._refused) from error
            return self._loaded


class FileUpscaler:
    """What the upscalers share that run one model file.

    Attributes:
        model: the file's name.
    """

    def __init__(self, path: Path) -> None:
        self._file = ModelFile(path)
        self.model = self._file.name

    def weights(self) -> str:
        """As `ModelFile.weights`.

        Raises:
            LocalBackendError: the file cannot be read.
        """
        return self._file.weights()

    def upscale(
        self, raster: "Raster", request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        """As `ModelFile.enlarged`.

        Raises:
            LocalBackendError, UsageError: as it does.
        """
        return self._file.enlarged(raster, request, on_progress=on_progress)


def _digest(path: Path) -> str:
    files = [path, path.with_suffix(".bin")] if path.suffix.lower() == ".param" else [path]
    try:
        digests = [sha256_of(file) for file in files]
    except OSError as error:
        raise LocalBackendError(unreadable(path, error)) from error
    whole = digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()
    return whole[:_DIGITS]
