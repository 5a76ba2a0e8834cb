"""Who paints a batch whose rows name their models themselves: a stand-in that draws nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from imagine.stages.errors import LocalBackendError
from imagine.stages.generate import Capabilities
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.sizes import FreeSizes

# Each row's own model says what it takes; options for all of them are only looked at here.
_ANYTHING = Capabilities(
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
    """A local backend without a model.

    Attributes:
        name: of the backend.
        problem: what a row hears that names no model either.
    """

    name: str
    problem: LocalBackendError
    model: str = ""
    capabilities: Capabilities = _ANYTHING

    def check(self, request: ImageRequest) -> None:
        """Refuse every request.

        Raises:
            LocalBackendError: always.
        """
        raise LocalBackendError(str(self.problem))

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """As `check`."""
        raise LocalBackendError(str(self.problem))
