"""The backend `diffusers`: a request goes in, a picture that a model here drew comes out.

Making one reads descriptions and headers only; the model is loaded for the first picture, and
drawn with in a thread of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from imagine.stages.errors import LocalBackendError, MissingPackageError, shown
from imagine.stages.generate import Capabilities
from imagine.stages.generate.diffusers.device import (
    DTYPES,
    bytes_a_pixel,
    free_memory,
    placement,
)
from imagine.stages.generate.diffusers.folder import source_in
from imagine.stages.generate.diffusers.loaded import Loaded
from imagine.stages.generate.diffusers.loading import package_of_model
from imagine.stages.generate.diffusers.loras import check_lora
from imagine.stages.generate.diffusers.references import check_pictures
from imagine.stages.generate.diffusers.schedule import check_scheduler
from imagine.stages.generate.diffusers.single_file import source_of_file
from imagine.stages.generate.diffusers.source import Source
from imagine.stages.generate.diffusers.tiny_vae import tiny_vae_for
from imagine.stages.generate.diffusers.ways import (
    draws_several,
    most_pictures,
    reads_strength,
    strength_for,
    ways_of,
)
from imagine.stages.generate.local.capabilities import family_capabilities
from imagine.stages.generate.local.guidance import check_guidance
from imagine.stages.generate.local.options import LocalOptions
from imagine.stages.generate.local.shelf import Place, Shelf
from imagine.stages.generate.local.steps import steps_for
from imagine.stages.generate.local.worker import Tell, Worker
from imagine.stages.generate.starting_pictures import mask_from
from imagine.stages.image import GeneratedImage, ImageRequest, Lora, Progress

MODULES = ("torch", "diffusers", "transformers", "safetensors", "accelerate")
MAX_LORAS = 8
# Of a CLIP model's prompt, which is read in chunks of 75.
LONG_PROMPT = 225
MOST_ON_CARD = 16


class DiffusersBackend:
    """Draws with a pipeline of diffusers.

    Args:
        model: its name in `imagine models`, the path of its folder or .safetensors file, or its id
            on the hub.
        shelf: knows where it lies.
        options: how it is run.
        tell: takes a sentence that the user should read.

    Raises:
        LocalBackendError: no model is named, or it cannot be used.
    """

    name = "diffusers"

    def __init__(
        self, *, model: str, shelf: Shelf, options: LocalOptions, tell: Callable[[str], None]
    ) -> None:
        if not model:
            raise LocalBackendError(
                "The backend 'diffusers' needs a model: name its folder or .safetensors file with "
                "--model, or run `imagine models add PATH`, or set IMAGINE_DIFFUSERS_MODEL."
            )
        self._shelf, self._options, self._tell = shelf, options, tell
        self._place = shelf.model(model)
        self._source = source_at(self._place)
        self._tiny_vae = tiny_vae_for(options, shelf)
        self._worker = Worker("diffusers")
        self._loaded: Loaded | None = None
        self._torch: Any = None
        self._weights = ""
        self._at_once = 0
        self._remembered: set[Place] = set()
        self.model = self._place.name
        self.capabilities = capabilities_of(self._source)

    @cached_property
    def identity(self) -> str:
        """What decides its pictures beside its name: weights, small decoder, and dtype as set."""
        small = "-" if self._tiny_vae is None else self._tiny_vae.recorded()
        return " ".join([self._source.fingerprint(), small, self._options.dtype])

    @property
    def together(self) -> int:
        """How many pictures are drawn in one go; asks the card for its memory where it has one.

        One on a processor: several gain little there, and torch chooses its routines by how much
        it is given, so that a picture would differ by a hair from the same drawn alone.
        """
        if "safety_checker" in self._source.parts:
            return 1  # What it takes offence at is refused, and its neighbours would be with it.
        if not draws_several(self._source.described.pipeline):
            return 1
        if self._options.batch_size:
            return self._options.batch_size
        if self._missing() or self._options.device.lower() == "cpu":
            return 1
        if not self._at_once:
            self._at_once = self._worker.call(self._together_on_card)
        return self._at_once

    def check(self, request: ImageRequest) -> None:
        """Refuse what cannot be drawn, before anything is loaded.

        Raises:
            LocalBackendError: the extra is missing, or a LoRA is not there, or is none.
            UsageError: the model does not read what is asked of it.
        """
        check_guidance(self.model, self._source.family, request)
        if request.scheduler is not None:
            described = self._source.described
            strength = strength_for(described.pipeline, request)
            check_scheduler(
                request.scheduler,
                described.scheduler,
                described.pipeline,
                started=strength is not None or request.hires_fix is not None,
            )
        check_pictures(self.model, self._source, request)
        for lora, path in self._loras(request):
            check_lora(lora, path)
        self._check_packages(request)

    def own_values(self, request: ImageRequest) -> dict[str, int | float | str]:
        """What the model takes where the request says nothing, as far as its files tell."""
        family, values = self._source.family, dict[str, int | float | str]()
        if family.num_inference_steps:
            strength = strength_for(self._source.described.pipeline, request)
            free = replace(request, num_inference_steps=None)
            values["num_inference_steps"] = steps_for(free, family.num_inference_steps, strength)
            if strength is not None:
                values["strength"] = strength
            if self.capabilities.guidance_scale:
                values["guidance_scale"] = family.guidance_scale
        described = self._source.described
        if request.scheduler is not None:
            named = check_scheduler(request.scheduler, described.scheduler, described.pipeline)
            return values | {"scheduler": named.name}
        # A single file's is made of what its weights say.
        leader = described.scheduler.get("_class_name")
        known = leader and self._place.path.is_dir()
        return values | ({"scheduler": str(leader)} if known else {})

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """Yields each step, and the picture.

        Raises:
            LocalBackendError: packages are missing, the model cannot be loaded, or memory is short.
            RefusedError: the model's safety checker took offence.
            UsageError: the model does not read what is asked of it.
        """
        yield from self.generate_together([request])

    def generate_together(
        self, requests: Sequence[ImageRequest]
    ) -> Iterator[Progress | GeneratedImage]:
        """Yields each step of all, and the pictures in the order of the requests; as `generate`."""
        request = requests[0]
        self.check(request)
        if request.mask is not None:
            # At the size that is drawn it may have no white, for which no model need be loaded.
            mask_from(request.mask, request.size)
        loras = self._loras(request)
        pictures = yield from self._worker.run(lambda tell: self._draw(requests, loras, tell))
        self._remember(loras)
        yield from pictures

    def release(self) -> None:
        """Let go of the model, whose memory another one needs; the next picture loads it again."""
        if self._loaded is not None:
            self._worker.call(self._let_go)

    def close(self) -> None:
        """Let go of the model; the thread ends."""
        self._loaded = None
        self._worker.close()

    def _let_go(self) -> None:
        from imagine.stages.generate.diffusers.memory import free

        self._loaded = None
        free(self._torch)

    def _remember(self, loras: list[tuple[Lora, Path]]) -> None:
        """Where the model, its small decoder and the LoRAs lie, by the names in recipes."""
        places = [self._place, *(Place(lora.recorded, path) for lora, path in loras)]
        places += [] if self._tiny_vae is None else [self._tiny_vae.place]
        for place in places:
            if place not in self._remembered:
                self._shelf.remember(place)
                self._remembered.add(place)

    def _draw(
        self, requests: Sequence[ImageRequest], loras: list[tuple[Lora, Path]], tell: Tell
    ) -> list[GeneratedImage]:
        """In the worker's thread: load at the first time, and draw."""
        from imagine.stages.generate.diffusers.memory import draw_within_memory

        loaded = self._ready(requests[0], tell)
        return draw_within_memory(
            loaded,
            requests,
            loras=loras,
            weights=self._weights,
            torch=self._torch,
            tell=tell,
            say=self._tell,
        )

    def _ready(self, request: ImageRequest, tell: Tell) -> Loaded:
        if self._loaded is None:
            from imagine.stages.generate.diffusers.loading import load, torch_for_drawing

            steps = request.num_inference_steps or self._source.family.num_inference_steps or 1
            tell(Progress(0, steps, f"loading {shown(self.model)}"))
            self._torch = torch_for_drawing()
            self._weights = self._source.fingerprint()
            self._loaded = load(
                self._source,
                placement(self._source, self._options, self._torch),
                self._options,
                self._torch,
                tiny_vae=self._tiny_vae,
                tell=self._tell,
            )
            for note in self._loaded.notes:
                self._tell(note)
            if self._loaded.device == "cpu" and self._options.batch_size > 1:
                self._tell(
                    "Pictures that are drawn together on the processor (IMAGINE_BATCH_SIZE) may "
                    "differ by a little from the same drawn alone."
                )
        return self._loaded

    def _together_on_card(self) -> int:
        """By what a picture of the model's own size takes beside its weights."""
        from imagine.stages.generate.diffusers.loading import torch_for_drawing

        self._torch = torch_for_drawing()
        place = placement(self._source, self._options, self._torch)
        if place.kind == "cpu" or place.offload != "none":
            return 1
        width = DTYPES[place.dtype]
        free = free_memory(place.device, self._torch).card
        weights = sum(self._source.bytes_of(part, width) for part in self._source.parts)
        if free is None:  # Of a Mac, whose memory is shared with everything else.
            return 1
        left = free if self._loaded is not None else free - weights
        each = self._source.family.side**2 * bytes_a_pixel(self._source, place.dtype)
        return int(max(1, min(MOST_ON_CARD, left // each)))

    def _loras(self, request: ImageRequest) -> list[tuple[Lora, Path]]:
        return [(lora, self._shelf.lora(lora.name).path) for lora in request.loras]

    def _missing(self) -> list[str]:
        return [name for name in MODULES if not _is_installed(name)]

    def _check_packages(self, request: ImageRequest) -> None:
        missing = self._missing()
        if not missing and request.loras and not _is_installed("peft"):
            missing = ["peft"]
        if missing:
            raise MissingPackageError(
                f"The backend 'diffusers' needs the Python package '{missing[0]}', which is not "
                "installed; pip install 'imagine-cli[diffusers]'."
            )
        for name in self._source.packages:
            if not _is_installed(name):
                raise package_of_model(name, self.model)


def source_at(place: Place) -> Source:
    """The model at a place, folder or file.

    Raises:
        LocalBackendError: it cannot be used.
    """
    return source_of_file(place) if place.path.is_file() else source_in(place)


def capabilities_of(source: Source) -> Capabilities:
    """What a model honours, by its files."""
    family = source.family
    _, takes_mask = ways_of(source.described.pipeline)
    over_pictures = reads_strength(source.described.pipeline, masked=False)
    return replace(
        family_capabilities(family),
        strength=over_pictures or takes_mask,
        max_images=most_pictures(source.described.pipeline),
        mask=takes_mask,
        max_loras=MAX_LORAS if family.loras else 0,
        hires_fix=over_pictures,
        prompt_tokens=LONG_PROMPT,
    )


def _is_installed(name: str) -> bool:
    import sys

    # Of a module that was imported, or forbidden, find_spec asks the module itself.
    if name in sys.modules:
        return sys.modules[name] is not None
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        # Nor is the package that it would be in.
        return False
