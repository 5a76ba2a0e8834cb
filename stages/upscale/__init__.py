"""Upscalers: from a picture's pixels to more of them.

An upscaler is a class with a `name`, its `capabilities`, and `upscale`. Built-in ones stand in
UPSCALERS as import strings; other distributions add theirs in the entry-point group
`imagine.upscalers`. `imagine.stages.upscale.enlarge` is what callers use.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from imagine.stages.image import Progress
from imagine.stages.money.usage import NOTHING, Usage
from imagine.stages.registry import Registry

if TYPE_CHECKING:
    from imagine.stages.upscale.raster import Raster

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class UpscaleCapabilities:
    """What an upscaler honours; the rest is refused before anything is spent.

    Attributes:
        factors: what it enlarges by in one pass, smallest first; other sizes are made of several
            passes and of shrinking. Empty where any size is made at once.
        denoise: the least and the most that `denoise` may be, or None where it has none.
        trained: whether a model trained on data makes the pixels.
        invents: whether that model draws details which the picture does not hold, instead of
            restoring those that it hints at.
        paid: whether a picture costs money.
        concurrency: pictures that may be asked for at the same time; 1 for one that runs here
            and uses all processors by itself.
        max_input_pixels, max_output_pixels: width times height, or None for no limit of its own.
        prompt: whether it reads the words that the picture was drawn from.
        seed: whether it reads one.
    """

    factors: tuple[int, ...] = ()
    denoise: tuple[int, int] | None = None
    trained: bool = False
    invents: bool = False
    paid: bool = False
    concurrency: int = 1
    max_input_pixels: int | None = None
    max_output_pixels: int | None = None
    prompt: bool = False
    seed: bool = False


@dataclass(frozen=True, slots=True)
class UpscaleRequest:
    """What is wanted of an upscaler.

    Attributes:
        width, height: pixels of the result, exactly; not smaller than the picture, and of nearly
            its shape.
        denoise: how much noise to remove, in the upscaler's own numbers; None for its default.
        prompt, negative_prompt: what the picture shows, for those that read it.
        seed: 0 to 2**32 - 1, for those that read one.
    """

    width: int
    height: int
    denoise: int | None = None
    prompt: str | None = None
    negative_prompt: str | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Enlarged:
    """A picture that was enlarged.

    Attributes:
        raster: of the size that was asked for, with the channels and depth of what went in. An
            upscaler that runs here computes while the strips are read.
        model: what served the request, as the upscaler names it.
        parameters: what it used beside the request: "tile", "creativity", ...
        notes: what the user should know, a sentence each.
        usage: what a provider counted.
    """

    raster: "Raster"
    model: str
    parameters: tuple[tuple[str, str | int | float | bool], ...] = ()
    notes: tuple[str, ...] = ()
    usage: Usage = NOTHING


class Upscaler(Protocol):
    """Enlarges pictures.

    `upscale` takes RGB of 8 or 16 bits (never grey, never alpha: imagine.stages.upscale.enlarge
    sees to these), reads no environment and prints nothing; its errors are ImagineErrors.
    `on_progress` is told of each tile or step, for one that runs here while strips are read.
    `model` is "" where there is nothing to choose. One whose module has a provider
    (imagine.stages.network.providers) is made with `connection` and `model`; others that have
    models with `model`; the rest without arguments.
    """

    name: str
    model: str
    capabilities: UpscaleCapabilities

    def upscale(
        self, raster: "Raster", request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged: ...


@runtime_checkable
class CheckingUpscaler(Upscaler, Protocol):
    """An upscaler with rules of its own, beyond its capabilities.

    `check` refuses a picture of `size` that is to become `wanted`, in pixels, with a UsageError;
    it sends nothing.
    """

    def check(self, size: tuple[int, int], wanted: tuple[int, int]) -> None: ...


@runtime_checkable
class WeighedUpscaler(Upscaler, Protocol):
    """An upscaler whose weights are files of the user's, of which others may bear the same name.

    `weights` tells them apart: 16 hexadecimal digits, which stand in the parameters of what was
    enlarged too ("weights"). It raises a LocalBackendError where they cannot be read.
    """

    def weights(self) -> str: ...


UPSCALERS: Registry[Upscaler] = Registry(
    kind="upscaler",
    group="imagine.upscalers",
    built_in={
        "lanczos": "imagine.stages.upscale.plain:LanczosUpscaler",
        "nearest": "imagine.stages.upscale.plain:NearestUpscaler",
        "photo": "imagine.stages.upscale.embedded:PhotoUpscaler",
        "art": "imagine.stages.upscale.embedded:ArtUpscaler",
        "detail": "imagine.stages.upscale.detail:DetailUpscaler",
        "model": "imagine.stages.upscale.user_model:ModelUpscaler",
        "diffusers": "imagine.stages.upscale.diffusers:DiffusersUpscaler",
        "sdapi": "imagine.stages.upscale.sdapi:SdapiUpscaler",
        "localai": "imagine.stages.upscale.localai:LocalAIUpscaler",
        "stability": "imagine.stages.upscale.stability:StabilityUpscaler",
    },
    summaries={
        "lanczos": "smooth resampling; no model, always there",
        "nearest": "square pixels, for pixel art",
        "photo": "waifu2x upconv_7_photo, embedded: true to the picture",
        "art": "Real-ESRGAN animevideov3, embedded: crisp lines for drawings",
        "detail": "Real-ESRGAN x4plus, with weights of your own: invents texture, slow",
        "model": "an ESRGAN-family model of your own: .safetensors, .onnx, .param",
        "diffusers": "Stable Diffusion x4 and latent upscalers, from a local folder",
        "sdapi": "what an AUTOMATIC1111 or Forge server upscales with",
        "localai": "what a LocalAI server upscales with",
        "stability": "Stability AI: fast, conservative, creative",
    },
)
