"""The upscaler `diffusers`: Stable Diffusion's x4 and latent upscalers, from a local folder.

Both draw the picture anew at its larger size, led by the small one and by words. They take little
at a time, so a picture goes through in tiles, each with the same seed.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import LocalBackendError, RefusedError, StoppedError, quoted_path
from imagine.stages.image import Progress
from imagine.stages.paths import spelt
from imagine.stages.processors import processors
from imagine.stages.torch_device import torch_and_device, torch_reason
from imagine.stages.upscale import Enlarged, OnProgress, UpscaleCapabilities, UpscaleRequest
from imagine.stages.upscale.diffusers_folder import DiffusersFolder, diffusers_folder
from imagine.stages.upscale.fitted import Fit, FittedNetwork
from imagine.stages.upscale.tiling import enlarged, number_of_tiles

if TYPE_CHECKING:
    from imagine.stages.upscale.network import Tile
    from imagine.stages.upscale.raster import Raster

# What comes of two tiles never quite agrees: they are blended broadly.
HALO, FEATHER = 8, 32
# By factor: pixels of a side that go in, with the halo. Attention takes memory by the square of
# their number; the latent pipeline works at an eighth of the size and can have more.
SIDES = {4: 256, 2: 512}
# Rows and columns that both networks can halve as often as they do.
MULTIPLE = 64
# As diffusers' documentation has them: what it says of x4, and its example of the latent one.
STEPS = {4: 50, 2: 20}
GUIDANCE = {4: 9.0, 2: 7.5}
# Without words there is nothing to be led by, and half the work is saved.
UNGUIDED = 1.0


class DiffusersUpscaler:
    """Enlarges with a pipeline of diffusers, on the graphics card where torch finds one.

    Args:
        model: path of the folder.

    Raises:
        LocalBackendError: the folder cannot be used.
    """

    name = "diffusers"

    def __init__(self, *, model: str) -> None:
        if not model:
            raise LocalBackendError(
                "The upscaler 'diffusers' needs a folder with a pipeline; name it, as "
                "--upscaler diffusers/FOLDER."
            )
        self._folder = diffusers_folder(spelt(model))
        self._lock = Lock()
        self._pipeline: _Pipeline | None = None
        self.model = self._folder.path.resolve().name
        self._weights = self._folder.weights()
        noise = self._folder.max_noise
        self.capabilities = UpscaleCapabilities(
            factors=(self._folder.factor,),
            denoise=None if noise is None else (0, noise),
            trained=True,
            invents=True,
            prompt=True,
            seed=True,
        )

    def weights(self) -> str:
        """See imagine.stages.upscale.diffusers_folder."""
        return self._weights

    def upscale(
        self, raster: "Raster", request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        """The raster enlarged, drawn while its strips are read.

        Raises:
            LocalBackendError: the extra is missing, or the pipeline cannot be loaded; while strips
                are read, it failed.
            UsageError: it gives no numbers for this picture; while strips are read.
        """
        with self._lock:
            self._pipeline = self._pipeline or _loaded(self._folder)
        factor = self._folder.factor
        size, tile = (request.width, request.height), SIDES[factor] - 2 * HALO
        drawing = _Drawing(
            pipeline=self._pipeline,
            seed=request.seed or 0,
            steps=STEPS[factor],
            options=_options(request, self._folder),
            on_progress=on_progress,
        )
        network = FittedNetwork(
            evaluate=drawing.evaluate,
            fit=Fit(factor),
            halo=HALO,
            feather=FEATHER,
            threads=processors(),
            multiple=MULTIPLE,
        )
        drawing.tiles = number_of_tiles(raster, network, size, tile=tile)
        result = enlarged(
            raster,
            network,
            size,
            on_progress=lambda progress: None,  # The steps are told, which are more.
            tile=tile,
            threads=1,
            called=f"The pipeline in {quoted_path(self._folder.path)}",
            on_stop=drawing.stop,
        )
        parameters = (
            ("seed", request.seed or 0),
            ("num_inference_steps", STEPS[factor]),
            ("guidance_scale", drawing.options["guidance_scale"]),
            ("tile", tile),
            ("device", self._pipeline.device),
            ("weights", self.weights()),
        )
        return Enlarged(result, model=self.model, parameters=parameters)


@dataclass(frozen=True, slots=True)
class _Pipeline:
    """A pipeline that is loaded.

    Attributes:
        pipeline: diffusers' own.
        device: where it computes: "cpu" or "cuda".
        path: of its folder.
    """

    pipeline: Any
    device: str
    path: Path


class _Drawing:
    """One picture's tiles through a pipeline, step by step.

    Attributes:
        options: what every call of the pipeline is given.
        tiles: how many there are, for the progress.
    """

    def __init__(
        self,
        *,
        pipeline: _Pipeline,
        seed: int,
        steps: int,
        options: dict[str, Any],
        on_progress: OnProgress,
    ) -> None:
        self.options = options
        self._pipeline = pipeline
        self._seed = seed
        self._steps = steps
        self._on_progress = on_progress
        self.tiles = 1
        self._drawn = 0
        self._stopped = Event()

    def stop(self) -> None:
        """End the tile that is being drawn at its next step."""
        self._stopped.set()

    def evaluate(self, tile: "Tile") -> "Tile":
        """One tile, (3, rows, columns), drawn with the picture's seed.

        Raises:
            LocalBackendError: the pipeline failed, as when memory is short.
            RefusedError: the folder has a safety checker, and it took offence.
            StoppedError: the picture is not wanted any more.
        """
        import numpy as np
        import torch

        picture = np.ascontiguousarray(tile.transpose(1, 2, 0))[None]
        try:
            result = self._pipeline.pipeline(
                image=picture,
                generator=torch.Generator("cpu").manual_seed(self._seed),
                num_inference_steps=self._steps,
                output_type="np",
                callback=self._step_done,
                **self.options,
            )
        except (RuntimeError, ValueError, TypeError, KeyError) as error:
            raise LocalBackendError(
                f"The pipeline in {quoted_path(self._pipeline.path)} failed: "
                f"{torch_reason(error)}; use another folder, or another upscaler."
            ) from error
        self._drawn += 1
        if any(getattr(result, "nsfw_content_detected", None) or ()):
            raise RefusedError(
                f"The safety checker in {quoted_path(self._pipeline.path)} refused the picture; "
                "use another upscaler."
            )
        return np.array(result.images[0].transpose(2, 0, 1), np.float32)

    def _step_done(self, step: int, _time: object, _latents: object) -> None:
        if self._stopped.is_set():
            raise StoppedError("The run is being stopped; this picture was not finished.")
        done = self._drawn * self._steps + step + 1
        self._on_progress(Progress(done, self.tiles * self._steps, "step"))


def _options(request: UpscaleRequest, folder: DiffusersFolder) -> dict[str, Any]:
    """What every call of the pipeline is given of a request."""
    guided = bool(request.prompt or request.negative_prompt)
    options: dict[str, Any] = {
        "prompt": request.prompt or "",
        "negative_prompt": request.negative_prompt or "",
        "guidance_scale": GUIDANCE[folder.factor] if guided else UNGUIDED,
    }
    if folder.max_noise is not None and request.denoise is not None:
        options["noise_level"] = request.denoise
    return options


def _loaded(folder: DiffusersFolder) -> _Pipeline:
    """Load a folder's pipeline; nothing comes from the network.

    Raises:
        LocalBackendError: the extra is missing, or the folder cannot be loaded.
    """
    modules = ("diffusers", "transformers", "safetensors")
    torch, device = torch_and_device("The upscaler 'diffusers'", "diffusers", *modules)
    import diffusers
    import transformers

    # Both would draw progress bars, and tell of what concerns programmers, on stderr.
    for library in (diffusers.utils.logging, transformers.utils.logging):
        library.disable_progress_bar()
        library.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pipeline = getattr(diffusers, folder.pipeline).from_pretrained(
                str(folder.path),
                variant=folder.variant,
                use_safetensors=True,
                local_files_only=True,
            )
            half = torch.float16 if device == "cuda" else torch.float32
            pipeline.to(device, half)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise LocalBackendError(
            f"The pipeline in {quoted_path(folder.path)} cannot be loaded: {torch_reason(error)}; "
            "download the folder again."
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    return _Pipeline(pipeline, device, folder.path)
