"""What goes into a backend and what comes out: ImageRequest, Progress, GeneratedImage."""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import UsageError, shown
from imagine.stages.spec import PromptSpec

if TYPE_CHECKING:
    from PIL.Image import Image

DEFAULT_AREA = 1024 * 1024
# Diffusion models draw in latent cells; every current family accepts multiples of 64 pixels.
SIZE_STEP = 64


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """Everything a backend needs to draw one picture.

    Attributes:
        prompt: the rendered prompt; contains the user's own words verbatim.
        negative_prompt: what to avoid, or None for a backend without that channel.
        spec: the structured description that `prompt` was rendered from.
        width, height: pixels.
        seed: 0 to 2**32 - 1.
    """

    prompt: str
    negative_prompt: str | None
    spec: PromptSpec
    width: int
    height: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "spec": self.spec.to_dict()}

    def to_json(self) -> str:
        """The request as one canonical line: equal requests give equal bytes."""
        return json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a backend's work: `step` of `total` is done, `label` says what it was."""

    step: int
    total: int
    label: str


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """A picture as a backend made it.

    Attributes:
        pixels: RGB, of the size that was asked for.
        model: the model that served the request, as the backend names it.
        notes: what the user should know about this picture, a sentence each.
    """

    pixels: "Image"
    model: str
    notes: tuple[str, ...] = ()


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
