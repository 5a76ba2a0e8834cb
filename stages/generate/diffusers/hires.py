"""Two passes: pictures of the first go in, what the second is called with comes out.

The second starts from the first, enlarged, and draws over it at a low strength: details come at the
larger size, and the composition stays the small one's, which the model is better at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagine.stages.generate.diffusers.loaded import Loaded
from imagine.stages.generate.diffusers.ways import image_pipeline, size_inputs
from imagine.stages.generate.local.sizes import at_size, rounded_up
from imagine.stages.image import ImageRequest

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class SecondPass:
    """How the second pass is drawn; words, seeds, steps and guidance are the first one's.

    Attributes:
        pipeline: that draws it.
        inputs: what it takes beside words: `image`, `strength`, and the size where it takes one.
        strength: of the steps it takes this share (see steps_for).
        size: width and height in pixels of what it draws, which may be a little more than the
            requests' result_size: sides are multiples of the family's.
    """

    pipeline: Any
    inputs: dict[str, Any]
    strength: float
    size: tuple[int, int]


def second_pass(
    loaded: Loaded, images: "Sequence[Image]", requests: Sequence[ImageRequest]
) -> SecondPass:
    """The second pass of requests with one `hires_fix`.

    Args:
        loaded: the model.
        images: of the first pass, RGB, one for each request.
        requests: alike in all but words and seeds.

    Raises:
        UsageError: the model cannot start from a picture.
    """
    fix = requests[0].hires_fix
    assert fix is not None  # noqa: S101  # who asks for a second pass has one
    size = rounded_up(requests[0].result_size, loaded.family.multiple)
    pipeline = image_pipeline(loaded, "--refine")
    larger = [at_size(image.convert("RGB"), size) for image in images]
    inputs = {"image": larger, "strength": fix.strength, **size_inputs(pipeline, size)}
    return SecondPass(pipeline, inputs, fix.strength, size)
