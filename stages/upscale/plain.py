"""Plain upscalers: a raster in, the raster resampled without a model out."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from imagine.stages.image import Progress
from imagine.stages.upscale import Enlarged, OnProgress, UpscaleCapabilities, UpscaleRequest
from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.resample import Filter, resized

if TYPE_CHECKING:
    from imagine.stages.upscale.raster import Strip


class _Resampler:
    """Resamples with the filter that it is named after."""

    name: Filter
    model = ""
    capabilities = UpscaleCapabilities()

    def upscale(
        self, raster: Raster, request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        result = resized(raster, (request.width, request.height), self.name)

        def strips() -> "Iterator[Strip]":
            rows = 0
            for strip in result.strips():
                rows += len(strip)
                on_progress(Progress(rows, result.height, "row"))
                yield strip

        counted = Raster(result.width, result.height, result.channels, result.depth, strips)
        return Enlarged(raster=counted, model=self.name)


class LanczosUpscaler(_Resampler):
    """Resamples with Lanczos of three lobes; invents nothing and runs everywhere."""

    name = "lanczos"


class NearestUpscaler(_Resampler):
    """Makes a square of each pixel, all of one size; crisp where the factor is a whole number."""

    name = "nearest"
