"""An upscaler that does as the test says: fails, is interrupted, costs money, or enlarges."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from imagine.stages.image import Progress
from imagine.stages.money.usage import Usage
from imagine.stages.upscale import Enlarged, OnProgress, UpscaleCapabilities, UpscaleRequest
from imagine.stages.upscale.raster import Raster
from imagine.stages.upscale.resample import resized

DENOISING = UpscaleCapabilities(factors=(2,), denoise=(0, 3))


@dataclass
class ScriptedUpscaler:
    """Resamples.

    Attributes:
        script: for each picture in turn None to enlarge it, or what is raised; after the last one
            all are enlarged.
        asked: the requests.
    """

    script: Sequence[BaseException | None] = ()
    capabilities: UpscaleCapabilities = DENOISING
    name: str = "scripted"
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    asked: list[UpscaleRequest] = field(default_factory=list)

    def upscale(
        self, raster: Raster, request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        number = len(self.asked)
        self.asked.append(request)
        fault = self.script[number] if number < len(self.script) else None
        if fault is not None:
            raise fault
        on_progress(Progress(1, 1, "tile"))
        made: Any = resized(raster, (request.width, request.height), "lanczos")
        return Enlarged(made, model=self.model, parameters=(("tile", 64),), usage=self.usage)


# Those that tests have prepared; the registry makes the last one.
MADE: list[ScriptedUpscaler] = []
Prepare = Callable[..., ScriptedUpscaler]


def scripted() -> ScriptedUpscaler:
    """What the registry makes: the upscaler that the test has prepared."""
    return MADE[-1]
