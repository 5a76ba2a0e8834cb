"""A family of models: what they read, within which limits; a request in, values by place out.

Providers that host many models name them in families: all of FLUX.1 [dev] read the same inputs,
wherever it runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from imagine.stages.errors import UsageError, shown
from imagine.stages.generate import Capabilities
from imagine.stages.generate.fitting import check_shape
from imagine.stages.generate.parameters import Option, Row, capabilities_of, placed
from imagine.stages.image import ImageRequest
from imagine.stages.render import Profile
from imagine.stages.sizes import Sizes

OPTIONS: tuple[tuple[Option, str], ...] = (
    ("num_inference_steps", "--steps"),
    ("guidance_scale", "--guidance"),
    ("strength", "--strength"),
)


@dataclass(frozen=True, slots=True)
class Family:
    """What the models of one kind read.

    Attributes:
        row: our options and their places in the request (see imagine.stages.generate.parameters).
        sizes: which they draw.
        limits: lowest and highest value of an option; an option that is missing has none.
        image_limits: those that are otherwise where a reference picture is given.
        fixed: what every request says beside the user's options, by place.
        profile: how the prompt is rendered for them.
        max_images: reference pictures they take.
    """

    row: Row
    sizes: Sizes
    limits: Mapping[Option, tuple[float, float]] = field(default_factory=dict)
    image_limits: Mapping[Option, tuple[float, float]] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    profile: Profile = "natural"
    max_images: int = 0

    @property
    def capabilities(self) -> Capabilities:
        return capabilities_of(
            self.row, sizes=self.sizes, max_images=self.max_images, profile=self.profile
        )

    def check(self, request: ImageRequest, *, who: str) -> None:
        """Refuse what the model would reject, clip or overrule, before anything is sent.

        Args:
            request: what is to be drawn.
            who: reads it, for the message: "replicate with black-forest-labs/flux-schnell".

        Raises:
            UsageError: naming the option and its range.
        """
        # Given a strength, a model starts from the picture, and draws in its shape.
        if request.images and "strength" in self.row:
            check_shape(request, who=who)
        limits = {**self.limits, **(self.image_limits if request.images else {})}
        for option, flag in OPTIONS:
            value = getattr(request, option)
            low, high = limits.get(option, (value, value))
            if value is not None and not low <= value <= high:
                raise UsageError(
                    f"{flag} {value:g} is out of range: {shown(who)} reads {low:g} to {high:g}"
                    f"{' beside a picture' if request.images else ''}; choose one of these."
                )

    def with_seed(self, request: ImageRequest, *, title: str) -> tuple[ImageRequest, list[str]]:
        """The request with a seed that the model reads, and a note where that is another one.

        Seeds out of its range are counted round within it, so that equal seeds stay equal.
        """
        low, high = map(int, self.limits.get("seed", (0, request.seed)))
        if low <= request.seed <= high or "seed" not in self.row:
            return request, []
        seed = low + request.seed % (high - low + 1)
        note = (
            f"{title} reads seeds from {low} to {high} for this model: {seed} was sent instead "
            f"of {request.seed}."
        )
        return replace(request, seed=seed), [note]

    def values(self, request: ImageRequest) -> dict[str, Any]:
        """Place to value of the prompt, the plain options and what is fixed."""
        return {self.row["prompt"]: request.prompt, **self.fixed, **placed(self.row, request)}
