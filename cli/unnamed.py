"""Who paints a batch whose rows name their models themselves: a stand-in that draws nothing."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass

from imagine.stages.errors import ImagineError
from imagine.stages.generate import Capabilities
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.sizes import FreeSizes

# Each row's own model says what it takes; options for all of them are only looked at here.
ANYTHING = Capabilities(
    profile="clip75",
    negative_prompt=True,
    seed=True,
    sizes=FreeSizes(min_side=1, max_side=2**14, max_pixels=2**28, step=1),
    trained=True,
    num_inference_steps=True,
    guidance_scale=True,
    strength=True,
    max_images=100,
    mask=True,
    max_loras=100,
    scheduler=True,
    hires_fix=True,
)


@dataclass(slots=True)
class UnnamedModel:
    """In the place of a backend that has no model, or does not read what all rows ask for.

    Attributes:
        name: of the backend.
        problem: what a row hears that names no model either.
    """

    name: str
    problem: ImagineError
    model: str = ""
    capabilities: Capabilities = ANYTHING

    def check(self, request: ImageRequest) -> None:
        """Refuse every request.

        Raises:
            ImagineError: always, the problem.
        """
        # Raised itself, by several threads, it would gather their traces.
        raise copy(self.problem)

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """As `check`."""
        raise copy(self.problem)
