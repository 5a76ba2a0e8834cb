"""The embedded upscalers: RGB in, RGB of the size wanted out, by networks that ship with us.

Their weights are in assets/, with their licences and where they come from; see
scripts/pack_upscalers.py.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, ClassVar

from imagine.stages.image import Progress
from imagine.stages.processors import processors
from imagine.stages.upscale import Enlarged, OnProgress, UpscaleCapabilities, UpscaleRequest
from imagine.stages.upscale.colours import TrueColours
from imagine.stages.upscale.ncnn_network import NcnnNetwork
from imagine.stages.upscale.network import Network
from imagine.stages.upscale.onnx_file import read_onnx
from imagine.stages.upscale.onnx_layers import model_of_graph
from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.tiling import enlarged, number_of_tiles

if TYPE_CHECKING:
    from imagine.stages.upscale.raster import Strip

_ASSETS = Path(__file__).parent / "assets"
# 1024x1024 on two processors: 64 5.8 s, 80 5.5, 96 4.8, 112 5.4, 128 5.4; the layers of two larger
# tiles at once do not fit into the processor's cache, and take more memory.
_ART_TILE = 96
# It looks 18 pixels far; seeing 16, no pixel of a tile is off by more than 1/255, on photographs,
# drawings and noise, with 15 a few are, and with 10, feathered or not, some by 12. Here it is 12,
# and the correction of its colours, which only takes means of what lies between, adds 5.
_ART_HALO = 12
# Pixels over which the correction of its colours is evened out. Of a drawing that was a JPEG of
# quality 30 `art` takes the dirt away, 27.94 dB from the truth; corrected pixel by pixel it has
# 26.63 dB, evened out over 2 pixels 27.54, over 4 27.82, over 8 27.93. `photo` keeps the dirt
# anyway, and its results are the same to 0.05 dB.
_ART_EVENED = 4
# Each thread that works on one takes up to 100 MB: half a gigabyte in all.
_ART_THREADS = 5
# 64 takes 60 MB a thread and 128 150 MB, in the same time.
_PHOTO_TILE = 64


class PhotoUpscaler:
    """waifu2x upconv_7_photo: twice as large, true to the picture; removes noise if asked to.

    `denoise` is 0 to 3, in the network's own steps; without it noise stays as it is.
    """

    name = "photo"
    model = ""
    capabilities: ClassVar[UpscaleCapabilities] = UpscaleCapabilities(
        factors=(2,), denoise=(0, 3), trained=True
    )

    def __init__(self) -> None:
        self._networks = _Networks()

    def upscale(
        self, raster: Raster, request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        """Twice, or several times twice, and shrunk to what is wanted.

        Raises:
            LocalBackendError: ncnn is missing; or it fails, while the strips are read.
        """
        size = request.width, request.height
        parameters = (("tile", _PHOTO_TILE),)
        plain = self._networks.get("photo")
        if request.denoise is None:
            result = enlarged(raster, plain, size, on_progress=on_progress, tile=_PHOTO_TILE)
            return Enlarged(raster=result, model="upconv_7_photo", parameters=parameters)
        cleaning = self._networks.get(f"photo-noise{request.denoise}")
        result = _cleaned(raster, cleaning, plain, size, on_progress)
        model = f"upconv_7_photo noise{request.denoise}"
        return Enlarged(raster=result, model=model, parameters=parameters)


class ArtUpscaler:
    """Real-ESRGAN animevideov3: four times as large, with crisp lines, for drawings.

    It shifts colours, as `photo` does a little; see imagine.stages.upscale.colours.
    """

    name = "art"
    model = ""
    capabilities: ClassVar[UpscaleCapabilities] = UpscaleCapabilities(factors=(4,), trained=True)

    def __init__(self) -> None:
        self._networks = _Networks(halo=_ART_HALO, evened=_ART_EVENED)

    def upscale(
        self, raster: Raster, request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        """Four times, or several times that, and shrunk to what is wanted.

        Raises:
            LocalBackendError: ncnn is missing; or it fails, while the strips are read.
        """
        network = self._networks.get("art")
        size = request.width, request.height
        result = enlarged(
            raster,
            network,
            size,
            on_progress=on_progress,
            tile=_ART_TILE,
            threads=min(_ART_THREADS, processors()),
        )
        return Enlarged(
            raster=result, model="realesr-animevideov3", parameters=(("tile", _ART_TILE),)
        )


def _cleaned(
    raster: Raster,
    cleaning: Network,
    plain: Network,
    size: tuple[int, int],
    on_progress: OnProgress,
) -> Raster:
    """The first pass by the network that removes noise, the others by the plain one.

    A second cleaning would take detail for noise.
    """
    width, height = size
    if width <= 2 * raster.width and height <= 2 * raster.height:
        return enlarged(raster, cleaning, size, on_progress=on_progress, tile=_PHOTO_TILE)
    # What the second pass begins with; no more of the first than it needs.
    half = min(2 * raster.width, -(-width // 2)), min(2 * raster.height, -(-height // 2))
    total = number_of_tiles(raster, cleaning, half, tile=_PHOTO_TILE)
    middle = Raster(*half, raster.channels, raster.depth, raster.strips)
    total += number_of_tiles(middle, plain, size, tile=_PHOTO_TILE)

    def strips() -> "Iterator[Strip]":
        numbers = count(1)

        def tell(progress: Progress) -> None:
            on_progress(Progress(next(numbers), total, progress.label))

        clean = enlarged(raster, cleaning, half, on_progress=tell, tile=_PHOTO_TILE)
        yield from enlarged(clean, plain, size, on_progress=tell, tile=_PHOTO_TILE).strips()

    return Raster(*size, raster.channels, raster.depth, strips)


class _Networks:
    """The networks in assets/, each loaded when it is first asked for, and once.

    Args:
        halo: see imagine.stages.upscale.ncnn_network.
        evened: see imagine.stages.upscale.colours.
    """

    def __init__(self, *, halo: int | None = None, evened: int = 0) -> None:
        self._halo = halo
        self._evened = evened
        self._lock = Lock()
        self._loaded: dict[str, Network] = {}

    def get(self, name: str) -> Network:
        """One of them, by its file's name, with its colours corrected if it leaves noise alone.

        What a network that removes noise takes away would be put back by the correction.

        Raises:
            LocalBackendError: ncnn is missing or does not take it.
        """
        with self._lock:
            if name not in self._loaded:
                model = model_of_graph(read_onnx(_ASSETS / f"{name}.onnx"), name=name)
                network = NcnnNetwork(model, halo=self._halo)
                cleaning = name.startswith("photo-noise")
                self._loaded[name] = (
                    network if cleaning else TrueColours(network, radius=self._evened)
                )
            return self._loaded[name]
