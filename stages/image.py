"""What goes into a backend and what comes out: ImageRequest, Progress, GeneratedImage."""

import io
import json
import struct
import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

from imagine.stages.errors import UnusableAnswerError, UsageError, shown
from imagine.stages.money.usage import NOTHING, Usage
from imagine.stages.spec import PromptSpec

if TYPE_CHECKING:
    from PIL.Image import Image

ImageFormat = Literal["png", "jpg", "webp", "avif"]
MEDIA_TYPES: dict[ImageFormat, str] = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
}
# What Pillow's decoders raise for damaged files, each of its formats something else.
DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    OverflowError,
    RuntimeError,
    # Pillow asserts that a picture of a palette has one.
    AssertionError,
    struct.error,
    zlib.error,
)
DEFAULT_AREA = 1024 * 1024
# Diffusion models draw in latent cells; every current family accepts multiples of 64 pixels.
SIZE_STEP = 64


@dataclass(frozen=True, slots=True)
class ReferenceImage:
    """A picture that the user gave, ready to be sent (see imagine.stages.references.reading).

    Attributes:
        data: the bytes that are sent: upright, downscaled where the original was larger.
        format: of `data`.
        width, height: pixels of `data`.
        sha256: of the file that the user gave, in hexadecimal; what a Recipe records.
    """

    data: bytes
    format: ImageFormat
    width: int
    height: int
    sha256: str

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.format]

    @property
    def base64(self) -> str:
        return b64encode(self.data).decode("ascii")

    @property
    def data_url(self) -> str:
        """An address that holds the picture itself."""
        return f"data:{self.media_type};base64,{self.base64}"


@dataclass(frozen=True, slots=True)
class Lora:
    """A small file of weights that changes what a model draws (Hu et al. 2021, LoRA).

    Attributes:
        name: as the user named it: of `imagine models`, the path of a .safetensors file, or what a
            server calls it.
        weight: how strongly it counts; 1 as it was trained, negative the other way.
    """

    name: str
    weight: float = 1.0

    @property
    def recorded(self) -> str:
        """Its name without the folders of this machine, as a recipe keeps it."""
        return PurePath(self.name.replace("\\", "/")).name if _is_path(self.name) else self.name

    def told(self) -> str:
        """ "detail:0.8", as `--lora` takes it, without folders."""
        return f"{self.recorded}:{self.weight:g}"


def _is_path(name: str) -> bool:
    return (
        name.endswith(".safetensors") or name.startswith((".", "/", "~", "\\")) or name[1:2] == ":"
    )


# A1111's own default for its "hires fix" is 0.7, which draws much of the picture anew; 0.35 keeps
# what the first pass drew.
HIRES_STRENGTH = 0.35
# Latent cells of every family are 8 pixels, and some pair them.
HIRES_STEP = 16


