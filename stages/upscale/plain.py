"""Plain upscalers: a raster in, the raster resampled without a model out."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from imagine.stages.image import Progress
from imagine.stages.upscale import Enlarged, OnProgress, UpscaleCapabilities, UpscaleRequest
from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.resample import Filter, resized

if TYPE_CHECKING:
    from imagine.stages.upscale.raster import Strip


class LanczosUpscaler:
    """Resamples with Lanczos of three lobes; invents nothing and runs everywhere."""

    name = "lanczos"
    model = ""
    capabilities = UpscaleCapabilities()

    def upscale(
        self, raster: Raster, request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        return _resampled(raster, request, "lanczos", on_progress)


class NearestUpscaler:
    """Repeats pixels; where the factor is a whole number each becomes a square of its own."""

    name = "nearest"
    model = ""
    capabilities = UpscaleCapabilities()

    def upscale(
        self, raster: Raster, request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        return _resampled(raster, request, "nearest", on_progress)


def _resampled(
    raster: Raster, request: UpscaleRequest, filter_: Filter, on_progress: OnProgress
) -> Enlarged:
    result = resized(raster, (request.width, request.height), filter_)

    def strips() -> "Iterator[Strip]":
        rows = 0
        for strip in result.strips():
            rows += len(strip)
            on_progress(Progress(rows, result.height, "row"))
            yield strip

    counted = Raster(result.width, result.height, result.channels, result.depth, strips)
    return Enlarged(raster=counted, model=filter_)
