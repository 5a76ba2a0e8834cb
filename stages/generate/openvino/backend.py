"""The backend `openvino`: a request goes in, a picture that a converted model drew comes out.

Making one reads descriptions only; the networks are loaded for the first picture, and run in a
thread of their own.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from imagine.stages.errors import LocalBackendError, shown
from imagine.stages.generate import Capabilities
from imagine.stages.generate.local.capabilities import family_capabilities
from imagine.stages.generate.local.guidance import check_guidance
from imagine.stages.generate.local.options import LocalOptions, unread_note
from imagine.stages.generate.local.shelf import Place, Shelf
from imagine.stages.generate.local.steps import steps_for
from imagine.stages.generate.local.worker import Tell, Worker
from imagine.stages.generate.openvino.folder import ConvertedFolder, converted_folder
from imagine.stages.generate.openvino.leading import leader_for
from imagine.stages.generate.openvino.loras import matched
from imagine.stages.generate.openvino.runtime import check_packages, runtime
from imagine.stages.generate.starting_pictures import check_mask, mask_from
from imagine.stages.image import GeneratedImage, ImageRequest, Progress

if TYPE_CHECKING:
    from imagine.stages.generate.openvino.loading import Loaded
    from imagine.stages.generate.openvino.loras import Adapters

# Of a CLIP model's prompt, which is read in pieces of 75.
LONG_PROMPT = 225
MAX_LORAS = 8


class OpenVINOBackend:
    """Draws with a pipeline that was converted for OpenVINO (`imagine models convert`).

    Args:
        model: its name in `imagine models`, the path of its folder, or its id on the hub.
        shelf: knows where it lies.
        options: how it is run.
        tell: takes a sentence that the user should read.

    Raises:
        LocalBackendError: no model is named, or it cannot be used.
    """

    name = "openvino"

    def __init__(
        self, *, model: str, shelf: Shelf, options: LocalOptions, tell: Callable[[str], None]
    ) -> None:
        if not model:
            raise LocalBackendError(
                "The backend 'openvino' needs a model: name its converted folder with --model, or "
                "run `imagine models convert FOLDER TARGET`, or set IMAGINE_OPENVINO_MODEL."
            )
        self._shelf, self._options, self._tell = shelf, options, tell
        self._place = shelf.model(model)
        self._folder = converted_folder(self._place)
        self._worker = Worker("openvino")
        self._loaded: Loaded | None = None
        self._weights = ""
        self._matched: set[Path] = set()
        self._unread = unread_note(self.name, options, "offload", "compile", "batch_size")
        self.model = self._place.name
        self.capabilities = capabilities_of(self._folder)

    @cached_property
    def identity(self) -> str:
        """What decides its pictures beside its name: weights, decoder, and dtype as set."""
        tiny = "tiny" if self._folder.tiny and self._options.uses_tiny_vae else "-"
        return " ".join([self._folder.weights(), tiny, self._options.dtype])

    def check(self, request: ImageRequest) -> None:
        """Refuse what cannot be drawn, before anything is loaded.

        Raises:
            LocalBackendError: the extra is missing, or a LoRA is not there.
            UsageError: the model does not read what is asked of it, or a LoRA does not fit it.
        """
        leader_for(self._folder, request.scheduler)
        check_guidance(self.model, self._folder.family, request)
        steps = request.num_inference_steps or self._folder.family.num_inference_steps
        steps_for(request, steps, self._folder.layout.strength(request))
        if request.mask is not None:
            check_mask(request.mask)
        for lora, path in self._adapters(request):
            if path not in self._matched:
                matched(self._folder, lora, path)
                self._matched.add(path)
        check_packages()

    def own_values(self, request: ImageRequest) -> dict[str, int | float | str]:
        """What the model takes where the request says nothing, by its files."""
        family, strength = self._folder.family, self._folder.layout.strength(request)
        free = replace(request, num_inference_steps=None)
        values: dict[str, int | float | str] = {
            "num_inference_steps": steps_for(free, family.num_inference_steps, strength),
            "guidance_scale": family.guidance_scale,
            "scheduler": leader_for(self._folder, request.scheduler).name,
        }
        return values | ({} if strength is None else {"strength": strength})

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """Yields each step, and the picture.

        Raises:
            LocalBackendError: packages are missing, the model cannot be loaded, or memory is short.
            UsageError: the model does not read what is asked of it.
        """
        self.check(request)
        if request.mask is not None:
            # At the size that is drawn it may have no white, for which no model need be loaded.
            mask_from(request.mask, request.size)
        adapters = self._adapters(request)
        picture = yield from self._worker.run(lambda tell: self._draw(request, adapters, tell))
        for place in (self._place, *(Place(lora.recorded, path) for lora, path in adapters)):
            self._shelf.remember(place)
        yield picture

    def release(self) -> None:
        """Let go of the model, whose memory another one needs; the next picture loads it again."""
        if self._loaded is not None:
            self._worker.call(self._let_go)

    def close(self) -> None:
        """Let go of the model; the thread ends."""
        self._loaded = None
        self._worker.close()

    def _let_go(self) -> None:
        self._loaded = None

    def _draw(self, request: ImageRequest, adapters: "Adapters", tell: Tell) -> GeneratedImage:
        """In the worker's thread: load at the first time, and draw."""
        from imagine.stages.generate.openvino.drawing import draw, settings_for

        settings = settings_for(self._folder, request, leader_for(self._folder, request.scheduler))
        loaded = self._ready(settings.steps, adapters, tell)
        drawn, notes = draw(loaded, request, settings, tell)
        parameters: dict[str, str | int | float] = {
            "num_inference_steps": settings.steps,
            "guidance_scale": settings.guidance,
            "scheduler": settings.leader.name,
            "dtype": loaded.runtime.dtype,
            "device": loaded.runtime.device,
            "weights": self._weights,
        }
        if settings.strength is not None:
            parameters["strength"] = settings.strength
        if loaded.tiny:
            parameters["vae"] = "tiny"
        return GeneratedImage(
            model=self.model,
            drawn=drawn,
            parameters=tuple(parameters.items()),
            notes=(*settings.leader.notes, *loaded.notes, *notes, *self._tiny_note(loaded)),
        )

    def _adapters(self, request: ImageRequest) -> "Adapters":
        return tuple((lora, self._shelf.lora(lora.name).path) for lora in request.loras)

    def _tiny_note(self, loaded: "Loaded") -> tuple[str, ...]:
        if loaded.tiny or not self._options.tiny_vae:
            return ()
        return (
            f"The model {self.model} was converted without a tiny VAE, so its own was used; "
            "convert it again with --tiny-vae.",
        )

    def _ready(self, steps: int, adapters: "Adapters", tell: Tell) -> "Loaded":
        if self._loaded is None or self._loaded.adapters != adapters:
            from imagine.stages.generate.openvino.loading import load

            tell(Progress(0, steps, f"loading {shown(self.model)}"))
            if self._unread:
                self._tell(self._unread)
                self._unread = ""
            # Two of them would take the memory of two.
            self._loaded = None
            self._weights = self._folder.weights()
            self._loaded = load(
                self._folder,
                runtime(self._options),
                tiny=self._options.uses_tiny_vae,
                adapters=adapters,
            )
        return self._loaded


def capabilities_of(folder: ConvertedFolder) -> Capabilities:
    """What a model honours, by its files."""
    return replace(
        family_capabilities(folder.family),
        strength=folder.draws_over,
        max_images=1 if folder.draws_over else 0,
        mask=folder.draws_over,
        max_loras=MAX_LORAS if folder.layout.chunked else 0,
        hires_fix=folder.draws_over,
        prompt_tokens=LONG_PROMPT,
    )
