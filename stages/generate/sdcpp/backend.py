"""The backend `sdcpp`: an ImageRequest in, a picture drawn by stable-diffusion.cpp out.

It reads .gguf and .safetensors files and needs no torch. The library draws in a process of its own
(see imagine.stages.generate.sdcpp.child), which is started for the first picture, keeps the model
for the next ones, and is ended where a picture is given up.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from imagine.stages.errors import LocalBackendError, UsageError, quoted_path, shown
from imagine.stages.generate.local.capabilities import family_capabilities
from imagine.stages.generate.local.options import LocalOptions, unread_note
from imagine.stages.generate.local.shelf import Place, Shelf
from imagine.stages.generate.local.sizes import at_size
from imagine.stages.generate.sdcpp.asking import Asking, unfit
from imagine.stages.generate.sdcpp.bindings import check_device, installed_library
from imagine.stages.generate.sdcpp.companions import TITLES, SdcppOptions, companions_of
from imagine.stages.generate.sdcpp.model_files import model_file, shapes_of, weights_of
from imagine.stages.generate.sdcpp.order import Files, Order
from imagine.stages.generate.sdcpp.process import Process
from imagine.stages.generate.starting_pictures import (
    check_mask,
    kept_outside,
    mask_from,
    picture_from,
)
from imagine.stages.image import GeneratedImage, ImageRequest, Lora, Progress
from imagine.stages.processors import processors

if TYPE_CHECKING:
    from PIL.Image import Image

NO_MODEL = (
    "The backend 'sdcpp' needs a model, a .gguf or .safetensors file; name one with --model FILE "
    "(see `imagine models`), give one a name with `imagine models add FILE`, or set "
    "IMAGINE_SDCPP_MODEL."
)
# Both encoders of Stable Diffusion read text in pieces of 75 tokens, as many as there are.
PROMPT_TOKENS = 75 * 8
MAX_LORAS = 16


class SdcppBackend:
    """Draws with a model file of this machine."""

    name = "sdcpp"

    def __init__(
        self,
        *,
        model: str,
        shelf: Shelf,
        options: LocalOptions,
        tell: Callable[[str], None],
        companions: SdcppOptions | None = None,
    ) -> None:
        """Find the model and its other parts; nothing is loaded.

        Args:
            model: its name in `imagine models`, its path, or an id on the hub.
            shelf: where models lie.
            options: how they are run.
            tell: says something on the way, a sentence.
            companions: files of the model's other parts; None looks beside it.

        Raises:
            LocalBackendError: it is not there, not whole, lacks a part, or draws nothing.
        """
        if not model:
            raise LocalBackendError(NO_MODEL)
        self._shelf, self._options, self._tell = shelf, options, tell
        self._place = shelf.model(model)
        self.model = self._place.name
        self._file = model_file(self._place.path)
        self.family = self._file.found.family(self._place.path.stem)
        self._asking = Asking(self.model, self.family, self._file.found)
        self._companions = companions_of(self._file, companions or SdcppOptions())
        self._tiny_vae = _tiny_vae(options.tiny_vae, shelf)
        if options.offload == "sequential":
            raise LocalBackendError(
                "The backend 'sdcpp' keeps whole parts of a model in main memory or none, and "
                "knows no offload 'sequential'; set offload to model (IMAGINE_OFFLOAD)."
            )
        self._weights = weights_of(self._paths())
        # What decides its pictures beside its name: weights, a small decoder's too, and dtype.
        self._dtype = options.dtype_on("")
        self.identity = f"{self._weights} {self._dtype}"
        self._one_at_a_time = Lock()
        self._process: Process | None = None
        self._version = ""
        self._told = False
        self.capabilities = replace(
            family_capabilities(self.family),
            sizes=replace(self.family.sizes, step=self._asking.step),
            strength=True,
            max_images=1,
            mask=True,
            max_loras=MAX_LORAS,
            hires_fix=not self._file.found.inpainting,
            prompt_tokens=PROMPT_TOKENS,
        )

    def check(self, request: ImageRequest) -> None:
        """Refuse what cannot be drawn, before anything is loaded.

        Raises:
            UsageError: an option has a value that this model or the library does not know.
            LocalBackendError: the library is not installed, or a LoRA is not on this machine.
        """
        self._asking.led_by(request)
        self._asking.guidance(request)
        self._asking.steps(request)
        self._loras(request)
        if self._file.found.inpainting and not (request.images and request.mask):
            raise UsageError(
                f"The model {shown(self.model)} mends pictures and draws none; give it one with "
                "--image, and --mask, whose white it draws anew."
            )
        if request.mask is not None:
            check_mask(request.mask)
        check_device(self._options.device, installed_library())

    def own_values(self, request: ImageRequest) -> dict[str, int | float | str]:
        """What the model takes where the request says nothing."""
        free = replace(request, num_inference_steps=None, guidance_scale=None, scheduler=None)
        values: dict[str, int | float | str] = {"num_inference_steps": self._asking.steps(free)}
        if self.capabilities.guidance_scale:
            values["guidance_scale"] = self._asking.guidance(free)
        own = self.family.scheduler or self._asking.led_by(free)[0]
        values["scheduler"] = request.scheduler or own
        strength = self._asking.strength(request)
        return values | ({} if strength is None else {"strength": strength})

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """Yields "loading" where the model is not, every step, "decoding", then the picture.

        Closed or interrupted on the way, the process that draws ends; the next picture starts
        another one.

        Raises:
            LocalBackendError: the library is missing, or it failed.
            UsageError: see `check`; or a picture that cannot be decoded.
        """
        self.check(request)
        if request.mask is not None:
            # At the size that is drawn it may have no white, for which no model need be loaded.
            mask_from(request.mask, request.size)
        with self._one_at_a_time:
            loras = [(str(path), lora.weight) for lora, path in self._loras(request)]
            orders = self._asking.orders(request, loras)
            process = yield from self._loaded(sum(order.steps for order in orders))
            drawn = yield from self._draw(process, request, orders)
        used = (Place(lora.recorded, path) for lora, path in self._loras(request))
        for place in (self._place, *used):
            self._shelf.remember(place)
        yield GeneratedImage(
            model=self.model,
            drawn=drawn,
            parameters=self._parameters(request),
            notes=(*self._asking.notes(request), *unfit(process.warnings)),
        )

    def release(self) -> None:
        """Let go of the model, whose memory another one needs; the next picture loads it again."""
        with self._one_at_a_time:
            self.close()

    def close(self) -> None:
        """End the process; the next picture starts another one."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def _loaded(self, steps: int) -> Generator[Progress, None, Process]:
        """The process with the model, started where there is none."""
        if self._process is not None and self._process.end.alive:
            return self._process
        yield Progress(0, steps, f"loading {self.family.name}")
        self._tell_choices()
        process = Process(self.model)
        try:
            self._version = process.load(self._files())
        except BaseException:
            process.end()
            raise
        self._process = process
        return process

    def _tell_choices(self) -> None:
        """Once, what was chosen for the user, and what was asked for in vain."""
        if self._told:
            return
        self._told = True
        for part in self._companions.found:
            title, path = TITLES[part], self._companions.paths[part]
            self._tell(f"{title[0].upper()}{title[1:]} is {path.name}, beside the model.")
        if unread := unread_note(self.name, self._options, "compile", "batch_size"):
            self._tell(unread)

    def _draw(
        self, process: Process, request: ImageRequest, orders: list[Order]
    ) -> "Generator[Progress, None, Image]":
        first = orders[0]
        size = first.width, first.height
        start = picture_from(request.images[0], size) if request.images else None
        mask = mask_from(request.mask, size) if request.mask is not None else None
        drawn = yield from _told(process.draw(first, start, mask), orders, 0)
        if start is not None and mask is not None:
            drawn = kept_outside(drawn, start, mask)
        for pass_, order in enumerate(orders[1:], start=1):
            larger = at_size(drawn, (order.width, order.height))
            drawn = yield from _told(process.draw(order, larger, None), orders, pass_)
        return at_size(drawn, request.result_size)

    def _loras(self, request: ImageRequest) -> list[tuple[Lora, Path]]:
        return [(lora, self._shelf.lora(lora.name).path) for lora in request.loras]

    def _files(self) -> Files:
        options = self._options
        return Files(
            library=installed_library(),
            model=str(self._file.path),
            alone=self._file.found.alone,
            threads=processors(),
            parts={part: str(path) for part, path in self._companions.paths.items()},
            tiny_vae=str(self._tiny_vae or ""),
            dtype="" if self._dtype == "auto" else self._dtype,
            offload=options.offload == "model",
        )

    def _paths(self) -> list[Path]:
        tiny = [self._tiny_vae] if self._tiny_vae is not None else []
        return [self._file.path, *self._companions.paths.values(), *tiny]

    def _parameters(
        self, request: ImageRequest
    ) -> tuple[tuple[str, str | int | float | bool], ...]:
        """What a replay needs beside the request."""
        chosen: list[tuple[str, str | int | float | bool]] = [
            ("num_inference_steps", self._asking.steps(request))
        ]
        if self.capabilities.guidance_scale:
            chosen.append(("guidance_scale", self._asking.guidance(request)))
        leader = request.scheduler or self.family.scheduler or self._asking.led_by(request)[0]
        chosen.append(("scheduler", leader))
        strength = self._asking.strength(request)
        if strength is not None:
            chosen.append(("strength", strength))
        chosen += [("dtype", self._dtype)] if self._dtype != "auto" else []
        chosen += [("vae", "tiny")] if self._tiny_vae is not None else []
        return (*chosen, ("library", self._version), ("weights", self._weights))


