"""The `stability` backend: an ImageRequest in, a picture by Stable Image or SD 3.5 out.

POST {base}/v2beta/stable-image/generate/{ultra|core|sd3}, a form in, JSON with base64 out.
"""

from collections.abc import Iterator
from http import HTTPStatus
from json import dumps
from typing import Any

from imagine.stages.errors import ConfigError, ImagineError, shown, unknown_name
from imagine.stages.generate.family import Family
from imagine.stages.generate.fitting import fitted
from imagine.stages.generate.hosted import HostedBackend, Parameters
from imagine.stages.generate.parameters import PARAMETERS, without
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.network.json_values import table, text
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import Problem, Reply
from imagine.stages.sizes import ListedSizes, listed

_SHAPES = ("1:1", "16:9", "9:16", "3:2", "2:3", "5:4", "4:5", "21:9", "9:21")
# Ultra and SD 3.5 draw one megapixel; that these are SDXL's sizes is known from SD3's model card,
# and not from the interface's documentation, which names ratios alone.
_SIZES = listed(*_SHAPES)
# Core is documented with 1.5 megapixels and no sizes: these are the ones above, enlarged; what
# comes may differ, and is accepted within the bounds that hold for every hosted picture.
_CORE_SIZES = ListedSizes(
    (
        (1248, 1248, "1:1"),
        (1664, 936, "16:9"),
        (936, 1664, "9:16"),
        (1536, 1024, "3:2"),
        (1024, 1536, "2:3"),
        (1400, 1120, "5:4"),
        (1120, 1400, "4:5"),
        (1904, 816, "21:9"),
        (816, 1904, "9:21"),
    )
)
# 0 asks for a random seed, and 2**32 - 1 is refused.
_SEEDS = (1, 2**32 - 2)
_SD3 = Family(
    PARAMETERS["stability/sd3"],
    _SIZES,
    limits={"guidance_scale": (1, 10), "strength": (0, 1), "seed": _SEEDS},
    max_images=1,
)
# Large Turbo is distilled: it draws in four steps and without the second pass of a negative prompt.
_TURBO = Family(without(_SD3.row, "negative_prompt"), _SIZES, limits=_SD3.limits, max_images=1)
MODELS = {
    "ultra": Family(PARAMETERS["stability/ultra"], _SIZES, limits={"seed": _SEEDS}, max_images=1),
    "core": Family(PARAMETERS["stability/core"], _CORE_SIZES, limits={"seed": _SEEDS}),
    "sd3.5-large": _SD3,
    "sd3.5-large-turbo": _TURBO,
    "sd3.5-medium": _SD3,
}
# It is required beside a picture; the interface has no default of its own.
DEFAULT_STRENGTH = 0.5
# A blurred picture comes along with this.
_FILTERED = "CONTENT_FILTERED"


class StabilityBackend(HostedBackend):
    """Draws with Stable Image Ultra, Stable Image Core or Stable Diffusion 3.5."""

    name = "stability"
    _family: Family

    def __init__(self, *, connection: Connection, model: str) -> None:
        """Nothing is sent yet.

        Raises:
            UsageError: there is no such model.
        """
        super().__init__(connection=connection, model=model)
        if model not in MODELS:
            raise unknown_name("Stability model", model, list(MODELS))
        self._family = MODELS[model]
        self.capabilities = self._family.capabilities

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """Yields "sent", "received", then the picture.

        Raises:
            UsageError: an option is out of the model's range.
            RefusedError: the prompt or the picture was refused.
            UnusableAnswerError: what came is no whole picture of about the size asked for.
            ConfigError: key or address are not accepted.
            ProviderError: the service failed or could not be reached.
        """
        self.check(request)
        request, notes = self._family.with_seed(request, title=self.title)
        form, chosen = self._form(request)
        files = self._files(request)
        endpoint = "sd3" if self.model.startswith("sd3") else self.model
        yield self.sent()
        reply = self.session.post(
            f"/v2beta/stable-image/generate/{endpoint}",
            fields={name: _as_text(value) for name, value in form.items()},
            files=files,
            headers={"accept": "application/json"},
            paid=True,
        )
        answer = table(reply.json())
        reason = text(answer.get("finish_reason"))
        if reason == _FILTERED or (reason not in ("", "SUCCESS") and not answer.get("image")):
            raise self.refused(f"withheld the picture ({self.quoted(reason)})")
        yield from self.finished(
            request,
            self.picture_in(answer.get("image")),
            notes=notes,
            parameters=chosen,
            finish_reason=reason or None,
        )

    def translate(self, reply: Reply, problem: Problem) -> ImagineError | None:
        if reply.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return super().translate(reply, problem)
        said = f" ({self.quoted(problem.message)})" if problem.message else ""
        return ConfigError(
            f"{self.title} does not serve {shown(self.model)}{said}; choose another model "
            "(--model), or check stability_base_url."
        )

    def _form(self, request: ImageRequest) -> tuple[dict[str, Any], Parameters]:
        """What is sent beside files, and what of it the request does not say."""
        form = self._family.values(request)
        form["output_format"] = "png"
        if self.model.startswith("sd3"):
            form["model"] = self.model
            form["mode"] = "image-to-image" if request.images else "text-to-image"
        if request.images:
            form.setdefault("strength", DEFAULT_STRENGTH)
        # From a picture SD 3.5 draws in the shape of that picture, and refuses to be told another.
        if not (request.images and self.model.startswith("sd3")):
            sizes = self._family.sizes
            assert isinstance(sizes, ListedSizes)  # noqa: S101  # all of MODELS are
            form["aspect_ratio"] = sizes.shape_of(self._who, *request.size)
        known = {"prompt", "negative_prompt", "cfg_scale"}
        return form, tuple((name, value) for name, value in form.items() if name not in known)

    def _files(self, request: ImageRequest) -> list[tuple[str, tuple[str, bytes, str]]]:
        """The reference picture; without one an empty part, since only a multipart form is read."""
        if not request.images:
            return [("none", ("none", b"", "application/octet-stream"))]
        image = fitted(request, who=self._who)
        return [("image", (f"image.{image.format}", image.data, image.media_type))]


def _as_text(value: object) -> str:
    """A value as a form carries it."""
    return value if isinstance(value, str) else dumps(value)
