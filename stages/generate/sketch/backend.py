"""The `sketch` backend: an ImageRequest in, a picture composed of bundled cut-outs out.

It draws the structured description, not the prose: subjects, counts, colours, relations,
setting, light, style and lettering. It is a layout draft of what a model would be asked to draw,
useful to check a composition before paying for it, and no diffusion model: it cannot draw what
it has no art for, and says so.
"""

from collections.abc import Iterator

from imagine.stages.generate import Capabilities
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.sizes import FreeSizes


class SketchBackend:
    """Composes an illustration here, without a model and without a network.

    The same request gives the same pixels; another seed another arrangement of the same content.
    """

    name = "sketch"
    model = ""
    capabilities = Capabilities(
        profile="natural",
        negative_prompt=False,
        seed=True,
        sizes=FreeSizes(min_side=16, max_side=8192, max_pixels=36_000_000, native=None),
        trained=False,
        concurrency=0,
    )

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """Yields a Progress after each of five steps, then the picture."""
        # Thirty files of scenery are read only when something is drawn.
        from imagine.stages.generate.sketch.painting import paint

        yield from paint(request)