def _told(
    steps: "Generator[tuple[int, int], None, Image]", orders: list[Order], number: int
) -> "Generator[Progress, None, Image]":
    """Steps of one pass as those of all of them."""
    before = sum(order.steps for order in orders[:number])
    total = sum(order.steps for order in orders)
    try:
        while True:
            step, of = next(steps)
            # A pass that starts from a picture has fewer: it begins at a later one.
            done = before + orders[number].steps - of + step
            yield Progress(done, total, "step")
            if step == of:
                yield Progress(done, total, "decoding")
    except StopIteration as end:
        drawn: Image = end.value
        return drawn
    finally:
        steps.close()


def _tiny_vae(text: str, shelf: Shelf) -> Path | None:
    """The file of a small decoder, whole.

    Raises:
        LocalBackendError: there is none, or it is of another format.
    """
    if not text:
        return None
    try:
        path = shelf.model(text).path
    except LocalBackendError as error:
        raise LocalBackendError(f"IMAGINE_TINY_VAE: {error}") from error
    if path.is_dir():
        raise LocalBackendError(
            f"The tiny VAE {quoted_path(path)} is a folder, and the backend 'sdcpp' reads a single "
            "file; name one (IMAGINE_TINY_VAE)."
        )
    shapes_of(path)
    return path
