"""Backends: from an ImageRequest to a GeneratedImage.

A backend is a class with a `name`, its `capabilities`, and `generate`. Built-in ones stand in
BACKENDS as import strings; other distributions add theirs in the entry-point group
`imagine.backends`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from imagine.stages.errors import UsageError
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.registry import Registry
from imagine.stages.render import Profile


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend honours; the pipeline refuses the rest before anything is spent.

    Attributes:
        profile: how its prompt is rendered.
        negative_prompt: whether it reads one.
        seed: whether equal seeds give equal pictures.
        min_side, max_side: pixels.
        max_pixels: width times height.
        trained: whether a model trained on data draws; decides the file's digital source type.
    """

    profile: Profile
    negative_prompt: bool
    seed: bool
    min_side: int
    max_side: int
    max_pixels: int
    trained: bool


class Backend(Protocol):
    """Draws pictures.

    `generate` yields a Progress for every step and, last, the GeneratedImage. It reads no
    environment and prints nothing; errors are ImagineErrors.
    """

    name: str
    capabilities: Capabilities

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]: ...


BACKENDS: Registry[Backend] = Registry(
    kind="backend",
    group="imagine.backends",
    built_in={"sketch": "imagine.stages.generate.sketch.backend:SketchBackend"},
    summaries={"sketch": "a free layout draft, composed here of cut-outs; no diffusion model"},
)


def check_size(backend: Backend, width: int, height: int) -> None:
    """Refuse a size that the backend cannot draw.

    Raises:
        UsageError: a side or the area is out of the backend's range.
    """
    can = backend.capabilities
    sides = f"sides from {can.min_side} to {can.max_side} pixels"
    if not all(can.min_side <= side <= can.max_side for side in (width, height)):
        raise UsageError(
            f"The size {width}x{height} is out of range: {backend.name} draws {sides}."
        )
    if width * height > can.max_pixels:
        raise UsageError(
            f"The size {width}x{height} is {width * height / 1e6:.0f} megapixels; "
            f"{backend.name} draws at most {can.max_pixels / 1e6:.0f}."
        )
