"""Drawing with a loaded model: a request goes in, the picture that GenAI draws of it comes out."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from imagine.stages.errors import LocalBackendError, StoppedError, shown
from imagine.stages.generate.local.sizes import at_size, rounded_up
from imagine.stages.generate.local.steps import steps_for
from imagine.stages.generate.local.worker import Tell
from imagine.stages.generate.openvino.folder import ConvertedFolder
from imagine.stages.generate.openvino.leading import Leader, scheduler
from imagine.stages.generate.openvino.loading import Loaded, is_memory, reason
from imagine.stages.generate.openvino.noise import generator
from imagine.stages.generate.openvino.words import Words, words_for
from imagine.stages.generate.starting_pictures import kept_outside, mask_from, picture_from
from imagine.stages.image import ImageRequest, Progress

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Settings:
    """What a picture is drawn with, the request's own values or the model's.

    Attributes:
        steps: of the first pass.
        guidance: how closely the prompt is followed.
        strength: of the first pass; None where it starts from nothing.
        leader: who leads the steps.
    """

    steps: int
    guidance: float
    strength: float | None
    leader: Leader


def settings_for(folder: ConvertedFolder, request: ImageRequest, leader: Leader) -> Settings:
    """The request's own values, and the model's where it has none.

    Raises:
        UsageError: its steps and strength leave no step.
    """
    family, strength = folder.family, folder.layout.strength(request)
    steps = request.num_inference_steps or family.num_inference_steps
    guidance = request.guidance_scale
    return Settings(
        steps=steps_for(request, steps, strength),
        guidance=family.guidance_scale if guidance is None else guidance,
        strength=strength,
        leader=leader,
    )


def draw(
    loaded: Loaded, request: ImageRequest, settings: Settings, tell: Tell
) -> "tuple[Image, tuple[str, ...]]":
    """One picture, of the size that was asked for, and what the user should know of it.

    Args:
        loaded: the model.
        request: what to draw.
        settings: its values.
        tell: takes each step.

    Raises:
        LocalBackendError: OpenVINO failed, as when memory is short.
        StoppedError: `tell` raised it.
        UsageError: a picture cannot be decoded.
    """
    try:
        words = words_for(loaded, request, settings.guidance)
        return _draw(_Making(loaded, request, settings, words, tell)), words.notes
    except (RuntimeError, MemoryError) as error:
        if is_memory(error):
            raise LocalBackendError(
                f"Memory is too short to draw {request.result_size[0]}x{request.result_size[1]} "
                f"with the model '{shown(loaded.folder.name)}'; ask for a smaller --size, or "
                "close other programs."
            ) from error
        raise LocalBackendError(
            f"OpenVINO failed to draw with the model '{shown(loaded.folder.name)}': "
            f"{reason(error)}; convert the folder again, or choose -b diffusers."
        ) from error


def _draw(making: "_Making") -> "Image":
    request, steps = making.request, making.settings.steps
    if request.images:
        original = picture_from(request.images[0], request.size)
        mask = None if request.mask is None else mask_from(request.mask, request.size)
        drawn = making.drawn(steps, start=original, mask=mask)
        return drawn if mask is None else kept_outside(drawn, original, mask)
    if request.hires_fix is None:
        return making.drawn(steps)
    strength = request.hires_fix.strength
    # Its strength is not the user's --strength, for which the user's steps would be too few.
    asked = steps_for(replace(request, num_inference_steps=None), steps, strength)
    # The scheduler LCM takes all steps from wherever it starts.
    second = asked if making.settings.leader.kind == "LCM" else int(asked * strength)
    drawn = making.drawn(steps, after=second)
    size = rounded_up(request.result_size, making.loaded.folder.family.multiple)
    start = at_size(drawn, size)
    again = making.drawn(asked, before=steps, start=start, strength=strength)
    return at_size(again, request.result_size)


@dataclass(frozen=True, slots=True)
class _Making:
    """What the passes of one picture have in common."""

    loaded: Loaded
    request: ImageRequest
    settings: Settings
    words: Words
    tell: Tell

    def drawn(
        self,
        steps: int,
        *,
        before: int = 0,
        after: int = 0,
        start: "Image | None" = None,
        mask: "Image | None" = None,
        strength: float | None = None,
    ) -> "Image":
        """One pass.

        Args:
            steps: that GenAI is asked for.
            before, after: steps of other passes, for the progress.
            start: RGB picture to begin with.
            mask: L, what of it is drawn anew.
            strength: how far it is left; None for that of the settings.
        """
        from PIL import Image

        genai, folder = self.loaded.runtime.genai, self.loaded.folder
        made = (
            genai.Text2ImagePipeline
            if start is None
            else genai.Image2ImagePipeline
            if mask is None
            else genai.InpaintingPipeline
        )
        pipeline = getattr(made, folder.layout.kind)(
            scheduler(genai, folder, self.settings.leader),
            *self.words.encoders,
            self.loaded.denoiser,
            self.loaded.vae,
        )
        watch = _Watch(self.tell, before=before, after=after)
        width, height = self.request.size if start is None else start.size
        options: dict[str, Any] = {
            **self.words.options,
            "width": width,
            "height": height,
            "num_inference_steps": steps,
            "guidance_scale": float(self.settings.guidance),
            "generator": generator(self.request.seed),
            "callback": watch.step_done,
        }
        pictures = []
        if start is not None:
            options["strength"] = self.settings.strength if strength is None else strength
            pictures = [self._tensor(picture) for picture in (start, mask) if picture is not None]
        result = pipeline.generate(self.words.prompt, *pictures, **options)
        watch.check()
        # The memory is GenAI's, and the next picture's.
        pixels = np.array(result.data, np.uint8, copy=True)
        return Image.fromarray(pixels[0])

    def _tensor(self, picture: "Image") -> Any:
        """Pixels as GenAI takes them: (1, rows, columns, 3)."""
        pixels = np.array(picture.convert("RGB"), np.uint8)[None]
        return self.loaded.runtime.openvino.Tensor(np.ascontiguousarray(pixels))


class _Watch:
    """Tells the steps of a pass, and ends it where nobody waits for the picture any more.

    GenAI calls from a thread of its own while the next step is under way already.
    """

    def __init__(self, tell: Tell, *, before: int, after: int) -> None:
        self._tell, self._before, self._after = tell, before, after
        self._stopped: BaseException | None = None

    def step_done(self, step: int, steps: int, _latents: Any) -> bool:
        """Whether the pass is to end."""
        try:
            self._tell(
                Progress(self._before + step + 1, self._before + steps + self._after, "step")
            )
        except StoppedError as error:
            self._stopped = error
        return self._stopped is not None

    def check(self) -> None:
        if self._stopped is not None:
            raise self._stopped