@dataclass(frozen=True, slots=True)
class HiresFix:
    """Two passes: drawn at the request's size, enlarged, and drawn over at a low strength.

    Attributes:
        scale: times as wide and as high, 1.1 to 4.
        strength: how far the second pass leaves the first: 0 keeps it, 1 ignores it.
    """

    scale: float
    strength: float = HIRES_STRENGTH

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Pixels of the result for a first pass of that size."""
        wide, high = (
            max(1, round(side * self.scale / HIRES_STEP)) * HIRES_STEP for side in (width, height)
        )
        return wide, high


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """Everything a backend needs to draw one picture.

    Attributes:
        prompt: the rendered prompt; contains the user's own words verbatim.
        negative_prompt: what to avoid, or None for a backend without that channel.
        spec: the structured description that `prompt` was rendered from.
        width, height: pixels.
        seed: 0 to 2**32 - 1; drawn from where the backend reads one, else a name for the file.
        num_inference_steps: denoising steps, or None for the model's own.
        guidance_scale: how closely to follow the prompt, or None for the model's own.
        images: reference pictures, in the user's order.
        strength: how far to leave the first reference picture: 0 keeps it, 1 ignores it; None for
            the model's own.
        mask: what of the first reference picture is drawn anew: white is, black stays. None for
            all of it.
        loras: in the user's order.
        scheduler: who leads the denoising steps, by a name of imagine.stages.generate.local
            .schedulers or a server's own; None for the model's own.
        hires_fix: a second pass; `width` and `height` are those of the first.
    """

    prompt: str
    negative_prompt: str | None
    spec: PromptSpec
    width: int
    height: int
    seed: int
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    images: tuple[ReferenceImage, ...] = ()
    strength: float | None = None
    mask: ReferenceImage | None = None
    loras: tuple[Lora, ...] = ()
    scheduler: str | None = None
    hires_fix: HiresFix | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, of the first pass where there are two."""
        return self.width, self.height

    @property
    def result_size(self) -> tuple[int, int]:
        """Width and height in pixels of the picture that comes."""
        return self.size if self.hires_fix is None else self.hires_fix.size(*self.size)

    def to_dict(self) -> dict[str, Any]:
        """Plain values; reference pictures by hash, and options that were not given left out."""
        values = {
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            "spec": self.spec.to_dict(),
            "width": self.width,
            "height": self.height,
            "seed": self.seed,
        }
        options = {
            "num_inference_steps": self.num_inference_steps,
            "guidance_scale": self.guidance_scale,
            "images": [image.sha256 for image in self.images] or None,
            "strength": self.strength,
            "mask": self.mask.sha256 if self.mask is not None else None,
            "loras": [[lora.recorded, lora.weight] for lora in self.loras] or None,
            "scheduler": self.scheduler,
            "hires_scale": self.hires_fix.scale if self.hires_fix is not None else None,
            "hires_strength": self.hires_fix.strength if self.hires_fix is not None else None,
        }
        return values | {name: value for name, value in options.items() if value is not None}

    def to_json(self) -> str:
        """The request as one canonical line: equal requests give equal bytes."""
        return json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a backend's work: `step` of `total` is done, `label` says what it was.

    Attributes:
        preview: the picture as far as it has come, RGB and small; None where nobody can tell. To
            be called at once, by whoever shows it: it takes time, and later it may be gone.
    """

    step: int
    total: int
    label: str
    preview: "Callable[[], Image] | None" = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ReceivedImage:
    """A picture as a provider sent it, found whole by imagine.stages.formats.received.

    Attributes:
        data: the file, never changed.
        format: what the bytes are, whatever the provider called them.
        width, height: pixels.
        signed: it carries a C2PA manifest, which any change would make invalid.
    """

    data: bytes
    format: ImageFormat
    width: int
    height: int
    signed: bool


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """A picture as a backend made it: either drawn here or received.

    Attributes:
        model: the model that served the request, as the backend names it.
        drawn: RGB, of the size that was asked for.
        received: what a provider sent.
        notes: what the user should know about this picture, a sentence each.
        parameters: what the backend sent or chose beside the request: "quality", "size", ...
        finish_reason: the provider's own word for how it ended, where it says one.
        usage: what the provider counted.
    """

    model: str
    drawn: "Image | None" = None
    received: ReceivedImage | None = None
    notes: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str | int | float | bool], ...] = ()
    finish_reason: str | None = None
    usage: Usage = NOTHING

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, without decoding."""
        if self.received is not None:
            return self.received.width, self.received.height
        return self.pixels.size

    @property
    def pixels(self) -> "Image":
        """RGB (RGBA where a received picture is transparent); decoded anew each time.

        Raises:
            UnusableAnswerError: a received picture is damaged inside.
        """
        if self.drawn is not None:
            return self.drawn
        assert self.received is not None  # noqa: S101  # one of the two is there
        from PIL import Image

        try:
            with Image.open(io.BytesIO(self.received.data)) as picture:
                return picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        except DECODING_ERRORS as error:
            raise UnusableAnswerError(
                f"The picture that was received cannot be decoded: {shown(error)}; leave out "
                "--format and --quality to keep it as it came."
            ) from error


def parse_aspect_ratio(text: str) -> tuple[int, int]:
    """Width and height of a ratio like "16:9".

    Raises:
        UsageError: it is not W:H with whole numbers from 1 to 100, or steeper than 8:1.
    """
    left, colon, right = text.partition(":")
    numbers = left.isascii() and left.isdigit() and right.isascii() and right.isdigit()
    short = len(left) < 4 and len(right) < 4
    if not (colon and numbers and short and 1 <= int(left) <= 100 and 1 <= int(right) <= 100):
        raise UsageError(f"The aspect ratio '{shown(text)}' is not W:H, such as 16:9; write it so.")
    width, height = int(left), int(right)
    if max(width, height) > 8 * min(width, height):
        raise UsageError(f"The aspect ratio {text} is steeper than 8:1; choose a gentler one.")
    return width, height


def size_for(ratio: tuple[int, int], *, area: int = DEFAULT_AREA) -> tuple[int, int]:
    """Width and height in pixels, multiples of 64, near `area` and near the ratio.

    16:9 gives 1344x768, as SDXL was trained on (Podell et al. 2023, appendix I).
    """
    width = (area * ratio[0] / ratio[1]) ** 0.5
    height = area / width
    return _to_step(width), _to_step(height)


def _to_step(side: float) -> int:
    return max(SIZE_STEP, round(side / SIZE_STEP) * SIZE_STEP)


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of a size like "1024x768".

    Raises:
        UsageError: it is not WIDTHxHEIGHT in whole pixels from 1.
    """
    left, cross, right = text.lower().replace("×", "x").partition("x")
    numbers = left.isascii() and left.isdigit() and right.isascii() and right.isdigit()
    if not (cross and numbers and len(left) < 10 and len(right) < 10):
        raise UsageError(
            f"The size '{shown(text)}' is not WIDTHxHEIGHT, such as 1024x768; write it so."
        )
    return int(left), int(right)
